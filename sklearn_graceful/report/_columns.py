"""Columns of the rows that slices are made of."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from sklearn_graceful._frames import column_names, is_frame
from sklearn_graceful._frames import columns_of as frame_columns

# More values than that, and a column is no list of kinds.
_MOST_LEVELS = 50


@dataclass(frozen=True, eq=False)
class Column:
    """A column of X, as numbers or as names.

    Attributes
    ----------
    name : str
        As messages call it.
    values : ndarray of shape (n,)
        Of float64, missing ones being nan; or of str.
    """

    name: str
    values: np.ndarray

    @property
    def is_numeric(self):
        """Whether its values have an order."""
        return self.values.dtype.kind == "f"

    @property
    def levels(self):
        """Values of a column of names, the most frequent first; at most 50."""
        levels, count = np.unique(self.values, return_counts=True)
        return levels[np.argsort(-count, kind="stable")][:_MOST_LEVELS]


def columns_of(X):
    """Columns that slices can be made of.

    Parameters
    ----------
    X : table, array-like or None

    Returns
    -------
    columns : dict of Column by name
        None of images, texts, sparse rows and rows without columns.
    """
    if X is None or sparse.issparse(X):
        return {}
    if is_frame(X):
        given = zip(column_names(X), frame_columns(X), strict=True)
        found = ((str(name), _values(values)) for name, values in given)
    elif hasattr(X, "columns"):
        found = ((str(name), _values(X[name])) for name in X.columns)
    else:
        X = X if hasattr(X, "shape") else np.asarray(X)
        if X.ndim != 2:
            return {}
        found = ((f"column {j}", _values(X[:, j])) for j in range(X.shape[1]))
    return {name: Column(name, values) for name, values in found if values is not None}


def column_of(name, values):
    """A column that was given, whatever it holds."""
    values = _values(values)
    if values is None:
        raise ValueError(
            f"Slice column {name!r} holds no numbers, and more than {_MOST_LEVELS} "
            "different values: too many for slices."
        )
    return Column(str(name), values)


def _values(values):
    """As float or str; None if there are too many names or they are no names."""
    values = values.to_numpy() if hasattr(values, "to_numpy") else np.asarray(values)
    if values.ndim != 1:
        return None
    if values.dtype.kind in "iuf":
        return _finite(values)
    if values.dtype.kind == "O":
        try:
            return _finite(values)
        except (TypeError, ValueError):
            pass
    elif values.dtype.kind not in "bUTS":
        return None
    try:
        names = values.astype(str)
    except (TypeError, ValueError):
        return None
    return names if len(np.unique(names)) <= _MOST_LEVELS else None


def _finite(values):
    """Numbers, infinite ones being missing too: no tree can split on them."""
    values = values.astype(np.float64)
    return np.where(np.isfinite(values), values, np.nan)
