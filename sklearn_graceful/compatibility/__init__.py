"""How a new embedder is held to the old space: one small class per published method."""

from sklearn_graceful.compatibility._base import Compatibility
from sklearn_graceful.compatibility._bct import BCT
from sklearn_graceful.compatibility._bt2 import BT2
from sklearn_graceful.compatibility._contrastive import Contrastive
from sklearn_graceful.compatibility._focal import Focal
from sklearn_graceful.compatibility._independent import Independent
from sklearn_graceful.compatibility._l2 import L2
from sklearn_graceful.compatibility._lce import LCE
from sklearn_graceful.compatibility._registry import (
    COMPATIBILITY_METHODS,
    check_compatibility,
)
from sklearn_graceful.compatibility._simplex import Simplex
from sklearn_graceful.compatibility._task import Task, VersionPrototypes

__all__ = [
    "BCT",
    "BT2",
    "COMPATIBILITY_METHODS",
    "L2",
    "LCE",
    "Compatibility",
    "Contrastive",
    "Focal",
    "Independent",
    "Simplex",
    "Task",
    "VersionPrototypes",
    "check_compatibility",
]
