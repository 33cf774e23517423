"""Columns of labels, ids or weights, one value a row: checked once, read in chunks."""

import numpy as np

from sklearn_graceful._containers import as_values
from sklearn_graceful._labels import check_same_label_kind
from sklearn_graceful.search._containers import as_column

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
    arrays = _aligned(labels)
    check_same_label_kind(**arrays)
    for name, array in arrays.items():
        if _holds_nan(array):
            raise ValueError(f"{name} holds NaN, which is not a class label.")
    return list(arrays.values())


def check_partitions(**partitions):
    """Turn aligned columns of classes, clusters or versions into arrays.

    Unlike labels, they are of one kind each but need not be of the same one.

    Parameters
    ----------
    **partitions : array-like of shape (n,)
        Columns by the name that the error message shall use.

    Returns
    -------
    arrays : list of ndarray of shape (n,)

    Raises
    ------
    ValueError
        If a column is not 1-D, is empty, holds NaN or mixed kinds, or differs in
        length from the first one.

    Examples
    --------
    >>> from sklearn_graceful.search import check_partitions
    >>> check_partitions(labels=["a", "b"], clusters=[3, 4])[1]
    array([3, 4])
    """
    arrays = _aligned(partitions)
    for name, array in arrays.items():
        check_labels(**{name: array})
    return list(arrays.values())


def check_weight(sample_weight, y_true):
    """Turn row weights into an array aligned with `y_true`; None stays None.

    Parameters
    ----------
    sample_weight : array-like of shape (n,) or None
    y_true : ndarray of shape (n,)

    Returns
    -------
    weight : ndarray of shape (n,) or None

    Raises
    ------
    ValueError
        If the weights are not 1-D numbers, differ in length from `y_true`, or one
        of them is negative, infinite or NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.search import check_weight
    >>> check_weight([1, 2], np.array(["a", "b"]))
    array([1, 2])
    """
    if sample_weight is None:
        return None
    columns = {"y_true": y_true, "sample_weight": sample_weight}
    weight = _aligned(columns)["sample_weight"]
    if weight.dtype.kind == "O":
        try:
            weight = weight.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"sample_weight must hold numbers: {error}.") from error
    if weight.dtype.kind not in "biuf":
        raise ValueError(f"sample_weight must hold numbers, got {weight.dtype}.")
    # Written so that NaN, which min and max hand on, fails the comparison.
    if not (weight.min() >= 0 and weight.max() < np.inf):
        raise ValueError("sample_weight must be finite and not negative.")
    return weight


def _aligned(columns):
    """Columns, by name, as 1-D arrays of one length, whatever they hold."""
    arrays = {
        name: as_values(name, as_column(name, column))
        for name, column in columns.items()
    }
    first, *_ = arrays
    for name, array in arrays.items():
        if array.ndim != 1:
            raise ValueError(
                f"{name} must be 1-D, got shape {array.shape}. Only single-label "
                "classification is supported: one label a row."
            )
        n_rows = len(arrays[first])
        if not n_rows:
            raise ValueError(f"{first} is empty: there are no rows to count.")
        if len(array) != n_rows:
            raise ValueError(f"{name} has {len(array)} rows but {first} has {n_rows}.")
    return arrays


def _holds_nan(array):
    if array.dtype.kind not in "fOT":
        return False
    return any((array[rows] != array[rows]).any() for rows in chunks(array))
