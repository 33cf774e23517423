"""The default method."""

import numpy as np

from sklearn_graceful.congruence._base import Congruence, NoCongruence
from sklearn_graceful.congruence._focal_kl import FocalKL
from sklearn_graceful.congruence._focal_lm import FocalLM
from sklearn_graceful.congruence._match import Match
from sklearn_graceful.congruence._naive import Naive
from sklearn_graceful.metrics import is_negative_flip
from sklearn_graceful.training import HeldOutFigures, cheapest

# With fewer held-out rows that count chance decides.
FEWEST_ROWS = 100

_OLD_SHARES = (0.2, 0.3, 0.45, 0.6)
# Strengths of the focal terms, and which is taken with too few rows to choose on.
_STRENGTHS = {
    "net": ((0.003, 0.01, 0.03, 0.1), 0.01),
    "boosting": ((1.0, 3.0), 1.0),
    "other": ((0.01, 0.03, 0.1, 0.3), 0.03),
}


class Focal(Congruence):
    """The form of congruence that suits learner and old model, at a chosen strength.

    With an old model that can be asked about new rows, it is ``Match``. With stored
    outputs only, or where ``Match`` cannot work (sparse X, texts, a learner without
    ``predict_proba`` or ``sample_weight``), a network gets ``FocalLM``, boosted trees
    ``Naive`` and any other learner ``FocalKL`` at temperature 1. For boosted trees do
    not expect much of stored outputs: soft labels gave them more negative flips and a
    higher error on most of the sets we measured.

    The strength that pays depends on how good the old model is, so it is chosen: the
    candidates, and no congruence at all, are trained on `1 - validation_fraction` of
    the rows, and compared by ``error + flip_cost * NFR`` on the others. A middle
    strength is kept unless another one is better by more than the standard error of
    the difference; the winner is trained on all rows. That costs up to 6 fits of the
    method in place of one. With fewer than 100 rows to choose on, those of weight 0
    not counted, nothing is chosen. To pay for one fit only, give `strength`, or
    use ``Match(old_share=...)`` instead.

    Parameters
    ----------
    strength : float or None, default=None
        Of the focal terms; with a number, these are used and nothing is chosen. None:
        see above.
    alpha : float, default=1.0
        Focal weight of every row. Any other value asks for the focal terms, and is
        refused for boosted trees.
    beta : float, default=5.0
        Additional focal weight of rows that the old model has right. Any other value
        asks for the focal terms, and is refused for boosted trees.
    flip_cost : float, default=1.0
        What a negative flip costs, on top of the error that it is: at 1, one flip less
        is worth one error more. That of a `critical` row of ``fit`` costs ``1 +
        critical`` times as much.
    validation_fraction : float, default=0.2
        Share of the rows of each class that the strength is chosen on, in (0, 1).

    References
    ----------
    Yan et al., "Positive-Congruent Training: Towards Regression-Free Model Updates",
    CVPR 2021, for the focal terms.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_graceful import PCClassifier
    >>> from sklearn_graceful.congruence import Focal
    >>> X, y = load_iris(return_X_y=True)
    >>> old = LogisticRegression(C=0.01).fit(X[::3], y[::3])
    >>> learner = LogisticRegression(max_iter=1000)
    >>> new = PCClassifier(learner, method="focal", random_state=0)
    >>> new.fit(X, y, old_model=old).method_.old_share
    0.45
    >>> new.set_params(method=Focal(strength=0.1)).fit(X, y, old_model=old).method_
    FocalKL(strength=0.1, temperature=1.0)
    """

    name = "focal"

    _bounds = Congruence._bounds | {
        "flip_cost": (0, float("inf")),
        "validation_fraction": (1e-6, 1 - 1e-6),
    }

    def __init__(
        self, strength=None, alpha=1.0, beta=5.0, flip_cost=1.0, validation_fraction=0.2
    ):
        self.strength = strength
        self.alpha = alpha
        self.beta = beta
        self.flip_cost = flip_cost
        self.validation_fraction = validation_fraction

    def check(self, training):
        """Refuse what no candidate can be used for."""
        for method in self.candidates(training)[0]:
            method.check(training)

    def train(self, training):
        """Train by the candidate that costs least on held-out rows."""
        if training.old is None:
            return NoCongruence().train(training)
        candidates, default = self.candidates(training)
        figures, chosen = None, default
        if len(candidates) > 1:
            # The chosen one is then trained as it would be without a choice.
            with training.own_randomness():
                figures, chosen = self._choose(candidates, default, training)
        fitted = chosen.train(training)
        return fitted if figures is None else {**fitted, "choice_": figures}

    def candidates(self, training):
        """Methods to choose from, and the one to take where chance would decide.

        Parameters
        ----------
        training : Training
            What would be trained with.

        Returns
        -------
        candidates : list of Congruence
            One where nothing is chosen.
        default : Congruence

        Raises
        ------
        ValueError
            If `alpha` or `beta` is given for boosted trees.
        """
        if self.strength is not None:
            term = self._focal_term(training.kind, self.strength)
            return [term], term
        if (self.alpha, self.beta) == (1.0, 5.0) and Match.works_with(training):
            matches = [Match(share).suited_to(training.kind) for share in _OLD_SHARES]
            return matches, matches[_OLD_SHARES.index(0.45)]
        strengths, default = _STRENGTHS[training.kind]
        terms = [self._focal_term(training.kind, strength) for strength in strengths]
        return terms, terms[strengths.index(default)]

    def _choose(self, candidates, default, training):
        """Figures of all candidates on held-out rows, and the one that costs least.

        A row costs 0 if the new model has it right, 1 if both have it wrong, and ``1 +
        flip_cost * (1 + critical)`` if only the old one has it right.
        """
        rest, held_out = training.hold_out(self.validation_fraction)
        weight = held_out.sample_weight
        telling = len(held_out.y) if weight is None else np.count_nonzero(weight)
        if telling < FEWEST_ROWS:
            return None, default
        methods = [NoCongruence(), *candidates]
        fitted = (method.train(rest)["estimator_"] for method in methods)
        wrong = np.array([held_out.is_wrong(estimator) for estimator in fitted])
        flips = is_negative_flip(held_out.old.right, ~wrong)
        flip_cost = self.flip_cost
        if held_out.critical is not None:
            flip_cost = flip_cost * (1 + held_out.critical)
        costs = wrong + flip_cost * flips
        best = cheapest(costs, methods.index(default), weight)
        figures = [
            HeldOutFigures(
                method,
                error=float(np.average(wrong[k], weights=weight)),
                nfr=float(np.average(flips[k], weights=weight)),
            )
            for k, method in enumerate(methods)
        ]
        return figures, methods[best]

    def _focal_term(self, learner, strength):
        focus = {"alpha": self.alpha, "beta": self.beta}
        if learner == "net":
            return FocalLM(strength, **focus)
        if learner == "other":
            return FocalKL(strength, **focus, temperature=1.0)
        if (self.alpha, self.beta) != (1.0, 5.0):
            raise ValueError(
                "focal gives boosted trees row weights, 1 + strength * old_right: "
                "alpha and beta have no meaning there. Set strength, or use 'focal_kl'."
            )
        return Naive(strength)
