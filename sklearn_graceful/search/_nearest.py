"""The nearest gallery items of each query."""

import numpy as np
from sklearn.utils import check_scalar

from sklearn_graceful.search._search import Search


def nearest(
    queries,
    gallery=None,
    k=1,
    *,
    query_ids=None,
    gallery_ids=None,
    metric="cosine",
    old_view=False,
):
    """Find the `k` nearest gallery items of each query, exactly.

    Formula: the `k` highest scores, a score being the cosine similarity or minus the
    Euclidean distance. Items of equal score come in gallery order.

    Parameters
    ----------
    queries : array-like of shape (n_queries, n_coordinates)
        Embeddings that search.
    gallery : array-like of shape (n_gallery, n_gallery_coordinates), default=None
        Embeddings that are searched. None: every query searches the other queries.
    k : int, default=1
        Number of items.
    query_ids : array-like of shape (n_queries,), default=None
        Gallery items with the id of the query are left out.
    gallery_ids : array-like of shape (n_gallery,), default=None
        Ids of the gallery items.
    metric : {"cosine", "euclidean"}, default="cosine"
        What is near. Cosines are computed in single precision if both arrays are,
        distances in double precision.
    old_view : bool, default=False
        Whether queries may be of another width than the gallery, see
        `retrieval_outcomes`.

    Returns
    -------
    indices : ndarray of shape (n_queries, k)
        Gallery rows, the nearest first.
    scores : ndarray of shape (n_queries, k)
        Their scores, falling.

    Raises
    ------
    ValueError
        If an array holds NaN or infinities or is no matrix; if a row that is compared
        by cosine is zero; if widths differ without `old_view`; if ids have another
        number of rows or only one side has them; if the metric is unknown, or `k` not
        between 1 and the number of items that each query may find.

    Notes
    -----
    Queries go block by block: memory beyond one copy of each array does not grow with
    their number.

    Examples
    --------
    >>> from sklearn_graceful.metrics import nearest
    >>> gallery = [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]
    >>> indices, scores = nearest([[0.0, 2.0]], gallery, k=2)
    >>> indices, scores
    (array([[1, 2]]), array([[1. , 0.8]]))
    """
    search = Search(queries, gallery, query_ids, gallery_ids, metric, old_view)
    check_k(k, int(search.n_searched.min()))
    indices = np.empty((search.n_queries, k), dtype=np.intp)
    found = np.empty((search.n_queries, k), dtype=search.dtype)
    for rows, block in search.blocks():
        for query, scores in enumerate(block, start=rows.start):
            indices[query] = highest(scores, k)
            found[query] = scores[indices[query]]
    return indices, found


def check_k(k, most, name="k"):
    """Refuse a number of items that is not between 1 and what can be found.

    Parameters
    ----------
    k : int
    most : int
        Items that a query may find.
    name : str, default="k"
        Of the argument, for the error message.

    Raises
    ------
    TypeError
        If `k` is no whole number.
    ValueError
        If it is out of range.

    Examples
    --------
    >>> from sklearn_graceful.search import check_k
    >>> check_k(3, most=10)
    """
    check_scalar(k, name, (int, np.integer))
    if not 1 <= k <= most:
        raise ValueError(
            f"{name} must be between 1 and {most}, the number of gallery items that a "
            f"query may find, got {k}."
        )


def highest(scores, k):
    """Positions of the highest scores.

    Parameters
    ----------
    scores : ndarray of shape (n,)
    k : int
        How many, at most n.

    Returns
    -------
    positions : ndarray of int, shape (k,)
        The highest first, equal ones by position.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.search import highest
    >>> highest(np.array([0.1, 0.5, 0.3, 0.5]), 3)
    array([1, 3, 2])
    """
    if k == 1:
        return scores.argmax(keepdims=True)
    # The highest of each of many groups are so many items, so that all of the k
    # highest reach the k-th of these. Far fewer items are left to sort.
    n_groups = min(16 * k, len(scores))
    size = len(scores) // n_groups
    group_highest = scores[: n_groups * size].reshape(n_groups, size).max(axis=1)
    bound = np.partition(group_highest, n_groups - k)[n_groups - k]
    candidates = np.flatnonzero(scores >= bound)
    return candidates[np.argsort(-scores[candidates], kind="stable")[:k]]
