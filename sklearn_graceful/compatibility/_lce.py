"""Learning compatible embeddings: aligned class centres and tighter classes."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from sklearn_graceful.compatibility._base import Compatibility
from sklearn_graceful.compatibility._prototypes import class_means
from sklearn_graceful.compatibility._task import unit_old_view
from sklearn_graceful.compatibility._terms import ClassHead


class LCE(Compatibility):
    """``CE + align MSE(W, centres_old) + boundary relu(bound_y - cos(e, centre_y))``.

    Learning compatible embeddings. The new class weights `W` are drawn to the old class
    centres, and every new vector is held within the boundary of its class: `bound_y` is
    the smallest cosine between the centre and an old vector of the class.

    Parameters
    ----------
    align : float, default=100.0
        Weight of the mean squared difference between unit class weights, seen in the
        old space, and unit old centres.
    boundary : float, default=1.0
        Weight of what a vector lies outside its class's boundary.
    head_scale : float, default=16.0
        What the class head multiplies cosines by.

    References
    ----------
    Meng et al., "Learning Compatible Embeddings", ICCV 2021.

    Examples
    --------
    >>> from sklearn_graceful.compatibility import LCE
    >>> LCE(boundary=2.0)
    LCE(boundary=2.0)
    """

    name = "lce"

    _bounds = Compatibility._bounds | {"align": (0, np.inf), "boundary": (0, np.inf)}

    def __init__(self, align=100.0, boundary=1.0, head_scale=16.0):
        self.align = align
        self.boundary = boundary
        self.head_scale = head_scale

    def terms(self, task):
        """Cross-entropy, alignment of the head, boundary."""
        centres = class_means(task.old, task.y, task.n_classes, task.weight)
        cosine = (task.old * centres[task.y]).sum(axis=1)
        bounds = np.full(task.n_classes, np.inf)
        np.minimum.at(bounds, task.y, cosine)
        head = ClassHead(task, self.head_scale)
        return [
            (1.0, head),
            (self.align, _HeadAlignment(head, centres)),
            (self.boundary, _Boundary(centres, bounds)),
        ]


class _HeadAlignment(nn.Module):
    """Mean squared difference of class weights and centres, the same for every row."""

    def __init__(self, head, centres):
        super().__init__()
        self.head = head
        self.register_buffer("centres", torch.as_tensor(centres))

    def forward(self, batch):
        weights = unit_old_view(self.head.weight, self.centres.shape[1])
        return F.mse_loss(weights, self.centres).expand(len(batch.rows))


class _Boundary(nn.Module):
    """How far a vector lies outside the old boundary of its class."""

    def __init__(self, centres, bounds):
        super().__init__()
        self.register_buffer("centres", torch.as_tensor(centres))
        self.register_buffer("bounds", torch.as_tensor(bounds, dtype=torch.float32))

    def forward(self, batch):
        cosine = (batch.old_view * self.centres[batch.y]).sum(dim=1)
        return torch.relu(self.bounds[batch.y] - cosine)
