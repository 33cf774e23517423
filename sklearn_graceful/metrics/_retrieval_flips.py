"""Queries that an update makes fail, and those that it mends."""

import numpy as np

from sklearn_graceful.metrics._flip_counts import count_flips
from sklearn_graceful.search import check_k


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
    if len(old.first_rank) != len(new.first_rank):
        raise ValueError(
            f"old has {len(old.first_rank)} queries but new has {len(new.first_rank)}."
        )
    if not np.array_equal(old.has_match, new.has_match):
        n_differ = int(np.count_nonzero(old.has_match != new.has_match))
        raise ValueError(
            f"old and new differ in whether {n_differ} of {len(old.has_match)} queries "
            "have a relevant item: they are not outcomes of the same queries and items."
        )
    check_k(k, min(old.gallery_size, new.gallery_size))
    if not old.has_match.any():
        raise ValueError("No query of old and new has a relevant item to find.")
    right_old, right_new = (
        outcomes.first_rank[outcomes.has_match] <= k for outcomes in (old, new)
    )
    truth = np.ones(len(right_old), dtype=bool)
    return count_flips(truth, right_new, right_old, split_both_wrong=False)
