"""Rows of unit length."""

import numpy as np


def unit_rows(X):
    """Rows scaled to unit length; a zero row stays zero.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Finite.

    Returns
    -------
    units : ndarray of shape (n, d)
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
    """
    zero = ~X.any(axis=1)
    if zero.any():
        first = int(np.flatnonzero(zero)[0])
        raise ValueError(
            f"{name} has {int(zero.sum())} zero vectors among {len(X)} rows, the first "
            f"in row {first}: a zero vector has no direction. Leave such rows out, or "
            "set normalize=False."
        )
    return unit_rows(X)
