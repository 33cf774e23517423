"""Routes from an old model to a new one, on which no row is lost and found again.

A route is the old model at a new share t of 0 and the new one at 1, and a row that the
old model has right is lost at most once on the way. Risk control needs no more.
"""

import numpy as np

from sklearn_graceful.flip_control._flip_times import flip_times
from sklearn_graceful.flip_control._mixing import mix
from sklearn_graceful.metrics import is_negative_flip


class Mixing:
    """Mix the log-probabilities: ``(1 - t) old + t new``.

    Labels may come out that are neither the old model's nor the new one's.
    """

    scores = staticmethod(mix)
    flip_times = staticmethod(flip_times)


class _Switch:
    """One of the two models answers each row, and changes at most once on the way."""

    def scores(self, old, new, new_share):
        """Scores (n, K) of the model that answers, for each row."""
        return np.where(self._changes_at(old, new)[:, None] > new_share, old, new)

    def flip_times(self, old, new, y):
        """Where a row that only the old model has right changes sides; inf: never."""
        lost = is_negative_flip(old.argmax(axis=1) == y, new.argmax(axis=1) == y)
        return np.where(lost, self._changes_at(old, new), np.inf)


class Arbiter(_Switch):
    """Take the old model's answer where it is the surer one by more than a margin.

    Formula: old where ``max p_old - max p_new > 2 t - 1``, else new: the margin goes
    from -1, always old, to 1, always new. A row changes sides once, so one that only
    the old model has right is lost then, and for good.

    References
    ----------
    Adam et al., "Maintaining Stability and Plasticity for Predictive Churn Reduction",
    arXiv 2305.04135, 2023: keep both models, and derive the answer from the two.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.flip_control import Arbiter
    >>> old, new = np.log([[0.9, 0.1]]), np.log([[0.3, 0.7]])
    >>> Arbiter().flip_times(old, new, np.array([0])).round(3)
    array([0.6])
    """

    @staticmethod
    def _changes_at(old, new):
        return (1 + np.exp(old.max(axis=1)) - np.exp(new.max(axis=1))) / 2


class CostRatio(_Switch):
    """Keep the old model's label unless the new one finds another much likelier.

    Formula: with `o` the old model's label, new where ``p_new(o) / max p_new <= t``,
    else old: the new model overrules the old one from a probability ratio of ``1 / t``
    on. If a negative flip costs ``1 / t - 1`` errors on top of the error that it is,
    and the new model's probabilities are right, no other rule costs less.

    References
    ----------
    Traeuble et al., "Backward-Compatible Prediction Updates: A Probabilistic Approach",
    NeurIPS 2021, for the cost ratio.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.flip_control import CostRatio
    >>> old, new = np.log([[0.9, 0.1]]), np.log([[0.2, 0.8]])
    >>> CostRatio().flip_times(old, new, np.array([0])).round(3)
    array([0.25])
    """

    @staticmethod
    def _changes_at(old, new):
        of_old_label = np.take_along_axis(new, old.argmax(axis=1)[:, None], axis=1)
        return np.exp(of_old_label[:, 0] - new.max(axis=1))


ROUTES = {"mixing": Mixing(), "arbiter": Arbiter(), "cost-ratio": CostRatio()}
