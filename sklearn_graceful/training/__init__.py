"""What a method trains with: rows, old answers, plain models, losses, held-out rows."""

from sklearn_graceful.training._comparison import (
    HeldOutFigures,
    paired_difference,
    strongest_allowed,
)
from sklearn_graceful.training._fitted_network import FittedNetwork
from sklearn_graceful.training._labels_of_learner import learns_indices
from sklearn_graceful.training._learner import learner_kind
from sklearn_graceful.training._new_answers import checked_scores, predicted_labels
from sklearn_graceful.training._objective import Objective
from sklearn_graceful.training._old_answers import (
    OldAnswers,
    answers_of_model,
    answers_of_proba,
    warn_of_wrong_input,
)
from sklearn_graceful.training._plain import PlainModels
from sklearn_graceful.training._progress import Progress
from sklearn_graceful.training._soft_labels import SoftLabels
from sklearn_graceful.training._sources import ask_with_warnings
from sklearn_graceful.training._synthetic_rows import (
    can_be_swapped,
    in_blocks,
    swappable_rows,
    synthetic_rows,
)
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
    "can_be_swapped",
    "checked_scores",
    "in_blocks",
    "learner_kind",
    "learns_indices",
    "paired_difference",
    "predicted_labels",
    "rows_of_network",
    "strongest_allowed",
    "swappable_rows",
    "synthetic_rows",
    "warn_of_wrong_input",
]
