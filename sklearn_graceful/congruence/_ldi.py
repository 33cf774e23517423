"""Logit difference inhibition toward the old model."""

import numpy as np
import torch.nn.functional as F

from sklearn_graceful.congruence._base import Congruence


class LogitDifferenceInhibition(Congruence):
    """Methods whose divergence is ``mean_k max(|z_new - z_ref| - xi, 0)^p``.

    `z_ref` is centred over the classes, since a common shift of logits carries no
    information. Networks only.
    """

    _networks_only = "The method matches logits, which only a network can do."

    _bounds = Congruence._bounds | {
        "p": (1, float("inf")),
        "xi": (0, float("inf")),
        "teacher_share": (0, 1),
    }

    def divergence(self, new_logits, target, y):
        """``mean_k max(|z_new - z_ref| - xi, 0)^p`` of every row, shape (n,)."""
        if (self.p, self.xi) == (2, 0):
            # The same in fewer steps, for ELODI's default.
            return F.mse_loss(new_logits, target, reduction="none").mean(dim=1)
        excess = F.softshrink(new_logits - target, float(self.xi))
        return (excess.abs() ** self.p).mean(dim=1)


class LDI(LogitDifferenceInhibition):
    """``CE(y) + strength mean_k max(|z_new - z_old| - xi, 0)^p``.

    Small differences of logits are free, large ones cost most: flips that an ensemble
    removes are those with large differences. Networks only. `z_old` is centred over
    the classes, since a common shift of logits carries no information.

    Parameters
    ----------
    strength : float, default=0.03
        Weight of the divergence. Choose it on held-out rows.
    p : float, default=2.0
        Power of what exceeds `xi`, 1 or more.
    xi : float, default=0.5
        Difference of a logit that is free.

    References
    ----------
    Zhao et al., "ELODI: Ensemble Logit Difference Inhibition for Positive-Congruent
    Training", 2022.

    Examples
    --------
    >>> import torch
    >>> from sklearn_graceful.congruence import LDI
    >>> LDI().divergence(torch.tensor([[1.5, 0.0]]), torch.zeros(1, 2), None)
    tensor([0.5000])
    """

    name = "ldi"

    def __init__(self, strength=0.03, p=2.0, xi=0.5):
        self.strength = strength
        self.p = p
        self.xi = xi

    def old_weight(self, old_right):
        """Weight of the divergence: ``strength``."""
        return np.full(len(old_right), float(self.strength))
