"""What the old embedder says about the training rows."""

import numpy as np
from sklearn.neighbors import NearestNeighbors

from sklearn_graceful._warn import warn_user
from sklearn_graceful.exceptions import OldModelMismatchWarning
from sklearn_graceful.search import check_unit_rows, check_vectors, lengths_of


def units_and_lengths(name, values):
    """Check vectors in any container: units as float32 (n, dim), lengths of (n,)."""
    values = check_vectors(name, values).astype(np.float64, copy=False)
    units = check_unit_rows(name, values).astype(np.float32)
    return units, lengths_of(values)[:, 0]


def warn_of_lengths(lengths):
    """Warn where an index by distance would rank vectors of unit length wrongly."""
    warn_user(
        f"The old vectors have lengths from {lengths.min():.4g} to "
        f"{lengths.max():.4g}, new ones have length 1. An old index by cosine takes "
        "them as they are; for one by Euclidean distance set metric='euclidean': "
        "old_view then returns vectors of a length that it ranks rightly."
    )


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
