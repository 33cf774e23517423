"""Rows of any container: take some, and tell them apart by a digest."""

from contextlib import suppress
from hashlib import blake2b
from itertools import pairwise

import numpy as np
from scipy import sparse
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples

from sklearn_graceful._containers import as_array, as_array_of_items, as_rows
from sklearn_graceful._frames import column_names, columns_of, is_frame
from sklearn_graceful._kinds import is_a

# Values whose `repr` says all there is to know about them.
_PLAIN = {str, bytes, bool, int, float, complex, type(None)} | {
    kind for kind in np.sctypeDict.values() if kind not in (np.void, np.object_)
}


def take_rows(X, positions):
    """Rows of `X` at `positions`, in a container of the same type."""
    if isinstance(X, list | tuple):
        return type(X)([X[position] for position in positions])
    return _safe_indexing(as_rows(X), positions)


def digest_rows(X):
    """Layout that all rows share and a digest of each; None if unsafe or empty."""
    if is_a(X, "pandas.Series") or is_a(X, "polars.Series"):
        X = X.to_frame(name="series")
    if not _num_samples(X):
        return None
    if is_frame(X):
        return _digest_frame(X)
    if sparse.issparse(X):
        return _digest_sparse(X)
    kind, array = _as_array(X)
    if array is None:
        return None
    if array.dtype.hasobject:
        layout, digests = "objects", _digest_items(array)
    else:
        layout, digests = array.dtype.str, list(map(_digest, _row_bytes(array)))
    return digests and ((kind, layout, array.shape[1:]), digests)


def _as_array(X):
    """Kind of container and its rows as an array, None where none does them justice."""
    if isinstance(X, np.ndarray) and not isinstance(X, np.ma.MaskedArray):
        return "array", X
    # A layout that NumPy does not have; rows of different length.
    with suppress(TypeError, RuntimeError, ValueError):
        if is_a(X, "torch.Tensor"):
            return str(X.dtype), as_array(X)
        if isinstance(X, list | tuple):
            return "list", as_array_of_items(X)
    return None, None


def _digest(row):
    # 128 bits a row: among 10 million a collision has probability below 1e-24.
    return blake2b(row, digest_size=16).digest()


def _row_bytes(X):
    """View rows as bytes: uint8 array of shape (n, bytes per row)."""
    return np.ascontiguousarray(X).reshape(len(X), -1).view(np.uint8)


def _digest_items(X):
    """Digest rows of Python objects, provided that all of them are plain values."""
    if not set(map(type, X.ravel().tolist())) <= _PLAIN:
        return None
    rows = X.reshape(len(X), -1).tolist()
    return [_digest(repr(row).encode("utf-8", "surrogatepass")) for row in rows]


def _digest_sparse(X):
    if X.ndim != 2:
        return None
    X = X.tocsr()
    layout = ("sparse", X.dtype.str, X.indices.dtype.str, X.shape[1])
    rows = [slice(*bounds) for bounds in pairwise(X.indptr.tolist())]
    return layout, [
        _digest(X.indices[row].tobytes() + X.data[row].tobytes()) for row in rows
    ]


def _digest_frame(frame):
    columns = columns_of(frame)
    parts = [part for column in columns for part in _column_bytes(column)]
    if not parts or any(part is None for part in parts):
        return None
    names = tuple(map(repr, column_names(frame)))
    layout = (type(frame).__module__, names, tuple(map(_type_key, columns)))
    return layout, list(map(_digest, _row_bytes(np.hstack(parts))))


def _type_key(column):
    """What models may look at, beside the values: a type, and what it stands for."""
    if not is_a(column, "pandas.Series"):
        return str(getattr(column, "dtype", None) or column.type)
    dtype = column.dtype
    categories = getattr(dtype, "categories", None)
    if categories is None:
        return str(dtype)
    # Models may look at category codes, whose meaning the categories carry.
    return str(dtype), dtype.ordered, str(categories.dtype), tuple(categories)


def _column_bytes(column):
    """Bytes that stand for the values of a column: arrays of n rows, None if unsafe."""
    if not is_a(column, "pandas.Series"):
        # A missing number is NaN for NumPy, as NaN itself.
        missing = as_array(column.is_null())
        return [_array_bytes(as_array(column)), _row_bytes(missing)]
    if isinstance(column.dtype, np.dtype):
        return [_array_bytes(column.to_numpy())]
    # Strings, categories and nullable numbers are hashed by pandas, twice 64 bits.
    from pandas.util import hash_array

    keys = "sklearn_graceful", "lufecarg_nraelks"
    return [_row_bytes(hash_array(column.array, hash_key=key)) for key in keys]


def _array_bytes(array):
    if array.dtype != object:
        return _row_bytes(array)
    digests = _digest_items(array)
    return digests and np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 16)
