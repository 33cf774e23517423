"""What one query is worth, by the name of the measure."""

import re
from functools import lru_cache

import numpy as np

from sklearn_graceful.metrics._ranks import first_rank, relevant_ranks


def average_precision(ranks, n_relevant):
    """Mean precision at the relevant items; those that `ranks` lacks count as 0."""
    return float(np.sum(np.arange(1, len(ranks) + 1) / ranks) / n_relevant)


def discounted_gain(ranks, n_relevant):
    """NDCG of binary relevance."""
    return float(np.sum(1 / np.log2(1 + ranks)) / _ideal_gain(n_relevant))


@lru_cache
def _ideal_gain(n_relevant):
    return np.sum(1 / np.log2(np.arange(2, n_relevant + 2)))


def check_measure(measure, gallery_size):
    """Split a measure's name into a known one and its k.

    Parameters
    ----------
    measure : str
        ``"recall@1"`` (any k), ``"map"`` or ``"ndcg"``.
    gallery_size : int
        Most items that any query may find.

    Returns
    -------
    name : {"recall", "map", "ndcg"}
    k : int or None

    Raises
    ------
    ValueError
        If the measure is unknown or its k no number from 1 to `gallery_size`.
    """
    if measure in ("map", "ndcg"):
        return measure, None
    found = re.fullmatch(r"recall@(\d+)", measure) if isinstance(measure, str) else None
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
    return "recall", k


def measure_query(measure, scores, relevant):
    """Measure one query that has relevant items, by a checked measure."""
    name, k = measure
    if name == "recall":
        return float(first_rank(scores, relevant) <= k)
    ranks = relevant_ranks(scores, relevant)
    value = average_precision if name == "map" else discounted_gain
    return value(ranks, len(relevant))
