"""The default network that embeds, and training of any network that does."""

import inspect

import numpy as np
import torch
from sklearn.base import clone
from skorch import NeuralNet, NeuralNetRegressor
from torch import nn

from sklearn_graceful.nn._batches import (
    take_integers_as_floats,
    use_in_memory_batches,
)
from sklearn_graceful.nn._fit import train_on
from sklearn_graceful.nn._mlp import MLP, mlp_params


class EmbeddingMLP(MLP):
    """The same multi-layer perceptron as :class:`MLP`; its outputs are embeddings.

    Parameters
    ----------
    n_features : int
        Width of a row.
    embedding_dim : int
        Number of outputs.
    hidden_sizes : tuple of int, default=(128, 128)
        Width of each hidden layer.
    """

    def __init__(self, n_features, embedding_dim, hidden_sizes=(128, 128)):
        super().__init__(n_features, embedding_dim, hidden_sizes)


def embedding_net(hidden_sizes=(128, 128), *, device="auto", **skorch_params):
    """Default skorch net of an embedder: an MLP whose widths are found at fit.

    It is trained by :class:`~sklearn_graceful.CompatibleEmbedder`, which brings the
    loss. It does not scale its input: put a ``StandardScaler`` before it.

    Parameters
    ----------
    hidden_sizes : tuple of int, default=(128, 128)
        Width of each hidden layer.
    device : str, default="auto"
        ``"auto"``: CUDA when there is a CUDA device, else the CPU.
    **skorch_params
        Any parameter of ``skorch.NeuralNet``, such as ``max_epochs`` (default 100),
        ``lr`` (0.003), ``batch_size`` (64), ``optimizer`` (fused AdamW),
        ``callbacks`` or ``verbose`` (0).

    Returns
    -------
    net : skorch.NeuralNet
        Unfitted.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_graceful import CompatibleEmbedder
    >>> from sklearn_graceful.nn import embedding_net
    >>> X, y = load_digits(return_X_y=True)
    >>> net = embedding_net((32,), max_epochs=3)
    >>> CompatibleEmbedder(net, embedding_dim=8).fit_transform(X / 16, y).shape
    (1797, 8)
    """
    # Neighbourhoods take longer to learn than classes.
    defaults = {"max_epochs": 100, "lr": 3e-3, "batch_size": 64}
    params = mlp_params(hidden_sizes, device=device, **(defaults | skorch_params))
    return NeuralNet(EmbeddingMLP, criterion=nn.Identity, **params)


def fit_embedding_net(
    net, X, y, make_loss, *, embedding_dim=None, weight=None, verbose=0
):
    """Train an unfitted net by ``make_loss(width)``; its history, and that loss."""
    # The loss is a module ``loss(embeddings, rows)`` of one loss a row. It is trained
    # too and knows the labels, which the net's own validation split may not.
    _fill_sizes(net, n_features=X.shape[1], embedding_dim=embedding_dim)
    found = _output_width(net, X[:2])
    if embedding_dim is not None and found != embedding_dim:
        raise ValueError(
            f"embedding_dim is {embedding_dim}, but the module's output has width "
            f"{found}."
        )
    objective = _Objective(make_loss(found), weight)
    history = train_on(net, X, _as_target(net, y, len(X)), objective, verbose=verbose)
    return history, objective.criterion


def takes_width(net):
    """Whether the width of an unfitted net's embeddings is still to be chosen."""
    return (
        inspect.isclass(net.module)
        and "embedding_dim" in inspect.signature(net.module).parameters
        and "embedding_dim" not in net.get_params_for("module")
    )


def embed(net, X):
    """Output of a trained net, one vector a row: float32 (n, embedding_dim)."""
    batches = [_first(output).float().cpu() for output in net.forward_iter(X)]
    return torch.cat(batches).numpy()


class _Objective:
    """Mean loss of a batch, weighted by row; its criterion is trained too."""

    def __init__(self, loss, weight):
        self.criterion = loss
        self._weight = None if weight is None else torch.as_tensor(weight).float()

    def __call__(self, net, output, y, rows):
        losses = net.criterion_(_first(output).float(), rows)
        if self._weight is None:
            return losses.mean()
        # Moved once: the other way round every step would wait for the device.
        self._weight = self._weight.to(losses.device)
        rows = rows.to(losses.device) if torch.is_tensor(rows) else rows
        return torch.dot(self._weight[rows], losses) / len(losses)


def _fill_sizes(net, **sizes):
    if not inspect.isclass(net.module):
        return
    takes = inspect.signature(net.module).parameters
    given = net.get_params_for("module")
    for name, size in sizes.items():
        if name in takes and name not in given and size is not None:
            net.set_params(**{f"module__{name}": size})


def _first(output):
    return output[0] if isinstance(output, tuple) else output


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


def _as_target(net, y, n_rows):
    """What the net's own ``fit`` accepts; its loss looks at the rows' numbers only."""
    y = np.zeros(n_rows, dtype=np.int64) if y is None else y
    if isinstance(net, NeuralNetRegressor):
        return y.astype(np.float32)[:, None]
    return y
