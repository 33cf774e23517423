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
    matching : float, default=0.0
        Weight of ``|e - e_old|^2`` on synthetic rows, in [0, inf). The old model is a
        function and can be asked about any row: above 0, every batch is followed by as
        many synthetic rows. About 10 brings new vectors nearer to the old ones,
        at twice the time of a step; whether more is found, the cross-test says. It
        needs the old model itself and rows of an array or a table. For networks only.
    n_synthetic : int, default=4
        Synthetic rows made of each row, about which the old model is asked once. Of
        images, arrays with four axes, one is in turn a weighted mean of two, one with a
        patch of another in it, or one shifted by some pixels; of other arrays with more
        than two axes a weighted mean of two; of tables a row with some features of
        another.

    References
    ----------
    Beyer et al., "Knowledge distillation: A good teacher is patient and consistent",
    CVPR 2022, for `matching`.

    Examples
    --------
    >>> from sklearn_graceful.compatibility import L2
    >>> L2(strength=3.0).needs_labels
    False
    """

    name = "l2"
    needs_labels = False

    _whole = ("n_synthetic",)

    def __init__(self, strength=1.0, head_scale=16.0, matching=0.0, n_synthetic=4):
        self.strength = strength
        self.head_scale = head_scale
        self.matching = matching
        self.n_synthetic = n_synthetic

    def terms(self, task):
        """Distance, and cross-entropy if there are labels."""
        terms = [(self.strength, Pull(only_right=False))]
        if task.y is not None:
            terms.append((1.0, ClassHead(task, self.head_scale)))
        return terms

    def targets(self, task):
        """Old vectors as they are."""
        return task.old
