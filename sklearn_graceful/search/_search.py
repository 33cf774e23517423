"""Exact search of a gallery, one block of queries after another."""

import numpy as np
from sklearn.utils import check_array

from sklearn_graceful.search._groups import Groups, check_pair
from sklearn_graceful.search._vectors import check_have_directions, old_view, unit_rows

# Matrix products of fewer rows are slower for each row.
BLOCK_BYTES = 2**27


class Search:
    """Scores of all queries against all gallery items; nearer is higher.

    Everything is checked here, so that the metrics behind may trust it. An item that
    a query may not find has a score of minus infinity.

    Parameters
    ----------
    queries : array-like of shape (n_queries, n_coordinates)
        Embeddings that search.
    gallery : array-like of shape (n_gallery, n_gallery_coordinates), default=None
        Embeddings that are searched; None is the queries themselves, each of which
        then searches the other rows.
    query_ids, gallery_ids : array-like, default=None
        Items with the id of the query are left out.
    metric : {"cosine", "euclidean"}, default="cosine"
        Cosine similarity, or minus the Euclidean distance.
    names : tuple of str, default=("queries", "gallery")
        What error messages call the two arrays.

    Raises
    ------
    ValueError
        If an array holds NaN or infinities or is no matrix; if a row that is compared
        by cosine is zero; if ids have another number of rows or only one side has
        them; if the metric is unknown.

    Examples
    --------
    >>> from sklearn_graceful.search import Search
    >>> search = Search([[1.0, 0.0]], [[0.0, 1.0], [3.0, 0.0]])
    >>> [scores.tolist() for _, scores in search.blocks()]
    [[[0.0, 1.0]]]
    """

    def __init__(
        self,
        queries,
        gallery=None,
        query_ids=None,
        gallery_ids=None,
        metric="cosine",
        *,
        names=("queries", "gallery"),
    ):
        if metric not in METRICS:
            raise ValueError(
                f"Unknown metric {metric!r}, choose one of {sorted(METRICS)}."
            )
        if gallery is None and gallery_ids is not None:
            raise ValueError(f"gallery_ids without {names[1]}: give query_ids alone.")
        queries = _check_vectors(names[0], queries)
        own = gallery is None
        gallery = queries if own else _check_vectors(names[1], gallery)
        self.metric = metric
        self.n_queries, self.n_gallery = len(queries), len(gallery)
        self.same_id = self._group_ids(own, query_ids, gallery_ids, names)
        dtype = np.result_type(queries, gallery)
        self._queries, self._gallery = METRICS[metric](
            old_view(queries.astype(dtype, copy=False), gallery.shape[1]),
            gallery.astype(dtype, copy=False),
            names,
        )

    def _group_ids(self, own, query_ids, gallery_ids, names):
        if query_ids is None and gallery_ids is None:
            if not own:
                return None
            query_ids = np.arange(self.n_queries)
        elif not own and (query_ids is None or gallery_ids is None):
            missing = "query_ids" if query_ids is None else "gallery_ids"
            raise ValueError(f"{missing} is missing: ids are compared, so give both.")
        lengths = {names[0]: self.n_queries, names[1]: self.n_gallery}
        ids = check_pair(("query_ids", "gallery_ids"), query_ids, gallery_ids, lengths)
        return Groups(*ids)

    @property
    def dtype(self):
        """Precision of the scores."""
        return self._gallery.dtype

    @property
    def n_searched(self):
        """Items that each query may find, of shape (n_queries,)."""
        left_out = 0 if self.same_id is None else self.same_id.size_of_query
        return np.full(self.n_queries, self.n_gallery) - left_out

    @property
    def block_rows(self):
        """Queries whose scores fill a block."""
        return max(BLOCK_BYTES // (self.n_gallery * self.dtype.itemsize), 1)

    def row_slices(self, n_rows=None):
        """Slices of queries, one a block.

        Parameters
        ----------
        n_rows : int, default=None
            Queries a block; None: `block_rows`.

        Yields
        ------
        rows : slice
        """
        n_rows = n_rows or self.block_rows
        for start in range(0, self.n_queries, n_rows):
            yield slice(start, min(start + n_rows, self.n_queries))

    def blocks(self, n_rows=None):
        """Slices of queries and their scores.

        Parameters
        ----------
        n_rows : int, default=None
            Queries a block; None: `block_rows`.

        Yields
        ------
        rows : slice
        scores : ndarray of shape (n_rows, n_gallery)
            In a buffer that the next block overwrites.
        """
        buffer = None
        for rows in self.row_slices(n_rows):
            if buffer is None:
                buffer = np.empty((rows.stop, self.n_gallery), self.dtype)
            scores = buffer[: rows.stop - rows.start]
            np.matmul(self._queries[rows], self._gallery.T, out=scores)
            if self.metric == "euclidean":
                _minus_root(scores)
            if self.same_id is not None:
                scores[self.same_id.pairs(rows)] = -np.inf
            yield rows, scores


def _check_vectors(name, vectors):
    return check_array(vectors, dtype=(np.float64, np.float32), input_name=name)


def _unit_rows(queries, gallery, names):
    # Two copies even of the same rows: of an array and its own transpose NumPy takes
    # the product by another routine, whose last digits differ.
    return _unit(queries, names[0]), _unit(gallery, names[1])


def _unit(vectors, name):
    # In double precision: squares of small single-precision numbers vanish.
    norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    if norms.min() < 1e-100 or norms.max() > 1e100:
        check_have_directions(name, vectors)
        # Even so, squares may have left the range.
        return unit_rows(vectors)
    return np.divide(vectors, norms[:, None], dtype=vectors.dtype, casting="same_kind")


def _squared_distance_factors(queries, gallery, names):
    """Matrices whose product is minus the squared distance."""
    # In double precision and about the gallery's mean: a squared distance is the small
    # difference of large numbers. About whole numbers, which keep whole numbers exact,
    # so that equal distances between them stay equal.
    centre = np.rint(gallery.mean(axis=0, dtype=np.float64))
    queries, gallery = queries - centre, gallery - centre
    queries_squared = np.einsum("ij,ij->i", queries, queries)[:, None]
    gallery_squared = np.einsum("ij,ij->i", gallery, gallery)[:, None]
    ones = np.ones_like
    return (
        np.hstack([2 * queries, -queries_squared, -ones(queries_squared)]),
        np.hstack([gallery, ones(gallery_squared), gallery_squared]),
    )


def _minus_root(scores):
    np.negative(scores, out=scores)
    np.maximum(scores, 0, out=scores)
    np.sqrt(scores, out=scores)
    np.negative(scores, out=scores)


METRICS = {"cosine": _unit_rows, "euclidean": _squared_distance_factors}
