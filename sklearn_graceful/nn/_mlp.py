"""The default network."""

from itertools import pairwise

import torch
from skorch.callbacks import EarlyStopping
from torch import nn

from sklearn_graceful.nn._classifier import InMemoryClassifier
from sklearn_graceful.nn._device import resolve_device
from sklearn_graceful.nn._held_out_share import HeldOutShare


class MLP(nn.Sequential):
    """Multi-layer perceptron with ReLU between its layers; its outputs are logits.

    Parameters
    ----------
    n_features : int
        Width of a row.
    n_classes : int
        Number of outputs.
    hidden_sizes : tuple of int, default=(128, 128)
        Width of each hidden layer.
    """

    def __init__(self, n_features, n_classes, hidden_sizes=(128, 128)):
        widths = (n_features, *hidden_sizes)
        layers = []
        for n_in, n_out in pairwise(widths):
            layers += [nn.Linear(n_in, n_out), nn.ReLU()]
        super().__init__(*layers, nn.Linear(widths[-1], n_classes))


def mlp_net(
    hidden_sizes=(128, 128),
    *,
    early_stopping=False,
    validation_fraction=0.1,
    patience=10,
    device="auto",
    **skorch_params,
):
    """Default skorch net: an MLP whose input and output widths are found at fit.

    It does not scale its input: put a ``StandardScaler`` before it.

    Parameters
    ----------
    hidden_sizes : tuple of int, default=(128, 128)
        Width of each hidden layer.
    early_stopping : bool, default=False
        Hold out a part of the training rows of each class, stop when the loss on it
        has not improved for `patience` epochs, and keep the best weights. The only row
        of a class is trained on.
    validation_fraction : float, default=0.1
        Share of rows held out with `early_stopping`.
    patience : int, default=10
        Epochs without improvement before `early_stopping` ends the training.
    device : str, default="auto"
        ``"auto"``: CUDA when there is a CUDA device, else the CPU.
    **skorch_params
        Any parameter of :class:`InMemoryClassifier`, such as ``max_epochs`` (default
        ``"auto"``, see there; 400 with `early_stopping`), ``lr`` (0.001),
        ``batch_size`` (128), ``optimizer`` (fused AdamW), ``callbacks`` or ``verbose``
        (0).

    Returns
    -------
    net : InMemoryClassifier
        Unfitted.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_graceful.nn import mlp_net
    >>> X, y = load_digits(return_X_y=True)
    >>> net = mlp_net((32,), max_epochs=3).fit(X / 16, y)
    >>> net.predict_proba(X / 16).shape
    (1797, 10)
    """
    params = {
        "early_stopping": early_stopping,
        "validation_fraction": validation_fraction,
        "patience": patience,
        "device": device,
    }
    return InMemoryClassifier(
        MLP, **mlp_params(hidden_sizes, **params, **skorch_params)
    )


def mlp_params(
    hidden_sizes,
    *,
    early_stopping=False,
    validation_fraction=0.1,
    patience=10,
    device="auto",
    **skorch_params,
):
    """Parameters of the net that :func:`mlp_net` makes, but for its module."""
    params = {
        "module__hidden_sizes": tuple(hidden_sizes),
        "device": resolve_device(device),
        "max_epochs": "auto",
        "lr": 1e-3,
        "batch_size": 128,
        "optimizer": torch.optim.AdamW,
        "train_split": None,
        "verbose": 0,
    }
    if skorch_params.get("optimizer", torch.optim.AdamW) is torch.optim.AdamW:
        params["optimizer__fused"] = True
    if early_stopping:
        params["train_split"] = HeldOutShare(validation_fraction)
        stop = EarlyStopping(patience=patience, load_best=True)
        own = skorch_params.pop("callbacks", None) or []
        params["callbacks"] = [*own, ("early_stopping", stop)]
    return params | skorch_params
