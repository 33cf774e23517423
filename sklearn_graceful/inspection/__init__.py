"""Pictures of what an update changes."""

from sklearn_graceful.inspection._flip_display import FlipDisplay
from sklearn_graceful.inspection._flip_matrix_display import FlipMatrixDisplay
from sklearn_graceful.inspection._update_path_display import UpdatePathDisplay

__all__ = ["FlipDisplay", "FlipMatrixDisplay", "UpdatePathDisplay"]
