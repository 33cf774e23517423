"""What the old embedder says about the training rows."""

import warnings

import numpy as np
from sklearn.neighbors import NearestNeighbors

from sklearn_graceful.exceptions import OldModelMismatchWarning
from sklearn_graceful.search import check_have_directions, unit_rows


def old_vectors(reference, old_embeddings, X):
    """Old embeddings of the training rows, from the strongest source.

    Parameters
    ----------
    reference : ReferenceModel or None
        The old model.
    old_embeddings : array-like of shape (n, old_dim) or None
        Its stored answers.
    X : array-like of n rows
        As the old model wants them.

    Returns
    -------
    vectors : ndarray of float32, shape (n, old_dim), or None
        Of unit length.

    Raises
    ------
    ValueError
        If they are no finite vectors, one a row, other than 0.
    """
    if old_embeddings is not None:
        return unit_vectors("old_embeddings", old_embeddings)
    if reference is None:
        return None
    return unit_vectors("The old model's embeddings", reference.transform(X))


def unit_vectors(name, values):
    """Check vectors, and scale them to unit length.

    Parameters
    ----------
    name : str
        For the error message.
    values : array-like of shape (n, dim)
        Vectors.

    Returns
    -------
    vectors : ndarray of float32, shape (n, dim)

    Raises
    ------
    ValueError
        If they are not 2-D, hold anything but finite numbers, or one of them is 0.
    """
    values = np.asarray(values)
    if values.ndim != 2:
        raise ValueError(f"{name} must have shape (n, dim), got {values.shape}.")
    if values.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold numbers, got dtype {values.dtype}.")
    if not np.isfinite(values).all():
        raise ValueError(f"{name}: there is NaN or infinity among them.")
    check_have_directions(name, values)
    return unit_rows(values.astype(np.float64)).astype(np.float32)


def retrieves_own_class(vectors, y):
    """Whether the nearest other row is of the row's own class.

    Parameters
    ----------
    vectors : ndarray of shape (n, dim)
        Of unit length.
    y : ndarray of shape (n,)
        Class indices.

    Returns
    -------
    right : ndarray of bool, shape (n,)
    """
    if len(y) < 2:
        return np.zeros(len(y), dtype=bool)
    # Of unit vectors, the nearest is the one of the largest cosine.
    search = NearestNeighbors(n_neighbors=1).fit(vectors)
    nearest = search.kneighbors(return_distance=False)[:, 0]
    return y[nearest] == y


def warn_of_useless_vectors(right, y):
    """Warn when old vectors tell the classes apart no better than one guess does.

    Parameters
    ----------
    right : ndarray of bool, shape (n,)
        From :func:`retrieves_own_class`.
    y : ndarray of int, shape (n,)
        Class indices.
    """
    counts = np.bincount(y)
    chance = (counts / len(y)).max()
    if right.mean() <= chance and len(counts) > 1:
        warnings.warn(
            f"The nearest old vector is of the own class in {right.mean():.1%} of the "
            "training rows, no more often than the most frequent class occurs "
            f"({chance:.1%}). Does the old model get the input it was trained on? "
            "In a Pipeline it gets transformed X: wrap the whole Pipeline, "
            "CompatibleEmbedder(pipeline), or pass old_embeddings=.",
            OldModelMismatchWarning,
            stacklevel=5,
        )
