"""Choose among methods on rows that none of them was trained on."""

from dataclasses import dataclass

import numpy as np

from sklearn_graceful.classification._held_out import hold_out
from sklearn_graceful.classification._learners import check_learner
from sklearn_graceful.congruence import Congruence, NoCongruence

# With fewer held-out rows chance decides.
FEWEST_ROWS = 100


@dataclass(frozen=True)
class HeldOutFigures:
    """What a method achieves on held-out rows.

    Attributes
    ----------
    method : Congruence
        As it was used.
    error : float
        Share of the rows that the new model has wrong.
    nfr : float
        Share of the rows that the old model has right and the new one wrong.
    """

    method: Congruence
    error: float
    nfr: float

    def cost(self, flip_cost):
        """Errors by row, a negative flip counting as ``1 + flip_cost``."""
        return self.error + flip_cost * self.nfr


def rows_to_choose_on(y, share):
    """Mask of held-out rows; None if they are too few to tell methods apart.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
        Class indices.
    share : float
        Of each class, in [0, 1).

    Returns
    -------
    held_out : ndarray of bool, shape (n,), or None
    """
    held_out = hold_out(y, share)
    return held_out if held_out.sum() >= FEWEST_ROWS else None


def compare_methods(methods, trainer, held_out):
    """Train by every method, and by none, and look at held-out rows.

    Parameters
    ----------
    methods : list of Congruence
        With their choices made.
    trainer : Trainer
        On other rows.
    held_out : TrainingRows
        Rows to look at.

    Returns
    -------
    figures : list of HeldOutFigures
        The first is that of no method.
    """
    found = []
    for method in [NoCongruence(), *methods]:
        trained = trainer.train(method)
        labels = _predict(trained.estimator, held_out.X, trainer.classes)
        wrong = (labels != held_out.y).astype(np.float64)
        weight = held_out.sample_weight
        found.append(
            HeldOutFigures(
                trained.method,
                error=float(np.average(wrong, weights=weight)),
                nfr=float(np.average(wrong * held_out.old.right, weights=weight)),
            )
        )
    return found


def _predict(estimator, X, classes):
    if check_learner(estimator):
        return classes[estimator.predict_proba(X).argmax(axis=1)]
    return estimator.predict(X)
