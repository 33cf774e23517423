"""May an update go out? What to do about it, and the figures that say so."""

from sklearn_graceful.report._assert import assert_graceful_update
from sklearn_graceful.report._calibration import Calibration
from sklearn_graceful.report._compare import compare_models
from sklearn_graceful.report._criteria import Check
from sklearn_graceful.report._embedder_advice import (
    EmbedderAdvice,
    advise_embedder_update,
)
from sklearn_graceful.report._flips import Flip
from sklearn_graceful.report._prediction_files import PredictionFile
from sklearn_graceful.report._saved_checks import UpdateChecks
from sklearn_graceful.report._slices import Slice
from sklearn_graceful.report._update_report import Power, UpdateReport

__all__ = [
    "Calibration",
    "Check",
    "EmbedderAdvice",
    "Flip",
    "Power",
    "PredictionFile",
    "Slice",
    "UpdateChecks",
    "UpdateReport",
    "advise_embedder_update",
    "assert_graceful_update",
    "compare_models",
]
