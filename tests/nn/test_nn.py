"""In-memory batches, the lean loop, and what users of skorch expect of both."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetBinaryClassifier, NeuralNetClassifier
from skorch.callbacks import (
    Callback,
    EarlyStopping,
    EpochScoring,
    GradientNormClipping,
    LRScheduler,
)
from skorch.dataset import Dataset, ValidSplit
from torch import nn
from torch.utils.data import DataLoader, Subset, default_collate

from sklearn_graceful import PCClassifier
from sklearn_graceful.congruence import FocalKL, FocalLM
from sklearn_graceful.nn import (
    MLP,
    InMemoryBatches,
    InMemoryClassifier,
    mlp_net,
    resolve_device,
)
from sklearn_graceful.nn._seeding import isolated_randomness


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return (X[:600] / 16).astype("float32"), y[:600]


@pytest.fixture(scope="module")
def old_proba(digits):
    X, y = digits
    return LogisticRegression(max_iter=500).fit(X[:100], y[:100]).predict_proba(X)


def rows_dataset(n=10):
    return Dataset(np.arange(n, dtype="float32")[:, None], np.arange(n))


class Module(nn.Sequential):
    def __init__(self, last=nn.Identity, n_classes=10):
        last = last() if last is nn.Identity else last(dim=1)
        super().__init__(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, n_classes), last)


def net(module=Module, **params):
    defaults = {
        "max_epochs": 3,
        "lr": 0.01,
        "optimizer": torch.optim.Adam,
        "criterion": nn.CrossEntropyLoss,
        "train_split": None,
        "verbose": 0,
    }
    return NeuralNetClassifier(module, **{**defaults, **params})


def fit(net, digits, old_proba=None, method="focal_lm", seed=0):
    return PCClassifier(net, method=method, random_state=seed).fit(
        *digits, old_proba=old_proba
    )


class TestBatches:
    def test_without_shuffle_rows_come_in_order(self):
        batches = InMemoryBatches(rows_dataset(), batch_size=4)
        seen = [y.tolist() for _, y in batches]
        assert seen == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
        assert len(batches) == 3

    def test_shuffle_shows_every_row_once_in_a_new_order(self):
        batches = InMemoryBatches(rows_dataset(), batch_size=4, shuffle=True)
        passes = [[row for _, y in batches for row in y.tolist()] for _ in range(2)]
        assert sorted(passes[0]) == sorted(passes[1]) == list(range(10))
        assert passes[0] != passes[1]

    def test_drop_last(self):
        batches = InMemoryBatches(rows_dataset(), batch_size=4, drop_last=True)
        assert [len(y) for _, y in batches] == [4, 4]
        assert len(batches) == 2

    @pytest.mark.parametrize("shuffle", [False, True])
    def test_rows_number_the_original_data_through_nested_subsets(self, shuffle):
        part = Subset(Subset(rows_dataset(), [9, 7, 5, 3]), [1, 3])
        batches = InMemoryBatches(part, batch_size=2, shuffle=shuffle)
        for X, y in batches:
            assert sorted(y.tolist()) == [3, 7]
            assert batches.rows.tolist() == y.tolist() == X[:, 0].tolist()

    def test_nested_data_and_missing_labels(self):
        X = {"a": np.ones((4, 2)), "b": [np.arange(4)]}
        (batch, _), _ = InMemoryBatches(Dataset(X, length=4), batch_size=2)
        assert batch["a"].dtype == torch.float32
        assert batch["b"][0].tolist() == [0, 1]


class WatchesBatches(Callback):
    def on_batch_end(self, net, **kwargs):
        pass


class TestLeanLoop:
    def test_it_trains_bit_for_bit_as_skorchs_own_loop(self, digits, old_proba):
        lean = fit(net(), digits, old_proba)
        watched = fit(net(callbacks=[WatchesBatches()]), digits, old_proba)
        np.testing.assert_array_equal(
            lean.predict_proba(digits[0]), watched.predict_proba(digits[0])
        )
        assert [epoch["train_loss"] for epoch in lean.history_] == pytest.approx(
            [epoch["train_loss"] for epoch in watched.history_]
        )

    def test_plain_training_equals_skorch_with_the_same_batches(self, digits):
        X, y = digits
        own = net(iterator_train=InMemoryBatches, iterator_train__shuffle=True)
        with isolated_randomness(0):
            own.fit(X, y)
        ours = fit(net(), digits, method="none")
        np.testing.assert_allclose(
            ours.predict_proba(X), own.predict_proba(X), atol=1e-6
        )

    @pytest.mark.parametrize("train_split", [None, ValidSplit(3, stratified=True)])
    def test_a_users_own_loader_and_collation_see_the_same_loss(
        self, digits, old_proba, train_split
    ):
        """Also where they load a part of the rows, and count them from 0."""
        ours = net(iterator_train__shuffle=False, train_split=train_split)
        theirs = net(
            iterator_train__num_workers=0,
            iterator_train__collate_fn=default_collate,
            iterator_valid__num_workers=0,
            train_split=train_split,
        )
        ours, theirs = (fit(one, digits, old_proba) for one in (ours, theirs))
        assert theirs.estimator_.iterator_train is DataLoader
        np.testing.assert_allclose(
            ours.predict_proba(digits[0]), theirs.predict_proba(digits[0]), atol=1e-5
        )
        if train_split is not None:
            losses = ([e["valid_loss"] for e in m.history_] for m in (ours, theirs))
            np.testing.assert_allclose(*losses, rtol=1e-4)

    def test_an_overridden_step_is_used(self, digits, old_proba):
        steps = []

        class Own(NeuralNetClassifier):
            def train_step_single(self, batch, **fit_params):
                steps.append(len(batch[1]))
                return super().train_step_single(batch, **fit_params)

        own = Own(Module, max_epochs=1, train_split=None, verbose=0)
        model = fit(own, digits, old_proba)
        assert sum(steps) == len(digits[1])
        assert type(model.estimator_) is Own

    def test_lbfgs_gets_its_closure(self, digits, old_proba):
        own = net(optimizer=torch.optim.LBFGS, lr=0.5, batch_size=-1, max_epochs=15)
        assert fit(own, digits, old_proba).score(*digits) > 0.8


class TestCallbacks:
    def test_early_stopping_keeps_the_best_weights(self, digits):
        stop = EarlyStopping(patience=2, load_best=True)
        own = net(
            lr=0.05,
            max_epochs=60,
            train_split=ValidSplit(5, stratified=True),
            callbacks=[("stop", stop)],
        )
        model = fit(own, digits, method="none")
        losses = [epoch["valid_loss"] for epoch in model.history_]
        assert len(losses) < 60
        assert min(losses) == losses[-3]
        assert {"train_loss", "valid_acc"} <= set(model.history_[0])

    def test_mlp_net_has_early_stopping_as_an_option(self, digits):
        own = mlp_net((16,), early_stopping=True, patience=1, max_epochs=50, lr=0.1)
        assert len(fit(own, digits, method="none").history_) < 50

    def test_the_held_out_part_is_scored_by_the_congruent_loss(self, digits, old_proba):
        own = net(train_split=ValidSplit(5, stratified=True), max_epochs=1)
        strong, weak = (
            fit(own, digits, old_proba, method=FocalLM(strength)).history_[0]
            for strength in (10.0, 0.0)
        )
        assert strong["valid_loss"] > 2 * weak["valid_loss"]

    def test_callbacks_of_epochs_and_batches_run(self, digits, old_proba):
        own = net(
            callbacks=[
                ("schedule", LRScheduler("StepLR", step_size=1, gamma=0.1)),
                ("clip", GradientNormClipping(1e-12)),
                ("accuracy", EpochScoring("accuracy", name="acc", on_train=True)),
            ]
        )
        history = fit(own, digits, old_proba).history_
        assert [epoch["event_lr"] for epoch in history] == pytest.approx(
            [0.01, 0.001, 0.0001]
        )
        assert all("acc" in epoch for epoch in history)

    def test_losses_are_printed_only_when_very_verbose(self, digits, capsys):
        own = net(verbose=1, max_epochs=1)
        for verbose in (0, 1):  # 1 is a bar on a terminal
            PCClassifier(own, method="none", verbose=verbose).fit(*digits)
            assert capsys.readouterr() == ("", "")
        PCClassifier(own, method="none", verbose=2).fit(*digits)
        assert "train_loss" in capsys.readouterr().out


class TestModules:
    @pytest.mark.parametrize(
        ("last", "criterion"),
        [
            (nn.Softmax, nn.NLLLoss),
            (nn.LogSoftmax, nn.CrossEntropyLoss),
            (nn.Identity, nn.NLLLoss),
        ],
    )
    def test_what_the_last_layer_yields_makes_no_difference(
        self, digits, old_proba, last, criterion
    ):
        method = FocalKL(temperature=1)
        own = net(module__last=last, criterion=criterion)
        own = fit(own, digits, old_proba, method)
        logits = fit(net(), digits, old_proba, method)
        proba = own.predict_proba(digits[0])
        np.testing.assert_allclose(proba, logits.predict_proba(digits[0]), atol=1e-4)
        np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(own.estimator_.predict_proba(digits[0]), proba)

    @pytest.mark.parametrize("last", [nn.Softmax, nn.LogSoftmax])
    def test_logits_of_a_normalised_output_are_matched_up_to_a_shift(
        self, digits, old_proba, last
    ):
        near = FocalLM(strength=10.0)
        own = net(module__last=last, max_epochs=60)
        model = fit(own, digits, old_proba, near)
        agreement = model.predict(digits[0]) == old_proba.argmax(axis=1)
        assert agreement.mean() > 0.95

    def test_binary_net_with_one_output(self, digits):
        X, y = digits
        y = np.where(y > 4, "high", "low")
        old = LogisticRegression().fit(X[:50], y[:50])
        options = {"optimizer": torch.optim.Adam, "lr": 0.01, "max_epochs": 20}
        own = NeuralNetBinaryClassifier(
            Module, module__n_classes=1, train_split=None, **options
        )
        model = PCClassifier(own, old_model=old, random_state=0).fit(X, y)
        assert model.score(X, y) > 0.9
        assert model.predict_proba(X).shape == (len(X), 2)

    def test_images_and_a_module_that_takes_its_sizes_from_the_data(self, digits):
        X, y = digits

        class Convolutional(nn.Sequential):
            def __init__(self, n_classes):
                super().__init__(
                    nn.Conv2d(1, 4, 3),
                    nn.ReLU(),
                    nn.Flatten(),
                    nn.Linear(4 * 36, n_classes),
                )

        options = {"optimizer": torch.optim.Adam, "lr": 0.01, "verbose": 0}
        own = InMemoryClassifier(
            Convolutional, max_epochs=8, train_split=None, **options
        )
        images = X.reshape(-1, 1, 8, 8)
        model = fit(own, (images, y), method="none")
        assert model.score(images, y) > 0.8

    def test_class_weights_and_label_smoothing_of_the_criterion_count(self, digits):
        X, _ = digits
        weight = torch.ones(10)
        weight[3] = 0.0
        blind = fit(net(criterion__weight=weight), digits, method="none")
        assert 3 not in blind.predict(X)
        smooth, sharp = (
            fit(net(max_epochs=30, **options), digits, method="none")
            for options in ({"criterion__label_smoothing": 0.5}, {})
        )
        sureness = [m.predict_proba(X).max(axis=1).mean() for m in (smooth, sharp)]
        assert sureness[0] < sureness[1]

    def test_a_criterion_without_losses_per_row_is_refused(self, digits, old_proba):
        class Sum(nn.Module):
            def forward(self, output, y):
                return output.sum()

        with pytest.raises(TypeError, match="reduction"):
            fit(net(criterion=Sum), digits, old_proba, method="naive")

    def test_pretrained_module_instance_is_trained_on_and_left_alone(self, digits):
        module = Module()
        before = {name: p.clone() for name, p in module.state_dict().items()}
        fit(net(module), digits, method="none")
        for name, parameter in module.state_dict().items():
            assert torch.equal(parameter, before[name])


class TestDefaultNet:
    def test_sizes_come_from_the_data(self):
        X, y = load_wine(return_X_y=True)
        model = PCClassifier(random_state=0).fit(X, y)
        widths = [
            (layer.in_features, layer.out_features)
            for layer in model.estimator_[-1].module_
            if isinstance(layer, nn.Linear)
        ]
        assert widths == [(13, 128), (128, 128), (128, 3)]

    def test_it_ends_a_plain_pipeline(self, digits):
        X, y = digits
        pipeline = make_pipeline(
            StandardScaler(), mlp_net((16,), max_epochs=40, lr=0.01)
        )
        assert pipeline.fit(X, y).score(X, y) > 0.9

    def test_partial_fit_goes_on_from_the_weights(self, digits):
        X, y = digits
        own = mlp_net((16,), max_epochs=1).partial_fit(
            X[:50], y[:50], classes=range(10)
        )
        first = own.module_[0].weight.detach().clone()
        own.partial_fit(X, y)
        assert not torch.equal(first, own.module_[0].weight)
        assert own.module_[-1].out_features == 10

    def test_labels_other_than_indices_are_refused_with_the_way_out(self, digits):
        X, y = digits
        with pytest.raises(ValueError, match="PCClassifier"):
            mlp_net().fit(X, y + 1)

    def test_autocast_computes_in_bfloat16_and_answers_in_float32(self, digits):
        X, y = digits
        plain = fit(mlp_net((16,), max_epochs=40, lr=0.01), digits, method="none")
        model = fit(
            mlp_net((16,), max_epochs=40, lr=0.01, autocast=True), digits, method="none"
        )
        proba = model.predict_proba(X)
        assert proba.dtype == np.float32
        assert model.score(X, y) > 0.9
        assert not np.array_equal(proba, plain.predict_proba(X))

    def test_no_epoch_at_all_leaves_the_first_weights(self, digits):
        model = fit(mlp_net((16,), max_epochs=0), digits, method="none")
        assert model.history_ == []
        np.testing.assert_allclose(model.predict_proba(digits[0]).sum(axis=1), 1, 1e-5)

    def test_another_learner_leaves_no_history_behind(self, digits):
        model = fit(mlp_net((16,), max_epochs=1), digits, method="none")
        model.set_params(estimator=LogisticRegression(max_iter=500)).fit(*digits)
        assert not hasattr(model, "history_")

    def test_another_optimizer_is_taken(self, digits):
        own = mlp_net((16,), optimizer=torch.optim.SGD, lr=0.1, max_epochs=2)
        assert len(fit(own, digits, method="none").history_) == 2

    def test_auto_is_the_device_that_is_there(self):
        expected = "cuda" if torch.cuda.is_available() else "cpu"
        assert resolve_device("auto") == mlp_net().device == expected

    def test_mlp_without_hidden_layers_is_linear(self):
        assert [type(layer) for layer in MLP(3, 2, hidden_sizes=())] == [nn.Linear]


class TestNothingIsKept:
    def test_optimizer_gradients_criterion_and_data_are_gone(self, digits, old_proba):
        own = net(callbacks=[LRScheduler("StepLR", step_size=1)])
        fitted = fit(own, digits, old_proba).estimator_
        assert fitted.optimizer_ is None
        assert fitted.criterion_ is None
        assert all(p.grad is None for p in fitted.module_.parameters())
        assert not hasattr(fitted, "batches_")
        assert not hasattr(fitted, "objective_")
        (schedule,) = fitted.callbacks
        assert not hasattr(schedule, "lr_scheduler_")

    def test_pickled_size_does_not_grow_with_the_data(self, digits, old_proba):
        X, y = digits
        sizes = [
            len(pickle.dumps(fit(net(), (X[:n], y[:n]), old_proba[:n])))
            for n in (200, 600)
        ]
        assert abs(sizes[0] - sizes[1]) < 200
