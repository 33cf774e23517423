"""Few vectors that stand for all of a class."""

import warnings

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import normalize
from sklearn.utils import check_random_state

from sklearn_graceful.compatibility._task import VersionPrototypes


def class_means(vectors, y, n_classes, weight=None):
    """Mean vector of every class, of unit length.

    Parameters
    ----------
    vectors : ndarray of shape (n, dim)
        Of unit length.
    y : ndarray of int, shape (n,)
        Class indices.
    n_classes : int
        Number of classes, each with a row.
    weight : ndarray of shape (n,), default=None
        Of the vectors; None: all alike.

    Returns
    -------
    means : ndarray of float32, shape (n_classes, dim)
    """
    sums = np.zeros((n_classes, vectors.shape[1]))
    np.add.at(sums, y, vectors if weight is None else weight[:, None] * vectors)
    return normalize(sums).astype(np.float32)


def class_modes(vectors, y, n_modes, weight=None):
    """Centres of a k-means clustering of every class, of unit length.

    Parameters
    ----------
    vectors : ndarray of shape (n, dim)
        Of unit length.
    y : ndarray of int, shape (n,)
        Class indices.
    n_modes : int
        Clusters of a class; fewer where it has fewer different vectors.
    weight : ndarray of shape (n,), default=None
        Of the vectors; None: all alike.

    Returns
    -------
    modes : VersionPrototypes
    """
    centres, labels = [], []
    for label in np.unique(y):
        members = y == label
        own = vectors[members]
        own_weight = None if weight is None else weight[members]
        n_clusters = min(n_modes, len(np.unique(own, axis=0)))
        found = _cluster(own, n_clusters, own_weight)
        centres.append(normalize(found))
        labels += [label] * len(found)
    return VersionPrototypes(
        np.concatenate(centres).astype(np.float32), np.array(labels)
    )


def _cluster(vectors, n_clusters, weight):
    """Centres of k-means, fewer where vectors differ by rounding alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = KMeans(n_clusters, n_init=2).fit(vectors, sample_weight=weight)
    return found.cluster_centers_[np.unique(found.labels_)]


def repaired_vectors(task):
    """Old vectors, but the nearest mode of its class where an old vector is wrong.

    Parameters
    ----------
    task : Task
        With old vectors, labels and modes.

    Returns
    -------
    vectors : ndarray of shape (n_rows, old_dim)
    """
    modes = task.prototypes
    cosine = task.old @ modes.vectors.T
    cosine[task.y[:, None] != modes.labels] = -np.inf
    nearest = modes.vectors[cosine.argmax(axis=1)]
    return np.where(task.right[:, None], task.old, nearest)


def class_codes(n_classes, dim):
    """One unit vector a class: orthogonal if there is room, else drawn at random.

    Parameters
    ----------
    n_classes, dim : int
        Number and width.

    Returns
    -------
    codes : ndarray of float32, shape (n_classes, dim)
    """
    if n_classes <= dim:
        return np.eye(n_classes, dim, dtype=np.float32)
    rng = check_random_state(None)  # the global one, seeded for this fit
    return normalize(rng.normal(size=(n_classes, dim))).astype(np.float32)
