"""The model that is being replaced: one clone-safe handle for every kind."""

from sklearn_graceful.reference._handle import ReferenceModel, as_reference
from sklearn_graceful.reference._history import ModelHistory, old_labels

__all__ = ["ModelHistory", "ReferenceModel", "as_reference", "old_labels"]
