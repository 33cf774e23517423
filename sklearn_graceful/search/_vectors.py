"""Vectors that are compared: of unit length, and as an old space sees them."""

from functools import partial

import numpy as np


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
    largest = np.abs(X).max(axis=1, keepdims=True)
    # First by the largest entry: squares of huge or tiny numbers leave the range.
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
    check_have_directions(name, X)
    return unit_rows(X)


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
