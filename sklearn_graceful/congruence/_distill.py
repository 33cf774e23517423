"""Distillation from the old model, on all rows alike."""

import numpy as np

from sklearn_graceful.congruence._base import Congruence
from sklearn_graceful.congruence._kl import TemperedKL


class Distill(TemperedKL):
    """``(1 - lam) CE(y) + lam T^2 KL(p_old || p_new; T)``.

    At T = 1 any learner with a log-loss and sample weights minimises it exactly.

    Parameters
    ----------
    lam : float, default=0.5
        Share of the old model in the target, in [0, 1].
    temperature : float, default=1.0
        T. Values other than 1 need a network.

    References
    ----------
    Hinton et al., "Distilling the Knowledge in a Neural Network", 2015; Jiang et al.,
    "Churn Reduction via Distillation", ICLR 2022.

    Examples
    --------
    >>> from sklearn_graceful.congruence import Distill
    >>> Distill(lam=0.25).label_weight([True, False])
    array([0.75, 0.75])
    """

    _bounds = Congruence._bounds | {"lam": (0, 1)}

    def __init__(self, lam=0.5, temperature=1.0):
        self.lam = lam
        self.temperature = temperature

    def label_weight(self, old_right):
        """Weight of the cross-entropy: ``1 - lam``."""
        return np.full(len(old_right), 1.0 - self.lam)

    def old_weight(self, old_right):
        """Weight of the divergence: ``lam``."""
        return np.full(len(old_right), float(self.lam))
