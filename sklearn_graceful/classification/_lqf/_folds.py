"""How freely a network without a predecessor may move, told by folds of the rows."""

import numpy as np
import torch

from sklearn_graceful.classification._lqf._choice import judging_solver, row_losses

_FOLDS = 5
_GRID = np.logspace(2, -4, 7)
# Of the weights before the last layer, beside those in it.
_SHARES = (1e-9, 0.01, 0.1, 1.0)


class Folds:
    """Rows that are predicted by fits of other rows, the last layer's start included.

    That start has seen the labels of all rows that it was fitted to, so a fit around it
    without one of these would still know its label.

    Parameters
    ----------
    X, y, weight : tensor of n rows
        Rows as the network takes them, class indices and weights.
    design_for : callable
        ``design_for(X, y, weight)``: a design that starts from these rows, and the
        groups of its weights.
    """

    def __init__(self, X, y, weight, design_for):
        self._y, self._weight = y.cpu().numpy(), weight.double().cpu().numpy()
        # Of rows that are the only ones of their class nothing can be told.
        self._weight *= np.bincount(self._y)[self._y] > 1
        self._folds = []
        for rest, held_out in _splits(self._y):
            of_rest = X[rest], y[rest], weight[rest]
            design, _ = design_for(*of_rest)
            rows = design.rows(*of_rest, torch.ones_like(weight[rest]))
            solver = judging_solver(design, rows)
            self._folds.append((design, rows, solver, X[held_out], held_out))

    def choose(self, prior):
        """The prior with the least log-loss, its ridge a multiple of what is typical.

        Returns
        -------
        prior : Prior
            ``ridge`` is in units of :meth:`Dual.typical_curvature`.
        temperature : float
        """
        shares = _SHARES if len(prior.groups) > 1 else (1.0,)
        options = [
            prior.with_ridge(ridge, (1.0, share)[: len(prior.groups)])
            for share in shares
            for ridge in _GRID
        ]
        if not self._weight.any():  # no class has a second row
            return options[list(_GRID).index(1.0)], 1.0
        found = [
            row_losses(logits, self._y, self._weight)
            for logits in self._logits(options)
        ]
        best = int(np.argmin([self._weight @ losses for _, losses in found]))
        return options[best], found[best][0]

    def _logits(self, options):
        """Of each row by a fit of the other folds, (n_options, n, n_classes)."""
        n_classes = self._folds[0][0].linear.module.basis.shape[1]
        logits = np.zeros((len(options), len(self._y), n_classes))
        for design, rows, solver, X, held_out in self._folds:
            before = design.outputs(X, design.start)
            moved = solver.predicted(rows, _scaled(options, rows, solver), 1.0, X)
            for k, change in enumerate(moved):
                outputs = before + change.to(before)
                of_fold = design.linear.module.logits(outputs)
                logits[k, held_out] = of_fold.double().cpu().numpy()
        return logits


def _scaled(options, rows, solver):
    """Ridges of these rows."""
    return [
        option.with_ridge(option.ridge * solver.typical_curvature(rows, option))
        for option in options
    ]


def _splits(y):
    """Folds of the rows; a class with fewer rows than folds is spread over some."""
    n_folds = min(_FOLDS, np.bincount(y).max())
    if n_folds < 2:
        return []
    place = np.empty(len(y), dtype=int)
    order = np.argsort(y, kind="stable")
    place[order] = np.arange(len(y)) - np.searchsorted(y[order], y[order])
    alone = np.bincount(y)[y] == 1
    fold = np.where(alone, -1, place % n_folds)
    return [
        (np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(n_folds)
    ]
