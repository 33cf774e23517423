"""Plain new models, which methods learn from, start from and compare with."""

from copy import copy
from dataclasses import dataclass, field

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from sklearn_graceful._probabilities import log_exact
from sklearn_graceful._wrappers import last_step, replace_last_step
from sklearn_graceful.nn import (
    KnownLength,
    NotPackableError,
    isolated_randomness,
    pack,
    trains_alike_when_packed,
)
from sklearn_graceful.training._new_answers import checked_scores


@dataclass(frozen=True)
class PlainModels:
    """Fitted plain new models of one recipe that differ in their seeds.

    Attributes
    ----------
    fitted : list of dict
        Attributes of fitted estimators, see :meth:`Training.fit`. They take prepared
        rows. The first is one model; another one may be several nets in one.
    sizes : list of int
        How many models each of them is.
    """

    fitted: list = field(default_factory=list)
    sizes: list = field(default_factory=list)

    @property
    def first(self):
        """The first of them, an estimator."""
        return self.fitted[0]["estimator_"]

    @property
    def n_epochs(self):
        """How long the first of them was trained, if it is a network."""
        net = last_step(self.first)
        return getattr(net, "n_epochs_", len(self.fitted[0]["history_"]))

    def __len__(self):
        return sum(self.sizes)

    def __add__(self, other):
        return PlainModels(self.fitted + other.fitted, self.sizes + other.sizes)

    def mean_logits(self, X):
        """Mean log-probabilities on prepared rows, up to a constant a row.

        Parameters
        ----------
        X : array-like of shape (n, ...)
            Rows.

        Returns
        -------
        logits : ndarray of shape (n, n_classes)
        """
        logits = [log_exact(_finite_proba(f["estimator_"], X)) for f in self.fitted]
        return np.average(logits, axis=0, weights=self.sizes)


def fit_plain_models(training, number, known, apart):
    """Train plain new models that differ in their seeds, beside those that are `known`.

    The first is trained alone, as if nothing had been drawn: whoever asks for it, it is
    what a method at strength 0 would train. Other nets are trained for as long, and
    together where that leaves each one's training as it is.
    """
    models = known
    if not models.fitted:
        first = fit_one(training, training.estimator, training.own_randomness())
        models = PlainModels([first], [1])
    seeds = check_random_state(None).randint(2**31 - 1, size=number)
    missing = seeds[len(models) :]
    if not len(missing):
        return models
    estimator = at_length(training.estimator, models)
    learner = last_step(estimator)
    if training.is_net and trains_alike_when_packed(learner):
        packed = replace_last_step(clone(estimator), pack(learner, len(missing)))
        try:
            fitted = fit_one(training, packed, isolated_randomness(missing[0]))
            return models + PlainModels([fitted], [len(missing)])
        except NotPackableError:
            pass  # what its module does shows only now
    missing = seeds[len(models) : apart]
    more = [fit_one(training, estimator, isolated_randomness(seed)) for seed in missing]
    return models + PlainModels(more, [1] * len(more))


def at_length(estimator, plain):
    """An unfitted estimator; a net that finds its length is told that of `plain`."""
    estimator = clone(estimator)
    found = getattr(last_step(plain.first), "n_epochs_", None)
    if found is not None:
        last_step(estimator).set_params(max_epochs=KnownLength(found))
    return estimator


def fit_one(training, estimator, randomness):
    """Train some estimator plainly; returns what :meth:`Training.fit` does."""
    # A copy has what was found out already: the old model is not asked again.
    plain = copy(training)
    plain.estimator = estimator
    with randomness:
        return plain.fit(name="plain model")


def _finite_proba(model, X):
    """Probabilities, refused where they are NaN, as naive Bayes says of equal rows."""
    proba = np.asarray(model.predict_proba(X))
    return checked_scores(model, proba, *proba.shape)
