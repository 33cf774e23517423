"""Rolling a new version out: label by label, or an embedder and its gallery.

`PredictionStore` reports labels over many versions on rows that have none;
`advise_embedder_update` says whether a new embedder is worth deploying and whether the
gallery has to be embedded again. NumPy and SciPy only.
"""

from sklearn_graceful.rollout._confusion import confusion_probabilities
from sklearn_graceful.rollout._embedder_advice import (
    EmbedderAdvice,
    advise_embedder_update,
)
from sklearn_graceful.rollout._label_changes import LabelChanges
from sklearn_graceful.rollout._prediction_store import PredictionStore

__all__ = [
    "EmbedderAdvice",
    "LabelChanges",
    "PredictionStore",
    "advise_embedder_update",
    "confusion_probabilities",
]
