"""Whether a learner uses the weights that its ``fit`` takes: a small experiment."""

import warnings

import numpy as np
from joblib import parallel_config
from sklearn.base import clone
from sklearn.utils import _safe_indexing

from sklearn_graceful._containers import as_rows
from sklearn_graceful._wrappers import fit_before_last, last_step
from sklearn_graceful.nn import isolated_randomness
from sklearn_graceful.training._labels_of_learner import label_names
from sklearn_graceful.training._parameters import learners_inside, library_of

# Those of their learners that take weights use them, unless another one is inside; ours
# ask the same of what is inside.
_TRUSTED = ("sklearn", "lightgbm", "xgboost", "catboost")
_OURS = "sklearn_graceful"
# Of each of two classes; so many are taught in all that folds hold equally many.
_MOST_ROWS = 30
_N_TAUGHT = 120
_LIGHT = 1e-6
# Share of the rows that a learner has right which knows them, and what it lacks if it
# was told in vain.
_KNOWS = 0.7
_LACKS = 0.2
_FEW_TREES = 10
_TREES = ("n_estimators", "iterations")


def uses_weights(estimator, X, y, classes):
    """Whether weights decide what the learner at the end of a Pipeline learns.

    A few rows are taught with both of two labels, of which the right one weighs a
    million times as much. What then knows the labels of other rows uses weights. What
    does not, but would have learned them without the wrong ones, makes no use of any.

    Learners of well-known libraries are believed, unless they hold another learner. Of
    those that cannot learn from a few rows nothing is known, and nothing said.

    Parameters
    ----------
    estimator : estimator
        Classifier whose ``fit`` takes sample_weight, or Pipeline that ends in one; a
        clone of it is fitted.
    X : array-like of shape (n, ...)
        Rows, of which a few are taken.
    y : ndarray of int, shape (n,)
        Class indices.
    classes : ndarray of shape (n_classes,)
        Labels.

    Returns
    -------
    uses : bool
        False only where this was seen.
    """
    learner = last_step(estimator)
    library = type(learner).__module__.partition(".")[0]
    if library == _OURS or (library in _TRUSTED and not learners_inside(learner)):
        return True
    with (
        isolated_randomness(0),
        warnings.catch_warnings(),
        parallel_config(backend="sequential"),
    ):
        warnings.simplefilter("ignore")
        try:
            return _experiment(_with_few_trees(clone(estimator)), X, y, classes)
        except Exception:  # whatever it needs, a few rows do not have it
            return True


def _with_few_trees(estimator):
    """Make an estimator quick that grows trees, inside another one or not."""
    parts = {"": estimator} | {
        f"{name}__": part for name, part in learners_inside(estimator).items()
    }
    few = {}
    for prefix, part in parts.items():
        names = (*_TREES, "max_iter") if library_of(part) == "sklearn" else _TREES
        params = part.get_params(deep=False)
        few |= {prefix + n: _FEW_TREES for n in names if params.get(n) is not None}
    return estimator.set_params(**few)


def _experiment(estimator, X, y, classes):
    rows = _few_rows(y)
    found, label = np.unique(y[rows], return_inverse=True)
    right, asked = label_names(last_step(estimator), classes[found])[label]
    X = as_rows(X)
    X, X_asked = _safe_indexing(X, rows[0]), _safe_indexing(X, rows[1])
    # Each row with both labels: always in the same order, so that none comes first
    # because it is right; and folds by class have both of all their rows.
    taught = np.repeat(np.resize(np.arange(len(right)), _N_TAUGHT), 2)
    labels = np.tile(np.unique(right), _N_TAUGHT)
    is_right = labels == right[taught]
    X_taught = _safe_indexing(X, taught)
    learner, X, labels, (X_asked,) = fit_before_last(
        estimator, X_taught, labels, (X_asked,)
    )

    def knows(fitted):
        return np.mean(np.ravel(fitted.predict(X_asked)) == asked)

    weight = np.where(is_right, 1.0, _LIGHT)
    told = knows(clone(learner).fit(X, labels, sample_weight=weight))
    if told >= _KNOWS:
        return True
    X_right = _safe_indexing(as_rows(X), is_right)
    could = knows(clone(learner).fit(X_right, labels[is_right]))
    return could - told < _LACKS


def _few_rows(y):
    """Positions of rows of the two largest classes in turn, shape (2, n_few).

    The first are to be taught, the others to be asked about.
    """
    largest = np.argsort(-np.bincount(y), kind="stable")[:2]
    draw = np.random.default_rng(0).permutation
    first, second = (draw(np.flatnonzero(y == label)) for label in largest)
    half = min(len(first) // 2, len(second) // 2, _MOST_ROWS)
    pairs = np.column_stack([first[: 2 * half], second[: 2 * half]])
    return pairs.reshape(2, -1)
