"""What linear layers and convolutions took and yielded in a pass of a module."""

from dataclasses import dataclass

import torch
from torch import nn

from sklearn_graceful.nn._loop import first_output
from sklearn_graceful.nn._plain_kernels import plain_attention


@dataclass(frozen=True)
class LayerRun:
    """One of a layer's runs.

    Attributes
    ----------
    name : str
        The layer's.
    layer : torch.nn.Linear or torch.nn.Conv2d
    inputs, output : tensor of shape (n, ...)
    """

    name: str
    layer: nn.Module
    inputs: torch.Tensor
    output: torch.Tensor

    def rows(self, *, has_bias):
        """What the weights are multiplied with, (n, n_places, n_in).

        A 1 is appended for the bias.
        """
        inputs, layer = self.inputs, self.layer
        if isinstance(layer, nn.Conv2d):
            inputs = nn.functional.unfold(
                inputs, layer.kernel_size, layer.dilation, layer.padding, layer.stride
            ).transpose(1, 2)
        else:
            inputs = self.by_place(inputs)
        if has_bias:
            inputs = torch.cat([inputs, inputs.new_ones(*inputs.shape[:2], 1)], dim=2)
        return inputs

    def by_place(self, tensor):
        """Shaped as what the layer yields, as (n, n_places, n_channels)."""
        if isinstance(self.layer, nn.Conv2d):
            return tensor.flatten(2).transpose(1, 2)
        return tensor.reshape(len(tensor), -1, tensor.shape[-1])


def matrix_layers(linear):
    """Layers whose weights that change are one matrix, perhaps with a bias.

    Parameters
    ----------
    linear : LinearizedModule

    Returns
    -------
    layers : dict of str to list of str
        Names of their weights that change, by their own names.
    others : list of str
        Names of all other weights that change.
    """
    layers, others = {}, list(linear.names)
    for name, layer in linear.module.named_modules():
        plain = isinstance(layer, nn.Linear) or (
            isinstance(layer, nn.Conv2d)
            and layer.groups == 1
            and layer.padding_mode == "zeros"
        )
        prefix = f"{name}." if name else ""
        own = [prefix + n for n in ("weight", "bias") if prefix + n in others]
        if plain and own[:1] == [f"{prefix}weight"]:
            layers[name] = own
            others = [n for n in others if n not in own]
    return layers, others


def layer_runs(module, names, x):
    """Runs of some layers in one pass at the module's weights, and its outputs.

    Returns
    -------
    runs : list of LayerRun
        In their order. Outputs can be differentiated by what layers yielded.
    outputs : tensor of shape (n, n_outputs)
    """
    runs, hooks = [], []
    for name in names:

        def keep(layer, inputs, output, name=name):
            output.requires_grad_()
            runs.append(LayerRun(name, layer, inputs[0].detach(), output))
            return output.clone()  # what follows may work in place

        hooks.append(module.get_submodule(name).register_forward_hook(keep))
    try:
        with torch.enable_grad(), plain_attention():
            outputs = first_output(module(x))
    finally:
        for hook in hooks:
            hook.remove()
    return runs, outputs


def derivatives_by_runs(outputs, directions, runs):
    """Yield what each combination of the outputs changes by with what runs yield.

    Parameters
    ----------
    outputs : tensor of shape (n, n_outputs)
        Of :func:`layer_runs`.
    directions : tensor of shape (k, n_outputs)
        What each output counts.
    runs : list of LayerRun

    Yields
    ------
    derivatives : list of (tensor of shape (n, n_places, n_channels) or None)
        For each combination one for each run; None: none of the outputs needs it.
    """
    if not runs:
        return
    for k, direction in enumerate(directions):
        found = torch.autograd.grad(
            (outputs @ direction).sum(),
            [run.output for run in runs],
            retain_graph=k + 1 < len(directions),
            allow_unused=True,
        )
        yield [
            None if part is None else run.by_place(part)
            for run, part in zip(runs, found, strict=True)
        ]
