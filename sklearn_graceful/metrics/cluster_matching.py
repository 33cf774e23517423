"""How many items an update moves to another cluster."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics.cluster import contingency_matrix

from sklearn_graceful.metrics._rows import check_partitions


def unchanged_cluster_share(old_clusters, new_clusters, *, noise=-1):
    """Share of items that stay in their cluster, whatever the clusters are called.

    Formula: ``max over one-to-one matchings m of (items with m(old) = new) / n``, found
    by the Hungarian method. A cluster that falls apart keeps the items of one part; of
    two that merge, those of one are counted as moved.

    Parameters
    ----------
    old_clusters : array-like of shape (n,)
        Cluster of each item before the update.
    new_clusters : array-like of shape (n,)
        Cluster of each item after the update; other names, of another kind too, and
        another number of clusters are fine.
    noise : int, str or None, default=-1
        The value of items that are in no cluster, as DBSCAN marks them. Noise is no
        cluster and is matched with none: an item is unchanged if it is noise before
        and after, and has moved if it is noise only once. None: every value is a
        cluster.

    Returns
    -------
    share : float
        Between 0 and 1; 1 if both are the same clusters.

    Raises
    ------
    ValueError
        If a column is not 1-D, is empty, holds NaN, or has another number of rows.

    Notes
    -----
    The contingency table is dense here: ``8 * n_old_clusters * n_new_clusters`` bytes.
    Where clusters keep their names, as with `assign_to_centroids`,
    ``numpy.mean(old_clusters == new_clusters)`` is the figure: a matching would forgive
    a model that swaps two of them.

    References
    ----------
    Kuhn, "The Hungarian method for the assignment problem", Naval Research Logistics
    Quarterly 2, 1955.

    Examples
    --------
    >>> from sklearn_graceful.metrics import unchanged_cluster_share
    >>> unchanged_cluster_share([0, 0, 0, 1, 1], [7, 7, 3, 3, 3])
    0.8
    >>> unchanged_cluster_share([0, 0, 1, -1], [0, -1, 1, -1])
    0.75
    """
    old, new = check_partitions(old_clusters=old_clusters, new_clusters=new_clusters)
    noise_old, noise_new = _is_noise(old, noise), _is_noise(new, noise)
    unchanged = int(np.count_nonzero(noise_old & noise_new))
    clustered = ~(noise_old | noise_new)
    if clustered.any():
        cells = contingency_matrix(old[clustered], new[clustered])
        unchanged += int(cells[linear_sum_assignment(cells, maximize=True)].sum())
    return unchanged / len(old)


def _is_noise(clusters, noise):
    if noise is None:
        return np.zeros(len(clusters), dtype=bool)
    # Numbers against strings compare as one False, not as one for each item.
    return np.broadcast_to(clusters == noise, len(clusters))
