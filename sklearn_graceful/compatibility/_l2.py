"""Pull every vector to its old one."""

from sklearn_graceful.compatibility._base import Compatibility
from sklearn_graceful.compatibility._terms import ClassHead, Pull


class L2(Compatibility):
    """``strength |e - e_old|^2``, and ``CE(y)`` where there are labels.

    The plainest way, and the baseline. New vectors can come no closer to the old
    gallery than the old ones are, mistakes included. It needs no labels.

    Parameters
    ----------
    strength : float, default=1.0
        Of the squared distance, in [0, inf).
    head_scale : float, default=16.0
        What the class head multiplies cosines by; used with labels only.

    Examples
    --------
    >>> from sklearn_graceful.compatibility import L2
    >>> L2(strength=3.0).needs_labels
    False
    """

    name = "l2"
    needs_labels = False

    def __init__(self, strength=1.0, head_scale=16.0):
        self.strength = strength
        self.head_scale = head_scale

    def terms(self, task):
        """Distance, and cross-entropy if there are labels."""
        terms = [(self.strength, Pull(only_right=False))]
        if task.y is not None:
            terms.append((1.0, ClassHead(task, self.head_scale)))
        return terms

    def targets(self, task):
        """Old vectors as they are."""
        return task.old
