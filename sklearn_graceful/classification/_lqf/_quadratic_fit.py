"""One update: its rows, what holds it back, and the change of the weights."""

import torch

from sklearn_graceful.classification._lqf._anchoring import anchored
from sklearn_graceful.classification._lqf._choice import LeftOut, even_part
from sklearn_graceful.classification._lqf._folds import (
    Folds,
    in_units,
    typical_changes,
)
from sklearn_graceful.classification._lqf._probe import (
    new_outputs,
    with_new_outputs,
    with_probe,
)
from sklearn_graceful.classification._lqf._problem import Design, Prior
from sklearn_graceful.classification._lqf._solvers import solver_for
from sklearn_graceful.nn import Curvature

# Share of earlier rows that an anchored update may be expected to lose.
_ACCEPTED = 0.01
# Multiples of a typical margin.
_SCALES = (1.0, 2.0, 4.0, 8.0)


class QuadraticFit:
    """A network's update as a problem of least squares, with its solution.

    Parameters
    ----------
    network : Network
        To start from. Without classes of its own it gets a last layer for these.
    classes : ndarray of shape (n_classes,)
        All that are told apart.
    targets : tuple of tensor
        Rows X as the network takes them, class indices, weights, and the labels'
        shares of these.
    params, ridge, target_scale, anchor, solver, max_iter, max_nfr
        As for :class:`LQFClassifier`.

    Attributes
    ----------
    design : Design
        The network linearised.
    rows : Rows
        All that was learned.
    prior : Prior
        With the ridge that was chosen.
    scale : float
        Of the labels.
    temperature : float
        That makes probabilities of logits.
    update : tensor of shape (n_params,)
        Change of the weights by this update.
    """

    def __init__(
        self,
        network,
        classes,
        targets,
        *,
        params,
        ridge,
        target_scale,
        anchor,
        solver,
        max_iter,
        max_nfr,
    ):
        self._accepted = _ACCEPTED if max_nfr is None else max_nfr
        self._keeps_outputs = network.classes is not None
        self._params, self._target_scale = params, target_scale
        network = network.with_trunk(params, targets[0])
        if self._keeps_outputs:
            if len(network.classes) < len(classes):
                network = with_new_outputs(network, classes, *targets)
            self.design, groups = self._linearise(network, classes)
        else:
            X, y, weight, _ = targets
            X = network.inputs(X)
            self.design, groups = self._with_probe(network, classes, X, y, weight)
            part = even_part(y, len(self.design.start))
            folds = Folds(
                *(rows[part] for rows in (X, y, weight)),
                lambda *rows: self._with_probe(network, classes, *rows),
            )
        self.rows = self.design.rows(*targets)
        if anchor == "data" and network.rows is not None:
            self.rows = self.rows.joined(self.design.staying(network.rows))
        self._anchor = self._find_anchor(anchor, network)
        kind = solver_for(solver, self.rows.labels.numel(), len(self.design.start))
        self.solver = kind(self.design, max_iter)
        self.solver.add(self.rows)
        prior = Prior(1.0, groups, (1.0,) * len(groups), self._anchor)
        if self._keeps_outputs:
            self._choose_by_rows(prior, ridge)
        else:
            self._choose_by_folds(prior, ridge, folds)
        self._solve()

    def add(self, targets):
        """Learn further rows."""
        rows = self.design.rows(*targets)
        self.solver.add(rows)
        self.rows = self.rows.joined(rows)
        self._solve()

    def remove(self, targets):
        """Be as if some rows had never been learned.

        Raises
        ------
        ValueError
            If they never were.
        """
        positions = self.rows.positions_of(self.design.rows(*targets))
        if None in positions:
            raise ValueError(
                f"{positions.count(None)} of {len(positions)} rows were never learned, "
                "or with another label or weight."
            )
        keep = torch.ones(len(self.rows), dtype=torch.bool)
        keep[positions] = False
        if not keep.any():
            raise ValueError("Of all rows none would be left.")
        self.solver.remove(self.rows, positions)
        self.rows = self.rows.take(keep)
        self._solve()

    def left_out_logits(self):
        """Logits (n, n_classes) of each row by a fit without it."""
        left_out = LeftOut(self.design, self.rows, self.solver)
        return left_out.logits(self.prior, [self.scale])[0, 0]

    def influence(self, X):
        """By how much each row changes the logits of X, (n_X, n, n_classes)."""
        moved = self.solver.influence(self.rows, self.prior, self.scale, X)
        return self.design.linear.module.logits(moved.to(self.rows.labels))

    def curvature(self):
        """Of all rows learned so far, those of earlier updates included."""
        curvature = self.design.curvature(self.rows)
        return curvature if self._anchor is None else curvature.merged(self._anchor)

    def _linearise(self, network, classes):
        """Design of a network with all classes, and the groups of its weights."""
        linear, start = network.linearised(classes, self._params)
        # A last layer that is fitted to these rows is known to be of use; what lies
        # before it need not move at all.
        positions = torch.arange(len(start), device=start.device)
        free = torch.zeros_like(positions, dtype=torch.bool)
        if not self._keeps_outputs:
            free[new_outputs(linear, n_known=0)] = True
        groups = [positions[free], positions[~free]]
        return Design(linear, start), [group for group in groups if len(group)]

    def _with_probe(self, network, classes, *rows):
        return self._linearise(with_probe(network, classes, *rows), classes)

    def _find_anchor(self, anchor, network):
        if anchor == "kfac" and network.curvature is not None:
            anchor = network.curvature()
        if isinstance(anchor, Curvature):
            return anchor.for_contrasts(self.design.linear)
        return None

    def _choose_by_rows(self, prior, ridge):
        judge = LeftOut.for_solver(self.design, self.rows, self.solver)
        scales = self._scales()
        if ridge != "loo":
            chosen = prior.with_ridge(float(ridge)), scales[0]
        elif self._anchor is None:
            chosen = judge.choose_ridge(prior, scales)
        else:
            problem = self.design, self.rows, self.solver
            chosen = anchored(judge, problem, prior, scales, self._accepted)
        self.prior, self.scale = chosen
        self.temperature = judge.temperature(self.prior, self.scale)

    def _scales(self):
        """To choose from. By rows of some classes, all others would best be outdone."""
        scale = self._find_scale()
        if self._target_scale != "auto" or not self.design.shows_all(self.rows):
            return [scale]
        return [times * scale for times in _SCALES]

    def _choose_by_folds(self, prior, ridge, folds):
        self.scale = self._find_scale()
        prior, self.temperature = folds.choose(prior)
        judge = LeftOut.for_solver(self.design, self.rows, self.solver)
        typical = typical_changes(prior, judge.rows, judge.solver)
        self.prior = in_units(prior, typical)
        if ridge != "loo":
            self.prior = self.prior.with_ridge(float(ridge))

    def _find_scale(self):
        if self._target_scale != "auto":
            return float(self._target_scale)
        # Without outputs to be kept there is nothing that labels could be scaled to.
        return (self._keeps_outputs and self.rows.typical_margin()) or 1.0

    def _solve(self):
        (update,) = self.solver.solutions(self.rows, [self.prior], self.scale)
        self.update = update.to(self.design.start)
