"""Where the old model's answers on the training rows come from."""

import numpy as np
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import _safe_indexing

from sklearn_graceful._containers import as_readable_rows
from sklearn_graceful._labels import align_columns, check_same_label_kind, class_index
from sklearn_graceful._wrappers import last_step
from sklearn_graceful.reference import fresh_clone, warn_of_unlike_columns
from sklearn_graceful.training._labels_of_learner import label_names
from sklearn_graceful.training._old_answers import (
    OldAnswers,
    answers_of_model,
    answers_of_proba,
    warn_of_memorised_rows,
    warn_of_wrong_input,
)
from sklearn_graceful.training._parameters import unfitted

_N_FOLDS = 5


def find_old_answers(reference, old_proba, X, y, classes):
    """Ask the strongest source: stored answers, else the old model; None of neither."""
    if isinstance(old_proba, str):
        return _out_of_fold(reference, old_proba, X, y, classes)
    if old_proba is not None:
        source = None if reference is None else reference.classes_
        answers = answers_of_proba(old_proba, y, classes, source)
        warn_of_wrong_input(answers, y)
        return answers
    if reference is None:
        return None
    return newest_right(
        [ask_with_warnings(version, X, y, classes) for version in reference.versions]
    )


def ask_with_warnings(reference, X, y, classes):
    """Ask the old model, and warn where its answers look as if it got wrong rows."""
    answers = answers_of_model(reference, X, y, classes)
    if not warn_of_unlike_columns(reference, X):
        warn_of_wrong_input(answers, y)
    warn_of_memorised_rows(reference.model, answers)
    return answers


def newest_right(by_version):
    """On each row the answer of the newest version that is right, else the newest's.

    `by_version` are the OldAnswers of a history, the oldest first. A row is right if
    any version has it right, a class known if any version knows it; where the row's
    version does not, it has probability 0.
    """
    newest_first = by_version[::-1]
    right = np.array([answers.right for answers in newest_first])
    # argmax takes the first of equals: the newest, also where none is right.
    version, rows = right.argmax(axis=0), np.arange(right.shape[1])
    return OldAnswers(
        np.array([answers.proba for answers in newest_first])[version, rows],
        right.any(axis=0),
        np.array([answers.informative for answers in newest_first])[version, rows],
        np.any([answers.known for answers in newest_first], axis=0),
    )


def _out_of_fold(reference, keyword, X, y, classes):
    """Ask clones of the old model that never saw the row."""
    fresh = _fresh_clone_of(reference, keyword)
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
    X, rows = as_readable_rows(X), np.flatnonzero(seen)
    folds = StratifiedKFold(min(_N_FOLDS, counts.min()))
    # Its own labels where it takes them: parameters may name them (class_weight).
    labels = label_names(last_step(fresh), known)[class_index(y, known)]
    for train, held_out in folds.split(rows, y[rows]):
        train, held_out = rows[train], rows[held_out]
        model = unfitted(fresh, len(known)).fit(_safe_indexing(X, train), labels[train])
        asked = model.predict_proba(_safe_indexing(X, held_out))
        proba[held_out] = align_columns(asked, known, source)[0]
    right = source[proba.argmax(axis=1)] == y
    return OldAnswers.aligned(proba, source, right, y, classes)


def _fresh_clone_of(reference, keyword):
    """An unfitted old model, or an error that says why there is none."""
    if keyword != "out-of-fold":
        raise ValueError(f'old_proba is an array or "out-of-fold", got {keyword!r}.')
    if reference is None:
        raise ValueError(
            'old_proba="out-of-fold" trains clones of the old model: pass '
            "old_model= as well."
        )
    model, needed = reference.model, ("fit", "get_params", "predict_proba")
    if not all(hasattr(model, name) for name in needed):
        raise TypeError(
            'old_proba="out-of-fold" trains clones of the old model, which takes a '
            "scikit-learn classifier with predict_proba, got "
            f"{type(model).__name__}. Pass the answers themselves."
        )
    reference.check_fitted()
    try:
        return fresh_clone(model)
    except TypeError as error:
        raise TypeError(
            f'old_proba="out-of-fold" trains clones of the old model. {error} It may '
            "know the rows by heart: pass the answers themselves, or an old model "
            "without it (standalone() of an estimator of this package)."
        ) from error
