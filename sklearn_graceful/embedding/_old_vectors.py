"""What the old embedder says about the training rows."""

import numpy as np
from sklearn.neighbors import NearestNeighbors

from sklearn_graceful._containers import as_array
from sklearn_graceful._warn import warn_user
from sklearn_graceful.exceptions import OldModelMismatchWarning
from sklearn_graceful.search import check_have_directions, unit_rows


def unit_vectors(name, values):
    """Check vectors, shape (n, dim), and scale them to unit length, as float32."""
    values = as_array(values)
    if values.ndim != 2:
        raise ValueError(f"{name} must have shape (n, dim), got {values.shape}.")
    if values.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold numbers, got dtype {values.dtype}.")
    if not np.isfinite(values).all():
        raise ValueError(f"{name}: there is NaN or infinity among them.")
    check_have_directions(name, values)
    return unit_rows(values.astype(np.float64)).astype(np.float32)


def retrieves_own_class(vectors, y):
    """Whether the nearest other row is of the row's own class, bool of (n,)."""
    if len(y) < 2:
        return np.zeros(len(y), dtype=bool)
    # Of unit vectors, the nearest is the one of the largest cosine.
    search = NearestNeighbors(n_neighbors=1).fit(vectors)
    nearest = search.kneighbors(return_distance=False)[:, 0]
    return y[nearest] == y


def warn_of_useless_vectors(right, y):
    """Warn when old vectors tell the classes apart no better than one guess does."""
    counts = np.bincount(y)
    chance = (counts / len(y)).max()
    if right.mean() <= chance and len(counts) > 1:
        warn_user(
            f"The nearest old vector is of the own class in {right.mean():.1%} of the "
            "training rows, no more often than the most frequent class occurs "
            f"({chance:.1%}). Does the old model get the input it was trained on? "
            "In a Pipeline it gets transformed X: wrap the whole Pipeline, "
            "CompatibleEmbedder(pipeline), or pass old_embeddings=.",
            OldModelMismatchWarning,
        )
