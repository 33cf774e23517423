"""Refuse data that are not the ones a loader promises."""

import numpy as np


def check_data(name, X, y, *, shape, counts):
    """Check the shape of X and how often each class occurs.

    Parameters
    ----------
    name : str
        What the data are called in the message.
    X : ndarray of shape (n, n_features)
        Rows.
    y : ndarray of shape (n,)
        Labels.
    shape : tuple of int
        What X must have.
    counts : sequence of int
        Rows of each class, in the order of the sorted labels.

    Raises
    ------
    ValueError
        If either differs.
    """
    found = np.unique(y, return_counts=True)[1].tolist()
    if X.shape != tuple(shape) or len(y) != shape[0] or found != list(counts):
        raise ValueError(
            f"The file of {name} holds other data than expected: X has shape {X.shape} "
            f"instead of {tuple(shape)}, the classes have {found} rows instead of "
            f"{list(counts)}."
        )
