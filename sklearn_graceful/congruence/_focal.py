"""The default method."""

from sklearn_graceful.congruence._base import Congruence
from sklearn_graceful.congruence._focal_kl import FocalKL
from sklearn_graceful.congruence._focal_lm import FocalLM
from sklearn_graceful.congruence._naive import Naive


class Focal(Congruence):
    """Focal distillation in the form that suits the learner.

    A network gets ``FocalLM``. Boosted trees get ``Naive``: soft labels gave them more
    negative flips and a higher error on most of the sets we measured, and row weights
    made no difference beyond noise, so do not expect fewer flips there. Any other
    learner gets ``FocalKL`` at temperature 1. The strengths are small enough to hold
    up when the old model is weak; a search over ``method__lam`` finds better ones.

    Parameters
    ----------
    lam : float or None, default=None
        Strength. None: 0.01 for a network, 1 for boosted trees, 0.03 for any other
        learner.
    alpha : float, default=1.0
        Focal weight of every row. Another value is refused for boosted trees.
    beta : float, default=5.0
        Additional focal weight of rows that the old model has right. Another
        value is refused for boosted trees.

    References
    ----------
    Yan et al., "Positive-Congruent Training: Towards Regression-Free Model Updates",
    CVPR 2021.

    Examples
    --------
    >>> from sklearn_graceful.congruence import Focal
    >>> Focal(beta=10).for_net()
    FocalLM(beta=10, lam=0.01)
    >>> Focal().for_soft_labels()
    FocalKL(lam=0.03, temperature=1.0)
    """

    def __init__(self, lam=None, alpha=1.0, beta=5.0):
        self.lam = lam
        self.alpha = alpha
        self.beta = beta

    def for_net(self):
        """Logit matching."""
        return FocalLM(lam=self._strength(0.01), alpha=self.alpha, beta=self.beta)

    def for_soft_labels(self, *, boosting=False):
        """Soft labels, or row weights for boosted trees."""
        if boosting:
            if (self.alpha, self.beta) != (1.0, 5.0):
                raise ValueError(
                    "focal gives boosted trees row weights, 1 + lam * old_right: alpha "
                    "and beta have no meaning there. Set lam, or use 'focal_kl'."
                )
            return Naive(lam=self._strength(1.0))
        return FocalKL(
            lam=self._strength(0.03), alpha=self.alpha, beta=self.beta, temperature=1.0
        )

    def _strength(self, default):
        return default if self.lam is None else self.lam
