"""Refuse data that are not the ones a loader promises."""

import numpy as np


def check_data(name, X, y, *, shape, counts):
    """Check the shape of X, and the rows of each class in the order of their labels."""
    found = np.unique(y, return_counts=True)[1].tolist()
    if X.shape != tuple(shape) or len(y) != shape[0] or found != list(counts):
        raise ValueError(
            f"The file of {name} holds other data than expected: X has shape {X.shape} "
            f"instead of {tuple(shape)}, the classes have {found} rows instead of "
            f"{list(counts)}."
        )
