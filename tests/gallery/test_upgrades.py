"""A new model: what is refused, what is found meanwhile, and the ways on and back."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from sklearn_graceful import CompatibleEmbedder, EmbeddingAdapter, Gallery
from sklearn_graceful.search import nearest, unit_rows
from tests.gallery.models import Stranger


@pytest.fixture
def gallery(models, X, store):
    filled = Gallery(models[0], index=store)
    filled.add(np.arange(100), X[:100])
    return filled


@pytest.fixture
def rows(X):
    """Rows by ids."""
    return lambda ids: X[ids]


def found_by(model, X, width=None, k=5):
    """Ids that an exact search of all 100 items finds for the others."""
    vectors = model.transform(X)[:, :width]
    return nearest(vectors[100:], vectors[:100], k)[0]


def assert_finds(gallery, X, expected):
    np.testing.assert_array_equal(gallery.search(X[100:], k=5)[0], expected)


def counts(gallery):
    return [(v.n_items, v.n_vectors, v.makes_queries) for v in gallery.versions()]


# Compatible models


def test_queries_use_a_compatible_model_at_once(gallery, models, X):
    old, new, _ = models
    status = gallery.upgrade(new)
    assert (status.n_left, status.serves, status.can_roll_back) == (100, True, True)
    assert_finds(gallery, X, found_by(old, X))
    assert counts(gallery) == [(100, 100, False), (0, 0, True)]


def test_a_backfill_ends_where_a_new_gallery_would_be(gallery, models, X, rows):
    new = models[1]
    gallery.upgrade(new)
    for share in (0.3, 0.6):
        assert gallery.backfill(rows, budget=0.3).share == share
        assert gallery.search(X[:100], k=1)[0][:, 0].tolist() == [*range(100)]
    status = gallery.backfill(rows)
    assert (status.share, status.n_moved, status.n_left) == (1, 100, 0)
    assert_finds(gallery, X, found_by(new, X))
    gallery.commit()
    assert counts(gallery) == [(100, 100, True)]
    assert_finds(gallery, X, found_by(new, X))


def test_halfway_every_item_is_compared_in_its_own_space(gallery, models, X, rows):
    new = models[1]
    gallery.upgrade(new)
    gallery.backfill(rows, budget=40, order=np.sort)
    queries, items = (unit_rows(new.transform(part)) for part in (X[100:], X[:100]))
    scores = queries @ items.T
    olds = [unit_rows(vectors[:, :4]) for vectors in (queries, items)]
    scores[:, 40:] = (olds[0] @ olds[1].T)[:, 40:]
    assert_finds(gallery, X, np.argsort(-scores, axis=1)[:, :5])


def test_what_arrives_during_an_upgrade_is_found_and_stays(gallery, models, X, rows):
    gallery.upgrade(models[1])
    gallery.add([500, 501], X[150:152])
    gallery.update([3, 4], X[160:162])
    gallery.delete([7, 8])
    near = gallery.search(X[[150, 151, 160, 161]], k=1)[0][:, 0]
    assert near.tolist() == [500, 501, 3, 4]
    assert not {7, 8} & set(gallery.search(X, k=98)[0].ravel().tolist())
    gallery.backfill(rows, budget=50)
    gallery.delete([20, 21])
    assert len(gallery) == 98
    gallery.commit()
    assert len(gallery) == 98
    near = gallery.search(X[[150, 151, 160, 161]], k=1)[0][:, 0]
    assert near.tolist() == [500, 501, 3, 4]


@pytest.mark.parametrize("share", [None, 0.4, 1.0])
def test_the_way_back(share, gallery, models, X, rows):
    old, new, _ = models
    gallery.upgrade(new)
    gallery.add([500], X[150:151])
    gallery.update([3], X[160:161])
    if share is not None:
        gallery.backfill(rows, budget=share)
    gallery.rollback()
    assert counts(gallery) == [(101, 101, True)]
    # What came since is there as the old space sees it: for these models, as it was.
    assert gallery.search(X[[150, 160]], k=1)[0][:, 0].tolist() == [500, 3]
    expected = unit_rows(old.transform(X[[150, 160]]))
    np.testing.assert_allclose(gallery.vectors([500, 3]), expected, rtol=1e-5)
    gallery.upgrade(new)
    assert gallery.status().n_left == 101


def test_a_commit_halfway_keeps_what_was_not_moved(gallery, models, X, rows):
    _, new, newer = models
    gallery.upgrade(new)
    gallery.backfill(rows, budget=0.5)
    gallery.commit()
    assert counts(gallery) == [(50, 50, False), (50, 50, True)]
    assert len(gallery) == 100
    with pytest.raises(RuntimeError, match="no upgrade"):
        gallery.rollback()
    # The next model sees both older spaces.
    gallery.upgrade(newer)
    assert gallery.search(X[:100], k=1)[0][:, 0].tolist() == [*range(100)]
    gallery.backfill(rows, budget=30)
    assert len(gallery) == 100
    gallery.backfill(rows)
    assert_finds(gallery, X, found_by(newer, X))
    gallery.commit()
    assert counts(gallery) == [(100, 100, True)]


def test_a_version_may_be_passed_over_without_a_backfill(gallery, models, X, rows):
    old, new, newer = models
    gallery.upgrade(new)
    gallery.commit()
    gallery.upgrade(newer)
    assert_finds(gallery, X, found_by(old, X))
    gallery.add([500], X[150:151])
    gallery.rollback()
    assert gallery.search(X[150:151], k=1)[0] == [[500]]
    assert len(gallery) == 101


def test_an_empty_gallery_just_takes_the_new_model(models, X, store):
    gallery = Gallery(PCA(2).fit(X), index=store)
    gallery.upgrade(models[0])
    gallery.add(range(100), X[:100])
    assert_finds(gallery, X, found_by(models[0], X))
    assert counts(gallery) == [(100, 100, True)]


def test_embedders_of_this_package_say_what_they_fit(digits, store):
    X, y = digits
    old = PCA(8).fit(X[:300])  # without any fingerprint of its own
    gallery = Gallery(old, index=store)
    gallery.add(range(500), X[:500])
    new = CompatibleEmbedder(old_model=old, embedding_dim=16, random_state=0)
    new.fit(X[:500], y[:500])
    gallery.upgrade(new)
    ids, _ = gallery.search(X[500:600], k=1)
    queries = new.old_view(new.transform(X[500:600]))
    np.testing.assert_array_equal(ids, nearest(queries, old.transform(X[:500]), 1)[0])
    gallery.backfill((range(500), X[:500]))
    newer = CompatibleEmbedder(old_model=new, embedding_dim=16, random_state=1)
    gallery.commit()
    assert gallery.upgrade(newer.fit(X[:500], y[:500])).n_left == 500


# Models that are not


def test_a_stranger_is_refused_and_told_what_would_help(gallery, X):
    before = gallery.search(X[100:])
    with pytest.raises(ValueError, match=r"CompatibleEmbedder.*adapter=.*side_by_side"):
        gallery.upgrade(Stranger())
    np.testing.assert_array_equal(gallery.search(X[100:])[0], before[0])
    assert counts(gallery) == [(100, 100, True)]


def test_one_that_is_there_or_under_way_is_refused(gallery, models):
    with pytest.raises(ValueError, match="in the gallery already"):
        gallery.upgrade(models[0])
    gallery.upgrade(models[1])
    with pytest.raises(RuntimeError, match="neither committed nor rolled back"):
        gallery.upgrade(models[2])
    gallery.commit()
    with pytest.raises(RuntimeError, match="no upgrade"):
        gallery.commit()


def test_a_sample_tells_a_compatible_model_without_a_name(gallery, models, X):
    class Nameless:
        def transform(self, X):
            return models[1].transform(X)

    sample = np.arange(50), X[:50]
    with pytest.raises(ValueError, match="Nothing says"):
        gallery.upgrade(Nameless(), fingerprint="v2")
    status = gallery.upgrade(Nameless(), sample=sample, fingerprint="v2")
    assert status.n_left == 100
    assert_finds(gallery, X, found_by(models[0], X))


def test_a_sample_tells_one_that_is_none(gallery, models, X):
    sample = np.arange(50), X[:50]
    with pytest.raises(ValueError, match=r"finds \d+% of the sample"):
        gallery.upgrade(Stranger(), sample=sample)
    # It says that it is, but gets its columns in another order than in training.
    liar = Confused(models[1])
    with pytest.raises(ValueError, match=r"finds \d+% of the sample"):
        gallery.upgrade(liar, sample=sample)
    small = Gallery(models[0])
    small.add(range(50), X[:50])
    with pytest.raises(ValueError, match="50 items are too few"):
        small.upgrade(Stranger(), sample=sample)


class Confused:
    def __init__(self, model):
        self.model = model
        self.fingerprint_, self.versions_ = "wrong", model.versions_

    def transform(self, X):
        return self.model.transform(np.abs(np.asarray(X))[:, ::-1])


def test_an_adapter_makes_any_model_compatible(gallery, models, X, rows):
    stranger = Stranger(dim=6)
    adapter = EmbeddingAdapter("ridge", alpha=1e-6, center=False, compare=False)
    adapter.fit(stranger.transform(X[:80]), models[0].transform(X[:80]))
    gallery.upgrade(stranger, adapter=adapter)
    found = gallery.search(X[:100], k=5)[0]
    assert (found == np.arange(100)[:, None]).any(axis=1).mean() > 0.9
    gallery.backfill(rows)
    assert_finds(gallery, X, found_by(stranger, X))


def test_an_adapter_moves_vectors_without_their_items(gallery, models, X):
    stranger = Stranger(dim=4)
    adapter = EmbeddingAdapter("ridge", compare=False)
    adapter.fit(stranger.transform(X[:80]), models[0].transform(X[:80]))
    gallery.upgrade(stranger, adapter=adapter)
    gallery.backfill(adapter, budget=0.5)
    assert gallery.backfill(adapter).n_left == 0
    expected = adapter.inverse_transform(unit_rows(models[0].transform(X[:100])))
    np.testing.assert_allclose(gallery.vectors(range(100)), expected, atol=1e-5)


def test_side_by_side_the_old_model_serves_until_all_is_there(gallery, X, rows, models):
    stranger = Stranger()
    status = gallery.upgrade(stranger, how="side_by_side")
    assert (status.n_left, status.serves) == (100, False)
    before = found_by(models[0], X)
    gallery.backfill(rows, budget=0.5)
    assert_finds(gallery, X, before)
    gallery.add([500], X[150:151])  # gets both vectors
    gallery.update([3], X[3:4])
    with pytest.raises(RuntimeError, match="does not serve yet"):
        gallery.commit()
    with pytest.raises(ValueError, match="vectors of both: give X"):
        gallery.add([501], vectors=np.ones((1, 4)))
    gallery.delete([500])
    assert gallery.backfill(rows).serves
    assert_finds(gallery, X, found_by(stranger, X))
    # The way back is open, for what comes now as well.
    gallery.add([502], X[152:153])
    gallery.rollback()
    assert gallery.search(X[152:153], k=1)[0] == [[502]]
    gallery.delete([502])
    assert_finds(gallery, X, before)


def test_side_by_side_ends_with_the_new_model_alone(gallery, X, rows):
    gallery.upgrade(Stranger(), how="side_by_side")
    gallery.backfill(rows)
    gallery.commit()
    assert counts(gallery) == [(100, 100, True)]
    assert_finds(gallery, X, found_by(Stranger(), X))


def test_two_stages_rank_what_the_old_model_finds(gallery, models, X, rows):
    stranger = Stranger()
    gallery.upgrade(stranger, how="two_stage", source=rows, n_candidates=20)
    first = found_by(models[0], X, k=20)
    queries, items = (unit_rows(stranger.transform(p)) for p in (X[100:], X[:100]))
    scores = np.take_along_axis(queries @ items.T, first, axis=1)
    order = np.argsort(-scores, axis=1)[:, :5]
    ids, found = gallery.search(X[100:], k=5)
    np.testing.assert_array_equal(ids, np.take_along_axis(first, order, axis=1))
    np.testing.assert_allclose(
        found, np.take_along_axis(scores, order, axis=1), rtol=1e-4
    )
    # Vectors that were made for it are kept.
    assert gallery.status().n_moved == len(np.unique(first))
    gallery.backfill(rows)
    assert gallery.status().serves
    assert_finds(gallery, X, found_by(stranger, X))


def test_with_all_candidates_two_stages_are_the_new_model(gallery, X, rows):
    gallery.upgrade(Stranger(), how="two_stage", source=rows)
    assert_finds(gallery, X, found_by(Stranger(), X))
    with pytest.raises(ValueError, match="needs source="):
        Gallery(Stranger()).upgrade(Stranger(seed=2), how="two_stage")


# Backfill


@pytest.mark.parametrize("kind", ["function", "pair", "strings", "iterator", "memmap"])
def test_rows_from_anywhere(kind, models, X, tmp_path, store):
    names = [f"item {n}" for n in range(100)] if kind == "strings" else np.arange(100)
    gallery = Gallery(models[0], index=store)
    gallery.add(names, X[:100])
    gallery.upgrade(models[1])
    shuffled = np.random.default_rng(0).permutation(100)
    if kind == "function":
        source = lambda ids: X[ids]  # noqa: E731
    elif kind == "iterator":
        source = ((part, X[part]) for part in np.array_split(shuffled, 7))
    elif kind == "memmap":
        file = np.lib.format.open_memmap(tmp_path / "X.npy", "w+", float, (100, 6))
        file[:] = X[:100]
        source = names, file
    else:
        source = np.asarray(names)[shuffled], X[shuffled]
    assert gallery.backfill(source, budget=30, batch_size=7).n_moved == 30
    if kind == "iterator":
        source = ((part, X[part]) for part in np.array_split(shuffled, 7))
    assert gallery.backfill(source, batch_size=33).n_left == 0
    near = gallery.search(X[:100], k=1)[0][:, 0]
    assert near.tolist() == list(names)


@pytest.mark.parametrize("order", ["random", "margin", "class_mean", "access", None])
def test_orders_say_who_comes_first(order, gallery, models, X, rows):
    old, new, _ = models
    gallery.upgrade(new)
    vectors = unit_rows(old.transform(X[:100]))
    classes = (vectors[:, 0] > 0).astype(int)
    means = unit_rows(np.array([vectors[classes == c].mean(axis=0) for c in (0, 1)]))
    cosines = vectors @ means.T
    own, other = cosines[range(100), classes], cosines[range(100), 1 - classes]
    if order == "access":
        gallery.search(np.repeat(X[[42]], 3, axis=0), k=1)
        gallery.search(X[[17]], k=1)
        expected = {42, 17}
    elif order == "class_mean":
        expected = set(np.argsort(own)[:2].tolist())
    elif order == "margin":
        expected = set(np.argsort(own - other)[:2].tolist())
    elif order is None:
        order, expected = (lambda ids: np.sort(ids)[::-1]), {99, 98}
    else:
        expected = None
    labels = None if order == "access" else (np.arange(100), classes)
    gallery.backfill(rows, budget=2, order=order, labels=labels)
    moved = np.setdiff1d(np.arange(100), gallery._contents.store.ids("0", ["1"]))
    assert len(moved) == 2
    if expected is not None:
        assert set(moved.tolist()) == expected


def test_beside_the_old_model_access_counts_too(gallery, X, rows):
    gallery.upgrade(Stranger(), how="side_by_side")
    gallery.search(np.repeat(X[[42]], 3, axis=0), k=1)
    gallery.search(X[[17]], k=1)
    gallery.backfill(rows, budget=2, order="access")
    moved = np.setdiff1d(np.arange(100), gallery._contents.store.ids("0", ["1"]))
    assert moved.tolist() == [17, 42]


def test_an_adapter_that_is_not_at_hand_is_asked_for(models, X, tmp_path):
    stranger = Stranger(dim=6)
    adapter = EmbeddingAdapter("ridge", compare=False)
    adapter.fit(stranger.transform(X[:80]), models[0].transform(X[:80]))
    with Gallery(models[0], tmp_path / "gallery") as gallery:
        gallery.add(range(100), X[:100])
        gallery.upgrade(stranger, adapter=adapter)
    with (
        Gallery.open(tmp_path / "gallery", stranger) as gallery,
        pytest.raises(ValueError, match=r"adapter of version .* is not at hand"),
    ):
        gallery.search(X[:1])
    with Gallery.open(tmp_path / "gallery", stranger, adapter=adapter) as gallery:
        assert gallery.search(X[:1], k=3)[0].shape == (1, 3)
    with pytest.raises(ValueError, match="names one embedder"):
        Gallery.open(tmp_path / "gallery", [stranger, models[0]], fingerprint="a")


def test_without_labels_clusters_stand_for_classes(gallery, models, rows):
    gallery.upgrade(models[1])
    assert gallery.backfill(rows, budget=0.2, order="margin").n_moved == 20
    assert gallery.backfill(rows, budget=0.2, order="class_mean").n_moved == 40


def test_a_backfill_that_breaks_off_goes_on(gallery, models, X):
    gallery.upgrade(models[1])
    asked = []

    def flaky(ids):
        asked.append(len(ids))
        if len(asked) == 4:
            raise OSError("the disk with the photos is gone")
        return X[ids]

    with pytest.raises(OSError, match="photos"):
        gallery.backfill(flaky, batch_size=10)
    assert gallery.status().n_moved == 30
    assert gallery.backfill(flaky, batch_size=10).n_left == 0
    assert sum(asked) == 110
    assert_finds(gallery, X, found_by(models[1], X))


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        ({"budget": 0}, ValueError, "budget must be"),
        ({"budget": 1.5}, ValueError, "budget must be"),
        ({"budget": True}, ValueError, "budget must be"),
        ({"order": "alphabet"}, ValueError, "order must be one of .*'alphabet'"),
        ({"order": lambda ids: ids[:3]}, ValueError, "each of the ids"),
        ({"labels": (np.arange(3), np.arange(3))}, ValueError, "no row of"),
        ({"source": "photos"}, TypeError, "function of ids"),
        ({"source": (np.arange(3), np.ones((3, 6)))}, ValueError, "no row of"),
        ({"source": (np.arange(3), np.ones((2, 6)))}, ValueError, "2 rows for 3 ids"),
        ({"source": lambda ids: np.ones((1, 6))}, ValueError, "1 rows for 100 ids"),
    ],
)
def test_what_a_backfill_cannot_work_with(given, error, match, gallery, models, rows):
    gallery.upgrade(models[1])
    with pytest.raises(error, match=match):
        gallery.backfill(**{"source": rows, **given})
    assert gallery.status().n_moved == 0


# By distance


def test_by_distance_unit_queries_search_vectors_of_any_length_rightly(models, X, rows):
    class Unit:
        """As a CompatibleEmbedder is, beside an old model that is not."""

        fingerprint_, versions_ = "unit", models[1].versions_

        def transform(self, X):
            return unit_rows(models[1].transform(X))

    gallery = Gallery(models[0], metric="euclidean")
    gallery.add(range(100), X[:100])
    gallery.upgrade(Unit())
    assert gallery.search(X[:100], k=1)[0][:, 0].tolist() == [*range(100)]
    gallery.backfill(rows, budget=0.5)
    ids, scores = gallery.search(X[:100], k=3)
    assert ids[:, 0].tolist() == [*range(100)]
    assert (np.diff(scores, axis=1) <= 0).all()
    assert (scores <= 0).all()
