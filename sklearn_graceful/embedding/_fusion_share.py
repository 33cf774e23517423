"""How far to go from one model's vector to the other's."""

from dataclasses import dataclass

import numpy as np

from sklearn_graceful.embedding._slerp import slerp_units
from sklearn_graceful.metrics._rows import chunks


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
        Share of the rows whose nearest gallery vector has their own label.
    """

    share: float
    shares: np.ndarray
    recall: np.ndarray


def try_shares(U, V, labels, shares, gallery=None, gallery_labels=None):
    """Recall at 1 of fused vectors in the gallery, for every share.

    Parameters
    ----------
    U, V : ndarray of shape (n, d)
        Unit vectors to fuse; U belong to the gallery's space.
    labels : ndarray of shape (n,)
        Their labels.
    shares : ndarray of shape (n_shares,)
        In ascending order.
    gallery : ndarray of shape (n_gallery, d), default=None
        Unit vectors to search. None: U, each row without itself.
    gallery_labels : ndarray of shape (n_gallery,), default=None
        Their labels.

    Returns
    -------
    choice : FusionShare
    """
    own = gallery is None
    if own:
        gallery, gallery_labels = U, labels
    recall = np.array(
        [
            _recall(
                slerp_units(U, V, np.full((1, 1), share)),
                labels,
                gallery,
                gallery_labels,
                leave_out=own,
            )
            for share in shares
        ]
    )
    return FusionShare(float(shares[recall.argmax()]), shares, recall)


def _recall(queries, labels, gallery, gallery_labels, *, leave_out):
    hits = 0
    for rows in chunks(queries, row_bytes=len(gallery) * gallery.itemsize):
        scores = queries[rows] @ gallery.T
        if leave_out:
            scores[np.arange(len(scores)), np.arange(len(queries))[rows]] = -np.inf
        hits += (gallery_labels[scores.argmax(axis=1)] == labels[rows]).sum()
    return hits / len(queries)
