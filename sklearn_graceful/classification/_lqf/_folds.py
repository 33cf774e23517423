"""How freely a network without a predecessor may move, told by folds of the rows."""

from dataclasses import replace

import numpy as np
import torch

from sklearn_graceful.classification._lqf._choice import judging_solver, row_losses

_FOLDS = 5
_GRID = np.logspace(2, -4, 7)
# Of the weights before the last layer, beside those in it: what all of them change.
_SHARES = (1e-9, 0.01, 0.1, 1.0)
# Share of weights that are not asked about, and of what is typical that counts as none.
_NONE, _IDLE = 1e-12, 1e-6


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
        """The prior with the least log-loss.

        Of smaller shares, whose mean loss is within a standard error of the difference,
        the smallest: few rows say little.

        Returns
        -------
        prior : Prior
            In units of what is typical: see :func:`in_units`.
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
        losses = np.array([by_row for _, by_row in found])
        best = _least_share(losses, self._weight, len(_GRID))
        return options[best], found[best][0]

    def _logits(self, options):
        """Of each row by a fit of the other folds, (n_options, n, n_classes)."""
        n_classes = self._folds[0][0].linear.module.basis.shape[1]
        logits = np.zeros((len(options), len(self._y), n_classes))
        for design, rows, solver, X, held_out in self._folds:
            before = design.outputs(X, design.start)
            typical = typical_changes(options[0], rows, solver)
            priors = [in_units(option, typical) for option in options]
            moved = solver.predicted(rows, priors, 1.0, X)
            for k, change in enumerate(moved):
                outputs = before + change.to(before)
                of_fold = design.linear.module.logits(outputs)
                logits[k, held_out] = of_fold.double().cpu().numpy()
        return logits


def typical_changes(prior, rows, solver):
    """What each group of weights alone typically changes, at a ridge of 1.

    Parameters
    ----------
    prior : Prior
        With the groups; nothing else of it counts.
    rows : Rows
    solver : Cholesky, Dual or SharedKernel
        That has just these.
    """
    places = range(len(prior.groups))
    alone = [tuple(1.0 if k == g else _NONE for k in places) for g in places]
    return [
        solver.typical_curvature(rows, replace(prior, shares=shares, curvature=None))
        for shares in alone
    ]


def in_units(prior, typical):
    """The prior whose ridge and shares are meant in units of what is typical.

    Groups with a share of 1 then change the outputs alike, and a ridge of 1 halves
    what a typical change does.
    """
    shares = tuple(
        share * typical[0] / own if own > _IDLE * typical[0] else share
        for share, own in zip(prior.shares, typical, strict=True)
    )
    whole = sum(share * own for share, own in zip(shares, typical, strict=True))
    return prior.with_ridge(prior.ridge * whole, shares)


def _least_share(losses, weight, n_ridges):
    """Position of the option: see `Folds.choose`."""
    weight = weight / weight.sum()
    means = losses @ weight
    best = means.argmin()

    def is_near(place):
        more = losses[place] - losses[best]
        mean = weight @ more
        return mean <= np.sqrt(weight**2 @ (more - mean) ** 2)

    ridges = means.reshape(-1, n_ridges).argmin(axis=1)  # the best of each share
    places = n_ridges * np.arange(len(ridges)) + ridges
    return next(int(place) for place in places if is_near(place))


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
