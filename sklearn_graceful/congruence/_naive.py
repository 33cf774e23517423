"""Heavier labels where the old model is right."""

from sklearn_graceful.congruence._base import Congruence, focal_weight


class Naive(Congruence):
    """``CE(y) * (1 + strength * old_right)``: new errors cost more than old ones.

    Exact for any learner that takes sample weights.

    Parameters
    ----------
    strength : float, default=1.0
        Extra weight of rows that the old model has right.

    References
    ----------
    Yan et al., "Positive-Congruent Training: Towards Regression-Free Model Updates",
    CVPR 2021, eq. 6; Bansal et al., "Updates in Human-AI Teams: Understanding and
    Addressing the Performance/Compatibility Tradeoff", AAAI 2019 (new-error).

    Examples
    --------
    >>> from sklearn_graceful.congruence import Naive
    >>> Naive(strength=2).label_weight([True, False])
    array([3., 1.])
    """

    name = "naive"

    def __init__(self, strength=1.0):
        self.strength = strength

    def label_weight(self, old_right):
        """Weight of the cross-entropy: ``1 + strength * old_right``."""
        return focal_weight(old_right, 1.0, self.strength)
