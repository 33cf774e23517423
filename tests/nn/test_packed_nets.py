"""Several nets in one pass: each is what it would be alone."""

import pickle

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier
from skorch.callbacks import EarlyStopping, GradientNormClipping
from skorch.dataset import Dataset, ValidSplit
from torch import nn

from sklearn_graceful import PCClassifier
from sklearn_graceful.congruence import ELODI, METHODS, Match
from sklearn_graceful.nn import (
    MLP,
    InMemoryBatches,
    InMemoryClassifier,
    PackedClassifier,
    PackedModule,
    mlp_net,
    packed_mlp_net,
)
from sklearn_graceful.nn._batches import PackedBatches
from sklearn_graceful.nn._packed_net import pack, trains_alike_when_packed
from sklearn_graceful.nn._seeding import isolated_randomness

X, y = load_digits(return_X_y=True)
X, y = (X[:400] / 16).astype("float32"), y[:400]


class Tanh(nn.Module):
    """A module that is no Sequential of linear layers and ReLU."""

    def __init__(self, n_features, n_classes):
        super().__init__()
        self.before, self.after = nn.Linear(n_features, 9), nn.Linear(9, n_classes)

    def forward(self, X):
        return self.after(torch.tanh(self.before(X)))


class Conv(nn.Sequential):
    def __init__(self, n_classes):
        super().__init__(
            nn.Unflatten(1, (1, 8, 8)),
            nn.Conv2d(1, 3, 3),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(108, n_classes),
        )


class Normed(nn.Sequential):
    def __init__(self, n_features, n_classes):
        super().__init__(nn.BatchNorm1d(n_features), nn.Linear(n_features, n_classes))


class Dropping(nn.Sequential):
    def __init__(self, n_features, n_classes):
        super().__init__(nn.Dropout(), nn.Linear(n_features, n_classes))


class DroppingByFunction(nn.Linear):
    def __init__(self, n_features, n_classes):
        super().__init__(n_features, n_classes)

    def forward(self, X):
        return super().forward(F.dropout(X, training=self.training))


class Branching(nn.Linear):
    """Does what vmap cannot: asks for a value."""

    def __init__(self, n_features, n_classes):
        super().__init__(n_features, n_classes)

    def forward(self, X):
        return super().forward(X if X.abs().sum() >= 0 else -X)


def packed_net(module=MLP, n_members=3, **params):
    params = {"max_epochs": 3, "optimizer": torch.optim.AdamW, "lr": 0.01} | params
    if module is MLP:
        params.setdefault("module__hidden_sizes", (11, 7))
    return PackedClassifier(
        module, n_members=n_members, train_split=None, verbose=0, batch_size=64,
        **params,
    )  # fmt: skip


MODULES = {
    "MLP": {},
    "linear": {"module__hidden_sizes": ()},
    "one hidden layer": {"module__hidden_sizes": (5,)},
    "any module": {"module": Tanh},
    "convolution": {"module": Conv},
}


@pytest.mark.parametrize("params", MODULES.values(), ids=MODULES)
@pytest.mark.parametrize(
    "optimizer", [torch.optim.AdamW, torch.optim.SGD], ids=["AdamW", "SGD"]
)
def test_each_member_is_what_training_it_alone_makes_of_it(params, optimizer):
    net = packed_net(**params, optimizer=optimizer)
    with isolated_randomness(0):
        alone = clone(net).set_params(max_epochs=0).fit(X, y)
        # The rows that training will draw next.
        batches = PackedBatches([InMemoryBatches(Dataset(X, y), 64, shuffle=True)] * 3)
        steps = [[part.chunk(3) for part in b] for _ in range(3) for b in batches]
    with isolated_randomness(0):
        together = clone(net).fit(X, y)
    for k, member in enumerate(alone.module_.members()):
        one = optimizer(member.parameters(), lr=0.01)
        for X_batches, y_batches in steps:
            one.zero_grad()
            F.cross_entropy(member(X_batches[k]), y_batches[k]).backward()
            one.step()
        trained = together.module_.members()[k]
        for own, packed in zip(member.parameters(), trained.parameters(), strict=True):
            torch.testing.assert_close(packed.detach(), own.detach())
    # Members differ in their rows, not only in their weights.
    assert not torch.equal(steps[0][1][0], steps[0][1][1])


@pytest.mark.parametrize("params", MODULES.values(), ids=MODULES)
def test_the_output_is_the_mean_of_the_members_logits(params):
    net = packed_net(**params).fit(X, y)
    with torch.no_grad():
        logits = [member(torch.tensor(X)) for member in net.module_.members()]
        expected = torch.stack(logits).mean(dim=0)
    np.testing.assert_allclose(net.forward(X), expected, rtol=1e-4, atol=1e-5)
    model = PCClassifier(net, method="none", random_state=0).fit(X, y)
    module = model.estimator_.module_
    with torch.no_grad():
        logits = [member(torch.tensor(X)) for member in module.members()]
        log_proba = torch.stack(logits).log_softmax(dim=2).mean(dim=0)
    expected = log_proba.softmax(dim=1)
    np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-5)


def test_gradients_of_two_steps_under_way_do_not_mix():
    members = [MLP(64, 10, (6,)) for _ in range(2)]
    packed = PackedModule(members)
    rows = torch.tensor(X[:8])
    first, second = packed(rows), packed(2 * rows)
    (first.sum() + second.pow(2).sum()).backward()
    for k, member in enumerate(members):
        own = rows.chunk(2)[k]
        (2 * (member(own).sum() + member(2 * own).pow(2).sum())).backward()
        for parameter, stacked in zip(member.parameters(), packed.stacked, strict=True):
            torch.testing.assert_close(stacked.grad[k], parameter.grad)


def test_the_batched_path_and_vmap_agree():
    packed = PackedModule([MLP(64, 10, (8, 8)) for _ in range(3)])
    rows = torch.tensor(X[:30])
    outputs, gradients = [], []
    for packed.is_linear_with_relu in (True, False):
        packed.zero_grad()
        output = packed(rows)
        output.square().mean().backward()
        outputs += [output.detach(), packed.eval()(rows).detach()]
        packed.train()
        gradients.append([p.grad.clone() for p in packed.stacked])
    torch.testing.assert_close(outputs[:2], outputs[2:])
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("method", sorted(METHODS.keys() - {"interpolate"}))
def test_a_packed_net_learns_by_every_method(method):
    old = LogisticRegression(max_iter=1000).fit(X[:100], y[:100])
    net = packed_mlp_net(3, (16,), max_epochs=20, lr=0.01, batch_size=32)
    model = PCClassifier(net, method=method, random_state=0, old_model=old)
    weight = np.linspace(0.5, 1.5, 300)
    model.fit(X[:300], y[:300], sample_weight=weight, critical=y[:300] == 0)
    assert model.score(X[300:], y[300:]) > 0.8
    again = clone(model).fit(X[:300], y[:300], sample_weight=weight)
    restored = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(restored.predict(X), model.predict(X))
    assert again.predict_proba(X).shape == (400, 10)


def test_an_ensemble_is_surer_than_its_members():
    model = PCClassifier(
        packed_mlp_net(8, (32,), max_epochs=40), method="none", random_state=0
    )
    model.fit(X[:200], y[:200])
    rows = torch.tensor(X[200:])
    alone = [
        np.mean(member(rows).argmax(dim=1).numpy() == y[200:])
        for member in model.estimator_.module_.members()
    ]
    assert model.score(X[200:], y[200:]) > np.mean(alone)


def test_early_stopping_holds_out_rows_of_all_members():
    net = packed_mlp_net(2, (8,), early_stopping=True, max_epochs=4).fit(X, y)
    assert np.isfinite(net.history[-1, "valid_loss"])


def test_nothing_of_the_training_is_kept():
    model = PCClassifier(packed_net(n_members=2), method="none").fit(X, y)
    assert not model.estimator_.module_._workspace
    assert all(p.grad is None for p in model.estimator_.module_.parameters())
    smaller = PCClassifier(packed_net(n_members=2), method="none").fit(X[:50], y[:50])
    sizes = [len(pickle.dumps(m)) for m in (model, smaller)]
    assert abs(sizes[0] - sizes[1]) < 500


@pytest.mark.parametrize("module", [Normed, Dropping, DroppingByFunction, Branching])
def test_modules_that_a_pack_would_change_are_refused(module):
    with pytest.raises(TypeError, match=r"draws random numbers|be packed"):
        packed_net(module).fit(X, y)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"n_members": 0}, ValueError, "n_members"),
        ({"n_members": 1.5}, ValueError, "n_members"),
        ({"module": MLP(64, 10)}, TypeError, "must be a class"),
        (
            {
                "iterator_train": torch.utils.data.DataLoader,
                "iterator_train__timeout": 0,
            },
            ValueError,
            "iterator_train",
        ),
    ],
)
def test_bad_parameters_of_a_packed_net(params, error, message):
    with pytest.raises(error, match=message):
        packed_net(**params).fit(X, y)


class OwnNet(InMemoryClassifier):
    def train_step(self, batch, **fit_params):
        return super().train_step(batch, **fit_params)


APART = {
    "gradient clipping": {"callbacks": [GradientNormClipping(1.0)]},
    "early stopping": {"callbacks": [EarlyStopping()], "train_split": ValidSplit(3)},
    "LBFGS": {"optimizer": torch.optim.LBFGS},
    "validation rows": {"train_split": ValidSplit(3)},
    "class weights": {"criterion__weight": torch.ones(10)},
    "another loss": {"criterion": nn.MultiMarginLoss},
    "parameter groups": {"optimizer__param_groups": [("*.bias", {"lr": 0.1})]},
    "autocast": {"autocast": True},
    "data loader": {"iterator_train__num_workers": 0},
}


@pytest.mark.parametrize("params", APART.values(), ids=APART)
def test_nets_whose_joint_training_would_differ_are_trained_apart(params):
    assert trains_alike_when_packed(mlp_net((8,)))
    assert not trains_alike_when_packed(mlp_net((8,), **params))


def test_nets_with_steps_or_weights_of_their_own_are_trained_apart():
    assert not trains_alike_when_packed(OwnNet(MLP, train_split=None))
    assert not trains_alike_when_packed(InMemoryClassifier(MLP(1, 2), train_split=None))
    plain = NeuralNetClassifier(MLP, criterion=nn.CrossEntropyLoss, train_split=None)
    assert trains_alike_when_packed(plain)


def test_packing_keeps_the_parameters_of_the_net():
    net = mlp_net((9,), lr=0.02, max_epochs=7, optimizer__weight_decay=0.5)
    packed = pack(net, 5)
    assert packed.n_members == 5
    ours, theirs = (n.get_params(deep=False) for n in (packed, net))
    assert {name: ours[name] for name in theirs} == theirs


# Teachers of a method are packed where that changes nothing


@pytest.mark.parametrize("module", [MLP, Tanh, Normed, Dropping, Branching])
def test_teachers_of_any_module(module, monkeypatch):
    packed, plain_fit = [], PackedClassifier.fit

    def fit(self, X, y, **params):
        plain_fit(self, X, y, **params)
        packed.append(self.n_members)
        return self

    monkeypatch.setattr(PackedClassifier, "fit", fit)
    net = InMemoryClassifier(module, max_epochs=30, lr=0.1, train_split=None, verbose=0)
    estimator = make_pipeline(StandardScaler(), net)
    model = PCClassifier(estimator, method=ELODI(n_teachers=3), random_state=0)
    assert model.fit(X, y).score(X, y) > 0.8
    # The first is trained alone: others may need it as it is.
    assert packed == ([2] if module in (MLP, Tanh) else [])
    assert not hasattr(estimator[0], "mean_")


def test_members_are_as_good_and_as_different_as_nets_apart():
    """Of their shared fit nothing shows in the agreement of single members."""

    def disagreement(answers):
        labels = np.array([answer.argmax(axis=1) for answer in answers])
        pairs = [np.mean(a != b) for i, a in enumerate(labels) for b in labels[:i]]
        return np.mean(pairs), np.mean(labels == y[200:])

    def fit(net, seed):
        model = PCClassifier(net, method="none", random_state=seed)
        return model.fit(X[:200], y[:200])

    options, rows = {"max_epochs": 40, "batch_size": 16}, torch.tensor(X[200:])
    pack_of_6 = fit(packed_mlp_net(6, (32,), **options), 0)
    members = pack_of_6.estimator_.module_.members()
    together = disagreement([member(rows).detach().numpy() for member in members])
    apart = disagreement(
        [fit(mlp_net((32,), **options), k).predict_proba(X[200:]) for k in range(6)]
    )
    np.testing.assert_allclose(together, apart, atol=0.03)


@pytest.mark.parametrize("method", [Match(n_teachers=3), ELODI(n_teachers=3)])
def test_methods_take_teachers_together_and_apart_alike(method):
    old = LogisticRegression(max_iter=1000).fit(X[:100], y[:100])
    scores = []
    for callbacks in ([], [GradientNormClipping(1e9)]):  # which clips nothing
        net = mlp_net((32,), max_epochs=40, batch_size=32, callbacks=callbacks)
        assert trains_alike_when_packed(net) == (not callbacks)
        model = PCClassifier(net, method=method, old_model=old, random_state=0)
        scores.append(model.fit(X[:300], y[:300]).score(X[300:], y[300:]))
    assert scores[0] == pytest.approx(scores[1], abs=0.06)
    assert min(scores) > 0.8


def test_members_may_be_trained_on_rows_of_their_own():
    """What is not among a member's rows may have any label."""
    halves = [np.arange(0, 400, 2), np.arange(1, 400, 2)]
    for member, rows in enumerate(halves):
        twisted = (y + 1) % 10
        twisted[rows] = y[rows]
        made = []
        for labels in (y, twisted):
            net = packed_net(n_members=2, member_rows=halves)
            with isolated_randomness(0):
                made.append(net.fit(X, labels).module_.members()[member])
        for first, second in zip(*(m.parameters() for m in made), strict=True):
            assert torch.equal(first, second)


def test_members_are_asked_about_rows_of_their_own():
    net = packed_net(n_members=2).fit(X, y)
    parts = net.members_proba([X[:3], X[3:7]])
    for member, part, rows in zip(
        net.module_.members(), parts, (X[:3], X[3:7]), strict=True
    ):
        expected = torch.softmax(member(torch.as_tensor(rows)), dim=1).detach()
        np.testing.assert_allclose(part, expected, rtol=1e-5)
    # The ensemble is whole again.
    assert net.module_.n_members == 2
    logs = np.mean([np.log(p) for p in net.members_proba([X, X])], axis=0)
    proba = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(net.predict_proba(X), proba, rtol=1e-4)


@pytest.mark.parametrize("rows", [[[0, 1]], [[0, 1], [2]], [[0, 1]] * 3])
def test_rows_that_are_not_those_of_all_members_are_refused(rows):
    with pytest.raises(ValueError, match="equally many rows for each of 2 members"):
        packed_net(n_members=2, member_rows=rows).fit(X, y)
