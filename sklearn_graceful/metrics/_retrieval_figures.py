"""Single retrieval figures, at no more work than each needs."""

import numpy as np

from sklearn_graceful.metrics._retrieval import (
    cumulative_matches,
    rank_all,
    warn_of_no_match,
)
from sklearn_graceful.search import LabelledSearch, check_k, first_rank


def recall_at_k(
    queries,
    gallery=None,
    *,
    k=1,
    query_labels,
    gallery_labels=None,
    query_ids=None,
    gallery_ids=None,
    metric="cosine",
    old_view=False,
):
    """Share of queries with a relevant item among the first `k`.

    Formula: ``R@k = mean(first rank <= k)`` over the queries that have a relevant
    item, as in metric learning (Jegou et al. 2011). R@1 is the accuracy of the nearest
    neighbour.

    Parameters
    ----------
    queries, gallery, query_labels, gallery_labels, query_ids, gallery_ids
        As in `retrieval_outcomes`.
    metric, old_view
        As in `retrieval_outcomes`.
    k : int, default=1
        Number of first items.

    Returns
    -------
    recall : float
        Between 0 and 1; nan, with an UndefinedMetricWarning, if no query has a
        relevant item.

    Raises
    ------
    ValueError
        As in `retrieval_outcomes`, and if `k` is not between 1 and the number of items
        to find.

    Notes
    -----
    The gallery is not sorted: the items ahead of the nearest relevant one are counted.

    References
    ----------
    Jegou, Douze and Schmid, "Product Quantization for Nearest Neighbor Search", IEEE
    TPAMI 33, 2011.

    Examples
    --------
    >>> from sklearn_graceful.metrics import recall_at_k
    >>> vectors = [[1, 0], [3, 2], [1, 2], [0, 1]]
    >>> recall_at_k(vectors, query_labels=[0, 0, 1, 1])
    0.75
    """
    search = LabelledSearch(
        queries,
        gallery,
        query_labels,
        gallery_labels,
        query_ids,
        gallery_ids,
        metric,
        old_view,
    )
    return float(_cmc(search, k, "k")[-1])


def cmc_curve(
    queries,
    gallery=None,
    *,
    k_max,
    query_labels,
    gallery_labels=None,
    query_ids=None,
    gallery_ids=None,
    metric="cosine",
    old_view=False,
):
    """Cumulative match characteristic: `recall_at_k` of every k up to `k_max`.

    Formula: ``CMC(k) = mean(first rank <= k)`` over the queries that have a relevant
    item.

    Parameters
    ----------
    queries, gallery, query_labels, gallery_labels, query_ids, gallery_ids
        As in `retrieval_outcomes`.
    metric, old_view
        As in `retrieval_outcomes`.
    k_max : int
        Largest k.

    Returns
    -------
    curve : ndarray of shape (k_max,)
        Never falling; ``curve[k - 1]`` belongs to k. nan, with an
        UndefinedMetricWarning, if no query has a relevant item.

    Raises
    ------
    ValueError
        As in `retrieval_outcomes`, and if `k_max` is not between 1 and the number of
        items to find.

    Examples
    --------
    >>> from sklearn_graceful.metrics import cmc_curve
    >>> vectors = [[1, 0], [3, 2], [1, 2], [0, 1]]
    >>> cmc_curve(vectors, k_max=3, query_labels=[0, 0, 1, 1])
    array([0.75, 1.  , 1.  ])
    """
    search = LabelledSearch(
        queries,
        gallery,
        query_labels,
        gallery_labels,
        query_ids,
        gallery_ids,
        metric,
        old_view,
    )
    return _cmc(search, k_max, "k_max")


def mean_average_precision(
    queries,
    gallery=None,
    *,
    query_labels,
    gallery_labels=None,
    query_ids=None,
    gallery_ids=None,
    metric="cosine",
    old_view=False,
):
    """Mean over queries of the average precision of the whole ranking: mAP.

    Formula: ``mean_j(j / r_j)`` of a query whose relevant items have the ranks ``r_1 <
    ... < r_m``, averaged over the queries that have a relevant item.

    Parameters
    ----------
    queries, gallery, query_labels, gallery_labels, query_ids, gallery_ids
        As in `retrieval_outcomes`.
    metric, old_view
        As in `retrieval_outcomes`.

    Returns
    -------
    mean : float
        Between 0 and 1; nan, with an UndefinedMetricWarning, if no query has a
        relevant item.

    Raises
    ------
    ValueError
        As in `retrieval_outcomes`.

    Examples
    --------
    >>> from sklearn_graceful.metrics import mean_average_precision
    >>> vectors = [[1, 0], [3, 2], [1, 2], [0, 1]]
    >>> mean_average_precision(vectors, query_labels=[0, 0, 1, 1])
    0.875
    """
    search = LabelledSearch(
        queries,
        gallery,
        query_labels,
        gallery_labels,
        query_ids,
        gallery_ids,
        metric,
        old_view,
    )
    return rank_all(search).mean("map")


def ndcg(
    queries,
    gallery=None,
    *,
    k=None,
    query_labels,
    gallery_labels=None,
    query_ids=None,
    gallery_ids=None,
    metric="cosine",
    old_view=False,
):
    """Mean normalised discounted cumulative gain of binary relevance.

    Formula: ``sum_j 1 / log2(1 + r_j)`` over the ranks ``r_j`` of the relevant items,
    divided by its largest possible value (Jarvelin and Kekalainen 2002), averaged over
    the queries that have a relevant item.

    Parameters
    ----------
    queries, gallery, query_labels, gallery_labels, query_ids, gallery_ids
        As in `retrieval_outcomes`.
    metric, old_view
        As in `retrieval_outcomes`.
    k : int, default=None
        Only the first `k` items count; None: all.

    Returns
    -------
    mean : float
        Between 0 and 1; nan, with an UndefinedMetricWarning, if no query has a
        relevant item.

    Raises
    ------
    ValueError
        As in `retrieval_outcomes`, and if `k` is not between 1 and the number of items
        to find.

    References
    ----------
    Jarvelin and Kekalainen, "Cumulated gain-based evaluation of IR techniques", ACM
    Transactions on Information Systems 20, 2002.

    Examples
    --------
    >>> from sklearn_graceful.metrics import ndcg
    >>> vectors = [[1, 0], [3, 2], [1, 2], [0, 1]]
    >>> round(ndcg(vectors, query_labels=[0, 0, 1, 1]), 4)
    0.9077
    >>> ndcg(vectors, k=1, query_labels=[0, 0, 1, 1])
    0.75
    """
    search = LabelledSearch(
        queries,
        gallery,
        query_labels,
        gallery_labels,
        query_ids,
        gallery_ids,
        metric,
        old_view,
    )
    return rank_all(search, k, "k").mean("ndcg")


def _cmc(search, k_max, name):
    check_k(k_max, int(search.n_searched.max()), name=name)
    # The nearest relevant item needs no ranking of the gallery.
    found = search.each_query()
    first = np.array([first_rank(scores, relevant) for _, scores, relevant in found])
    warn_of_no_match(first > 0)
    return cumulative_matches(first, k_max)
