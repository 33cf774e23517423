"""Train the new model of an update, against the old one where it can be."""

from functools import partial

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import check_random_state

from sklearn_graceful._containers import as_readable_rows
from sklearn_graceful._front_door import ReplacesModelMixin
from sklearn_graceful._kinds import is_skorch_net
from sklearn_graceful._wrappers import fit_before_last, last_step
from sklearn_graceful.classification._pc_classifier import PCClassifier
from sklearn_graceful.nn import fit_as_it_is, take_tables
from sklearn_graceful.training import learns_indices


def train_new_model(training):
    """Train a clone of the learner on all rows, or take a frozen one as it is.

    One that takes an old model of its own, and has none, is trained against that of
    `training`; not so inside a Pipeline, where it would show it transformed rows.
    """
    if isinstance(training.estimator, FrozenEstimator):
        return training.estimator
    estimator = clone(training.estimator)
    learner, names = last_step(estimator), ["sample_weight"]
    if is_skorch_net(learner):
        take_tables(learner)
    params = dict(training.fit_params)
    if isinstance(learner, ReplacesModelMixin):
        if learner.random_state is None:
            learner.random_state = _seed()
        if learner is estimator and learner.old_model is None:
            params["old_model"] = training.reference
            names += ["old_proba", "critical"]
    elif learns_indices(learner) and not _are_indices(training.labels):
        # Without an old model this is a plain fit that translates labels.
        learner = estimator = PCClassifier(
            estimator, method="none", random_state=_seed()
        )
    for name in names:
        if getattr(training, name) is not None:
            params[name] = getattr(training, name)
    X = as_readable_rows(training.X)
    learner, X, labels, _ = fit_before_last(estimator, X, training.labels)
    fit = partial(fit_as_it_is, learner) if is_skorch_net(learner) else learner.fit
    fit(X, labels, **params)
    return estimator


def _seed():
    """Of this fit's stream: without, it would come from the operating system."""
    return check_random_state(None).randint(2**31 - 1)


def _are_indices(labels):
    found = np.unique(labels)
    return np.array_equal(found, np.arange(len(found)))
