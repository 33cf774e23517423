"""Focal distillation of probabilities."""

from sklearn.base import clone

from sklearn_graceful.congruence._base import focal_weight
from sklearn_graceful.congruence._kl import TemperedKL


class FocalKL(TemperedKL):
    """``CE(y) + lam (alpha + beta old_right) T^2 KL(p_old || p_new; T)``.

    Distils most where the old model is right. At T = 1 any learner with a log-loss
    and sample weights minimises it exactly.

    Parameters
    ----------
    lam : float, default=1.0
        Strength.
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
    >>> FocalKL(lam=0.5).old_weight([True, False])
    array([3. , 0.5])
    """

    def __init__(self, lam=1.0, alpha=1.0, beta=5.0, temperature=None):
        self.lam = lam
        self.alpha = alpha
        self.beta = beta
        self.temperature = temperature

    def old_weight(self, old_right):
        """Weight of the divergence: ``lam (alpha + beta old_right)``."""
        return self.lam * focal_weight(old_right, self.alpha, self.beta)

    def for_net(self):
        """Return this method with its temperature, by default the paper's 100."""
        return self._at(100.0)

    def for_soft_labels(self, *, boosting=False):
        """Return this method with temperature 1; raise ValueError on another."""
        return super(FocalKL, self._at(1.0)).for_soft_labels()

    def _at(self, temperature):
        if self.temperature is not None:
            return self
        return clone(self).set_params(temperature=temperature)
