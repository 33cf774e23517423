"""Choose a method's strength on rows that nothing was trained on."""

import numpy as np
from scipy.special import log_softmax
from sklearn.base import clone

from sklearn_graceful.congruence._base import NoCongruence
from sklearn_graceful.congruence._match import Match
from sklearn_graceful.congruence._mixture import calibrate
from sklearn_graceful.metrics import is_negative_flip
from sklearn_graceful.training import HeldOutFigures, paired_difference

# With fewer held-out rows that count chance decides.
FEWEST_ROWS = 100

# An answer that is stored and one that is given now are the same.
_SAME = 1e-4
_SURE = 0.99
# Of the answers that it is not sure of, such a share may be the same by rounding.
_BY_CHANCE = 0.25


def compare(candidates, training, share):
    """Train candidates and a plain model on some rows, and look at the others.

    Parameters
    ----------
    candidates : list of Congruence
        From the weakest to the strongest.
    training : Training
        With an old model's answers.
    share : float
        Of the rows of each class that are looked at.

    Returns
    -------
    plain : PlainModels
        Those that they were compared with and taught by.
    figures : list of HeldOutFigures or None
        The plain model first. None: too few rows to tell.
    """
    rest, held_out = training.hold_out(share)
    weight = _weights(held_out)
    if np.count_nonzero(weight) < FEWEST_ROWS:
        return None, None
    if training.is_net and isinstance(candidates[0], Match):
        candidates = _calibrated(candidates, rest, held_out, weight)
    fitted = [_cheaper(method, rest).train(rest) for method in candidates]
    estimators = [rest.plain(1).first, *(f["estimator_"] for f in fitted)]
    wrong = [held_out.is_wrong(estimator) for estimator in estimators]
    methods = [method.suited_to(rest.kind) for method in candidates]
    return rest.plain(1), figures_of(methods, wrong, held_out.old.right, weight)


def _calibrated(candidates, rest, held_out, weight):
    """Candidates whose mixtures are as sure as held-out rows allow."""
    log_proba = log_softmax(rest.plain(1).mean_logits(held_out.X), axis=1)
    old, old_share = held_out.old, candidates[0].old_share
    opinions = log_proba, old.proba, old.known
    _, sharpness = calibrate(*opinions, held_out.y, weight, old_share)
    return [clone(method).set_params(sharpness=sharpness) for method in candidates]


def _weights(held_out):
    """Weights of held-out rows: those that the old model was trained on tell nothing.

    Out-of-fold answers beside the old model itself show which rows these are. All rows
    count where too few others would be left.
    """
    weight = held_out.sample_weight
    weight = np.ones(len(held_out.y)) if weight is None else weight
    if held_out.reference is None or np.ndim(held_out.old_proba) != 2:
        return weight
    asked = held_out.ask(held_out.raw)
    asked /= np.maximum(asked.sum(axis=1, keepdims=True), _SAME)
    same = np.abs(asked - held_out.old.proba).max(axis=1) <= _SAME
    # Of answers that were rounded, or that are all out of fold, hardly any are the same
    # but those that the old model is sure of: its easy rows, not its new ones.
    unsure = asked.max(axis=1) < _SURE
    if np.count_nonzero(same & unsure) <= _BY_CHANCE * np.count_nonzero(unsure):
        return weight
    unseen = np.where(same, weight, 0.0)
    return weight if np.count_nonzero(unseen) < FEWEST_ROWS else unseen


def figures_of(methods, wrong, old_right, weight):
    """Figures of a plain model and of methods.

    Parameters
    ----------
    methods : list of Congruence
        Without the plain one.
    wrong : list of ndarray of bool, shape (n,)
        Rows that each has wrong, the plain model's first.
    old_right : ndarray of bool, shape (n,)
        Rows that the old model has right.
    weight : ndarray of shape (n,)
        Of the rows.

    Returns
    -------
    figures : list of HeldOutFigures
    """
    figures = []
    for method, errors in zip([NoCongruence(), *methods], wrong, strict=True):
        nfr = np.average(is_negative_flip(old_right, ~errors), weights=weight)
        figures.append(
            HeldOutFigures(
                method,
                float(np.average(errors, weights=weight)),
                float(nfr),
                *paired_difference(errors, wrong[0], weight),
                int(np.count_nonzero(weight)),
            )
        )
    return figures


def _cheaper(method, training):
    if isinstance(method, Match) and training.is_net:
        # One teaches networks that are only looked at, and for half as long.
        shorter = method.tuning_share / 2
        return clone(method).set_params(n_teachers=1, tuning_share=shorter)
    return method
