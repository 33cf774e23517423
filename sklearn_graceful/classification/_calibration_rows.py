"""Rows that a model is judged on, apart from those that it is trained on."""

from contextlib import contextmanager
from numbers import Integral, Real

import numpy as np
from scipy.special import softmax
from sklearn.model_selection import ShuffleSplit, check_cv
from sklearn.utils.validation import _num_samples

from sklearn_graceful._containers import as_readable_rows
from sklearn_graceful._labels import align_columns
from sklearn_graceful.reference import margin_columns
from sklearn_graceful.training import checked_scores

# Fewer rows of a class may be too few for folds inside a learner.
_FEW_ROWS = 10


def check_calibration(calibration):
    """Refuse what is no share of the rows, number of folds or CV splitter.

    Raises
    ------
    ValueError
        If it is a number, but no float in (0, 1) and no int from 2 on.
    """
    is_share = isinstance(calibration, Real) and 0 < calibration < 1
    is_folds = isinstance(calibration, Integral) and calibration >= 2
    if isinstance(calibration, Real) and not is_share and not is_folds:
        raise ValueError(
            "calibration must be a share of the rows in (0, 1), a number of folds "
            f"from 2 on, or a CV splitter, got {calibration!r}."
        )


def calibration_splits(calibration, X, y, **to_splitter):
    """Index arrays (training rows, calibration rows) of one split or of all folds.

    Parameters
    ----------
    calibration : float, int or CV splitter
        A share is drawn at random and not by class: rows drawn by class are no longer
        exchangeable with new ones.
    X : array-like of n rows
    y : ndarray of shape (n,)
    **to_splitter
        What else a splitter gets, such as ``groups``.

    Returns
    -------
    splits : list of (ndarray of int, ndarray of int)

    Raises
    ------
    ValueError
        If a row is in the calibration part of two splits, or none is there.
    """
    if isinstance(calibration, Real) and not isinstance(calibration, Integral):
        splitter = ShuffleSplit(1, test_size=float(calibration))
        return list(splitter.split(y))
    splitter = check_cv(calibration, y, classifier=True)
    splits = [
        tuple(_positions(part, len(y)) for part in split)
        for split in splitter.split(X, y, **to_splitter)
    ]
    held_out = np.concatenate([test for _, test in splits] or [[]])
    if not len(held_out) or not all(len(train) for train, _ in splits):
        raise ValueError(
            f"calibration={calibration!r} must leave rows to train on, and rows to "
            "calibrate on."
        )
    if len(np.unique(held_out)) < len(held_out):
        raise ValueError(
            "A row may be held out only once, but the splits of "
            f"calibration={calibration!r} share rows."
        )
    return splits


def check_two_classes(y, splits):
    """Refuse splits whose training rows are of one class only, where `y` has more.

    Parameters
    ----------
    y : ndarray of shape (n,)
    splits : list of (ndarray of int, ndarray of int)
        From :func:`calibration_splits`.
    """
    for fold, (train, _) in enumerate(splits, 1):
        left = np.unique(y[train])
        if len(left) < 2 <= len(np.unique(y)):
            raise ValueError(
                f"Calibration fold {fold} of {len(splits)} leaves rows of one class "
                f"only to train on, {left.tolist()}: give more rows of the others, or "
                "a calibration= that splits off fewer."
            )


@contextmanager
def naming_fold(fold, splits, y):
    """Add to an error, where rare classes may be its reason, what it was trained on."""
    try:
        yield
    except Exception as error:
        classes, index = np.unique(y, return_inverse=True)
        counts = np.bincount(index[splits[fold - 1][0]], minlength=len(classes))
        rarest = counts.argmin()
        if counts[rarest] < _FEW_ROWS:
            label = classes.tolist()[rarest]
            error.add_note(
                f"This was the new model of calibration fold {fold} of {len(splits)}, "
                f"which has {counts[rarest]} rows of class {label!r} to train on. If "
                "these are too few, leave the class out, give more rows of it, or pass "
                "a calibration= that leaves more."
            )
        raise


def class_probabilities(estimator, X, classes):
    """Probabilities by a fitted classifier, aligned with `classes`.

    Parameters
    ----------
    estimator : classifier
        With predict_proba, else the softmax of its decision_function is taken.
    X : array-like of n rows
    classes : ndarray of shape (K,)
        A class that the estimator does not know gets 0.

    Returns
    -------
    proba : ndarray of shape (n, K)
    """
    X = as_readable_rows(X)
    if hasattr(estimator, "predict_proba"):
        method, scores = "predict_proba", np.asarray(estimator.predict_proba(X))
    else:
        method, scores = "decision_function", _margins(estimator, X)
    known = classes_of(estimator)
    size = _num_samples(X), len(known)
    scores = checked_scores(estimator, scores, *size, method).astype(np.float64)
    proba = scores if method == "predict_proba" else softmax(scores, axis=1)
    return align_columns(proba, known, classes)[0]


def classes_of(estimator):
    """Labels that a fitted classifier's columns stand for."""
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        raise TypeError(
            f"{type(estimator).__name__} has no classes_ after fit, as classifiers of "
            "scikit-learn have, so its columns cannot be told apart."
        )
    return np.asarray(classes)


def _margins(estimator, X):
    margins = np.asarray(estimator.decision_function(X))
    return margin_columns(margins) if margins.ndim == 1 else margins


def _positions(part, n_rows):
    """Positions of rows, of a splitter or of the user's own making."""
    part = np.asarray(part)
    part = np.flatnonzero(part) if part.dtype == bool else part
    if part.ndim != 1 or (part.size and part.dtype.kind not in "iu"):
        raise ValueError("calibration must yield pairs of positions of rows.")
    if part.size and not -n_rows <= part.min() <= part.max() < n_rows:
        raise ValueError(
            f"calibration speaks of row {part[np.abs(part).argmax()]}, X has {n_rows}."
        )
    return part.astype(np.intp) % n_rows
