"""Rows as numbers, or which column of a table holds none."""

import numpy as np

from sklearn_graceful._containers import as_array
from sklearn_graceful._frames import column_names, columns_of, is_frame


def as_numbers(X, check):
    """Rows as a network takes them.

    Parameters
    ----------
    X : array-like of shape (n, n_features) or (n, ...)
        Rows.
    check : callable
        ``check(X)`` turns them into an array of numbers, as scikit-learn does.

    Returns
    -------
    X : ndarray

    Raises
    ------
    ValueError
        If a column holds no numbers.
    """
    try:
        checked = check(X)
        # A table with categories is let through as it is.
        return checked.astype(float) if checked.dtype == object else checked
    except (TypeError, ValueError) as error:
        for name, values in _columns(X):
            if _are_words_or_times(values):
                raise ValueError(
                    f"Column {name!r} of X holds {values[0]!r}, but a network takes "
                    "numbers: put an encoder before it in a Pipeline, such as "
                    f"make_column_transformer((OneHotEncoder(), [{name!r}]), "
                    "remainder='passthrough')."
                ) from error
        raise


def _columns(X):
    """Name, or number, and values of each column; none of what is no table."""
    if is_frame(X):
        return [*zip(column_names(X), map(as_array, columns_of(X)), strict=True)]
    try:
        table = X if isinstance(X, np.ndarray) else np.asarray(X, dtype=object)
    except ValueError:  # rows of different lengths
        return []
    return list(enumerate(table.T)) if table.ndim == 2 else []


def _are_words_or_times(values):
    if values.dtype.kind != "O":
        return values.dtype.kind not in "biufc"
    try:
        values.astype(float)
    except ValueError:
        return True
    except TypeError:  # scikit-learn says best what else is no number
        pass
    return False
