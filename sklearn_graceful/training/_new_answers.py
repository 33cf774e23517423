"""What a fitted learner answers, in one form whatever its library."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.frozen import FrozenEstimator
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples

from sklearn_graceful._containers import as_rows
from sklearn_graceful._labels import check_same_label_kind, class_index
from sklearn_graceful._wrappers import last_step
from sklearn_graceful.training._labels_of_learner import label_names

# Rows that a learner is asked about once it is fitted.
_FEW = 5


def predicted_labels(estimator, X, classes):
    """Labels by a fitted learner, as members of `classes`, in their type.

    Parameters
    ----------
    estimator : classifier
    X : array-like of n rows
    classes : ndarray of shape (n_classes,)
        Sorted.

    Returns
    -------
    labels : ndarray of shape (n,)

    Raises
    ------
    ValueError
        If it does not return one of the classes for each row.
    TypeError
        If it has no ``predict``.
    """
    if not hasattr(estimator, "predict"):
        raise TypeError(f"{type(estimator).__name__} has no predict.")
    labels, n_rows = np.asarray(estimator.predict(X)), _num_samples(X)
    if labels.shape not in ((n_rows,), (n_rows, 1)):
        raise ValueError(
            f"{type(estimator).__name__}.predict returned shape {labels.shape} for "
            f"{n_rows} rows, not one label each."
        )
    labels = labels.ravel()
    names = label_names(last_step(estimator), classes)
    check_same_label_kind(**{f"{type(estimator).__name__}.predict": labels, "y": names})
    index = class_index(labels, names)
    if (index < 0).any():
        raise ValueError(
            f"{type(estimator).__name__}.predict returned {labels[index < 0][0]!r}, "
            f"which is none of the classes {names[:10].tolist()} that it was fitted "
            "on."
        )
    return classes[index]


def checked_scores(estimator, scores, n_rows, n_classes, method="predict_proba"):
    """Scores by a fitted learner, refused unless finite, one column a class.

    Parameters
    ----------
    estimator : classifier
        To be named.
    scores : array-like
        What `method` returned.
    n_rows, n_classes : int
        What is expected.

    Returns
    -------
    scores : ndarray of shape (n, n_classes), in its own type

    Raises
    ------
    ValueError
        If the shape is another one, or there is NaN or infinity.
    """
    scores, name = np.asarray(scores), f"{type(estimator).__name__}.{method}"
    if scores.shape != (n_rows, n_classes):
        raise ValueError(
            f"{name} returned shape {scores.shape} for {n_rows} rows and {n_classes} "
            "classes, not one column each."
        )
    if scores.dtype.kind not in "biuf" or not np.isfinite(scores).all():
        raise ValueError(f"{name} returned NaN, infinity, or what is no number.")
    return scores


def check_answers(learner, X, classes):
    """Refuse a learner that does not answer as one of these classes, on a few rows.

    scikit-learn's own classifiers do, and are not asked: a table takes them longer than
    all other checks together.
    """
    if is_classifier(learner) and _is_of_scikit_learn(learner):
        return
    X = as_rows(X if hasattr(X, "shape") else np.asarray(X))
    rows = _safe_indexing(X, np.arange(min(_FEW, _num_samples(X))))
    predicted_labels(learner, rows, classes)
    if hasattr(learner, "predict_proba"):
        proba = learner.predict_proba(rows)
        checked_scores(learner, proba, _num_samples(rows), len(classes))


def _is_of_scikit_learn(learner):
    """Whether it is, and whatever is in it; of a frozen model nobody knows."""
    inside = [value for value in learner.get_params().values() if hasattr(value, "fit")]
    return not any(
        isinstance(part, FrozenEstimator)
        or not type(part).__module__.startswith("sklearn.")
        for part in (learner, *inside)
    )
