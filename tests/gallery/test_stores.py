"""Stores of this process: the suite that every store must pass, and large ones."""

import itertools
from contextlib import closing, suppress

import numpy as np
import pytest

from sklearn_graceful.gallery import (
    Changes,
    LocalStore,
    View,
    _blocks,
    _local_store,
    _snapshot,
    _space,
    _top_k,
    check_vector_store,
)
from sklearn_graceful.search import nearest


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 16 rows, so that a few rows are many blocks."""
    for module in (_blocks, _space, _snapshot):
        monkeypatch.setattr(module, "BLOCK_ROWS", 16)
    monkeypatch.setattr(_blocks, "_FIRST_ROWS", 4)


@pytest.mark.parametrize("blocks", ["large", "small"])
@pytest.mark.parametrize("where", ["memory", "disk"])
def test_a_local_store_does_what_every_store_must(where, blocks, tmp_path, request):
    if blocks == "small":
        request.getfixturevalue("small_blocks")
    number = itertools.count()
    folder = tmp_path if where == "disk" else None
    check_vector_store(lambda: LocalStore(folder and folder / f"store {next(number)}"))


def test_so_does_one_without_faiss(monkeypatch):
    monkeypatch.setattr(_top_k, "_faiss", lambda: None)
    check_vector_store(LocalStore)


def test_the_suite_finds_a_store_that_forgets(tmp_path):
    class Forgetful(LocalStore):
        def write(self, changes):
            super().write(Changes(insert=changes.insert))

    with pytest.raises(AssertionError, match="come back as they were, with int"):
        check_vector_store(Forgetful)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("faiss", ["with", "without"])
def test_far_from_zero_distances_are_still_ranked_rightly(metric, faiss, monkeypatch):
    # In single precision squares of such numbers swallow their differences.
    if faiss == "without":
        monkeypatch.setattr(_top_k, "_faiss", lambda: None)
    rng = np.random.default_rng(0)
    rows = (1000 + rng.normal(size=(300, 4))).astype(np.float32)
    queries = (1000 + rng.normal(size=(40, 4))).astype(np.float32)
    with LocalGallery(rows) as store:
        ((ids, scores),) = store.search([View("a", *_asked(queries, metric))], 5)
    expected = nearest(queries, rows, 5, metric=metric)
    if metric == "euclidean":
        np.testing.assert_array_equal(ids, expected[0])
    np.testing.assert_allclose(scores, expected[1], rtol=1e-3, atol=1e-6)


def _asked(queries, metric):
    if metric == "cosine":
        queries = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    return queries, metric


class LocalGallery:
    """A store in memory with rows in space "a"."""

    def __init__(self, rows):
        self.store = LocalStore()
        self.store.write(Changes(insert={"a": (np.arange(len(rows)), rows)}))

    def __enter__(self):
        return self.store

    def __exit__(self, *error):
        self.store.close()


def test_repeated_vectors_are_found_in_order_of_arrival_whatever_k():
    # A library that keeps k candidates may keep any of those that are equal.
    rng = np.random.default_rng(0)
    rows = np.repeat(rng.normal(size=(30, 8)), 10, axis=0).astype(np.float32)
    with LocalGallery(rows) as store:
        view = View("a", rows[::10], "inner_product")
        for k in (1, 4, 9, 10, 25):
            ((ids, _),) = store.search([view], k)
            own = 10 * np.arange(30)[:, None] + np.arange(min(k, 10))
            best = np.einsum("ij,kj->ik", rows[::10], rows[::10]).argmax(axis=1)
            np.testing.assert_array_equal(
                ids[best == np.arange(30), :10], own[best == np.arange(30)]
            )


def test_compaction_keeps_everything_but_what_is_gone(small_blocks, tmp_path):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(100, 3)).astype(np.float32)
    store = LocalStore(tmp_path / "store")
    store.write(Changes(insert={"a": (np.arange(100), rows)}, state={"n": 1}))
    store.write(Changes(delete={"a": np.arange(0, 100, 2)}))
    view = View("a", rows[:7], "inner_product")
    before = store.search([view], 9)
    size = sum(file.stat().st_size for file in tmp_path.rglob("*.f32"))
    store.compact()
    assert sum(file.stat().st_size for file in tmp_path.rglob("*.f32")) < 0.7 * size
    for _ in range(2):
        for (ids, scores), (old_ids, old_scores) in zip(
            store.search([view], 9), before, strict=True
        ):
            np.testing.assert_array_equal(ids, old_ids)
            np.testing.assert_allclose(scores, old_scores, rtol=1e-6)
        assert store.ids("a").tolist() == list(range(1, 100, 2))
        assert store.state() == {"n": 1}
        store.close()
        store = LocalStore(tmp_path / "store", new=False)
    store.close()


def test_a_space_that_was_emptied_is_not_written_over(tmp_path):
    # What a reader still sees, and the log still names, must stay in its file.
    store = LocalStore(tmp_path / "store")
    rows = np.eye(3, dtype=np.float32)
    store.write(Changes(insert={"a": (np.arange(3), rows)}))
    store.write(Changes(delete={"a": np.arange(3)}))
    store.write(Changes(insert={"a": (np.arange(2), -rows[:2])}))
    store.close()
    store = LocalStore(tmp_path / "store", new=False)
    np.testing.assert_array_equal(store.vectors("a", np.arange(2))[0], -rows[:2])
    store.close()


def test_a_space_that_is_dropped_and_filled_in_one_step_gets_files_of_its_own(tmp_path):
    ids, ones = np.arange(3), np.ones((3, 2), np.float32)
    with closing(LocalStore(tmp_path)) as store:
        store.write(Changes(insert={"a": (ids, ones)}))
        seen = store._snapshot.spaces["a"].blocks[0].read(3)
        again = Changes(drop=["a"], insert={"a": (ids[:2], 5 * ones[:2])})
        store.write(again)
        assert (seen == 1).all()
    with closing(LocalStore(tmp_path, new=False)) as store:
        assert store.vectors("a", ids)[0].tolist() == [[5, 5], [5, 5]]


def test_readers_keep_what_they_began_with(small_blocks):
    with LocalGallery(np.eye(8, dtype=np.float32)) as store:
        before = store._snapshot
        store.write(Changes(delete={"a": np.arange(8)}))
        store.write(Changes(insert={"a": (np.arange(8), -np.eye(8, dtype="f4"))}))
        view = View("a", np.eye(8, dtype=np.float32), "inner_product")
        ids, scores = before.search([view], 1)[0]
        assert ids[:, 0].tolist() == list(range(8))
        assert (scores == 1).all()


# Approximate search


@pytest.fixture
def clustered():
    """Rows in clusters, as embeddings are, and queries near them."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(20, 16))
    rows = centres[rng.integers(20, size=700)] + 0.3 * rng.normal(size=(700, 16))
    queries = rows[::7] + 0.1 * rng.normal(size=(100, 16))
    return rows.astype(np.float32), queries.astype(np.float32)


@pytest.fixture
def blocks_of_256(monkeypatch):
    for module in (_blocks, _space, _snapshot, _local_store):
        monkeypatch.setattr(module, "BLOCK_ROWS", 256)


def share_found(store, queries, rows, score, gone=()):
    scores = queries @ rows.T
    if score == "euclidean":
        scores = -np.linalg.norm(queries[:, None] - rows, axis=2)
    scores[:, list(gone)] = -np.inf
    expected = np.argsort(-scores, axis=1)[:, :10]
    ((ids, found),) = store.search([View("a", queries, score)], 10)
    assert ids.shape == (len(queries), 10)
    assert not np.isin(ids, list(gone)).any()
    np.testing.assert_allclose(
        found, np.take_along_axis(scores, ids, axis=1), rtol=1e-3, atol=1e-4
    )
    pairs = zip(ids, expected, strict=True)
    return np.mean([len(np.intersect1d(a, b)) for a, b in pairs]) / 10


@pytest.mark.parametrize("score", ["inner_product", "euclidean"])
@pytest.mark.parametrize("index", ["hnsw", "IVF16,Flat", "PCA8,IVF4,SQ8"])
def test_an_index_finds_most_of_what_a_scan_does(
    index, score, clustered, blocks_of_256, tmp_path
):
    rows, queries = clustered
    store = LocalStore(tmp_path / "a", index=index, score=score)
    store.write(Changes(insert={"a": (np.arange(700), rows)}))
    assert share_found(store, queries, rows, score) > 0.8  # scan, or index already
    store.build_index()
    assert len(store._indexes._built) == 2
    assert share_found(store, queries, rows, score) > 0.8
    gone = np.random.default_rng(1).permutation(700)[:300].tolist()
    store.write(Changes(delete={"a": np.array(gone)}))
    assert share_found(store, queries, rows, score, gone) > 0.8
    store.close()
    store = reopened(tmp_path / "a")
    assert share_found(store, queries, rows, score, gone) > 0.8
    store.compact()
    store.build_index()
    assert len([*tmp_path.rglob("*.faiss")]) == len(store._indexes._built) == 1
    assert store.ids("a").tolist() == sorted(set(range(700)) - set(gone))
    store.close()


def reopened(path):
    store = LocalStore(path, new=False)
    store.build_index()
    return store


def test_a_damaged_index_is_built_again(clustered, blocks_of_256, tmp_path):
    rows, queries = clustered
    store = LocalStore(tmp_path / "a", index="hnsw")
    store.write(Changes(insert={"a": (np.arange(700), rows)}))
    store.build_index()
    found = store.search([View("a", queries, "inner_product")], 5)[0]
    store.close()
    file = next(tmp_path.rglob("*.faiss"))
    content = bytearray(file.read_bytes())
    content[-100] ^= 1
    file.write_bytes(content)
    with pytest.warns(UserWarning, match=f"{file.name} is not what was written"):
        store = reopened(tmp_path / "a")
    again = store.search([View("a", queries, "inner_product")], 5)[0]
    np.testing.assert_array_equal(again[0], found[0])
    store.close()


def test_a_store_with_an_index_does_what_every_store_must(blocks_of_256):
    check_vector_store(lambda: LocalStore(index="hnsw"))


def test_an_index_that_does_not_fit_is_said_and_searched_exactly(
    clustered, blocks_of_256
):
    store = LocalStore(index="PQ32")  # 16 numbers are not 32 parts
    with pytest.warns(UserWarning, match="No index 'PQ32' of vectors of this width"):
        put_and_wait(store, clustered[0])
    assert store._indexes._built == {}
    assert share_found(store, clustered[1], clustered[0], "inner_product") == 1
    store.close()


def put_and_wait(store, rows):
    store.write(Changes(insert={"a": (np.arange(len(rows)), rows)}))
    with suppress(RuntimeError):
        store.build_index()


def test_nothing_put_in_is_nothing_there():
    store = LocalStore()
    nothing = np.empty(0, np.int64), np.empty((0, 3), np.float32)
    store.write(Changes(insert={"a": nothing}))
    store.write(Changes(insert={"a": (np.arange(1), np.ones((1, 2), np.float32))}))
    assert store.ids("a").tolist() == [0]


def test_an_index_that_nobody_knows():
    with pytest.raises(ValueError, match="got 'tree'"):
        LocalStore(index="tree")
