"""What a new model does to the clusters of an old gallery, in one table."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score, pairwise_distances_argmin

from sklearn_graceful._arguments import check_choice
from sklearn_graceful.metrics._clusters import (
    BCubed,
    b_cubed,
    unchanged_cluster_share,
    version_mutual_information,
)
from sklearn_graceful.search import (
    METRICS,
    as_column,
    check_has_distances,
    check_partitions,
    check_unit_rows,
    check_vectors,
    in_old_space,
)


@dataclass(frozen=True)
class ClusteringUpdate:
    """Figures of a clustering before and after its gallery got a new model.

    ``print`` shows them as a table.

    Parameters
    ----------
    n_items : int
        Items that were clustered.
    ari_old, ari_new : float
        Adjusted Rand index between classes and clusters, of old and of new embeddings.
    b_cubed_old, b_cubed_new : BCubed
        B-cubed precision, recall and F1 of the same.
    unchanged_share : float
        Share of items that stay in their cluster.
    version_mutual_information : float
        How far clusters of a gallery of both versions follow the version, adjusted for
        chance; 0 is not at all.
    """

    n_items: int
    ari_old: float
    ari_new: float
    b_cubed_old: BCubed
    b_cubed_new: BCubed
    unchanged_share: float
    version_mutual_information: float

    def __str__(self):
        names = ["ARI", *(f"B-cubed {name}" for name in BCubed._fields)]
        old, new = [self.ari_old, *self.b_cubed_old], [self.ari_new, *self.b_cubed_new]
        lines = [f"{f'{self.n_items} items':28}{'old':>8}{'new':>8}"]
        for name, *figures in zip(names, old, new, strict=True):
            lines.append("{:28}{:8.3f}{:8.3f}".format(name, *figures))
        for name in ("unchanged_share", "version_mutual_information"):
            lines.append(f"{name.replace('_', ' '):36}{getattr(self, name):8.3f}")
        return "\n".join(lines)


def clustering_update(
    old_embeddings,
    new_embeddings,
    labels,
    *,
    centroids=None,
    clusterer=None,
    updated=None,
    metric="cosine",
    old_view=False,
):
    """Compare a clustering of old embeddings with the same rule on new ones.

    The rule is either a set of stored centroids, each item going to the nearest
    (`assign_to_centroids`), or a clusterer that is run again with the parameters that
    were chosen for the old gallery, such as the radius of DBSCAN. It is applied three
    times: to the old embeddings, to the new ones, and to a gallery that holds some
    items as the old model and some as the new model sees them.

    Parameters
    ----------
    old_embeddings : array-like of shape (n, d_old)
        The items as the old model sees them.
    new_embeddings : array-like of shape (n, d_new)
        The same items by the new model, trained to fit the old space.
    labels : array-like of shape (n,)
        Class of each item.
    centroids : array-like of shape (n_clusters, d_old), default=None
        Centroids that were made on old embeddings.
    clusterer : scikit-learn clusterer, default=None
        Has ``fit_predict``; it is cloned. Give either this or `centroids`.
    updated : array-like of bool, shape (n,), default=None
        Items of the mixed gallery that are re-embedded already. None: every second
        item of each class.
    metric : {"cosine", "euclidean"}, default="cosine"
        What the nearest centroid is; a clusterer has a metric of its own. All
        embeddings are scaled to unit length before.
    old_view : bool, default=False
        Whether new embeddings may be of another width than the old ones, see
        `retrieval_outcomes`.

    Returns
    -------
    figures : ClusteringUpdate
        With `centroids`, clusters keep their names, and an item is unchanged if its
        nearest centroid is the same one. With `clusterer` the share is that of
        `unchanged_cluster_share`. The mutual information is nan, with an
        UndefinedMetricWarning, if all items are `updated` or none is.

    Raises
    ------
    ValueError
        If not exactly one of `centroids` and `clusterer` is given, if row counts do
        not fit, if widths differ without `old_view`, or if embeddings are not finite
        or have no direction.
    TypeError
        If `clusterer` has no ``fit_predict``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_graceful.metrics import clustering_update
    >>> X, y = load_iris(return_X_y=True)
    >>> old = X - X.mean(axis=0)
    >>> centroids = np.array([old[y == k].mean(axis=0) for k in range(3)])
    >>> turned = old[:, ::-1]  # as good an embedding, but in another space
    >>> print(clustering_update(old, turned, y, centroids=centroids))
    150 items                        old     new
    ARI                            0.526   0.554
    B-cubed precision              0.673   0.711
    B-cubed recall                 0.713   0.708
    B-cubed f1                     0.693   0.709
    unchanged share                        0.413
    version mutual information            -0.000
    """
    if (centroids is None) == (clusterer is None):
        raise ValueError("Give either centroids or clusterer.")
    if clusterer is not None and not hasattr(clusterer, "fit_predict"):
        raise TypeError(
            f"clusterer must have fit_predict, got {type(clusterer).__name__}."
        )
    (labels,) = check_partitions(labels=labels)
    old = _check_embeddings("old_embeddings", old_embeddings, len(labels))
    new = _check_embeddings("new_embeddings", new_embeddings, len(labels))
    names = "new_embeddings", "old_embeddings"
    new = in_old_space(new, old.shape[1], old_view=old_view, names=names)
    old, new = check_unit_rows(names[1], old), check_unit_rows(names[0], new)
    updated = _check_updated(updated, labels)
    mixed = np.where(updated[:, np.newaxis], new, old)
    views = old, new, mixed
    if clusterer is None:
        assign = partial(assign_to_centroids, centroids=centroids, metric=metric)
        before, after, both = map(assign, views)
        unchanged = float(np.mean(before == after))
    else:
        before, after, both = (clone(clusterer).fit_predict(view) for view in views)
        unchanged = unchanged_cluster_share(before, after)
    return ClusteringUpdate(
        n_items=len(labels),
        ari_old=float(adjusted_rand_score(labels, before)),
        ari_new=float(adjusted_rand_score(labels, after)),
        b_cubed_old=b_cubed(labels, before),
        b_cubed_new=b_cubed(labels, after),
        unchanged_share=unchanged,
        version_mutual_information=version_mutual_information(both, updated),
    )


def assign_to_centroids(embeddings, centroids, *, metric="cosine", old_view=False):
    """Index of the nearest centroid of each embedding.

    The rule that clusters of an old gallery leave behind: centroids that are stored,
    and new items that go to the nearest one. It goes on working after an update if the
    new embeddings fit the old space.

    Parameters
    ----------
    embeddings : array-like of shape (n, d)
        Embeddings of the old model, or of a new one that was trained to fit its space.
    centroids : array-like of shape (n_clusters, d_old)
        Centroids of the old clusters.
    metric : {"cosine", "euclidean"}, default="cosine"
        What nearest means. The length of a centroid, which is below 1 for the mean of
        unit vectors, counts only with "euclidean"; that is the rule of k-means.
    old_view : bool, default=False
        Whether embeddings may be of another width than the centroids, see
        `retrieval_outcomes`.

    Returns
    -------
    clusters : ndarray of int, shape (n,)
        Rows of `centroids`.

    Raises
    ------
    ValueError
        If an array is not 2-D, is empty or not finite, if widths differ without
        `old_view`, if a vector that must be scaled is zero, or if `metric` is none of
        the above.

    Examples
    --------
    >>> from sklearn_graceful.metrics import assign_to_centroids
    >>> centroids = [[1.0, 0.0], [0.0, 1.0]]
    >>> assign_to_centroids([[0.9, 0.1], [0.3, 0.4]], centroids)
    array([0, 1])
    >>> wider = [[0.2, 0.1, 0.9]]  # of a model that was trained to fit
    >>> assign_to_centroids(wider, centroids, old_view=True)
    array([0])
    """
    check_choice("metric", metric, METRICS)
    embeddings = check_vectors("embeddings", embeddings)
    centroids = check_vectors("centroids", centroids)
    embeddings = in_old_space(
        embeddings,
        centroids.shape[1],
        old_view=old_view,
        names=("embeddings", "centroids"),
    )
    if metric == "cosine":
        embeddings = check_unit_rows("embeddings", embeddings)
        # Of unit vectors the nearest is the one with the highest cosine.
        centroids = check_unit_rows("centroids", centroids)
    else:
        check_has_distances("embeddings", embeddings)
        check_has_distances("centroids", centroids)
    # Of two precisions scikit-learn takes the lower one.
    return pairwise_distances_argmin(
        embeddings.astype(np.float64, copy=False),
        centroids.astype(np.float64, copy=False),
    )


def _check_embeddings(name, embeddings, n_items):
    embeddings = check_vectors(name, embeddings)
    if len(embeddings) != n_items:
        raise ValueError(f"{name} has {len(embeddings)} rows but labels has {n_items}.")
    return embeddings


def _check_updated(updated, labels):
    """Mask of the items that are re-embedded; by default half of every class."""
    if updated is None:
        updated = np.zeros(len(labels), dtype=bool)
        updated[np.argsort(labels, kind="stable")[::2]] = True
        return updated
    updated = as_column("updated", updated)
    if updated.dtype != bool or updated.shape != labels.shape:
        raise ValueError(
            f"updated must be {len(labels)} booleans, one an item, got "
            f"{updated.dtype} of shape {updated.shape}."
        )
    return updated
