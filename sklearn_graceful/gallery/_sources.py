"""Where the rows of items come from when they are embedded anew."""

from collections.abc import Iterator

import numpy as np
from sklearn.utils import _safe_indexing, gen_batches
from sklearn.utils.validation import _num_samples

from sklearn_graceful.gallery._ids import RowsById, as_ids


def batches(source, wanted, batch_size):
    """Read rows of items.

    Parameters
    ----------
    source : callable, (ids, X) or iterator of (ids, X)
        A function of ids that returns their rows; ids and rows of the same number, an
        array, a memory-mapped one or a DataFrame; or an iterator of such pairs, which
        has an order of its own.
    wanted : ndarray of shape (n,)
        Ids, in the order that they are wanted in.
    batch_size : int

    Yields
    ------
    ids : ndarray of shape (n_batch,)
    X : array-like of n_batch rows

    Raises
    ------
    TypeError
        If the source is none of these.
    ValueError
        If it has no rows for an id that is wanted, or another number than asked for.
    """
    if isinstance(source, Iterator):
        yield from _of_iterator(source, wanted)
        return
    if isinstance(source, tuple) and len(source) == 2:
        read = by_id(*source)
    elif callable(source):
        read = source
    else:
        raise TypeError(
            "source must be a function of ids, a pair (ids, X) or an iterator of such "
            f"pairs, got {type(source).__name__}."
        )
    for part in parts(len(wanted), batch_size):
        ids = wanted[part]
        yield ids, _checked(read(ids), ids)


def parts(n, batch_size):
    """Slices of so many, also of none."""
    return gen_batches(n, batch_size) if n else ()


def by_id(ids, X):
    """Return a function of ids that reads from rows given beside theirs."""
    ids = as_ids(ids)
    _checked(X, ids)
    places = RowsById().with_rows(ids, np.arange(len(ids)))

    def read(wanted):
        rows = places.find(wanted)
        if (rows < 0).any():
            raise ValueError(f"source has no row of {wanted[rows < 0][0]!r}.")
        return _safe_indexing(X, rows)

    return read


def _of_iterator(source, wanted):
    places = RowsById().with_rows(wanted, np.arange(len(wanted)))
    for some, X in source:
        ids = as_ids(some)
        _checked(X, ids)
        here = places.find(ids) >= 0
        if here.any():
            yield ids[here], _safe_indexing(X, np.flatnonzero(here))


def _checked(X, ids):
    if _num_samples(X) != len(ids):
        raise ValueError(f"source has {_num_samples(X)} rows for {len(ids)} ids.")
    return X
