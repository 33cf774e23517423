"""Recognise objects of optional libraries without importing these libraries.

An object can only be, say, a torch module when torch has been imported already, so
`sys.modules` knows all that is needed and `import sklearn_graceful` stays fast.
"""

import sys


def _is_instance(item, library, *path):
    found = sys.modules.get(library)
    for name in path:
        found = getattr(found, name, None)
    return isinstance(found, type) and isinstance(item, found)


def is_torch_module(item):
    """Whether `item` is a ``torch.nn.Module``."""
    return _is_instance(item, "torch", "nn", "Module")


def is_torch_tensor(item):
    """Whether `item` is a ``torch.Tensor``."""
    return _is_instance(item, "torch", "Tensor")


def is_skorch_net(item):
    """Whether `item` is a skorch net of any task."""
    return _is_instance(item, "skorch", "NeuralNet")


def is_data_frame(item):
    """Whether `item` is a pandas DataFrame."""
    return _is_instance(item, "pandas", "DataFrame")


def is_series(item):
    """Whether `item` is a pandas Series."""
    return _is_instance(item, "pandas", "Series")


def is_onnx_session(item):
    """Whether `item` looks like an ``onnxruntime.InferenceSession``."""
    return all(
        callable(getattr(item, name, None))
        for name in ("get_inputs", "get_outputs", "run")
    )
