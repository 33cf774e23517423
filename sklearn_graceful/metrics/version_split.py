"""Does a clustering of a mixed gallery follow the model versions?"""

import warnings

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import adjusted_mutual_info_score, normalized_mutual_info_score

from sklearn_graceful.metrics._rows import check_partitions


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
    clusters, versions = check_partitions(clusters=clusters, versions=versions)
    if (versions == versions[0]).all():
        warnings.warn(
            "versions holds one version only, so no split can be measured; nan is "
            "returned.",
            UndefinedMetricWarning,
            stacklevel=2,
        )
        return np.nan
    if not adjusted:
        information = normalized_mutual_info_score(
            versions, clusters, average_method="min"
        )
    elif len(np.unique(clusters)) == len(clusters):
        # Expected by chance is all there is to know: 0 / 0 in the formula.
        information = 0.0
    else:
        information = adjusted_mutual_info_score(
            versions, clusters, average_method="min"
        )
    return float(information)
