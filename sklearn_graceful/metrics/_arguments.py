"""Single arguments, refused by name where they are none of what is meant."""

import math
from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_scalar

from sklearn_graceful.search import as_column


def as_number(name, value):
    """A number as a float, NaN refused."""
    check_scalar(value, name, Real)
    try:
        number = float(value)
    except OverflowError as error:
        raise ValueError(f"{name} is larger than any float.") from error
    if math.isnan(number):
        raise ValueError(f"{name} must be a number, got nan.")
    return number


def check_share(name, value, *, ends="neither"):
    """Refuse what is no number between 0 and 1; `ends` "both" takes these, too."""
    check_scalar(value, name, Real)
    # Written so that NaN fails it.
    if not (0 < value < 1 or (ends == "both" and value in (0, 1))):
        raise ValueError(f"{name} must be between 0 and 1, got {value}.")


def check_count(name, value):
    """Refuse what is no whole number from 1 on."""
    check_scalar(value, name, Integral)
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}.")


def check_flag(name, value):
    """Refuse what is neither True nor False, such as a text that is true."""
    check_scalar(value, name, (bool, np.bool))


def check_is(name, value, kind):
    """Refuse what is no object of a class."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {kind.__name__}, got {type(value).__name__}.")


def as_numbers(name, values):
    """A number or an array of any container as a float array, NaN as it is."""
    try:
        column = as_column(name, values)
        if column.dtype.kind != "c":
            return column.astype(np.float64)
        raise TypeError("complex numbers")
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} must hold numbers, got {values!r:.60}.") from error


def generator(random_state):
    """Return a random generator of its own, of whatever seeds one."""
    try:
        return np.random.default_rng(random_state)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"random_state must be a whole number >= 0, a RandomState, a Generator or "
            f"None, got {random_state!r:.60}."
        ) from error
