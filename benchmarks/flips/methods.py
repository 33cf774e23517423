"""What is compared: the package's methods, ensembles, and keeping the old model."""

from benchmarks.flips.both_models import mixture, overruled_prediction
from sklearn_graceful.congruence import METHODS as TRAINED


def mean(new, old, X, old_weight):
    """The likeliest label by the weighted mean of log-probabilities."""
    proba = new.predict_proba(X), old.predict_proba(X)
    return mixture(*proba, old.classes_, old_weight).argmax(axis=1)


def cost_ratio(new, old, X, ratio, old_weight=0.0):
    """The old label, unless that mean finds another one likelier by a factor."""
    proba = new.predict_proba(X), old.predict_proba(X)
    scores = mixture(*proba, old.classes_, old_weight)
    return overruled_prediction(scores, old.predict(X), ratio)


# How old and new answer together, and the parameters that are not the new model's.
RULES = {"mean": mean, "cost-ratio": cost_ratio, "mean cost-ratio": cost_ratio}
RULE_PARAMETERS = ("old_weight", "ratio")
# The new model of a rule is the plain one, or that of the method before the plus.
METHODS = [
    *TRAINED,
    "longer",
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
        ``"none"``, ``"longer"``, ``"ensemble"``, ``"ensemble by match"`` or a key of
        ``congruence.METHODS``.
    rule : str or None
        None: the new model answers alone.
    """
    *new, last = method.split(" + ")
    if last in RULES:
        return (new or ["none"])[0], last
    return last, None
