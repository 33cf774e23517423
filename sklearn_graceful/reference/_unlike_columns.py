"""Notice rows of other columns than the old model was fitted on, scaled ones say."""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples

from sklearn_graceful._containers import as_array
from sklearn_graceful._warn import warn_user
from sklearn_graceful.exceptions import OldModelMismatchWarning
from sklearn_graceful.reference._input_guard import fitted_names, string_names
from sklearn_graceful.reference._learned_ranges import learned_ranges, some

# So many times as wide, or as narrow, is another column.
_TIMES = 20
# In fewer columns it may be the rows that have changed.
_SHARE, _FEWEST = 0.3, 2

_SAID = (
    "In {n_unlike} of {n_compared} columns X is far from what the old model {name} was "
    "trained on: most of column {column!r} is from {given[0]:.4g} to {given[1]:.4g}, "
    "it learned from {learned[0]:.4g} to {learned[1]:.4g}. Does it get the input it "
    "was trained on? In a Pipeline it gets transformed X: wrap the whole Pipeline, as "
    "in PCClassifier(pipeline), or pass the old model's outputs with old_proba= or "
    "old_embeddings=."
)


@dataclass(frozen=True)
class UnlikeColumns:
    """Columns that lie elsewhere than those which a model was fitted on.

    Attributes
    ----------
    n_unlike, n_compared : int
        Number of such columns, and of all whose old range is known.
    column : int or str
        One of them.
    given, learned : tuple of float
        Ends of its range, in the rows at hand and in those that the model learned from.
    """

    n_unlike: int
    n_compared: int
    column: int | str
    given: tuple
    learned: tuple


def unlike_columns(model, X):
    """Compare columns with what a model knows of those that it was fitted on.

    A column is unlike where nearly all values are outside of the old range, or spread
    over less than a twentieth, or more than twenty times, of it.

    Parameters
    ----------
    model : object
        Fitted, of any kind.
    X : array-like of n rows

    Returns
    -------
    found : UnlikeColumns or None
        None: fewer than two columns are unlike, or than 30 % of those that can be
        compared.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_graceful.reference import unlike_columns
    >>> X, y = load_wine(return_X_y=True)
    >>> old = RandomForestClassifier(random_state=0).fit(X[::2], y[::2])
    >>> unlike_columns(old, X[1::2]) is None
    True
    >>> unlike_columns(old, scale(X[1::2])).n_compared
    13
    """
    learned = learned_ranges(model)
    given = None if learned is None else _given_ranges(model, X, learned.shape[1])
    if given is None:
        return None
    (low, high), (old_low, old_high) = given, learned
    width, old_width = high - low, old_high - old_low
    # A constant column is like any other; NaN compares as False.
    compared = (width > 0) & (old_width > 0)
    narrow, wide = width * _TIMES < old_width, old_width * _TIMES < width
    unlike = compared & ((low > old_high) | (high < old_low) | narrow | wide)
    if unlike.sum() < max(_FEWEST, _SHARE * compared.sum()):
        return None
    first = int(unlike.argmax())
    names = string_names(X)
    return UnlikeColumns(
        int(unlike.sum()),
        int(compared.sum()),
        first if names is None else _name_of(model, names, first),
        (float(low[first]), float(high[first])),
        (float(old_low[first]), float(old_high[first])),
    )


def warn_of_unlike_columns(reference, X):
    """Warn where the rows look like other ones than those the old model learned from.

    Parameters
    ----------
    reference : ReferenceModel
        The old model; of an ensemble each member is compared.
    X : array-like of n rows
        What it is asked about.

    Returns
    -------
    warned : bool

    Examples
    --------
    >>> import warnings
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_graceful.reference import ReferenceModel, warn_of_unlike_columns
    >>> X, y = load_wine(return_X_y=True)
    >>> old = ReferenceModel(GaussianNB().fit(X, y))
    >>> warn_of_unlike_columns(old, X[:50])
    False
    >>> with warnings.catch_warnings(action="ignore"):
    ...     warn_of_unlike_columns(old, scale(X))
    True
    """
    model = reference.model
    for member in model if isinstance(model, list | tuple) else [model]:
        member = getattr(member, "model", member)  # of a handle in a list
        found = unlike_columns(member, X)
        if found is not None:
            said = _SAID.format(name=type(member).__name__, **vars(found))
            warn_user(said, OldModelMismatchWarning)
            return True
    return False


def _name_of(model, names, place):
    return str(getattr(model, "feature_names_in_", names)[place])


def _given_ranges(model, X, n_columns):
    """Range of most values by column, shape (2, n_columns); None of no table."""
    columns = _columns(X, model)
    if columns is None or len(columns) != n_columns:
        return None
    ranges = np.full((2, n_columns), np.nan)
    for place, column in enumerate(columns):
        values = _as_numbers(column)
        if len(values):
            ranges[:, place] = np.quantile(values, (0.05, 0.95))
    return ranges


def _columns(X, model):
    """Columns of some of the rows, in the model's order; None of no table."""
    given = string_names(X)
    if given is not None:
        X = _safe_indexing(X, some(np.arange(_num_samples(X))))
        names = fitted_names(model, given) or given
        return [_safe_indexing(X, name, axis=1) for name in names]
    if sparse.issparse(X):  # most of a column is 0, scaled or not
        return None
    X = as_array(X)
    return some(X).T if X.ndim == 2 and len(X) else None


def _as_numbers(column):
    """Finite values of a column as floats; none where it holds something else."""
    with suppress(TypeError, ValueError):
        values = np.asarray(column, dtype=np.float64)
        return values[np.isfinite(values)]
    return np.empty(0)
