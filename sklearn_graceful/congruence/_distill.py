"""Distillation from the old model, on all rows alike."""

import numpy as np

from sklearn_graceful.congruence._kl import TemperedKL


class Distill(TemperedKL):
    """``(1 - s) CE(y) + s T^2 KL(p_old || p_new; T)``.

    At T = 1 any learner with a log-loss and sample weights minimises it exactly.

    Parameters
    ----------
    old_share : float, default=0.5
        Share of the old model in the target, s, in [0, 1].
    temperature : float, default=1.0
        T. Values other than 1 need a network.

    References
    ----------
    Hinton et al., "Distilling the Knowledge in a Neural Network", 2015; Jiang et al.,
    "Churn Reduction via Distillation", ICLR 2022.

    Examples
    --------
    >>> from sklearn_graceful.congruence import Distill
    >>> Distill(old_share=0.25).label_weight([True, False])
    array([0.75, 0.75])
    """

    name = "distill"

    def __init__(self, old_share=0.5, temperature=1.0):
        self.old_share = old_share
        self.temperature = temperature

    def label_weight(self, old_right):
        """Weight of the cross-entropy: ``1 - s``."""
        return np.full(len(old_right), 1.0 - self.old_share)

    def old_weight(self, old_right):
        """Weight of the divergence: ``s``."""
        return np.full(len(old_right), float(self.old_share))
