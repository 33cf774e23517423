"""Training of the network on top of a linear map."""

import numpy as np
import torch
from skorch import NeuralNetRegressor
from skorch.callbacks import EarlyStopping
from skorch.dataset import Dataset
from skorch.helper import predefined_split
from torch import nn

from sklearn_graceful.embedding._linear_maps import fit_procrustes, fit_ridge
from sklearn_graceful.embedding._residual_map import ResidualMap
from sklearn_graceful.nn import (
    MLP,
    LeanEpochs,
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
        return ResidualMap(_fit_start(STARTS[0], X, Y, adapter), STARTS[0])

    def losses(map_, rows):
        return _row_losses(map_(X[rows]), Y[rows], by_angle=adapter.normalize)

    # The linear map and the number of epochs are chosen on held-out pairs; then
    # everything is fitted anew on all pairs.
    starts = {kind: _fit_start(kind, X[rest], Y[rest], adapter) for kind in STARTS}
    kind = min(starts, key=lambda kind: losses(starts[kind], held_out).mean())
    seen, unseen = (X[rest], Y[rest]), (X[held_out], Y[held_out])
    layers, n_epochs = _train(starts[kind], *seen, adapter, seed, held_out=unseen)
    trained = ResidualMap(starts[kind], kind, layers)
    gain = losses(starts[kind], held_out) - losses(trained, held_out)
    start = _fit_start(kind, X, Y, adapter)
    # Chance alone would favour a trained network half of the time.
    if gain.mean() <= gain.std(ddof=1) / np.sqrt(len(gain)):
        return ResidualMap(start, kind)
    layers, _ = _train(start, X, Y, adapter, seed, max_epochs=n_epochs)
    trained = ResidualMap(start, kind, layers, n_epochs)
    before, after = (losses(m, slice(None)).mean() for m in (start, trained))
    return trained if after < before else ResidualMap(start, kind)


def _fit_start(kind, X, Y, adapter):
    if kind == "procrustes":
        return fit_procrustes(X, Y, center=adapter.center)[0]
    return fit_ridge(X, Y, alpha=adapter.alpha, center=adapter.center)


def _row_losses(mapped, Y, *, by_angle):
    if by_angle:
        return 1 - (unit_rows(mapped) * unit_rows(Y)).sum(axis=1)
    return ((mapped - Y) ** 2).sum(axis=1)


def _train(start, X, Y, adapter, seed, *, held_out=None, max_epochs=None):
    """Layers in NumPy and number of epochs, the best ones on held-out pairs if any."""
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
    with isolated_randomness(seed):
        net.fit(*scaled(X, Y))
    layers = [
        [tensor.detach().cpu().numpy().astype(np.float64) for tensor in pair]
        for pair in net.module_.layers()
    ]
    first, last = layers[0], layers[-1]
    first[0] /= x_scale
    first[1] -= mean @ first[0]
    last[0] *= y_scale
    last[1] *= y_scale
    n_epochs = max_epochs if held_out is None else stop.best_epoch_
    return tuple(map(tuple, layers)), n_epochs


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

    def layers(self):
        """Weight of shape (width_in, width_out) and bias of each layer."""
        return [(layer.weight.T, layer.bias) for layer in [*self.network][::2]]


class _CosineLoss(nn.Module):
    def forward(self, mapped, target):
        return (1 - nn.functional.cosine_similarity(mapped, target)).mean()
