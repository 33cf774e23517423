"""Rows that a model is judged on, apart from those that it is trained on."""

from numbers import Integral, Real

import numpy as np
from scipy.special import softmax
from sklearn.model_selection import ShuffleSplit, check_cv

from sklearn_graceful._labels import align_columns
from sklearn_graceful.reference import margin_columns


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


def calibration_splits(calibration, X, y):
    """Index arrays (training rows, calibration rows) of one split or of all folds.

    Parameters
    ----------
    calibration : float, int or CV splitter
        A share is drawn at random and not by class: rows drawn by class are no longer
        exchangeable with new ones.
    X : array-like of n rows
    y : ndarray of shape (n,)

    Returns
    -------
    splits : list of (ndarray of int, ndarray of int)

    Raises
    ------
    ValueError
        If a row is in the calibration part of two splits.
    """
    if isinstance(calibration, Real) and not isinstance(calibration, Integral):
        splitter = ShuffleSplit(1, test_size=float(calibration))
        return list(splitter.split(y))
    splits = list(check_cv(calibration, y, classifier=True).split(X, y))
    held_out = np.concatenate([test for _, test in splits])
    if len(np.unique(held_out)) < len(held_out):
        raise ValueError(
            "A row may be held out only once, but the splits of "
            f"calibration={calibration!r} share rows."
        )
    return splits


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
    if hasattr(estimator, "predict_proba"):
        proba = np.asarray(estimator.predict_proba(X), dtype=np.float64)
    else:
        margins = np.asarray(estimator.decision_function(X), dtype=np.float64)
        margins = margin_columns(margins) if margins.ndim == 1 else margins
        proba = softmax(margins, axis=1)
    if not np.isfinite(proba).all():
        raise ValueError(
            f"The probabilities of the new model {type(estimator).__name__} contain "
            "NaN or infinity."
        )
    n_classes = len(estimator.classes_)
    if proba.shape[1] != n_classes:
        raise ValueError(
            f"The new model {type(estimator).__name__} yields {proba.shape[1]} columns "
            f"of probabilities, and has {n_classes} classes."
        )
    return align_columns(proba, np.asarray(estimator.classes_), classes)[0]
