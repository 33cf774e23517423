"""Which kinds of learners methods tell apart."""

from sklearn.base import is_classifier
from skorch import NeuralNet

from sklearn_graceful._wrappers import last_step

_BOOSTING = ("Boosting", "AdaBoost", "XGB", "LGBM", "CatBoost")


def learner_kind(estimator):
    """Tell the kinds of learners apart that methods treat in their own way.

    Parameters
    ----------
    estimator : estimator
        Classifier, skorch net, or Pipeline ending in one.

    Returns
    -------
    kind : {"net", "boosting", "other"}
        Boosting is known by class name.

    Raises
    ------
    TypeError
        If it is neither a classifier nor a skorch net.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_graceful.training import learner_kind
    >>> learner_kind(LogisticRegression())
    'other'
    """
    learner = last_step(estimator)
    if isinstance(learner, NeuralNet):
        return "net"
    if not (hasattr(learner, "__sklearn_tags__") and is_classifier(learner)):
        raise TypeError(
            "estimator must be a classifier, a skorch net or a Pipeline that ends in "
            f"one, got {type(learner).__name__}."
        )
    names = [kind.__name__ for kind in type(learner).__mro__]
    is_boosting = any(mark in name for mark in _BOOSTING for name in names)
    return "boosting" if is_boosting else "other"
