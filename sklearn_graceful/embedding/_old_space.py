"""The space of the old embedder, as far as it is known."""

from dataclasses import dataclass

import numpy as np

from sklearn_graceful._labels import check_same_label_kind
from sklearn_graceful.compatibility import Task, VersionPrototypes
from sklearn_graceful.compatibility._prototypes import class_modes
from sklearn_graceful.embedding._old_vectors import (
    old_vectors,
    retrieves_own_class,
    warn_of_useless_vectors,
)
from sklearn_graceful.embedding._versions import EmbedderVersion, old_embedder


@dataclass(frozen=True)
class OldSpace:
    """What is known of the old space.

    Attributes
    ----------
    vectors : ndarray of float32, shape (n, old_dim), or None
        Old embeddings of the training rows, of unit length; None where nobody asked.
    right : ndarray of bool, shape (n,), or None
        Whether the nearest other row is of the own class; all True without labels.
    modes : VersionPrototypes or None
        Of the classes in the old space.
    before : CompatibleEmbedder or None
        The old embedder, if it is one.
    """

    vectors: np.ndarray | None = None
    right: np.ndarray | None = None
    modes: VersionPrototypes | None = None
    before: object | None = None

    @property
    def dim(self):
        """Width of the old embeddings; None if unknown."""
        if self.vectors is not None:
            return self.vectors.shape[1]
        return None if self.before is None else self.before.embedding_dim_

    @property
    def method(self):
        """Method by which the old embedder learned; None if it is of another kind."""
        return getattr(self.before, "method_", None)

    def class_order(self, classes):
        """Labels in the order in which the versions first learned them.

        Parameters
        ----------
        classes : ndarray of shape (n_classes,)
            Sorted labels.

        Returns
        -------
        order : ndarray of shape (n_seen_classes,)

        Raises
        ------
        ValueError
            If the old embedder learned labels of another kind.
        """
        known = getattr(self.before, "class_order_", np.array([], classes.dtype))
        check_same_label_kind(old_model=known, y=classes)
        new = classes[~np.isin(classes, known)]
        return np.concatenate([known, new]) if known.size else new

    def versions(self, classes):
        """What later versions are to know of this one's predecessors.

        Parameters
        ----------
        classes : ndarray of shape (n_classes,) or None
            Sorted labels; None without labels.

        Returns
        -------
        versions : list of EmbedderVersion
        """
        if self.dim is None:
            return []
        if self.modes is not None:
            vectors, labels = self.modes.vectors, classes[self.modes.labels]
        else:
            vectors = getattr(self.before, "prototypes_", np.zeros((0, self.dim)))
            labels = getattr(self.before, "classes_", np.zeros(0))
        newest = EmbedderVersion(
            getattr(self.before, "fingerprint_", None), vectors, labels
        )
        return [*self._earlier(), newest]

    def task(self, rows, embedding_dim, paragon=None):
        """What a method gets to know.

        Parameters
        ----------
        rows : TrainingRows
            To be trained on.
        embedding_dim : int or None
            Width of the new embeddings; None until the network says it.
        paragon : ndarray of shape (n_rows, paragon_dim), default=None
            Embeddings by the paragon, where the method asks for them.

        Returns
        -------
        task : Task
        """
        known = {
            "n_rows": len(rows),
            "embedding_dim": embedding_dim,
            "weight": rows.weight,
            "old": self.vectors,
            "right": self.right,
            "paragon": paragon,
        }
        if rows.y is None:
            return Task(**known)
        classes = rows.classes
        order = self.class_order(classes).tolist()
        return Task(
            **known,
            y=rows.y,
            n_classes=len(classes),
            prototypes=self.modes,
            earlier=[v.prototypes(classes) for v in self._earlier() if len(v.vectors)],
            old_head=self._head(classes),
            vertices=np.array([order.index(label) for label in classes.tolist()]),
        )

    def _earlier(self):
        return [] if self.before is None else self.before.versions_

    def _head(self, classes):
        """Class weights of the old embedder; NaN for classes that it never learned."""
        if getattr(self.before, "head_", None) is None:
            return None
        head = np.full((len(classes), self.before.embedding_dim_), np.nan, np.float32)
        position = {label: i for i, label in enumerate(self.before.classes_.tolist())}
        for row, label in zip(head, classes.tolist(), strict=True):
            if label in position:
                row[:] = self.before.head_[position[label]]
        return head


def find_old_space(reference, rows, method):
    """Ask the old embedder about the training rows.

    Parameters
    ----------
    reference : ReferenceModel or None
        The old model.
    rows : TrainingRows
        To be trained on. Old embeddings that are stored go first.
    method : Compatibility
        Says whether old embeddings are needed, and how many modes of a class.

    Returns
    -------
    space : OldSpace

    Raises
    ------
    ValueError
        If the vectors are no finite ones, one a row, or of another width than the old
        embedder's.
    """
    before = old_embedder(reference)
    if reference is not None:
        reference.check_fitted()
    vectors = None
    if method.needs_old or rows.old_embeddings is not None:
        vectors = old_vectors(reference, rows.old_embeddings, rows.X_given)
        _check_width(vectors, before)
    if not method.needs_old:
        return OldSpace(before=before)
    if vectors is None:
        return OldSpace()
    if rows.y is None:
        return OldSpace(vectors, np.ones(len(vectors), dtype=bool), before=before)
    right = retrieves_own_class(vectors, rows.y)
    warn_of_useless_vectors(right, rows.y)
    modes = class_modes(vectors, rows.y, int(method.n_modes), rows.weight)
    return OldSpace(vectors, right, modes, before)


def _check_width(vectors, before):
    if vectors is None or before is None:
        return
    if vectors.shape[1] != before.embedding_dim_:
        raise ValueError(
            f"old_embeddings has width {vectors.shape[1]}, but the old model's "
            f"embeddings have width {before.embedding_dim_}."
        )
