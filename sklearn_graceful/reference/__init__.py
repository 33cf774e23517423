"""The model that is being replaced: one clone-safe handle for every kind."""

from sklearn_graceful.reference._handle import ReferenceModel, as_reference

__all__ = ["ReferenceModel", "as_reference"]
