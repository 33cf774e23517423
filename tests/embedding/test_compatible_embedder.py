"""What a user of CompatibleEmbedder notices."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from sklearn.base import clone, is_classifier
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    StandardScaler,
    normalize,
)
from sklearn.svm import SVR
from skorch import NeuralNet, NeuralNetClassifier, NeuralNetRegressor
from torch import nn
from torch.utils.data import DataLoader

from sklearn_graceful import (
    CompatibleEmbedder,
    ModelHistory,
    OldModelMismatchWarning,
    ReferenceModel,
)
from sklearn_graceful.compatibility import (
    BCT,
    BT2,
    L2,
    Contrastive,
    Focal,
    Independent,
    Simplex,
)
from sklearn_graceful.embedding import EmbedderVersion
from sklearn_graceful.nn import embedding_net


def quick_net(**params):
    return embedding_net((32,), **{"max_epochs": 15, "lr": 0.01, **params})


class Encoder(nn.Sequential):
    """Takes no width from the data."""

    def __init__(self, width=7):
        super().__init__(nn.Linear(13, 20), nn.ReLU(), nn.Linear(20, width))


class WithExtras(Encoder):
    """Yields a tuple, the vectors first."""

    def forward(self, X):
        vectors = super().forward(X)
        return vectors, vectors.sum()


class Flat(Encoder):
    """Yields one number after the other."""

    def forward(self, X):
        return super().forward(X).flatten()


class Conv(nn.Sequential):
    """Of images (n, 1, 8, 8)."""

    def __init__(self, embedding_dim):
        super().__init__(
            nn.Conv2d(1, 6, 3, stride=2),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Flatten(),
            nn.Linear(54, embedding_dim),
        )


def users_net(kind=NeuralNet, module=Encoder, **params):
    """A skorch net that learns in 40 epochs."""
    if kind is NeuralNet:
        params |= {"criterion": nn.MSELoss, "train_split": None}
    return kind(module, **{"max_epochs": 40, "lr": 0.1, "verbose": 0, **params})


def embedder(estimator=None, **params):
    """An embedder that is trained in a fraction of a second."""
    estimator = quick_net() if estimator is None else estimator
    return CompatibleEmbedder(estimator, **{"random_state": 0, **params})


def top1(queries, gallery, query_labels, gallery_labels):
    """Share of queries whose nearest gallery vector is of their class."""
    nearest = (queries @ gallery.T).argmax(axis=1)
    return (gallery_labels[nearest] == query_labels).mean()


def found(new, old, X, y, every=3):
    """Share of rows that find their class among every third old vector."""
    gallery, labels = normalize(old.transform(X[::every])), y[::every]
    return top1(new.old_view(new.transform(X)), gallery, y, labels)


def assert_unit(vectors):
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


@pytest.fixture(scope="module")
def X(scaled):
    return scaled[0].astype(np.float32)


@pytest.fixture(scope="module")
def y(scaled):
    return scaled[1]


@pytest.fixture(scope="module")
def chain_of_names(X, y):
    """A class that sorts first is added later, then one that was there is left out."""
    names = np.array(["merlot", "syrah", "cabernet"])[y]

    def fits(**params):
        first = embedder(**params).fit(X[y < 2], names[y < 2])
        second = embedder(**params, old_model=first).fit(X, names)
        third = embedder(**params, old_model=second).fit(X[y > 0], names[y > 0])
        np.testing.assert_array_equal(first.class_order_, ["merlot", "syrah"])
        np.testing.assert_array_equal(second.classes_, ["cabernet", "merlot", "syrah"])
        np.testing.assert_array_equal(third.classes_, ["cabernet", "syrah"])
        for model in (second, third):
            np.testing.assert_array_equal(
                model.class_order_, ["merlot", "syrah", "cabernet"]
            )
        return first, second, third

    return fits


@pytest.fixture(scope="module")
def old(X, y):
    """Version 1: 6-dimensional, trained on every third row."""
    return embedder(embedding_dim=6).fit(X[::3], y[::3])


@pytest.fixture(scope="module")
def second(X, y, old):
    """Version 2: wider."""
    return embedder(old_model=old, embedding_dim=9).fit(X, y)


@pytest.fixture(scope="module")
def third(X, y, second):
    return embedder(old_model=second, embedding_dim=11).fit(X, y)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:700] / 16, y[:700], X[700:1300] / 16, y[700:1300]


@pytest.fixture(scope="module")
def old_of_digits(digits):
    X, y, *_ = digits
    net = quick_net(max_epochs=40, lr=0.005)
    return embedder(net, embedding_dim=8).fit(X[:150], y[:150])


# Vectors


@pytest.mark.parametrize("embedding_dim", [9, 6, 4])
def test_vectors_and_their_old_view(X, y, old, embedding_dim):
    new = embedder(old_model=old, embedding_dim=embedding_dim).fit(X, y)
    vectors = new.transform(X)
    assert vectors.dtype == np.float32
    assert vectors.shape == (178, embedding_dim)
    assert (new.embedding_dim_, new.old_dim_) == (embedding_dim, 6)
    assert_unit(vectors)
    view = new.old_view(vectors)
    assert view.dtype == np.float32
    assert view.shape == (178, 6)
    assert_unit(view)
    # Of vectors of any length and container.
    for same in (3 * vectors, vectors.tolist(), pd.DataFrame(vectors)):
        np.testing.assert_allclose(new.old_view(same), view, atol=1e-6)
    # The first coordinates, and 0 where there are none.
    common = min(6, embedding_dim)
    expected = normalize(vectors[:, :common])
    np.testing.assert_allclose(view[:, :common], expected, atol=1e-6)
    np.testing.assert_array_equal(view[:, common:], 0)
    # It lives in the old space: far more like a row's old vector than another's.
    cosine = view @ old.transform(X).T
    own = y[:, None] == y
    assert cosine[own].mean() > cosine[~own].mean() + 0.2
    assert found(new, old, X, y) > 0.9


def test_old_view_of_every_version(X, y, old, third):
    vectors = third.transform(X)
    for version, dim in ((0, 6), (1, 9), (-1, 9), (-2, 6)):
        view = third.old_view(vectors, version=version)
        np.testing.assert_allclose(view, normalize(vectors[:, :dim]), atol=1e-6)
    assert top1(third.old_view(vectors, 0), old.transform(X), y, y) > 0.9
    # A narrower one after a wider one.
    narrow = embedder(old_model=third, embedding_dim=7).fit(X, y)
    assert [v.dim for v in narrow.versions_] == [6, 9, 11]
    views = [narrow.old_view(narrow.transform(X), version) for version in range(3)]
    assert [view.shape[1] for view in views] == [6, 9, 11]
    np.testing.assert_array_equal(views[2][:, 7:], 0)


def test_old_view_refuses_what_it_is_not_for(X, y, old, second):
    with pytest.raises(ValueError, match="width 6, but this embedder's have width 9"):
        second.old_view(old.transform(X))
    for alone in (old, embedder(old_model=old, method="independent").fit(X, y)):
        with pytest.raises(ValueError, match="There is no old view"):
            alone.old_view(alone.transform(X))
    with pytest.raises(ValueError, match="embeddings: row 3 is 0"):
        second.old_view(second.transform(X) * (np.arange(178) != 3)[:, None])
    with pytest.raises(ValueError, match=r"version must be in \[-1, 0\], got 1"):
        second.old_view(second.transform(X), version=1)


def test_widths_where_nobody_chose_one(X, y, old):
    assert embedder().fit(X, y).embedding_dim_ == 64
    assert embedder(old_model=old).fit(X, y).embedding_dim_ == 6
    wider = embedder(old_model=old, method=BT2(extra_dims=5))
    assert wider.fit(X, y).embedding_dim_ == 11
    assert embedder(method=Simplex(n_classes=20)).fit(X, y).embedding_dim_ == 19


@pytest.mark.parametrize("weight", [None, 1.0 + np.arange(178) % 5])
def test_prototypes_are_class_means(X, y, old, weight):
    new = embedder(old_model=old).fit(X, y, sample_weight=weight)
    vectors = new.transform(X)
    for label, prototype in enumerate(new.prototypes_):
        own = None if weight is None else weight[y == label]
        mean = np.average(vectors[y == label], axis=0, weights=own)
        np.testing.assert_allclose(prototype, mean / np.linalg.norm(mean), atol=1e-5)


def test_head_and_order_of_classes(X, y, second):
    np.testing.assert_array_equal(second.classes_, [0, 1, 2])
    np.testing.assert_array_equal(second.class_order_, [0, 1, 2])
    assert second.head_.shape == (3, 9)
    assert_unit(second.head_)
    # The head classifies: that is what it was trained for.
    assert ((second.transform(X) @ second.head_.T).argmax(axis=1) == y).mean() > 0.9


def test_nothing_of_an_earlier_fit_is_left(X, y, old):
    model = embedder(old_model=old).fit(X, y)
    assert model.old_dim_ == 6
    model.set_params(old_model=None, estimator=Ridge()).fit(X, y)
    for name in ("old_dim_", "history_", "head_"):
        assert not hasattr(model, name)
    assert model.versions_ == []
    assert isinstance(model.method_, Independent)
    model.set_params(old_model=old, method="l2").fit(X)
    for name in ("classes_", "class_order_", "prototypes_", "history_", "head_"):
        assert not hasattr(model, name)


# What it is for


def test_cross_test_beats_the_old_self_test(digits, old_of_digits):
    """And an independent embedder finds nothing in the old gallery."""
    X, y, X_test, y_test = digits
    gallery, labels = old_of_digits.transform(X_test[:300]), y_test[:300]

    def quality(queries):
        return top1(queries, gallery, y_test[300:], labels)

    net = quick_net(max_epochs=30, lr=0.005)
    new = embedder(net, old_model=old_of_digits, embedding_dim=16).fit(X, y)
    alone = clone(new).set_params(method="independent").fit(X, y)
    before = quality(old_of_digits.transform(X_test[300:]))
    cross = quality(new.old_view(new.transform(X_test[300:])))
    assert cross > before + 0.02
    assert quality(alone.transform(X_test[300:])[:, :8]) < 0.35
    # On its own it is good: only the spaces differ.
    vectors = alone.transform(X_test)
    assert top1(vectors[300:], vectors[:300], y_test[300:], labels) > before + 0.02


def test_old_classifier_is_fed_by_new_vectors(digits, old_of_digits):
    X, y, X_test, y_test = digits
    classifier = LogisticRegression(max_iter=500).fit(old_of_digits.transform(X), y)
    neighbours = KNeighborsClassifier(3).fit(old_of_digits.transform(X), y)
    net = quick_net(max_epochs=20, lr=0.005)
    new = embedder(net, old_model=old_of_digits).fit(X, y)
    assert new.embedding_dim_ == 8
    before = classifier.score(old_of_digits.transform(X_test), y_test)
    assert classifier.score(new.transform(X_test), y_test) > before > 0.6
    assert neighbours.score(new.transform(X_test), y_test) > 0.75
    # As steps of a Pipeline, neither of them fitted anew.
    served = make_pipeline(FrozenEstimator(new), FrozenEstimator(classifier))
    assert served.fit(X, y).score(X_test, y_test) > before


@pytest.mark.parametrize(
    "method", ["bct", "lce", "l2", "contrastive", BT2(extra_dims=4)]
)
def test_other_methods_search_the_old_gallery(X, y, old, method):
    new = embedder(old_model=old, method=method).fit(X[::2], y[::2])
    view = new.old_view(new.transform(X[1::2]))
    assert top1(view, old.transform(X[::3]), y[1::2], y[::3]) > 0.8


def test_simplex_from_the_first_release_on(X, y):
    first = embedder(method=Simplex(n_classes=8)).fit(X[::3], y[::3])
    second = embedder(method=Simplex(n_classes=8), old_model=first, random_state=5)
    second.fit(X, y)
    assert first.embedding_dim_ == second.old_dim_ == 7
    vectors = second.old_view(second.transform(X))
    np.testing.assert_allclose(vectors, second.transform(X), atol=1e-6)
    assert found(second, first, X, y) > 0.9


def test_simplex_needs_it_in_the_old_model_too(X, y, old):
    model = embedder(method=Simplex(n_classes=7))
    with pytest.raises(ValueError, match=r"old model learned by Independent\(\)"):
        model.fit(X, y, old_model=old)
    with pytest.raises(ValueError, match="old model is no CompatibleEmbedder"):
        model.fit(X, y, old_model=PCA(6).fit(X))


def test_simplex_keeps_its_vertices_when_classes_come(chain_of_names):
    # The class weights of one class are the same in all releases.
    chain = chain_of_names(method=Simplex(n_classes=6))
    heads = [dict(zip(model.classes_, model.head_, strict=True)) for model in chain]
    for name in ("merlot", "syrah"):
        np.testing.assert_array_equal(heads[0][name], heads[1][name])
    for name in ("syrah", "cabernet"):
        np.testing.assert_array_equal(heads[1][name], heads[2][name])
    cosine = chain[1].head_ @ chain[1].head_.T
    np.testing.assert_allclose(cosine[~np.eye(3, dtype=bool)], -1 / 5, atol=1e-6)


@pytest.mark.parametrize(
    "learner",
    [quick_net(), Ridge(), RandomForestClassifier(30, random_state=0)],
    ids=["net", "ridge", "forest"],
)
def test_classes_that_the_old_model_never_saw(X, y, learner):
    known = y < 2
    old = embedder(embedding_dim=6).fit(X[known], y[known])
    new = embedder(learner, old_model=old).fit(X[::2], y[::2])
    np.testing.assert_array_equal(new.classes_, [0, 1, 2])
    view = new.old_view(new.transform(X))
    # They find each other, and rows of classes that are indexed already find these.
    assert top1(view[1::2], view[::2], y[1::2], y[::2]) > 0.85
    gallery = old.transform(X[known])
    assert top1(view[known], gallery, y[known], y[known]) > 0.9


# The old model through its vectors alone


@pytest.mark.parametrize("method", ["focal", "bct", "l2", "contrastive"])
def test_stored_vectors_teach_the_same_as_the_model(X, y, method):
    old = PCA(5).fit(X)
    asked = embedder(old_model=old, embedding_dim=8, method=method).fit(X, y)
    assert method == "bct" or found(asked, old, X, y, every=1) > 0.9
    stored = old.transform(X)
    for vectors in (stored.tolist(), pd.DataFrame(stored), 7 * stored, stored):
        told = clone(asked).set_params(old_model=None)
        told.fit(X, y, old_embeddings=vectors)
        np.testing.assert_allclose(told.transform(X), asked.transform(X), atol=1e-4)
    np.testing.assert_array_equal(told.transform(X), asked.transform(X))
    assert told.reference_ is None
    assert told.fingerprint_ == asked.fingerprint_
    assert [v.fingerprint for v in told.versions_] == [None]
    assert told.old_dim_ == 5
    plain = embedder(embedding_dim=8).fit(X, y)
    assert not np.allclose(plain.transform(X), asked.transform(X), atol=0.1)


def test_stored_vectors_go_before_asking(X, y, old):
    asked = []

    def counting(rows):
        asked.append(len(rows))
        return old.transform(rows)

    model = embedder(old_model=counting).fit(X, y, old_embeddings=old.transform(X))
    assert asked == []
    model.fit(X, y)
    assert asked == [178]
    # Beside an old CompatibleEmbedder they leave its chain as it is.
    both = embedder(old_model=old).fit(X, y, old_embeddings=old.transform(X))
    assert both.versions_[-1].fingerprint == old.fingerprint_


# Without labels


@pytest.mark.parametrize("method", ["l2", "contrastive"])
@pytest.mark.parametrize(
    "estimator",
    # skorch's own classifier wants a target.
    [quick_net(), users_net(NeuralNetClassifier, module__width=6, max_epochs=15)],
    ids=["net", "classifier"],
)
def test_without_labels(X, y, old, method, estimator):
    new = embedder(estimator, old_model=old, method=method).fit(X)
    assert not hasattr(new, "classes_")
    assert not hasattr(new, "prototypes_")
    assert top1(new.transform(X), old.transform(X), y, y) > 0.85
    assert new.fit_transform(X).shape == (178, 6)
    # What it hands on to the next version are the prototypes that the old one has.
    (version,) = new.versions_
    assert version.fingerprint == old.fingerprint_
    np.testing.assert_array_equal(version.vectors, old.prototypes_)
    np.testing.assert_array_equal(version.labels, old.classes_)
    third = embedder(old_model=new).fit(X, y)
    assert [v.dim for v in third.versions_] == [6, 6]
    stored = embedder(method=method).fit(X, old_embeddings=old.transform(X))
    assert stored.versions_[0].vectors.shape == (0, 6)
    assert embedder(old_model=stored).fit(X, y).versions_[0].dim == 6


def test_without_labels_a_regressor_learns_the_old_vectors(X, old):
    new = embedder(Ridge(), old_model=old, method="l2").fit(X)
    expected = Ridge().fit(X, old.transform(X)).predict(X)
    np.testing.assert_allclose(new.transform(X), normalize(expected), atol=1e-5)


# Containers


def test_default_learner_of_data_frames(wine):
    """Unscaled rows do: its Pipeline scales them."""
    X, y = wine
    table = pd.DataFrame(X, columns=[f"column {i}" for i in range(13)])
    old = CompatibleEmbedder(embedding_dim=3, random_state=0).fit(table[::3], y[::3])
    new = CompatibleEmbedder(old_model=old, embedding_dim=4, random_state=0)
    array = clone(new).fit(table, y).transform(table)
    assert isinstance(array, np.ndarray)
    new.set_output(transform="pandas").fit(table, y)
    names = [f"compatibleembedder{i}" for i in range(4)]
    vectors = new.transform(table)
    assert list(vectors.columns) == names
    np.testing.assert_array_equal(vectors, array)
    assert isinstance(new.prototypes_, np.ndarray)
    assert new.old_view(vectors).shape == (178, 3)
    assert found(new, old, table, y) > 0.9
    assert len(new.history_) == embedding_net().max_epochs


@pytest.mark.parametrize("method", ["focal", BT2(extra_dims=3)], ids=["focal", "bt2"])
def test_global_output_container_changes_nothing(wine, method):
    X, y = wine
    learner = make_pipeline(StandardScaler(), quick_net(max_epochs=3))
    model = embedder(learner, old_model=PCA(4).fit(X), method=method)
    expected = clone(model).fit(X, y)
    with sklearn.config_context(transform_output="pandas"):
        shown = clone(model).fit(X, y)
        vectors = shown.transform(X)
    np.testing.assert_array_equal(vectors, expected.transform(X))
    assert shown.fingerprint_ == expected.fingerprint_


def test_rows_that_differ_in_kind(wine):
    """A Pipeline that takes columns by name, and an old model that does too."""
    X, y = wine
    table = pd.DataFrame(X[:, :4], columns=["alcohol", "acid", "ash", "alkali"])
    table["region"] = np.array(["north", "south"])[np.arange(178) % 2]
    columns = make_column_transformer(
        (StandardScaler(), ["alcohol", "acid", "ash", "alkali"]),
        (OneHotEncoder(sparse_output=False), ["region"]),
    )
    old = embedder(make_pipeline(columns, quick_net()), embedding_dim=5)
    old.fit(table[::3], y[::3])
    behind_a_step = make_pipeline(StandardScaler(), Ridge())
    for learner in (quick_net(), Ridge(), LogisticRegression(), behind_a_step):
        new = embedder(make_pipeline(columns, learner), old_model=old).fit(table, y)
        np.testing.assert_array_equal(new.feature_names_in_, table.columns)
        assert new.n_features_in_ == 5
        assert found(new, old, table, y) > 0.75
    # Nothing that the user gave has been fitted.
    assert not hasattr(columns, "transformers_")


def test_string_labels_change_nothing_but_the_labels(X, y):
    names = np.array(["barbera", "barolo", "grignolino"])
    by_number, by_name = (
        embedder(old_model=PCA(5).fit(X)).fit(X, labels) for labels in (y, names[y])
    )
    np.testing.assert_array_equal(by_name.classes_, names)
    np.testing.assert_array_equal(by_name.transform(X), by_number.transform(X))
    np.testing.assert_array_equal(
        by_name.versions_[0].labels, names[by_number.versions_[0].labels]
    )


# Learners


NETS = {
    "net": users_net(),
    "classifier": users_net(NeuralNetClassifier),
    "regressor": users_net(NeuralNetRegressor),
    "instance": users_net(module=Encoder()),
    "tuple": users_net(module=WithExtras),
    "own batches": users_net(
        NeuralNetRegressor,
        batch_size=32,
        iterator_train=DataLoader,
        iterator_train__shuffle=True,
        iterator_train__drop_last=True,
        optimizer=torch.optim.Adam,
        optimizer__lr=0.01,
    ),
}


@pytest.mark.parametrize("net", NETS.values(), ids=NETS)
def test_networks_with_modules_of_ones_own(X, y, old, net):
    given = pickle.dumps(net)
    new = embedder(net, old_model=old).fit(X, y)
    assert new.embedding_dim_ == 7
    assert new.transform(X).shape == (178, 7)
    assert found(new, old, X, y) > 0.9
    assert len(new.history_) == net.max_epochs
    losses = [epoch["train_loss"] for epoch in new.history_]
    assert losses[-1] < losses[0] / 2
    # At the end of a Pipeline it is the same, on what the step before makes.
    pipeline = make_pipeline(FunctionTransformer(), clone(net).set_params(max_epochs=3))
    inside = embedder(pipeline, old_model=old).fit(X, y)
    bare = embedder(clone(net).set_params(max_epochs=3), old_model=old).fit(X, y)
    np.testing.assert_array_equal(inside.transform(X), bare.transform(X))
    # Nothing of the user's own net has been trained.
    assert pickle.dumps(net) == given


def test_convolutions_on_images(digits, old_of_digits):
    X, y, X_test, y_test = digits
    images, test_images = X.reshape(-1, 1, 8, 8), X_test.reshape(-1, 1, 8, 8)
    net = users_net(
        module=Conv, optimizer=torch.optim.Adam, lr=0.01, max_epochs=15
    ).set_params(criterion=nn.Identity)
    # The old model takes flat rows: its stored vectors do.
    new = embedder(net, embedding_dim=12)
    new.fit(images, y, old_embeddings=old_of_digits.transform(X))
    vectors = new.transform(test_images)
    assert vectors.shape == (600, 12)
    gallery = old_of_digits.transform(X)
    assert top1(new.old_view(vectors), gallery, y_test, y) > 0.75
    # Dropout is off and BatchNorm still: a row's vector is its own.
    np.testing.assert_allclose(new.transform(test_images[:5]), vectors[:5], atol=1e-5)
    # The next release asks it about images.
    third = embedder(clone(net).set_params(max_epochs=2), old_model=new)
    third.fit(images, y)
    assert third.embedding_dim_ == 12
    assert [v.dim for v in third.versions_] == [8, 12]


REGRESSORS = {
    "ridge": Ridge(),
    "least squares": LinearRegression(),
    "forest": RandomForestRegressor(20, random_state=0),
    "one model a coordinate": MultiOutputRegressor(SVR()),
    "pipeline": make_pipeline(StandardScaler(), Ridge()),
    "search": GridSearchCV(Ridge(), {"alpha": [0.1, 10.0]}, cv=2),
}
CLASSIFIERS = {
    "linear": LogisticRegression(),
    "forest": RandomForestClassifier(20, random_state=0),
    "pipeline": make_pipeline(StandardScaler(), PCA(6), LogisticRegression()),
    "neighbours": KNeighborsClassifier(3),
}


@pytest.mark.parametrize(
    ("learner", "method"),
    [
        pytest.param(learner, method, id=f"{type(learner).__name__}-{method}")
        for learners, loss in ((REGRESSORS, "l2"), (CLASSIFIERS, "bct"))
        for learner in learners.values()
        for method in ("focal", loss, "independent")
    ],
)
def test_regressors_and_classifiers_learn_vectors(X, y, old, learner, method):
    """Regressors predict them; classifiers embed by their probabilities."""
    new = embedder(learner, old_model=old, method=method).fit(X, y)
    vectors = new.transform(X)
    assert vectors.dtype == np.float32
    assert vectors.shape == (178, 6)
    assert not hasattr(new, "history_")
    assert not hasattr(new, "head_")
    if method == "independent":
        # Any labels: one direction a class.
        assert top1(vectors[1::2], vectors[::2], y[1::2], y[::2]) > 0.9
    else:
        assert found(new, old, X, y) > 0.9
    if method != "independent" or is_classifier(learner):
        assert_unit(vectors)


def test_embedding_of_a_classifier_is_the_mean_of_class_vectors(X, y, old):
    new = embedder(LogisticRegression(), old_model=old, method="bct").fit(X, y)
    vectors = old.transform(X)
    means = normalize([vectors[y == k].mean(axis=0) for k in range(3)])
    expected = LogisticRegression().fit(X, y).predict_proba(X) @ means
    np.testing.assert_allclose(new.transform(X), normalize(expected), atol=1e-5)


def test_first_release_of_other_learners(X, y):
    for learner in (Ridge(), LogisticRegression()):
        first = embedder(learner).fit(X, y)
        assert isinstance(first.method_, Independent)
        np.testing.assert_allclose(first.prototypes_, np.eye(3), atol=0.35)
        second = embedder(learner, old_model=first).fit(X, y)
        assert second.old_dim_ == first.embedding_dim_ == 3


@pytest.mark.parametrize(
    ("net", "method", "asked", "width"),
    [
        (users_net(), "focal", 7, 7),
        (quick_net(module__embedding_dim=5), "focal", None, 5),
        # A paragon of such a module.
        (quick_net(module__embedding_dim=7), BT2(extra_dims=50), None, 7),
        (quick_net(module__embedding_dim=40), BT2(), 40, 40),
    ],
)
def test_width_of_a_module_that_has_one(X, y, old, net, method, asked, width):
    new = embedder(net, old_model=old, method=method, embedding_dim=asked).fit(X, y)
    assert new.embedding_dim_ == width
    assert found(new, old, X, y) > 0.9


@pytest.mark.parametrize(
    ("net", "params", "message"),
    [
        *(
            (net, {"embedding_dim": 9}, "embedding_dim is 9, but the module's output")
            for net in (users_net(), quick_net(module__embedding_dim=5))
        ),
        (
            users_net(),
            {"method": Simplex(n_classes=20)},
            "has width 19, but the embeddings have 7",
        ),
        (users_net(module=Flat), {}, r"one vector a row, .* yields shape \(14,\)"),
        (quick_net(lr=1e30), {}, "If the training diverged"),
    ],
)
def test_networks_that_yield_no_such_vectors(X, y, net, params, message):
    with pytest.raises(ValueError, match=message):
        embedder(net, **params).fit(X, y)


# Weights


@pytest.fixture(scope="module")
def contradicting(X, y, old):
    """Two halves: the same rows, with labels that are rolled in one."""
    stored = np.concatenate([old.transform(X), -old.transform(X)])
    return np.concatenate([X, X]), np.concatenate([y, (y + 1) % 3]), stored


@pytest.mark.parametrize(
    ("learner", "method", "rounding"),
    [
        *(
            (quick_net(max_epochs=3), method, 0)
            for method in ("focal", "bct", "lce", "contrastive", "l2")
        ),
        (Ridge(), "l2", 1e-3),
        (LogisticRegression(), "independent", 1e-3),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_rows_of_weight_zero_are_as_good_as_absent(X, y, learner, method, rounding):
    """Neither their labels nor their old vectors leave a trace."""
    kept = np.arange(178) % 4 != 0
    labels, stored = np.where(kept, y, y + 7), PCA(5).fit_transform(X)
    stored[~kept] *= -1
    model = embedder(learner, method=method)
    without = clone(model).fit(
        X[kept], y[kept], old_embeddings=stored[kept], sample_weight=np.ones(kept.sum())
    )
    old, close = {"old_embeddings": stored}, {"atol": rounding, "rtol": rounding}
    for rows in (X, pd.DataFrame(X), X.tolist()):
        new = clone(model).fit(rows, labels, sample_weight=kept, **old)
        np.testing.assert_allclose(new.transform(X), without.transform(X), **close)
        np.testing.assert_allclose(new.prototypes_, without.prototypes_, **close)
    if not rounding:
        np.testing.assert_array_equal(
            new.versions_[0].vectors, without.versions_[0].vectors
        )
        assert new.fingerprint_ == without.fingerprint_
    unweighted = clone(model).fit(X, labels, **old).transform(X)
    assert unweighted.shape != without.transform(X).shape or not np.allclose(
        unweighted, without.transform(X), atol=1e-3
    )


def test_weights_of_zero_alone_are_refused(X, y):
    with pytest.raises(ValueError, match=r"(?i)sample.weight"):
        embedder().fit(X, y, sample_weight=np.zeros(178))


def test_weights_weigh_the_loss_of_a_network(X, y, contradicting):
    rows, labels, stored = contradicting
    first = np.arange(len(rows)) < len(X)
    for method in ("focal", "bct", "independent"):
        for heard, truth in ((first, y), (~first, (y + 1) % 3)):
            weight = np.where(heard, 1.0, 1e-6)
            model = embedder(quick_net(max_epochs=25), embedding_dim=6, method=method)
            model.fit(rows, labels, old_embeddings=stored, sample_weight=weight)
            said = (model.transform(X) @ model.head_.T).argmax(axis=1)
            assert (said == truth).mean() > 0.9, method


def test_equal_weights_change_the_steps_only_by_their_size(X, y, old):
    model = embedder(old_model=old)
    plain = clone(model).fit(X, y)
    ones = clone(model).fit(X, y, sample_weight=np.ones(178))
    np.testing.assert_allclose(ones.transform(X), plain.transform(X), atol=1e-4)
    twos = clone(model).fit(X, y, sample_weight=np.full(178, 2.0))
    np.testing.assert_allclose(
        twos.history_[0]["train_loss"], 2 * ones.history_[0]["train_loss"], rtol=0.2
    )


def test_weights_reach_the_paragon(X, y, contradicting):
    rows, labels, stored = contradicting
    weight = np.repeat([1.0, 0.0], len(X))
    method = BT2(extra_dims=4, prototypes=0.0, direction=0.0, paragon=50.0)
    model = embedder(quick_net(max_epochs=25), method=method)
    model.fit(rows, labels, old_embeddings=stored, sample_weight=weight)
    # A paragon torn between two labels of every row would tell no class apart.
    vectors = model.transform(X)
    assert top1(vectors[1::2], vectors[::2], y[1::2], y[::2]) > 0.9


def test_verbose_of_a_network(X, y, capsys):
    embedder(quick_net(max_epochs=2)).fit(X, y)
    assert capsys.readouterr().out == ""
    embedder(quick_net(max_epochs=2), verbose=1).fit(X, y)
    assert "train_loss" in capsys.readouterr().out


# Versions


def test_chain_of_versions(X, y, old, second, third):
    assert old.versions_ == []
    expected = [old.fingerprint_, second.fingerprint_]
    assert [v.fingerprint for v in second.versions_] == expected[:1]
    assert [v.fingerprint for v in third.versions_] == expected
    # What the second kept of the first, the third keeps as it is.
    assert third.versions_[0] is second.versions_[0]
    for version in third.versions_:
        assert isinstance(version, EmbedderVersion)
        assert_unit(version.vectors)
        assert set(version.labels) == {0, 1, 2}
        assert version.vectors.shape == (len(version.labels), version.dim)
        # A few vectors a class, and no data.
        assert len(version.labels) <= 3 * 4
    # They are what they say: near the version's own vectors of the class.
    vectors = old.transform(X)
    of_first = third.versions_[0]
    assert top1(of_first.vectors, vectors, of_first.labels, y) == 1


def test_labels_of_versions_are_those_of_the_users(chain_of_names):
    _, second, third = chain_of_names(embedding_dim=5)
    # The first never learned it, but its prototypes are of the rows then at hand.
    assert set(second.versions_[0].labels) == {"merlot", "syrah", "cabernet"}
    prototypes = third.versions_[0].prototypes(third.classes_)
    expected = {"cabernet": 0, "syrah": 1, "merlot": -1}
    np.testing.assert_array_equal(
        prototypes.labels, [expected[n] for n in third.versions_[0].labels]
    )
    assert prototypes.labels.dtype == np.int64


def test_prototypes_of_earlier_versions_are_held_to(X, y, second):
    of_first = second.versions_[0]
    is_own = y[:, None] == of_first.labels

    def share_of_other_classes(earlier):
        method = Focal(neighbourhood=3.0, earlier=earlier)
        model = embedder(old_model=second, method=method).fit(X, y)
        view = model.old_view(model.transform(X), version=0)
        weight = np.exp(16 * view @ of_first.vectors.T)
        return 1 - ((weight * is_own).sum(axis=1) / weight.sum(axis=1)).mean()

    assert share_of_other_classes(30.0) < 0.7 * share_of_other_classes(0.0)


WRAPPINGS = {
    "handle": ReferenceModel,
    "frozen": FrozenEstimator,
    "frozen in a handle": lambda model: ReferenceModel(FrozenEstimator(model)),
    "history": lambda model: ModelHistory([PCA(6).fit(np.eye(13)), model]),
    "pipeline": lambda model: make_pipeline("passthrough", FrozenEstimator(model)),
}


@pytest.mark.parametrize("wrap", WRAPPINGS.values(), ids=WRAPPINGS)
def test_old_embedder_behind_a_wrapping(X, y, second, third, wrap):
    model = clone(third).set_params(old_model=wrap(second)).fit(X, y)
    for version, expected in zip(model.versions_, third.versions_, strict=True):
        assert version.fingerprint == expected.fingerprint
    np.testing.assert_allclose(model.transform(X), third.transform(X), atol=1e-5)


def test_old_embedder_found_by_a_search(X, y):
    pipeline = make_pipeline(StandardScaler(), embedder(quick_net(), embedding_dim=5))
    search = GridSearchCV(
        pipeline,
        {"compatibleembedder__embedding_dim": [4, 5]},
        scoring=lambda model, X, y: float(model.transform(X).shape[1]),
        cv=2,
    ).fit(X, y)
    new = embedder(old_model=search).fit(X, y)
    best = search.best_estimator_[-1]
    assert [v.fingerprint for v in new.versions_] == [best.fingerprint_]
    assert new.embedding_dim_ == 5


def test_fingerprints(X, y, old, second):
    again = embedder(embedding_dim=6).fit(X[::3], y[::3])
    assert again.fingerprint_ == old.fingerprint_
    assert pickle.loads(pickle.dumps(old)).fingerprint_ == old.fingerprint_
    different = [
        old,
        second,
        embedder(embedding_dim=6, random_state=1).fit(X[::3], y[::3]),
        embedder(embedding_dim=5).fit(X[::3], y[::3]),
        embedder(embedding_dim=6).fit(X[::2], y[::2]),
        embedder(Ridge()).fit(X[::3], y[::3]),
    ]
    fingerprints = {model.fingerprint_ for model in different}
    assert len(fingerprints) == 6
    assert all(int(f, 16) >= 0 and len(f) == 32 for f in fingerprints)


# Old models of every kind


class FirstColumns(nn.Sequential):
    """A module of parts that behave otherwise in training."""

    def __init__(self):
        super().__init__(nn.BatchNorm1d(13, eps=0), nn.Dropout(0.5))

    def forward(self, X):
        return super().forward(X)[:, :5]


def first_columns(X):
    return np.asarray(X)[:, :5]


@pytest.mark.parametrize(
    "old",
    [first_columns, FirstColumns(), users_net(module=FirstColumns).initialize()],
    ids=["function", "module", "net"],
)
def test_old_models_of_every_kind_teach_alike(X, y, old):
    expected = embedder(embedding_dim=7).fit(X, y, old_embeddings=first_columns(X))
    for wrap in (lambda model: model, ReferenceModel):
        new = embedder(old_model=wrap(old), embedding_dim=7).fit(X, y)
        assert new.old_dim_ == 5
        np.testing.assert_array_equal(new.transform(X), expected.transform(X))
        assert new.fingerprint_ == expected.fingerprint_


def test_ensembles_have_no_space_of_their_own(X, y, old):
    with pytest.raises(TypeError, match="ensemble of 2 has no transform"):
        embedder(old_model=[old, old]).fit(X, y)


def test_warning_of_vectors_that_say_nothing_points_at_the_users_line(X):
    noise = np.random.default_rng(0).normal(size=(178, 4))
    # Every vector's nearest is of another class.
    useless = np.repeat(noise[:89], 2, axis=0)
    labels = np.arange(178) % 2
    with pytest.warns(OldModelMismatchWarning, match=r"in 0.0% of .*\(50.0%\)") as seen:
        embedder(Ridge()).fit(X, labels, old_embeddings=useless)
    assert seen[0].filename == __file__
    # Not asked for, not looked at.
    embedder(Ridge(), method="independent").fit(X, labels, old_embeddings=useless)
    embedder(Ridge(), method="l2").fit(X, old_embeddings=useless)


def test_label_free_contrast_is_by_row(X, old):
    """Without labels no row may count as another's negative twice or as its own."""
    model = embedder(quick_net(max_epochs=40), old_model=old)
    model.set_params(method=Contrastive(temperature=0.1)).fit(X)
    cosine = model.transform(X) @ old.transform(X).T
    own = np.diag(cosine)
    assert own.mean() > np.mean(cosine) + 0.4


def test_nested_parameters_reach_the_fit(X, y, old):
    model = embedder(quick_net(), old_model=old, method=L2())
    model.set_params(
        method__strength=7.0,
        estimator__max_epochs=2,
        estimator__module__hidden_sizes=(5,),
    ).fit(X, y)
    assert model.method_.strength == 7.0
    assert model.method_ is not model.method
    assert len(model.history_) == 2
    assert model.estimator_.module_[0].out_features == 5
    assert not model.estimator.initialized_


def test_old_class_weights(X, y, old):
    asked = embedder(old_model=old, method=BCT(head="old")).fit(X, y)
    given = embedder(old_model=old, method=BCT(head=old.head_)).fit(X, y)
    np.testing.assert_allclose(asked.transform(X), given.transform(X), atol=1e-4)
    means = embedder(old_model=old, method=BCT()).fit(X, y)
    assert not np.allclose(asked.transform(X), means.transform(X), atol=1e-3)
    without = embedder(Ridge()).fit(X, y)
    with pytest.raises(ValueError, match="head='old' needs an old model that is"):
        embedder(old_model=without, method=BCT(head="old")).fit(X, y)
