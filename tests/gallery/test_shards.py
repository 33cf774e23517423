"""Vectors made by many tasks, and plans of a backfill."""

import numpy as np
import pytest
from joblib import Parallel, delayed

from sklearn_graceful import DamagedGalleryError, Gallery
from sklearn_graceful.gallery import embed_shard
from sklearn_graceful.metrics import nearest
from tests.gallery.models import Linear, Stranger


@pytest.fixture
def gallery(models, X, store):
    filled = Gallery(models[0], index=store)
    filled.add(range(100), X[:100])
    filled.upgrade(models[1])
    return filled


def assert_is_moved(gallery, models, X):
    assert gallery.status().n_left == 0
    vectors = models[1].transform(X)
    expected, _ = nearest(vectors[100:], vectors[:100], 5)
    np.testing.assert_array_equal(gallery.search(X[100:], k=5)[0], expected)


def test_in_a_loop_and_by_joblib(gallery, models, X, tmp_path):
    parts = gallery.shards(7)
    assert np.concatenate(parts).tolist() == gallery.ids().tolist()
    source = np.arange(200), X
    first = [
        embed_shard(models[1], ids, source, tmp_path / f"{n}", batch_size=9)
        for n, ids in enumerate(parts[:3])
    ]
    assert gallery.backfill(first).n_moved == sum(map(len, parts[:3]))
    calls = (
        delayed(embed_shard)(models[1], ids, source, tmp_path / f"second {n}")
        for n, ids in enumerate(gallery.shards(3))
    )
    gallery.backfill(Parallel(n_jobs=2)(calls))
    assert_is_moved(gallery, models, X)
    assert gallery.shards(3) == []


@pytest.mark.slow
def test_by_dask(gallery, models, X, tmp_path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=False,
            dashboard_address=None,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        futures = [
            client.submit(embed_shard, models[1], ids, (np.arange(200), X), path)
            for ids, path in zip(
                gallery.shards(4), (tmp_path / f"{n}" for n in range(4)), strict=True
            )
        ]
        gallery.backfill(client.gather(futures))
    assert_is_moved(gallery, models, X)


def test_a_file_that_is_whole_is_not_made_again(models, X, tmp_path):
    def never(ids):
        raise AssertionError("asked again")

    source = np.arange(200), X
    file = embed_shard(models[1], range(50), source, tmp_path / "0")
    assert embed_shard(models[1], range(50), never, file) == file
    content = file.read_bytes()
    file.write_bytes(content[:-3])
    embed_shard(models[1], range(50), source, file)
    assert file.read_bytes() == content
    with pytest.raises(AssertionError, match="asked again"):
        embed_shard(models[1], range(49), never, file)
    with pytest.raises(AssertionError, match="asked again"):
        embed_shard(models[0], range(50), never, file)
    with pytest.raises(AssertionError, match="asked again"):
        embed_shard(models[1], range(50), never, file, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["0"]


def test_files_of_another_model_and_damaged_ones_are_named(
    gallery, models, X, tmp_path
):
    source = np.arange(200), X
    other = embed_shard(models[2], range(50), source, tmp_path / "other")
    with pytest.raises(ValueError, match=r"other holds vectors of linear 8, not of"):
        gallery.backfill([other])
    file = embed_shard(models[1], range(50), source, tmp_path / "own")
    content = bytearray(file.read_bytes())
    content[-300] ^= 1
    for damaged in (content, content[:40], b""):
        file.write_bytes(damaged)
        with pytest.raises(DamagedGalleryError, match="own is damaged"):
            gallery.backfill([file])
    assert gallery.status().n_moved == 0


def test_items_that_changed_since_keep_what_they_have(gallery, models, X, tmp_path):
    file = embed_shard(models[1], range(50), (np.arange(200), X), tmp_path / "0")
    gallery.update([3], X[150:151])
    gallery.delete([4])
    gallery.backfill([file])
    assert gallery.search(X[150:151], k=1)[0] == [[3]]
    assert 4 not in gallery
    assert gallery.status().n_moved == 49


def test_strings_go_through_files(models, X, tmp_path):
    gallery = Gallery(Linear(4))
    names = [f"ü {n}" for n in range(100)]
    gallery.add(names, X[:100])
    gallery.upgrade(models[1])
    paths = [
        embed_shard(models[1], ids, (names, X[:100]), tmp_path / f"{n}")
        for n, ids in enumerate(gallery.shards(2))
    ]
    gallery.backfill(paths)
    assert_is_moved_by_name = gallery.search(X[:100], k=1)[0][:, 0].tolist()
    assert assert_is_moved_by_name == names


# Plans


def test_a_plan_tells_what_a_sample_says_and_moves_nothing(gallery, X):
    plan = gallery.plan_backfill((np.arange(200), X), n_sample=60, order="random")
    assert (plan.n_left, plan.bytes) == (100, 100 * 6 * 4)
    assert plan.seconds > 0
    # In the end everybody finds whom it finds in the end.
    assert plan.curve.quality[-1] == 1
    assert plan.curve.quality[0] < 1
    assert gallery.status().n_moved == 0


def test_with_labels_a_plan_is_about_these(models, X):
    gallery = Gallery(models[0])
    gallery.add(range(100), X[:100])
    stranger = Stranger()
    gallery.upgrade(stranger, how="side_by_side")
    labels = (X[:100, 0] > 0).astype(int)
    source = np.arange(200), X
    plan = gallery.plan_backfill(source, labels=(range(100), labels), n_sample=1000)
    vectors = stranger.transform(X[:100])
    near, _ = nearest(vectors, k=1)
    expected = (labels[near[:, 0]] == labels).mean()
    assert plan.curve.quality[-1] == pytest.approx(expected)
    gallery.backfill(source)
    with pytest.raises(ValueError, match="nothing to plan"):
        gallery.plan_backfill(source)
