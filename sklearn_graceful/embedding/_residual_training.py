"""Training of the network on top of a linear map."""

from dataclasses import replace

import numpy as np
import torch
from skorch import NeuralNetRegressor
from skorch.callbacks import EarlyStopping
from skorch.dataset import Dataset
from skorch.helper import predefined_split
from torch import nn

from sklearn_graceful.embedding._maps import ResidualMap, fit_linear
from sklearn_graceful.nn import (
    MLP,
    LeanEpochs,
    ended_by_interrupts,
    isolated_randomness,
    resolve_device,
    use_in_memory_batches,
)
from sklearn_graceful.search import unit_rows

# Of an epoch. With fewer, patience would run out before training gets under way.
MIN_STEPS = 16
STARTS = ("procrustes", "ridge")


def fit_residual(X, Y, adapter, seed):
    """Linear map from X (n, d_from) to Y (n, d_to), with a network if that helps."""
    rows = np.random.RandomState(seed).permutation(len(X))
    n_held_out = int(adapter.validation_fraction * len(X))
    held_out, rest = rows[:n_held_out], rows[n_held_out:]
    if n_held_out < 2 or len(rest) < 2:
        return _fit_start("procrustes", X, Y, adapter)

    def losses(map_, rows):
        mapped, true = map_(X[rows]), Y[rows]
        if adapter.normalize:
            return 1 - (unit_rows(mapped) * unit_rows(true)).sum(axis=1)
        return ((mapped - true) ** 2).sum(axis=1)

    # The linear map and the number of epochs are chosen on held-out pairs; then
    # everything is fitted anew on all pairs.
    starts = [_fit_start(kind, X[rest], Y[rest], adapter) for kind in STARTS]
    start = min(starts, key=lambda start: losses(start, held_out).mean())
    unseen = X[held_out], Y[held_out]
    trained = _train(start, X[rest], Y[rest], adapter, seed, held_out=unseen)
    gain = losses(start, held_out) - losses(trained, held_out)
    start = _fit_start(start.start_kind, X, Y, adapter)
    # Chance alone would favour a trained network half of the time.
    if gain.mean() <= gain.std(ddof=1) / np.sqrt(len(gain)):
        return start
    trained = _train(start, X, Y, adapter, seed, max_epochs=trained.n_epochs)
    before, after = (losses(m, slice(None)).mean() for m in (start, trained))
    return trained if after < before else start


def _fit_start(kind, X, Y, adapter):
    return ResidualMap(fit_linear(kind, X, Y, adapter), kind)


def _train(start, X, Y, adapter, seed, *, held_out=None, max_epochs=None):
    """A ResidualMap with layers, the best ones on held-out pairs if any."""
    mean = X.mean(axis=0)
    # Networks train at their usual pace when numbers are about 1.
    x_scale = np.sqrt(np.mean((X - mean) ** 2)) or 1.0
    y_scale = np.sqrt(np.mean(Y**2)) or 1.0

    def scaled(X, Y):
        inputs = {"X": (X - mean) / x_scale, "start": start(X) / y_scale}
        return inputs, Y / y_scale

    net = _make_net(X, Y, adapter)
    stop = EarlyStopping(patience=adapter.patience, load_best=True)
    if held_out is not None:
        held_out = Dataset(*scaled(*held_out))
        net.set_params(train_split=predefined_split(held_out), callbacks=[stop])
    else:
        net.set_params(max_epochs=max_epochs)
    with isolated_randomness(seed), ended_by_interrupts(net):
        net.fit(*scaled(X, Y))
    layers = [
        [t.detach().cpu().numpy().astype(float) for t in (layer.weight.T, layer.bias)]
        for layer in [*net.module_.network][::2]
    ]
    first, last = layers[0], layers[-1]
    first[0] /= x_scale
    first[1] -= mean @ first[0]
    last[0] *= y_scale
    last[1] *= y_scale
    n_epochs = max_epochs if held_out is None else stop.best_epoch_
    return replace(start, layers=tuple(map(tuple, layers)), n_epochs=n_epochs)


def _make_net(X, Y, adapter):
    net = _InMemoryRegressor(
        _Residual,
        module__n_features=X.shape[1],
        module__n_outputs=Y.shape[1],
        module__hidden_sizes=tuple(adapter.hidden_sizes),
        criterion=_CosineLoss if adapter.normalize else nn.MSELoss,
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=adapter.weight_decay,
        optimizer__fused=True,
        lr=adapter.lr,
        max_epochs=adapter.max_epochs,
        batch_size=min(adapter.batch_size, max(len(X) // MIN_STEPS, 1)),
        train_split=None,
        device=resolve_device(adapter.device),
        verbose=0,
    )
    return use_in_memory_batches(net)


class _InMemoryRegressor(LeanEpochs, NeuralNetRegressor):
    pass


class _Residual(nn.Module):
    """What the linear map says, plus a network that says nothing at first."""

    def __init__(self, n_features, n_outputs, hidden_sizes):
        super().__init__()
        self.network = MLP(n_features, n_outputs, hidden_sizes)
        nn.init.zeros_(self.network[-1].weight)
        nn.init.zeros_(self.network[-1].bias)

    def forward(self, X, start):
        return start + self.network(X)


class _CosineLoss(nn.Module):
    def forward(self, mapped, target):
        return (1 - nn.functional.cosine_similarity(mapped, target)).mean()
