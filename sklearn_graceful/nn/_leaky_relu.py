"""Activations that let a gradient through everywhere."""

import copy

from torch import nn

from sklearn_graceful._arguments import check_share


def to_leaky_relu(module, slope=0.01):
    """Copy a module with ``nn.LeakyReLU`` in place of each ``nn.ReLU``.

    A linearisation cannot switch on a unit that is off for every row, as its derivative
    is 0; a leaky one has a little. This is for a backbone that is still to be trained:
    it changes the output, so a linearised old model, which must start from that model's
    answers, must not use it.

    Parameters
    ----------
    module : torch.nn.Module
        Only layers that it holds are seen: a call of ``torch.relu`` or
        ``torch.nn.functional.relu`` in ``forward`` stays, and so does ``nn.ReLU6``, as
        its upper bound has no leaky form.
    slope : float, default=0.01
        Of the activation below 0, in (0, 1).

    Returns
    -------
    module : torch.nn.Module
        Shares no weights with the one given.

    Raises
    ------
    TypeError
        If `module` is no module.
    ValueError
        If it holds no ``nn.ReLU``, or `slope` is out of range.

    References
    ----------
    Achille et al., "LQF: Linear Quadratic Fine-Tuning", CVPR 2021.

    Examples
    --------
    >>> from torch import nn
    >>> from sklearn_graceful.nn import to_leaky_relu
    >>> to_leaky_relu(nn.Sequential(nn.Linear(2, 3), nn.ReLU()))
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): LeakyReLU(negative_slope=0.01)
    )
    """
    if not isinstance(module, nn.Module):
        raise TypeError(f"module must be a torch.nn.Module, got {module!r}.")
    check_share("slope", slope, "neither")
    # So that the module itself is a layer of something, too.
    whole = nn.Sequential(copy.deepcopy(module))
    found = [
        (parent, name, layer)
        for parent in whole.modules()
        for name, layer in parent._modules.items()
        if type(layer) is nn.ReLU
    ]
    if not found:
        raise ValueError(
            f"{type(module).__name__} has no layer nn.ReLU to replace; nn.ReLU6 and "
            "functions that forward calls are not replaced."
        )
    for parent, name, layer in found:
        leaky = nn.LeakyReLU(slope, inplace=layer.inplace).train(layer.training)
        setattr(parent, name, leaky)
        if isinstance(parent, nn.TransformerEncoderLayer):
            # Else its fused kernel still computes a ReLU.
            parent.activation_relu_or_gelu = 0
    return whole[0]
