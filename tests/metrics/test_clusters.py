"""Clusters of an old gallery that meet new embeddings."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ortho_group
from sklearn.cluster import DBSCAN, KMeans
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import homogeneity_score
from sklearn.preprocessing import normalize

from sklearn_graceful.metrics import (
    assign_to_centroids,
    b_cubed,
    clustering_update,
    unchanged_cluster_share,
    version_mutual_information,
)


@st.composite
def two_partitions(draw, smallest=0):
    n = draw(st.integers(1, 12))
    column = st.lists(st.integers(smallest, 3), min_size=n, max_size=n).map(np.array)
    return draw(column), draw(column)


# assign_to_centroids


def test_nearest_centroid_by_hand():
    def nearest(vector, centroids, metric):
        return assign_to_centroids([vector], centroids, metric=metric).tolist()

    # At 50 degrees from the first: nearer to the second in direction, not in place.
    assert nearest([0.5, 0.6], [[1.0, 0.0], [0.0, 0.2]], "cosine") == [1]
    assert nearest([0.5, 0.6], [[1.0, 0.0], [0.0, -0.2]], "euclidean") == [0]
    # The length of a centroid counts only by distance.
    assert nearest([1.0, 1.1], [[1.0, 0.0], [0.0, 4.0]], "cosine") == [1]
    assert nearest([1.0, 1.1], [[1.0, 0.0], [0.0, 4.0]], "euclidean") == [0]


def test_old_embeddings_go_where_k_means_put_them():
    rng = np.random.default_rng(0)
    old = normalize(rng.normal(size=(200, 5)))
    model = KMeans(7, random_state=0, n_init=1).fit(old)
    clusters = assign_to_centroids(old, model.cluster_centers_, metric="euclidean")
    np.testing.assert_array_equal(clusters, model.labels_)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_a_wider_embedding_is_its_old_view(metric):
    rng = np.random.default_rng(0)
    old = normalize(rng.normal(size=(100, 4)))
    centroids = rng.normal(size=(9, 4))
    wider = normalize(np.hstack([old, rng.normal(size=(100, 3))]))
    clusters = assign_to_centroids(wider, centroids, metric=metric, old_view=True)
    expected = assign_to_centroids(old, centroids, metric=metric)
    np.testing.assert_array_equal(clusters, expected)


@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 1e-30), (float, 1e200)])
def test_vectors_of_any_length_go_to_the_centroid_of_their_direction(dtype, size):
    rng = np.random.default_rng(0)
    vectors, centroids = rng.normal(size=(20, 3)), rng.normal(size=(5, 3))
    expected = assign_to_centroids(vectors, centroids)
    found = assign_to_centroids((size * vectors).astype(dtype), centroids)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("embeddings", "centroids", "metric", "message"),
    [
        ([[1.0]], [[1.0, 2.0]], "cosine", "embeddings has width 1, but centroids"),
        ([[1.0, 2.0]], [[0.0, 0.0]], "cosine", r"centroids: .* one of 1"),
        ([[1.0, np.nan]], [[1.0, 1.0]], "cosine", "embeddings contains NaN"),
        ([[1.0, 2.0]], [1.0, 2.0], "cosine", "centroids must have shape"),
        ([[1.0, 2.0]], [[1.0, 2.0]], "dot", "metric must be one of .*.dot."),
    ],
)
def test_vectors_that_have_no_nearest_centroid(embeddings, centroids, metric, message):
    with pytest.raises(ValueError, match=message):
        assign_to_centroids(embeddings, centroids, metric=metric)


# b_cubed


def b_cubed_by_item(true, pred):
    """Written from the definition: the same questions, asked of every item."""
    precision = [np.mean(true[pred == p] == t) for t, p in zip(true, pred, strict=True)]
    recall = [np.mean(pred[true == t] == p) for t, p in zip(true, pred, strict=True)]
    precision, recall = np.mean(precision), np.mean(recall)
    return precision, recall, 2 / (1 / precision + 1 / recall)


def test_b_cubed_by_hand():
    # Amigó et al. (2009): five items of a class and one of another are one cluster.
    result = b_cubed(list("aaaaab"), [0] * 6)
    assert result.precision == pytest.approx((5 * 5 / 6 + 1 / 6) / 6)
    assert result.recall == pytest.approx(1)
    assert result.f1 == pytest.approx(2 * result.precision / (1 + result.precision))
    # Squares of these counts do not fit 32 bits.
    true = np.repeat([0, 1], [300_000, 100_000])
    np.testing.assert_allclose(b_cubed(true, np.zeros(400_000))[:2], [0.625, 1.0])


@given(two_partitions())
def test_b_cubed_asks_every_item(partitions):
    np.testing.assert_allclose(b_cubed(*partitions), b_cubed_by_item(*partitions))


@given(two_partitions())
def test_b_cubed_turned_around_swaps_precision_and_recall(partitions):
    true, pred = partitions
    there, back = b_cubed(true, pred), b_cubed(pred, true)
    np.testing.assert_allclose(there, [back.recall, back.precision, back.f1])
    np.testing.assert_allclose(b_cubed(true, np.array(list("wxyz"))[pred]), there)


def test_noise_is_no_cluster_for_b_cubed():
    true = list("aaab")
    apart, together = b_cubed(true, [0, 1, 2, 3]), b_cubed(true, [0, 1, 1, 1])
    np.testing.assert_allclose(b_cubed(true, [0, -1, -1, -1]), apart)
    np.testing.assert_allclose(b_cubed(true, [0, -1, -1, -1], noise=None), together)


# unchanged_cluster_share


@given(two_partitions(smallest=-1), st.booleans())
def test_no_naming_of_the_clusters_keeps_more_items(partitions, with_noise):
    old, new = partitions if with_noise else np.abs(partitions)
    # Noise is matched with noise only.
    best = max(
        np.mean(np.where(old == -1, -1, np.array(names)[old]) == new)
        for names in permutations(range(4))
    )
    assert unchanged_cluster_share(old, new) == pytest.approx(best)
    assert unchanged_cluster_share(new, old) == pytest.approx(best)


def test_clusters_of_other_names_are_the_same_clusters():
    assert unchanged_cluster_share([0, 0, 1], ["x", "x", "y"]) == 1
    assert unchanged_cluster_share([-1, -1], [-1, -1]) == 1
    assert unchanged_cluster_share([-1, -1], [0, 0]) == 0
    assert unchanged_cluster_share([-1, -1], [0, 0], noise=None) == 1
    # A split keeps its larger part, a merger its larger source.
    assert unchanged_cluster_share([0] * 5, [0, 0, 0, 1, 1]) == 0.6
    assert unchanged_cluster_share([0, 0, 0, 1, 1], [0] * 5) == 0.6


# version_mutual_information


def test_a_gallery_split_by_version_scores_1():
    rng = np.random.default_rng(0)
    versions = rng.integers(0, 2, 1000)
    clusters = 25 * versions + rng.integers(0, 25, 1000)
    values = [
        version_mutual_information(clusters, versions, adjusted=adjusted)
        for adjusted in (True, False)
    ]
    assert values == pytest.approx([1, 1])


def test_chance_splits_small_clusters_and_is_subtracted():
    rng = np.random.default_rng(0)
    by_chance, plain = [], []
    for _ in range(20):
        versions, clusters = rng.integers(0, 2, 300), rng.integers(0, 100, 300)
        by_chance.append(version_mutual_information(clusters, versions))
        plain.append(version_mutual_information(clusters, versions, adjusted=False))
    assert abs(np.mean(by_chance)) < 0.02
    assert np.mean(plain) > 0.2


@given(two_partitions())
def test_share_of_what_the_cluster_tells_about_the_version(partitions):
    clusters, versions = partitions
    clusters = 4 * np.arange(len(clusters)) + clusters  # never fewer bits than versions
    if len(set(versions.tolist())) > 1:
        plain = version_mutual_information(clusters, versions, adjusted=False)
        assert plain == pytest.approx(homogeneity_score(versions, clusters))
        assert version_mutual_information(clusters, versions) == 0


def test_one_version_has_no_split():
    with pytest.warns(UndefinedMetricWarning, match="one version only"):
        assert np.isnan(version_mutual_information([0, 1], ["v1", "v1"]))
    assert version_mutual_information([0, 0], ["v1", "v2"]) == 0


@pytest.mark.parametrize(
    "figure", [b_cubed, unchanged_cluster_share, version_mutual_information]
)
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([0, 1], [0]), "has 1 rows but .* has 2"),
        (([], []), "is empty"),
        (([[0]], [[0]]), "must be 1-D"),
        (([0, 1], [0, np.nan]), "holds NaN"),
        (([0, 1], np.array([0, "a"], dtype=object)), "all strings or all numbers"),
    ],
)
def test_columns_that_are_no_partitions(figure, columns, message):
    with pytest.raises(ValueError, match=message):
        figure(*columns)


# clustering_update


# 1,500 embeddings of width 10, with nearly all classes apart, and their labels.
Y = np.arange(1500) % 10
OLD = np.eye(10)[Y] + 0.15 * np.random.default_rng(0).normal(size=(1500, 10))
OLD = normalize(OLD)
ROTATED = OLD @ ortho_group.rvs(10, random_state=0)
CENTROIDS = np.array([OLD[k == Y].mean(axis=0) for k in range(10)])


def test_an_update_that_changes_nothing():
    wider = normalize(np.hstack([OLD, np.ones((1500, 3))]))
    same = clustering_update(OLD, wider, Y, centroids=CENTROIDS, old_view=True)
    assert same.unchanged_share == 1
    assert abs(same.version_mutual_information) < 0.01
    assert (same.ari_old, same.b_cubed_old) == (same.ari_new, same.b_cubed_new)
    k_means = KMeans(10, random_state=0)
    again = clustering_update(OLD, wider, Y, clusterer=k_means, old_view=True)
    assert again.unchanged_share == 1


def test_another_space_splits_a_gallery_of_both_versions():
    dbscan = DBSCAN(eps=0.45)
    same = clustering_update(OLD, OLD, Y, clusterer=dbscan)
    other = clustering_update(OLD, ROTATED, Y, clusterer=dbscan)
    assert same.version_mutual_information < 0.05
    assert other.version_mutual_information > 0.5
    # Each version alone has the same distances, so the same clusters.
    assert other.unchanged_share == 1
    assert other.ari_new == pytest.approx(other.ari_old)


def test_stored_centroids_keep_their_names():
    swapped = OLD[:, [1, 0, *range(2, 10)]]
    update = clustering_update(OLD, swapped, Y, centroids=CENTROIDS)
    assert update.ari_new == pytest.approx(update.ari_old, abs=0.02)
    assert update.unchanged_share == pytest.approx(0.8, abs=0.03)


def test_the_mixed_gallery_holds_what_is_updated():
    none = np.zeros(1500, dtype=bool)
    with pytest.warns(UndefinedMetricWarning):
        clustering_update(OLD, ROTATED, Y, centroids=CENTROIDS, updated=none)
    # All vectors of class 0 are new, and no other: the version is the class.
    split = clustering_update(OLD, OLD, Y, centroids=CENTROIDS, updated=Y == 0)
    assert split.version_mutual_information > 0.95


def test_the_table_shows_every_figure():
    update = clustering_update(OLD, ROTATED, Y, centroids=CENTROIDS)
    printed = str(update)
    by_version = zip(
        [update.ari_old, *update.b_cubed_old],
        [update.ari_new, *update.b_cubed_new],
        strict=True,
    )
    for old_figure, new_figure in by_version:
        assert f"{old_figure:.3f}   {new_figure:.3f}" in printed
    for alone in (update.unchanged_share, update.version_mutual_information):
        assert f"{alone:.3f}" in printed
    assert "1500 items" in printed


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"centroids": None}, "either centroids or clusterer"),
        ({"clusterer": KMeans(2)}, "either centroids or clusterer"),
        ({"new_embeddings": np.ones((2, 2))}, "new_embeddings has 2 rows.* has 3"),
        ({"new_embeddings": np.ones((3, 1))}, "new_embeddings has width 1, but old"),
        ({"old_embeddings": np.zeros((3, 2))}, r"old_embeddings: .* one of 3"),
        ({"updated": [0, 1, 1]}, "updated must be 3 booleans"),
        ({"updated": [True]}, "updated must be 3 booleans"),
    ],
)
def test_updates_that_cannot_be_compared(changes, message):
    ones = np.ones((3, 2))
    given = {"old_embeddings": ones, "new_embeddings": ones, "centroids": ones}
    with pytest.raises(ValueError, match=message):
        clustering_update(labels=[0, 1, 1], **given | changes)
