"""Does a clustering put items of a class together, item by item?"""

from typing import NamedTuple

import numpy as np
from sklearn.metrics.cluster import contingency_matrix

from sklearn_graceful.metrics._rows import check_partitions


class BCubed(NamedTuple):
    """B-cubed figures of a clustering.

    Parameters
    ----------
    precision : float
        Of the items in an item's cluster, the share that is of its class.
    recall : float
        Of the items of an item's class, the share that is in its cluster.
    f1 : float
        Harmonic mean of the two.
    """

    precision: float
    recall: float
    f1: float


def b_cubed(labels_true, labels_pred, *, noise=-1):
    """Precision and recall of a clustering, averaged over items.

    Formula: an item of class i in cluster j has precision ``n_ij / n_.j`` and recall
    ``n_ij / n_i.``, where ``n_ij`` items are of that class and in that cluster, itself
    among them (Bagga and Baldwin 1998). Both are averaged over all items, so precision
    is ``sum_ij n_ij^2 / n_.j / n``. F1 is the harmonic mean of these averages. Of the
    usual figures it is the one that meets all four constraints of Amigó et al. (2009):
    joining two pure clusters of a class helps, and one wrong item does less harm in a
    cluster that is mixed already.

    Parameters
    ----------
    labels_true : array-like of shape (n,)
        Class of each item.
    labels_pred : array-like of shape (n,)
        Cluster of each item, of any kind of label.
    noise : int, str or None, default=-1
        The value in `labels_pred` of items that are in no cluster, as DBSCAN marks
        them. Each is a cluster of its own: precision 1, recall 1 / (its class's size).
        None: every value is a cluster.

    Returns
    -------
    result : BCubed
        Named tuple (precision, recall, f1), each above 0 and at most 1.

    Raises
    ------
    ValueError
        If a column is not 1-D, is empty, holds NaN, or has another number of rows.

    Notes
    -----
    Time and memory are those of the non-empty cells of the contingency table, beside
    sorting the labels.

    References
    ----------
    Bagga and Baldwin, "Algorithms for scoring coreference chains", LREC 1998.

    Amigó, Gonzalo, Artiles and Verdejo, "A comparison of extrinsic clustering
    evaluation metrics based on formal constraints", Information Retrieval 12, 2009.

    Examples
    --------
    >>> from sklearn_graceful.metrics import b_cubed
    >>> result = b_cubed(["a", "a", "b", "b"], [0, 0, 0, 1])
    >>> round(result.precision, 3), result.recall, round(result.f1, 3)
    (0.667, 0.75, 0.706)
    """
    true, pred = check_partitions(labels_true=labels_true, labels_pred=labels_pred)
    cells = contingency_matrix(true, _noise_apart(pred, noise), sparse=True).tocoo()
    # Counts of items fit a float exactly, and their squares do not fit an int32.
    n_ij = cells.data.astype(np.float64)
    n_class = np.bincount(cells.row, weights=n_ij)[cells.row]
    n_cluster = np.bincount(cells.col, weights=n_ij)[cells.col]
    precision = float((n_ij * (n_ij / n_cluster)).sum() / len(true))
    recall = float((n_ij * (n_ij / n_class)).sum() / len(true))
    return BCubed(precision, recall, 2 * precision * recall / (precision + recall))


def _noise_apart(clusters, noise):
    """Clusters as numbers, every item of noise in one of its own."""
    values, codes = np.unique(clusters, return_inverse=True)
    if noise is not None:
        apart = np.flatnonzero(clusters == noise)
        codes[apart] = len(values) + np.arange(len(apart))
    return codes
