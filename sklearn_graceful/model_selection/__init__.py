"""Select a new model with the old one in view: scorers and a flip budget."""

from sklearn_graceful.model_selection._best_under_budget import BestUnderBudget
from sklearn_graceful.model_selection._scorers import flip_scorer, update_scorer

__all__ = ["BestUnderBudget", "flip_scorer", "update_scorer"]
