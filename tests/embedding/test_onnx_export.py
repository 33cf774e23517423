"""An exported embedder yields in ONNX Runtime what it yields in Python."""

import copy
import logging
import pickle
import sys

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    StandardScaler,
)
from skorch import NeuralNet
from skorch.dataset import Dataset
from torch import nn
from torch.utils.data import DataLoader

from sklearn_graceful import CompatibleEmbedder
from sklearn_graceful.embedding import to_onnx
from sklearn_graceful.nn import embedding_net


class Conv(nn.Sequential):
    """Of images (n, 1, 8, 8)."""

    def __init__(self, embedding_dim):
        super().__init__(
            nn.Conv2d(1, 6, 3, stride=2),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Flatten(),
            nn.Linear(54, embedding_dim),
        )


class Recurrent(nn.Module):
    """Yields a tuple, the vectors first."""

    def __init__(self, embedding_dim):
        super().__init__()
        self.layer = nn.GRU(8, embedding_dim, batch_first=True)

    def forward(self, X):
        states, last = self.layer(X.reshape(X.shape[0], 8, 8))
        return states[:, -1], last


class OneNumberOfRows(nn.Linear):
    """Computes with the number of rows of one batch."""

    def forward(self, X):
        return super().forward(X.reshape(len(X), 8, 8)[:, 0])


class Branches(nn.Linear):
    """Decides by values what to compute."""

    def forward(self, X):
        return super().forward(X if X.sum() > 0 else -X)


class Lookup(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(17, 3)

    def forward(self, X):
        return self.table(X).mean(dim=1)


def mlp(**params):
    return embedding_net((16,), **{"max_epochs": 3, "lr": 0.01, **params})


def net(module, kind=NeuralNet, **params):
    params = {"criterion": nn.Identity, "train_split": None, "verbose": 0, **params}
    return kind(module, max_epochs=3, **params)


def linear(module, width, **params):
    return net(module, module__in_features=width, module__out_features=5, **params)


def embedder(estimator=None, dim=5, **params):
    estimator = (
        make_pipeline(StandardScaler(), mlp()) if estimator is None else estimator
    )
    return CompatibleEmbedder(estimator, embedding_dim=dim, random_state=0, **params)


def run(model, X):
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    assert [item.name for item in session.get_inputs()] == ["X"]
    assert [item.name for item in session.get_outputs()] == ["embeddings"]
    (embeddings,) = session.run(None, {"X": X})
    assert embeddings.dtype == np.float32
    return embeddings


def assert_exported(model, X):
    """The export of a few rows is right for any number of rows."""
    exported = to_onnx(model, X[:3])
    for n_rows in (1, 7):
        expected = model.transform(X[:n_rows])
        assert_allclose(run(exported, X[:n_rows]), expected, atol=1e-5)


@pytest.fixture(scope="module")
def X(digits):
    return digits[0][:200]


@pytest.fixture(scope="module")
def y(digits):
    return digits[1][:200]


@pytest.fixture(scope="module")
def images(X):
    return X.reshape(-1, 1, 8, 8).astype(np.uint8)


@pytest.fixture(scope="module")
def conv(images, y):
    return embedder(net(Conv)).fit(images, y)


@pytest.fixture(scope="module")
def releases(X, y):
    first = embedder(dim=4).fit(X, y)
    second = embedder(dim=6, old_model=first).fit(X, y)
    return first, second, embedder(dim=3, old_model=second).fit(X, y)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8"])
def test_default_pipeline(releases, X, dtype):
    assert_exported(releases[0], X.astype(dtype))


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_images(conv, images, dtype):
    assert_exported(conv, images.astype(dtype))


@pytest.mark.parametrize(
    "steps",
    [
        [PCA(10), "passthrough", make_pipeline(StandardScaler(), MinMaxScaler())],
        [
            make_column_transformer(
                (StandardScaler(), slice(1, 30)),
                (OneHotEncoder(sparse_output=False, handle_unknown="ignore"), [36]),
            )
        ],
    ],
    ids=["pca", "columns"],
)
@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_preprocessing(X, y, steps, dtype):
    X = X.astype(dtype)
    assert_exported(embedder(make_pipeline(*steps, mlp())).fit(X, y), X)


def test_embedder_at_the_end_of_a_pipeline(X, y):
    assert_exported(make_pipeline(PCA(10), embedder()).fit(X, y), X)
    assert_exported(make_pipeline(StandardScaler(), embedder(mlp())).fit(X, y), X)


def test_numbers_that_are_looked_up(X, y):
    X = X.astype(np.int64)
    assert_exported(embedder(net(Lookup), dim=None).fit(X, y), X)


def test_recurrent_layers_and_further_outputs(X, y):
    X = X.astype(np.float32)
    assert_exported(embedder(net(Recurrent)).fit(X, y), X)


@pytest.mark.parametrize("version", [-2, 1])
def test_old_view(releases, X, version):
    # Narrower than both versions before it: what is missing counts as 0.
    third = releases[-1]
    expected = third.old_view(third.transform(X), version)
    assert_allclose(run(to_onnx(third, X[:3], version=version), X), expected, atol=1e-5)


def test_cut_to_the_old_view(releases, X):
    second = releases[1]
    sent = run(to_onnx(second, X[:3], version=-1), X)
    assert sent.shape == (len(X), 4)
    assert_allclose(np.linalg.norm(sent, axis=1), 1, rtol=1e-6)
    assert_allclose(sent, second.old_view(second.transform(X)), atol=1e-5)


def test_unit_length_whatever_the_length_and_zero_stays_zero(X, y):
    model = embedder(linear(nn.Linear, 64, module__bias=False)).fit(X, y)
    exported = to_onnx(model, X[:3])
    for scale in (1e-30, 1, 1e30):
        assert_allclose(run(exported, X * scale), model.transform(X), atol=1e-5)
    assert_array_equal(run(exported, 0 * X[:2]), np.zeros((2, 5)))


def test_the_embedder_stays_as_it_is(conv, images):
    model = copy.deepcopy(conv)
    model.estimator_.module_[1].train()  # of one layer, to see that it comes back
    before = pickle.dumps(model)
    random_state = torch.get_rng_state()
    to_onnx(model, images[:3])
    assert pickle.dumps(model) == before
    assert torch.equal(torch.get_rng_state(), random_state)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_network_on_a_gpu_stays_there(X, y):
    model = embedder(mlp(device="cuda")).fit(X, y)
    assert_exported(model, X)
    assert next(model.estimator_.module_.parameters()).is_cuda


def test_nothing_is_printed_or_logged(releases, X, capfd, caplog):
    to_onnx(releases[0], X[:3])
    assert capfd.readouterr() == ("", "")
    assert not [said for said in caplog.records if said.levelno >= logging.WARNING]


def test_what_a_net_does_with_its_rows(images, y):
    class Scaled(NeuralNet):
        def infer(self, x, **fit_params):
            return super().infer(x / 16, **fit_params)

    X = images.astype(np.float32)
    assert_exported(embedder(net(Conv, Scaled)).fit(X, y), X)


def test_rows_that_a_loader_changes(images, y):
    class Scaled(Dataset):
        def transform(self, X, y):
            return super().transform(X / 160, y)

    class Loader(DataLoader):
        """A user's own, which is not replaced by batches in memory."""

    own = {"dataset": Scaled, "iterator_train": Loader, "iterator_valid": Loader}
    X = images.astype(np.float32)
    model = embedder(net(Conv, **own)).fit(X, y)
    with pytest.raises(RuntimeError, match="other embeddings than the embedder"):
        to_onnx(model, X[:3])


def test_names_of_columns_are_checked(X, y):
    frame = pd.DataFrame(X).add_prefix("pixel ")
    scaler = StandardScaler().set_output(transform="pandas")
    model = embedder(make_pipeline(scaler, mlp())).fit(frame, y)
    exported = run(to_onnx(model, frame[:3]), X)
    assert_allclose(exported, model.transform(frame), atol=1e-5)
    with pytest.raises(ValueError, match="feature names should match"):
        to_onnx(model, frame[:3].add_prefix("other "))


def test_what_cannot_be_exported(X, y):
    with pytest.raises(TypeError, match=r"a CompatibleEmbedder,.* got PCA"):
        to_onnx(PCA().fit(X), X)
    first = embedder(mlp()).fit(X, y)
    regressor = CompatibleEmbedder(Ridge(), old_model=first).fit(X, y)
    with pytest.raises(TypeError, match="must be a skorch net, got Ridge"):
        to_onnx(regressor, X)
    with pytest.raises(TypeError, match="of one type, got dtype object"):
        to_onnx(first, X.astype(object))
    with pytest.raises(TypeError, match=r"len\(X\).*: write X\.shape\[0\]"):
        to_onnx(embedder(linear(OneNumberOfRows, 8)).fit(X, y), X)
    with pytest.raises(TypeError, match=r"torch\.onnx does not convert the network"):
        to_onnx(embedder(linear(Branches, 64)).fit(X, y), X)


def test_steps_that_skl2onnx_does_not_convert(X, y):
    model = embedder(make_pipeline(FunctionTransformer(np.log1p), mlp())).fit(X, y)
    with pytest.raises(TypeError, match="float64; it converts the most for float32"):
        to_onnx(model, X)
    model = embedder(make_pipeline(SimpleImputer(), mlp())).fit(X, y)
    with pytest.raises(RuntimeError, match="does not run for X of float64"):
        to_onnx(model, X)
    assert_exported(model, X.astype(np.float32))


def test_wrong_width_version_and_state(releases, conv, X, images):
    first, second, _ = releases
    with pytest.raises(NotFittedError):
        to_onnx(embedder(), X)
    with pytest.raises(ValueError, match="63 features"):
        to_onnx(first, X[:, 1:])
    with pytest.raises(ValueError, match="2 features"):
        to_onnx(conv, np.repeat(images, 2, axis=1))
    with pytest.raises(ValueError, match=r"version must be in \[-1, 0\], got 1"):
        to_onnx(second, X, version=1)
    with pytest.raises(ValueError, match="There is no old view"):
        to_onnx(first, X, version=-1)


@pytest.mark.parametrize("module", ["onnx", "onnxruntime", "onnxscript", "skl2onnx"])
def test_missing_packages_are_named(releases, X, module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        ImportError, match=rf"{module}.*pip install 'sklearn-graceful\[onnx\]'"
    ):
        to_onnx(releases[0], X)
