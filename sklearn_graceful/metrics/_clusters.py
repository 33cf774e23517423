"""Clusterings: against classes, before and after an update, and by model version."""

from contextlib import suppress
from numbers import Real
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_mutual_info_score, normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix

from sklearn_graceful._arguments import check_flag
from sklearn_graceful.metrics._undefined import undefined
from sklearn_graceful.search import check_partitions


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
    values, clusters = np.unique(pred, return_inverse=True)
    # Every item of noise is in a cluster of its own.
    apart = np.flatnonzero(_are_noise(pred, noise))
    clusters[apart] = len(values) + np.arange(len(apart))
    cells = contingency_matrix(true, clusters, sparse=True).tocoo()
    # Counts of items fit a float exactly, and their squares do not fit an int32.
    n_ij = cells.data.astype(np.float64)
    n_class = np.bincount(cells.row, weights=n_ij)[cells.row]
    n_cluster = np.bincount(cells.col, weights=n_ij)[cells.col]
    precision = float((n_ij * (n_ij / n_cluster)).sum() / len(true))
    recall = float((n_ij * (n_ij / n_class)).sum() / len(true))
    return BCubed(precision, recall, 2 * precision * recall / (precision + recall))


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
    noise_old, noise_new = _are_noise(old, noise), _are_noise(new, noise)
    unchanged = int(np.count_nonzero(noise_old & noise_new))
    clustered = ~(noise_old | noise_new)
    if clustered.any():
        cells = contingency_matrix(old[clustered], new[clustered])
        unchanged += int(cells[linear_sum_assignment(cells, maximize=True)].sum())
    return unchanged / len(old)


def version_mutual_information(clusters, versions, *, adjusted=True):
    """Mutual information between the cluster of an item and the model behind it.

    In a gallery that is re-embedded bit by bit, vectors of two models lie side by side.
    If the models are compatible, knowing the cluster of a vector says nothing about the
    model that made it.

    Formula: ``(I(cluster; version) - E) / (min(H(cluster), H(version)) - E)``, where E
    is the mutual information to expect by chance, from random partitions of the same
    sizes (Vinh et al. 2010). Without `adjusted`, E is 0.

    Parameters
    ----------
    clusters : array-like of shape (n,)
        Cluster of each item of the gallery. DBSCAN's noise counts as one more cluster:
        vectors of a new model that all become noise are split off too.
    versions : array-like of shape (n,)
        Model version that made the item's vector.
    adjusted : bool, default=True
        Subtract what is expected by chance. Many small clusters tell versions apart
        even where these were drawn by lot: clusters of one item tell them perfectly.

    Returns
    -------
    information : float
        About 0 if there is no split by version, a little below if there is less of it
        than by chance; 1 if every cluster holds vectors of one version only, or every
        version fills a cluster of its own. If adjusted, 0 where no cluster has two
        items. nan, with an UndefinedMetricWarning, if there is one version only.

    Raises
    ------
    ValueError
        If a column is not 1-D, is empty, holds NaN, or has another number of rows.

    Notes
    -----
    The smaller of the two entropies is nearly always that of the versions. With the
    mean of both, scikit-learn's default, a gallery of 50 clusters that is split
    perfectly would score far below 1.

    0 does not prove compatibility: where a new model swaps two clusters of equal size,
    each still holds as much of either version. It is a figure for clusters that were
    made from the mixed gallery; where items go to stored centroids it sees only that
    cluster sizes change.

    The expected value takes time in proportion to the number of items times the number
    of clusters.

    References
    ----------
    Vinh, Epps and Bailey, "Information theoretic measures for clusterings comparison:
    variants, properties, normalization and correction for chance", JMLR 11, 2010.

    Examples
    --------
    >>> from sklearn_graceful.metrics import version_mutual_information
    >>> versions = ["v1", "v2"] * 4
    >>> round(version_mutual_information([0, 1] * 4, versions), 6)
    1.0
    >>> together, alone = [0] * 4 + [1] * 4, range(8)
    >>> round(version_mutual_information(together, versions, adjusted=False), 6)
    0.0
    >>> round(version_mutual_information(alone, versions, adjusted=False), 6)
    1.0
    >>> version_mutual_information(alone, versions)
    0.0
    """
    check_flag("adjusted", adjusted)
    clusters, versions = check_partitions(clusters=clusters, versions=versions)
    if (versions == versions[0]).all():
        return undefined(
            "versions holds one version only, so no split can be measured; nan is "
            "returned."
        )
    if adjusted and len(np.unique(clusters)) == len(clusters):
        # Expected by chance is all there is to know: 0 / 0 in the formula.
        return 0.0
    score = adjusted_mutual_info_score if adjusted else normalized_mutual_info_score
    # scikit-learn makes whole numbers of labels that are large floats.
    codes = [np.unique(each, return_inverse=True)[1] for each in (versions, clusters)]
    return float(score(*codes, average_method="min"))


def _are_noise(clusters, noise):
    """Which items are in no cluster; None: all are in one."""
    if noise is None:
        return np.zeros(len(clusters), dtype=bool)
    if not isinstance(noise, Real | str | bytes):
        raise TypeError(f"noise must be one value or None, got {noise!r:.60}.")
    with suppress(OverflowError):  # a number that no cluster can have
        return np.asarray(clusters == noise)
    return np.zeros(len(clusters), dtype=bool)
