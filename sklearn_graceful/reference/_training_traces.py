"""Notice rows that a model was trained on, by what they leave in it to the digit."""

from contextlib import suppress

import numpy as np
from scipy import sparse
from sklearn.pipeline import Pipeline

from sklearn_graceful._containers import as_array
from sklearn_graceful._wrappers import innermost, layers
from sklearn_graceful.reference._learned_ranges import some, split_values

# So many traces must be found, such a share of all, and so many times those by chance.
_FEWEST, _SHARE, _TIMES = 5, 0.005, 5
_MAX_ROWS, _MAX_COLUMNS = 5000, 64
# Rows of a node lie next to each other in the whole, or nearly so.
_NEXT = 3


def knows_rows(model, X):
    """Whether a model was certainly trained on some of the rows.

    Nearest neighbours, support vector machines and Gaussian processes keep rows that
    they were trained on. Trees, grown by exact splits or on bins, compare a column with
    the value half-way between two training rows: where many thresholds are half-way
    between two of the rows at hand, to the last digit, these were there.

    By chance the same happens where values repeat. How often is counted with one half
    of the rows in the place of the training rows and the other half in that of new
    ones; if that is not rare, nothing can be said.

    Parameters
    ----------
    model : object
        Fitted, of any kind.
    X : array-like of shape (n, n_features)

    Returns
    -------
    knows_rows : bool
        False also where a model keeps no trace: linear models, networks and other
        libraries' boosting keep none that is looked for here.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_graceful.reference import knows_rows
    >>> X, y = load_wine(return_X_y=True)
    >>> model = KNeighborsClassifier().fit(X[::2], y[::2])
    >>> knows_rows(model, X), knows_rows(model, X[1::2])
    (True, False)
    """
    # What is asked of other rows than it wants is another guard's business.
    with suppress(TypeError, ValueError, AttributeError, LookupError):
        learner, rows = innermost(model), some(_rows_of_learner(model, X), _MAX_ROWS)
        for name in ("_fit_X", "support_vectors_", "X_train_"):
            if getattr(learner, name, None) is not None:
                return _are_among(getattr(learner, name), rows)
        splits = split_values(learner)
        if splits is not None:
            # Trees, other than those on bins, see single precision.
            on_bins = hasattr(learner, "_bin_mapper")
            return _lie_between(splits, rows if on_bins else rows.astype(np.float32))
        members = getattr(learner, "estimators_", None)
        if members is not None:
            members = np.ravel(np.asarray(members, dtype=object))
            return any(knows_rows(member, rows) for member in some(members, 10))
    return False


def _rows_of_learner(model, X):
    """Rows as the learner gets them, a dense array."""
    for layer in layers(model):
        if isinstance(layer, Pipeline):
            X = layer[:-1].transform(X)
    return np.asarray(as_array(_dense(X)), dtype=np.float64)


def _dense(rows):
    if sparse.issparse(rows):
        raise TypeError("Nothing is said of sparse rows, which may be wide.")
    return rows


def _are_among(stored, rows):
    """Whether more rows are stored than it happens among the rows themselves."""
    given = list(_row_keys(rows))
    found = _count_among(given, _row_keys(stored))
    again = _count_among(given[::2], given[1::2])
    # There are so many times as many rows to meet.
    by_chance = 2 * again * max(1, 2 * len(stored) / len(given))
    return found >= _FEWEST and found > _TIMES * by_chance


def _count_among(keys, others):
    wanted = set(keys)
    met = {key for key in others if key in wanted}
    return sum(key in met for key in keys)


def _row_keys(rows):
    # In single precision, where sums in another order are equal.
    rows = np.ascontiguousarray(_dense(rows), dtype=np.float32)
    return (row.tobytes() for row in rows)


def _lie_between(splits, rows):
    """Whether more splits lie half-way between two of the rows than by chance."""
    largest = np.argsort([-len(values) for values in splits])[:_MAX_COLUMNS]
    found = of = again = of_again = 0
    for column in largest[[len(splits[c]) > 0 for c in largest]]:
        values = rows[:, column].astype(np.float64)
        values = values[np.isfinite(values)]
        found += _count_half_way(np.unique(splits[column]), values)
        of += len(np.unique(splits[column]))
        others = _half_way(values[1::2], 1)
        again += _count_half_way(others, values[::2])
        of_again += len(others)
    share = found / max(1, of)
    by_chance = (again + 1) / (of_again + 1)  # none of a few is not never
    return found >= _FEWEST and share >= _SHARE and share > _TIMES * by_chance


def _half_way(values, n_next=_NEXT):
    """Means of values and their next neighbours, sorted."""
    values = np.unique(values)
    steps = range(1, min(n_next, len(values) - 1) + 1)
    pairs = [(values[step:] + values[:-step]) / 2 for step in steps]
    return np.unique(np.concatenate([np.empty(0), *pairs]))


def _count_half_way(splits, values):
    """How many of the splits are half-way between two of the values."""
    means = np.array([-np.inf, *_half_way(values), np.inf])
    after = np.searchsorted(means, splits)
    distance = np.minimum(means[after] - splits, splits - means[after - 1])
    return int((distance <= 1e-12 * np.abs(splits)).sum())
