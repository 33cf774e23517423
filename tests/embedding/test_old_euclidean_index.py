"""An old index by distance, over vectors that are not of unit length."""

import warnings

import faiss
import numpy as np
import onnxruntime
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.metrics import pairwise_distances_argmin
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

from sklearn_graceful import CompatibleEmbedder, Gallery
from sklearn_graceful.embedding import to_onnx
from sklearn_graceful.metrics import recall_at_k
from sklearn_graceful.nn import embedding_net
from sklearn_graceful.search import lengths_of


@pytest.fixture(scope="module")
def items(digits):
    """Return rows and labels to train on, a gallery's, and queries'."""
    X, y = digits
    return [
        (X[part], y[part]) for part in map(slice, (0, 600, 1200), (600, 1200, 1797))
    ]


@pytest.fixture(scope="module")
def old(items):
    """An embedder whose vectors are 13 to 40 long."""
    return PCA(8).fit(items[0][0][:300])


def fitted(items, old, learner=None, **params):
    learner = Ridge() if learner is None else learner
    model = CompatibleEmbedder(learner, old_model=old, random_state=0, **params)
    return model.fit(*items[0])


def brute_force(queries, gallery):
    return pairwise_distances_argmin(queries, gallery)


def flat_l2(queries, gallery):
    index = faiss.IndexFlatL2(gallery.shape[1])
    index.add(gallery)
    return index.search(queries, 1)[1][:, 0]


@pytest.mark.parametrize("search", [brute_force, flat_l2])
def test_euclidean_old_views_are_ranked_as_by_cosine(items, old, search):
    _, (X_gallery, y_gallery), (X, y) = items
    gallery = old.transform(X_gallery).astype(np.float32)

    def found(queries):
        return np.mean(y_gallery[search(queries.astype(np.float32), gallery)] == y)

    with pytest.warns(UserWarning, match="have lengths from"):
        unit = fitted(items, old)
    new = fitted(items, old, metric="euclidean")
    vectors = new.transform(X)
    np.testing.assert_array_equal(vectors, unit.transform(X))
    by_cosine = recall_at_k(
        new.old_view(vectors), gallery, query_labels=y, gallery_labels=y_gallery
    )
    assert found(unit.old_view(vectors)) < 0.5
    assert found(new.old_view(vectors)) == pytest.approx(by_cosine, abs=0.02)
    # Here a linear model learns from a PCA, and has nothing to add to it.
    assert found(new.old_view(vectors)) > found(old.transform(X)) - 0.03


def test_the_length_is_the_mean_by_weight(items, old):
    X, y = items[0]
    lengths = lengths_of(old.transform(X))[:, 0]
    weight = np.random.default_rng(0).integers(0, 3, len(X))
    for given in (None, weight):
        new = CompatibleEmbedder(Ridge(), old_model=old, metric="euclidean")
        new.fit(X, y, sample_weight=given)
        view = new.old_view(new.transform(X))
        expected = np.average(lengths, weights=given)
        np.testing.assert_allclose(lengths_of(view), expected, rtol=1e-5)
    without_labels = CompatibleEmbedder(Ridge(), method="l2", metric="euclidean")
    without_labels.fit(X, old_embeddings=3 * old.transform(X))
    view = without_labels.old_view(without_labels.transform(X))
    np.testing.assert_allclose(lengths_of(view), 3 * lengths.mean(), rtol=1e-5)


def test_every_version_has_its_own_length(items, old):
    first = fitted(items, old, metric="euclidean")
    second = fitted(items, first, metric="euclidean")
    vectors = second.transform(items[2][0])
    expected = first.old_view(first.transform(items[2][0]))
    of_pca, of_first = (second.old_view(vectors, version) for version in (0, 1))
    np.testing.assert_allclose(lengths_of(of_pca), lengths_of(expected), rtol=1e-5)
    np.testing.assert_allclose(lengths_of(of_first), 1, rtol=1e-5)


def test_who_is_warned(items, old):
    units = make_pipeline(old, Normalizer())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted(items, units)
        fitted(items, fitted(items, units))
        fitted(items, old, metric="euclidean")
        fitted(items, old, method="independent")
    with pytest.warns(UserWarning, match=r"lengths from 1\d\..* set metric='euclid"):
        fitted(items, old)
    with pytest.raises(ValueError, match=r"metric must be one of .*'dot'"):
        fitted(items, old, metric="dot")


def test_what_is_sent_to_a_device_has_the_length_too(items, old):
    learner = embedding_net((8,), max_epochs=1)
    new = fitted(items, old, learner, metric="euclidean")
    X = items[2][0][:20].astype(np.float32)
    session = onnxruntime.InferenceSession(
        to_onnx(new, X, version=-1).SerializeToString()
    )
    (sent,) = session.run(None, {"X": X})
    np.testing.assert_allclose(
        sent, new.old_view(new.transform(X)), rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("of_gallery", ["euclidean", "inner_product"])
def test_a_gallery_searches_old_vectors_of_any_length_by_angle(
    items, old, metric, of_gallery
):
    _, (X_gallery, y_gallery), (X, y) = items
    new = fitted(items, old, metric=metric)
    gallery = Gallery(old, metric=of_gallery)
    gallery.add(range(len(X_gallery)), X_gallery)
    gallery.upgrade(new)
    expected = recall_at_k(
        new.old_view(new.transform(X)),
        old.transform(X_gallery),
        query_labels=y,
        gallery_labels=y_gallery,
    )
    found = [np.mean(y_gallery[gallery.search(X, k=1)[0][:, 0]] == y)]
    assert found[0] == pytest.approx(expected)
    # What is re-embedded does not vanish behind longer vectors, nor hide them.
    for budget in (0.5, None):
        gallery.backfill((range(len(X_gallery)), X_gallery), budget, "random")
        found.append(np.mean(y_gallery[gallery.search(X, k=1)[0][:, 0]] == y))
    assert min(found) > found[0] - 0.03
