"""Ctrl-C ends a fit, and leaves the estimator as it was."""

import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback, EarlyStopping
from torch import nn

from sklearn_graceful import (
    CompatibleEmbedder,
    EmbeddingAdapter,
    FlipControlledClassifier,
    LQFClassifier,
    PCClassifier,
)
from sklearn_graceful.congruence import METHODS
from sklearn_graceful.model_selection import CompatibleSearchCV
from sklearn_graceful.nn import embedding_net, mlp_net

X, y = make_classification(120, 6, n_informative=4, class_sep=3, random_state=0)
X = X.astype("float32")


class Interrupts(Callback):
    """Ctrl-C in the second epoch."""

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 2:
            raise KeyboardInterrupt


def net(kind=mlp_net, **params):
    return kind((8,), **{"max_epochs": 4, "callbacks": [Interrupts()], **params})


def skorch_net(module=None, **params):
    return NeuralNetClassifier(
        module or nn.Sequential(nn.Linear(6, 2)),
        criterion=nn.CrossEntropyLoss,
        **{"train_split": None, "verbose": 0, "callbacks": [Interrupts()], **params},
    )


OLD = LogisticRegression().fit(X[::3], y[::3])


def embedder(method="focal"):
    return CompatibleEmbedder(net(embedding_net), method=method, embedding_dim=3)


def search():
    old = CompatibleEmbedder(embedding_net((4,), max_epochs=1), embedding_dim=3)
    return CompatibleSearchCV(
        CompatibleEmbedder(net(embedding_net)),
        {"estimator__module__hidden_sizes": [(4,), (8,)]},
        old_model=old.fit(X, y),
    )


ESTIMATORS = {
    "a net of skorch": lambda: PCClassifier(skorch_net(), method="none"),
    "a Pipeline": lambda: PCClassifier(make_pipeline(StandardScaler(), net())),
    "flip control": lambda: FlipControlledClassifier(
        net(), old_model=OLD, random_state=0
    ),
    "flip control, a net of skorch": lambda: FlipControlledClassifier(
        make_pipeline(StandardScaler(), skorch_net()), old_model=OLD, random_state=0
    ),
    "flip control, PCClassifier": lambda: FlipControlledClassifier(
        PCClassifier(net()), old_model=OLD, random_state=0
    ),
    "LQF, its network": lambda: LQFClassifier(net()),
    "embedder": embedder,
    "embedder, its paragon": lambda: embedder("bt2"),
    "search": search,
}


@pytest.mark.parametrize("make", ESTIMATORS.values(), ids=ESTIMATORS)
def test_an_interrupt_ends_the_fit(make):
    estimator = make()
    before = vars(estimator).copy()
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(X, y)
    assert vars(estimator).keys() - {"_reference"} == before.keys() - {"_reference"}


@pytest.mark.parametrize("method", sorted(METHODS))
def test_of_every_method(method):
    old = OLD
    if method == "interpolate":
        old = net(max_epochs=20, lr=0.05, callbacks=None).fit(X, y)
    new = PCClassifier(net(), old_model=old, method=method)
    with pytest.raises(KeyboardInterrupt):
        new.fit(X, y)


def test_a_fitted_estimator_predicts_as_before():
    new = PCClassifier(net(callbacks=None), method="none", random_state=0).fit(X, y)
    proba = new.predict_proba(X)
    new.set_params(estimator=net())
    with pytest.raises(KeyboardInterrupt):
        new.fit(X, y)
    np.testing.assert_array_equal(new.predict_proba(X), proba)


class InterruptedSGD(torch.optim.SGD):
    def step(self, *args, **kwargs):
        raise KeyboardInterrupt


class InterruptedAdamW(torch.optim.AdamW):
    def step(self, *args, **kwargs):
        raise KeyboardInterrupt


def test_where_the_package_brings_the_net(monkeypatch):
    lqf = LQFClassifier(nn.Linear(6, 2), old_model=None, solver="sgd", ridge=1.0)
    adapter = EmbeddingAdapter("procrustes", compare=True).fit(X, X[:, :3])
    adapter.set_params(kind="mlp")
    mapped = adapter.transform(X)
    monkeypatch.setattr(torch.optim, "SGD", InterruptedSGD)
    monkeypatch.setattr(torch.optim, "AdamW", InterruptedAdamW)
    with pytest.raises(KeyboardInterrupt):
        lqf.fit(X, y)
    with pytest.raises(KeyboardInterrupt):
        adapter.fit(X[:, :5], X[:, :2])
    np.testing.assert_array_equal(adapter.transform(X), mapped)


class Module(nn.Linear):
    def __init__(self):
        super().__init__(6, 2)

    def forward(self, X):
        if self.training:
            raise KeyboardInterrupt
        return super().forward(X)


def test_in_the_module():
    with pytest.raises(KeyboardInterrupt):
        PCClassifier(skorch_net(callbacks=None, module=Module)).fit(X, y)


class StopsAtOnce(EarlyStopping):
    """A callback of one's own that ends the training as skorch's does."""

    def on_epoch_end(self, net, **kwargs):
        raise KeyboardInterrupt


@pytest.mark.parametrize("kind", [PCClassifier, FlipControlledClassifier])
def test_early_stopping_is_no_interrupt(kind):
    stops = [("stop", StopsAtOnce())]
    new = kind(net(callbacks=stops, max_epochs=9)).fit(X, y)
    history = getattr(new, "history_", None) or new.estimator_.history
    assert len(history) == 1


def test_a_net_alone_stops_as_those_of_skorch_do():
    assert len(net().fit(X, y).history) == 2
