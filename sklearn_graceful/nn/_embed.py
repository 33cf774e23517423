"""Networks as embedders: how wide they are, and what they yield."""

import inspect

import numpy as np
import torch
from sklearn.base import clone
from skorch import NeuralNetRegressor

from sklearn_graceful.nn._batches import (
    take_integers_as_floats,
    use_in_memory_batches,
)
from sklearn_graceful.nn._elastic import ElasticModule
from sklearn_graceful.nn._loop import first_output


def embed(net, X):
    """Output of a trained net, float32 of shape (n, embedding_dim)."""
    batches = [first_output(output).float().cpu() for output in net.forward_iter(X)]
    return torch.cat(batches).numpy()


def takes_width(net):
    """Whether an unfitted net's module has an ``embedding_dim`` that nobody set."""
    return "embedding_dim" in module_parameters(
        net
    ) and "embedding_dim" not in net.get_params_for("module")


def module_parameters(net):
    """What an unfitted net's module takes, by name; nothing if it is an object."""
    module = net.module
    if module is ElasticModule:
        module = net.get_params_for("module")["module"]
    return inspect.signature(module).parameters if inspect.isclass(module) else {}


def set_sizes(net, X, embedding_dim=None):
    """Tell an unfitted net's module the sizes that it takes; returns its width.

    Raises ValueError if its output is no vector a row, or of another width.
    """
    takes, given = module_parameters(net), net.get_params_for("module")
    sizes = {"n_features": X.shape[1], "embedding_dim": embedding_dim}
    for name, size in sizes.items():
        if name in takes and name not in given and size is not None:
            net.set_params(**{f"module__{name}": size})
    width = _output_width(net, X[:2])
    if embedding_dim is not None and width != embedding_dim:
        raise ValueError(
            f"embedding_dim is {embedding_dim}, but the module's output has width "
            f"{width}."
        )
    return width


def as_target(net, y, n_rows):
    """What the net's own ``fit`` accepts, where the loss knows the labels itself."""
    y = np.zeros(n_rows, dtype=np.int64) if y is None else y
    if isinstance(net, NeuralNetRegressor):
        return y.astype(np.float32)[:, None]
    return y


def _output_width(net, X):
    """Width of what an unfitted net's module yields, found by asking a copy."""
    probe = clone(net).set_params(callbacks=None, verbose=0)
    use_in_memory_batches(probe).initialize()
    take_integers_as_floats(probe)
    output = embed(probe, X)
    if output.ndim != 2:
        raise ValueError(
            "The module of an embedder yields one vector a row, of shape (n, width); "
            f"for {len(X)} rows it yields shape {output.shape}."
        )
    return output.shape[1]
