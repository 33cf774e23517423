"""Randomness that is reproducible and leaves the global generators alone."""

import random
from contextlib import contextmanager
from numbers import Integral

import numpy as np
import torch
from sklearn.utils import check_random_state


@contextmanager
def isolated_randomness(random_state):
    """Seed Python's, NumPy's and torch's global generators, then put them back."""
    seed = int(check_random_state(fixed_seed(random_state)).randint(2**31 - 1))
    python_state, numpy_state = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            random.seed(seed)
            np.random.seed(seed)
            _seed_torch(seed)
            yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)


def _seed_torch(seed):
    if torch.cuda.device_count() or torch.backends.mps.is_available():
        torch.manual_seed(seed)
    else:
        # For devices that are not there torch would keep the call, with its stack, and
        # take longer than a small model trains.
        torch.random.default_generator.manual_seed(seed)


def fixed_seed(random_state):
    """A seed that gives the same stream twice: drawn, unless it is a number already."""
    if isinstance(random_state, Integral):
        return random_state
    if random_state is None:
        # Not even the seed is taken from the global generators.
        return int(np.random.SeedSequence().generate_state(1)[0])
    return int(check_random_state(random_state).randint(2**31 - 1))
