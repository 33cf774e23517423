"""Clusters of an old model go on through upgrades."""

import numpy as np
import pytest
from sklearn.cluster import KMeans

from sklearn_graceful import Gallery
from sklearn_graceful.metrics import assign_to_centroids, unchanged_cluster_share
from sklearn_graceful.search import unit_rows
from tests.gallery.models import Stranger


@pytest.fixture
def centroids(models, X):
    vectors = unit_rows(models[0].transform(X[:100]))
    return KMeans(5, n_init=1, random_state=0).fit(vectors).cluster_centers_


@pytest.fixture
def gallery(models, X, store, centroids):
    filled = Gallery(models[0], index=store)
    filled.add([f"item {n}" for n in range(100)], X[:100])
    filled.keep_clusters(centroids)
    return filled


def rows_of(X):
    return lambda ids: X[[int(name.split()[1]) for name in ids]]


def test_rows_and_items_go_to_the_nearest_centroid(gallery, models, X, centroids):
    expected = assign_to_centroids(models[0].transform(X), centroids)
    np.testing.assert_array_equal(gallery.assign(X), expected)
    vectors = models[0].transform(X)
    np.testing.assert_array_equal(gallery.assign(vectors=vectors), expected)
    np.testing.assert_array_equal(gallery.assign(ids=gallery.ids()), expected[:100])
    assert len(gallery) == 100  # centroids are no items


def test_they_outlive_their_model(gallery, models, X, centroids, tmp_path):
    old, new, newer = models
    expected = assign_to_centroids(old.transform(X), centroids)
    for model in (new, newer):
        gallery.upgrade(model)
        np.testing.assert_array_equal(gallery.assign(X), expected)
        gallery.backfill(rows_of(X), budget=0.5)
        names = [f"item {n}" for n in range(100)]
        np.testing.assert_array_equal(gallery.assign(ids=names), expected[:100])
        # For these models the old view of a new vector is the old vector.
        assert gallery.cluster_retention() == 1
        gallery.backfill(rows_of(X))
        gallery.commit()
    assert [version.dim for version in gallery.versions()] == [8]
    np.testing.assert_array_equal(gallery.assign(X), expected)


def test_retention_is_the_share_that_stays(models, X, centroids):
    class Mirrored:
        """Compatible by name, but half of the items are mirrored."""

        fingerprint_, versions_ = "mirrored", models[1].versions_

        def transform(self, X):
            vectors = models[1].transform(X)
            vectors[X[:, 0] > 0] *= -1
            return vectors

    gallery = Gallery(models[0])
    gallery.add(range(100), X[:100])
    gallery.keep_clusters(centroids)
    gallery.upgrade(Mirrored())
    with pytest.raises(RuntimeError, match="No item has a new vector"):
        gallery.cluster_retention()
    gallery.backfill((range(100), X[:100]))
    before = assign_to_centroids(models[0].transform(X[:100]), centroids)
    after = assign_to_centroids(Mirrored().transform(X[:100])[:, :4], centroids)
    assert gallery.cluster_retention() == unchanged_cluster_share(before, after) < 0.9


def test_they_are_on_the_disk(models, X, centroids, tmp_path):
    with Gallery(models[0], tmp_path / "gallery") as gallery:
        gallery.add(range(100), X[:100])
        gallery.keep_clusters(centroids[:2])
        gallery.keep_clusters(centroids)
        expected = gallery.assign(X)
    with Gallery.open(tmp_path / "gallery", models[0]) as gallery:
        np.testing.assert_array_equal(gallery.assign(X), expected)
    assert len({*tmp_path.rglob("centroids-*.f32")}) == 1


def test_what_cannot_be_assigned_is_said(gallery, models, X, centroids):
    with pytest.raises(ValueError, match="one of X, vectors and ids"):
        gallery.assign()
    with pytest.raises(KeyError, match="item 200"):
        gallery.assign(ids=["item 200"])
    with pytest.raises(ValueError, match="centroids has width 3"):
        gallery.keep_clusters(centroids[:, :3])
    with pytest.raises(RuntimeError, match="no upgrade"):
        gallery.cluster_retention()
    filled = Gallery(models[0])
    filled.add([1], X[:1])
    with pytest.raises(RuntimeError, match="no clusters"):
        filled.assign(X)
    with pytest.raises(RuntimeError, match="is empty"):
        Gallery(models[0]).keep_clusters(centroids)
    gallery.upgrade(Stranger(), how="side_by_side")
    gallery.backfill(rows_of(X))
    gallery.commit()
    with pytest.raises(RuntimeError, match="not trained to fit"):
        gallery.assign(X)
