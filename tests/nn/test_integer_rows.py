"""Networks take images as they are stored: integers, and in any memory order."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch import NeuralNet, NeuralNetClassifier
from torch import nn

from sklearn_graceful import CompatibleEmbedder, PCClassifier, ReferenceModel
from sklearn_graceful.nn import InMemoryClassifier


class Convolution(nn.Module):
    def __init__(self, n_outputs=3):
        super().__init__()
        self.convolution = nn.Conv2d(1, 2, 3)
        self.linear = nn.Linear(2 * 16, n_outputs)

    def forward(self, X):
        return self.linear(self.convolution(X).flatten(1))


class Lookup(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(50, 3)

    def forward(self, X):
        return self.table(X).mean(dim=1)


def embedder(module):
    net = NeuralNet(module, criterion=nn.Identity, max_epochs=2, train_split=None)
    return CompatibleEmbedder(net, random_state=0)


def classifier(module):
    net = NeuralNetClassifier(
        module, criterion=nn.CrossEntropyLoss, max_epochs=2, train_split=None
    )
    return PCClassifier(net, method="none", random_state=0)


def in_memory(module):
    return InMemoryClassifier(module, max_epochs=2, train_split=None, verbose=0)


def answer(model, X):
    return getattr(model, "transform", getattr(model, "predict_proba", None))(X)


def fit(model, X, y):
    torch.manual_seed(0)  # a bare net draws from the global generator
    return clone(model).fit(X, y)


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return rng.integers(0, 9, (40, 1, 6, 6)), np.arange(40) % 3


make_any = pytest.mark.parametrize("make", [embedder, classifier, in_memory])


@make_any
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool])
def test_integer_images_mean_the_same_as_floats(images, make, dtype):
    X, y = images[0].astype(dtype), images[1]
    floats = X.astype(np.float32)
    model = fit(make(Convolution), X, y)
    expected = answer(fit(make(Convolution), floats, y), floats)
    assert_allclose(answer(model, X), expected, rtol=1e-5)
    # Either way round: trained on the one, asked with the other.
    assert_allclose(answer(model, floats), expected, rtol=1e-5)
    floats_first = fit(make(Convolution), floats, y)
    assert_allclose(answer(floats_first, X), expected, rtol=1e-5)


@make_any
def test_numbers_that_are_looked_up_stay_integers(make):
    X = np.random.default_rng(0).integers(0, 50, (40, 5))
    assert answer(fit(make(Lookup), X, np.arange(40) % 3), X).shape == (40, 3)


@pytest.mark.parametrize("make", [embedder, classifier])
def test_integer_images_inside_a_pipeline(images, make):
    X, y = images
    model = make(Convolution)
    reshape = FunctionTransformer(np.reshape, kw_args={"shape": (-1, 1, 6, 6)})
    model.estimator = make_pipeline(reshape, model.estimator)
    rows = X.reshape(40, 36).astype(np.uint8)
    assert answer(fit(model, rows, y), rows).shape == (40, 3)


@make_any
def test_arrays_that_are_stored_backwards(images, make):
    X, y = images[0].astype(np.float32), images[1]
    model = fit(make(Convolution), X[::-1], y[::-1])
    expected = answer(model, X[..., ::-1].copy())
    assert_allclose(answer(model, X[..., ::-1]), expected, rtol=1e-5)


def test_old_module_is_asked_with_arrays_stored_backwards(images):
    X = images[0].astype(np.float32)
    old = ReferenceModel(Convolution())
    expected = old.transform(X[..., ::-1].copy())
    assert_allclose(old.transform(X[..., ::-1]), expected)
