"""Rows that nobody labelled, made of pairs of real ones."""

import numpy as np


def can_be_swapped(X):
    """Whether rows have features to swap; texts and sparse rows have not."""
    return (hasattr(X, "iloc") or isinstance(X, np.ndarray)) and X.ndim >= 2


def synthetic_rows(X, random_state, *, swap_rate=0.5, groups=None):
    """Make one new row of every row and another one drawn at random.

    Parameters
    ----------
    X : DataFrame or ndarray of shape (n, n_features), or ndarray of shape (n, ...)
        Real rows.
    random_state : RandomState
        Source of randomness.
    swap_rate : float, default=0.5
        The share of a row that comes from the other is uniform on 0 to this.
    groups : list of list of int, default=None
        Positions of columns that are taken together. None: found, see
        :func:`one_hot_groups`.

    Returns
    -------
    rows : DataFrame or ndarray of the shape of `X`
        Features swapped where `X` is a table, weighted means where it has more axes,
        rounded where it holds whole numbers.
    """
    n_rows = len(X)
    other = random_state.permutation(n_rows)
    share = random_state.uniform(0, swap_rate, size=n_rows)
    if np.ndim(X) > 2:
        return _blend(X, X[other], share.reshape(-1, *[1] * (np.ndim(X) - 1)))
    owner = _column_owners(X, groups)
    swaps = random_state.uniform(size=(n_rows, owner.max() + 1)) < share[:, None]
    swaps = swaps[:, owner]
    if not hasattr(X, "iloc"):
        return np.where(swaps, X[other], X)
    rows = X.copy()
    for column in range(X.shape[1]):
        # Column by column, so that each keeps its type.
        taken = np.where(swaps[:, column], other, np.arange(n_rows))
        rows.isetitem(column, X.iloc[taken, column].set_axis(X.index))
    return rows


def one_hot_groups(X):
    """Find neighbouring 0/1 columns of which every row has exactly one set.

    Parameters
    ----------
    X : ndarray of shape (n, n_features)
        Numbers.

    Returns
    -------
    groups : list of list of int
        Positions of the columns of each group of two or more.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.congruence._synthetic_rows import one_hot_groups
    >>> one_hot_groups(np.array([[5, 0, 1, 0], [7, 1, 0, 0], [1, 0, 0, 1]]))
    [[1, 2, 3]]
    """
    binary = ((X == 0) | (X == 1)).all(axis=0)
    groups, start = [], 0
    while start < X.shape[1]:
        stop, total = start, np.zeros(len(X))
        while stop < X.shape[1] and binary[stop] and total.max(initial=0) <= 1:
            total = total + X[:, stop]
            stop += 1
            if (total == 1).all():
                break
        found = stop - start > 1 and (total == 1).all()
        if found:
            groups.append(list(range(start, stop)))
        start = stop if found else start + 1
    return groups


def _blend(first, second, share):
    """Weighted means of the type of both; whole numbers are rounded."""
    if first.dtype.kind in "biu":
        return np.rint((1 - share) * first + share * second).astype(first.dtype)
    share = share.astype(first.dtype)
    return (1 - share) * first + share * second


def _column_owners(X, groups):
    """Number of the group that each column belongs to; a lone column is its own."""
    n_columns = X.shape[1]
    if groups is None:
        is_numeric = not hasattr(X, "iloc") and X.dtype.kind in "biuf"
        groups = one_hot_groups(X) if is_numeric else []
    owner = np.arange(n_columns)
    for group in groups:
        owner[group] = min(group)
    return np.unique(owner, return_inverse=True)[1]
