"""Plain new models, which methods learn from or compare with."""

from copy import copy

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from sklearn_graceful._probabilities import log_exact
from sklearn_graceful._wrappers import replace_last_step
from sklearn_graceful.nn import (
    NotPackableError,
    isolated_randomness,
    pack,
    trains_alike_when_packed,
)


def fit_plain_models(training, number):
    """Train plain new models that differ in their seeds.

    Nets are trained together where that leaves each one's training as it is, as one
    classifier whose log-probabilities are the mean of theirs, up to a constant a row.
    """
    seeds = check_random_state(None).randint(2**31 - 1, size=number)
    if number > 1 and training.is_net and trains_alike_when_packed(training.learner):
        packed = pack(training.learner, number)
        packed = replace_last_step(clone(training.estimator), packed)
        try:
            return [_fit(training, packed, seeds[0])]
        except NotPackableError:
            pass  # what its module does shows only now
    return [_fit(training, training.estimator, seed) for seed in seeds]


def _fit(training, estimator, seed):
    # A copy has what was found out already: the old model is not asked again.
    plain = copy(training)
    plain.estimator, plain.verbose = estimator, 0
    with isolated_randomness(seed):
        return plain.fit(plain.plain_loss())["estimator_"]


def mean_logits(models, X):
    """Mean log-probabilities of plain models on prepared rows.

    Parameters
    ----------
    models : list of classifier
        From :meth:`Training.plain`.
    X : array-like of shape (n, ...)
        Rows.

    Returns
    -------
    logits : ndarray of shape (n, n_classes)
        Up to a constant a row.
    """
    return np.mean([log_exact(model.predict_proba(X)) for model in models], axis=0)
