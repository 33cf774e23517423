"""The space of the old embedder, as far as it is known."""

from functools import cached_property

import numpy as np

from sklearn_graceful._labels import check_same_label_kind
from sklearn_graceful._wrappers import innermost
from sklearn_graceful.compatibility import class_modes
from sklearn_graceful.embedding._old_vectors import (
    retrieves_own_class,
    units_and_lengths,
    warn_of_useless_vectors,
)
from sklearn_graceful.embedding._versions import EmbedderVersion
from sklearn_graceful.nn import isolated_randomness
from sklearn_graceful.reference import warn_of_unlike_columns


class OldSpace:
    """What is known of the old space on training rows, each thing found at first use.

    Parameters
    ----------
    reference : ReferenceModel or None
        The old model.
    stored : array-like of shape (n, old_dim) or None
        Its vectors of the rows; they go before asking it.
    raw : array-like of n rows
        Rows as the old model wants them.
    y : ndarray of int64, shape (n,), or None
        Class indices.
    classes : ndarray of shape (n_classes,) or None
        Labels, sorted.
    weight : ndarray of shape (n,) or None
        Sample weights, above 0.
    seed : int or None
        Of the search for modes.
    """

    def __init__(self, reference, stored, raw, y, classes, weight, seed):
        self.reference = reference
        self.raw, self.y, self.classes, self.weight = raw, y, classes, weight
        self.seed = seed
        self._modes = {}
        self._unlike = False  # whether the user was told so of the rows
        if stored is not None:
            self._given = self._checked("old_embeddings", stored)

    @cached_property
    def embedder(self):
        """The CompatibleEmbedder that the old model is or ends in; None otherwise."""
        if self.reference is None:
            return None
        # Behind Pipelines, frozen estimators and finished searches.
        model = innermost(self.reference.model)
        return model if hasattr(model, "versions_") else None

    @cached_property
    def _given(self):
        """Old vectors of the rows, of unit length, and their lengths; None, None."""
        if self.reference is None:
            return None, None
        values = self.reference.transform(self.raw)
        self._unlike = warn_of_unlike_columns(self.reference, self.raw)
        return self._checked("The old model's embeddings", values)

    def ask(self, rows):
        """Old vectors of other raw rows, of unit length."""
        values = self.reference.transform(rows, remember=False)
        return self._checked("The old model's embeddings", values)[0]

    @property
    def vectors(self):
        """Old vectors of the rows, of unit length; None if there are none."""
        return self._given[0]

    @property
    def lengths(self):
        """Lengths that they had, of shape (n,); None if there are none."""
        return self._given[1]

    @cached_property
    def right(self):
        """Whether a row's nearest is of its own class; all True without labels."""
        if self.y is None:
            return np.ones(len(self.vectors), dtype=bool)
        right = retrieves_own_class(self.vectors, self.y)
        if not self._unlike:
            warn_of_useless_vectors(right, self.y)
        return right

    def modes(self, number):
        """VersionPrototypes of the old space, `number` a class; None without labels."""
        if self.y is None:
            return None
        if number not in self._modes:
            with isolated_randomness(self.seed):
                found = class_modes(self.vectors, self.y, number, self.weight)
            self._modes[number] = found
        return self._modes[number]

    @property
    def dim(self):
        """Width of the old vectors; None if there are none."""
        return None if self.vectors is None else self.vectors.shape[1]

    @property
    def embedder_dim(self):
        """Width of the old CompatibleEmbedder's vectors; None if it is none."""
        return getattr(self.embedder, "embedding_dim_", None)

    @property
    def method(self):
        """Method by which the old embedder learned; None if it is of another kind."""
        return getattr(self.embedder, "method_", None)

    @property
    def earlier(self):
        """What the old embedder knows of the versions before it."""
        return [] if self.embedder is None else self.embedder.versions_

    def class_order(self):
        """Labels in the order in which the versions first learned them."""
        classes = self.classes
        known = getattr(self.embedder, "class_order_", np.array([], classes.dtype))
        check_same_label_kind(old_model=known, y=classes)
        new = classes[~np.isin(classes, known)]
        return np.concatenate([known, new]) if known.size else new

    def versions(self, n_modes):
        """EmbedderVersions for later releases, by modes, or `n_modes` None: as kept."""
        modes = None if n_modes is None else self.modes(n_modes)
        if modes is not None:
            vectors, labels = modes.vectors, self.classes[modes.labels]
        else:
            dim = self.embedder_dim if n_modes is None else self.dim
            if dim is None:
                return []
            vectors = getattr(self.embedder, "prototypes_", np.zeros((0, dim)))
            labels = getattr(self.embedder, "classes_", np.zeros(0))
        fingerprint = getattr(self.embedder, "fingerprint_", None)
        length = 1.0  # of vectors by an embedder of this package
        if n_modes is not None:
            length = float(np.average(self.lengths, weights=self.weight))
        version = EmbedderVersion(fingerprint, vectors, labels, length)
        return [*self.earlier, version]

    def head(self):
        """Class weights of the old embedder; NaN for classes that it never learned."""
        if getattr(self.embedder, "head_", None) is None:
            return None
        shape = (len(self.classes), self.embedder_dim)
        head = np.full(shape, np.nan, np.float32)
        rows = zip(self.embedder.classes_.tolist(), self.embedder.head_, strict=True)
        known = dict(rows)
        for row, label in zip(head, self.classes.tolist(), strict=True):
            row[:] = known.get(label, np.nan)
        return head

    def _checked(self, name, values):
        units, lengths = units_and_lengths(name, values)
        if self.embedder_dim not in (None, units.shape[1]):
            raise ValueError(
                f"old_embeddings has width {units.shape[1]}, but the old model's "
                f"embeddings have width {self.embedder_dim}."
            )
        return units, lengths
