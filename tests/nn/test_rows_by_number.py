"""Samplers, splits and schedules that were made for other rows than are trained on."""

import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit
from skorch import NeuralNet, NeuralNetClassifier
from skorch.callbacks import LRScheduler
from skorch.dataset import Dataset, ValidSplit
from skorch.helper import predefined_split
from torch import nn
from torch.utils.data import BatchSampler, SubsetRandomSampler, TensorDataset

from sklearn_graceful import (
    CompatibleEmbedder,
    FlipControlledClassifier,
    PCClassifier,
)
from sklearn_graceful.congruence import METHODS, Match
from sklearn_graceful.nn import InMemoryBatches, InMemoryClassifier, embedding_net

N = 120


@pytest.fixture(scope="module")
def table():
    X, y = make_classification(200, 6, n_informative=4, class_sep=3, random_state=0)
    return X.astype("float32"), y


@pytest.fixture(scope="module")
def rows(table):
    return table[0][:N], table[1][:N]


@pytest.fixture(scope="module")
def old(table):
    return LogisticRegression().fit(table[0][::9], table[1][::9])


class Normed(nn.Sequential):
    def __init__(self, width=2):
        super().__init__(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Linear(8, width))


def net(kind=NeuralNetClassifier, module=Normed, **params):
    defaults = {"max_epochs": 2, "batch_size": 32, "train_split": None, "verbose": 0}
    return kind(module, **{"criterion": nn.CrossEntropyLoss, **defaults, **params})


def old_net(table):
    torch.manual_seed(0)
    return net(optimizer=torch.optim.Adam, lr=0.05, max_epochs=10).fit(*table)


def estimator(net, old, method="focal_lm"):
    if method == "flip control":
        return FlipControlledClassifier(net, old_model=old, random_state=0)
    return PCClassifier(net, old_model=old, method=method, random_state=0)


def fit(net, rows, old, method="focal_lm", **kwargs):
    return estimator(net, old, method).fit(*rows, **kwargs)


class Drawn:
    """Notes the rows of batches that a loss is asked about."""

    def __init__(self):
        self.rows = set()

    def __call__(self, items):
        self.rows |= {int(row) for row, _ in items}
        X = torch.stack([torch.full((6,), row) for row, _ in items])
        return X, torch.tensor([int(label) for _, label in items])


@pytest.mark.parametrize("method", ["none", "naive", "focal_lm", "elodi"])
@pytest.mark.parametrize("name", ["sampler", "batch_sampler"])
def test_a_sampler_is_heeded_where_all_rows_are_those_of_fit(rows, old, method, name):
    sampler = SubsetRandomSampler(range(20))
    params = {"iterator_train__sampler": sampler}
    if name == "batch_sampler":
        sampler = BatchSampler(sampler, 8, drop_last=False)
        params = {f"iterator_train__{name}": sampler, "iterator_train__batch_size": 1}
    drawn = Drawn()
    numbered = np.repeat(np.arange(N, dtype="float32")[:, None], 6, axis=1)
    params["iterator_train__collate_fn"] = lambda items: drawn(
        [(X[0], y) for X, y in items]
    )
    model = PCClassifier(net(module=Linear, **params), method=method, random_state=0)
    model.fit(numbered, rows[1], old_proba=old.predict_proba(rows[0]))
    assert drawn.rows == set(range(20))


class Linear(nn.Linear):
    def __init__(self):
        super().__init__(6, 2)


SAMPLER = {"iterator_train__sampler": SubsetRandomSampler(range(N))}
BATCH_SAMPLER = {
    "iterator_train__batch_sampler": BatchSampler(range(N), 8, False),
    "iterator_train__batch_size": 1,
}
FOLD = {"train_split": ValidSplit(PredefinedSplit(np.arange(N) % 5))}


@pytest.mark.parametrize("method", [Match(), "focal", "interpolate", "flip control"])
@pytest.mark.parametrize("params", [SAMPLER, BATCH_SAMPLER])
def test_a_sampler_is_refused_where_others_come(table, rows, old, method, params):
    own = net(**params)
    name = next(iter(params))
    old = old_net(table) if method == "interpolate" else old
    with pytest.raises(ValueError, match=f"^{name} draws from the rows of fit"):
        estimator(own, old, method).fit(*rows)


@pytest.mark.parametrize("max_epochs", ["auto", 2])
def test_a_sampler_for_more_rows_than_there_are(table, rows, old, max_epochs):
    own = net(**SAMPLER, max_epochs=max_epochs)
    message = "max_epochs='auto' holds some" if max_epochs == "auto" else "draws row"
    with pytest.raises(ValueError, match=message):
        fit(own, (rows[0][:50], rows[1][:50]), old, "none")


@pytest.mark.parametrize("method", ["focal", "flip control"])
def test_validation_rows_by_number_and_rows_that_are_held_out(rows, old, method):
    with pytest.raises(ValueError, match="train_split names validation rows of fit by"):
        estimator(net(**FOLD), old, method).fit(*rows)
    with pytest.raises(ValueError, match="train_split takes row 119 of 60 rows"):
        fit(net(**FOLD), (rows[0][:60], rows[1][:60]), old, "none")


def test_an_embedder_without_its_rows_of_weight_0(rows):
    weight = (np.arange(N) > 0).astype(float)
    for params, message in ((SAMPLER, "sampler draws"), (FOLD, "names validation")):
        new = CompatibleEmbedder(embedding_net(max_epochs=1, **params))
        with pytest.raises(ValueError, match=message):
            new.fit(*rows, sample_weight=weight)


@pytest.mark.parametrize("kind", [Dataset, TensorDataset])
@pytest.mark.parametrize("times", [1, 2])
def test_validation_rows_from_elsewhere(table, rows, old, kind, times):
    """They count by their labels, or not at all: nobody knows the old answers."""
    X, y = (np.tile(part[N:], (times, *[1] * (part.ndim - 1))) for part in table)
    if kind is TensorDataset:
        X, y = map(torch.as_tensor, (X, y))
    own = net(InMemoryClassifier, train_split=predefined_split(kind(X, y)), lr=0.0)
    known = fit(own, rows, old, "none")
    with torch.no_grad():
        output = known.estimator_.module_(torch.as_tensor(X))
    expected = nn.functional.cross_entropy(output, torch.as_tensor(y)).item()
    assert known.history_[-1]["valid_loss"] == pytest.approx(expected, rel=1e-5)
    for method, kwargs in (
        ("focal_lm", {}),
        ("none", {"sample_weight": np.arange(N) + 1}),
    ):
        with pytest.raises(ValueError, match="train_split yields rows that are not"):
            fit(own, rows, old, method, **kwargs)


def test_validation_rows_of_an_embedder_from_elsewhere(table, rows):
    split = predefined_split(Dataset(table[0][N:], table[1][N:]))
    new = CompatibleEmbedder(embedding_net(max_epochs=1, train_split=split))
    with pytest.raises(ValueError, match="train_split yields rows that are not"):
        new.fit(*rows)


def test_a_split_inside_fit_has_the_loss_of_its_own_rows(rows, old):
    """The loss of a row does not depend on where the row stands."""
    order = np.random.default_rng(0).permutation(N)
    losses = []
    for where in (np.arange(N), order):
        fold = np.where(where < 30, 0, -1)
        split = ValidSplit(PredefinedSplit(fold))
        torch.manual_seed(0)
        own = net(module=Linear(), train_split=split, lr=0.0)
        model = fit(own, (rows[0][where], rows[1][where]), old)
        losses.append(model.history_[-1]["valid_loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


class Doubled(Dataset):
    def transform(self, X, y):
        return super().transform(2 * X, y)


@pytest.mark.parametrize("method", ["none", "elodi"])
def test_a_dataset_of_ones_own_makes_what_it_does_of_rows(rows, method):
    seen = []

    class Watches(Linear):
        def forward(self, X):
            seen.append(X.abs().max().item())
            return super().forward(X)

    fit(net(module=Watches, dataset=Doubled), rows, None, method)
    assert max(seen) == pytest.approx(2 * np.abs(rows[0]).max())


@pytest.mark.parametrize("loader", [{}, {"iterator_train__num_workers": 0}])
@pytest.mark.parametrize("method", ["none", "focal_lm", "match", "interpolate"])
def test_a_row_left_over_meets_batch_normalisation(table, old, loader, method):
    """After batches of 32 there is one row of 65, and one of 2 * 65 - 1 too."""
    own = net(**loader)
    if method == "interpolate":
        old = old_net(table)
    method = Match(n_synthetic=1) if method == "match" else method
    assert fit(own, (table[0][:65], table[1][:65]), old, method).history_


@pytest.mark.parametrize("loader", [{}, {"iterator_train__num_workers": 0}])
def test_a_row_left_over_of_an_embedder(table, loader):
    own = net(NeuralNet, module__width=3, criterion=nn.Identity, **loader)
    X, y = table[0][:65], table[1][:65]
    embedder = CompatibleEmbedder(own).fit(X, y, old_embeddings=X[:, :3])
    assert embedder.embedding_dim_ == 3


def test_a_row_left_over_joins_the_batch_before_it():
    data = Dataset(np.zeros((9, 2)), np.arange(9))
    sizes = [[len(y) for _, y in InMemoryBatches(data, n)] for n in (4, 3, 9, 8, 12)]
    assert sizes == [[4, 5], [3, 3, 3], [9], [9], [9]]
    assert [len(InMemoryBatches(data, n)) for n in (4, 3, 9, 8, 12)] == [2, 3, 1, 1, 1]
    whole = InMemoryBatches(data, 4, drop_last=True)
    assert [len(y) for _, y in whole] == [4, 4]


def test_no_full_batch(rows, old):
    own = net(iterator_train__drop_last=True, batch_size=N + 1)
    with pytest.raises(ValueError, match=f"leaves no batch of {N} rows"):
        fit(own, rows, old)


def cycle(n_steps):
    policy = torch.optim.lr_scheduler.OneCycleLR
    return LRScheduler(policy, max_lr=0.01, total_steps=n_steps, step_every="batch")


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_schedule_by_step_has_the_steps_of_a_plain_fit(table, rows, old, method):
    own = net(callbacks=[cycle(2 * 4)])
    old = old_net(table) if method == "interpolate" else old
    assert fit(own, rows, old, method).classes_.tolist() == [0, 1]


def test_so_it_has_with_an_embedder_and_with_flip_control(rows, old):
    own = embedding_net(max_epochs=2, batch_size=32, callbacks=[cycle(2 * 4)])
    assert len(CompatibleEmbedder(own).fit(*rows).history_) == 2
    own = net(callbacks=[cycle(2 * 4)])
    new = FlipControlledClassifier(own, old_model=old, max_nfr=0.2, random_state=0)
    assert len(new.fit(*rows).estimator_.history) == 2


def test_a_schedule_by_step_and_a_length_that_is_found(rows):
    own = net(InMemoryClassifier, max_epochs="auto", callbacks=[cycle(8)])
    with pytest.raises(ValueError, match="OneCycleLR is made for a number of steps"):
        fit(own, rows, None, "none")
