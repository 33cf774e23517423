"""Columns of labels or ids beside vectors: checked once, read in chunks."""

import numpy as np

from sklearn_graceful._labels import check_same_label_kind

CHUNK_BYTES = 2**20
MAX_CHUNK_ROWS = 2**17


def chunks(*arrays, row_bytes=1):
    """Slices over the rows of aligned arrays, each about a MiB of the widest array.

    Parameters
    ----------
    *arrays : ndarray of n rows
    row_bytes : int, default=1
        Size of what the caller makes of a row, where that is wider.

    Yields
    ------
    rows : slice

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.search import chunks
    >>> [(rows.start, rows.stop) for rows in chunks(np.zeros(200_000))]
    [(0, 131072), (131072, 262144)]
    """
    # Shorter chunks restart the processor's prefetching too often, longer ones fall
    # out of its cache before they are read a second time.
    widest = max(row_bytes, *(array.itemsize for array in arrays))
    rows = min(max(CHUNK_BYTES // widest, 1), MAX_CHUNK_ROWS)
    for start in range(0, len(arrays[0]), rows):
        yield slice(start, start + rows)


def check_aligned(**columns):
    """Turn columns into 1-D arrays of one length, whatever they hold.

    Parameters
    ----------
    **columns : array-like of shape (n,)
        By the name that the error message shall use.

    Returns
    -------
    arrays : dict of str to ndarray of shape (n,)

    Raises
    ------
    ValueError
        If a column is not 1-D, is empty or differs in length from the first one.

    Examples
    --------
    >>> from sklearn_graceful.search import check_aligned
    >>> check_aligned(ids=[4, 5], clusters=["a", "b"])["ids"]
    array([4, 5])
    """
    arrays = {name: np.asarray(column) for name, column in columns.items()}
    for name, array in arrays.items():
        if array.ndim != 1:
            raise ValueError(
                f"{name} must be 1-D, got shape {array.shape}. Only single-label "
                "classification is supported: one label a row."
            )
    first, *_ = arrays
    n_rows = len(arrays[first])
    if not n_rows:
        raise ValueError(f"{first} is empty: there are no rows to count.")
    for name, array in arrays.items():
        if len(array) != n_rows:
            raise ValueError(f"{name} has {len(array)} rows but {first} has {n_rows}.")
    return arrays


def check_labels(**labels):
    """Turn aligned label columns into arrays, refusing what cannot be compared.

    Parameters
    ----------
    **labels : array-like of shape (n,)
        Columns by the name that the error message shall use.

    Returns
    -------
    arrays : list of ndarray of shape (n,)

    Raises
    ------
    ValueError
        If a column is not 1-D, is empty, holds NaN, differs in length from the
        first one, or holds labels of a kind that can never match.

    Examples
    --------
    >>> from sklearn_graceful.search import check_labels
    >>> check_labels(y_true=["a", "b"], y_pred=["b", "b"])[1].tolist()
    ['b', 'b']
    """
    arrays = check_aligned(**labels)
    check_same_label_kind(**arrays)
    for name, array in arrays.items():
        if _holds_nan(array):
            raise ValueError(f"{name} holds NaN, which is not a class label.")
    return list(arrays.values())


def _holds_nan(array):
    if array.dtype.kind not in "fOT":
        return False
    return any((array[rows] != array[rows]).any() for rows in chunks(array))
