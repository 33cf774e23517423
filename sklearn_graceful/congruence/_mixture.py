"""What old and new models together think of rows that nobody labelled."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from sklearn_graceful._probabilities import IMITATION_FLOOR, log_exact, log_floored

_NONE = -1
# Of log-probabilities in a mixture.
_FACTORS = (0.05, 20.0)
# Answers that are not out of fold after all would make the old model's share all of it.
_MOST_OLD = 0.5


@dataclass(frozen=True)
class Mixture:
    """Opinion on the true class of n rows, and the old model's label for them.

    Attributes
    ----------
    log_proba : ndarray of shape (n, n_classes)
        Log-probabilities.
    old_label : ndarray of int, shape (n,)
        Class index that the old model predicts; -1 for a class that the new model does
        not know.
    """

    log_proba: np.ndarray
    old_label: np.ndarray

    @classmethod
    def of(cls, log_teacher, old_proba, known, old_share, sharpness=1.0):
        """Mix both models' log-probabilities.

        Parameters
        ----------
        log_teacher : ndarray of shape (n, n_classes)
            Of the plain new models.
        old_proba : ndarray of shape (n, n_classes)
            Of the old model, aligned; a row sums to less than 1 where it knows classes
            that the new model does not.
        known : ndarray of bool, shape (n_classes,)
            Classes that the old model knows; about the others the new models' word
            counts alone.
        old_share : float
            Of the old model in the mixture.
        sharpness : float, default=1.0
            What the mixed log-probabilities are multiplied by.

        Returns
        -------
        mixture : Mixture
        """
        old_label = old_proba.argmax(axis=1)
        old_label[old_proba.max(axis=1) < 1 - old_proba.sum(axis=1)] = _NONE
        log_old = _log_old(log_teacher, old_proba, known)
        mixed = (1 - old_share) * log_teacher + old_share * log_old
        return cls(_normalised(sharpness * mixed), old_label)

    @classmethod
    def stacked(cls, mixtures):
        """Opinions on the rows of several, one after the other."""
        return cls(
            np.concatenate([mixture.log_proba for mixture in mixtures]),
            np.concatenate([mixture.old_label for mixture in mixtures]),
        )

    def soft_labels(self, flip_cost):
        """What should be answered if a negative flip costs so much, (n, n_classes).

        The old label's probability is multiplied by ``1 + flip_cost``.
        """
        mixed = self.log_proba.copy()
        rows = np.flatnonzero(self.old_label != _NONE)
        mixed[rows, self.old_label[rows]] += np.log1p(flip_cost)
        return np.exp(_normalised(mixed))


def calibrate(log_teacher, old_proba, known, y, weight, old_share=None):
    """Find the mixture that says best how likely the classes of labelled rows are.

    Parameters
    ----------
    log_teacher, old_proba, known : ndarray
        See :meth:`Mixture.of`; of rows that the models were not trained on.
    y : ndarray of int, shape (n,)
        Class indices.
    weight : ndarray of shape (n,)
        Of the rows.
    old_share : float, default=None
        Of the old model. None: to be found as well, at most one half.

    Returns
    -------
    old_share, sharpness : float
        For which the weighted log-loss is least.
    """
    parts = np.stack([log_teacher, _log_old(log_teacher, old_proba, known)])
    if old_share is not None:
        parts = ((1 - old_share) * parts[0] + old_share * parts[1])[None]
    of_label, share = parts[:, np.arange(len(y)), y], weight / weight.sum()

    def loss(factors):
        mixed = _normalised(np.tensordot(factors, parts, axes=1))
        slope = (np.exp(mixed) * parts).sum(axis=2) - of_label
        return -share @ mixed[np.arange(len(y)), y], slope @ share

    bounds = [_FACTORS] + [(0.0, _FACTORS[1])] * (len(parts) - 1)
    start = np.full(len(parts), 1 / len(parts))
    factors = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    if old_share is None:
        old_share = min(float(factors[1] / factors.sum()), _MOST_OLD)
    return old_share, float(factors.sum())


def _log_old(log_teacher, old_proba, known):
    """Old model's log-probabilities, with the teachers' of classes that it lacks."""
    mass = np.maximum(old_proba.sum(axis=1, keepdims=True), IMITATION_FLOOR)
    share_known = np.exp(log_teacher)[:, known].sum(axis=1, keepdims=True)
    log_old = log_floored(old_proba / mass, IMITATION_FLOOR) + log_exact(share_known)
    return np.where(known, log_old, log_teacher)


def _normalised(logits):
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
