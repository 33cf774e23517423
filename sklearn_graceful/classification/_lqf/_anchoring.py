"""How strong an anchor must be, told without the rows that it stands for."""

import numpy as np
import torch
from scipy.stats import norm

from sklearn_graceful.nn import last_linear

# Of the anchor, with a ridge that is no more than it takes to have one solution.
_MULTIPLES, _SMALL_RIDGE = np.logspace(-1, 4, 16), 0.1


def anchored(judge, problem, prior, scales, accepted):
    """The multiple of an anchor, and the scale, by errors and flips of rows left out.

    Of classes that the rows do not show these say nothing: only multiples are tried by
    which few rows of these are lost, in expectation. Where all rows are of new classes,
    the shares of errors and of lost rows are added.

    Parameters
    ----------
    judge : LeftOut
        Of all rows or some.
    problem : tuple of Design, Rows and a solver
        That have all.
    prior : Prior
        With a curvature.
    scales : list of float
        Of the labels; one where the rows do not show all classes.
    accepted : float
        Share of the earlier rows that may be lost, of those that are right.

    Returns
    -------
    prior : Prior
    scale : float
    """
    prior = prior.with_ridge(_SMALL_RIDGE * judge.typical_ridge(prior))
    design, rows, _ = problem
    if design.shows_all(rows):
        return judge.choose(prior, scales, _MULTIPLES)
    losses = _losses(problem, prior, scales[0])
    if not rows.right.any():
        return _among_new(judge, prior, scales[0], losses), scales[0]
    weakest = next((k for k, lost in enumerate(losses) if lost <= accepted), -1)
    return judge.choose(prior, scales, _MULTIPLES[weakest:])


def _among_new(judge, prior, scale, losses):
    """The multiple that loses the least of old rows and new ones alike."""
    if not judge.can_tell():
        return prior
    classes = np.arange(judge.design.n_outputs + 1)
    wrong, *_ = judge.errors(prior, [scale], _MULTIPLES, classes)
    both = wrong[0] + np.fromiter(losses, dtype=float)
    return prior.times(float(_MULTIPLES[both.argmin()]))


def _losses(problem, prior, scale):
    """Yield expected losses by multiples of an anchor, the weakest first."""
    design, rows, solver = problem
    for update in solver.solutions(rows, map(prior.times, _MULTIPLES), scale):
        yield expected_loss(design, rows, prior.curvature, update)


def expected_loss(design, rows, curvature, update):
    """Expected share of earlier rows, of those that are right, that an update loses.

    Two logits of these change in relation to each other by a normal variable, about, of
    which the curvature says the variance. A row is lost if that is more than the gap
    between them. How large gaps are the new rows show that are right before the update,
    or, if none is, all of them.
    """
    rows = rows.take(rows.right) if rows.right.any() else rows
    basis = design.linear.module.basis.double().cpu()
    variance = basis.T @ covariance_of_outputs(design, curvature, update) @ basis
    variance, logits = variance.numpy(), (rows.old.double().cpu() @ basis).numpy()
    first = logits.argmax(axis=1)
    gaps = logits.max(axis=1, keepdims=True) - logits
    spread = variance.diagonal()[first, None] + variance.diagonal()
    spread = np.sqrt(np.maximum(spread - 2 * variance[first], 0))
    lost = norm.sf(gaps / np.maximum(spread, 1e-300))
    lost[np.arange(len(first)), first] = 0
    return float(lost.max(axis=1).mean())


def covariance_of_outputs(design, curvature, update):
    """Mean squares and products (m, m) of what an update does to outputs.

    What comes from the last layer is known, what comes from others is taken to be the
    same in all directions.
    """
    contrasts, m = design.linear.module, design.n_outputs
    mean = curvature.times(1 / curvature.total)
    known = torch.zeros(m, m, dtype=torch.float64)
    rest = update.double().clone()
    head = f"{last_linear(contrasts)}.weight"
    block = next((block for block in mean.blocks if head in block.names), None)
    if block is not None and contrasts.kind == "logits":
        where = [design.linear.slices()[name] for name in block.names]
        of_logits = block.covariance(update.double(), where).cpu()
        by_logit = contrasts.by_logit().to(known)
        known = by_logit.T @ of_logits @ by_logit
        for part in where:
            rest[part] = 0
    of_rest = float(rest @ mean.multiply(rest))
    return known + of_rest / m * torch.eye(m, dtype=torch.float64)
