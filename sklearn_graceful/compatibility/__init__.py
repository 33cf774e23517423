"""How a new embedder is held to the old space: one small class per published method."""

from sklearn_graceful._method import find_methods
from sklearn_graceful.compatibility._base import Compatibility, Independent
from sklearn_graceful.compatibility._bct import BCT
from sklearn_graceful.compatibility._bt2 import BT2
from sklearn_graceful.compatibility._contrastive import Contrastive
from sklearn_graceful.compatibility._focal import Focal
from sklearn_graceful.compatibility._l2 import L2
from sklearn_graceful.compatibility._lce import LCE
from sklearn_graceful.compatibility._prototypes import class_means, class_modes
from sklearn_graceful.compatibility._simplex import Simplex
from sklearn_graceful.compatibility._task import Task, VersionPrototypes

METHODS = find_methods(vars(), Compatibility)

__all__ = [
    "BCT",
    "BT2",
    "L2",
    "LCE",
    "METHODS",
    "Compatibility",
    "Contrastive",
    "Focal",
    "Independent",
    "Simplex",
    "Task",
    "VersionPrototypes",
    "class_means",
    "class_modes",
]
