"""Vectors that are compared: of unit length, and as an old space sees them."""

from functools import partial

import numpy as np
from sklearn.utils import check_array, check_scalar

from sklearn_graceful.search._columns import chunks
from sklearn_graceful.search._containers import as_vectors

# Vectors whose length differs from 1 by no more are of unit length.
_ROUNDING = 1e-3
# Of larger numbers the sums of squares may leave the range of double precision.
_LARGEST = 1e150
# Squares whose sum is as precise as they are.
_TINY, _HUGE = 1e-30, 1e30


def check_vectors(name, vectors):
    """Turn vectors, in any container, into an array of single or double precision.

    Parameters
    ----------
    name : str
        Of the argument, for the error message.
    vectors : array-like of shape (n, d), or a column of n vectors
        See `as_vectors`.

    Returns
    -------
    vectors : ndarray of shape (n, d)
        In single precision if they came in single or half precision, else in double.

    Raises
    ------
    ValueError
        If they are no matrix of finite numbers, or there is none.
    TypeError
        If they are sparse.

    Examples
    --------
    >>> from sklearn_graceful.search import check_vectors
    >>> check_vectors("queries", [[1, 0]])
    array([[1., 0.]])
    """
    vectors = as_vectors(name, vectors)
    shape = np.shape(vectors)
    if len(shape) != 2 or 0 in shape:
        raise ValueError(f"{name} must have shape (n, dim), got {shape}.")
    is_half = getattr(vectors, "dtype", None) == np.float16
    dtypes = np.float32 if is_half else (np.float64, np.float32)
    return check_array(vectors, dtype=dtypes, input_name=name)


def in_old_space(vectors, dim, *, old_view, names):
    """Vectors as wide as those that they are compared with.

    The one rule for widths that differ: vectors of two models say nothing to each
    other, unless one was trained to fit the other's space. So that has to be said.

    Parameters
    ----------
    vectors : ndarray of shape (n, d)
        Finite.
    dim : int
        Width of what they are compared with.
    old_view : bool
        Whether vectors of another width are taken by their old view: the first
        coordinates, of unit length again where the whole vectors are, or with zeros
        appended.
    names : (str, str)
        Of both arguments, for the error message.

    Returns
    -------
    vectors : ndarray of shape (n, dim)

    Raises
    ------
    ValueError
        If widths differ and `old_view` is False, or an old view has no direction.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.search import in_old_space
    >>> in_old_space(
    ...     np.array([[0.6, 0.0, 0.8]]), 2, old_view=True, names=("queries", "gallery")
    ... )
    array([[1., 0.]])
    """
    check_scalar(old_view, "old_view", (bool, np.bool))
    if vectors.shape[1] == dim:
        return vectors
    ours, theirs = names
    if not old_view:
        raise ValueError(
            f"{ours} has width {vectors.shape[1]}, but {theirs} has width {dim}. If "
            "the new model was trained to fit the old space, pass its old views, "
            "old_view(vectors), or say old_view=True; vectors of any other model take "
            "an EmbeddingAdapter."
        )
    view = first_coordinates(vectors, dim)
    if vectors.shape[1] < dim or not are_unit_rows(vectors):
        return view
    return check_unit_rows(f"The old view of {ours}", view)


def check_has_distances(name, X):
    """Refuse vectors of such large numbers that no distance can be computed.

    Parameters
    ----------
    name : str
        Of the argument, for the error message.
    X : ndarray of shape (n, d)
        Finite.

    Raises
    ------
    ValueError
        If squares leave the range of double precision.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.search import check_has_distances
    >>> check_has_distances("X", np.array([[0.0, 2.0]]))
    """
    largest = float(np.abs(X).max())
    if largest > _LARGEST:
        raise ValueError(
            f"{name} holds {largest:.3g}, whose square is out of range: scale vectors "
            "down before they are compared by distance."
        )


def first_coordinates(vectors, dim):
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
    >>> from sklearn_graceful.search import first_coordinates
    >>> vectors = np.array([[1, 2, 3]])
    >>> first_coordinates(vectors, 2), first_coordinates(vectors, 4)
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


def are_unit_rows(X):
    """Whether all rows are of unit length, up to rounding.

    Parameters
    ----------
    X : ndarray of shape (n, d)

    Returns
    -------
    are_unit : bool

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.search import are_unit_rows
    >>> are_unit_rows(np.array([[0.6, 0.8]])), are_unit_rows(np.array([[3.0, 4.0]]))
    (True, False)
    """
    squares = np.einsum("ij,ij->i", X, X, dtype=np.float64)
    return are_of_length_one(np.sqrt(squares))


def are_of_length_one(lengths):
    """Whether lengths are all 1, up to rounding.

    Parameters
    ----------
    lengths : ndarray

    Returns
    -------
    are_one : bool

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.search import are_of_length_one
    >>> are_of_length_one(np.array([1.0, 0.9999]))
    True
    """
    return bool((np.abs(lengths - 1) < _ROUNDING).all())


def lengths_of(X):
    """Length of each row.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Finite.

    Returns
    -------
    lengths : ndarray of shape (n, 1)
        Also of rows whose squares leave the range.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.search import lengths_of
    >>> lengths_of(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[5.],
           [0.]])
    """
    largest = np.abs(X).max(axis=1, keepdims=True)
    shrunk = X / np.where(largest > 0, largest, 1)
    return largest * np.linalg.norm(shrunk, axis=1, keepdims=True)


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
