"""Items: added, changed, deleted, found; whatever is wrong changes nothing."""

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_graceful import CompatibleEmbedder, Gallery
from sklearn_graceful.search import nearest


@pytest.fixture
def gallery(models, X, store):
    filled = Gallery(models[0], index=store)
    filled.add(np.arange(100), X[:100])
    return filled


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "inner_product"])
def test_the_nearest_are_those_of_an_exact_search(metric, models, X, store):
    gallery = Gallery(models[0], index=store, metric=metric)
    gallery.add(np.arange(100) * 7, X[:100])
    ids, scores = gallery.search(X[100:], k=6)
    rows, queries = (models[0].transform(part) for part in (X[:100], X[100:]))
    if metric == "inner_product":
        products = queries @ rows.T
        expected = np.argsort(-products, axis=1)[:, :6]
        found = np.take_along_axis(products, expected, axis=1)
    else:
        expected, found = nearest(queries, rows, 6, metric=metric)
    np.testing.assert_array_equal(ids, 7 * expected)
    np.testing.assert_allclose(scores, found, rtol=1e-4, atol=1e-5)


def test_rows_and_their_vectors_search_alike(gallery, models, X):
    by_row = gallery.search(X[100:120])
    by_vector = gallery.search(vectors=models[0].transform(X[100:120]))
    for one, other in zip(by_row, by_vector, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "ids",
    [
        [f"photo/{n}.jpg" for n in range(100)],
        pd.Index([f"item {n}" for n in range(100)]),
        np.array([f"ü{n}" * (1 + n) for n in range(100)]),
        range(0, -100, -1),
        np.arange(100, dtype=np.uint8),
        pd.Series(np.arange(100)),
    ],
    ids=["list", "Index", "unicode", "range", "uint8", "Series"],
)
def test_ids_come_back_as_they_were_given(ids, models, X, store):
    gallery = Gallery(models[0], index=store)
    gallery.add(ids, X[:100])
    found, _ = gallery.search(X[:100], k=1)
    assert found[:, 0].tolist() == list(ids)
    assert gallery.ids().tolist() == list(ids)
    assert gallery.ids().dtype.kind in "iU"
    assert list(ids)[3] in gallery
    gallery.delete(ids[:3])
    assert len(gallery) == 97
    assert next(iter(ids)) not in gallery


def test_an_update_moves_an_item(gallery, X):
    gallery.update([5, 3], X[150:152])
    ids, scores = gallery.search(X[150:152], k=1)
    assert ids[:, 0].tolist() == [5, 3]
    np.testing.assert_allclose(scores, 1, rtol=1e-5)
    assert len(gallery) == 100


def test_a_filter_is_a_search_of_what_it_names(gallery, X):
    among = np.arange(0, 100, 3)
    ids, scores = gallery.search(X[100:], k=5, among=[*among, 3, 5000])
    every_id, every_score = gallery.search(X[100:], k=100)
    for query in range(100):
        kept = np.isin(every_id[query], among)
        np.testing.assert_array_equal(ids[query], every_id[query, kept][:5])
        np.testing.assert_allclose(
            scores[query], every_score[query, kept][:5], rtol=1e-4, atol=1e-6
        )


def test_fewer_items_than_asked_for_are_fewer_columns(gallery, X):
    assert gallery.search(X[:3], k=1000)[0].shape == (3, 100)
    assert gallery.search(X[:3], k=5, among=[1, 2])[1].shape == (3, 2)
    assert gallery.search(X[:3], k=5, among=[1000])[1].shape == (3, 0)
    gallery.delete(range(100))
    assert gallery.search(X[:3])[0].shape == (3, 0)
    assert len(gallery) == 0


def test_more_queries_than_go_at_once(gallery, X, monkeypatch):
    whole = gallery.search(X[100:], k=3)
    monkeypatch.setattr("sklearn_graceful.gallery._gallery._QUERIES", 7)
    parts = gallery.search(X[100:], k=3)
    np.testing.assert_array_equal(parts[0], whole[0])
    np.testing.assert_allclose(parts[1], whole[1], rtol=1e-5)


def test_vectors_are_those_of_the_model(gallery, models, X):
    expected = models[0].transform(X[[7, 2]])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(gallery.vectors([7, 2]), expected, rtol=1e-5)


def test_embedders_of_any_kind(X, store):
    frame = pd.DataFrame(X, columns=list("abcdef"))
    pipeline = make_pipeline(StandardScaler(), PCA(3)).fit(frame)
    gallery = Gallery(pipeline, index=store)
    gallery.add(frame.index, frame)
    assert gallery.search(frame[:5], k=1)[0][:, 0].tolist() == [0, 1, 2, 3, 4]
    again = Gallery(make_pipeline(StandardScaler(), PCA(3)).fit(frame))
    assert gallery.versions()[0].fingerprint == again.versions()[0].fingerprint
    other = Gallery(make_pipeline(StandardScaler(), PCA(2)).fit(frame))
    assert gallery.versions()[0].fingerprint != other.versions()[0].fingerprint


def test_functions_need_a_name(X, store):
    with pytest.raises(ValueError, match="fingerprint="):
        Gallery(lambda X: X)
    gallery = Gallery(lambda X: X, index=store, fingerprint="raw")
    gallery.add(range(5), X[:5])
    assert gallery.versions()[0].fingerprint == "raw"


def test_a_gallery_of_given_vectors_needs_no_embedder(X, store):
    gallery = Gallery(index=store, fingerprint="text-3")
    gallery.add(range(10), vectors=X[:10])
    assert gallery.search(vectors=X[:10], k=1)[0][:, 0].tolist() == [*range(10)]
    with pytest.raises(ValueError, match="embedder of version text-3 is not at hand"):
        gallery.search(X[:2])


def test_torch_is_not_needed():
    import subprocess
    import sys

    code = (
        "import sys; from sklearn_graceful import Gallery; import numpy as np;"
        "g = Gallery(fingerprint='a'); g.add([1], vectors=np.eye(1, 3));"
        "g.search(vectors=np.eye(1, 3)); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


WRONG = {
    "twice": (([1001, 1001], "two"), ValueError, "1001 more than once"),
    "there": (([1001, 50], "two"), ValueError, "50 is in the gallery"),
    "rows": (([1001], "two"), ValueError, "1 ids, but 2 rows"),
    "kind": ((["a", "b"], "two"), ValueError, "ids are str"),
    "mixed": ((["a", 1], "two"), TypeError, "int, str"),
    "float": (([0.5, 1.5], "two"), TypeError, "whole numbers or strings"),
    "bool": (([True, False], "two"), TypeError, "whole numbers or strings"),
    "2-D": (([[1001, 1002]], "two"), ValueError, "1-D"),
    "nan": (([1001, 1002], "nan"), ValueError, "NaN"),
    "zero": (([1001, 1002], "zero"), ValueError, "no direction"),
    "width": (([1001, 1002], "wide"), ValueError, "width 7, those of version"),
}
VECTORS = {
    "two": np.ones((2, 4)),
    "nan": np.array([[1, 2, 3, np.nan], [1, 2, 3, 4]]),
    "zero": np.array([[1, 2, 3, 4], [0, 0, 0, 0]]),
    "wide": np.ones((2, 7)),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_and_changes_nothing(case, gallery, X):
    (ids, vectors), error, match = WRONG[case]
    before = gallery.search(X[100:], k=5)
    with pytest.raises(error, match=match):
        gallery.add(ids, vectors=VECTORS[vectors])
    assert len(gallery) == 100
    np.testing.assert_array_equal(gallery.search(X[100:], k=5)[0], before[0])


@pytest.mark.parametrize("call", ["delete", "update", "vectors"])
def test_unknown_ids_are_named(call, gallery, X):
    rows = [X[:2]] if call == "update" else []
    with pytest.raises(KeyError, match=r"777 is not in the gallery, one of 1"):
        getattr(gallery, call)([3, 777], *rows)
    assert len(gallery) == 100
    assert 3 in gallery


@pytest.mark.parametrize("k", [0, -1, 1.5, None])
def test_k_is_a_whole_number_above_0(k, gallery, X):
    with pytest.raises((ValueError, TypeError), match="k"):
        gallery.search(X[:2], k=k)


def test_a_search_is_by_rows_or_by_vectors(gallery, X):
    with pytest.raises(ValueError, match="either X or vectors"):
        gallery.search()
    with pytest.raises(ValueError, match="either X or vectors"):
        gallery.search(X[:2], vectors=X[:2, :4])
    with pytest.raises(ValueError, match="width 3, those of version"):
        gallery.search(vectors=X[:2, :3])


def test_settings_that_nobody_knows(models):
    with pytest.raises(ValueError, match=r"metric must be one of .*'manhattan'"):
        Gallery(models[0], metric="manhattan")
    with pytest.raises(ValueError, match="index must be"):
        Gallery(models[0], index="tree")
    with pytest.raises(ValueError, match="pass fingerprint="):
        Gallery()
    with pytest.raises(TypeError, match="none of predict"):
        Gallery(object())


def test_an_embedder_that_is_not_fitted(X):
    gallery = Gallery(PCA(2))
    with pytest.raises(NotFittedError):
        gallery.add(range(5), X[:5])


def test_with_an_embedder_of_this_package(digits, store):
    X, y = digits
    old = CompatibleEmbedder(embedding_dim=8, random_state=0).fit(X[:300], y[:300])
    gallery = Gallery(old, index=store)
    gallery.add(range(500), X[:500])
    ids, _ = gallery.search(X[500:700], k=1)
    expected, _ = nearest(old.transform(X[500:700]), old.transform(X[:500]), 1)
    np.testing.assert_array_equal(ids, expected)
    assert gallery.versions()[0].fingerprint == old.fingerprint_
