"""Gallery items by what they share: a label, or an id."""

import numpy as np


class Groups:
    """Positions of gallery items by the label or id, of one kind, of a query."""

    def __init__(self, queries, gallery):
        if {queries.dtype.kind, gallery.dtype.kind} == {"i", "u"}:
            # Signed with unsigned 64-bit integers would meet as floats and merge ids.
            queries, gallery = queries.astype(object), gallery.astype(object)
        _, codes = np.unique(np.concatenate([queries, gallery]), return_inverse=True)
        self.code_of_query, self.code_of_item = np.split(codes, [len(queries)])
        self.positions = np.argsort(self.code_of_item, kind="stable")
        sizes = np.bincount(self.code_of_item, minlength=codes.max() + 1)
        self.starts = np.concatenate([[0], np.cumsum(sizes)])
        self.size_of_query = sizes[self.code_of_query]

    def __getitem__(self, query):
        """Positions, rising, of the items that share the query's value."""
        code = self.code_of_query[query]
        return self.positions[self.starts[code] : self.starts[code + 1]]

    def pairs(self, rows):
        """All pairs of a slice of queries, from 0, and the items of their value."""
        sizes = self.size_of_query[rows]
        first_pair = np.cumsum(sizes) - sizes
        first_member = self.starts[self.code_of_query[rows]]
        query = np.repeat(np.arange(len(sizes)), sizes)
        member = np.arange(len(query)) + np.repeat(first_member - first_pair, sizes)
        return query, self.positions[member]
