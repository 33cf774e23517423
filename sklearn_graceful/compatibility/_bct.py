"""Backward-compatible training: the old classifier must understand new vectors."""

import numpy as np

from sklearn_graceful.compatibility._base import Compatibility
from sklearn_graceful.compatibility._prototypes import class_means
from sklearn_graceful.compatibility._task import VersionPrototypes
from sklearn_graceful.compatibility._terms import ClassHead, OldHead


class BCT(Compatibility):
    """``CE(new head) + strength CE(s cos(P_old, e))``, old class weights frozen.

    Backward-compatible training. `P_old` is one vector a class in the old space: the
    mean of its old vectors, or the class weights of the old model itself. Where a class
    has several modes in the old space, its mean is no member of the gallery, and the
    new vectors gather where nothing is: ``"focal"`` compares with old vectors instead.

    Parameters
    ----------
    strength : float, default=3.0
        Weight of the old head's loss, in [0, inf).
    scale : float, default=30.0
        What its cosines are multiplied by, ``s``.
    head : "means", "old" or array-like of shape (n_classes, old_dim), default="means"
        ``"means"``: class means of the old vectors, also for classes that the old model
        never saw. ``"old"``: the class weights of the old model, a
        ``CompatibleEmbedder``; means for classes that it never saw. An array: class
        weights in the order of the sorted labels.
    head_scale : float, default=16.0
        What the new class head multiplies cosines by.

    References
    ----------
    Shen et al., "Towards Backward-Compatible Representation Learning", CVPR 2020.

    Examples
    --------
    >>> from sklearn_graceful.compatibility import BCT
    >>> BCT(strength=10.0)
    BCT(strength=10.0)
    """

    name = "bct"

    def __init__(self, strength=3.0, scale=30.0, head="means", head_scale=16.0):
        self.strength = strength
        self.scale = scale
        self.head = head
        self.head_scale = head_scale

    def check_parameters(self):
        """Refuse parameters outside their bounds."""
        super().check_parameters()
        if self.head is None or (
            isinstance(self.head, str) and self.head not in ("means", "old")
        ):
            raise ValueError(
                f"BCT: head must be 'means', 'old' or class weights, got {self.head!r}."
            )
        if not isinstance(self.head, str):
            weights = np.asarray(self.head)
            if weights.dtype.kind not in "biuf" or not np.isfinite(weights).all():
                raise ValueError("BCT: head must hold finite numbers.")

    def check_task(self, task):
        """Refuse class weights that are not there, or of another shape."""
        self.old_head(task)

    def terms(self, task):
        """Cross-entropy of both heads."""
        return [
            (1.0, ClassHead(task, self.head_scale)),
            (self.strength, OldHead(self.old_head(task), self.scale)),
        ]

    def old_head(self, task):
        """Frozen class weights in the old space.

        Parameters
        ----------
        task : Task
            What is known before training.

        Returns
        -------
        weights : ndarray of shape (n_classes, old_dim)

        Raises
        ------
        ValueError
            If the given weights have another shape, or the old model has none.
        """
        means = class_means(task.old, task.y, task.n_classes, task.weight)
        if isinstance(self.head, str):
            if self.head == "means":
                return means
            if task.old_head is None:
                raise ValueError(
                    "BCT: head='old' needs an old model that is a CompatibleEmbedder "
                    "with class weights of its own: a network trained with labels."
                )
            known = np.isfinite(task.old_head).all(axis=1)
            return np.where(known[:, None], task.old_head, means)
        weights = np.asarray(self.head, dtype=np.float32)
        if weights.shape != means.shape:
            raise ValueError(
                f"BCT: head has shape {weights.shape}, but there are "
                f"{task.n_classes} classes and the old space has {task.old_dim} "
                "dimensions."
            )
        return weights

    def codes(self, task):
        """Class weights of the old head."""
        return VersionPrototypes(self.old_head(task), np.arange(task.n_classes))
