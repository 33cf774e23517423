"""Rows of unit length: the scaling, and the check that there is a direction."""

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
        Of the floating-point type of `X`, or in double precision.
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
    """
    zero = ~X.any(axis=1)
    if zero.any():
        raise ValueError(
            f"{name}: row {int(zero.argmax())} is 0 in the {X.shape[1]} coordinates "
            f"that count, so it has no direction, one of {int(zero.sum())} such rows "
            f"among {len(X)}."
        )
