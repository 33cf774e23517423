"""What a method gets to know before training, and of every batch."""

from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F

from sklearn_graceful.search import first_coordinates


@dataclass(frozen=True)
class VersionPrototypes:
    """Vectors that stand for the gallery of one version.

    Attributes
    ----------
    vectors : ndarray of shape (n_prototypes, dim)
        Of unit length, in that version's space.
    labels : ndarray of int, shape (n_prototypes,)
        Class index of each; -1 for a class that the new embedder does not learn.
    """

    vectors: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Task:
    """Training rows of a new embedder, and what is known of the old one.

    Attributes
    ----------
    n_rows : int
        Number of training rows.
    embedding_dim : int or None
        Width of the new embeddings; None until the network says it.
    y : ndarray of int64, shape (n_rows,), or None
        Class indices.
    n_classes : int
        Number of classes; 0 without labels.
    old : ndarray of shape (n_rows, old_dim) or None
        Old embeddings, of unit length.
    right : ndarray of bool, shape (n_rows,), or None
        Whether the old embedding's nearest other row is of its own class; all True
        without labels.
    prototypes : VersionPrototypes or None
        Modes of the classes in the old space.
    earlier : list of VersionPrototypes
        Of the versions before the old one, the oldest first.
    paragon : ndarray of shape (n_rows, paragon_dim) or None
        Embeddings by a network that was trained without any old one.
    weight : ndarray of shape (n_rows,) or None
        Sample weights, above 0; None: all alike.
    synthetic : ndarray of shape (n_copies * n_rows, old_dim) or None
        Old embeddings of synthetic rows, `n_copies` of every row in turn, of unit
        length.
    old_head : ndarray of shape (n_classes, old_dim) or None
        Class weights of the old model itself, NaN for classes that it never learned;
        None if it has none.
    vertices : ndarray of int, shape (n_classes,), or None
        Number of each class in the order in which the versions first learned them.
    """

    n_rows: int
    embedding_dim: int | None
    y: np.ndarray | None = None
    n_classes: int = 0
    old: np.ndarray | None = None
    right: np.ndarray | None = None
    prototypes: VersionPrototypes | None = None
    earlier: list = field(default_factory=list)
    paragon: np.ndarray | None = None
    weight: np.ndarray | None = None
    synthetic: np.ndarray | None = None
    old_head: np.ndarray | None = None
    vertices: np.ndarray | None = None

    @property
    def old_dim(self):
        """Width of the old embeddings."""
        return None if self.old is None else self.old.shape[1]


class Batch:
    """One batch of embeddings in training, and what is known of its rows.

    ``unit`` are the embeddings at unit length, ``old_view`` their view in the old space
    where there is one; ``y``, ``old``, ``right``, ``paragon`` and ``weight`` are those
    of the rows, as in :class:`Task`, or None. ``everything`` has them of all rows.
    Another `length` than 1 multiplies all cosines with new embeddings.
    """

    def __init__(self, everything, embeddings, rows, length=1.0):
        if isinstance(rows, slice):
            rows = torch.arange(rows.start, rows.stop)
        self.rows = rows.to(embeddings.device)
        self.everything = everything
        self.embeddings = embeddings
        self.length = length
        self.unit = length * F.normalize(embeddings, dim=1)
        if everything.old is not None:
            self.old_view = self.view(everything.old.shape[1])

    def view(self, dim):
        """View of the embeddings in a space of `dim` dimensions."""
        return self.length * unit_old_view(self.embeddings, dim)

    def __getattr__(self, name):
        tensor = getattr(self.everything, name)
        return None if tensor is None else tensor.index_select(0, self.rows)


def unit_old_view(embeddings, old_dim):
    """View of new embeddings in an old space of `old_dim` dimensions, unit length."""
    return F.normalize(first_coordinates(embeddings, old_dim), dim=1)
