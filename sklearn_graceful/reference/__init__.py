"""The model that is being replaced: one clone-safe handle for every kind."""

from sklearn_graceful._kinds import is_skorch_net
from sklearn_graceful.reference._adapters._torch import floating_dtype, looks_up_numbers
from sklearn_graceful.reference._handle import ReferenceModel, as_reference
from sklearn_graceful.reference._history import ModelHistory, old_labels
from sklearn_graceful.reference._scores import margin_columns

__all__ = [
    "ModelHistory",
    "ReferenceModel",
    "as_reference",
    "floating_dtype",
    "is_skorch_net",
    "looks_up_numbers",
    "margin_columns",
    "old_labels",
]
