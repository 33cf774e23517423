"""At which ranks a query finds the relevant items, without sorting the gallery.

Rank 1 is the highest score. Items of equal score rank in gallery order.
"""

import numpy as np

# Up to here it is faster to count the better items of each than to sort.
FEW = 64


def first_rank(scores, relevant):
    """Rank of the nearest relevant item; 0 if there is none.

    Parameters
    ----------
    scores : ndarray of shape (n_gallery,)
        Scores of one query.
    relevant : ndarray of int
        Positions, rising.

    Returns
    -------
    rank : int

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.search import first_rank
    >>> first_rank(np.array([0.2, 0.9, 0.5]), np.array([0, 2]))
    2
    """
    return _rank(scores, relevant[scores[relevant].argmax()]) if len(relevant) else 0


def relevant_ranks(scores, relevant, depth=None):
    """Ranks, rising, of the relevant items, or of those within the first `depth`.

    Parameters
    ----------
    scores : ndarray of shape (n_gallery,)
        Scores of one query.
    relevant : ndarray of int
        Positions, rising.
    depth : int, default=None
        Number of first items that count; None: all.

    Returns
    -------
    ranks : ndarray of int

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.search import relevant_ranks
    >>> relevant_ranks(np.array([0.2, 0.9, 0.5]), np.array([0, 2]))
    array([2, 3])
    """
    if depth is not None and depth < len(scores) and len(relevant) > FEW:
        last = np.partition(scores, len(scores) - depth)[len(scores) - depth]
        relevant = relevant[scores[relevant] >= last]
    if len(relevant) <= FEW:
        ranks = np.sort([_rank(scores, item) for item in relevant]).astype(np.intp)
    else:
        ranks = _ranks_by_sorting(scores, relevant)
    return ranks if depth is None else ranks[ranks <= depth]


def _rank(scores, item):
    score = scores[item]
    better = np.count_nonzero(scores > score)
    return int(1 + better + np.count_nonzero(scores[:item] == score))


def _ranks_by_sorting(scores, relevant):
    relevant = relevant[np.argsort(scores[relevant])]
    own = scores[relevant]
    at_least = np.sort(scores[scores >= own[0]])
    not_above = np.searchsorted(at_least, own, side="right")
    ranks = 1 + len(at_least) - not_above
    tied = not_above - np.searchsorted(at_least, own) > 1
    if tied.any():
        # Items of an equal score that are earlier in the gallery come before.
        items = np.flatnonzero(np.isin(scores, own[tied]))
        items = items[np.argsort(scores[items], kind="stable")]
        before = np.zeros(len(scores), dtype=np.intp)
        first_equal = np.searchsorted(scores[items], scores[items])
        before[items] = np.arange(len(items)) - first_equal
        ranks += before[relevant]
    return np.sort(ranks)
