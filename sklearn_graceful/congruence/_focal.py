"""The default method."""

from sklearn_graceful.congruence._base import Congruence
from sklearn_graceful.congruence._choices import Choices
from sklearn_graceful.congruence._focal_kl import FocalKL
from sklearn_graceful.congruence._focal_lm import FocalLM
from sklearn_graceful.congruence._match import Match
from sklearn_graceful.congruence._naive import Naive

_MIXINGS = (0.2, 0.3, 0.45, 0.6)
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
    not counted, nothing is chosen. To pay for one fit only, give `lam`, or use
    ``Match(mixing=...)`` instead.

    Parameters
    ----------
    lam : float or None, default=None
        Strength of the focal terms; with a number, these are used and nothing is
        chosen. None: see above.
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
    >>> from sklearn_graceful.congruence import Focal
    >>> Focal().choices("net", can_match=True).default
    Match(label_share=0.3, n_synthetic=4, n_teachers=4, swap_rate=0.5)
    >>> Focal(beta=10).choices("net", can_match=True).default
    FocalLM(beta=10, lam=0.01)
    """

    _bounds = Congruence._bounds | {
        "flip_cost": (0, float("inf")),
        "validation_fraction": (1e-6, 1 - 1e-6),
    }

    def __init__(
        self, lam=None, alpha=1.0, beta=5.0, flip_cost=1.0, validation_fraction=0.2
    ):
        self.lam = lam
        self.alpha = alpha
        self.beta = beta
        self.flip_cost = flip_cost
        self.validation_fraction = validation_fraction

    def choices(self, learner, *, can_match):
        """Candidates for a learner; see the class.

        Parameters
        ----------
        learner : {"net", "boosting", "other"}
            Kind of the learner.
        can_match : bool
            Whether ``Match`` can work.

        Returns
        -------
        choices : Choices

        Raises
        ------
        ValueError
            If `alpha` or `beta` is given for boosted trees.
        """
        if self.lam is not None:
            return Choices.only(self._focal_term(learner, self.lam))
        if can_match and (self.alpha, self.beta) == (1.0, 5.0):
            matches = [Match(mixing) for mixing in _MIXINGS]
            return self._choices(matches, _MIXINGS.index(0.45), learner)
        strengths, default = _STRENGTHS[learner]
        terms = [self._focal_term(learner, lam) for lam in strengths]
        return self._choices(terms, strengths.index(default), learner)

    def _choices(self, methods, default, learner):
        methods = [method.suited_to(learner) for method in methods]
        return Choices(
            methods,
            methods[default],
            self.flip_cost,
            self.validation_fraction,
        )

    def _focal_term(self, learner, lam):
        if learner == "net":
            return FocalLM(lam=lam, alpha=self.alpha, beta=self.beta)
        if learner == "other":
            return FocalKL(lam=lam, alpha=self.alpha, beta=self.beta, temperature=1.0)
        if (self.alpha, self.beta) != (1.0, 5.0):
            raise ValueError(
                "focal gives boosted trees row weights, 1 + lam * old_right: alpha "
                "and beta have no meaning there. Set lam, or use 'focal_kl'."
            )
        return Naive(lam=lam)
