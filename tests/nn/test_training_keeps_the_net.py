"""A user's net stays what it is while it is trained on a loss of ours."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback, Checkpoint
from torch import nn

from sklearn_graceful import PCClassifier


def net(**params):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(13, 8), nn.ReLU(), nn.Linear(8, 3))
    defaults = {"max_epochs": 3, "train_split": None, "verbose": 0}
    criterion = {"criterion": nn.CrossEntropyLoss}
    return NeuralNetClassifier(module, **{**criterion, **defaults, **params})


@pytest.fixture(scope="module")
def old(scaled):
    X, y = scaled
    return LogisticRegression().fit(X[::3], y[::3])


def trained(scaled, old, method="focal_lm", sample_weight=None, **params):
    X, y = scaled[0].astype(np.float32), scaled[1]
    model = PCClassifier(net(**params), old_model=old, method=method, random_state=0)
    return model.fit(X, y, sample_weight=sample_weight)


class Watches(Callback):
    def on_epoch_end(self, net, **kwargs):
        copy = pickle.loads(pickle.dumps(net))
        assert type(copy) is type(net) is NeuralNetClassifier
        assert type(net.criterion_) is nn.CrossEntropyLoss
        assert not {"fit_loop", "get_loss", "initialize_criterion"} & vars(copy).keys()


def test_it_keeps_its_class_and_criterion_and_can_be_pickled(scaled, old, tmp_path):
    saves = Checkpoint(monitor=None, f_pickle="net.pkl", dirname=tmp_path)
    model = trained(scaled, old, callbacks=[saves, Watches()])
    saved = pickle.loads((tmp_path / "net.pkl").read_bytes())
    X = scaled[0].astype(np.float32)
    np.testing.assert_array_equal(saved.predict(X), model.estimator_.predict(X))
    # Nothing of the training is left in the net, or registered with it.
    assert not any("objective" in name for name in vars(model.estimator_))
    assert "objective" not in model.estimator_.prefixes_


def test_a_fit_that_fails_half_way_leaves_no_hook(scaled, old):
    nets = []

    class Fails(Callback):
        def on_epoch_end(self, net, **kwargs):
            nets.append(net)
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        trained(scaled, old, callbacks=[Fails()])
    hooks = {"fit_loop", "get_loss", "initialize_criterion", "objective_"}
    assert not hooks & vars(nets[0]).keys()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["none", "focal_lm"])
def test_compiled_nets(scaled, old, method):
    compiled = trained(scaled, old, method, compile=True, compile__backend="eager")
    as_it_is = trained(scaled, old, method)
    X = scaled[0].astype(np.float32)
    np.testing.assert_allclose(
        compiled.predict_proba(X), as_it_is.predict_proba(X), atol=1e-5
    )


CLASS_WEIGHTS = {"criterion__weight": torch.tensor([1.0, 5.0, 2.0])}


@pytest.mark.parametrize("params", [CLASS_WEIGHTS, {"criterion__ignore_index": 2}])
def test_equal_row_weights_leave_the_criterions_scale(scaled, old, params):
    """Class weights and ignored labels are averaged over as the criterion does it."""
    weight = np.full(len(scaled[1]), 2.0)
    weight[0] = 2.0000001  # by row, and not one number for all
    plain = trained(scaled, old, "none", lr=0.0, **params)
    doubled = trained(scaled, old, "none", sample_weight=weight, lr=0.0, **params)
    # Without a step of the optimizer, the losses tell.
    losses = [[epoch["train_loss"] for epoch in m.history_] for m in (plain, doubled)]
    np.testing.assert_allclose(losses[1], 2 * np.array(losses[0]), rtol=1e-5)


def test_plain_training_is_the_criterions_own(scaled, old):
    """On one batch, the loss is what torch computes from the untrained net."""
    X, y = scaled[0].astype(np.float32), scaled[1]
    for params in (CLASS_WEIGHTS, {"criterion__ignore_index": 2}):
        own = {name.removeprefix("criterion__"): v for name, v in params.items()}
        untrained = net().initialize()
        expected = nn.CrossEntropyLoss(**own)(
            untrained.module_(torch.tensor(X)), torch.tensor(y)
        )
        model = trained(scaled, old, "none", lr=0.0, batch_size=len(y), **params)
        assert model.history_[0]["train_loss"] == pytest.approx(expected.item())
