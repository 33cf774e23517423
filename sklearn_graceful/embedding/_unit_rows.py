"""Rows of unit length, where the user may do without."""

from sklearn_graceful._unit_rows import check_have_directions, unit_rows

__all__ = ["check_unit_rows", "unit_rows"]


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
    advice = " Leave such rows out, or set normalize=False."
    check_have_directions(name, X, advice)
    return unit_rows(X)
