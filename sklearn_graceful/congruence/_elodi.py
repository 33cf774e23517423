"""Logit difference inhibition toward an ensemble of one's own."""

import numpy as np

from sklearn_graceful.congruence._ldi import LogitDifferenceInhibition


class ELODI(LogitDifferenceInhibition):
    """``(1 - s) CE(y) + s mean_k max(|z_new - z_mean| - xi, 0)^p``.

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
    teacher_share : float, default=0.8
        Share of the teachers, s, in [0, 1].
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
    >>> ELODI(teacher_share=0.75).label_weight([True, False])
    array([0.25, 0.25])
    """

    name = "elodi"

    def __init__(self, n_teachers=8, teacher_share=0.8, p=2.0, xi=0.0):
        self.n_teachers = n_teachers
        self.teacher_share = teacher_share
        self.p = p
        self.xi = xi

    def label_weight(self, old_right):
        """Weight of the cross-entropy: ``1 - s``."""
        return np.full(len(old_right), 1.0 - self.teacher_share)

    def old_weight(self, old_right):
        """Weight of the divergence: ``s``."""
        return np.full(len(old_right), float(self.teacher_share))

    def check(self, training):
        """Refuse a learner that is no network; an old model is not needed."""
        self.suited_to(training.kind)
        training.check_takes_weights()

    def train(self, training):
        """Train the teachers, and a network that imitates their mean."""
        method = self.suited_to(training.kind)
        factor = 1.0 if training.row_weight is None else training.row_weight
        rows = np.ones(len(training.y), dtype=bool)
        weights = (self.label_weight(rows) * factor, self.old_weight(rows) * factor)
        all_classes = np.ones(len(training.classes), dtype=bool)
        objective = self.objective(training, *weights, all_classes)
        return {"method_": method, **training.fit(objective)}

    def references(self, training):
        """Logits of the teachers."""
        return [training.plain(int(self.n_teachers)).mean_logits(training.X)]
