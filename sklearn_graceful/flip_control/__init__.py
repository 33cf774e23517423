"""How far an old model may move toward a new one: flip times, risk control, paths.

NumPy and SciPy only; ``FlipControlledClassifier`` puts it to use.
"""

from sklearn_graceful.flip_control._flip_times import flip_times
from sklearn_graceful.flip_control._mixing import log_scores, mix
from sklearn_graceful.flip_control._path import UpdatePath, trace_path
from sklearn_graceful.flip_control._risk import (
    GUARANTEES,
    allowed_flips,
    largest_new_share,
    risk_bound,
    rows_needed,
)
from sklearn_graceful.flip_control._routes import ROUTES, Arbiter, CostRatio, Mixing
from sklearn_graceful.flip_control._temperature import fit_temperature

__all__ = [
    "GUARANTEES",
    "ROUTES",
    "Arbiter",
    "CostRatio",
    "Mixing",
    "UpdatePath",
    "allowed_flips",
    "fit_temperature",
    "flip_times",
    "largest_new_share",
    "log_scores",
    "mix",
    "risk_bound",
    "rows_needed",
    "trace_path",
]
