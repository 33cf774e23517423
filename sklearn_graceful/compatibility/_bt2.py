"""Basis transformation: room for the old space beside what is new."""

import numpy as np
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import orthogonal

from sklearn_graceful.compatibility._base import Compatibility
from sklearn_graceful.compatibility._prototypes import class_means
from sklearn_graceful.compatibility._terms import ClassHead, OldHead


class BT2(Compatibility):
    """A paragon's directions and the old ones, in a few more dimensions than the old.

    A paragon, the same network trained with no regard to the old one, is trained first.
    The new embeddings contain its directions in a basis that an orthogonal map ``Q``
    finds, and the old view beside them::

        CE(y) + paragon (1 - cos(Q e, e_paragon))
              + prototypes CE(s cos(P_old, e)) + direction (1 - cos(e, e_old))

    with `e` in the last two seen in the old space.

    Parameters
    ----------
    paragon : float, default=1.0
        Weight of the paragon's direction.
    prototypes : float, default=10.0
        Weight of the cross-entropy to old class means.
    direction : float, default=5.0
        Weight of the row's own old direction.
    extra_dims : int, default=32
        How much wider than the old embeddings the new ones are by default; the paragon
        is as much narrower than them.
    scale : float, default=30.0
        What cosines with old class means are multiplied by, ``s``.
    head_scale : float, default=16.0
        What the new class head multiplies cosines by.

    References
    ----------
    Zhou et al., "BT^2: Backward-compatible Training with Basis Transformation", ICCV
    2023.

    Examples
    --------
    >>> from sklearn_graceful.compatibility import BT2
    >>> BT2().width(None, old_dim=64)
    96
    """

    name = "bt2"

    _bounds = Compatibility._bounds | {
        "paragon": (0, np.inf),
        "prototypes": (0, np.inf),
        "direction": (0, np.inf),
        "extra_dims": (1, np.inf),
    }
    _whole = ("extra_dims",)

    def __init__(
        self,
        paragon=1.0,
        prototypes=10.0,
        direction=5.0,
        extra_dims=32,
        scale=30.0,
        head_scale=16.0,
    ):
        self.paragon = paragon
        self.prototypes = prototypes
        self.direction = direction
        self.extra_dims = extra_dims
        self.scale = scale
        self.head_scale = head_scale

    def width(self, embedding_dim, old_dim):
        """Wider than the old embeddings, and than the extra dimensions."""
        if embedding_dim is None:
            return None if old_dim is None else old_dim + int(self.extra_dims)
        if embedding_dim <= self.extra_dims:
            raise ValueError(
                f"BT2: embedding_dim is {embedding_dim}, but of that "
                f"{self.extra_dims} are extra_dims."
            )
        return embedding_dim

    def train(self, training):
        """Train the paragon, and then the new embedder."""
        if not self._is_first_release(training):
            training = training.with_paragon(self._width(training), self.extra_dims)
        return super().train(training)

    def terms(self, task):
        """Cross-entropy, paragon, old prototypes, old direction."""
        centres = class_means(task.old, task.y, task.n_classes, task.weight)
        return [
            (1.0, ClassHead(task, self.head_scale)),
            (self.paragon, _ParagonDirection(task)),
            (self.prototypes, OldHead(centres, self.scale)),
            (self.direction, _OldDirection()),
        ]


class _ParagonDirection(nn.Module):
    """``1 - cos`` of the paragon and the embedding in an orthonormal basis."""

    def __init__(self, task):
        super().__init__()
        basis = nn.Linear(task.embedding_dim, task.paragon.shape[1], bias=False)
        self.basis = orthogonal(basis)

    def forward(self, batch):
        return 1 - F.cosine_similarity(self.basis(batch.unit), batch.paragon, dim=1)


class _OldDirection(nn.Module):
    """``1 - cos`` of the old view and the row's own old vector."""

    def forward(self, batch):
        return 1 - (batch.old_view * batch.old).sum(dim=1)
