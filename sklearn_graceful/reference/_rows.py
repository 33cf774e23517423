"""Rows of any container: count them, take some, and tell them apart by a digest."""

from hashlib import blake2b
from itertools import pairwise

import numpy as np
from scipy import sparse

from sklearn_graceful.reference._kinds import (
    is_data_frame,
    is_series,
    is_torch_tensor,
)

# Values whose `repr` says all there is to know about them.
_PLAIN = {str, bytes, bool, int, float, complex, type(None)} | {
    kind for kind in np.sctypeDict.values() if kind not in (np.void, np.object_)
}


def count_rows(X):
    """Count the rows of an array, DataFrame, sparse matrix, list, ..."""
    return X.shape[0] if hasattr(X, "shape") else len(X)


def take_rows(X, positions):
    """Rows of `X` at `positions`, in a container of the same type."""
    if is_data_frame(X) or is_series(X):
        return X.iloc[positions]
    if sparse.issparse(X):
        return X.tocsr()[positions]
    if isinstance(X, list | tuple):
        return type(X)([X[position] for position in positions])
    return X[positions]


def digest_rows(X):
    """Layout that all rows share and a digest of each; None if that is unsafe."""
    if is_data_frame(X):
        return _digest_frame(X)
    if is_series(X):
        return _digest_frame(X.to_frame(name="series"))
    if sparse.issparse(X):
        return _digest_sparse(X)
    if is_torch_tensor(X):
        return _digest_tensor(X)
    if isinstance(X, np.ndarray) and not isinstance(X, np.ma.MaskedArray):
        return _digest_array(X)
    if isinstance(X, list | tuple):
        return _digest_list(X)
    return None


def _digest_array(X):
    if X.ndim == 0:
        return None
    if X.dtype.hasobject:
        return _digest_items(X)
    layout = ("array", X.dtype.str, X.shape[1:])
    return layout, _digest_blocks(_row_bytes(X))


def _row_bytes(X):
    """View rows as bytes: uint8 array of shape (n, bytes per row)."""
    X = np.ascontiguousarray(X)
    if X.size == 0:
        return np.empty((len(X), 0), dtype=np.uint8)
    return X.reshape(len(X), -1).view(np.uint8)


def _digest_blocks(blocks):
    # 128 bits a row: among 10 million a collision has probability below 1e-24.
    data = memoryview(blocks.ravel())
    n_rows, width = blocks.shape
    return [
        blake2b(data[start : start + width], digest_size=16).digest()
        for start in range(0, n_rows * width, width or 1)
    ] or [b""] * n_rows


def _digest_items(X):
    """Digest rows of Python objects, provided that all of them are plain values."""
    if not set(map(type, X.ravel().tolist())) <= _PLAIN:
        return None
    rows = X.reshape(len(X), -1).tolist()
    digests = [
        blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        for row in rows
    ]
    return ("objects", X.shape[1:]), digests


def _digest_list(X):
    try:
        array = np.asarray(X)
        if array.dtype.kind not in "biuf":
            # Without it, NumPy would turn the number 1 into the string "1".
            array = np.asarray(X, dtype=object)
    except ValueError:  # rows of different length
        return None
    found = _digest_array(array)
    return found and (("list", *found[0]), found[1])


def _digest_tensor(X):
    try:
        array = X.detach().cpu().numpy()
    except (TypeError, RuntimeError):  # a dtype or layout that NumPy does not have
        return None
    found = _digest_array(array)
    return found and (("tensor", *found[0]), found[1])


def _digest_sparse(X):
    if X.ndim != 2:
        return None
    X = X.tocsr()
    layout = ("sparse", X.dtype.str, X.indices.dtype.str, X.shape[1])
    bounds = X.indptr.tolist()
    digests = [
        blake2b(
            X.indices[start:stop].tobytes() + X.data[start:stop].tobytes(),
            digest_size=16,
        ).digest()
        for start, stop in pairwise(bounds)
    ]
    return layout, digests


def _digest_frame(frame):
    columns = [_column_bytes(frame.iloc[:, place]) for place in range(frame.shape[1])]
    if not columns or any(column is None for column in columns):
        return None
    names = tuple(map(repr, frame.columns))
    layout = ("frame", names, tuple(map(_dtype_key, frame.dtypes)))
    return layout, _digest_blocks(np.hstack(columns))


def _dtype_key(dtype):
    # Models may look at category codes, whose meaning the categories carry.
    categories = getattr(dtype, "categories", None)
    if categories is None:
        return str(dtype)
    return str(dtype), dtype.ordered, str(categories.dtype), tuple(categories)


def _column_bytes(column):
    """Bytes that stand for the values of a pandas column, exact for NumPy dtypes."""
    if column.dtype == object:
        found = _digest_items(column.to_numpy().reshape(-1, 1))
        return found and np.frombuffer(b"".join(found[1]), np.uint8).reshape(-1, 16)
    if isinstance(column.dtype, np.dtype):
        return _row_bytes(column.to_numpy())
    return _hash_extension(column)


def _hash_extension(column):
    """Hash strings, categories and nullable numbers by pandas, twice 64 bits."""
    from pandas.util import hash_array

    hashes = [
        hash_array(column.array, hash_key=key)
        for key in ("sklearn_graceful", "lufecarg_nraelks")
    ]
    return _row_bytes(np.column_stack(hashes))
