"""The ridge whose fits without a row are best on the row."""

from dataclasses import replace

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from sklearn_graceful.classification._lqf._dual import Dual, SharedKernel
from sklearn_graceful.classification._lqf._problem import MAX_NUMBERS

_GRID = np.logspace(3, -5, 17)
# Errors that are as good as the fewest, and fewer flips are preferred.
_NEAR = 0.005
_LOG_RANGE = (np.log(0.02), np.log(50))
# Outputs of all rows up to which each has its own place in a kernel; rows else.
_MAX_OUTPUTS, _MIN_ROWS, _MAX_ROWS = 1500, 200, 1000


class LeftOut:
    """Rows, each predicted by a fit of the others: exact, and cheap.

    Parameters
    ----------
    design : Design
        The network.
    rows : Rows
        What is predicted.
    solver : Cholesky, Dual or SharedKernel
        That has just these.
    """

    def __init__(self, design, rows, solver):
        self.design, self.rows, self.solver = design, rows, solver

    @classmethod
    def for_solver(cls, design, rows, solver):
        """All rows, or so many that it is cheap if the solver is none that can."""
        if solver.can_judge(rows):
            return cls(design, rows, solver)
        return cls.of_part(design, rows)

    @classmethod
    def of_part(cls, design, rows, kind=None):
        """So many rows that it is cheap, by a solver of a kind, or as suits them."""
        part = rows.take(even_part(rows.y, len(design.start)))
        return cls(design, part, judging_solver(design, part, kind))

    def logits(self, prior, scales, multiples=(1.0,)):
        """Logits of each row by a fit without it, for scales and multiples of a prior.

        Of shape (n_scales, n_multiples, n, n_classes).
        """
        moved = self.solver.left_out(self.rows, prior, scales, multiples)
        outputs = self.rows.old + moved.to(self.rows.old)
        return self._as_logits(outputs)

    def temperature(self, prior, scale):
        """That suits these logits best."""
        logits = self.logits(prior, [scale])[0, 0]
        return row_losses(logits, *self._labels())[0]

    def typical_ridge(self, prior):
        """Mean over outputs of the derivatives' squared length."""
        plain = replace(prior, curvature=None)
        return self.solver.typical_curvature(self.rows, plain)

    def choose_ridge(self, prior, scales):
        """The prior with the best ridge, and the scale: see `choose`."""
        prior = prior.with_ridge(self.typical_ridge(prior))
        best, scale = self.choose(prior, scales, _GRID)
        return prior.with_ridge(prior.ridge * best.multiple), scale

    def choose(self, prior, scales, multiples):
        """Times what, and at which scale, few rows are wrong and few are lost.

        Of those within half a point of the fewest errors, that with the fewest negative
        flips; of equals the fewest errors, the first scale, the least squares. Among
        the classes that the rows show: of others they can tell nothing. Not the least
        log-loss: an old network's outputs are as sure as cross-entropy made them, so by
        that nothing would ever be learned from squares.

        Returns
        -------
        prior : Prior
        scale : float
        """
        if not self.can_tell():
            return prior, scales[0]
        shown = np.unique(self.rows.y.cpu().numpy())
        wrong, lost, off = self.errors(prior, scales, multiples, shown)
        far, place = wrong > wrong.min() + _NEAR, np.indices(wrong.shape)[0]
        keys = (off, place, wrong, lost, far)
        best = np.lexsort([key.ravel() for key in keys])[0]
        place, column = np.unravel_index(best, wrong.shape)
        return prior.times(float(multiples[column])), scales[place]

    def can_tell(self):
        """Whether any class has a second row."""
        return self._labels()[1].any()

    def errors(self, prior, scales, multiples, classes):
        """Shares of wrong rows and of lost ones, and mean squares, among some classes.

        Each of shape (n_scales, n_multiples).
        """
        y, weight = self._labels()
        weight = weight / weight.sum()
        logits = self.logits(prior, scales, multiples)[..., classes]
        wrong = classes[logits.argmax(axis=3)] != y
        was_right = self.rows.right.cpu().numpy()
        wanted = [self.rows.old + self.rows.wanted(scale) for scale in scales]
        off = logits - self._as_logits(torch.stack(wanted))[:, None, :, classes]
        off = ((off - off.mean(axis=3, keepdims=True)) ** 2).sum(axis=3)
        return wrong @ weight, (wrong & was_right) @ weight, off @ weight

    def _as_logits(self, outputs):
        return self.design.linear.module.logits(outputs).double().cpu().numpy()

    def _labels(self):
        """Class and weight; the only row of a class cannot be told by the others."""
        y = self.rows.y.cpu().numpy()
        weight = self.rows.weight.double().cpu().numpy()
        return y, weight * (np.bincount(y)[y] > 1)


def judging_solver(design, rows, kind=None):
    """Of rows that ridges are judged by."""
    if kind is None:
        kind = Dual if rows.labels.numel() <= _MAX_OUTPUTS else SharedKernel
    solver = kind(design)
    solver.add(rows)
    return solver


def even_part(y, n_params):
    """Positions of some rows, as many of one class as of another where there are.

    So many that one gradient of each is not too much, where that is not too few.
    """
    y = y.cpu().numpy()
    wanted = min(max(MAX_NUMBERS // n_params, _MIN_ROWS), _MAX_ROWS)
    if len(y) <= wanted:
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
