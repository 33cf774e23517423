"""How far to go from one model's vector to the other's."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class FusionShare:
    """Shares of a fusion that were tried on labelled rows, and the best.

    Attributes
    ----------
    share : float
        The one with the highest recall; of equal ones the smallest.
    shares : ndarray of shape (n_shares,)
        All that were tried, in ascending order.
    recall : ndarray of shape (n_shares,)
        Recall at 1 of each, as by :func:`sklearn_graceful.metrics.recall_at_k`.
    """

    share: float
    shares: np.ndarray
    recall: np.ndarray
