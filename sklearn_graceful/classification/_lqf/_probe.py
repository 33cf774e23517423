"""Last layers, or some of their outputs, for classes that a network does not know."""

from dataclasses import replace

import torch

from sklearn_graceful.classification._lqf._choice import LeftOut
from sklearn_graceful.classification._lqf._conjugate_gradients import ConjugateGradients
from sklearn_graceful.classification._lqf._dual import SharedKernel
from sklearn_graceful.classification._lqf._problem import Design, Prior
from sklearn_graceful.classification._lqf._solvers import solver_for
from sklearn_graceful.nn import last_linear, with_outputs


def with_probe(network, classes, X, y, weight):
    """The network with a last layer that is fitted to rows, all else as it is.

    Its changes take the layer's weights back: before the update all outputs are 0.

    Parameters
    ----------
    network : Network
        Its last layer is of no use.
    classes : ndarray
        What the new one shall tell apart.
    X, y, weight : tensor of n rows
        Rows as the network takes them, class indices and weights.

    Returns
    -------
    network : Network
    """
    module = with_outputs(network.module, len(classes), keep=False)
    blank = replace(network, module=module, classes=classes, change={})
    linear, start = blank.linearised(classes, "last")
    return _with_fitted(blank, linear, start, torch.arange(len(start)), X, y, weight)


def with_new_outputs(network, classes, X, y, weight, share):
    """The network with outputs for all classes, the new ones fitted to rows.

    They are taken back in the same way. Without any weights of theirs, what lies
    before the last layer could do nothing for them.
    """
    linear, start = network.linearised(classes, "last")
    module = linear.module
    wide = replace(
        network,
        module=linear.original().module,
        classes=classes[module.order.cpu().numpy()],
        kind=module.kind,
        n_known=module.n_known,
    )
    new = new_outputs(linear)
    return _with_fitted(wide, linear, start, new, X, y, weight, share)


def new_outputs(linear, n_known=None):
    """Positions of the weights of outputs for new classes."""
    n_known = linear.module.n_known if n_known is None else n_known
    n_classes, found = len(linear.module.order), []
    for name, where in linear.slices().items():
        if name.startswith(f"{last_linear(linear.module)}."):
            width = (where.stop - where.start) // n_classes
            found += range(where.start + n_known * width, where.stop)
    return torch.tensor(found, dtype=torch.long)


def _with_fitted(network, linear, start, moving, X, y, weight, share=None):
    """Fit some of the last layer's weights; put them in, and take them back."""
    design = Design(linear, start)
    share = torch.ones_like(weight) if share is None else share
    rows = design.rows(X, y, weight, share)
    fixed = torch.ones(len(start), dtype=torch.bool)
    fixed[moving] = False
    groups = [group for group in (moving, fixed.nonzero()[:, 0]) if len(group)]
    prior = Prior(1.0, groups, (1.0, 1e-9)[: len(groups)])
    scale = rows.typical_margin() or 1.0  # outputs may all be 0
    if len(groups) == 1:  # all outputs share a kernel, and K-FAC solves it in one step
        solver = ConjugateGradients(design)
        judge = LeftOut.of_part(design, rows, SharedKernel)
    else:
        solver = solver_for("auto", rows.labels.numel(), len(start))(design)
        solver.add(rows)
        judge = LeftOut.for_solver(design, rows, solver)
    prior, _ = judge.choose_ridge(prior, [scale])
    (fitted,) = solver.solutions(rows, [prior], scale)
    fitted = fitted.to(start)
    with torch.no_grad():
        linear.change.zero_()
        linear.change[moving] = fitted[moving]
        for name, weights in linear.changes().items():
            network.module.get_parameter(name.removeprefix("module.")).add_(weights)
        linear.change.copy_(start - linear.change)
    return replace(network, change=network.change | linear.changes())
