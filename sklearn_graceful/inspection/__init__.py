"""Pictures of what an update changes."""

from sklearn_graceful.inspection._flip_display import FlipDisplay

__all__ = ["FlipDisplay"]
