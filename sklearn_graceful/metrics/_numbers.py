"""Columns of numbers."""

import numpy as np

from sklearn_graceful.search import as_column


def as_numbers(name, values):
    """A number or an array of any container as a float array, NaN as it is."""
    try:
        column = as_column(name, values)
        if column.dtype.kind != "c":
            return column.astype(np.float64)
        raise TypeError("complex numbers")
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} must hold numbers, got {values!r:.60}.") from error
