"""Which labels a learner is fitted on: those of the user, or class indices."""

import numpy as np
from skorch import NeuralNet

from sklearn_graceful._front_door import ReplacesModelMixin
from sklearn_graceful.training._parameters import learners_inside, library_of


def learns_indices(learner):
    """Whether a learner wants labels 0, 1, ..., and predicts these.

    A network does, and so does XGBoost, also inside another learner; not so inside an
    estimator of ours, which translates.
    """
    if isinstance(learner, ReplacesModelMixin):
        return False
    return _wants_indices(learner) or any(
        map(_wants_indices, learners_inside(learner).values())
    )


def label_names(learner, classes):
    """What a learner is told that the classes are called, shape (n_classes,)."""
    return np.arange(len(classes)) if learns_indices(learner) else classes


def _wants_indices(learner):
    return isinstance(learner, NeuralNet) or library_of(learner) == "xgboost"
