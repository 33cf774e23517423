"""How well queries find the gallery items of their own label."""

import re
from dataclasses import dataclass

import numpy as np

from sklearn_graceful._arguments import check_is
from sklearn_graceful.metrics._flip_counts import FlipCounts, count_flips
from sklearn_graceful.metrics._undefined import undefined
from sklearn_graceful.search import LabelledSearch, check_k, first_rank, relevant_ranks


@dataclass(frozen=True, eq=False)
class RetrievalOutcomes:
    """What each query found.

    Every retrieval figure is a mean of these columns, so that two systems can be
    compared query by query, see `paired_bootstrap` and `retrieval_flips`.

    Parameters
    ----------
    first_rank : ndarray of int of shape (n_queries,)
        Rank, from 1, of the first relevant gallery item; 0 where there is none.
    average_precision : ndarray of shape (n_queries,)
        Mean precision at the relevant items; nan where there is none.
    ndcg : ndarray of shape (n_queries,)
        Normalised discounted cumulative gain of binary relevance; nan where no item
        is relevant.
    has_match : ndarray of bool of shape (n_queries,)
        Whether any gallery item is relevant. Means are over these queries; they are
        nan, with an UndefinedMetricWarning, if there is no such query.
    gallery_size : int
        Most gallery items that any query may find.

    Examples
    --------
    >>> from sklearn_graceful.metrics import retrieval_outcomes
    >>> vectors = [[1, 0], [3, 2], [1, 2], [0, 1]]
    >>> outcomes = retrieval_outcomes(vectors, query_labels=[0, 0, 1, 1])
    >>> outcomes.first_rank
    array([1, 2, 1, 1])
    >>> outcomes.recall_at(1), outcomes.mean_average_precision
    (0.75, 0.875)
    """

    first_rank: np.ndarray
    average_precision: np.ndarray
    ndcg: np.ndarray
    has_match: np.ndarray
    gallery_size: int

    def recall_at(self, k):
        """Share of queries with a relevant item among the first `k`: CMC at k."""
        check_k(k, self.gallery_size)
        return self.mean(f"recall@{k}")

    @property
    def cmc(self):
        """Cumulative match characteristic: `recall_at` each k from 1 on, an array."""
        return cumulative_matches(self.first_rank, self.gallery_size)

    @property
    def mean_average_precision(self):
        """Mean of `average_precision`: mAP."""
        return self.mean("map")

    @property
    def mean_ndcg(self):
        """Mean of `ndcg`."""
        return self.mean("ndcg")

    def values(self, measure):
        """Values of a measure, query by query.

        Parameters
        ----------
        measure : str
            ``"recall@1"`` (any k), ``"map"`` or ``"ndcg"``.

        Returns
        -------
        values : ndarray of shape (n_queries,)
            nan for queries without a relevant item.

        Raises
        ------
        ValueError
            If the measure is unknown or its k out of range.
        """
        k = check_measure(measure, self.gallery_size)
        if k is not None:
            return np.where(self.has_match, self.first_rank <= k, np.nan)
        return self.average_precision if measure == "map" else self.ndcg

    def mean(self, measure):
        """Mean of `values` over the queries that have a relevant item.

        Parameters
        ----------
        measure : str
            As for `values`.

        Returns
        -------
        mean : float
            nan, with an UndefinedMetricWarning, if no query has a relevant item.
        """
        return mean_of_defined(self.values(measure), measure)


def retrieval_outcomes(
    queries,
    gallery=None,
    *,
    query_labels,
    gallery_labels=None,
    query_ids=None,
    gallery_ids=None,
    metric="cosine",
    old_view=False,
    depth=None,
):
    """Rank the gallery for each query and keep what each query found.

    Formula: with ``r_1 < ... < r_m`` the ranks of the m relevant items, those of the
    query's label, ``average precision = mean_j(j / r_j)`` and ``nDCG = sum_j 1 /
    log2(1 + r_j)`` divided by ``sum_j 1 / log2(1 + j)``, its value if they came first.

    Parameters
    ----------
    queries : array-like of shape (n_queries, n_coordinates)
        Embeddings that search.
    gallery : array-like of shape (n_gallery, n_gallery_coordinates), default=None
        Embeddings that are searched. None: every query searches the other queries,
        its own row being left out by position.
    query_labels : array-like of shape (n_queries,)
        Labels of the queries.
    gallery_labels : array-like of shape (n_gallery,), default=None
        Labels of the gallery items. Needed with `gallery`.
    query_ids : array-like of shape (n_queries,), default=None
        What each query is an embedding of. Gallery items with the id of the query are
        left out, so that new queries can search the old vectors of the same items.
        Identity is never guessed from a distance of 0.
    gallery_ids : array-like of shape (n_gallery,), default=None
        Ids of the gallery items. Needed with `query_ids` and `gallery`.
    metric : {"cosine", "euclidean"}, default="cosine"
        What is near. Cosines are computed in single precision if both arrays are,
        distances in double precision.
    old_view : bool, default=False
        Whether queries may be of another width than the gallery, which are those of
        another model. Only a model that was trained to fit the old space can search
        it, such as a ``CompatibleEmbedder``. Then, of wider queries the first
        coordinates are compared, of unit length again where the whole vectors are; to
        narrower ones zeros are appended.
    depth : int, default=None
        Count only this many first items in average precision and nDCG. Both are then
        divided by what they could be at most: m is at most `depth`. None: the whole
        gallery. The first rank is not cut.

    Returns
    -------
    outcomes : RetrievalOutcomes
        One entry a query.

    Raises
    ------
    ValueError
        If an array of embeddings holds NaN or infinities or is no matrix; if a row
        that is compared by cosine is zero; if widths differ without `old_view`; if
        labels or ids are missing, hold NaN, have another number of rows or are of
        different kinds; if the metric is unknown or `depth` not between 1 and the
        number of items to find.

    Warns
    -----
    UndefinedMetricWarning
        If no gallery item is relevant to some query. Its figures are nan, its first
        rank is 0 and means leave it out.

    Notes
    -----
    Items of equal score rank in gallery order. The same vector stored twice may still
    get scores that differ in the last digit.

    Queries go block by block: memory beyond one copy of each array does not grow with
    their number.

    Examples
    --------
    >>> from sklearn_graceful.metrics import retrieval_outcomes
    >>> gallery = [[1.0, 0.0], [0.8, 0.6], [0.6, 0.8], [0.0, 1.0]]
    >>> outcomes = retrieval_outcomes(
    ...     [[1.0, 0.1], [0.1, 1.0]],
    ...     gallery,
    ...     query_labels=["cat", "dog"],
    ...     gallery_labels=["cat", "dog", "cat", "cat"],
    ... )
    >>> outcomes.first_rank
    array([1, 3])
    >>> outcomes.recall_at(1), outcomes.recall_at(3)
    (0.5, 1.0)
    >>> round(outcomes.mean_average_precision, 3)
    0.569
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
    return rank_all(search, depth)


def retrieval_flips(old, new, *, k=1):
    """Count queries by which of two systems finds a match among the first `k`.

    Formula: a query counts as right if its first rank is at most `k`. Then
    ``NFR = b / n`` is the share of queries that only the old system has right, ``PFR =
    c / n`` that of those that only the new one has (Yan et al. 2021), and ``PFR - NFR``
    is the recall at `k` gained.

    Parameters
    ----------
    old, new : RetrievalOutcomes
        Outcomes of the same queries, from `retrieval_outcomes`.
    k : int, default=1
        Number of first items.

    Returns
    -------
    counts : FlipCounts
        Queries without a relevant item are not counted. All queries that both have
        wrong are booked as different, since there are no labels to compare: every
        figure but the churn is defined. `interval_from_counts` and
        `mcnemar_from_counts` take the table.

    Raises
    ------
    ValueError
        If the outcomes differ in their number of queries or in which of them have a
        relevant item, if no query has one, or if `k` is not between 1 and the number
        of items to find.
    TypeError
        If `old` or `new` is nothing of the kind.

    References
    ----------
    Yan et al., "Positive-Congruent Training: Towards Regression-Free Model
    Updates", CVPR 2021.

    Examples
    --------
    >>> from sklearn_graceful.metrics import retrieval_flips, retrieval_outcomes
    >>> labels = [0, 0, 1, 1]
    >>> old = retrieval_outcomes([[1, 0], [3, 2], [1, 2], [0, 1]], query_labels=labels)
    >>> new = retrieval_outcomes([[1, 0], [4, 1], [3, 2], [0, 1]], query_labels=labels)
    >>> counts = retrieval_flips(old, new)
    >>> counts.negative_flip_rate, counts.positive_flip_rate
    (0.25, 0.25)
    """
    check_is("old", old, RetrievalOutcomes)
    check_is("new", new, RetrievalOutcomes)
    if len(old.first_rank) != len(new.first_rank):
        raise ValueError(
            f"old has {len(old.first_rank)} queries but new has {len(new.first_rank)}."
        )
    n_differ = np.count_nonzero(old.has_match != new.has_match)
    if n_differ:
        raise ValueError(
            f"old and new differ in whether {n_differ} of {len(old.has_match)} queries "
            "have a relevant item: they are not outcomes of the same queries and items."
        )
    check_k(k, min(old.gallery_size, new.gallery_size))
    if not old.has_match.any():
        raise ValueError("No query of old and new has a relevant item to find.")
    right_old = old.first_rank[old.has_match] <= k
    right_new = new.first_rank[new.has_match] <= k
    counts = count_flips(np.ones(len(right_old), dtype=bool), right_new, right_old)
    return FlipCounts(*counts.cells[:3], 0, counts.both_wrong)


def rank_all(search, depth=None, name="depth", *, warn=True):
    """Outcomes of a checked search, by the first `depth` items if that is given."""
    size = int(search.n_searched.max())
    if depth is not None:
        check_k(depth, size, name=name)
    first = np.zeros(search.n_queries, dtype=np.int64)
    precision, gain = np.full((2, search.n_queries), np.nan)
    for query, scores, relevant in search.each_query():
        if not len(relevant):
            continue
        ranks = relevant_ranks(scores, relevant, depth)
        first[query] = ranks[0] if len(ranks) else first_rank(scores, relevant)
        n_relevant = min(len(relevant), depth or len(relevant))
        precision[query] = average_precision(ranks, n_relevant)
        gain[query] = discounted_gain(ranks, n_relevant)
    if warn:
        warn_of_no_match(first > 0)
    return RetrievalOutcomes(first, precision, gain, first > 0, size)


def cumulative_matches(first, k_max):
    """Share of queries with a match whose first rank is at most 1, 2, ... k_max."""
    first = np.sort(first[first > 0])
    if not len(first):
        return np.full(k_max, mean_of_defined(first, "CMC"))
    return np.searchsorted(first, np.arange(1, k_max + 1), side="right") / len(first)


def mean_of_defined(values, measure):
    """Mean of what is not nan, with a warning if there is nothing."""
    values = values[~np.isnan(values)]
    if len(values):
        return float(values.mean())
    return undefined(
        f"{measure} is undefined, because no query has a relevant item in the "
        "gallery, and returned as nan."
    )


def warn_of_no_match(has_match):
    """Warn, once, of queries to which no gallery item is relevant."""
    n_missing = len(has_match) - int(np.count_nonzero(has_match))
    if n_missing:
        undefined(
            f"{n_missing} of {len(has_match)} queries have no relevant item in the "
            "gallery. Their figures are undefined, and means leave them out."
        )


def check_measure(measure, gallery_size):
    """Refuse an unknown measure; return the k of a recall, None of "map" or "ndcg"."""
    if isinstance(measure, str) and measure in ("map", "ndcg"):
        return None
    found = re.fullmatch(r"recall@(\d+)", str(measure))
    if not found:
        raise ValueError(
            f"Unknown measure {measure!r}, choose 'recall@1' (any k), 'map' or 'ndcg'."
        )
    k = int(found[1])
    if not 1 <= k <= gallery_size:
        raise ValueError(
            f"measure={measure!r}: k must be between 1 and {gallery_size}, the number "
            "of gallery items that a query may find."
        )
    return k


def average_precision(ranks, n_relevant):
    """Mean precision at the relevant items; those that `ranks` lacks count as 0."""
    return float(np.sum(np.arange(1, len(ranks) + 1) / ranks) / n_relevant)


def discounted_gain(ranks, n_relevant):
    """NDCG of binary relevance."""
    ideal_ranks = np.arange(1, n_relevant + 1)
    return float(np.sum(1 / np.log2(1 + ranks)) / np.sum(1 / np.log2(1 + ideal_ranks)))
