"""Select a new model with the old one in view: scorers, a flip budget, a search."""

from sklearn_graceful._lazy import lazy_names
from sklearn_graceful.model_selection._best_under_budget import BestUnderBudget
from sklearn_graceful.model_selection._scorers import flip_scorer, update_scorer

__all__ = [
    "BestUnderBudget",
    "Candidate",
    "CompatibleSearchCV",
    "flip_scorer",
    "pareto_front",
    "update_scorer",
]

# These need torch, which takes seconds to import; scorers do without it.
_HOMES = {
    "Candidate": "_architectures",
    "CompatibleSearchCV": "_compatible_search",
    "pareto_front": "_architectures",
}
__getattr__, __dir__ = lazy_names(__name__, _HOMES, __all__)
