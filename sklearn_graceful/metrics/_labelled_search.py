"""A search whose right answers are known: the items with the label of the query."""

import warnings

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from sklearn_graceful.metrics._groups import Groups, check_pair
from sklearn_graceful.metrics._search import Search


class LabelledSearch(Search):
    """`Search` with labels; an item is relevant if it has the label of the query."""

    def __init__(
        self,
        queries,
        gallery=None,
        *,
        query_labels,
        gallery_labels=None,
        query_ids=None,
        gallery_ids=None,
        metric="cosine",
        names=("queries", "gallery"),
        label_names=("query_labels", "gallery_labels"),
    ):
        super().__init__(
            queries,
            gallery,
            query_ids=query_ids,
            gallery_ids=gallery_ids,
            metric=metric,
            names=names,
        )
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
        """Positions, rising, of what a query with these scores should find."""
        relevant = self.same_label[query]
        return relevant[scores[relevant] > -np.inf]

    def each_query(self):
        """Yield number, scores and relevant positions of one query after another."""
        for rows, block in self.blocks():
            for query, scores in enumerate(block, start=rows.start):
                yield query, scores, self.relevant(query, scores)


def warn_of_no_match(has_match, stacklevel=3):
    """Warn, once, of queries to which no gallery item is relevant."""
    n_missing = len(has_match) - int(np.count_nonzero(has_match))
    if n_missing:
        warnings.warn(
            f"{n_missing} of {len(has_match)} queries have no relevant item in the "
            "gallery. Their figures are undefined, and means leave them out.",
            UndefinedMetricWarning,
            stacklevel=stacklevel + 1,
        )
