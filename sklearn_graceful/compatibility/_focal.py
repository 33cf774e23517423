"""Neighbours in the old gallery, and old vectors where they are right: the default."""

import numpy as np

from sklearn_graceful.compatibility._base import Compatibility
from sklearn_graceful.compatibility._prototypes import repaired_vectors
from sklearn_graceful.compatibility._terms import (
    MAX_SCALE,
    ClassHead,
    OldNeighbourhood,
    PrototypeNeighbourhood,
    Pull,
)


class Focal(Compatibility):
    """``CE(y) + neighbourhood + pull where the old vector is right``, the default.

    What a search of the old gallery returns is decided by the old vectors near the new
    one, so these are what the loss looks at: the neighbourhood term is the negative
    log-probability that a draw among old vectors, ``softmax(scale * cos(e, old))``, is
    of the row's own class. A class may have any number of modes in the old space. The
    second term holds on to the row's own old vector where the old embedder is right
    (``ok``: its nearest other row is of its class), and only there.

    Versions before the old one are known by their prototypes, a few vectors a class,
    that were kept when each was replaced; the same term over these keeps every one of
    their galleries searchable.

    A learner that is no network takes no such loss. A regressor is trained on repaired
    old vectors: the row's own where ``ok``, else the nearest mode of its class. A
    classifier is trained on the modes as its classes, and the embedding is the mean of
    the modes by their probabilities.

    Parameters
    ----------
    neighbourhood : float, default=6.0
        Weight of the neighbourhood term, in [0, inf).
    pull : float, default=3.0
        Weight of ``|e - e_old|^2``, the squared distance to the own old vector, where
        that is right, in [0, inf).
    scale : float, default=10.0
        What cosines with old vectors are multiplied by, in (0, 40].
    n_drawn : int, default=1024
        Old vectors, or prototypes, that a step compares with, drawn anew each time.
    gallery : {"vectors", "modes"}, default="vectors"
        What stands for the old gallery: old vectors, or only the modes of each class.
    n_modes : int, default=4
        Modes of a class in the old space, centres of a k-means clustering.
    earlier : float, default=3.0
        Weight of the neighbourhood term of all versions before the old one together.
    head_scale : float, default=16.0
        What the class head multiplies cosines by.
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
    Goldberger et al., "Neighbourhood Components Analysis", NIPS 2004, for the first
    term; Yan et al., "Positive-Congruent Training", CVPR 2021, for the focus of the
    second; Beyer et al., "Knowledge distillation: A good teacher is patient and
    consistent", CVPR 2022, for `matching`. Their use for compatible embeddings is this
    package's own.

    Examples
    --------
    >>> from sklearn_graceful.compatibility import Focal
    >>> Focal(pull=1.0)
    Focal(pull=1.0)
    """

    name = "focal"

    _bounds = Compatibility._bounds | {
        "scale": (1e-6, MAX_SCALE),
        "n_drawn": (2, np.inf),
        "n_modes": (1, np.inf),
        "earlier": (0, np.inf),
    }
    _whole = ("n_drawn", "n_modes", "n_synthetic")

    def __init__(
        self,
        neighbourhood=6.0,
        pull=3.0,
        scale=10.0,
        n_drawn=1024,
        gallery="vectors",
        n_modes=4,
        earlier=3.0,
        head_scale=16.0,
        matching=0.0,
        n_synthetic=4,
    ):
        self.neighbourhood = neighbourhood
        self.pull = pull
        self.scale = scale
        self.n_drawn = n_drawn
        self.gallery = gallery
        self.n_modes = n_modes
        self.earlier = earlier
        self.head_scale = head_scale
        self.matching = matching
        self.n_synthetic = n_synthetic

    def check_parameters(self):
        """Refuse parameters outside their bounds."""
        super().check_parameters()
        if self.gallery not in ("vectors", "modes"):
            raise ValueError(
                f"Focal: gallery must be 'vectors' or 'modes', got {self.gallery!r}."
            )

    def terms(self, task):
        """Cross-entropy, neighbourhoods of all versions, pull where right."""
        if self.gallery == "vectors":
            neighbourhood = OldNeighbourhood(self.scale, int(self.n_drawn))
        else:
            neighbourhood = self._among(task.prototypes, task)
        return [
            (1.0, ClassHead(task, self.head_scale)),
            (self.neighbourhood, neighbourhood),
            (self.pull, Pull(only_right=True)),
            *(
                (self.earlier / len(task.earlier), self._among(prototypes, task))
                for prototypes in task.earlier
            ),
        ]

    def _among(self, prototypes, task):
        drawn, n_classes = int(self.n_drawn), task.n_classes
        return PrototypeNeighbourhood(prototypes, self.scale, drawn, n_classes)

    def targets(self, task):
        """Repaired old vectors."""
        return repaired_vectors(task)

    def codes(self, task):
        """Modes of the classes."""
        return task.prototypes
