"""Rolling a new version out, label by label.

`PredictionStore` reports labels over many versions on rows that have none. NumPy and
SciPy only.
"""

from sklearn_graceful.rollout._confusion import confusion_probabilities
from sklearn_graceful.rollout._prediction_store import LabelChanges, PredictionStore

__all__ = ["LabelChanges", "PredictionStore", "confusion_probabilities"]
