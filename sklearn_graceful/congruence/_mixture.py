"""What old and new models together think of rows that nobody labelled."""

from dataclasses import dataclass

import numpy as np

from sklearn_graceful._probabilities import IMITATION_FLOOR, log_exact, log_floored

_NONE = -1


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
    def of(cls, log_teacher, old_proba, old_share, known):
        """Mix both models' log-probabilities.

        Parameters
        ----------
        log_teacher : ndarray of shape (n, n_classes)
            Of the plain new models.
        old_proba : ndarray of shape (n, n_classes)
            Of the old model, aligned; a row sums to less than 1 where it knows classes
            that the new model does not.
        old_share : float
            Of the old model in the mixture.
        known : ndarray of bool, shape (n_classes,)
            Classes that the old model knows; about the others the new models' word
            counts alone.

        Returns
        -------
        mixture : Mixture
        """
        mass = old_proba.sum(axis=1)
        old_label = old_proba.argmax(axis=1)
        old_label[old_proba.max(axis=1) < 1 - mass] = _NONE
        old_proba = old_proba / np.maximum(mass, IMITATION_FLOOR)[:, None]
        share_known = np.exp(log_teacher)[:, known].sum(axis=1, keepdims=True)
        log_old = log_floored(old_proba, IMITATION_FLOOR) + log_exact(share_known)
        log_old = np.where(known, log_old, log_teacher)
        return cls(
            _normalised((1 - old_share) * log_teacher + old_share * log_old), old_label
        )

    def soft_labels(self, flip_cost):
        """What should be answered if a negative flip costs so much, (n, n_classes).

        The old label's probability is multiplied by ``1 + flip_cost``.
        """
        mixed = self.log_proba.copy()
        rows = np.flatnonzero(self.old_label != _NONE)
        mixed[rows, self.old_label[rows]] += np.log1p(flip_cost)
        return np.exp(_normalised(mixed))


def _normalised(logits):
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
