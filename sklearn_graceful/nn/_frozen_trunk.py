"""What a module computes before the first of the weights that change."""

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import torch

from sklearn_graceful.nn._linearized import LinearizedModule

# First dimensions of features, by which they are told from rows.
_MARK = (1, 1, 1, 1)


@dataclass(frozen=True)
class FrozenTrunk:
    """Layers without weights that change, in front of all that have some.

    What the last of them yields is all that the rest of the module needs of them.

    Attributes
    ----------
    calls : list of (str, torch.Size)
        Names of the layers in the order in which they run, and the shapes of what each
        yields for a row.
    row_shape, dtype : torch.Size, torch.dtype
        Of a row.
    """

    calls: list
    row_shape: torch.Size
    dtype: torch.dtype

    @classmethod
    def of(cls, module, names, x):
        """That of a module, tried on some rows; None if there is none.

        Parameters
        ----------
        module : torch.nn.Module
            In evaluation.
        names : list of str
            Of the weights that change.
        x : tensor of shape (n, ...)
            Rows.

        Returns
        -------
        trunk : FrozenTrunk or None
        """
        trunk = cls(_first_calls(module, names, x), x.shape[1:], x.dtype)
        layers = trunk._layers(module).values()
        if not any(list(layer.parameters()) for layer in layers):
            return None
        linear = LinearizedModule(module, names)
        direction = torch.linspace(-1, 1, len(linear.change)).to(linear.change)
        expected = linear.jvp(x, direction)
        behind = LinearizedModule(
            _Behind(module, trunk), [f"module.{name}" for name in names]
        )
        try:
            found = behind.jvp(trunk.features(module, x), direction)
        except Exception:  # whatever a module does with what is not there
            return None
        return trunk if all(map(torch.equal, found, expected)) else None

    @property
    def shape(self):
        """Of a row's features: as no row of anything is shaped."""
        return torch.Size(_MARK + self.calls[-1][1])

    def features(self, module, X, batch_size=256):
        """What comes out of it for rows, of shape (n, ...)."""
        return torch.cat([self._features(module, x) for x in X.split(batch_size)])

    def _features(self, module, x):
        found = []
        hooks = [
            layer.register_forward_hook(lambda *run: found.append(run[2]))
            for layer in self._layers(module).values()
        ]
        _run(module, x, hooks)
        return found[len(self.calls) - 1].view(-1, *self.shape)

    def run_behind(self, module, features):
        """The module's output for rows with these features, without the trunk."""
        left, features = list(self.calls), features.flatten(0, len(_MARK))

        def skip(forward, *args, **kwargs):
            if not left:  # a layer that also runs behind it
                return forward(*args, **kwargs)
            _, shape = left.pop(0)
            return _blank(features, shape, features.dtype) if left else features

        with ExitStack() as stack:
            for layer in self._layers(module).values():
                stack.enter_context(_forward_of(layer, partial(skip, layer.forward)))
            return module(_blank(features, self.row_shape, self.dtype))

    def _layers(self, module):
        return {name: module.get_submodule(name) for name, _ in self.calls}


class _Behind(torch.nn.Module):
    def __init__(self, module, trunk):
        super().__init__()
        self.module, self._trunk = module, trunk

    def forward(self, features):
        return self._trunk.run_behind(self.module, features)


def _blank(features, shape, dtype):
    """Stands for what nobody looks at: with numbers that exist, torch mixes none."""
    return torch.empty(len(features), *shape, dtype=dtype, device="meta")


@contextmanager
def _forward_of(layer, forward):
    """A layer with another forward, for a while."""
    own = vars(layer).get("forward")
    layer.forward = forward
    try:
        yield
    finally:
        del layer.forward
        if own is not None:
            layer.forward = own


def _first_calls(module, names, x):
    """Frozen layers, none inside another, that run before any weight that changes."""
    owners, open_layers = {name.rpartition(".")[0] for name in names}, {""}
    for name in owners:
        while name:
            open_layers.add(name)
            name = name.rpartition(".")[0]
    calls, running, is_over, hooks = [], [], [], []

    def begin(name):
        is_over.extend([True] * (name in owners))
        running.append(name)

    def end(name, output):
        running.pop()
        if name in open_layers or open_layers.isdisjoint(running[-1:] or [""]):
            return
        if not (isinstance(output, torch.Tensor) and len(output) == len(x)):
            is_over.append(True)
        if not is_over:
            calls.append((name, output.shape[1:]))

    for name, layer in module.named_modules():
        hooks.append(layer.register_forward_pre_hook(lambda *_, n=name: begin(n)))
        hooks.append(layer.register_forward_hook(lambda *run, n=name: end(n, run[2])))
    _run(module, x, hooks)
    return calls


def _run(module, x, hooks):
    """Once, for the sake of its hooks."""
    try:
        with torch.no_grad():
            module(x)
    finally:
        for hook in hooks:
            hook.remove()
