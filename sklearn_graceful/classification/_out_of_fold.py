"""What the old model would have said, had it not been trained on the row."""

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.utils import _safe_indexing

from sklearn_graceful._labels import align_columns, check_same_label_kind
from sklearn_graceful.classification._old_outputs import aligned

_N_FOLDS = 5


def out_of_fold_outputs(reference, keyword, X, y, classes):
    """Answers by clones of the old model that never saw the row.

    Parameters
    ----------
    reference : ReferenceModel or None
        The old model.
    keyword : str
        ``"out-of-fold"``.
    X : array-like of shape (n, ...)
        Rows that the old model was trained on.
    y : ndarray of shape (n,)
        Labels.
    classes : ndarray of shape (n_classes,)
        The new model's classes.

    Returns
    -------
    outputs : OldOutputs

    Raises
    ------
    ValueError
        If it is another keyword, there is no old model, or a class has one row only.
    TypeError
        If the old model cannot be cloned and trained, or has no ``predict_proba``.
    """
    if keyword != "out-of-fold":
        raise ValueError(f'old_proba is an array or "out-of-fold", got {keyword!r}.')
    model = None if reference is None else reference.model
    if model is None:
        raise ValueError(
            'old_proba="out-of-fold" trains clones of the old model: pass '
            "old_model= as well."
        )
    if not all(hasattr(model, name) for name in ("fit", "get_params", "predict_proba")):
        raise TypeError(
            'old_proba="out-of-fold" trains clones of the old model, which takes a '
            "scikit-learn classifier with predict_proba, got "
            f"{type(model).__name__}. Pass the answers themselves."
        )
    reference.check_fitted()
    check_same_label_kind(old_model=reference.classes_, y=y)
    # It never saw the rows of a class that it does not know.
    source, seen = reference.classes_, np.isin(y, reference.classes_)
    known, counts = np.unique(y[seen], return_counts=True)
    if len(known) < 2 or counts.min() < 2:
        raise ValueError(
            'old_proba="out-of-fold" needs two classes that the old model knows, with '
            f"two rows each; y has {counts.tolist()} rows of {known.tolist()}."
        )
    proba = reference.predict_proba(X)
    folds = StratifiedKFold(min(_N_FOLDS, counts.min()))
    out_of_fold = cross_val_predict(
        clone(model),
        _safe_indexing(X, seen),
        y[seen],
        cv=folds,
        method="predict_proba",
    )
    proba[seen] = align_columns(out_of_fold, known, source)[0]
    right = source[proba.argmax(axis=1)] == y
    return aligned(proba, source, right, y, classes)
