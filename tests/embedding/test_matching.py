"""Embedders that also learn what the old one says of synthetic rows."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_digits
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from skorch import NeuralNet
from skorch.callbacks import Callback
from skorch.dataset import Dataset, ValidSplit
from torch import nn
from torch.utils.data import DataLoader

from sklearn_graceful import CompatibleEmbedder
from sklearn_graceful.compatibility import L2, Focal
from sklearn_graceful.nn import embedding_net

FOCAL = Focal(matching=10.0, n_synthetic=3)


class Conv(nn.Sequential):
    """Of images (n, 1, 8, 8)."""

    def __init__(self, embedding_dim=8):
        super().__init__(
            nn.Conv2d(1, 6, 3, stride=2),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(54, embedding_dim),
        )


def conv_net(**params):
    own = {"max_epochs": 5, "lr": 0.01, "batch_size": 64, "train_split": None}
    return NeuralNet(
        Conv,
        criterion=nn.Identity,
        optimizer=torch.optim.Adam,
        verbose=0,
        **own | params,
    )


def embedder(net, method=FOCAL, **params):
    return CompatibleEmbedder(net, method=method, random_state=0, **params)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X.astype(np.float32) / 16, y


@pytest.fixture(scope="module")
def old(digits):
    X, y = digits
    return embedder(embedding_net((32,), max_epochs=30), embedding_dim=8).fit(
        X[:300], y[:300]
    )


@pytest.mark.parametrize("kind", [Focal, L2])
def test_new_vectors_are_nearer_to_the_old_ones_on_rows_never_seen(digits, old, kind):
    X, y = digits
    net = embedding_net((32,), max_epochs=20)

    def similarity(matching):
        new = embedder(net, kind(matching=matching), old_model=old)
        view = new.fit(X[300:600], y[300:600]).transform(X[600:])
        return (new.old_view(view) * old.transform(X[600:])).sum(axis=1).mean()

    # The angle's square, about, is a third less.
    assert 1 - similarity(10.0) < 0.67 * (1 - similarity(0.0))


class Watches(Callback):
    """Sees every batch, with which skorch goes over it in its own way."""

    def on_batch_begin(self, net, batch, training=False, **_):
        X, y = batch
        assert training
        assert len(X) == len(y)


def test_every_batch_has_as_many_synthetic_rows(digits, old):
    X, y = digits
    sizes = []

    class Net(NeuralNet):
        def infer(self, X, **params):
            sizes.append(len(X))
            return super().infer(X, **params)

    net = embedding_net((16,), max_epochs=2, batch_size=64)
    own = Net(
        net.module,
        criterion=nn.Identity,
        train_split=None,
        max_epochs=2,
        batch_size=64,
        verbose=0,
    )
    embedder(own, old_model=old).fit(X[:150], y[:150])
    # The first look is at the width, and what follows is the transform.
    assert sizes[1:7] == [128, 128, 44] * 2


def test_old_model_is_asked_once_about_each_synthetic_row(digits, old):
    X, y = digits
    asked = []

    def counting(rows):
        asked.append(len(rows))
        return old.transform(rows)

    net = embedding_net((16,), max_epochs=3)
    new = embedder(net, old_model=FunctionTransformer(counting).fit(X))
    new.fit(X[:200], y[:200])
    assert sum(asked) - 200 == 3 * 200


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"iterator_train": DataLoader, "iterator_train__num_workers": 0},
        {"train_split": ValidSplit(5)},
        {"max_epochs": "auto"},
        {"batch_size": 300, "iterator_train__drop_last": False},
        {"callbacks": [Watches()]},
        {"dtype": np.uint8},
    ],
    ids=["plain", "DataLoader", "split", "auto", "one batch", "callback", "integers"],
)
def test_images_by_any_kind_of_net(digits, params):
    X, y = digits
    params = dict(params)
    dtype = params.pop("dtype", np.float32)
    images = (X * 255).astype(dtype).reshape(-1, 1, 8, 8)[:300]
    old = embedder(conv_net(), embedding_dim=8).fit(images[:150], y[:150])
    new = embedder(conv_net(**params), old_model=old)
    vectors = new.fit(images, y[:300]).transform(images)
    again = embedder(conv_net(**params), old_model=old).fit(images, y[:300])
    np.testing.assert_array_equal(vectors, again.transform(images))
    without = embedder(conv_net(**params), Focal(), old_model=old)
    others = without.fit(images, y[:300]).transform(images)
    assert np.abs(vectors - others).max() > 0.01


def test_whole_pipelines_over_tables():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(200, 3)), columns=list("abc"))
    X["colour"] = rng.choice(["red", "green"], 200)
    y = (X["a"] + X["b"] + (X["colour"] == "red") > 0.5).to_numpy()
    encode = make_column_transformer(
        (OneHotEncoder(), ["colour"]), remainder="passthrough"
    )
    net = embedding_net((16,), max_epochs=20)
    whole = make_pipeline(encode, StandardScaler(), net)
    old = embedder(whole, embedding_dim=4).fit(X[:80], y[:80])
    new = embedder(whole, old_model=old).fit(X, y)
    view = new.old_view(new.transform(X))
    assert (view * old.transform(X)).sum(axis=1).mean() > 0.8


def test_rows_of_weight_0_are_as_good_as_absent(digits, old):
    X, y = digits
    weight = np.ones(100)
    weight[::2] = 0
    net = embedding_net((16,), max_epochs=3)
    left_out = embedder(net, old_model=old).fit(X[:100][1::2], y[:100][1::2])
    weighted = embedder(net, old_model=old).fit(X[:100], y[:100], sample_weight=weight)
    np.testing.assert_allclose(weighted.transform(X), left_out.transform(X), atol=1e-5)


class Own(Dataset):
    def transform(self, X, y):
        return super().transform(2 * X, y)


def test_refuses_where_nobody_can_be_asked(digits, old):
    X, y = digits
    net = embedding_net((16,), max_epochs=3)
    with pytest.raises(ValueError, match=r"stored vectors do not do: pass old_model="):
        embedder(net).fit(X, y, old_embeddings=old.transform(X))
    with pytest.raises(ValueError, match="matching is part of a loss for networks"):
        embedder(Ridge(), old_model=old).fit(X, y)
    with pytest.raises(ValueError, match="synthetic rows would not pass through"):
        embedder(net.set_params(dataset=Own), old_model=old).fit(X, y)
    for value in (-1.0, np.nan, "10"):
        with pytest.raises(ValueError, match="Focal: matching must be a number in"):
            embedder(net, Focal(matching=value), old_model=old).fit(X, y)
    with pytest.raises(ValueError, match=r"L2: n_synthetic must be whole, got 1\.5"):
        embedder(net, L2(n_synthetic=1.5), old_model=old).fit(X, y)


def lengths(texts):
    return np.array([[len(text), 1] for text in texts])


def test_texts_cannot_be_mixed():
    texts = ["one two", "two three", "three four", "four one"] * 10
    old = FunctionTransformer(lengths)
    net = make_pipeline(old, embedding_net((4,), max_epochs=2))
    with pytest.raises(TypeError, match="matching makes synthetic rows from the feat"):
        embedder(net, old_model=old).fit(texts, [0, 1, 0, 1] * 10)


def test_first_release_is_a_plain_fit(digits):
    X, y = digits
    net = embedding_net((16,), max_epochs=2)
    np.testing.assert_array_equal(
        embedder(net, FOCAL).fit(X, y).transform(X),
        embedder(net, Focal()).fit(X, y).transform(X),
    )
