"""What a method asks of each training row."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class RowWeights:
    """Weights of the two parts of the loss, ``a * CE(y) + b * D(old, new)``.

    Attributes
    ----------
    label : ndarray of shape (n,) or None
        `a`; None where it is 1 on every row.
    old : ndarray of shape (n,) or None
        `b`; None where it is 0 on every row.
    """

    label: np.ndarray | None = None
    old: np.ndarray | None = None

    @property
    def are_plain(self):
        """Whether the loss is that of a learner without weights."""
        return self.label is None and self.old is None


def row_weights(method, old, *, sample_weight=None, critical=None):
    """Combine a method's weights with those of the user.

    Parameters
    ----------
    method : Congruence
        With its choices made.
    old : OldOutputs or None
        What the old model says; None if there is none.
    sample_weight : ndarray of shape (n,) or None
        Factor of the whole loss of a row.
    critical : ndarray of shape (n,) or None
        Added to that factor, on top of 1, where the old model is right.

    Returns
    -------
    weights : RowWeights
    """
    if old is None:
        return RowWeights(label=sample_weight, old=None)
    label = method.label_weight(old.right)
    divergence = method.old_weight(old.right)
    if method.needs_old_outputs:
        # A row whose class the old model never knew has nothing to hold on to.
        divergence = divergence * old.informative
        # Such a row then learns from its label alone, at full weight.
        label = np.where(old.informative, label, np.maximum(label, 1.0))
    factor = np.ones(len(label)) if sample_weight is None else sample_weight
    if critical is not None:
        factor = factor * (1 + critical * old.right)
    label, divergence = label * factor, divergence * factor
    return RowWeights(
        label=None if (label == 1).all() else label,
        old=None if (divergence == 0).all() else divergence,
    )
