"""Weights of torch modules: take them, put them back, average two sets."""

import torch


def copy_weights(module):
    """Parameters and buffers by name, as tensors of their own.

    Parameters
    ----------
    module : torch.nn.Module
        Compiled or not.

    Returns
    -------
    weights : dict of str to tensor
    """
    state = _uncompiled(module).state_dict()
    return {name: tensor.detach().clone() for name, tensor in state.items()}


def load_weights(module, weights):
    """Put weights into a module of the same architecture.

    Parameters
    ----------
    module : torch.nn.Module
        Changed in place; its device and dtype stay.
    weights : dict of str to tensor
        From :func:`copy_weights`.

    Raises
    ------
    ValueError
        If the module has other weights, by name or by shape.
    """
    module = _uncompiled(module)
    wanted = {name: tuple(t.shape) for name, t in module.state_dict().items()}
    given = {name: tuple(t.shape) for name, t in weights.items()}
    if wanted != given:
        other = sorted(set(wanted.items()) ^ set(given.items()))
        name = other[0][0]
        raise ValueError(
            "The old network has another architecture than the new one: "
            f"{name} has shape {given.get(name, 'none')} in the old one and "
            f"{wanted.get(name, 'none')} in the new one."
        )
    module.load_state_dict(weights)


def interpolate_weights(old, new, mixing):
    """``mixing * old + (1 - mixing) * new``, exactly `old` at 1 and `new` at 0.

    Parameters
    ----------
    old, new : dict of str to tensor
        Weights of two modules of the same architecture.
    mixing : float
        Share of `old`, in [0, 1].

    Returns
    -------
    weights : dict of str to tensor
        What is no floating-point number, such as a counter, is that of `new`, or of
        `old` at 1.
    """
    return {
        name: torch.lerp(tensor, old[name].to(tensor), mixing)
        if tensor.is_floating_point()
        else (old[name] if mixing == 1 else tensor)
        for name, tensor in new.items()
    }


def _uncompiled(module):
    # torch.compile wraps a module and changes the names of its weights.
    return getattr(module, "_orig_mod", module)
