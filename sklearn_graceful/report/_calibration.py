"""How far a model's confidence can be trusted."""

from dataclasses import dataclass

import numpy as np

_N_BINS = 10
# No logarithm is taken of less.
_LEAST = 1e-7


@dataclass(frozen=True)
class Calibration:
    """Of a model that has probabilities.

    Attributes
    ----------
    log_loss : float
        Mean of ``-log p(true class)``, p being at least 1e-7.
    brier_score : float
        Mean squared distance of the probabilities from 1 and 0, between 0 and 2.
    calibration_error : float
        Distance between confidence and accuracy, over 10 bins of equally many rows
        (expected calibration error; Naeini et al. 2015, whose bins are equally wide).
    confidence, accuracy : tuple of float
        Means by bin.
    """

    log_loss: float
    brier_score: float
    calibration_error: float
    confidence: tuple
    accuracy: tuple


def calibration_of(answers, is_right, weight):
    """Calibration of Answers; None if there are no probabilities.

    Sums run in double precision, over bins of neighbours by confidence.
    """
    if answers.confidence is None:
        return None
    weight = np.ones(len(is_right)) if weight is None else weight
    true = answers.true_proba.astype(np.float64)
    brier = 1 - 2 * true + answers.squares
    order = np.argsort(answers.confidence, kind="stable")
    bins = np.array_split(order, min(_N_BINS, len(order)))
    bins = [rows for rows in bins if weight[rows].sum() > 0]
    confidence, accuracy = (
        np.array([np.average(of[rows], weights=weight[rows]) for rows in bins])
        for of in (answers.confidence.astype(np.float64), is_right)
    )
    share = np.array([weight[rows].sum() for rows in bins]) / weight.sum()
    return Calibration(
        float(np.average(-np.log(np.maximum(true, _LEAST)), weights=weight)),
        float(np.average(brier, weights=weight)),
        float(share @ np.abs(confidence - accuracy)),
        tuple(confidence.tolist()),
        tuple(accuracy.tolist()),
    )
