"""Train the new model of an update, against the old one where it can be."""

from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import _safe_indexing, check_random_state

from sklearn_graceful._pipelines import fit_through_pipeline, last_step
from sklearn_graceful._takes_old_model import TakesOldModelMixin


def train_new_model(estimator, X, y, extras, reference, rows=None):
    """Train a clone, or take a frozen estimator as it is.

    Parameters
    ----------
    estimator : classifier, Pipeline or FrozenEstimator
        One that takes an old model of its own, and has none, is trained against
        `reference`. Not so inside a Pipeline, where it would show it transformed rows.
    X : array-like of n rows
    y : ndarray of shape (n,)
    extras : dict
        Row-aligned arguments of fit by name; None where there are none.
    reference : ReferenceModel or None
        The old model.
    rows : ndarray of int, default=None
        Which rows to train on. None: all.

    Returns
    -------
    estimator : classifier, Pipeline or FrozenEstimator
        Fitted.
    """
    if isinstance(estimator, FrozenEstimator):
        return estimator
    estimator = clone(estimator)
    learner, names = last_step(estimator), ["sample_weight"]
    params = {}
    if isinstance(learner, TakesOldModelMixin):
        _seed(learner)
        if learner is estimator and learner.old_model is None:
            params["old_model"] = reference
            names += ["old_proba", "critical"]
    for name in names:
        if extras[name] is not None:
            params[name] = take(extras[name], rows)
    X, y = take(X, rows), take(y, rows)
    fit_through_pipeline(estimator, X, y, lambda last, X: last.fit(X, y, **params))
    return estimator


def take(values, rows):
    """Some of the rows; all if `rows` is None, and nothing of nothing."""
    if values is None or rows is None:
        return values
    return _safe_indexing(values, rows)


def _seed(learner):
    """Without a seed of its own it would draw one from the operating system."""
    if learner.random_state is None:
        learner.random_state = check_random_state(None).randint(2**31 - 1)
