"""The nearest rows of one block: by faiss where it is installed, else by NumPy."""

from functools import cache

import numpy as np
from sklearn.utils import gen_batches

from sklearn_graceful.search import highest, nearest

# Scores that NumPy computes at once.
_SCORES = 2**22
# Squared distances that are wrong by a larger share are no ground to rank by.
_CANCELLED = 1e-3


def top_k(queries, rows, k, euclidean=False, skipped=None):
    """Find the k rows of highest score for each query.

    Parameters
    ----------
    queries : ndarray of float32, shape (n_queries, dim)
    rows : ndarray of float32, shape (n_rows, dim)
    k : int
        At least 1.
    euclidean : bool, default=False
        Whether scores are minus the Euclidean distance; else they are inner products.
    skipped : ndarray of bool, shape (n_rows,), default=None
        Rows that are not there.

    Returns
    -------
    scores : ndarray of float32, shape (n_queries, min(k, number of rows))
        The highest first.
    positions : ndarray of int64, of the same shape
        Equal scores by position.
    """
    kept = None
    if skipped is not None and skipped.any():
        # A copy, but a scan in one piece is worth it.
        kept = np.flatnonzero(~skipped)
        rows = rows[kept]
    k = min(k, len(rows))
    if not k or not len(queries):
        shape = len(queries), k
        return np.empty(shape, np.float32), np.empty(shape, np.int64)
    find = _by_numpy if _faiss() is None else _by_faiss
    scores, positions = find(queries, rows, k, euclidean)
    return scores, positions if kept is None else kept[positions]


def merge(found, k):
    """Take the k highest of several results.

    Parameters
    ----------
    found : list of (scores, rows)
        Arrays of shape (n_queries, any number).
    k : int

    Returns
    -------
    scores, rows : ndarray of shape (n_queries, k or fewer)
        The highest first, equal ones by row.
    """
    scores = np.hstack([scores for scores, _ in found])
    rows = np.hstack([rows for _, rows in found])
    order = np.lexsort((rows, -scores), axis=1)[:, :k]
    return (
        np.take_along_axis(scores, order, axis=1),
        np.take_along_axis(rows, order, axis=1),
    )


@cache
def _faiss():
    try:
        import faiss
    except ImportError:
        return None
    return faiss


def _by_faiss(queries, rows, k, euclidean):
    faiss = _faiss()
    metric = faiss.METRIC_L2 if euclidean else faiss.METRIC_INNER_PRODUCT
    # One more tells whether the last place is shared.
    scores, positions = faiss.knn(queries, rows, min(k + 1, len(rows)), metric=metric)
    doubtful = np.zeros(len(queries), bool)
    if euclidean:
        # faiss takes a distance for the difference of squares, in single precision.
        exact = _distances(queries, rows, positions)
        doubtful |= (np.abs(scores - exact**2) > _CANCELLED * exact[:, -1:] ** 2).any(1)
        scores = -exact
    if scores.shape[1] > k:
        doubtful |= scores[:, k] == scores[:, k - 1]
    scores, positions = merge([(scores, positions)], k)
    for query in np.flatnonzero(doubtful):
        again = _by_numpy(queries[query : query + 1], rows, k, euclidean)
        scores[query], positions[query] = again[0][0], again[1][0]
    return scores, positions


def _distances(queries, rows, positions):
    difference = rows[positions] - queries[:, None]
    return np.sqrt(np.einsum("ijk,ijk->ij", difference, difference))


def _by_numpy(queries, rows, k, euclidean):
    if euclidean:
        positions, scores = nearest(queries, rows, k, metric="euclidean")
        return scores.astype(np.float32), positions.astype(np.int64)
    positions = np.empty((len(queries), k), np.int64)
    found = np.empty((len(queries), k), np.float32)
    for part in gen_batches(len(queries), max(1, _SCORES // len(rows))):
        scores = queries[part] @ rows.T
        for query, own in enumerate(scores, start=part.start):
            positions[query] = highest(own, k)
            found[query] = own[positions[query]]
    return found, positions
