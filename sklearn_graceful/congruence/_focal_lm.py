"""Focal distillation of logits."""

import torch.nn.functional as F

from sklearn_graceful.congruence._base import Congruence, focal_weight


class FocalLM(Congruence):
    """``CE(y) + strength (alpha + beta old_right) mean_k (z_new - z_old)^2 / 2``.

    Matches logits, most where the old model is right. Networks only. `z_old` is
    centred over the classes, since a common shift of logits carries no information.

    Parameters
    ----------
    strength : float, default=1.0
        What the focal weights are multiplied by. The paper's 1 throws the upgrade away
        when the old model is weak; choose it on held-out rows, 0.003 to 0.1 is often
        enough.
    alpha : float, default=1.0
        Focal weight of every row.
    beta : float, default=5.0
        Additional focal weight of rows that the old model has right.

    References
    ----------
    Yan et al., "Positive-Congruent Training: Towards Regression-Free Model Updates",
    CVPR 2021, eq. 9. The mean over classes, not the sum, is what its experiments use.

    Examples
    --------
    >>> from sklearn_graceful.congruence import FocalLM
    >>> FocalLM(strength=0.01).old_weight([True, False])
    array([0.06, 0.01])
    """

    name = "focal_lm"

    _networks_only = "focal_lm matches logits, which only a network can do."

    def __init__(self, strength=1.0, alpha=1.0, beta=5.0):
        self.strength = strength
        self.alpha = alpha
        self.beta = beta

    def old_weight(self, old_right):
        """Weight of the divergence: ``strength (alpha + beta old_right)``."""
        return self.strength * focal_weight(old_right, self.alpha, self.beta)

    def divergence(self, new_logits, target, y):
        """``mean_k (z_new - z_old)^2 / 2`` of every row, shape (n,)."""
        return F.mse_loss(new_logits, target, reduction="none").mean(dim=1) / 2
