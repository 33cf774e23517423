"""What a network costs: multiply-adds, parameters, memory, time."""

import statistics
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from sklearn.base import clone
from sklearn.utils import _safe_indexing, check_array
from skorch import NeuralNet
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from sklearn_graceful._wrappers import (
    fit_before_last,
    last_step,
    transform_before_last,
)
from sklearn_graceful.nn._batches import (
    take_integers_as_floats,
    use_in_memory_batches,
)
from sklearn_graceful.nn._embed import module_parameters, set_sizes
from sklearn_graceful.nn._embedding_net import embedding_net
from sklearn_graceful.nn._plain_kernels import plain_kernels
from sklearn_graceful.nn._seeding import isolated_randomness

_LOOKUPS = (nn.Embedding, nn.EmbeddingBag)
_WARM_UP, _RUNS = 5, 25


@dataclass(frozen=True)
class ModelCost:
    """What a network costs.

    Attributes
    ----------
    macs : int
        Multiply-adds of one row, of all products of matrices: linear layers,
        convolutions, attention, recurrent layers. What is done number by number, such
        as activations, normalisation and pooling, is not counted.
    params : int
        Parameters, trained or not.
    bytes : int
        Memory of parameters and buffers.
    latency : float or None
        Seconds that one row takes, median of 25 runs; None if it was not measured.
    """

    macs: int
    params: int
    bytes: int
    latency: float | None = None


def model_cost(estimator, X, y=None, *, latency=True):
    """Count what a network costs, whether it is trained yet or not.

    Parameters
    ----------
    estimator : estimator
        A skorch net, a Pipeline that ends in one, or an estimator of this package or a
        search around one. What is not fitted is only initialised, with random weights,
        and its transformers are fitted on `X` and `y`; it stays as it is.
    X : array-like of shape (n, n_features), or (n, ...) for a net
        Rows as `estimator` takes them, at least one; what the first one takes counts.
    y : array-like of shape (n,), default=None
        Labels. Only for unfitted transformers that learn from them.
    latency : bool, default=True
        Whether to measure the time, on the net's own device.

    Returns
    -------
    cost : ModelCost

    Raises
    ------
    TypeError
        If it is no network.
    ValueError
        If an untrained network does not say what it yields, as a classifier that finds
        its number of classes at fit.

    Warns
    -----
    UserWarning
        If a layer was run that has a matrix of weights, and none of its multiply-adds
        were counted.

    Notes
    -----
    Counted by ``torch.utils.flop_counter``, two operations for a multiply-add. Fused
    kernels that it does not know, of attention and recurrent layers, are replaced by
    plain ones while it counts.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.nn import embedding_net, model_cost
    >>> net = embedding_net((10,), module__embedding_dim=4)
    >>> model_cost(net, np.ones((1, 6)), latency=False)
    ModelCost(macs=100, params=114, bytes=456, latency=None)
    """
    net, rows = _initialized(estimator, X, y)
    module = net.module_
    (row,) = net.get_iterator(net.get_dataset(rows[:1]))

    def run():
        return net.evaluation_step(row)

    return ModelCost(
        macs=_count_macs(module, run),
        params=sum(p.numel() for p in module.parameters()),
        bytes=sum(t.nbytes for t in (*module.parameters(), *module.buffers())),
        latency=_measure_latency(run) if latency else None,
    )


def _initialized(estimator, X, y):
    """The net inside an estimator with weights, and two rows as it gets them."""
    dim = None
    while not isinstance(last_step(estimator), NeuralNet):
        inner = _inside(estimator)
        dim = getattr(estimator, "embedding_dim", dim)
        if inner is None:
            raise TypeError(
                "Only of a network the cost can be counted, got "
                f"{type(last_step(estimator)).__name__}."
            )
        estimator = inner
    net = last_step(estimator)
    if hasattr(net, "module_"):
        return net, _two_rows(transform_before_last(estimator, _first(X)))
    with isolated_randomness(0):
        net, X, _, _ = fit_before_last(clone(estimator), X, y)
        X = _two_rows(X)
        _check_says_how_many_classes(net)
        net.set_params(callbacks=None, verbose=0)
        set_sizes(net, X, dim)
        use_in_memory_batches(net).initialize()
    take_integers_as_floats(net)
    return net, X


def _first(X):
    return _safe_indexing(X, slice(0, 2))


def _two_rows(X):
    return check_array(_first(X), allow_nd=True, input_name="X")


def _check_says_how_many_classes(net):
    takes, given = module_parameters(net), net.get_params_for("module")
    if "n_classes" in takes and "n_classes" not in given:
        raise ValueError(
            "The classifier finds its number of classes at fit: fit it, or set "
            "module__n_classes."
        )


def _inside(estimator):
    """What an estimator of ours, or a search, is made of; fitted if it is fitted."""
    for name in ("best_estimator_", "estimator_", "estimator"):
        if hasattr(estimator, name):
            inner = getattr(estimator, name)
            return embedding_net() if inner is None else inner
    return None


def _count_macs(module, run):
    """Multiply-adds of a run, as torch counts them."""
    with _watched(module) as layers, plain_kernels():
        counter = FlopCounterMode(display=False)
        with counter:
            run()
    counts = counter.get_flop_counts()
    root = type(module).__name__
    unknown = {
        type(layer).__name__
        for name, layer in layers.items()
        if not sum(counts.get(f"{root}.{name}" if name else root, {}).values())
    }
    if unknown:
        warnings.warn(
            f"The multiply-adds of {', '.join(sorted(unknown))} are not counted.",
            stacklevel=3,
        )
    return counter.get_total_flops() // 2


@contextmanager
def _watched(module):
    """Layers by name that are run and have a matrix of weights to multiply with."""
    layers, hooks = {}, []
    for name, layer in module.named_modules():
        own = layer.parameters(recurse=False)
        if not isinstance(layer, _LOOKUPS) and any(p.ndim > 1 for p in own):
            note = partial(layers.__setitem__, name)
            hooks.append(
                layer.register_forward_pre_hook(lambda layer, _, note=note: note(layer))
            )
    try:
        yield layers
    finally:
        for hook in hooks:
            hook.remove()


def _measure_latency(run):
    seconds = []
    for number in range(_WARM_UP + _RUNS):
        start = time.perf_counter()
        run().cpu()  # waits for the device
        if number >= _WARM_UP:
            seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)
