"""Logits without what they have in common, and room for classes that come later."""

import copy

import torch
from scipy.linalg import helmert
from torch import nn

from sklearn_graceful.nn._linearized import last_linear
from sklearn_graceful.nn._loop import first_output
from sklearn_graceful.nn._outputs import to_logits


class Contrasts(nn.Module):
    """A classifying module in ``n_classes - 1`` coordinates.

    What is added to all logits of a row alike changes no probability. Without it,
    logits are points of a space with one dimension less, and this module yields their
    coordinates in an orthonormal basis of it: distances stay.

    Parameters
    ----------
    module : torch.nn.Module
        One output for each class.
    kind : str
        What they are, see :func:`output_kind`.
    order : array-like of int, shape (n_classes,)
        Class of each output.
    n_known : int, default=None
        How many of the outputs, the first ones, are of classes that the weights know.
        The others are compared with the mean of these. None: all.
    trunk : FrozenTrunk, default=None
        Of the module: rows may then also be what it yields for them.
    """

    def __init__(self, module, kind, order, n_known=None, trunk=None):
        super().__init__()
        self.module, self.kind, self.trunk = module, kind, trunk
        self.n_known = len(order) if n_known is None else n_known
        weight = next(p for p in module.parameters() if p.is_floating_point())
        basis = torch.as_tensor(helmert(len(order))).to(weight)
        self.register_buffer("basis", basis)
        self.register_buffer("order", torch.as_tensor(order, device=weight.device))

    def forward(self, x):
        """Coordinates of shape (n, n_classes - 1)."""
        if self.trunk is None or x.shape[1:] != self.trunk.shape:
            output = self.module(x)
        else:
            output = self.trunk.run_behind(self.module, x)
        return self._of_outputs(to_logits(first_output(output), self.kind))

    def _of_outputs(self, logits):
        known, new = logits[:, : self.n_known], logits[:, self.n_known :]
        known = known - known.mean(1, keepdim=True)
        return torch.cat([known, new], dim=1) @ self.basis[:, self.order].T

    def outputs_curvature(self):
        """Squared derivatives of the coordinates by the module's logits."""
        by_logit = self.by_logit()
        return by_logit @ by_logit.T

    def by_logit(self):
        """Derivatives of the coordinates by the module's logits, (n_classes, m)."""
        return self._of_outputs(torch.eye(len(self.order)).to(self.basis))

    def of_labels(self, y):
        """Coordinates of a 1 for the right class, for class indices `y`."""
        return self.basis.T[y]

    def logits(self, coordinates):
        """Logits (n, n_classes) with a mean of 0, in the order of the classes."""
        return coordinates @ self.basis


def with_outputs(module, n_outputs, *, keep):
    """A copy of a module whose last linear layer has another number of outputs.

    Parameters
    ----------
    module : torch.nn.Module
        Ends in a linear layer.
    n_outputs : int
        Of the copy.
    keep : bool
        Whether the first rows of weights stay what they are. All others are 0.

    Returns
    -------
    module : torch.nn.Module

    Raises
    ------
    ValueError
        If there is no linear layer.
    """
    module, name = copy.deepcopy(module), last_linear(module)
    old = module.get_submodule(name)
    new = nn.Linear(old.in_features, n_outputs, bias=old.bias is not None or not keep)
    new.to(old.weight).requires_grad_(True)
    with torch.no_grad():
        for weight in new.parameters():
            weight.zero_()
        if keep:
            new.weight[: old.out_features] = old.weight
            if old.bias is not None:
                new.bias[: old.out_features] = old.bias
    if not name:
        return new
    parent, _, child = name.rpartition(".")
    setattr(module.get_submodule(parent), child, new)
    return module
