"""What is compared: the package's methods, ensembles, and keeping the old model."""

from benchmarks.flips.both_models import mixed_prediction, overruled_prediction
from sklearn_graceful.congruence import METHODS as TRAINED

# How old and new answer together; the arguments are the new model, the old one, X and
# the rule's one parameter.
RULES = {
    "mean": lambda new, old, X, old_weight: mixed_prediction(
        new.predict_proba(X), old.predict_proba(X), old.classes_, old_weight
    ),
    "cost-ratio": lambda new, old, X, ratio: overruled_prediction(
        new.predict_proba(X), old.predict(X), ratio
    ),
}
RULE_PARAMETERS = {"mean": "old_weight", "cost-ratio": "ratio"}
# The new model of a rule is the plain one, or that of the method before the plus.
METHODS = [
    *TRAINED,
    "ensemble",
    "ensemble by match",
    "mean",
    "cost-ratio",
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
        ``"none"``, ``"ensemble"``, ``"ensemble by match"`` or a key of
        ``congruence.METHODS``.
    rule : str or None
        None: the new model answers alone.
    """
    *new, last = method.split(" + ")
    if last in RULES:
        return (new or ["none"])[0], last
    return last, None
