"""Constructor parameters: what is wrong with one is said by its name."""

from numbers import Integral, Real

import numpy as np


def check_share(name, value, *, zero=True):
    """Refuse what is no number in [0, 1), or in (0, 1) without `zero`."""
    if not (_is_a(Real, value) and 0 <= value < 1 and (zero or value > 0)):
        raise ValueError(
            f"{name} must be in {'[' if zero else '('}0, 1), got {value!r}."
        )


def check_choice(name, value, known):
    """Refuse what is none of the words, or None, that are `known`."""
    if not (value is None or isinstance(value, str)) or value not in known:
        raise ValueError(f"{name} must be one of {tuple(known)}, got {value!r}.")


def check_flag(name, value):
    """Refuse what is neither True nor False."""
    if not isinstance(value, bool | np.bool):
        raise ValueError(f"{name} must be True or False, got {value!r}.")


def check_seed(value):
    """Refuse what NumPy makes no random numbers of."""
    if value is None or isinstance(value, np.random.RandomState):
        return
    if not (_is_a(Integral, value) and 0 <= value < 2**32):
        raise ValueError(
            "random_state must be an int from 0 to 2**32 - 1, a RandomState or None, "
            f"got {value!r}."
        )


def check_verbosity(value):
    """Refuse what is no whole number from 0 on; True is 1."""
    if not (isinstance(value, Integral | np.bool) and value >= 0):
        raise ValueError(f"verbose must be a whole number from 0 on, got {value!r}.")


def _is_a(kind, value):
    return isinstance(value, kind) and not isinstance(value, bool | np.bool)
