"""Logit difference inhibition toward an ensemble of one's own."""

import numpy as np

from sklearn_graceful.congruence._ldi import LogitDifferenceInhibition


class ELODI(LogitDifferenceInhibition):
    """``(1 - mix) CE(y) + mix mean_k max(|z_new - z_mean| - xi, 0)^p``.

    `z_mean` are the mean logits of `n_teachers` plain nets of the same architecture,
    which differ in their seeds and are trained first, together where that is possible.
    Two ensembles differ less than two nets, and so do nets that imitate them.
    Networks only.

    No old model is needed, and one that is given takes no part in the training. For
    few flips against it, it must have been trained in the same way: use ``"elodi"`` at
    every release.

    Parameters
    ----------
    n_teachers : int, default=8
        Plain nets whose logits are averaged.
    mix : float, default=0.8
        Share of the teachers, in [0, 1].
    p : float, default=2.0
        Power of what exceeds `xi`, 1 or more.
    xi : float, default=0.0
        Difference of a logit that is free.

    References
    ----------
    Zhao et al., "ELODI: Ensemble Logit Difference Inhibition for Positive-Congruent
    Training", 2022.

    Examples
    --------
    >>> from sklearn_graceful.congruence import ELODI
    >>> ELODI(mix=0.75).label_weight([True, False])
    array([0.25, 0.25])
    """

    needs_old_outputs = False
    needs_teachers = True

    def __init__(self, n_teachers=8, mix=0.8, p=2.0, xi=0.0):
        self.n_teachers = n_teachers
        self.mix = mix
        self.p = p
        self.xi = xi

    def label_weight(self, old_right):
        """Weight of the cross-entropy: ``1 - mix``."""
        return np.full(len(old_right), 1.0 - self.mix)

    def old_weight(self, old_right):
        """Weight of the divergence: ``mix``."""
        return np.full(len(old_right), float(self.mix))

    def target(self, teacher_logits):
        """Teachers' mean logits."""
        return teacher_logits
