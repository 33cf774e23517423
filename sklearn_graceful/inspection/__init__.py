"""Pictures of what an update changes."""

from sklearn_graceful.inspection._backfill_curve_display import BackfillCurveDisplay
from sklearn_graceful.inspection._compatibility_matrix_display import (
    CompatibilityMatrixDisplay,
)
from sklearn_graceful.inspection._flip_display import FlipDisplay
from sklearn_graceful.inspection._flip_matrix_display import FlipMatrixDisplay
from sklearn_graceful.inspection._nfr_tradeoff_display import NFRTradeoffDisplay
from sklearn_graceful.inspection._pareto_display import ParetoDisplay
from sklearn_graceful.inspection._strength_path_display import StrengthPathDisplay
from sklearn_graceful.inspection._update_path_display import UpdatePathDisplay

__all__ = [
    "BackfillCurveDisplay",
    "CompatibilityMatrixDisplay",
    "FlipDisplay",
    "FlipMatrixDisplay",
    "NFRTradeoffDisplay",
    "ParetoDisplay",
    "StrengthPathDisplay",
    "UpdatePathDisplay",
]
