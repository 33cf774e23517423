"""The methods by the names that users give them."""

from sklearn.base import clone

from sklearn_graceful.compatibility._base import Compatibility
from sklearn_graceful.compatibility._bct import BCT
from sklearn_graceful.compatibility._bt2 import BT2
from sklearn_graceful.compatibility._contrastive import Contrastive
from sklearn_graceful.compatibility._focal import Focal
from sklearn_graceful.compatibility._independent import Independent
from sklearn_graceful.compatibility._l2 import L2
from sklearn_graceful.compatibility._lce import LCE
from sklearn_graceful.compatibility._simplex import Simplex

COMPATIBILITY_METHODS = {
    "focal": Focal,
    "bct": BCT,
    "lce": LCE,
    "l2": L2,
    "contrastive": Contrastive,
    "simplex": Simplex,
    "bt2": BT2,
    "independent": Independent,
}


def check_compatibility(method):
    """Turn the name of a method, or a method, into a method of one's own.

    Parameters
    ----------
    method : str or Compatibility
        A key of ``COMPATIBILITY_METHODS`` or an object, which is cloned.

    Returns
    -------
    method : Compatibility

    Raises
    ------
    ValueError
        If the name is unknown, or a parameter is out of its bounds.
    TypeError
        If it is neither a name nor a method.
    """
    if isinstance(method, str):
        if method not in COMPATIBILITY_METHODS:
            known = ", ".join(sorted(COMPATIBILITY_METHODS))
            raise ValueError(f"Unknown method {method!r}; known are {known}.")
        return COMPATIBILITY_METHODS[method]()
    if not isinstance(method, Compatibility):
        raise TypeError(
            f"method must be a name or a Compatibility, got {type(method).__name__}."
        )
    method.check_parameters()
    return clone(method)
