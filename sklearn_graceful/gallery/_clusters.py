"""Clusters of an old model, which outlive it."""

from dataclasses import replace

import numpy as np

from sklearn_graceful.gallery._state import Clusters
from sklearn_graceful.metrics import assign_to_centroids, unchanged_cluster_share


def keep(contents, centroids):
    """Remember centroids in the space of the model that makes the queries."""
    state = contents.state
    if state.ids is None:
        raise RuntimeError("The gallery is empty: add the items of the clusters first.")
    model = state.newest
    centroids = contents.checked(model, centroids, "centroids")
    space = f"centroids-{state.n_spaces}"
    names = np.arange(len(centroids))
    if state.ids == "str":
        names = names.astype(str).astype(object)
    kept = replace(
        state,
        n_spaces=state.n_spaces + 1,
        clusters=Clusters(space, model.space, model.fingerprint, centroids.shape[1]),
    )
    before = state.clusters
    contents.write(
        kept,
        drop=[] if before is None else [before.space],
        insert={space: (names, centroids)},
    )


def assign(contents, model, vectors):
    """Cluster of each vector of a model."""
    clusters = contents.state.clusters
    if clusters is None:
        raise RuntimeError("The gallery has no clusters: keep_clusters takes them.")
    centroids, _ = contents.store.vectors(
        clusters.space, contents.store.ids(clusters.space)
    )
    if model.space != clusters.of:
        if clusters.of not in model.sights:
            raise RuntimeError(
                f"The clusters are of version {clusters.fingerprint}, whose space "
                f"version {model.fingerprint} was not trained to fit."
            )
        vectors = contents.seen_in(clusters.of, model, vectors)
    metric = "euclidean" if contents.state.metric == "euclidean" else "cosine"
    return assign_to_centroids(vectors, centroids, metric=metric)


def assign_items(contents, ids):
    """Cluster of each item, by its newest vector."""
    found = np.full(len(ids), -1)
    for model in contents.state.models:
        if model.space in contents.state.serving:
            vectors, there = contents.store.vectors(model.space, ids)
            if there.any():
                found[there] = assign(contents, model, vectors)
    return found


def retention(contents):
    """Share of items with an old and a new vector that both have in one cluster."""
    state = contents.state
    if state.upgrade is None:
        raise RuntimeError("There is no upgrade: nothing has an old and a new vector.")
    old = state.model(state.upgrade.before[-1])
    new = state.coming
    ids = contents.store.ids(old.space)
    vectors, there = contents.store.vectors(new.space, ids)
    if not there.any():
        raise RuntimeError("No item has a new vector yet: backfill some.")
    before = assign(contents, old, contents.store.vectors(old.space, ids[there])[0])
    return float(unchanged_cluster_share(before, assign(contents, new, vectors)))
