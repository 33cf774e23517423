"""Distillation from the old model where the new one is wrong, else from a new one."""

import numpy as np
import torch

from sklearn_graceful.congruence._base import Congruence
from sklearn_graceful.congruence._kl import tempered_kl


class Muscle(Congruence):
    """``(1 - s) CE(y) + s T^2 KL(p_ref || p_new; T)`` with a reference by row.

    The reference is the old model where the model in training is wrong at present, and
    else an independently trained plain new model (the teacher), which keeps what the
    update has gained. Networks only: the rows change while it is trained.

    Parameters
    ----------
    reference_share : float, default=0.5
        Share of the reference in the target, s, in [0, 1].
    temperature : float, default=1.0
        T.
    n_teachers : int, default=1
        Plain new models whose log-probabilities are averaged.

    Notes
    -----
    Made for language models, where a token is what a row is here. The share ``1 - s``
    of the labels is ours.

    References
    ----------
    Echterhoff et al., "MUSCLE: A Model Update Strategy for Compatible LLM Evolution",
    Findings of EMNLP 2024.

    Examples
    --------
    >>> from sklearn_graceful.congruence import Muscle
    >>> Muscle(reference_share=0.25).label_weight([True, False])
    array([0.75, 0.75])
    """

    name = "muscle"

    _networks_only = (
        "muscle looks at the new model's mistakes while it is trained, which only a "
        "network shows."
    )

    _bounds = Congruence._bounds | {"reference_share": (0, 1)}

    def __init__(self, reference_share=0.5, temperature=1.0, n_teachers=1):
        self.reference_share = reference_share
        self.temperature = temperature
        self.n_teachers = n_teachers

    def label_weight(self, old_right):
        """Weight of the cross-entropy: ``1 - s``."""
        return np.full(len(old_right), 1.0 - self.reference_share)

    def old_weight(self, old_right):
        """Weight of the divergence: ``s``."""
        return np.full(len(old_right), float(self.reference_share))

    def references(self, training):
        """Logits of the old model and of the teachers."""
        teachers = training.plain(int(self.n_teachers))
        return [training.old.log_proba(), teachers.mean_logits(training.X)]

    def target(self, old_logits, teacher_logits):
        """Both references' logits, shape (n, 2, n_classes)."""
        return torch.stack([old_logits, teacher_logits], dim=1)

    def divergence(self, new_logits, target, y):
        """``T^2 KL(p_ref || p_new; T)`` of every row, shape (n,)."""
        wrong = (new_logits.argmax(dim=1) != y)[:, None]
        reference = torch.where(wrong, target[:, 0], target[:, 1])
        return tempered_kl(reference, new_logits, self.temperature)
