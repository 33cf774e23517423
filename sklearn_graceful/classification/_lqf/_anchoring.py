"""How strong an anchor must be, told without the rows that it stands for."""

import numpy as np
import torch
from scipy.stats import norm

from sklearn_graceful.nn import last_linear

# Of the anchor, with a ridge that is no more than it takes to have one solution.
_MULTIPLES, _SMALL_RIDGE = np.logspace(-1, 4, 16), 0.1


def anchored(judge, problem, prior, scale, accepted):
    """The multiple of an anchor with the fewest errors on rows left out.

    Of classes that the rows do not show, these errors say nothing: only multiples are
    tried by which few rows of these are lost, in expectation.

    Parameters
    ----------
    judge : LeftOut
        Of all rows or some.
    problem : tuple of Design, Rows and a solver
        That have all.
    prior : Prior
        With a curvature.
    scale : float
        Of the labels.
    accepted : float
        Share of the earlier rows that may be lost, of those that are right.

    Returns
    -------
    prior : Prior
    """
    unit = judge.typical_ridge(prior)
    prior, multiples = prior.with_ridge(_SMALL_RIDGE * unit), _MULTIPLES
    design, rows, solver = problem
    if len(rows.y.unique()) <= design.n_outputs:
        if not _right_before(design, rows).any():  # new classes only
            return prior
        priors = map(prior.times, multiples)
        for update in solver.solutions(rows, priors, scale):
            if expected_loss(design, rows, prior.curvature, update) <= accepted:
                break
            multiples = multiples[1:] if len(multiples) > 1 else multiples
    return judge.choose(prior, scale, multiples)


def expected_loss(design, rows, curvature, update):
    """Expected share of earlier rows, of those that are right, that an update loses.

    Two logits of these change in relation to each other by a normal variable, about, of
    which the curvature says the variance. A row is lost if that is more than the gap
    between them. How large gaps are the new rows show that are right before the update.
    """
    rows = rows.take(_right_before(design, rows))
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


def _right_before(design, rows):
    return design.linear.module.logits(rows.old).argmax(1) == rows.y


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
