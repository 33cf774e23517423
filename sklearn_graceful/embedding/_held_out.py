"""Every kind of map, tried on pairs that it was not fitted on."""

import numpy as np
from sklearn.model_selection import KFold

from sklearn_graceful.embedding._comparison import AdapterComparison, MapFigures
from sklearn_graceful.embedding._kinds import KINDS, fit_both_ways
from sklearn_graceful.search import chunks, unit_rows

# With fewer held-out pairs than this, every pair is held out once instead.
MIN_HELD_OUT = 20
# More hardly narrow the errors, and retrieval among them costs their square.
MAX_HELD_OUT = 2000
N_FOLDS = 5


def compare_kinds(X, Y, adapter, seed):
    """Fit each kind on some of the pairs of X (n, d_source) and Y, try it on others."""
    splits = _held_out_rows(len(X), adapter.validation_fraction, seed)
    held_out = np.concatenate(splits)
    kinds = ["identity", *KINDS] if adapter.kind == "mlp" else ["identity", *KINDS[:2]]
    there, back = [], []
    for kind in kinds:
        mapped = [_map_held_out(kind, X, Y, adapter, seed, rows) for rows in splits]
        mapped_X, mapped_Y = map(np.concatenate, zip(*mapped, strict=True))
        there.append(_figures(kind, "transform", mapped_X, Y[held_out]))
        back.append(_figures(kind, "inverse_transform", mapped_Y, X[held_out]))
    return AdapterComparison((*there, *back), len(held_out), len(splits) > 1)


def _held_out_rows(n, validation_fraction, seed):
    """One set of held-out rows, or several that hold out every row once."""
    n_held_out = min(int(validation_fraction * n), MAX_HELD_OUT)
    if n_held_out < MIN_HELD_OUT:
        folds = KFold(min(N_FOLDS, n), shuffle=True, random_state=seed)
        return [held_out for _, held_out in folds.split(np.empty(n))]
    return [np.random.RandomState(seed).permutation(n)[:n_held_out]]


def _map_held_out(kind, X, Y, adapter, seed, rows):
    rest = np.delete(np.arange(len(X)), rows)
    there, back = fit_both_ways(kind, X[rest], Y[rest], adapter, seed)
    return there(X[rows]), back(Y[rows])


def _figures(kind, direction, mapped, true):
    mapped, true = unit_rows(mapped), unit_rows(true)
    cosine = (mapped * true).sum(axis=1)
    parts = chunks(mapped, row_bytes=len(true) * true.itemsize)
    hit = np.concatenate([_own_is_nearest(mapped[rows], true, rows) for rows in parts])
    figures = []
    for values in (cosine, hit):
        error = values.std(ddof=1) / np.sqrt(len(values))
        figures += [float(values.mean()), float(error)]
    return MapFigures(kind, direction, *figures)


def _own_is_nearest(mapped, true, rows):
    """1 where the own vector is the only nearest one, 1/k where it is one of k."""
    scores = mapped @ true.T
    own = scores[np.arange(len(scores)), np.arange(len(true))[rows], None]
    # Equal vectors may differ in the last digits of their scores.
    slack = 1e-12
    nearest = own[:, 0] >= scores.max(axis=1) - slack
    return nearest / (scores >= own - slack).sum(axis=1)
