"""What a network costs, against counts by hand."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNet
from torch import nn

from sklearn_graceful import CompatibleEmbedder, PCClassifier
from sklearn_graceful.nn import embedding_net, mlp_net, model_cost


class Layer(nn.Module):
    """One layer, then the mean over all that is neither row nor channel."""

    def __init__(self, make, channels_last=False, **params):
        super().__init__()
        self.layer, self.channels_last = make(**params), channels_last

    def forward(self, X):
        out = self.layer(X)
        out = out[0] if isinstance(out, tuple) else out
        return out.mean(1) if self.channels_last else out.flatten(2).mean(2)


class Attention(nn.MultiheadAttention):
    def forward(self, X):
        return super().forward(X, X, X)[0]


class Bilinear(nn.Bilinear):
    def forward(self, X):
        return super().forward(X[:, :2], X[:, 2:])


def net(module, **params):
    return NeuralNet(module, criterion=nn.Identity, **params)


def layer(make, channels_last=False, **params):
    params = {f"module__{name}": value for name, value in params.items()}
    params |= {"module__make": make, "module__channels_last": channels_last}
    return net(Layer, **params)


def shape(*size):
    return np.zeros((3, *size), np.float32)


def by_hand():
    conv = {"in_channels": 8, "out_channels": 16, "kernel_size": 3}
    # Output channels * places * kernel * input channels of a group.
    yield layer(nn.Conv2d, **conv), shape(8, 10, 10), 16 * 64 * 9 * 8
    yield layer(nn.Conv2d, **conv, groups=4), shape(8, 10, 10), 16 * 64 * 9 * 2
    yield layer(nn.Conv2d, **conv, stride=2, padding=1), shape(8, 10, 10), 16 * 225 * 8
    depthwise = conv | {"out_channels": 8, "groups": 8}
    yield layer(nn.Conv2d, **depthwise), shape(8, 10, 10), 8 * 64 * 9
    yield layer(nn.Conv1d, **conv), shape(8, 12), 16 * 10 * 3 * 8
    yield layer(nn.ConvTranspose2d, **conv), shape(8, 10, 10), 8 * 100 * 9 * 16
    # Four gates of the input and of the state, in each of 6 steps.
    size = {"input_size": 8, "hidden_size": 16, "batch_first": True}
    yield layer(nn.LSTM, True, **size), shape(6, 8), 6 * 4 * 16 * (8 + 16)
    yield layer(nn.GRU, True, **size), shape(6, 8), 6 * 3 * 16 * (8 + 16)
    # Three projections and one back, scores and weighted sums of 4 heads of 4.
    heads = {"embed_dim": 16, "num_heads": 4, "batch_first": True}
    attention = 6 * 4 * 16 * 16 + 2 * 4 * 6 * 6 * 4
    yield layer(Attention, True, **heads), shape(6, 16), attention
    block = {"d_model": 16, "nhead": 4, "dim_feedforward": 32, "batch_first": True}
    block_macs = attention + 6 * 2 * 16 * 32
    yield layer(nn.TransformerEncoderLayer, True, **block), shape(6, 16), block_macs


@pytest.mark.parametrize(("estimator", "X", "macs"), [*by_hand()])
def test_multiply_adds_are_those_counted_by_hand(estimator, X, macs):
    assert model_cost(estimator, X, latency=False).macs == macs


def test_parameters_and_bytes():
    class Net(nn.Sequential):
        def __init__(self):
            super().__init__(nn.Linear(4, 3), nn.BatchNorm1d(3))

    cost = model_cost(net(Net), shape(4))
    assert cost.params == 4 * 3 + 3 + 2 * 3
    # Buffers: two means and variances, and a counter of 8 bytes.
    assert cost.bytes == 4 * (cost.params + 2 * 3) + 8
    assert 0 < cost.latency < 1


def test_the_same_before_and_after_training():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 6)), np.arange(40) % 2
    small = make_pipeline(StandardScaler(), embedding_net((5,), max_epochs=1))
    embedder = CompatibleEmbedder(small, embedding_dim=7)
    before = model_cost(embedder, X, latency=False)
    assert before.macs == 6 * 5 + 5 * 7
    assert not hasattr(embedder, "estimator_")
    assert model_cost(embedder.fit(X, y), X, latency=False) == before
    classifier = PCClassifier(mlp_net((5,), max_epochs=1))
    with pytest.raises(ValueError, match="number of classes at fit"):
        model_cost(classifier, X)
    assert model_cost(classifier.fit(X, y), X).macs == 6 * 5 + 5 * 2


def test_transformers_see_all_rows_before_the_network_is_made():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 6)), np.arange(40) % 4
    for step, width in ((PCA(5), 5), (LinearDiscriminantAnalysis(), 3)):
        pipeline = make_pipeline(step, embedding_net((4,), module__embedding_dim=2))
        cost = model_cost(pipeline, X, y, latency=False)
        assert cost.macs == width * 4 + 4 * 2


def test_counting_changes_nothing():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 6)), np.arange(40) % 2
    embedder = CompatibleEmbedder(embedding_net(max_epochs=1)).fit(X, y)
    before = embedder.transform(X)
    state = torch.get_rng_state()
    mkldnn, fast = torch.backends.mkldnn.enabled, torch.backends.mha
    flags = mkldnn, fast.get_fastpath_enabled()
    model_cost(embedder, X)
    model_cost(embedding_net(module__embedding_dim=3), X)
    assert torch.equal(torch.get_rng_state(), state)
    assert (torch.backends.mkldnn.enabled, fast.get_fastpath_enabled()) == flags
    np.testing.assert_array_equal(embedder.transform(X), before)


def test_what_is_not_counted_is_said():
    bilinear = net(Bilinear, **{f"module__in{n}_features": 2 for n in (1, 2)})
    bilinear.set_params(module__out_features=3)
    with pytest.warns(UserWarning, match="of Bilinear are not counted"):
        assert model_cost(bilinear, shape(4)).macs == 0


def test_only_networks():
    with pytest.raises(TypeError, match="Only of a network"):
        model_cost(RandomForestClassifier(), shape(4))
