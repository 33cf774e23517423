"""Nets that are trained as long as it pays."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import make_classification
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback, EarlyStopping
from skorch.dataset import ValidSplit
from torch import nn

from sklearn_graceful import CompatibleEmbedder, PCClassifier
from sklearn_graceful.nn import (
    InMemoryClassifier,
    KnownLength,
    PackedClassifier,
    embedding_net,
    mlp_net,
    packed_mlp_net,
)
from sklearn_graceful.nn._length import draw_held_out


def table(n=300, noise=0.0, seed=0):
    X, y = make_classification(
        n, 8, n_informative=6, n_redundant=0, class_sep=1.5, random_state=seed
    )
    rng = np.random.default_rng(seed)
    noisy = rng.random(n) < noise
    y = np.where(noisy, rng.integers(2, size=n), y)
    return X.astype("float32"), y


def small(**params):
    return mlp_net((16,), **{"lr": 5e-3, "batch_size": 32, **params})


def fit(net, X, y, seed=0, **kwargs):
    model = PCClassifier(net, method="none", random_state=seed)
    return model.fit(X, y, **kwargs)


def alone(net, X, y, seed=0):
    torch.manual_seed(seed)
    return net.fit(X, y)


@pytest.mark.parametrize("train", [alone, lambda n, X, y: fit(n, X, y).estimator_])
def test_noise_ends_the_training_and_a_clean_problem_goes_on(train):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 6)).astype("float32")
    noisy = (X[:, 0] + 2 * rng.normal(size=400) > 0).astype(int)
    clean = (X[:, :2] > 0).sum(axis=1) % 2
    net = small(module__hidden_sizes=(64,), lr=0.01)
    short, long = (train(clone(net), X, y).n_epochs_ for y in (noisy, clean))
    assert short < 15
    assert long > 1.5 * short


def test_both_ways_count_the_steps_that_the_weights_went_through():
    X, y = table(noise=0.8)
    for net in (alone(small(), X, y), fit(small(), X, y).estimator_):
        n_steps = round(net.n_epochs_ * 10) + 10 * max(1, round(0.3 * net.n_epochs_))
        assert net.n_steps_ == n_steps
    assert alone(small(max_epochs=3), X, y).n_steps_ == 30
    assert fit(small(max_epochs=3), X, y).estimator_.n_steps_ == 30


def test_a_known_length_needs_no_looks():
    X, y = table(noise=0.8)
    net = fit(small(max_epochs=KnownLength(6.6)), X, y).estimator_
    assert net.n_epochs_ == 6.6
    assert net.n_steps_ == 10 * (7 + 2)
    assert fit(small(max_epochs=KnownLength(0.2)), X, y).estimator_.n_steps_ == 20


def test_a_seed_gives_one_net_and_generators_stay_as_they_were():
    X, y = table(noise=0.8)
    before = torch.get_rng_state(), np.random.get_state()[1]  # noqa: NPY002
    first, second, other = (fit(small(), X, y, seed) for seed in (0, 0, 1))
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])  # noqa: NPY002
    proba = first.predict_proba(X)
    assert np.array_equal(proba, second.predict_proba(X))
    assert not np.array_equal(proba, other.predict_proba(X))


class Rows(nn.Module):
    """Yields a weight of each row's own, which only that row trains."""

    def __init__(self, n_rows=200):
        super().__init__()
        self.own = nn.Parameter(torch.zeros(n_rows, 2))

    def forward(self, X):
        return self.own[X[:, 0].long()]


@pytest.mark.parametrize("train", [alone, fit])
def test_rows_held_out_are_learned_too(train):
    X = np.arange(200, dtype="float32")[:, None]
    y = np.arange(200) % 2
    net = small(max_epochs="auto").set_params(module=Rows, module__hidden_sizes=None)
    params = {
        k: v for k, v in net.get_params(deep=False).items() if "module__" not in k
    }
    net = train(type(net)(**params), X, y)
    proba = net.predict_proba(X)[np.arange(200), y]
    assert (proba > 0.5).all()


def test_few_rows_are_trained_for_a_fixed_length():
    X, y = table(80)
    net = alone(small(), X, y)
    assert net.n_epochs_ == 40
    assert len(net.history) == 40 + 12
    net = alone(small(batch_size=128), X, y)
    assert net.n_epochs_ == 100
    assert net.n_steps_ == 130


def test_every_tenth_row_of_each_class_is_held_out():
    strata = np.repeat([0, 1, 2, -1, 3], [100, 50, 1, 40, 2])
    held_out = draw_held_out(strata)
    counts = np.bincount(strata[held_out] + 1, minlength=5)
    assert counts[1:3].tolist() == [10, 5]
    assert counts[0] == counts[3] == 0
    assert counts[4] <= 1


def test_the_net_keeps_its_parameters():
    X, y = table(noise=0.8)
    net = alone(small(), X, y)
    assert net.get_params()["max_epochs"] == "auto"
    assert clone(net).max_epochs == "auto"
    again = pickle.loads(pickle.dumps(net))
    assert np.array_equal(net.predict_proba(X), again.predict_proba(X))
    assert (again.n_epochs_, again.n_steps_) == (net.n_epochs_, net.n_steps_)
    assert net.optimizer_.param_groups[0]["lr"] == 5e-3


class Diary(Callback):
    def on_train_begin(self, net, **kwargs):
        self.begun, self.sizes = 0, []

    def on_epoch_begin(self, net, **kwargs):
        self.begun += 1

    def on_epoch_end(self, net, dataset_train=None, **kwargs):
        pickle.dumps(net)
        self.sizes.append(len(dataset_train))


def test_callbacks_see_every_epoch():
    diary = Diary()
    net = alone(small(callbacks=[diary]), *table(noise=0.8))
    assert diary.begun == len(diary.sizes) == len(net.history)
    # Those of the falling rate are on all rows.
    n_whole = max(1, round(0.3 * net.n_epochs_))
    assert diary.sizes[-n_whole:] == [300] * n_whole
    assert set(diary.sizes[:-n_whole]) == {270}


class Normed(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Unflatten(1, (1, 8)),
            nn.Conv1d(1, 4, 3),
            nn.BatchNorm1d(4),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Flatten(),
            nn.Linear(24, 2),
        )


@pytest.mark.parametrize("train", [alone, fit])
def test_a_bare_skorch_net_with_batch_norm(train):
    X, y = table(noise=0.2)
    params = {"train_split": None, "verbose": 0, "lr": 0.05, "max_epochs": "auto"}
    net = NeuralNetClassifier(Normed, criterion=nn.CrossEntropyLoss, **params)
    if train is alone:
        net = InMemoryClassifier(Normed, **params)
    assert train(net, X, y).score(X, y) > 0.7


def test_a_split_of_ones_own_is_looked_at_and_not_trained_on():
    diary = Diary()
    split = ValidSplit(5, stratified=True)
    net = alone(small(train_split=split, callbacks=[diary]), *table(noise=0.8))
    assert set(diary.sizes) == {240}
    assert net.n_epochs_ == int(net.n_epochs_)
    assert "valid_loss" in net.history[-1]


def test_early_stopping_of_ones_own_decides():
    X, y = table(noise=0.8)
    net = alone(small(early_stopping=True, patience=3), X, y)
    best = dict(net.callbacks_)["early_stopping"].best_epoch_
    assert len(net.history) == best + 3
    assert not hasattr(net, "n_epochs_")
    stop = EarlyStopping("train_loss", patience=1, threshold=0.5)
    assert len(alone(small(callbacks=[stop]), X, y).history) == 2


def watched(optimizer, option):
    """An optimizer whose step calls its parent's, and what an option is at each."""
    seen = []

    class Watched(optimizer):
        def step(self, *args):
            seen.append(self.param_groups[0][option])
            return super().step(*args)

    return Watched, seen


def test_the_learning_rate_falls_to_0_step_by_step():
    optimizer, rates = watched(torch.optim.SGD, "lr")
    # Its step calls its parent's: torch's hooks are called twice.
    # So few rows are trained for 100 steps, and 0.3 times as many at a falling rate.
    alone(small(optimizer=optimizer, lr=1.0), *table(64))
    np.testing.assert_allclose(rates, [1] * 100 + [k / 30 for k in range(30, 0, -1)])


def test_adaptive_optimizers_have_a_short_memory_while_the_rate_falls():
    optimizer, memory = watched(torch.optim.Adam, "betas")
    # Gradients of learned rows are tiny; those of the rows held out must not explode.
    net = alone(small(optimizer=optimizer, optimizer__betas=(0.8, 0.999)), *table(64))
    assert memory == [(0.8, 0.999)] * 100 + [(0.8, 0.99)] * 30
    assert net.optimizer_.param_groups[0]["betas"] == (0.8, 0.999)


def test_an_optimizer_is_as_it_was_where_training_is_interrupted():
    class Interrupted(torch.optim.Adam):
        n_steps = 0

        def step(self, *args):
            self.n_steps += 1
            if self.n_steps == 110:  # at a falling rate
                raise KeyboardInterrupt
            return super().step(*args)

    net = alone(small(optimizer=Interrupted, lr=1e-3), *table(64))
    group = net.optimizer_.param_groups[0]
    assert net.optimizer_.n_steps == 110
    assert (group["lr"], group["betas"]) == (1e-3, (0.9, 0.999))


def test_packed_members_stop_together():
    net = alone(packed_mlp_net(3, (8,), lr=5e-3), *table(noise=0.8))
    assert isinstance(net, PackedClassifier)
    assert net.n_epochs_ < 100
    assert net.get_params()["max_epochs"] == "auto"


def test_rows_of_weight_0_decide_nothing():
    X, y = table(200, noise=0.8)
    weight = np.repeat([1.0, 0.0], 100)
    shuffled = y.copy()
    shuffled[100:] = 1 - y[100:]
    nets = [fit(small(), X, labels, sample_weight=weight) for labels in (y, shuffled)]
    assert nets[0].estimator_.n_epochs_ == nets[1].estimator_.n_epochs_
    few = np.repeat([1.0, 0.0], [50, 150])
    assert fit(small(), X, y, sample_weight=few).estimator_.n_epochs_ == 40


@pytest.mark.parametrize("method", ["bct", "focal"])
def test_embedders_of_two_releases(method):
    X, y = table(200, noise=0.2)
    net = embedding_net((16,), max_epochs="auto")
    old = CompatibleEmbedder(net, embedding_dim=4, random_state=0).fit(X[:120], y[:120])
    new = CompatibleEmbedder(net, method=method, old_model=old, random_state=0)
    new.fit(X, y)
    assert new.estimator_.n_steps_ > 0
    assert np.array_equal(new.transform(X), clone(new).fit(X, y).transform(X))


def test_another_word_is_refused():
    with pytest.raises(ValueError, match="number of epochs or 'auto', got 'best'"):
        small(max_epochs="best").fit(*table(50))
