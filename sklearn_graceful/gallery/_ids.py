"""Names of items: whole numbers or strings, and the rows that they are found in."""

import json
from collections import Counter

import numpy as np

from sklearn_graceful.search import as_column

# NumPy's own strings of any length cannot be searched in reliably.
DTYPES = {"int": np.dtype(np.int64), "str": np.dtype(object)}


def as_ids(ids):
    """Turn names of items into an array of one kind.

    Parameters
    ----------
    ids : array-like of int or str, shape (n,)
        Each at most once.

    Returns
    -------
    ids : ndarray of int64, or of object that are strings, shape (n,)

    Raises
    ------
    TypeError
        If they are neither whole numbers nor strings.
    ValueError
        If they are not 1-D, too large, or one is there twice.

    Examples
    --------
    >>> from sklearn_graceful.gallery._ids import as_ids
    >>> as_ids(["a", "b"])
    array(['a', 'b'], dtype=object)
    """
    # Of a list with numbers and strings NumPy would make strings without a word.
    is_list = isinstance(ids, list | tuple)
    given = np.asarray(ids, dtype=object) if is_list else as_column("ids", ids)
    if given.ndim != 1:
        raise ValueError(f"ids must be 1-D, got shape {given.shape}.")
    if not len(given):
        return given.astype(np.int64)
    if given.dtype.kind == "O":
        given = _of_one_kind(given)
    elif given.dtype.kind in "UT":
        given = given.astype(object)
    elif given.dtype.kind in "iu":
        if given.dtype == np.uint64 and given.max() > np.iinfo(np.int64).max:
            raise ValueError(f"ids must fit into 64 bits with a sign: {given.max()}.")
        given = given.astype(np.int64)
    else:
        raise TypeError(f"ids must be whole numbers or strings, got {given.dtype}.")
    if _n_different(given) < len(given):
        ((twice, _),) = Counter(given.tolist()).most_common(1)
        raise ValueError(f"ids holds {twice!r} more than once.")
    return given


def are_among(ids, others):
    """Which ids are among others, bool of shape (n,).

    Examples
    --------
    >>> from sklearn_graceful.gallery._ids import are_among, as_ids
    >>> are_among(as_ids(["a", "b"]), as_ids(["b", "c"]))
    array([False,  True])
    """
    if not len(others):
        return np.zeros(len(ids), bool)
    if ids.dtype != object:
        return np.isin(ids, others)
    others = set(others.tolist())  # NumPy would sort strings, which is slow
    return np.fromiter((name in others for name in ids.tolist()), bool, len(ids))


def kind_of(ids):
    """Return "int" or "str", or None where there are none."""
    if not len(ids):
        return None
    return "int" if ids.dtype.kind == "i" else "str"


def ids_as_bytes(ids):
    """Return ids as bytes, for :func:`ids_from_bytes` and their kind."""
    if kind_of(ids) == "int":
        return ids.astype("<i8").tobytes()
    return json.dumps(ids.tolist()).encode()


def ids_from_bytes(kind, content):
    """Undo :func:`ids_as_bytes`; of the kind None there are none."""
    if kind == "int":
        return np.frombuffer(content, "<i8").astype(np.int64)
    if kind == "str":
        return np.array(json.loads(content), DTYPES["str"])
    return np.empty(0, np.int64)


def _n_different(ids):
    if ids.dtype == object:
        return len(set(ids.tolist()))
    return 1 + np.count_nonzero(np.diff(np.sort(ids, kind="stable")))


def _of_one_kind(given):
    kinds = set(map(type, given.tolist()))
    if kinds == {str}:
        return given
    if all(issubclass(kind, str) for kind in kinds):
        return np.array([str(value) for value in given.tolist()], object)
    if all(issubclass(kind, int | np.integer) and kind is not bool for kind in kinds):
        return given.astype(np.int64)
    names = ", ".join(sorted(kind.__name__ for kind in kinds))
    raise TypeError(f"ids must be whole numbers or strings, got {names}.")


class RowsById:
    """Which row an id is in, as sorted runs; never changed, so safe to share.

    Of strings it keeps a hash, of 64 bits: what it finds is to be compared with the id.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.gallery._ids import RowsById
    >>> rows = RowsById().with_rows(np.array([7, 5]), np.array([0, 1]))
    >>> rows = rows.with_rows(np.array([7]), np.array([-1]))  # it is gone
    >>> rows.find(np.array([5, 6, 7]))
    array([ 1, -1, -1])
    """

    def __init__(self, runs=()):
        # Of keys and rows, from the longest to the newest, each by rising key.
        self._runs = runs

    def with_rows(self, ids, rows):
        """Return the same, but for some ids, whose row is another now; -1: none."""
        keys = _keys(ids)
        order = np.argsort(keys, kind="stable")
        runs = [*self._runs, (keys[order], rows[order])]
        # Each is at least twice as long as the next: few to look into, and an id is
        # moved a few times only.
        while len(runs) > 1 and len(runs[-2][0]) < 2 * len(runs[-1][0]):
            runs[-2:] = [_merged(*runs[-2:], keep_gone=len(runs) > 2)]
        return RowsById(tuple(runs))

    def find(self, ids):
        """Rows, int64 of shape (n,); -1 where there is none."""
        rows = np.full(len(ids), -1, np.int64)
        keys = _keys(ids)
        # By rising key, as a search for these jumps about less.
        waiting = np.argsort(keys, kind="stable")
        for known, where in reversed(self._runs):
            wanted = keys[waiting]
            # Numbers that only rise, as those of new items often do, are soon told.
            if not len(known) or not len(wanted) or wanted[0] > known[-1]:
                continue
            place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
            hit = known[place] == wanted
            rows[waiting[hit]] = where[place[hit]]
            waiting = waiting[~hit]
        return rows


def _keys(ids):
    if ids.dtype.kind == "i":
        return ids
    return np.fromiter(map(hash, ids.tolist()), np.int64, len(ids))


def _merged(older, newer, keep_gone):
    """One run of two; of an id that is in both, the newer row counts."""
    if not len(older[0]) or not len(newer[0]) or older[0][-1] < newer[0][0]:
        keys, rows = map(np.concatenate, zip(older, newer, strict=True))
        counts = np.ones(len(keys), bool)
    else:
        keys, rows = map(np.concatenate, zip(newer, older, strict=True))
        order = np.argsort(keys, kind="stable")
        keys, rows = keys[order], rows[order]
        counts = np.concatenate([[True], keys[1:] != keys[:-1]])
    if not keep_gone:
        counts &= rows >= 0
    return (keys, rows) if counts.all() else (keys[counts], rows[counts])
