"""Train the new model of an update, against the old one where it can be."""

from functools import partial

from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import check_random_state

from sklearn_graceful._front_door import ReplacesModelMixin
from sklearn_graceful._wrappers import fit_before_last, last_step
from sklearn_graceful.nn import fit_as_it_is


def train_new_model(training):
    """Train a clone of the learner on all rows, or take a frozen one as it is.

    One that takes an old model of its own, and has none, is trained against that of
    `training`; not so inside a Pipeline, where it would show it transformed rows.
    """
    if isinstance(training.estimator, FrozenEstimator):
        return training.estimator
    estimator = clone(training.estimator)
    learner, names = last_step(estimator), ["sample_weight"]
    params = {}
    if isinstance(learner, ReplacesModelMixin):
        if learner.random_state is None:
            # Without a seed of its own it would draw one from the operating system.
            learner.random_state = check_random_state(None).randint(2**31 - 1)
        if learner is estimator and learner.old_model is None:
            params["old_model"] = training.reference
            names += ["old_proba", "critical"]
    for name in names:
        if getattr(training, name) is not None:
            params[name] = getattr(training, name)
    learner, X, labels, _ = fit_before_last(estimator, training.X, training.labels)
    fit = partial(fit_as_it_is, learner) if training.is_net else learner.fit
    fit(X, labels, **params)
    return estimator
