"""Focal distillation of probabilities."""

from sklearn.base import clone

from sklearn_graceful.congruence._base import focal_weight
from sklearn_graceful.congruence._kl import TemperedKL


class FocalKL(TemperedKL):
    """``CE(y) + strength (alpha + beta old_right) T^2 KL(p_old || p_new; T)``.

    Distils most where the old model is right. At T = 1 any learner with a log-loss
    and sample weights minimises it exactly.

    Parameters
    ----------
    strength : float, default=1.0
        What the focal weights are multiplied by.
    alpha : float, default=1.0
        Focal weight of every row.
    beta : float, default=5.0
        Additional focal weight of rows that the old model has right.
    temperature : float or None, default=None
        T. None: 100 (the paper's) for a network, 1 for any other learner.

    References
    ----------
    Yan et al., "Positive-Congruent Training: Towards Regression-Free Model Updates",
    CVPR 2021, eq. 7 and 8.

    Examples
    --------
    >>> from sklearn_graceful.congruence import FocalKL
    >>> FocalKL(strength=0.5).old_weight([True, False])
    array([3. , 0.5])
    """

    name = "focal_kl"

    def __init__(self, strength=1.0, alpha=1.0, beta=5.0, temperature=None):
        self.strength = strength
        self.alpha = alpha
        self.beta = beta
        self.temperature = temperature

    def old_weight(self, old_right):
        """Weight of the divergence: ``strength (alpha + beta old_right)``."""
        return self.strength * focal_weight(old_right, self.alpha, self.beta)

    def suited_to(self, learner):
        """Return this method with its temperature: the paper's 100, or 1 where need be.

        Raises
        ------
        ValueError
            If another temperature than 1 is given for a learner that is no network.
        """
        if self.temperature is None:
            temperature = 100.0 if learner == "net" else 1.0
            return clone(self).set_params(temperature=temperature)
        return super().suited_to(learner)
