"""What is compared: the package's methods, ensembles, and keeping the old model."""

from typing import NamedTuple

import numpy as np

from benchmarks.flips.both_models import mixture, overruled_prediction
from sklearn_graceful.congruence import METHODS as TRAINED


class OldOutputs(NamedTuple):
    """What the old model says on some rows."""

    proba: np.ndarray
    classes: np.ndarray
    labels: np.ndarray


def mean(proba, old, old_weight):
    """The likeliest label by the weighted mean of log-probabilities."""
    return mixture(proba, old.proba, old.classes, old_weight).argmax(axis=1)


def cost_ratio(proba, old, ratio, old_weight=0.0):
    """The old label, unless that mean finds another one likelier by a factor."""
    scores = mixture(proba, old.proba, old.classes, old_weight)
    return overruled_prediction(scores, old.labels, ratio)


# From the new model's probabilities and the old one's outputs to labels, and the
# parameters that are not the new model's.
RULES = {"mean": mean, "cost-ratio": cost_ratio, "mean cost-ratio": cost_ratio}
RULE_PARAMETERS = ("old_weight", "ratio")
# The new model of a rule is the plain one, or that of the method before the plus.
METHODS = [
    *TRAINED,
    "ensemble",
    "ensemble by match",
    "mean",
    "cost-ratio",
    "mean cost-ratio",
    "match + cost-ratio",
    "ensemble + mean",
    "ensemble + cost-ratio",
    "ensemble by match + cost-ratio",
]


def parts(method):
    """New model and rule of a method.

    Parameters
    ----------
    method : str
        One of ``METHODS``.

    Returns
    -------
    new : str
        ``"ensemble"``, ``"ensemble by match"`` or a key of ``congruence.METHODS``.
    rule : str or None
        None: the new model answers alone.
    """
    *new, last = method.split(" + ")
    if last in RULES:
        return (new or ["none"])[0], last
    return last, None
