"""What the metrics accept beside labels: partitions and row weights, checked once."""

import numpy as np

from sklearn_graceful.search import check_aligned, check_labels, chunks


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
    >>> from sklearn_graceful.metrics import check_partitions
    >>> check_partitions(labels=["a", "b"], clusters=[3, 4])[1]
    array([3, 4])
    """
    arrays = check_aligned(**partitions)
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
    >>> from sklearn_graceful.metrics import check_weight
    >>> check_weight([1, 2], np.array(["a", "b"]))
    array([1, 2])
    """
    if sample_weight is None:
        return None
    columns = check_aligned(y_true=y_true, sample_weight=sample_weight)
    weight = columns["sample_weight"]
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
