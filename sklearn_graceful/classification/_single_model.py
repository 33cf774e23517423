"""One model in place of two: it imitates a controlled mixture."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.frozen import FrozenEstimator

from sklearn_graceful._arguments import check_share
from sklearn_graceful.classification._pc_classifier import PCClassifier
from sklearn_graceful.congruence import Match
from sklearn_graceful.exceptions import OldModelMismatchWarning
from sklearn_graceful.flip_control import risk_bound
from sklearn_graceful.metrics import is_negative_flip

# What is imitated is seen on synthetic rows only: there are more of them than usual.
_IMITATION = Match(flip_cost=0.0, old_share=1.0, n_synthetic=8)


@dataclass(frozen=True)
class Imitation:
    """How well a single model imitates the mixture, on rows that nobody used.

    Attributes
    ----------
    n_rows : int
        Number of these rows.
    nfr : float
        Share of rows that the old model has right and the single model wrong.
    nfr_bound : float
        One-sided upper bound (Clopper and Pearson 1934) of the single model's negative
        flip rate on rows like these.
    confidence : float
        Of the bound.
    accuracy : float
        Share of rows that the single model has right.
    agreement : float
        Share of rows with the same label by the single model and by the mixture.
    mixture_nfr : float
        As `nfr`, by the mixture.
    mixture_accuracy : float
        As `accuracy`, by the mixture.
    """

    n_rows: int
    nfr: float
    nfr_bound: float
    confidence: float
    accuracy: float
    agreement: float
    mixture_nfr: float
    mixture_accuracy: float


def check_imitation(method, confidence):
    """Refuse what is no way to imitate, and a confidence that is none.

    Raises
    ------
    TypeError
        If `method` is neither None nor a Match.
    ValueError
        If `confidence` is not in (0, 1).
    """
    if method is not None and not isinstance(method, Match):
        raise TypeError(f"method must be a Match, got {type(method).__name__}.")
    check_share("confidence", confidence, "neither")


def train_imitation(mixture, X, y, *, estimator, method, sample_weight, random_state):
    """Train one model on the mixture's answers.

    Parameters
    ----------
    mixture : FlipControlledClassifier
        Fitted, with an old model.
    X, y, sample_weight : array-like
        Training rows.
    estimator : estimator or None
        What learns. None: what the mixture's new model is made of.
    method : Match or None
        None: the mixture alone labels the synthetic rows.
    random_state : int, RandomState or None

    Returns
    -------
    model : PCClassifier
    """
    model = PCClassifier(
        _learner_of(mixture.estimator) if estimator is None else estimator,
        old_model=mixture,
        method=_IMITATION if method is None else method,
        random_state=random_state,
    )
    with warnings.catch_warnings():
        # The mixture may know the training rows by heart: it is imitated elsewhere.
        warnings.simplefilter("ignore", OldModelMismatchWarning)
        return model.fit(X, y, sample_weight=sample_weight)


def judge_imitation(y, y_old, y_mixture, y_single, confidence):
    """Compare labels by all three models.

    Parameters
    ----------
    y, y_old, y_mixture, y_single : ndarray of shape (n,)
        True labels and predictions.
    confidence : float
        Of the bound, in (0, 1).

    Returns
    -------
    imitation : Imitation
    """
    right_old, right, right_mixture = (
        labels == y for labels in (y_old, y_single, y_mixture)
    )
    flips = int(np.count_nonzero(is_negative_flip(right_old, right)))
    bound = risk_bound(
        flips, len(y), guarantee="high-probability", confidence=confidence
    )
    return Imitation(
        n_rows=len(y),
        nfr=flips / len(y),
        nfr_bound=bound,
        confidence=confidence,
        accuracy=float(right.mean()),
        agreement=float((y_single == y_mixture).mean()),
        mixture_nfr=float(is_negative_flip(right_old, right_mixture).mean()),
        mixture_accuracy=float(right_mixture.mean()),
    )


def _learner_of(estimator):
    """What learns inside a frozen model or a PCClassifier."""
    while isinstance(estimator, FrozenEstimator | PCClassifier):
        estimator = estimator.estimator
    return estimator
