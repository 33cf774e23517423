"""What only a CUDA device can show; skipped without one."""

import pickle
import warnings

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestCentroid

from sklearn_graceful import CompatibleEmbedder, PCClassifier
from sklearn_graceful.compatibility import METHODS, Simplex
from sklearn_graceful.nn import InMemoryBatches, _batches, embedding_net, mlp_net

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return (X / 16).astype("float32"), y


@pytest.fixture(scope="module")
def old(digits):
    X, y = digits
    return LogisticRegression(max_iter=500).fit(X[:300], y[:300])


def fit(digits, old, **params):
    net = mlp_net(lr=3e-3, max_epochs=10, **params)
    return PCClassifier(net, old_model=old, random_state=0).fit(*digits)


def test_auto_trains_on_the_device_and_predicts_as_the_cpu_does(digits, old):
    model = fit(digits, old)
    parameter = next(model.estimator_.module_.parameters())
    assert parameter.device.type == "cuda"
    # Other random numbers, so not the same weights.
    cpu = fit(digits, old, device="cpu")
    agreement = model.predict(digits[0]) == cpu.predict(digits[0])
    assert agreement.mean() > 0.97


def test_batches_that_do_not_fit_travel_one_by_one(digits, old, monkeypatch):
    resident = fit(digits, old)
    monkeypatch.setattr(_batches, "fits_on_device", lambda *args, **kwargs: False)
    travelling = fit(digits, old)
    agreement = resident.predict(digits[0]) == travelling.predict(digits[0])
    assert agreement.mean() > 0.97


def test_data_that_fits_is_moved_once(digits):
    from skorch.dataset import Dataset

    batches = InMemoryBatches(Dataset(*digits), batch_size=64, device="cuda")
    for X, y in batches:
        assert X.device.type == y.device.type == "cuda"
        # A view of the resident data, not a copy.
        assert X._base is not None


def test_the_loop_does_not_wait_for_the_device_once_per_batch(digits, old):
    def waits(batch_size):
        torch.cuda.set_sync_debug_mode("warn")
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                fit(digits, old, batch_size=batch_size)
        finally:
            torch.cuda.set_sync_debug_mode("default")
        return sum("synchronizing" in str(w.message) for w in caught)

    fit(digits, old)  # first use sets things up
    assert waits(16) <= waits(256) + 10


def test_autocast(digits, old):
    assert fit(digits, old, autocast=True).score(*digits) > 0.95


def test_same_seed_same_predictions(digits, old):
    first, second = (fit(digits, old).predict_proba(digits[0]) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_global_cuda_generator_is_left_alone(digits, old):
    before = torch.cuda.get_rng_state()
    fit(digits, old)
    assert torch.equal(torch.cuda.get_rng_state(), before)


def test_pickle_round_trip(digits, old):
    model = fit(digits, old)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_allclose(
        again.predict_proba(digits[0]), model.predict_proba(digits[0]), atol=1e-6
    )


@pytest.mark.parametrize("method", sorted(METHODS))
def test_embedders_are_trained_on_the_device(digits, method):
    X, y = digits
    if method == "simplex":
        method = Simplex(n_classes=16)
    width = None if isinstance(method, Simplex) else 8
    old = CompatibleEmbedder(
        embedding_net(max_epochs=10), method=method, embedding_dim=width, random_state=0
    ).fit(X[:300], y[:300])
    new = CompatibleEmbedder(
        embedding_net(max_epochs=10), old_model=old, method=method, random_state=0
    ).fit(X, y, sample_weight=1.0 + (y == 0))
    parameter = next(new.estimator_.module_.parameters())
    assert parameter.device.type == "cuda"
    classifier = NearestCentroid().fit(new.transform(X), y)
    assert classifier.score(new.transform(X), y) > 0.9
