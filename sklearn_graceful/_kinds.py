"""Recognise objects of optional libraries without importing these libraries.

An object can only be, say, a torch module when torch has been imported already, so
`sys.modules` knows all that is needed and `import sklearn_graceful` stays fast.
"""

import sys


def is_a(item, kind):
    """Whether `item` is an instance of a class by its name, as "torch.nn.Module"."""
    library, *path = kind.split(".")
    found = sys.modules.get(library)
    for name in path:
        found = getattr(found, name, None)
    return isinstance(found, type) and isinstance(item, found)


def is_skorch_net(item):
    """Whether `item` is a skorch net of any task."""
    return is_a(item, "skorch.NeuralNet")


def is_onnx_session(item):
    """Whether `item` looks like an ``onnxruntime.InferenceSession``."""
    return all(
        callable(getattr(item, name, None))
        for name in ("get_inputs", "get_outputs", "run")
    )
