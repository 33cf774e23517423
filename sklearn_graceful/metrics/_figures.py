"""The flip figures in one table, which functions, intervals, scorers and docs read."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class FlipFigure:
    """A figure of an update: what it is, and how to read it off the counts.

    Called with `FlipCounts`, it returns its value.

    Parameters
    ----------
    formula : str
        In the terms of `flip_counts`.
    source : str
        Where it was published.
    score : str or None
        Name among the scores of `update_scorer`; ``neg_`` says that less is better.
    numerator : str
        The property of `FlipCounts` that is divided.
    denominator : str, default="total"
        The one that divides.
    kind : {"proportion", "difference", "ratio"}, default="proportion"
        Of rows among rows, which is binomial; of two accuracies; or of anything else.
    range : str, default="0 to 1"
        Its least and its largest value.

    Examples
    --------
    >>> from sklearn_graceful.metrics import FLIP_FIGURES, FlipCounts
    >>> figure = FLIP_FIGURES["win_loss_ratio"]
    >>> figure.formula, figure.more_is_better, figure(FlipCounts(90, 2, 4, 3, 1))
    ('wins / losses = c / b', True, 2.0)
    """

    formula: str
    source: str
    score: str | None
    numerator: str
    denominator: str = "total"
    kind: str = "proportion"
    range: str = "0 to 1"

    @property
    def more_is_better(self):
        """Whether an update shall have more of it."""
        return self.score is None or not self.score.startswith("neg_")

    def parts(self, counts):
        """Return what is divided.

        Parameters
        ----------
        counts : FlipCounts

        Returns
        -------
        numerator, denominator : float or ndarray
        """
        return getattr(counts, self.numerator), getattr(counts, self.denominator)

    def __call__(self, counts):
        return ratio(*self.parts(counts))


def ratio(numerator, denominator):
    """Quotient of numbers or arrays; 0/0 is nan without a warning."""
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient = np.true_divide(numerator, denominator)
    return quotient if quotient.ndim else float(quotient)


# By the name of the property of FlipCounts, and of the function, if there is one.
# Formula, source, score, what is divided and by what; then what is unlike the default.
FLIP_FIGURES = {
    "acc_old": FlipFigure(
        "acc_old = (n11 + b) / n", "by definition", None, "right_old"
    ),
    "acc_new": FlipFigure(
        "acc_new = (n11 + c) / n", "by definition", "accuracy", "right_new"
    ),
    "accuracy_difference": FlipFigure(
        "acc_new - acc_old = (c - b) / n",
        "by definition",
        "accuracy_difference",
        "net_flips",
        kind="difference",
        range="-1 to 1",
    ),
    "negative_flip_rate": FlipFigure(
        "NFR = b / n", "Yan et al. 2021", "neg_nfr", "negative_flips"
    ),
    "positive_flip_rate": FlipFigure(
        "PFR = c / n", "Yan et al. 2021", "pfr", "positive_flips"
    ),
    "relative_negative_flip_rate": FlipFigure(
        "NFR / (acc_old * err_new)",
        "Yan et al. 2021",
        "neg_relative_nfr",
        "lost_share",
        "err_new",
        kind="ratio",
        range="0 to inf",
    ),
    "avoidable_negative_flip_rate": FlipFigure(
        "NFR - max(0, err_new - err_old)",
        "bound of Yan et al. 2021",
        "neg_avoidable_nfr",
        "avoidable_negative_flips",
        kind="ratio",
    ),
    "negative_flip_impact": FlipFigure(
        "NFI = b / (b + n00)",
        "Cai et al. 2022",
        "neg_nfi",
        "negative_flips",
        "wrong_new",
    ),
    "backward_trust_compatibility": FlipFigure(
        "BTC = n11 / (n11 + b)", "Bansal et al. 2019", "btc", "both_right", "right_old"
    ),
    "backward_error_compatibility": FlipFigure(
        "BEC = n00 / (b + n00)",
        "Srivastava et al. 2020",
        "bec",
        "both_wrong",
        "wrong_new",
    ),
    "churn_rate": FlipFigure(
        "churn = (b + c + n00 that changed) / n",
        "Milani Fard et al. 2016",
        "neg_churn",
        "changed",
    ),
    "win_loss_ratio": FlipFigure(
        "wins / losses = c / b",
        "rates of Yan et al. 2021",
        "win_loss",
        "positive_flips",
        "negative_flips",
        kind="ratio",
        range="0 to inf",
    ),
}
