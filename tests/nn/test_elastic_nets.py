"""One network in several widths."""

import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNet
from torch import nn

from sklearn_graceful import CompatibleEmbedder, Gallery
from sklearn_graceful.metrics import recall_at_k
from sklearn_graceful.nn import (
    ElasticModule,
    elastic_net,
    embedding_net,
    model_cost,
)

X, y = load_digits(return_X_y=True)
X = X.astype(np.float32)
WIDTHS = (0.25, 0.5, 1.0)


class Conv(nn.Module):
    def __init__(self, embedding_dim, channels=8):
        super().__init__()
        self.first = nn.Conv2d(1, channels, 3, padding=1)
        self.norm = nn.BatchNorm2d(channels)
        self.last = nn.Linear(channels * 64, embedding_dim)
        self.register_buffer("shift", torch.zeros(channels, 1, 1))

    def forward(self, X):
        X = self.norm(self.first(X.reshape(-1, 1, 8, 8)) + self.shift)
        return self.last(X.relu().flatten(1))


@pytest.fixture
def module():
    return ElasticModule(Conv, "channels", WIDTHS, embedding_dim=5)


@pytest.fixture(scope="module")
def large():
    return CompatibleEmbedder(embedding_dim=12, random_state=0).fit(X[:600], y[:600])


@pytest.fixture(scope="module")
def elastic(large):
    net = elastic_net(embedding_net((32, 32), max_epochs=60), "hidden_sizes", WIDTHS)
    net = make_pipeline(StandardScaler(), net)
    return CompatibleEmbedder(net, old_model=large, random_state=0).fit(
        X[:600], y[:600]
    )


def test_a_narrower_module_has_the_first_part_of_each_weight(module):
    full, narrow = module.at(1), module.at(0.25)
    assert torch.equal(narrow.first.weight, full.first.weight[:2])
    assert torch.equal(narrow.last.weight, full.last.weight[:, : 2 * 64])
    assert narrow.last.bias.shape == full.last.bias.shape
    assert isinstance(narrow, Conv)


def test_each_batch_trains_one_width_as_the_module_that_comes_out(module):
    rows, seen = torch.as_tensor(X[:20]), set()
    for _ in range(30):
        # Each from the batch's own means, as in training.
        alone = {width: module.at(width)(rows) for width in WIDTHS}
        output = module(rows)
        (width,) = [w for w in WIDTHS if torch.allclose(alone[w], output, atol=1e-6)]
        seen.add(width)
    assert seen == set(WIDTHS)
    module.eval()
    torch.testing.assert_close(module(rows), module.at(1)(rows))


def test_normalisation_belongs_to_a_width_and_weights_to_all(module):
    rows = torch.as_tensor(X[:20])
    for width in WIDTHS:
        module._run(width, rows).square().sum().backward()
    assert all(p.grad is not None for p in module.parameters())
    n_full = sum(p.numel() for p in module.full.parameters())
    assert sum(p.numel() for p in module.parameters()) == n_full + 2 * (2 + 4)
    means = [module.at(width).norm.running_mean for width in WIDTHS]
    assert [len(mean) for mean in means] == [2, 4, 8]
    assert all(mean.abs().sum() > 0 for mean in means)


def test_it_survives_what_modules_survive(module):
    rows = torch.as_tensor(X[:20])
    module._run(0.5, rows)
    module.eval()
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        for width in WIDTHS:
            torch.testing.assert_close(other.at(width)(rows), module.at(width)(rows))
    fresh = ElasticModule(Conv, "channels", WIDTHS, embedding_dim=5).eval()
    fresh.load_state_dict(module.state_dict())
    torch.testing.assert_close(fresh.at(0.25)(rows), module.at(0.25)(rows))
    assert module.double().at(0.5).first.weight.dtype == torch.float64


def test_every_width_searches_the_large_gallery(elastic, large):
    gallery = large.transform(X[600:1200])
    labels = {"query_labels": y[1200:], "gallery_labels": y[600:1200]}
    best = recall_at_k(large.transform(X[1200:]), gallery, **labels)
    for width in WIDTHS:
        narrow = elastic.at_width(width)
        found = recall_at_k(narrow.transform(X[1200:]), gallery, **labels)
        assert found > best - 0.2
        assert narrow.transform(X).shape == (len(X), 12)


def test_an_embedder_of_one_width_is_one_of_its_own(elastic, large):
    narrow = elastic.at_width(0.25)
    assert narrow.fingerprint_ != elastic.fingerprint_
    assert narrow.prototypes_.shape == elastic.prototypes_.shape
    assert not np.allclose(narrow.prototypes_, elastic.prototypes_)
    cost = model_cost(narrow, X, latency=False)
    assert cost.macs == 64 * 8 + 8 * 8 + 8 * 12
    assert model_cost(clone(narrow), X, latency=False) == cost
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(narrow)).transform(X), narrow.transform(X)
    )
    gallery = Gallery(large)
    gallery.add(range(100), X[:100])
    gallery.upgrade(narrow)
    assert (y[gallery.search(X[600:], k=1)[0][:, 0]] == y[600:]).mean() > 0.8


def test_the_full_width_is_the_elastic_embedder_itself(elastic):
    whole = elastic.at_width(1)
    np.testing.assert_array_equal(whole.transform(X), elastic.transform(X))
    assert whole.fingerprint_ == elastic.fingerprint_
    assert hasattr(elastic, "widths_")
    assert not hasattr(whole, "widths_")


def test_a_first_release_may_be_elastic():
    net = elastic_net(embedding_net((16,), max_epochs=2), "hidden_sizes", (0.5,))
    embedder = CompatibleEmbedder(net, embedding_dim=4).fit(X[:200], y[:200])
    assert embedder.at_width(0.5).transform(X).shape == (len(X), 4)


def test_modules_need_not_be_importable():
    class Local(Conv):
        pass

    net = NeuralNet(Local, criterion=nn.Identity, max_epochs=1, verbose=0)
    embedder = CompatibleEmbedder(elastic_net(net, "channels"), embedding_dim=4)
    narrow = embedder.fit(X[:100], y[:100]).at_width(0.25)
    before = embedder.transform(X)
    assert narrow.transform(X).shape == (len(X), 4)
    narrow.estimator_.set_params(batch_size=7)
    assert embedder.estimator_.batch_size == 128
    narrow.fit(X[:100], y[:100])
    np.testing.assert_array_equal(embedder.transform(X), before)


def test_widths_that_were_not_trained(elastic, large):
    with pytest.raises(ValueError, match=r"one of 0.25, 0.5, 1.0, got 0.3"):
        elastic.at_width(0.3)
    with pytest.raises(TypeError, match="has one width"):
        large.at_width(0.5)


def test_modules_that_cannot_be_elastic():
    with pytest.raises(TypeError, match="must be a class"):
        elastic_net(NeuralNet(Conv(3), criterion=nn.Identity), "channels")
    with pytest.raises(TypeError, match="no parameter 'depth'"):
        ElasticModule(Conv, "depth", embedding_dim=3)
    with pytest.raises(ValueError, match="no value"):
        ElasticModule(Conv, "embedding_dim")
    with pytest.raises(ValueError, match=r"in \(0, 1\], got 1.5"):
        ElasticModule(Conv, "channels", (1.5,), embedding_dim=3)
