"""Soft labels for XGBoost's XGBClassifier, by an objective of our own.

For an objective that is a function it keeps the form in which it predicts: softmax or
logistic.
"""

import numpy as np

from sklearn_graceful._probabilities import REFERENCE_FLOOR
from sklearn_graceful.training._parameters import fitting_with
from sklearn_graceful.training._soft_losses._cross_entropy import (
    class_shares,
    derivatives,
)

TIED_TO_LOSS = ("xgb_model",)


def learns(learner, n_classes):
    """Whether the objective is the default; it changes its name for many classes."""
    several = ("multi:softprob",) if n_classes > 2 else ()
    return learner.objective in (None, "binary:logistic", *several)


def fit(learner, X, labels, classes, **fit_params):
    """Fit on soft labels; weights are passed too, since bins are made by them."""

    def objective(y_true, raw, sample_weight=None):
        return derivatives(raw, labels, 1.0 if raw.ndim == 1 else 2.0)

    params = {"objective": objective, **_start(learner, labels)}
    weight = None if (labels.weight == 1).all() else labels.weight
    with fitting_with(learner, **params):
        learner.fit(X, classes[labels.y], sample_weight=weight, **fit_params)
    return True


def _start(learner, labels):
    """Scores to start from, as the library itself would, unless the user has set it."""
    if learner.base_score is not None:
        return {}
    shares = class_shares(labels, REFERENCE_FLOOR)
    if len(shares) == 2:
        return {"base_score": float(shares[1])}
    if not _can_start_several():
        return {}
    scores = np.log(shares)
    return {"base_score": (scores - scores.mean()).tolist()}


def _can_start_several():
    """Whether there is a start for every class, which there is from 3.1 on."""
    import xgboost

    major, minor = xgboost.__version__.split(".")[:2]
    return (int(major), int(minor)) >= (3, 1)
