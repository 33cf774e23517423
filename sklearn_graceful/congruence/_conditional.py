"""Distillation from the old model where it is the better one."""

import numpy as np
import torch.nn.functional as F

from sklearn_graceful.congruence._base import Congruence
from sklearn_graceful.congruence._kl import tempered_kl


class Conditional(Congruence):
    """``(1 - s) CE(y) + s T^2 KL(p_old || p_new; T)`` where the old loss is lower.

    Where the old model's cross-entropy is not lower than that of the new one, as it is
    at present, the loss is ``CE(y)``: what the new model does better is not held back.
    Networks only: the rows change while it is trained.

    Parameters
    ----------
    old_share : float, default=0.5
        Share of the old model in the target of these rows, s, in [0, 1].
    temperature : float, default=2.0
        T.

    References
    ----------
    Xie et al., "Regression Bugs Are In Your Model! Measuring, Reducing and Analyzing
    Regressions In NLP Model Updates", ACL 2021, conditional distillation.

    Examples
    --------
    >>> import torch
    >>> from sklearn_graceful.congruence import Conditional
    >>> old, new, y = torch.tensor([[0.0, 2.0]]), torch.tensor([[0.0, 3.0]]), [1]
    >>> Conditional().divergence(new, old, torch.tensor(y))  # the new model is better
    tensor([0.])
    """

    name = "conditional"

    _networks_only = (
        "conditional looks at the new model's loss while it is trained, which only a "
        "network shows."
    )

    def __init__(self, old_share=0.5, temperature=2.0):
        self.old_share = old_share
        self.temperature = temperature

    def old_weight(self, old_right):
        """Weight of the divergence: ``s``."""
        return np.full(len(old_right), float(self.old_share))

    def divergence(self, new_logits, target, y):
        """``T^2 KL(p_old || p_new; T) - CE(y)``, or 0 where the new model is better."""
        new_loss = F.cross_entropy(new_logits, y, reduction="none")
        old_loss = F.cross_entropy(target, y, reduction="none")
        kl = tempered_kl(target, new_logits, self.temperature)
        return (old_loss < new_loss) * (kl - new_loss)
