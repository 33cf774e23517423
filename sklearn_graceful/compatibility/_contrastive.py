"""Contrast new vectors with old and new ones of other rows."""

import numpy as np
import torch
from torch import nn

from sklearn_graceful.compatibility._base import Compatibility
from sklearn_graceful.compatibility._terms import ClassHead


class Contrastive(Compatibility):
    """InfoNCE: a row's old vector against old and new vectors of others in the batch.

    The form of regression-alleviating compatible training (RACT): with labels, only
    rows of other classes are negatives, and ``CE(y)`` is added; without, all other rows
    are. Negatives of both kinds keep a gallery in order while it is being backfilled.

    Parameters
    ----------
    temperature : float, default=0.05
        Cosines are divided by it, in (0, inf).
    strength : float, default=1.0
        Weight of the contrastive loss, in [0, inf).
    head_scale : float, default=16.0
        What the class head multiplies cosines by; used with labels only.

    References
    ----------
    Zhang et al., "Towards Universal Backward-Compatible Representation Learning", IJCAI
    2022; Zhang et al., "Hot-Refresh Model Upgrades with Regression-Alleviating
    Compatible Training in Image Retrieval", ICLR 2022.

    Examples
    --------
    >>> from sklearn_graceful.compatibility import Contrastive
    >>> Contrastive().needs_labels
    False
    """

    name = "contrastive"
    needs_labels = False

    _bounds = Compatibility._bounds | {"temperature": (1e-6, np.inf)}

    def __init__(self, temperature=0.05, strength=1.0, head_scale=16.0):
        self.temperature = temperature
        self.strength = strength
        self.head_scale = head_scale

    def terms(self, task):
        """Contrast, and cross-entropy if there are labels."""
        terms = [(self.strength, _Contrast(self.temperature))]
        if task.y is not None:
            terms.append((1.0, ClassHead(task, self.head_scale)))
        return terms


class _Contrast(nn.Module):
    """Cross-entropy of finding the own old vector among the negatives."""

    def __init__(self, temperature):
        super().__init__()
        self.temperature = temperature

    def forward(self, batch):
        """Loss of every row."""
        old, y = batch.old, batch.y
        labels = batch.rows if y is None else y
        negative = labels[:, None] != labels
        positive = (batch.old_view * old).sum(dim=1, keepdim=True)
        against_old = (batch.old_view @ old.mT).masked_fill(~negative, -torch.inf)
        against_new = (batch.unit @ batch.unit.mT).masked_fill(~negative, -torch.inf)
        scores = torch.cat([positive, against_old, against_new], dim=1)
        scores = scores / self.temperature
        return scores.logsumexp(dim=1) - scores[:, 0]
