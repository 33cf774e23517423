"""The default method."""

from sklearn_graceful._wrappers import last_step
from sklearn_graceful.congruence._base import Congruence, NoCongruence
from sklearn_graceful.congruence._choice import compare
from sklearn_graceful.congruence._choice_by_labels import compare_labels
from sklearn_graceful.congruence._focal_kl import FocalKL
from sklearn_graceful.congruence._focal_lm import FocalLM
from sklearn_graceful.congruence._match import Match
from sklearn_graceful.congruence._naive import Naive
from sklearn_graceful.congruence._strength_path import (
    StrengthPath,
    has_batch_statistics,
)
from sklearn_graceful.training import strongest_allowed

# From weak to strong, with an old model that can be asked; trees cost most by far.
_LADDERS = {
    "net": [Match(0.3), Match(0.6), Match(0.9)],
    "boosting": [Naive(3.0), Match(3.0), Match(10.0)],
    "other": [Match(3.0), Match(10.0)],
}
# Where some error may be lost.
_STRONGER = {"net": Match(2.0), "boosting": Match(20.0), "other": Match(20.0)}
# How much a network's candidates cost differs by half a point of error between tables;
# the strongest costs nothing on average.
_SPREAD = 0.005
# Strengths of the terms that do with stored outputs, and which is taken with too few
# rows to choose on.
_STRENGTHS = {
    "net": ((0.003, 0.01, 0.03, 0.1), 0.01),
    "boosting": ((1.0, 3.0, 10.0), 1.0),
    "other": ((0.01, 0.03, 0.1, 0.3), 0.03),
}


class Focal(Congruence):
    """As few negative flips as possible at no higher error than plain retraining.

    With an old model that can be asked about new rows, it is ``Match``; boosted trees
    may fall back to ``Naive``, as the weakest candidate. With stored
    outputs only, or where ``Match`` cannot work (sparse X, texts, a learner without
    ``predict_proba`` or ``sample_weight``), a network gets ``FocalLM``, boosted trees
    ``Naive`` and any other learner ``FocalKL`` at temperature 1.

    The strength that pays depends on how good the old model is, so it is chosen: a
    plain model and the candidates are trained on `1 - validation_fraction` of the rows
    and compared on the others. The strongest is taken whose error exceeds the plain
    model's by no more than `max_error_increase` and one standard error of the paired
    difference, and never one that is worse on both error and flips. It is then trained
    on all rows. Candidates of ``Match`` share their plain models and all that these and
    the old model say.

    A network that is given stored answers, ``old_proba`` of shape (n, n_classes) or
    ``"out-of-fold"``, beside the old model is judged on all rows instead: plain
    networks, trained together, leave out an eighth of the rows each and are the
    teachers; compared are the labels that they would teach about the rows that they did
    not see. These rows also tell the mixture's ``old_share`` and ``sharpness``;
    held-out rows tell the ``sharpness`` only. In either way a network's candidates are
    believed to cost 0 ± 0.5 points of error before any row is looked at, so that a few
    rows alone speak against none.

    With fewer than 100 rows to choose on, those of weight 0 not counted, nothing is
    chosen: ``Match`` has its default strength, the focal terms a middle one.

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
    max_error_increase : float, default=0.0
        Error that may be lost for fewer flips, in shares of rows: 0.01 is one point.
    validation_fraction : float, default=0.2
        Share of the rows of each class that the strength is chosen on, in (0, 1). Not
        of networks that are judged on all rows.

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
    >>> new.fit(X, y, old_model=old).method_.flip_cost
    3.0
    >>> new.set_params(method=Focal(strength=0.1)).fit(X, y, old_model=old).method_
    FocalKL(strength=0.1, temperature=1.0)
    """

    name = "focal"

    _bounds = Congruence._bounds | {
        "max_error_increase": (0, 1),
        "validation_fraction": (1e-6, 1 - 1e-6),
    }

    def __init__(
        self,
        strength=None,
        alpha=1.0,
        beta=5.0,
        max_error_increase=0.0,
        validation_fraction=0.2,
    ):
        self.strength = strength
        self.alpha = alpha
        self.beta = beta
        self.max_error_increase = max_error_increase
        self.validation_fraction = validation_fraction

    def check(self, training):
        """Refuse what no candidate can be used for."""
        candidates, _ = self.candidates(training)
        for method in candidates:
            method.check(training)
        if training.old is not None and len(candidates) > 1:
            training.check_may_hold_out()

    def train(self, training):
        """Choose a candidate on held-out rows and train it on all of them."""
        if training.old is None:
            return NoCongruence().train(training)
        candidates, default = self.candidates(training)
        if len(candidates) == 1:
            return default.train(training)
        is_path, plain, figures = _is_path(candidates, training), None, None
        # The chosen one is then trained as if nothing had been drawn.
        with training.own_randomness():
            training.progress.expect(_n_models(candidates, training))
            if is_path:
                training.plain(1)  # tells the others how long to train
                figures = compare_labels(candidates, training)
            if figures is not None:  # left: the chosen and the strongest
                training.progress.expect(len(training.plain(1).fitted) + 2)
            else:
                plain, figures = compare(candidates, training, self.validation_fraction)
        if figures is None:
            return default.train(training)
        spread = _SPREAD if is_path else None
        chosen = strongest_allowed(figures, self.max_error_increase, spread)
        later = training.after(plain)
        fitted = {**figures[chosen].method.train(later), "choice_": figures}
        if is_path:
            fitted["update_path_"] = _trace_path(figures, chosen, later, fitted)
        return fitted

    def candidates(self, training):
        """Methods to choose from, and the one to take where chance would decide.

        Parameters
        ----------
        training : Training
            What would be trained with.

        Returns
        -------
        candidates : list of Congruence
            From the weakest to the strongest; one where nothing is chosen.
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
            ladder = list(_LADDERS[training.kind])
            if self.max_error_increase > 0:
                ladder.append(_STRONGER[training.kind])
            return ladder, Match()
        strengths, default = _STRENGTHS[training.kind]
        terms = [self._focal_term(training.kind, strength) for strength in strengths]
        return terms, terms[strengths.index(default)]

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


def _is_path(candidates, training):
    """Whether the candidates are networks that start from one plain network."""
    return training.is_net and isinstance(candidates[0], Match)


def _n_models(candidates, training):
    """How often something is trained, nets of one pack counted as one."""
    if _is_path(candidates, training):  # all, two of them twice, siblings once
        return 2 + len(candidates) + 3
    return 2 + len(candidates)


def _trace_path(figures, chosen, training, fitted):
    """Networks of some strengths on all rows, of which one is trained already."""
    modules = [None] * len(figures)
    modules[0] = _module(training.plain(1).fitted[0])
    # The strongest marks the direction; what is between two is found by interpolation,
    # which statistics of batches do not allow.
    strongest = len(figures) - 1
    between = range(1, strongest) if has_batch_statistics(modules[0]) else ()
    start = chosen or strongest
    tuned = fitted if chosen else figures[start].method.train(training)
    modules[start] = _module(tuned)
    for k in {*between, strongest} - {start}:
        modules[k] = _module(figures[k].method.go_on(training, tuned))
    return StrengthPath.of(figures, chosen, modules)


def _module(fitted):
    return last_step(fitted["estimator_"]).module_
