"""The flip figures in one table, which functions, intervals, scorers and docs read."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class FlipFigure:
    """A figure of an update: what it is, and how to read it off the counts.

    Called with `FlipCounts`, it returns its value.

    Parameters
    ----------
    name : str
        Of the property of `FlipCounts`, and of the function, if there is one.
    formula : str
        In the terms of `flip_counts`.
    reading : str
        What it tells.
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
    compares_wrong_labels : bool, default=False
        Whether it tells the same wrong label from another one.

    Examples
    --------
    >>> from sklearn_graceful.metrics import FLIP_FIGURES, FlipCounts
    >>> figure = FLIP_FIGURES["win_loss_ratio"]
    >>> figure.formula, figure.more_is_better, figure(FlipCounts(90, 2, 4, 3, 1))
    ('c / b', True, 2.0)
    """

    name: str
    formula: str
    reading: str
    source: str
    score: str | None
    numerator: str
    denominator: str = "total"
    kind: str = "proportion"
    range: str = "0 to 1"
    compares_wrong_labels: bool = False

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


_FIGURES = [
    FlipFigure(
        "acc_old",
        "(n11 + b) / n",
        "accuracy of the old model",
        "by definition",
        score=None,
        numerator="right_old",
    ),
    FlipFigure(
        "acc_new",
        "(n11 + c) / n",
        "accuracy of the new model",
        "by definition",
        score="accuracy",
        numerator="right_new",
    ),
    FlipFigure(
        "accuracy_difference",
        "(c - b) / n",
        "accuracy of the new model minus that of the old one",
        "by definition",
        score="accuracy_difference",
        numerator="net_flips",
        kind="difference",
        range="-1 to 1",
    ),
    FlipFigure(
        "negative_flip_rate",
        "NFR = b / n",
        "share of *all* rows; never less than the error that was lost",
        "Yan et al. 2021",
        score="neg_nfr",
        numerator="negative_flips",
    ),
    FlipFigure(
        "positive_flip_rate",
        "PFR = c / n",
        "accuracy gained = PFR - NFR, always",
        "Yan et al. 2021",
        score="pfr",
        numerator="positive_flips",
    ),
    FlipFigure(
        "relative_negative_flip_rate",
        "NFR / (acc_old * err_new)",
        "1: as many as unrelated models would have; compares updates of different "
        "quality",
        "Yan et al. 2021",
        score="neg_relative_nfr",
        numerator="lost_share",
        denominator="err_new",
        kind="ratio",
        range="0 to inf",
    ),
    FlipFigure(
        "avoidable_negative_flip_rate",
        "NFR - max(0, err_new - err_old)",
        "flips that the lost accuracy does not explain; equals min(NFR, PFR)",
        "bound of Yan et al. 2021",
        score="neg_avoidable_nfr",
        numerator="avoidable_negative_flips",
        kind="ratio",
    ),
    FlipFigure(
        "negative_flip_impact",
        "NFI = b / (b + n00)",
        "share of the new model's mistakes that are new",
        "Cai et al. 2022",
        score="neg_nfi",
        numerator="negative_flips",
        denominator="wrong_new",
    ),
    FlipFigure(
        "backward_trust_compatibility",
        "BTC = n11 / (n11 + b)",
        "share of the rows that the old model has right that stay right",
        "Bansal et al. 2019",
        score="btc",
        numerator="both_right",
        denominator="right_old",
    ),
    FlipFigure(
        "backward_error_compatibility",
        "BEC = n00 / (b + n00)",
        "1 - NFI",
        "Srivastava et al. 2020",
        score="bec",
        numerator="both_wrong",
        denominator="wrong_new",
    ),
    FlipFigure(
        "churn_rate",
        "share of rows whose prediction changed",
        "counts changes from one wrong label to another as well",
        "Milani Fard et al. 2016",
        score="neg_churn",
        numerator="changed",
        compares_wrong_labels=True,
    ),
    FlipFigure(
        "win_loss_ratio",
        "c / b",
        "positive flips for each negative one",
        "rates of Yan et al. 2021",
        score="win_loss",
        numerator="positive_flips",
        denominator="negative_flips",
        kind="ratio",
        range="0 to inf",
    ),
]
FLIP_FIGURES = {figure.name: figure for figure in _FIGURES}
