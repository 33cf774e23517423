"""The methods by the names that users give them."""

from sklearn.base import clone

from sklearn_graceful.congruence._base import Congruence
from sklearn_graceful.congruence._conditional import Conditional
from sklearn_graceful.congruence._distill import Distill
from sklearn_graceful.congruence._elodi import ELODI
from sklearn_graceful.congruence._focal import Focal
from sklearn_graceful.congruence._focal_kl import FocalKL
from sklearn_graceful.congruence._focal_lm import FocalLM
from sklearn_graceful.congruence._interpolate import Interpolate
from sklearn_graceful.congruence._ldi import LDI
from sklearn_graceful.congruence._match import Match
from sklearn_graceful.congruence._muscle import Muscle
from sklearn_graceful.congruence._naive import Naive
from sklearn_graceful.congruence._none import NoCongruence

METHODS = {
    "none": NoCongruence,
    "naive": Naive,
    "distill": Distill,
    "focal": Focal,
    "focal_kl": FocalKL,
    "focal_lm": FocalLM,
    "conditional": Conditional,
    "muscle": Muscle,
    "ldi": LDI,
    "elodi": ELODI,
    "match": Match,
    "interpolate": Interpolate,
}


def check_method(method):
    """Turn the name of a method, or a method, into a method of one's own.

    Parameters
    ----------
    method : str or Congruence
        A key of ``METHODS`` or an object, which is cloned.

    Returns
    -------
    method : Congruence

    Raises
    ------
    ValueError
        If the name is unknown, or a parameter is out of its bounds.
    TypeError
        If it is neither a name nor a method.
    """
    if isinstance(method, str):
        if method not in METHODS:
            raise ValueError(
                f"Unknown method {method!r}; known are {', '.join(sorted(METHODS))}."
            )
        return METHODS[method]()
    if not isinstance(method, Congruence):
        raise TypeError(
            f"method must be a name or a Congruence, got {type(method).__name__}."
        )
    method.check_parameters()
    return clone(method)
