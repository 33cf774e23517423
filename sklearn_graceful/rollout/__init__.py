"""Rolling a new version out over rows that have no labels: `PredictionStore`.

NumPy and SciPy only.
"""

from sklearn_graceful.rollout._confusion import confusion_probabilities
from sklearn_graceful.rollout._label_changes import LabelChanges
from sklearn_graceful.rollout._prediction_store import PredictionStore

__all__ = ["LabelChanges", "PredictionStore", "confusion_probabilities"]
