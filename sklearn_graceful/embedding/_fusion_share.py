"""How far to go from one model's vector to the other's."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from sklearn_graceful.embedding._slerp import slerp_units
from sklearn_graceful.metrics import recall_at_k


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


def try_shares(U, V, labels, shares, gallery=None, gallery_labels=None):
    """Recall at 1 of fused unit rows (n, d) in a gallery, by default of `U` itself."""
    ids = None
    if gallery is None:
        gallery, gallery_labels, ids = U, labels, np.arange(len(U))
    search = partial(
        recall_at_k,
        gallery=gallery,
        query_labels=labels,
        gallery_labels=gallery_labels,
        query_ids=ids,
        gallery_ids=ids,
    )
    fused = (slerp_units(U, V, np.full((1, 1), share)) for share in shares)
    recall = np.array([search(queries) for queries in fused])
    return FusionShare(float(shares[recall.argmax()]), shares, recall)
