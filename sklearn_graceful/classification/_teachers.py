"""Plain new models that a method learns from."""

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from sklearn_graceful._pipelines import last_step
from sklearn_graceful.classification._learners import check_learner
from sklearn_graceful.nn._packed_module import NotPackableError
from sklearn_graceful.nn._packed_net import pack, trains_alike_when_packed


def fit_teachers(make, estimator, X, y, *, seeds, sample_weight):
    """Train plain new models that differ in their seeds.

    Nets are trained together where that leaves each one's training as it is, as one
    classifier whose log-probabilities are the mean of theirs, up to a constant a row.

    Parameters
    ----------
    make : callable
        ``make(estimator, seed)`` returns an unfitted classifier.
    estimator : estimator
        What learns.
    X, y : array-like
        Training rows and labels.
    seeds : ndarray of int, shape (n_teachers,)
        One for each teacher.
    sample_weight : ndarray of shape (n,) or None
        Weights of the rows.

    Returns
    -------
    teachers : list of classifier
        All of them, or the one that stands for all.
    """
    packable = check_learner(estimator) and trains_alike_when_packed(
        last_step(estimator)
    )
    if len(seeds) > 1 and packable:
        packed = make(_packed(estimator, len(seeds)), seeds[0])
        try:
            return [packed.fit(X, y, sample_weight=sample_weight)]
        except NotPackableError:
            pass  # what its module does shows only now
    teachers = [make(estimator, seed) for seed in seeds]
    return [t.fit(X, y, sample_weight=sample_weight) for t in teachers]


def mean_logits(teachers, X):
    """Mean log-probabilities of the teachers: logits, up to a constant a row.

    Parameters
    ----------
    teachers : list of classifier
        From :func:`fit_teachers`.
    X : array-like of shape (n, ...)
        Rows.

    Returns
    -------
    logits : ndarray of shape (n, n_classes)
    """
    proba = (t.predict_proba(X) for t in teachers)
    return np.mean([np.log(np.maximum(p, np.finfo(p.dtype).tiny)) for p in proba], 0)


def _packed(estimator, n_members):
    """The estimator with an ensemble of its net in place of the net."""
    if not isinstance(estimator, Pipeline):
        return pack(estimator, n_members)
    estimator = clone(estimator)
    name, last = estimator.steps[-1]
    estimator.steps[-1] = (name, _packed(last, n_members))
    return estimator
