"""Solve it with batches of rows, through the loop that trains every other network."""

import torch
from skorch import NeuralNet
from skorch.callbacks import LRScheduler
from torch import nn

from sklearn_graceful.nn import train_net

_LR, _MOMENTUM = 0.05, 0.9


class Preconditioned(nn.Module):
    """Outputs in coordinates in which the problem is about equally steep everywhere.

    Parameters
    ----------
    design : Design
        The network.
    prior : Prior
        ``halve`` and ``unhalve`` of which lead there: the real prior, and on top of it
        the curvature of the rows.
    """

    def __init__(self, design, prior):
        super().__init__()
        self.linear, self._prior = design.linear, prior
        self.linear.change.requires_grad_(False)
        self.moved = nn.Parameter(torch.zeros_like(design.start))

    def update(self):
        """Change of the weights."""
        return self._prior.unhalve(self.moved)

    def forward(self, x):
        """Change of the outputs."""
        return self.linear.jvp(x.to(self.moved.dtype), self.update())[1]


class SquaresObjective(nn.Module):
    """Sum of squares and prior, over the number of rows, as the mean of rows.

    Parameters
    ----------
    module : Preconditioned
        What is trained.
    rows : Rows
        With targets.
    prior : Prior
        The real one.
    scale : float
        Of the labels.
    """

    def __init__(self, module, rows, prior, scale):
        super().__init__()
        self._module, self._prior = [module], prior  # no part of this one
        self.register_buffer("targets", rows.targets(scale))
        self.register_buffer("weight", rows.weight)
        self.y = None

    def forward(self, output, y, rows):
        """What each row of a batch adds to its mean loss."""
        off = (output - self.targets[rows]).square().sum(1)
        u = self._module[0].update()
        prior = (u * self._prior.multiply(u)).sum() / len(self.targets)
        return (self.weight[rows] * off + prior) / (2 * len(output))


class StochasticGradient:
    """In batches, by gradients with a falling rate: for rows without end.

    Nearer to the solution the longer it runs, other than the other ways.
    """

    exact = False

    def __init__(self, design, max_iter=None):
        self._design = design
        self.n_iter = 30 if max_iter is None else max_iter

    def can_judge(self, rows):
        """Whether fits without a row are cheap."""
        return False

    def add(self, rows):
        """Take rows in."""

    def remove(self, rows, positions):
        """Take some of the rows out."""

    def solutions(self, rows, priors, scale):
        """Yield the change of the weights for each prior."""
        curvature = self._design.curvature(rows)
        for prior in priors:
            yield self._trained(rows, prior, scale, curvature)

    def _trained(self, rows, prior, scale, curvature):
        steep = prior.with_rows(curvature, len(rows))
        module = Preconditioned(self._design, steep)
        falling = LRScheduler("CosineAnnealingLR", T_max=self.n_iter)
        net = NeuralNet(
            module,
            criterion=nn.Identity,
            optimizer=torch.optim.SGD,
            optimizer__momentum=_MOMENTUM,
            optimizer__nesterov=True,
            lr=_LR,
            max_epochs=self.n_iter,
            batch_size=self._design.batch_size,
            callbacks=[falling],
            train_split=None,
            device=self._design.start.device,
        )
        train_net(net, rows.X, rows.y, SquaresObjective(module, rows, prior, scale))
        with torch.no_grad():
            return module.update().double()
