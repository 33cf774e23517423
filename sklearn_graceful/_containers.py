"""Whatever holds rows or values, as NumPy and scikit-learn can take it.

Each kind of container has one entry here, and is looked at once, where it comes in.
"""

import sys

import numpy as np
from scipy import sparse
from sklearn.utils import check_array

from sklearn_graceful._frames import is_frame, stack_frames
from sklearn_graceful._kinds import is_a

# Of missing values in an array of objects, beside NaN.
_MISSING = {"NoneType", "NAType", "NaTType"}


def as_rows(X, name="X"):
    """Rows of which some can be taken; else as they are, whatever holds them.

    Raises ValueError, with the argument's name, for masked entries, which everybody
    would read as if they were not.
    """
    if sparse.issparse(X):
        return X.tocsr()  # not every format can be indexed
    if isinstance(X, np.ndarray):
        return _plain(X, name)
    if is_a(X, "pyarrow.RecordBatch"):
        return sys.modules["pyarrow"].Table.from_batches([X])
    if is_a(X, "pyarrow.Array") or is_a(X, "pyarrow.ChunkedArray"):
        return np.asarray(X)  # whose items are strings and numbers
    return X


def as_readable_rows(X, name="X"):
    """The same, such that NumPy, and so any scikit-learn estimator, can read them."""
    return _readable_tensor(X) if is_a(X, "torch.Tensor") else as_rows(X, name)


def as_array(values):
    """Rows or answers in any container as an ndarray.

    It holds numbers wherever these do, also nullable ones: missing is NaN then.
    """
    if sparse.issparse(values):
        return values.toarray()
    if is_a(values, "pandas.DataFrame"):
        # Of extension types NumPy would make objects.
        return check_array(
            values,
            dtype=None,
            ensure_all_finite=False,
            ensure_min_samples=0,
            ensure_min_features=0,
        )
    array = np.asarray(as_readable_rows(values))
    # What knows strings of this type, scikit-learn does not among them, takes objects.
    return array.astype(object) if array.dtype.kind == "T" else array


def as_array_of_items(values):
    """The same, but of lists that hold anything but numbers the items as they are.

    NumPy turns the number 1 into the string "1" where there are strings beside it.
    """
    array = as_array(values)
    if isinstance(values, list | tuple) and array.dtype.kind not in "biuf":
        return np.asarray(values, dtype=object)
    return array


def as_values(name, values):
    """One value for each row, such as labels or weights, as an ndarray.

    Parameters
    ----------
    name : str
        Of the argument, for the error message.
    values : array-like of shape (n,)
        Of any container. Strings of an extension type become objects.

    Returns
    -------
    array : ndarray of shape (n,)
        Or of another shape, if `values` has that.

    Raises
    ------
    ValueError
        If a value is missing, other than by NaN in an array of numbers.
    """
    if isinstance(values, np.ndarray):
        values = _plain(values, name)
    array = as_array(values)
    if isinstance(values, list | tuple) and array.dtype.kind in "US":
        array = _strings(values, array)
    if array.dtype == object and array.ndim:
        items = array.ravel().tolist()
        if (row := _first_missing(items)) is not None:
            raise ValueError(
                f"{name} holds NaN, None or pd.NA, first in row {row}: leave out the "
                "rows without a value."
            )
        array = _numbers(items, array)
    return array


def stack_rows(first, *more):
    """Put tables or arrays of one kind below each other."""
    if not more:
        return first
    if sparse.issparse(first):
        return sparse.vstack([first, *more], format="csr")
    if is_frame(first):
        return stack_frames([first, *more])
    return np.concatenate([first, *more])


def _plain(array, name):
    """An array of numbers in the machine's byte order, of which none is masked."""
    if np.ma.is_masked(array):
        raise ValueError(
            f"{name} has {np.ma.count_masked(array)} masked entries, which everybody "
            "would read as if they were not masked: fill them."
        )
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder())


def _readable_tensor(tensor):
    """A tensor that NumPy can read: on the CPU, and of a type that NumPy has, too."""
    tensor = tensor.detach().to_dense().cpu()
    is_brief = tensor.is_floating_point() and tensor.element_size() < 4
    return tensor.float() if is_brief else tensor


def _strings(values, array):
    """A list as an array of strings if it holds these alone, else as it is."""
    kinds = set(map(type, values))
    alike = any(all(issubclass(k, kind) for k in kinds) for kind in (str, bytes))
    return array if alike or array.ndim != 1 else np.asarray(values, dtype=object)


def _numbers(items, array):
    """An array of objects as one of numbers if it holds these alone, else as it is."""
    if not all(issubclass(kind, bool | int | float) for kind in set(map(type, items))):
        return array
    numbers = np.array(items)
    return numbers.reshape(array.shape) if numbers.dtype.kind in "biuf" else array


def _first_missing(items):
    """Position of the first item that is no value, or None."""
    kinds = set(map(type, items))  # of which there are few
    missing = {kind for kind in kinds if kind.__name__ in _MISSING}
    floats = {kind for kind in kinds if issubclass(kind, float | np.floating)}
    if not missing | floats:
        return None
    found = (
        row
        for row, item in enumerate(items)
        if type(item) in missing or (type(item) in floats and item != item)
    )
    return next(found, None)
