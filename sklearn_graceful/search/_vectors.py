"""Vectors that are compared: of unit length, and as an old space sees them."""

from functools import partial

import numpy as np

from sklearn_graceful.search._columns import chunks

# Squares whose sum is as precise as they are.
_TINY, _HUGE = 1e-30, 1e30


def old_view(vectors, dim):
    """First coordinates of vectors, with zeros appended where they are narrower.

    Parameters
    ----------
    vectors : ndarray or torch tensor of shape (n, d)
        New embeddings.
    dim : int
        Width of the old space.

    Returns
    -------
    view : ndarray or tensor of shape (n, dim)
        Not scaled again; of a tensor with its gradient.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.search import old_view
    >>> old_view(np.array([[1, 2, 3]]), 2), old_view(np.array([[1, 2, 3]]), 4)
    (array([[1, 2]]), array([[1, 2, 3, 0]]))
    """
    n_rows, width = vectors.shape
    if width >= dim:
        return vectors[:, :dim]
    # A tensor brings the zeros of its own type and device.
    zeros = getattr(vectors, "new_zeros", partial(np.zeros, dtype=vectors.dtype))
    view = zeros((n_rows, dim))
    view[:, :width] = vectors
    return view


def unit_rows(X):
    """Rows scaled to unit length; a zero row stays zero.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Finite.

    Returns
    -------
    units : ndarray of shape (n, d)
        Of the floating-point type of `X`, or in double precision.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.search import unit_rows
    >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    return _units(X)[0]


def _units(X):
    """Units, and whether all rows have a direction."""
    X = X if X.dtype.kind == "f" else X.astype(np.float64)
    units, all_have = np.empty_like(X, order="C"), True
    for rows in chunks(X, row_bytes=X.itemsize * X.shape[1]):
        squares = np.einsum("ij,ij->i", X[rows], X[rows])
        if squares.min() > _TINY and squares.max() < _HUGE:
            np.divide(X[rows], np.sqrt(squares)[:, None], out=units[rows])
        else:
            units[rows] = _of_any_length(X[rows])
            all_have &= bool(X[rows].any(axis=1).all())
    return units, all_have


def _of_any_length(X):
    # First by the largest entry: squares of huge or tiny numbers leave the range.
    largest = np.abs(X).max(axis=1, keepdims=True)
    X = X / np.where(largest > 0, largest, 1)
    lengths = np.linalg.norm(X, axis=1, keepdims=True)
    return X / np.where(lengths > 0, lengths, 1)


def check_unit_rows(name, X):
    """Rows scaled to unit length, refusing rows that have no direction.

    Parameters
    ----------
    name : str
        Of the argument, for the error message.
    X : ndarray of shape (n, d)
        Finite.

    Returns
    -------
    units : ndarray of shape (n, d)

    Raises
    ------
    ValueError
        If a row is zero.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.search import check_unit_rows
    >>> check_unit_rows("X", np.array([[0.0, 2.0]]))
    array([[0., 1.]])
    """
    units, all_have = _units(X)
    if not all_have:
        check_have_directions(name, X)
    return units


def check_have_directions(name, X):
    """Refuse zero rows, which cannot be scaled to unit length.

    Parameters
    ----------
    name : str
        Of the argument, for the error message.
    X : ndarray of shape (n, d)
        Finite.

    Raises
    ------
    ValueError
        If a row is zero.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.search import check_have_directions
    >>> check_have_directions("X", np.array([[0.0, 2.0]]))
    """
    zero = ~X.any(axis=1)
    if zero.any():
        raise ValueError(
            f"{name}: row {int(zero.argmax())} is 0 in the {X.shape[1]} coordinates "
            f"that count, so it has no direction, one of {int(zero.sum())} such rows "
            f"among {len(X)}."
        )
