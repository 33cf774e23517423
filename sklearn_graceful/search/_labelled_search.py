"""A search whose right answers are known: the items with the label of the query."""

import numpy as np

from sklearn_graceful.search._groups import Groups, check_pair
from sklearn_graceful.search._search import Search


class LabelledSearch(Search):
    """`Search` with labels; an item is relevant if it has the label of the query.

    Parameters
    ----------
    queries, gallery, query_ids, gallery_ids, metric, names
        As in `Search`.
    query_labels : array-like of shape (n_queries,)
        Labels of the queries.
    gallery_labels : array-like of shape (n_gallery,), default=None
        Labels of the items; needed with `gallery`, and only then.
    label_names : tuple of str, default=("query_labels", "gallery_labels")
        What error messages call the labels.

    Examples
    --------
    >>> from sklearn_graceful.search import LabelledSearch
    >>> search = LabelledSearch([[1, 0], [3, 2], [0, 1]], query_labels=[0, 0, 1])
    >>> [relevant.tolist() for _, _, relevant in search.each_query()]
    [[1], [0], []]
    """

    def __init__(
        self,
        queries,
        gallery=None,
        query_labels=None,
        gallery_labels=None,
        query_ids=None,
        gallery_ids=None,
        metric="cosine",
        *,
        names=("queries", "gallery"),
        label_names=("query_labels", "gallery_labels"),
    ):
        super().__init__(queries, gallery, query_ids, gallery_ids, metric, names=names)
        if gallery is not None and gallery_labels is None:
            raise ValueError(f"{label_names[1]} is missing: {names[1]} needs labels.")
        if gallery is None and gallery_labels is not None:
            raise ValueError(
                f"{label_names[1]} without {names[1]}: give {label_names[0]} alone."
            )
        lengths = {names[0]: self.n_queries, names[1]: self.n_gallery}
        labels = check_pair(label_names, query_labels, gallery_labels, lengths)
        self.same_label = Groups(*labels)

    def relevant(self, query, scores):
        """Positions, rising, of what a query with these scores should find.

        Parameters
        ----------
        query : int
        scores : ndarray of shape (n_gallery,)

        Returns
        -------
        relevant : ndarray of int
        """
        relevant = self.same_label[query]
        return relevant[scores[relevant] > -np.inf]

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
                yield query, scores, self.relevant(query, scores)
