"""The model that is being replaced: one clone-safe handle for every kind."""

from sklearn_graceful._kinds import is_onnx_session, is_skorch_net
from sklearn_graceful.reference._adapters._torch import (
    floating_dtype,
    looks_up_numbers,
    naming_shapes,
)
from sklearn_graceful.reference._fingerprint import fingerprint_of
from sklearn_graceful.reference._fitted_state import parts_of
from sklearn_graceful.reference._fresh_clone import (
    fresh_clone,
    has_learned,
    what_clones_keep,
)
from sklearn_graceful.reference._handle import ReferenceModel, as_reference
from sklearn_graceful.reference._history import ModelHistory, old_labels
from sklearn_graceful.reference._scores import margin_columns
from sklearn_graceful.reference._training_traces import knows_rows
from sklearn_graceful.reference._unlike_columns import (
    unlike_columns,
    warn_of_unlike_columns,
)

__all__ = [
    "ModelHistory",
    "ReferenceModel",
    "as_reference",
    "fingerprint_of",
    "floating_dtype",
    "fresh_clone",
    "has_learned",
    "is_onnx_session",
    "is_skorch_net",
    "knows_rows",
    "looks_up_numbers",
    "margin_columns",
    "naming_shapes",
    "old_labels",
    "parts_of",
    "unlike_columns",
    "warn_of_unlike_columns",
    "what_clones_keep",
]
