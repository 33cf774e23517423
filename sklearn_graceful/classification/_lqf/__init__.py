"""Linear quadratic fine-tuning: a problem of least squares, and ways to solve it."""

from sklearn_graceful.classification._lqf._quadratic_fit import QuadraticFit
from sklearn_graceful.classification._lqf._solvers import SOLVERS
from sklearn_graceful.classification._lqf._start import (
    first_network,
    is_same_network,
    is_to_be_trained,
    old_network,
    trained_network,
)

__all__ = [
    "SOLVERS",
    "QuadraticFit",
    "first_network",
    "is_same_network",
    "is_to_be_trained",
    "old_network",
    "trained_network",
]
