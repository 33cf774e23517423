"""What the metrics accept as rows: label arrays and weights, checked once."""

import numpy as np

from sklearn_graceful._labels import check_same_label_kind

CHUNK_BYTES = 2**20
MAX_CHUNK_ROWS = 2**17


def chunks(*arrays, row_bytes=1):
    """Slices over the rows of aligned arrays, each about a MiB of the widest array.

    `row_bytes` is the size of what the caller makes of a row, where that is wider.
    Shorter chunks restart the processor's prefetching too often, longer ones fall out
    of its cache before they are read a second time.
    """
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
    """
    arrays = _check_columns(**labels)
    check_same_label_kind(**arrays)
    for name, array in arrays.items():
        _check_no_nan(name, array)
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
    """
    arrays = _check_columns(**partitions)
    for name, array in arrays.items():
        check_same_label_kind(**{name: array})
        _check_no_nan(name, array)
    return list(arrays.values())


def _check_columns(**columns):
    """Turn aligned columns into 1-D arrays by name, neither empty nor misaligned."""
    arrays = {name: _check_1d(name, column) for name, column in columns.items()}
    first, *_ = arrays
    if not len(arrays[first]):
        raise ValueError(f"{first} is empty: there are no rows to count.")
    for name, array in arrays.items():
        _check_same_length(first, arrays[first], name, array)
    return arrays


def check_weight(sample_weight, y_true):
    """Turn row weights into an array aligned with `y_true`; None stays None.

    Raises
    ------
    ValueError
        If the weights are not 1-D numbers, differ in length from `y_true`, or one
        of them is negative, infinite or NaN.
    """
    if sample_weight is None:
        return None
    weight = _check_1d("sample_weight", sample_weight)
    _check_same_length("y_true", y_true, "sample_weight", weight)
    if weight.dtype.kind == "O":
        weight = weight.astype(np.float64)
    if weight.dtype.kind not in "biuf":
        raise ValueError(f"sample_weight must hold numbers, got {weight.dtype}.")
    # Written so that NaN, which min and max hand on, fails the comparison.
    if not (weight.min() >= 0 and weight.max() < np.inf):
        raise ValueError("sample_weight must be finite and not negative.")
    return weight


def are_frequencies(weight):
    """Whether all weights are whole numbers, so that they can count repeated rows."""
    if weight is None or weight.dtype.kind in "biu":
        return True
    return all(
        (weight[rows] == np.floor(weight[rows])).all() for rows in chunks(weight)
    )


def _check_1d(name, column):
    array = np.asarray(column)
    if array.ndim != 1:
        raise ValueError(
            f"{name} must be 1-D, got shape {array.shape}. Only single-label "
            "classification is supported: one label a row."
        )
    return array


def _check_same_length(first, reference, name, array):
    if len(array) != len(reference):
        raise ValueError(
            f"{name} has {len(array)} rows but {first} has {len(reference)}."
        )


def _check_no_nan(name, array):
    if _holds_nan(array):
        raise ValueError(f"{name} holds NaN, which is not a class label.")


def _holds_nan(array):
    if array.dtype.kind not in "fOT":
        return False
    return any((array[rows] != array[rows]).any() for rows in chunks(array))
