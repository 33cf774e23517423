"""What a method trains with: rows, old answers, plain models, losses, held-out rows."""

from sklearn_graceful.training._comparison import (
    HeldOutFigures,
    paired_difference,
    strongest_allowed,
)
from sklearn_graceful.training._fitted_network import FittedNetwork
from sklearn_graceful.training._learner import learner_kind
from sklearn_graceful.training._objective import Objective
from sklearn_graceful.training._old_answers import (
    OldAnswers,
    answers_of_model,
    answers_of_proba,
    warn_of_wrong_input,
)
from sklearn_graceful.training._plain import PlainModels
from sklearn_graceful.training._progress import Progress
from sklearn_graceful.training._rows import stack_rows
from sklearn_graceful.training._soft_labels import SoftLabels
from sklearn_graceful.training._sources import ask_with_warnings
from sklearn_graceful.training._training import Training, rows_of_network
from sklearn_graceful.training._weighted_rows import WeightedRows

__all__ = [
    "FittedNetwork",
    "HeldOutFigures",
    "Objective",
    "OldAnswers",
    "PlainModels",
    "Progress",
    "SoftLabels",
    "Training",
    "WeightedRows",
    "answers_of_model",
    "answers_of_proba",
    "ask_with_warnings",
    "learner_kind",
    "paired_difference",
    "rows_of_network",
    "stack_rows",
    "strongest_allowed",
    "warn_of_wrong_input",
]
