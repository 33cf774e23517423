"""Rows that nobody labelled, made of pairs of real ones."""

from itertools import cycle, islice

import numpy as np
from sklearn.utils import _safe_indexing, gen_batches

from sklearn_graceful._containers import as_array, as_array_of_items
from sklearn_graceful._frames import is_frame, rearranged
from sklearn_graceful._kinds import is_a

_BLOCK = 4096
# Of an image's height and width.
_MOST_SHIFT = 0.07


def swappable_rows(training):
    """Raw rows whose features can change hands; an array where they are a list."""
    if is_frame(training.raw) or is_a(training.raw, "torch.Tensor"):
        return training.raw
    if hasattr(training.X, "shape"):
        return training.X
    try:
        return as_array_of_items(training.X)
    except ValueError:  # rows of different lengths
        return training.X


def can_be_swapped(X):
    """Whether rows have features to swap; texts and sparse rows have not."""
    is_array = isinstance(X, np.ndarray) or is_a(X, "torch.Tensor")
    return is_frame(X) or (is_array and X.ndim >= 2)


def synthetic_rows(X, random_state, n_times, *, swap_rate=0.5, groups=None):
    """Make new rows of every row and another one drawn at random, again and again.

    Parameters
    ----------
    X : frame, array or tensor of shape (n, n_features), or array or tensor (n, ...)
        Real rows; with four axes they are images, of shape (n, channels, height,
        width).
    random_state : RandomState
        Source of randomness.
    n_times : int
        New rows for each row.
    swap_rate : float, default=0.5
        The share of a row that comes from the other is uniform on 0 to this.
    groups : list of list of int, default=None
        Positions of columns that are taken together. None: found, see
        :func:`one_hot_groups`.

    Yields
    ------
    rows : frame, array or tensor like `X`, `n_times`
        Features are swapped where `X` is a table. Rows with more axes are weighted
        means, rounded where they hold whole numbers; images are means, or have a patch
        of the other one in them, or are shifted by a pixel or two, in turn.
    """
    if is_a(X, "torch.Tensor"):
        made = synthetic_rows(
            as_array(X), random_state, n_times, swap_rate=swap_rate, groups=groups
        )
        yield from map(X.new_tensor, made)
        return
    if len(X.shape) == 2:
        owner = _column_owners(X, groups)
        for _ in range(n_times):
            yield _swapped(X, random_state, swap_rate, owner)
        return
    kinds = (_blended, _patched, _shifted) if X.ndim == 4 else (_blended,)
    for kind in islice(cycle(kinds), n_times):
        share = random_state.uniform(0, swap_rate, size=len(X))
        other = X[random_state.permutation(len(X))]
        yield kind(X, other, share, random_state)


def in_blocks(tables):
    """Rows of tables or arrays in blocks, so that what is made of them stays small."""
    for rows in tables:
        for block in gen_batches(len(rows), _BLOCK):
            yield _safe_indexing(rows, block)


def _swapped(X, random_state, swap_rate, owner):
    """Rows with some features of another row each."""
    n_rows = len(X)
    other = random_state.permutation(n_rows)
    share = random_state.uniform(0, swap_rate, size=n_rows)
    swaps = random_state.uniform(size=(n_rows, owner.max() + 1)) < share[:, None]
    swaps = swaps[:, owner]
    if not is_frame(X):
        return np.where(swaps, X[other], X)
    # Column by column, so that each keeps its type.
    taken = (np.where(column, other, np.arange(n_rows)) for column in swaps.T)
    return rearranged(X, taken)


def _blended(X, other, share, random_state):
    """Weighted means of the type of both; whole numbers are rounded."""
    share = share.reshape(-1, *[1] * (X.ndim - 1))
    if X.dtype.kind in "biu":
        return np.rint((1 - share) * X + share * other).astype(X.dtype)
    share = share.astype(X.dtype)
    return (1 - share) * X + share * other


def _patched(X, other, share, random_state):
    """Images with a patch of another image, which covers a share of them."""
    covered = np.ones((len(X), 1, 1, 1), dtype=bool)
    for axis in (2, 3):
        size = X.shape[axis]
        length = np.rint(size * np.sqrt(share))
        start = np.floor(random_state.uniform(size=len(X)) * (size - length + 1))
        place = np.arange(size) - start[:, None]
        inside = (place >= 0) & (place < length[:, None])
        covered = covered & np.expand_dims(inside, (1, 5 - axis))
    return np.where(covered, other, X)


def _shifted(X, other, share, random_state):
    """Images moved by a few pixels; what comes in is like the edge."""
    places = []
    for size in X.shape[2:]:
        most = max(1, round(_MOST_SHIFT * size))
        shift = random_state.randint(-most, most + 1, size=len(X))
        places.append(np.clip(np.arange(size) + shift[:, None], 0, size - 1))
    rows, columns = places
    moved = np.take_along_axis(X, rows[:, None, :, None], axis=2)
    return np.take_along_axis(moved, columns[:, None, None, :], axis=3)


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
    >>> from sklearn_graceful.training._synthetic_rows import one_hot_groups
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


def _column_owners(X, groups):
    """Number of the group that each column belongs to; a lone column is its own."""
    n_columns = X.shape[1]
    if groups is None:
        is_numeric = not is_frame(X) and X.dtype.kind in "biuf"
        groups = one_hot_groups(X) if is_numeric else []
    owner = np.arange(n_columns)
    for group in groups:
        owner[group] = min(group)
    return np.unique(owner, return_inverse=True)[1]
