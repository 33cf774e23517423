"""A prediction leaves no trace: not in the old model, not in global random states."""

import pickle
import random
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier
from torch import nn

from sklearn_graceful import PCClassifier, ReferenceModel

X, y = load_iris(return_X_y=True)


@pytest.mark.parametrize("breaks", [False, True])
def test_random_states_are_put_back(breaks, random_states):
    def noisy(rows):
        noise = random.random() + torch.rand(1).item()
        noise += np.random.rand()  # noqa: NPY002
        if breaks:
            raise RuntimeError("broken")
        return np.full((len(rows), 2), noise)

    before = random_states()
    with pytest.raises(RuntimeError) if breaks else nullcontext():
        assert ReferenceModel(noisy).transform(X).min() > 0
    assert random_states() == before


def test_module_keeps_its_state_and_each_submodules_mode():
    module = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.ReLU())
    module.train()
    module[1].eval()
    modes = [part.training for part in module.modules()]
    state = {name: value.clone() for name, value in module.state_dict().items()}
    seen = []
    module[2].register_forward_hook(
        lambda part, *_: seen.append((part.training, torch.is_grad_enabled()))
    )
    ReferenceModel(module).transform(X)
    assert seen == [(False, False)]
    assert [part.training for part in module.modules()] == modes
    for name, value in module.state_dict().items():
        assert torch.equal(value, state[name])
    assert all(parameter.grad is None for parameter in module.parameters())


def net():
    return NeuralNetClassifier(
        nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.5)),
        criterion=nn.CrossEntropyLoss,
        max_epochs=2,
        verbose=0,
        train_split=None,
    )


@pytest.mark.parametrize(
    "model",
    [
        net(),
        make_pipeline(StandardScaler(), net()),
        LogisticRegression(max_iter=500),
        RandomForestClassifier(10),
    ],
    ids=lambda m: type(m).__name__,
)
def test_model_is_bit_identical(model, random_states):
    rows = X.astype(np.float32)
    model.fit(rows, y)
    before = pickle.dumps(model)
    states = random_states()
    handle = ReferenceModel(model)
    for ask in (handle.predict, handle.predict_proba, handle.logits):
        ask(rows)
    assert pickle.dumps(model) == before
    assert random_states() == states


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("where", ["constructor", "fit"])
def test_survives_clone_and_searches_without_passing_for_data(where, n_jobs):
    old = ReferenceModel(RandomForestClassifier(10).fit(X[::9], y[::9]))
    for name in ("__len__", "shape", "__array__", "get_params"):
        assert not hasattr(old, name)
    assert clone(old) is old
    given, passed = ({"old_model": old}, {})[:: 1 if where == "constructor" else -1]
    new = PCClassifier(LogisticRegression(max_iter=500), method="naive", **given)
    grid = {"method": ["none", "naive"]}
    search = GridSearchCV(new, grid, cv=2, n_jobs=n_jobs, error_score="raise")
    search.fit(X, y, **passed)
    assert search.best_estimator_.reference_ is old
