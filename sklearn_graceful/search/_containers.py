"""Vectors, labels and ids in the containers that users hold them in.

scikit-learn takes arrays, lists and tables with a column for each coordinate. Beside
these there are tensors, and columns whose cells are whole vectors.
"""

import numpy as np
from scipy import sparse

from sklearn_graceful._containers import as_readable_rows
from sklearn_graceful._kinds import is_a


def as_vectors(name, vectors):
    """Turn vectors into what scikit-learn's validation takes.

    Parameters
    ----------
    name : str
        Of the argument, for the error message.
    vectors : array-like of shape (n, d), or a column of n vectors
        An array, a list, a tensor on any device, a table with a column for each
        coordinate; or a column, or a table of one, whose cells are vectors.

    Returns
    -------
    rows : object
        A table as it is, anything else as an ndarray.

    Raises
    ------
    ValueError
        If a cell holds no vector, or vectors are of different widths.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.search import as_vectors
    >>> column = np.empty(2, object)
    >>> column[:] = np.array([1.0, 0.0]), np.array([0.6, 0.8])
    >>> as_vectors("queries", column)
    array([[1. , 0. ],
           [0.6, 0.8]])
    """
    vectors = as_readable_rows(vectors, name)
    if vectors is None or sparse.issparse(vectors) or _is_table(vectors):
        return vectors
    if _are_tensors(vectors):
        vectors = [as_vectors(name, vector) for vector in vectors]
    try:
        array = np.asarray(vectors)
    except ValueError as error:
        raise ValueError(f"{name} must hold vectors of one width.") from error
    if array.dtype.kind == "V" and array.dtype.names is None:
        return array.astype(np.float32)  # brain floats, of which NumPy knows the size
    if array.dtype.kind in "SUT":
        raise ValueError(f"{name} must hold numbers, got {array.dtype}.")
    is_column = array.ndim in (1, 2) and 0 < array.size == len(array)
    if array.dtype.kind != "O" or not is_column:
        return vectors if hasattr(vectors, "columns") else array
    return _stacked(name, array.ravel())


def as_column(name, values):
    """Turn labels, ids or scores into an array.

    Parameters
    ----------
    name : str
        Of the argument, for the error message.
    values : array-like of shape (n,)
        An array, a list, a tensor on any device, or a column of a table.

    Returns
    -------
    column : ndarray
        Of whatever shape and type `values` are.

    Raises
    ------
    ValueError
        If values are masked.
    TypeError
        If they are sparse.

    Examples
    --------
    >>> from sklearn_graceful.search import as_column
    >>> as_column("ids", ["a", 1])  # which NumPy would make strings without a word
    array(['a', 1], dtype=object)
    """
    if sparse.issparse(values):
        raise TypeError(f"{name} is sparse, which is not supported: give toarray().")
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise ValueError(f"{name} has masked values: leave their rows out.")
    if is_a(values, "torch.Tensor"):
        return np.asarray(as_readable_rows(values))
    if _are_tensors(values):
        values = [as_column(name, value) for value in values]
    try:
        column = np.asarray(values)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{name} must be 1-D, one value a row.") from error
    is_text = column.dtype.kind in "US" and isinstance(values, list | tuple)
    if is_text and not all(isinstance(value, str | bytes) for value in values):
        return np.asarray(values, dtype=object)
    return column


def _are_tensors(values):
    """Whether there are tensors in a list."""
    listed = isinstance(values, list | tuple)
    return listed and any(is_a(item, "torch.Tensor") for item in values)


def _is_table(vectors):
    """Whether it is a table with a column for each coordinate."""
    return hasattr(vectors, "columns") and vectors.shape[1] > 1


def _stacked(name, cells):
    """Vectors as rows; a column of numbers as it is."""
    rows = [np.asarray(as_readable_rows(cell)) for cell in cells]
    if any(isinstance(cell, str | bytes) for cell in cells):
        raise ValueError(f"{name} must hold numbers, got strings.")
    if not any(row.ndim for row in rows):
        return cells
    for number, row in enumerate(rows):
        if row.ndim != 1 or row.dtype.kind == "O":
            raise ValueError(
                f"{name}: row {number} holds no vector: {cells[number]!r}."
            )
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        raise ValueError(
            f"{name} holds vectors of widths from {min(widths)} to {max(widths)}."
        )
    return np.stack(rows)
