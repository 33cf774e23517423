"""Single arguments of constructors and functions, refused by name."""

import math
from numbers import Integral, Real

import numpy as np


class InvalidArgumentError(ValueError, TypeError):
    """An argument of the wrong kind or out of range; as scikit-learn's, it is both."""

    @classmethod
    def of(cls, name, wanted, value):
        """The error with its message, which is all that a pickle needs to make it."""
        return cls(f"{name} must be {wanted}, got {value!r:.60}.")


def check_number(name, value, low=-math.inf, high=math.inf, closed="both"):
    """Refuse what is no number from `low` to `high`; NaN, too.

    `closed` has the limits that are allowed themselves: "both", "left", "right" or
    "neither".
    """
    number = _as_float(value)
    above = number >= low if closed in ("both", "left") else number > low
    below = number <= high if closed in ("both", "right") else number < high
    if not (above and below):
        left = "[" if closed in ("both", "left") else "("
        right = "]" if closed in ("both", "right") else ")"
        limits = f" in {left}{low}, {high}{right}" if math.isfinite(low) else ""
        raise InvalidArgumentError.of(name, f"a number{limits}", value)


def check_share(name, value, closed="left"):
    """Refuse what is no number from 0 to 1, the limits as in `check_number`."""
    check_number(name, value, 0, 1, closed)


def check_count(name, value, least=1):
    """Refuse what is no whole number from `least` on."""
    if not (_is_a(Integral, value) and value >= least):
        raise InvalidArgumentError.of(name, f"a whole number from {least} on", value)


def check_choice(name, value, known, of=""):
    """Refuse what is none of the words, or None, that are `known`."""
    # An array would be compared item by item.
    if not ((value is None or isinstance(value, str)) and value in known):
        wanted = f"one of {tuple(known)}{of and f' for {of}'}"
        raise InvalidArgumentError.of(name, wanted, value)


def check_flag(name, value):
    """Refuse what is neither True nor False, such as a text that is true."""
    if not isinstance(value, bool | np.bool):
        raise InvalidArgumentError.of(name, "True or False", value)


def check_is(name, value, kind):
    """Refuse what is no object of a class."""
    if not isinstance(value, kind):
        raise InvalidArgumentError.of(name, kind.__name__, value)


def check_seed(value):
    """Refuse what NumPy makes no random numbers of."""
    if value is None or isinstance(value, np.random.RandomState):
        return
    if not (_is_a(Integral, value) and 0 <= value < 2**32):
        wanted = "an int from 0 to 2**32 - 1, a RandomState or None"
        raise InvalidArgumentError.of("random_state", wanted, value)


def check_verbosity(value):
    """Refuse what is no whole number from 0 on; True is 1."""
    check_count(
        "verbose", int(value) if isinstance(value, bool | np.bool) else value, 0
    )


def random_generator(random_state):
    """Return a random generator of its own, of whatever seeds one."""
    try:
        return np.random.default_rng(random_state)
    except (TypeError, ValueError) as error:
        wanted = "a whole number >= 0, a RandomState, a Generator or None"
        raise InvalidArgumentError.of("random_state", wanted, random_state) from error


def _as_float(value):
    """The number as a float, NaN if it is none or larger than any."""
    try:
        return float(value) if _is_a(Real, value) else math.nan
    except OverflowError:
        return math.nan


def _is_a(kind, value):
    return isinstance(value, kind) and not isinstance(value, bool | np.bool)
