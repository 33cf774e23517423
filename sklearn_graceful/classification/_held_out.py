"""Rows that are kept away from training, to choose on them."""

import numpy as np


def hold_out(y, share):
    """Mask of a random share of the rows of each class, rounded down.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
        Class indices.
    share : float
        Of each class, in [0, 1).

    Returns
    -------
    held_out : ndarray of bool, shape (n,)
        The same for the same state of NumPy's global generator.
    """
    counts = np.bincount(y)
    rows = np.random.permutation(len(y))  # noqa: NPY002 (seeded for this fit)
    rows = rows[np.argsort(y[rows], kind="stable")]
    rank = np.arange(len(y)) - (np.cumsum(counts) - counts)[y[rows]]
    held_out = np.zeros(len(y), dtype=bool)
    held_out[rows[rank < np.floor(share * counts)[y[rows]]]] = True
    return held_out
