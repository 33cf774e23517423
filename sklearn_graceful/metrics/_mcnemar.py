"""Are two models equally accurate?"""

from typing import NamedTuple

from scipy.stats import binom

from sklearn_graceful._arguments import check_is
from sklearn_graceful.metrics._flip_counts import FlipCounts, flip_counts


class McnemarResult(NamedTuple):
    """Outcome of McNemar's test.

    Parameters
    ----------
    statistic : int
        The rarer kind of flip, min(b, c).
    pvalue : float
        Two-sided mid-p-value.
    """

    statistic: int
    pvalue: float


def mcnemar_test(y_true, y_pred, *, y_old):
    """Test that the old and the new model are equally accurate.

    Formula: ``p = 2 P(X < m) + P(X = m)`` with ``X ~ Binomial(b + c, 1/2)`` and
    ``m = min(b, c)``, the exact mid-p version of McNemar (1947) that Fagerland et al.
    (2013) recommend.

    **It tests only that the accuracies are equal.** As many positive as negative flips
    give p = 1, however many there are. Whether an update breaks too much is a question
    for `negative_flip_rate` and its `flip_interval`.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_pred : array-like of shape (n,)
        Labels predicted by the new model.
    y_old : array-like of shape (n,)
        Labels predicted by the old model.

    Returns
    -------
    result : McnemarResult
        Named tuple (statistic, pvalue). The p-value is 1 without any flips.

    Raises
    ------
    ValueError
        If the rows are invalid, see `flip_counts`.

    Notes
    -----
    There are no row weights: the test is exact for counts of independent rows only.
    On rows that the old model was trained on it misleads.

    References
    ----------
    McNemar, "Note on the sampling error of the difference between correlated
    proportions or percentages", Psychometrika 12, 1947.

    Fagerland, Lydersen and Laake, "The McNemar test for binary matched-pairs data:
    mid-p and asymptotic are better than exact conditional", BMC Medical Research
    Methodology 13, 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.metrics import mcnemar_test
    >>> y_true = np.zeros(161)
    >>> y_old = np.repeat([0, 0, 1, 1], [59, 6, 16, 80])
    >>> y_new = np.repeat([0, 1, 0, 1], [59, 6, 16, 80])
    >>> result = mcnemar_test(y_true, y_new, y_old=y_old)
    >>> result.statistic, round(result.pvalue, 6)
    (6, 0.03469)
    """
    return mcnemar_from_counts(flip_counts(y_true, y_pred, y_old=y_old))


def mcnemar_from_counts(counts):
    """Test that the old and the new model are equally accurate, from stored counts.

    Formula: that of `mcnemar_test`, which see for the sources.

    Parameters
    ----------
    counts : FlipCounts
        Counts of rows, without weights.

    Returns
    -------
    result : McnemarResult
        Named tuple (statistic, pvalue).

    Raises
    ------
    ValueError
        If the number of flips of a kind is not a whole number.
    TypeError
        If `counts` is nothing of the kind.

    Examples
    --------
    >>> from sklearn_graceful.metrics import FlipCounts, mcnemar_from_counts
    >>> mcnemar_from_counts(FlipCounts(90, 0, 0, 10, 0)).pvalue
    1.0
    """
    check_is("counts", counts, FlipCounts)
    b, c = counts.negative_flips, counts.positive_flips
    if not (float(b).is_integer() and float(c).is_integer()):
        raise ValueError(f"McNemar's test needs whole numbers of flips, got {b}, {c}.")
    rarer = min(b, c)
    fewer, equal = binom.cdf(rarer - 1, b + c, 0.5), binom.pmf(rarer, b + c, 0.5)
    return McnemarResult(int(rarer), min(float(2 * fewer + equal), 1.0))
