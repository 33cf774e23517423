"""Several modules of one architecture that compute in one pass."""

import copy
from itertools import cycle

import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

_RANDOM = (nn.modules.dropout._DropoutNd, nn.RReLU)


class NotPackableError(TypeError):
    """A module that gives another result in a pack than on its own."""


class PackedModule(nn.Module):
    """Members of one architecture, each with weights of its own.

    In training every member sees rows of its own, and its gradient is the one that it
    would have alone. In evaluation all see the same rows, and the output is the mean of
    theirs: of logits, which is up to a shift the mean of log-probabilities.

    Linear layers with ReLU between them (:class:`MLP`, or a ``Sequential`` of these)
    are computed by a few batched matrix products, any other module by ``torch.vmap``.

    Parameters
    ----------
    members : list of torch.nn.Module
        Of one class and one set of parameters. They are copied.

    Raises
    ------
    NotPackableError
        If a member has buffers, such as batch statistics, or draws random numbers in
        its forward pass.
    """

    def __init__(self, members):
        super().__init__()
        for part in members[0].modules():
            if isinstance(part, _RANDOM):
                raise NotPackableError(f"{type(part).__name__} draws random numbers.")
        stacked, buffers = stack_module_state(members)
        if buffers:
            raise NotPackableError(f"Buffers cannot be packed: {sorted(buffers)}.")
        self.n_members = len(members)
        self.names = tuple(stacked)
        self.stacked = nn.ParameterList(stacked.values())
        # In a tuple it is no part of this module: its weights are not trained.
        self._architecture = (copy.deepcopy(members[0]).to("meta"),)
        self.is_linear_with_relu = _is_linear_with_relu(members[0])
        self._workspace = _Workspace()

    def members(self):
        """Return the members as ordinary modules with their present weights."""
        members = []
        for k in range(self.n_members):
            member = copy.deepcopy(self._architecture[0])
            member.to_empty(device=self.stacked[0].device)
            weights = zip(self.names, self.stacked, strict=True)
            member.load_state_dict({name: w[k].detach() for name, w in weights})
            members.append(member)
        return members

    def train(self, mode=True):
        """Switch between rows of one's own and the mean over members."""
        self._workspace.clear()
        for part in self._architecture:
            part.train(mode)
        return super().train(mode)

    def forward(self, X):
        """Outputs of all members, or their mean.

        Parameters
        ----------
        X : tensor of shape (n_members * n, ...) in training, else (n, ...)
            In training the first n rows are those of the first member, and so on.

        Returns
        -------
        output : tensor of shape (n_members * n, n_classes), or (n, n_classes)
        """
        if not self.training:
            return self._mean_output(X)
        own = X.unflatten(0, (self.n_members, -1))
        if self.is_linear_with_relu:
            return _OwnRows.apply(self._workspace, own, *self.stacked)
        output = self._each(own, 0).flatten(0, 1)
        if output.requires_grad:
            # The loss is a mean over all rows; a member's is one over its own.
            output.register_hook(lambda gradient: gradient * self.n_members)
        return output

    def _mean_output(self, X):
        if not self.is_linear_with_relu:
            return self._each(X, None).mean(dim=0)
        *hidden, (weight, bias) = _layers(self.stacked)
        if hidden:
            # All members' first layers are one wide layer of the same rows.
            (first, shift), *hidden = hidden
            X = torch.addmm(shift.flatten(), X, first.flatten(0, 1).mT).relu_()
            X = X.unflatten(1, (self.n_members, -1)).transpose(0, 1)
            for inner, shift in hidden:
                X = torch.baddbmm(shift[:, None], X, inner.mT).relu_()
        else:
            X = X.expand(self.n_members, *X.shape)
        share = 1 / self.n_members
        return torch.addbmm(bias.mean(dim=0), X, weight.mT, alpha=share)

    def _each(self, X, rows_axis):
        def one(weights, rows):
            return functional_call(self._architecture[0], weights, rows)

        weights = dict(zip(self.names, self.stacked, strict=True))
        try:
            return vmap(one, in_dims=(0, rows_axis))(weights, X)
        except (RuntimeError, ValueError, TypeError) as error:
            raise NotPackableError(
                f"{type(self._architecture[0]).__name__} cannot be packed: {error}"
            ) from error

    def __getstate__(self):
        return {**super().__getstate__(), "_workspace": _Workspace()}


class _Workspace(list):
    """Tensors that one step leaves for the next."""

    # Fresh memory of this size costs the operating system as much time as the
    # computation in it. A step takes the tensors out and puts them back at its end, so
    # that two steps under way never share them.

    def __deepcopy__(self, memo):
        return _Workspace()


class _OwnRows(torch.autograd.Function):
    """Linear layers with ReLU between them, of all members at once."""

    @staticmethod
    def forward(ctx, workspace, X, *parameters):
        ctx.workspace, ctx.parameters = workspace, parameters
        ctx.tensors = workspace.pop() if workspace else {}
        ctx.inputs = [X]
        layers = _layers(parameters)
        for i, (weight, bias) in enumerate(layers):
            shape = (*ctx.inputs[-1].shape[:2], weight.shape[1])
            out = _tensor(ctx.tensors, ("output", i), shape, weight)
            torch.baddbmm(bias[:, None], ctx.inputs[-1], weight.mT, out=out)
            if i < len(layers) - 1:
                ctx.inputs.append(out.relu_())
        return out.flatten(0, 1).clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        n_members = len(ctx.parameters[0])
        # The loss is a mean over all rows; a member's is one over its own.
        gradient = gradient.unflatten(0, (n_members, -1)) * n_members
        for i, (weight, bias) in reversed([*enumerate(_layers(ctx.parameters))]):
            inputs = ctx.inputs[i]
            own = _tensor(ctx.tensors, ("weight", i), weight.shape, weight)
            _add_gradient(weight, torch.bmm(gradient.mT, inputs, out=own))
            own = _tensor(ctx.tensors, ("bias", i), bias.shape, bias)
            _add_gradient(bias, torch.sum(gradient, dim=1, out=own))
            if i:
                before = _tensor(ctx.tensors, ("input", i), inputs.shape, inputs)
                torch.bmm(gradient, weight, out=before)
                gradient = torch.ops.aten.threshold_backward.grad_input(
                    before, inputs, 0, grad_input=before
                )
        ctx.workspace.append(ctx.tensors)
        return None, None, *(None for _ in ctx.parameters)


def _add_gradient(parameter, gradient):
    # Straight to the parameter: autograd would copy it.
    if parameter.grad is None:
        parameter.grad = gradient
    else:
        parameter.grad = parameter.grad + gradient


def _tensor(tensors, name, shape, like):
    if name not in tensors or tensors[name].shape != shape:
        tensors[name] = like.new_empty(shape)
    return tensors[name]


def _layers(parameters):
    """Pairs of weight and bias."""
    return list(zip(parameters[::2], parameters[1::2], strict=True))


def _is_linear_with_relu(module):
    layers = list(module.children())
    return (
        type(module).forward is nn.Sequential.forward
        and len(layers) % 2 == 1
        and all(
            type(layer) is kind
            for layer, kind in zip(layers, cycle([nn.Linear, nn.ReLU]), strict=False)
        )
        and all(layer.bias is not None for layer in layers[::2])
        and all(p.requires_grad for p in module.parameters())
    )
