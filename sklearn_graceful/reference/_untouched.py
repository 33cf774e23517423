"""Leave no trace of a prediction: neither in the model nor in global random states."""

import random
import sys
from contextlib import contextmanager, nullcontext

import numpy as np

from sklearn_graceful.reference._fitted_state import torch_modules


@contextmanager
def untouched(model):
    """Put training flags and the random states of NumPy, torch and Python back."""
    modules = [part for module in torch_modules(model) for part in module.modules()]
    flags = [module.training for module in modules]
    python_state = random.getstate()
    numpy_state = np.random.get_state()  # noqa: NPY002 (models draw from it)
    try:
        with _torch_states_kept():
            yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
        for module, training in zip(modules, flags, strict=True):
            module.training = training


def _torch_states_kept():
    torch = sys.modules.get("torch")
    if torch is None:
        return nullcontext()
    started = torch.cuda.is_initialized()
    return torch.random.fork_rng(range(torch.cuda.device_count()) if started else ())
