"""Gallery items by what they share: a label, or an id."""

import numpy as np

from sklearn_graceful._labels import check_same_label_kind
from sklearn_graceful.search._columns import check_labels


class Groups:
    """Positions of gallery items, looked up by the label or id of a query.

    Parameters
    ----------
    queries, gallery : ndarray of shape (n_queries,) and (n_gallery,)
        Labels or ids of one kind.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.search import Groups
    >>> Groups(np.array(["a", "b"]), np.array(["b", "a", "b"]))[1]
    array([0, 2])
    """

    def __init__(self, queries, gallery):
        _, codes = np.unique(_joined(queries, gallery), return_inverse=True)
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
        """All pairs of a slice of queries and the items that share their value.

        Parameters
        ----------
        rows : slice
            Of queries.

        Returns
        -------
        query, item : ndarray of shape (n_pairs,)
            The query counted from the slice's start, the item's position.
        """
        sizes = self.size_of_query[rows]
        first_pair = np.cumsum(sizes) - sizes
        first_member = self.starts[self.code_of_query[rows]]
        query = np.repeat(np.arange(len(sizes)), sizes)
        member = np.arange(len(query)) + np.repeat(first_member - first_pair, sizes)
        return query, self.positions[member]


def check_pair(names, queries, gallery, lengths):
    """Turn a query and a gallery column (None: one for both) into comparable arrays."""
    # lengths: numbers of rows of the queries and of the gallery, by their names.
    columns = [queries] if gallery is None else [queries, gallery]
    checked = {}
    # The gallery's name and length are not read where there is one column only.
    for name, column, (rows, length) in zip(
        names, columns, lengths.items(), strict=False
    ):
        if column is None:
            raise ValueError(f"{name} is missing: {rows} needs one value a row.")
        (checked[name],) = check_labels(**{name: column})
        if len(checked[name]) != length:
            raise ValueError(
                f"{name} has {len(checked[name])} rows but {rows} has {length}."
            )
    check_same_label_kind(**checked)
    columns = list(checked.values())
    return columns[0], columns[-1]


def _joined(queries, gallery):
    joined = np.concatenate([queries, gallery])
    if joined.dtype.kind == "f" and {queries.dtype.kind, gallery.dtype.kind} <= {
        "i",
        "u",
    }:
        # Signed with unsigned 64-bit integers meet as floats, which would merge ids.
        return np.concatenate([queries.astype(object), gallery.astype(object)])
    return joined
