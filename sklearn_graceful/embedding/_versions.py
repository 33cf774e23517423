"""What is kept of every version, so that later ones still fit its gallery."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from sklearn_graceful.compatibility import VersionPrototypes
from sklearn_graceful.reference import fingerprint_of


@dataclass(frozen=True)
class EmbedderVersion:
    """An earlier version: a few vectors of every class in its space.

    Attributes
    ----------
    fingerprint : str or None
        Of the space; None for a model that is no ``CompatibleEmbedder``.
    vectors : ndarray of float32, shape (n_prototypes, dim)
        Modes of its classes, of unit length.
    labels : ndarray of shape (n_prototypes,)
        Class label of each.
    length : float
        Mean length of the version's own vectors.
    """

    fingerprint: str | None
    vectors: np.ndarray
    labels: np.ndarray
    length: float = 1.0

    @property
    def dim(self):
        """Width of the version's vectors."""
        return self.vectors.shape[1]

    def named_after(self, model):
        """The same with the fingerprint of its model, where that has any."""
        if self.fingerprint is not None:
            return self
        with suppress(ValueError):
            return replace(self, fingerprint=fingerprint_of(model))
        return self

    def prototypes(self, classes):
        """The same, by index among the classes of a new embedder.

        Parameters
        ----------
        classes : ndarray of shape (n_classes,)
            Sorted labels.

        Returns
        -------
        prototypes : VersionPrototypes
        """
        index = {label: i for i, label in enumerate(classes.tolist())}
        labels = [index.get(label, -1) for label in self.labels.tolist()]
        return VersionPrototypes(self.vectors, np.array(labels, dtype=np.int64))


def fingerprint(embeddings):
    """Name a space, in 32 digits, by what the model makes of training rows."""
    said = np.ascontiguousarray(embeddings[:256])
    digest = hashlib.sha256(str(said.shape).encode())
    digest.update(said.tobytes())
    return digest.hexdigest()[:32]
