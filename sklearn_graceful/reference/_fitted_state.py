"""Notice that a model was fitted again, at a cost far below that of a prediction."""

from functools import partial
from itertools import chain
from types import FunctionType, MethodType

import numpy as np

from sklearn_graceful._kinds import is_a, is_skorch_net

# Longer containers hold data (a vocabulary, a loss curve), not parts of the model.
_MAX_PARTS = 10_000
# Of many parts, such as the trees of a forest, which ones they are says enough: they
# are replaced by fitting the whole, not fitted one by one.
_MAX_OPENED = 32

# Most attributes are of these types: looking no further keeps large forests cheap.
_LEAVES = {bool, int, float, str, type(None), np.ndarray}


class FittedState:
    """What fitting replaces: attribute values by identity, torch tensors by version."""

    def __init__(self, model):
        # Parts are kept alive: an identity is only unique among living objects. Writing
        # into an array that is an attribute, or into ``tensor.data``, stays unseen.
        parts = [*parts_of(model)]
        tensors = [
            t for module in filter(_is_module, parts) for t in tensors_of(module)
        ]
        self._parts = parts + tensors
        self._marks = [*map(id, self._parts), *map(_version, tensors)]

    def __eq__(self, other):
        return self._marks == other._marks


def torch_modules(model):
    """List the outermost torch modules inside a model of any kind."""
    return list(filter(_is_module, parts_of(model)))


def tensors_of(module):
    """Parameters and buffers of a torch module."""
    return chain(module.parameters(), module.buffers())


def _version(tensor):
    # Tensors made in inference mode cannot be written to later.
    return None if tensor.is_inference() else tensor._version, tensor.data_ptr()


def _is_module(part):
    return type(part) not in _LEAVES and is_a(part, "torch.nn.Module")


def parts_of(model):
    """Yield a model and all that it is made of, nested estimators included.

    Parameters
    ----------
    model : object

    Yields
    ------
    part : object
        The model, then attributes, parameters, items and what functions refer to.

    Examples
    --------
    >>> from sklearn.frozen import FrozenEstimator
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_graceful.reference import parts_of
    >>> learner = LogisticRegression()
    >>> any(part is learner for part in parts_of(FrozenEstimator(learner)))
    True
    """
    # Attributes are followed through estimators, nets, containers, functions and their
    # closures; what a torch module holds is left to torch. Of objects that are no
    # estimators only the model itself is opened.
    root = model.__self__ if isinstance(model, MethodType) else model
    opened, stack = set(), [model]
    while stack:
        part = stack.pop()
        yield part
        inside = _inside(part, part is root)
        if not inside or id(part) in opened:
            continue
        opened.add(id(part))
        if isinstance(part, list | tuple) and len(part) > _MAX_OPENED:
            yield from part
        else:
            stack.extend(inside)


def _inside(part, is_root):
    if type(part) in _LEAVES or _is_module(part) or isinstance(part, type):
        return ()
    if is_skorch_net(part):
        names = ("module", "criterion", "module_", "criterion_", "classes_inferred_")
        return [getattr(part, name, None) for name in names]
    if isinstance(part, list | tuple | dict):
        items = part.values() if isinstance(part, dict) else part
        return items if len(items) <= _MAX_PARTS else ()
    if isinstance(part, FunctionType):
        return [_content(cell) for cell in part.__closure__ or ()]
    if isinstance(part, MethodType):
        return (part.__self__,)
    if isinstance(part, partial):
        return part.func, part.args, part.keywords
    if is_root or hasattr(part, "get_params"):
        return getattr(part, "__dict__", {}).values()
    return ()


def _content(cell):
    try:
        return cell.cell_contents
    except ValueError:  # a name that is not bound yet
        return None
