"""The default method."""

from sklearn_graceful.congruence._base import Congruence
from sklearn_graceful.congruence._focal_kl import FocalKL
from sklearn_graceful.congruence._focal_lm import FocalLM


class Focal(Congruence):
    """Focal distillation in the form that suits the learner.

    A network gets ``FocalLM``, any other learner ``FocalKL`` at temperature 1, both
    at a strength that holds up when the old model is weak.

    Parameters
    ----------
    lam : float or None, default=None
        Strength. None: 0.01 for a network, 0.1 for any other learner.
    alpha : float, default=1.0
        Focal weight of every row.
    beta : float, default=5.0
        Additional focal weight of rows that the old model has right.

    References
    ----------
    Yan et al., "Positive-Congruent Training: Towards Regression-Free Model Updates",
    CVPR 2021.

    Examples
    --------
    >>> from sklearn_graceful.congruence import Focal
    >>> Focal(beta=10).for_net()
    FocalLM(beta=10, lam=0.01)
    """

    def __init__(self, lam=None, alpha=1.0, beta=5.0):
        self.lam = lam
        self.alpha = alpha
        self.beta = beta

    def for_net(self):
        """Logit matching at `lam`, by default 0.01."""
        lam = 0.01 if self.lam is None else self.lam
        return FocalLM(lam=lam, alpha=self.alpha, beta=self.beta)

    def for_soft_labels(self):
        """Soft labels at `lam`, by default 0.1."""
        lam = 0.1 if self.lam is None else self.lam
        return FocalKL(lam=lam, alpha=self.alpha, beta=self.beta, temperature=1.0)
