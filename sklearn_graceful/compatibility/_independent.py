"""No compatibility: what a first release is, and what the others are measured by."""

import numpy as np

from sklearn_graceful.compatibility._base import Compatibility
from sklearn_graceful.compatibility._prototypes import class_codes
from sklearn_graceful.compatibility._task import VersionPrototypes
from sklearn_graceful.compatibility._terms import ClassHead


class Independent(Compatibility):
    """``CE(y)``: the old embedder is ignored.

    The loss of a first release. Its vectors say nothing in the old space, so a search
    of the old gallery finds the right class no more often than chance.

    Parameters
    ----------
    head_scale : float, default=16.0
        What the class head multiplies cosines by.

    Examples
    --------
    >>> from sklearn_graceful.compatibility import Independent
    >>> Independent().needs_old
    False
    """

    needs_old = False

    def __init__(self, head_scale=16.0):
        self.head_scale = head_scale

    def terms(self, task):
        """Cross-entropy alone."""
        return [(1.0, ClassHead(task, self.head_scale))]

    def targets(self, task):
        """One direction a class, as far apart as there is room."""
        return class_codes(task.n_classes, task.embedding_dim)[task.y]

    def codes(self, task):
        """One direction a class, as far apart as there is room."""
        codes = class_codes(task.n_classes, task.embedding_dim)
        return VersionPrototypes(codes, np.arange(task.n_classes))
