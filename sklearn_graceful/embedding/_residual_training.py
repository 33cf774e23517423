"""Training of the network on top of a linear map."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from skorch import NeuralNetRegressor
from skorch.callbacks import EarlyStopping
from skorch.dataset import Dataset
from skorch.helper import predefined_split
from torch import nn

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


@dataclass(frozen=True)
class Training:
    """How the network is trained.

    Attributes
    ----------
    hidden_sizes : tuple of int
        Width of each hidden layer.
    max_epochs : int
        Passes over the pairs, at most.
    lr : float
        Step size of AdamW.
    weight_decay : float
        Pull of AdamW toward no network at all.
    batch_size : int
        Pairs a step, at most.
    patience : int
        Passes without improvement on held-out pairs before training stops.
    device : str
        Where to train.
    by_angle : bool
        Loss 1 - cosine; otherwise the squared error.
    """

    hidden_sizes: tuple
    max_epochs: int
    lr: float
    weight_decay: float
    batch_size: int
    patience: int
    device: str
    by_angle: bool


def fit_residual(X, Y, fit_starts, training, *, validation_fraction, seed):
    """Linear map with a network on top, if one helps on held-out pairs.

    The linear map and the number of epochs are chosen on a share of the pairs; then
    everything is fitted anew on all of them.

    Parameters
    ----------
    X : ndarray of shape (n, d_from)
        Rows.
    Y : ndarray of shape (n, d_to)
        Where they belong.
    fit_starts : dict of str to callable
        ``fit(X, Y)`` returns a linear map; by its kind.
    training : Training
        How to train.
    validation_fraction : float
        Share of the pairs to choose on.
    seed : int
        Of the choice of rows, the weights and the batches.

    Returns
    -------
    map : ResidualMap
    """
    rows = np.random.RandomState(seed).permutation(len(X))
    n_held_out = int(validation_fraction * len(X))
    held_out, rest = rows[:n_held_out], rows[n_held_out:]
    if n_held_out < 2 or len(rest) < 2:
        kind = next(iter(fit_starts))
        return ResidualMap(fit_starts[kind](X, Y), kind)

    def loss(mapped):
        return _row_losses(mapped, Y[held_out], by_angle=training.by_angle)

    starts = {kind: fit(X[rest], Y[rest]) for kind, fit in fit_starts.items()}
    losses = {kind: loss(start(X[held_out])) for kind, start in starts.items()}
    kind = min(losses, key=lambda kind: losses[kind].mean())
    pairs = X[rest], Y[rest]
    layers, n_epochs = _train(
        starts[kind], *pairs, training, seed, (X[held_out], Y[held_out])
    )
    mapped = ResidualMap(starts[kind], kind, layers)(X[held_out])
    gain = losses[kind] - loss(mapped)
    start = fit_starts[kind](X, Y)
    # Chance alone would favour a trained network half of the time.
    if gain.mean() <= gain.std(ddof=1) / np.sqrt(len(gain)):
        return ResidualMap(start, kind)
    layers, _ = _train(start, X, Y, replace(training, max_epochs=n_epochs), seed)
    trained = ResidualMap(start, kind, layers, n_epochs)
    before, after = (
        _row_losses(m(X), Y, by_angle=training.by_angle).mean()
        for m in (start, trained)
    )
    return trained if after < before else ResidualMap(start, kind)


def _row_losses(mapped, Y, *, by_angle):
    if by_angle:
        return 1 - (unit_rows(mapped) * unit_rows(Y)).sum(axis=1)
    return ((mapped - Y) ** 2).sum(axis=1)


def _train(start, X, Y, training, seed, held_out=None):
    """Layers in NumPy and number of epochs, the best ones on held-out pairs if any."""
    mean = X.mean(axis=0)
    # Networks train at their usual pace when numbers are about 1.
    x_scale = np.sqrt(np.mean((X - mean) ** 2)) or 1.0
    y_scale = np.sqrt(np.mean(Y**2)) or 1.0

    def scaled(X, Y):
        inputs = {"X": (X - mean) / x_scale, "start": start(X) / y_scale}
        return inputs, Y / y_scale

    net = _make_net(X.shape[1], Y.shape[1], training)
    net.set_params(batch_size=min(training.batch_size, max(len(X) // MIN_STEPS, 1)))
    stop = EarlyStopping(patience=training.patience, load_best=True)
    if held_out is not None:
        held_out = Dataset(*scaled(*held_out))
        net.set_params(train_split=predefined_split(held_out), callbacks=[stop])
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
    n_epochs = training.max_epochs if held_out is None else stop.best_epoch_
    return tuple((weight, bias) for weight, bias in layers), n_epochs


def _make_net(n_features, n_outputs, training):
    net = _InMemoryRegressor(
        _Residual,
        module__n_features=n_features,
        module__n_outputs=n_outputs,
        module__hidden_sizes=training.hidden_sizes,
        criterion=_CosineLoss if training.by_angle else nn.MSELoss,
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=training.weight_decay,
        optimizer__fused=True,
        lr=training.lr,
        max_epochs=training.max_epochs,
        train_split=None,
        device=resolve_device(training.device),
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
