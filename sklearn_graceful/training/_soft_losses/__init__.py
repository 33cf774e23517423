"""How each library is told soft labels: one module per library.

A module has ``learns(learner, n_classes)``, whether the learner with its parameters
minimises the log loss in a way that can be told soft labels; ``TIED_TO_LOSS``, the
parameters of its ``fit`` that work with a loss of its own only, such as rows with hard
labels to stop by; and ``fit(learner, X, labels, classes, **fit_params)``, which leaves
the learner as the library's own ``fit`` would, with the user's parameters and nothing
of the training rows, and returns True; or False.
"""

import numpy as np

from sklearn_graceful.training._parameters import library_of
from sklearn_graceful.training._soft_losses import (
    _catboost,
    _hist_gradient_boosting,
    _lightgbm,
    _xgboost,
)

_MODULES = {
    "sklearn": _hist_gradient_boosting,
    "lightgbm": _lightgbm,
    "xgboost": _xgboost,
    "catboost": _catboost,
}


def fit_by_own_loss(learner, X, labels, classes, fit_params):
    """Fit on soft labels if learner and library can; returns whether they did."""
    module = _MODULES.get(library_of(learner))
    # A library counts the classes of the labels that it is given.
    counted = len(np.unique(labels.y)) == len(classes) > 1
    if module is None or not counted or not module.learns(learner, len(classes)):
        return False
    if any(fit_params.get(name) is not None for name in module.TIED_TO_LOSS):
        return False
    return module.fit(learner, X, labels, classes, **fit_params)
