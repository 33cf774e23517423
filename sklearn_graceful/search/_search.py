"""Exact search of a gallery, one block of queries after another."""

import numpy as np
from sklearn.utils import gen_batches

from sklearn_graceful._arguments import check_choice
from sklearn_graceful._labels import check_same_label_kind
from sklearn_graceful.search._columns import check_labels
from sklearn_graceful.search._groups import Groups
from sklearn_graceful.search._vectors import (
    check_has_distances,
    check_unit_rows,
    check_vectors,
    in_old_space,
)

METRICS = ("cosine", "euclidean")
# Matrix products of fewer rows are slower for each row.
BLOCK_BYTES = 2**27


class Search:
    """Scores of all queries against all gallery items, everything checked."""

    def __init__(
        self, queries, gallery, query_ids, gallery_ids, metric, old_view, names=None
    ):
        check_choice("metric", metric, METRICS)
        self.metric = metric
        self.names = {"queries": "queries", "gallery": "gallery"} | (names or {})
        self.own = gallery is None
        both = self.names["queries"], self.names["gallery"]
        queries = check_vectors(both[0], queries)
        gallery = queries if self.own else check_vectors(both[1], gallery)
        width = gallery.shape[1]
        queries = in_old_space(queries, width, old_view=old_view, names=both)
        self.n_queries, self.n_gallery = len(queries), len(gallery)
        self.same_id = self._group_ids(query_ids, gallery_ids)
        dtype = np.result_type(queries, gallery)
        queries = queries.astype(dtype, copy=False)
        gallery = gallery.astype(dtype, copy=False)
        if metric == "euclidean":
            check_has_distances(both[0], queries)
            check_has_distances(both[1], gallery)
            self._queries, self._gallery = _squared_distance_factors(queries, gallery)
        else:
            # Two copies even of the same rows: of an array and its own transpose NumPy
            # takes the product by another routine, whose last digits differ.
            self._queries = check_unit_rows(both[0], queries)
            self._gallery = check_unit_rows(both[1], gallery)
        self.dtype = self._gallery.dtype
        # Items that each query may find.
        left_out = 0 if self.same_id is None else self.same_id.size_of_query
        self.n_searched = np.full(self.n_queries, self.n_gallery) - left_out
        # Queries whose scores fill a block.
        block_rows = max(BLOCK_BYTES // (self.n_gallery * self.dtype.itemsize), 1)
        self.block_rows = min(block_rows, self.n_queries)

    def _group_ids(self, query_ids, gallery_ids):
        if query_ids is None and gallery_ids is None:
            if not self.own:
                return None
            query_ids = np.arange(self.n_queries)
        elif not self.own and (query_ids is None or gallery_ids is None):
            missing = "query_ids" if query_ids is None else "gallery_ids"
            raise ValueError(f"{missing} is missing: ids are compared, so give both.")
        return self.group("ids", query_ids, gallery_ids)

    def group(self, kind, of_queries, of_gallery):
        """Groups by a column of the queries and, if not its own, one of the gallery."""
        queries, gallery = self.names["queries"], self.names["gallery"]
        query_column, gallery_column = f"query_{kind}", f"gallery_{kind}"
        query_column = self.names.get(query_column, query_column)
        if self.own and of_gallery is not None:
            raise ValueError(
                f"{gallery_column} without {gallery}: give {query_column} alone."
            )
        of_queries = _check_column(query_column, of_queries, queries, self.n_queries)
        if self.own:
            return Groups(of_queries, of_queries)
        of_gallery = _check_column(gallery_column, of_gallery, gallery, self.n_gallery)
        check_same_label_kind(**{query_column: of_queries, gallery_column: of_gallery})
        return Groups(of_queries, of_gallery)

    def blocks(self):
        """Slices of queries, and their scores in a buffer that is overwritten next."""
        buffer = np.empty((self.block_rows, self.n_gallery), self.dtype)
        for rows in gen_batches(self.n_queries, self.block_rows):
            scores = buffer[: rows.stop - rows.start]
            np.matmul(self._queries[rows], self._gallery.T, out=scores)
            if self.metric == "euclidean":
                np.maximum(scores, 0, out=scores)
                np.sqrt(scores, out=scores)
                np.negative(scores, out=scores)
            if self.same_id is not None:
                scores[self.same_id.pairs(rows)] = -np.inf
            yield rows, scores


class LabelledSearch(Search):
    """Scores of all queries against all gallery items, and which ones are relevant.

    Nearer is higher. Everything is checked here, so that the metrics behind may trust
    it. An item is relevant if it has the label of the query; one that a query may not
    find has a score of minus infinity.

    Parameters
    ----------
    queries : array-like of shape (n_queries, n_coordinates)
        Embeddings that search.
    gallery : array-like of shape (n_gallery, n_gallery_coordinates) or None
        Embeddings that are searched; None is the queries themselves, each of which
        then searches the other rows.
    query_labels : array-like of shape (n_queries,)
        Labels of the queries.
    gallery_labels : array-like of shape (n_gallery,) or None
        Labels of the items; needed with `gallery`, and only then.
    query_ids, gallery_ids : array-like or None
        Items with the id of the query are left out; None: none is.
    metric : {"cosine", "euclidean"}, default="cosine"
        The score is the cosine, or minus the Euclidean distance.
    old_view : bool, default=False
        Whether queries may be of another width than the gallery, see `in_old_space`.
    names : dict of str, default=None
        What error messages call "queries", "gallery" and "query_labels", if otherwise.

    Raises
    ------
    ValueError
        If an array holds NaN or infinities or is no matrix; if a row that is compared
        by cosine is zero; if widths differ without `old_view`; if labels or ids are
        missing or have another number of rows; if only one side has ids; if the metric
        is unknown.

    Examples
    --------
    >>> from sklearn_graceful.search import LabelledSearch
    >>> vectors, labels = [[1, 0], [3, 2], [0, 1]], [0, 0, 1]
    >>> search = LabelledSearch(vectors, None, labels, None)
    >>> [relevant.tolist() for _, _, relevant in search.each_query()]
    [[1], [0], []]
    """

    def __init__(
        self,
        queries,
        gallery,
        query_labels,
        gallery_labels,
        query_ids=None,
        gallery_ids=None,
        metric="cosine",
        old_view=False,
        names=None,
    ):
        super().__init__(
            queries, gallery, query_ids, gallery_ids, metric, old_view, names
        )
        if gallery_labels is None and not self.own:
            raise ValueError(
                f"gallery_labels is missing: {self.names['gallery']} needs labels."
            )
        self.same_label = self.group("labels", query_labels, gallery_labels)

    def each_query(self):
        """Go through the queries, block by block.

        Yields
        ------
        query : int
        scores : ndarray of shape (n_gallery,)
            In a buffer that later queries overwrite.
        relevant : ndarray of int
            Positions, rising.
        """
        for rows, block in self.blocks():
            for query, scores in enumerate(block, start=rows.start):
                relevant = self.same_label[query]
                yield query, scores, relevant[scores[relevant] > -np.inf]


def _check_column(name, column, rows, n_rows):
    if column is None:
        raise ValueError(f"{name} is missing: {rows} needs one value a row.")
    (column,) = check_labels(**{name: column})
    if len(column) != n_rows:
        raise ValueError(f"{name} has {len(column)} rows but {rows} has {n_rows}.")
    return column


def _squared_distance_factors(queries, gallery):
    """Matrices whose product is the squared distance."""
    # In double precision and about the gallery's mean: a squared distance is the small
    # difference of large numbers. About whole numbers, which keep whole numbers exact,
    # so that equal distances between them stay equal.
    centre = np.rint(gallery.mean(axis=0, dtype=np.float64))
    queries, gallery = queries - centre, gallery - centre
    queries_squared = np.einsum("ij,ij->i", queries, queries)[:, None]
    gallery_squared = np.einsum("ij,ij->i", gallery, gallery)[:, None]
    ones = np.ones_like
    return (
        np.hstack([-2 * queries, queries_squared, ones(queries_squared)]),
        np.hstack([gallery, ones(gallery_squared), gallery_squared]),
    )
