"""Leave no trace of a prediction: neither in the model nor in global random states."""

import random
import sys
from contextlib import contextmanager

import numpy as np

from sklearn_graceful.reference._fitted_state import torch_modules


@contextmanager
def untouched(model):
    """Put training flags and the random states of NumPy, torch and Python back."""
    flags = [
        (submodule, submodule.training)
        for module in torch_modules(model)
        for submodule in module.modules()
    ]
    python_state = random.getstate()
    numpy_state = np.random.get_state()  # noqa: NPY002 (models draw from it)
    torch_states = _torch_states()
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
        _restore_torch(torch_states)
        for submodule, training in flags:
            submodule.training = training


def _torch_states():
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    started = torch.cuda.is_available() and torch.cuda.is_initialized()
    return torch.get_rng_state(), torch.cuda.get_rng_state_all() if started else []


def _restore_torch(states):
    if states is None:
        return
    torch = sys.modules["torch"]
    torch.set_rng_state(states[0])
    if states[1]:
        torch.cuda.set_rng_state_all(states[1])
