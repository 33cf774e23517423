"""Choose among methods on rows that none of them was trained on."""

from dataclasses import dataclass

import numpy as np

from sklearn_graceful.classification._held_out import hold_out
from sklearn_graceful.classification._learners import check_learner
from sklearn_graceful.congruence import Congruence, NoCongruence

# With fewer held-out rows that count chance decides.
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


def rows_to_choose_on(y, share, weight=None):
    """Mask of held-out rows; None if they are too few to tell methods apart.

    A row of weight 0 tells nothing, and does not count.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
        Class indices.
    share : float
        Of each class, in [0, 1).
    weight : ndarray of shape (n,), default=None
        Of the rows.

    Returns
    -------
    held_out : ndarray of bool, shape (n,), or None
    """
    held_out = hold_out(y, share)
    telling = held_out if weight is None else held_out & (weight > 0)
    return held_out if telling.sum() >= FEWEST_ROWS else None


def choose_method(choices, trainer, held_out):
    """Train by every method, and by none, and look at held-out rows.

    A row costs 0 if the new model has it right, 1 if both have it wrong, and ``1 +
    flip_cost * (1 + critical)`` if only the old one has it right. The default is taken
    unless another method costs less by more than the standard error of the difference:
    on few rows the cheapest is so by chance.

    Parameters
    ----------
    choices : Choices
        The methods.
    trainer : Trainer
        On other rows.
    held_out : TrainingRows
        Rows to look at.

    Returns
    -------
    chosen : Congruence
    figures : list of HeldOutFigures
        The first is that of no method.
    """
    methods = [NoCongruence(), *choices.methods]
    wrong = []
    for method in methods:
        estimator = trainer.train(method).estimator
        labels = _predict(estimator, held_out.X, trainer.classes)
        wrong.append(labels != held_out.y)
    wrong = np.array(wrong, dtype=np.float64)
    weight = held_out.sample_weight
    flips = wrong * held_out.old.right
    flip_cost = choices.flip_cost
    if held_out.critical is not None:
        flip_cost = flip_cost * (1 + held_out.critical)
    best = cheapest(wrong + flip_cost * flips, methods.index(choices.default), weight)
    figures = [
        HeldOutFigures(
            method,
            error=float(np.average(wrong[k], weights=weight)),
            nfr=float(np.average(flips[k], weights=weight)),
        )
        for k, method in enumerate(methods)
    ]
    return methods[best], figures


def cheapest(costs, default, weight=None):
    """Candidate of the least mean cost, if that is no chance.

    Parameters
    ----------
    costs : ndarray of shape (n_candidates, n)
        By row.
    default : int
        Candidate that another one must beat by a standard error.
    weight : ndarray of shape (n,), default=None
        Of the rows.

    Returns
    -------
    chosen : int

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.classification._choosing import cheapest
    >>> costs = np.array([[0, 0, 1, 1, 0, 0, 0, 1], [0, 0, 1, 1, 0, 1, 1, 0]])
    >>> cheapest(costs, default=1), cheapest(np.tile(costs, 4), default=1)
    (1, 0)
    """
    gains = np.average(costs[default] - costs, axis=1, weights=weight)
    best = int(gains.argmax())
    gain = costs[default] - costs[best]
    weight = np.ones(len(gain)) if weight is None else weight
    share = weight / weight.sum()
    error = np.sqrt((share**2 * (gain - gains[best]) ** 2).sum())
    return best if gains[best] > error else default


def _predict(estimator, X, classes):
    if check_learner(estimator):
        return classes[estimator.predict_proba(X).argmax(axis=1)]
    return estimator.predict(X)
