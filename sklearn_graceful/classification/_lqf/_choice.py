"""The ridge whose fits without a row are best on the row."""

from dataclasses import replace

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from sklearn_graceful.classification._lqf._solvers import Dual

_GRID = np.logspace(3, -5, 17)
# Of an anchor with a ridge that is no more than it takes to have one solution.
_ANCHORS, _SMALL_RIDGE = np.array([1.0, 3.0, 10.0, 30.0, 100.0]), 0.1
_LOG_RANGE = (np.log(0.02), np.log(50))
# Outputs of rows that a ridge is chosen by, where a fit looks at more.
_MAX_JUDGED = 1500


class LeftOut:
    """Rows, each predicted by a fit of the others: exact, and cheap.

    Parameters
    ----------
    design : Design
        The network.
    rows : Rows
        What is predicted.
    solver : Cholesky or Dual
        That has just these.
    """

    def __init__(self, design, rows, solver):
        self.design, self.rows, self.solver = design, rows, solver

    @classmethod
    def for_solver(cls, design, rows, solver):
        """All rows, or so many that it is cheap if the solver is none that can."""
        if solver.exact:
            return cls(design, rows, solver)
        part = rows.take(even_part(rows.y, rows.labels.shape[1]))
        solver = Dual(design)
        solver.add(part)
        return cls(design, part, solver)

    def logits(self, prior, scale, multiples=(1.0,)):
        """Logits of each row by a fit without it, for multiples of a prior.

        Of shape (n_multiples, n, n_classes).
        """
        moved = self.solver.left_out(self.rows, prior, scale, multiples)
        outputs = self.rows.old + moved.to(self.rows.old)
        return self.design.linear.module.logits(outputs).double().cpu().numpy()

    def temperature(self, prior, scale):
        """That suits these logits best."""
        (logits,) = self.logits(prior, scale)
        return row_losses(logits, *self._labels())[0]

    def choose(self, prior, scale):
        """The prior with the fewest errors; of equals, that with the least squares.

        Not the least log-loss: an old network's outputs are as sure as cross-entropy
        made them, so by that nothing would ever be learned from squares.

        Of an anchor and a small ridge together, the strongest multiple that has no more
        errors than the fewest and a standard error: what an anchor is for, no row here
        can tell.
        """
        plain = replace(prior, curvature=None)
        unit = self.solver.typical_curvature(self.rows, plain)
        y, weight = self._labels()
        if not weight.any():  # no class has a second row
            return prior.with_ridge(unit)
        is_anchored = prior.curvature is not None
        prior = prior.with_ridge(unit * (_SMALL_RIDGE if is_anchored else 1.0))
        grid = _ANCHORS if is_anchored else _GRID
        logits = self.logits(prior, scale, grid)
        wrong = (logits.argmax(axis=2) != y).astype(np.float64)
        labels = self.design.linear.module.logits(scale * self.rows.labels)
        off = ((logits - labels.double().cpu().numpy()) ** 2).sum(axis=2)
        errors = np.average(wrong, axis=1, weights=weight)
        best = np.lexsort((off @ weight, errors))[0]
        if is_anchored:
            error = standard_errors(wrong - wrong[best], weight)
            best = np.flatnonzero(errors <= errors[best] + error)[-1]
        return prior.times(float(grid[best]))

    def _labels(self):
        """Class and weight; the only row of a class cannot be told by the others."""
        y = self.rows.y.cpu().numpy()
        weight = (self.rows.weight * self.rows.share).double().cpu().numpy()
        return y, weight * (np.bincount(y)[y] > 1)


def even_part(y, m):
    """Positions of some rows, as many of one class as of another where there are."""
    y = y.cpu().numpy()
    wanted = max(2 * (m + 1), _MAX_JUDGED // m)
    if wanted >= len(y):
        return torch.arange(len(y))
    # Place among the rows of the same class, in an order of chance.
    order = np.random.default_rng(0).permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    place = np.empty(len(y), dtype=int)
    place[order] = np.arange(len(y)) - np.searchsorted(y[order], y[order])
    return torch.as_tensor(np.sort(np.argsort(place, kind="stable")[:wanted]))


def row_losses(logits, y, weight):
    """Temperature with the least log-loss, and each row's loss at it.

    One more row, of which nobody knows the class, keeps few rows that are all right
    from making it too sure.
    """

    def losses(log_temperature):
        log_proba = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -np.take_along_axis(log_proba, y[:, None], axis=1)[:, 0], log_proba

    def smoothed(log_temperature):
        by_row, log_proba = losses(log_temperature)
        return weight @ by_row - log_proba.mean()

    best = minimize_scalar(smoothed, bounds=_LOG_RANGE, method="bounded").x
    return float(np.exp(best)), losses(best)[0]


def standard_errors(differences, weight):
    """Of the means of paired differences, one a line."""
    weight = weight / weight.sum()
    means = (differences @ weight)[:, None]
    return np.sqrt((differences - means) ** 2 @ weight**2)
