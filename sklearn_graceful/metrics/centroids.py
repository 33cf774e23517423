"""Which old cluster a new embedding falls into."""

from sklearn.metrics import pairwise_distances_argmin
from sklearn.utils import check_array

from sklearn_graceful._unit_rows import check_have_directions, unit_rows

METRICS = ("cosine", "euclidean")


def assign_to_centroids(embeddings, centroids, *, metric="cosine"):
    """Index of the nearest centroid of each embedding.

    The rule that clusters of an old gallery leave behind: centroids that are stored,
    and new items that go to the nearest one. It goes on working after an update if the
    new embeddings fit the old space.

    Parameters
    ----------
    embeddings : array-like of shape (n, d)
        Embeddings of the old or of a new model. Of wider ones than the centroids the
        first ``centroids.shape[1]`` coordinates are taken, which are the old view of a
        compatible embedder, and scaled to unit length again.
    centroids : array-like of shape (n_clusters, d_old)
        Centroids of the old clusters.
    metric : {"cosine", "euclidean"}, default="cosine"
        What nearest means. The length of a centroid, which is below 1 for the mean of
        unit vectors, counts only with "euclidean"; that is the rule of k-means.

    Returns
    -------
    clusters : ndarray of int, shape (n,)
        Rows of `centroids`.

    Raises
    ------
    ValueError
        If an array is not 2-D, is empty or not finite, if the embeddings are narrower
        than the centroids, if a vector that must be scaled is zero, or if `metric` is
        none of the above.

    Examples
    --------
    >>> from sklearn_graceful.metrics import assign_to_centroids
    >>> centroids = [[1.0, 0.0], [0.0, 1.0]]
    >>> assign_to_centroids([[0.9, 0.1], [0.3, 0.4]], centroids)
    array([0, 1])
    >>> assign_to_centroids([[0.2, 0.1, 0.9]], centroids)  # a wider embedding
    array([0])
    """
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {METRICS}, got {metric!r}.")
    embeddings = check_array(embeddings, input_name="embeddings", dtype="numeric")
    centroids = check_array(centroids, input_name="centroids", dtype="numeric")
    width = centroids.shape[1]
    if embeddings.shape[1] < width:
        raise ValueError(
            f"embeddings have {embeddings.shape[1]} columns, fewer than the {width} of "
            "centroids."
        )
    if metric == "cosine" or embeddings.shape[1] > width:
        embeddings = unit_view("embeddings", embeddings, width)
    if metric == "cosine":
        # Of unit vectors the nearest is the one with the highest cosine.
        centroids = unit_view("centroids", centroids, width)
    return pairwise_distances_argmin(embeddings, centroids)


def unit_view(name, vectors, width):
    """Take the first coordinates of checked vectors, scaled to unit length.

    Raises
    ------
    ValueError
        If all of them are 0 in a row.
    """
    view = vectors[:, :width]
    check_have_directions(name, view)
    return unit_rows(view)
