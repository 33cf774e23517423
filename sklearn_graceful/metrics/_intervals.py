"""Confidence intervals of the flip figures."""

import math
from typing import NamedTuple

import numpy as np

from sklearn_graceful.metrics._figures import FLIP_FIGURES
from sklearn_graceful.metrics._flip_counts import count_flips
from sklearn_graceful.metrics._flip_rates import read_figure
from sklearn_graceful.metrics._interval_methods import (
    METHODS,
    outer_quantiles,
    resample,
)
from sklearn_graceful.metrics._undefined import undefined
from sklearn_graceful.search import check_labels, check_weight


class ConfidenceInterval(NamedTuple):
    """A figure with its confidence interval.

    Parameters
    ----------
    estimate : float
        The figure itself.
    low, high : float
        Ends of the two-sided interval.

    Examples
    --------
    >>> from sklearn_graceful.metrics import FlipCounts, interval_from_counts
    >>> interval = interval_from_counts(FlipCounts(900, 10, 50, 30, 10))
    >>> interval.estimate, round(interval.high, 3)
    (0.01, 0.018)
    """

    estimate: float
    low: float
    high: float


def flip_interval(
    y_true,
    y_pred,
    *,
    y_old,
    metric="negative_flip_rate",
    confidence=0.95,
    method="auto",
    sample_weight=None,
    n_bootstrap=2000,
    random_state=None,
):
    """Confidence interval of a flip figure.

    Formula: by `method`. ``"wilson"`` (Wilson 1927) and ``"clopper-pearson"`` (Clopper
    and Pearson 1934) invert the score and the exact test of one proportion.
    ``"newcombe"`` (Newcombe 1998, method 10) and ``"tango"`` (Tango 1998) are for the
    paired difference of accuracies. ``"bootstrap"`` takes percentiles over multinomial
    draws of the counts, which is the bootstrap of rows at a cost that does not grow
    with their number.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_pred : array-like of shape (n,)
        Labels predicted by the new model.
    y_old : array-like of shape (n,)
        Labels predicted by the old model.
    metric : str, default="negative_flip_rate"
        Any name in `FLIP_FIGURES`, such as ``"negative_flip_rate"``, ``"acc_new"`` or
        ``"accuracy_difference"``, new minus old.
    confidence : float, default=0.95
        Coverage of the two-sided interval. The upper end at 0.90 is a one-sided
        bound at 95 %.
    method : {"auto", "wilson", "clopper-pearson", "newcombe", "tango", "bootstrap"}, \
default="auto"
        ``"auto"`` is Wilson for proportions, Newcombe for the accuracy difference and
        the bootstrap for the rest and for weights that are not whole numbers.
    sample_weight : array-like of shape (n,), default=None
        Row weights. Whole numbers are frequencies: weight k is k independent rows
        that look alike, and narrows the interval accordingly. Other weights belong
        to single rows of unequal importance; only the bootstrap is valid then.
    n_bootstrap : int, default=2000
        Number of bootstrap draws.
    random_state : int, RandomState, Generator or None, default=None
        Seed of the bootstrap. None draws fresh entropy; NumPy's global state is
        neither read nor changed.

    Returns
    -------
    interval : ConfidenceInterval
        Named tuple (estimate, low, high). All nan, with an UndefinedMetricWarning, if
        the figure is 0/0.

    Raises
    ------
    ValueError
        If the rows are invalid (see `flip_counts`), the metric or method unknown, the
        method not one for this metric or for weights that are not whole numbers, or
        `confidence` not between 0 and 1, or `n_bootstrap` less than 1.

    Notes
    -----
    Shares of a subset (``negative_flip_impact`` and the two backward compatibilities)
    are proportions of the rows in their denominator, which is taken as given.

    The bootstrap cannot know a kind of flip that the rows lack. If all draws agree, an
    UndefinedMetricWarning says that the width of 0 is no evidence. Draws in which a
    ratio is 0/0 are left out.

    No flips seen certify NFR <= 1 % at 95 % only from n = 299, see `rows_to_certify`.
    On rows that the old model was trained on every interval misleads.

    References
    ----------
    Newcombe, "Improved confidence intervals for the difference between binomial
    proportions based on paired data", Statistics in Medicine 17, 1998.

    Tango, "Equivalence test and confidence interval for the difference in proportions
    for the paired-sample design", Statistics in Medicine 17, 1998.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.metrics import flip_interval
    >>> y_true = np.zeros(500)
    >>> y_old = np.repeat([0, 1], [400, 100])
    >>> y_new = np.repeat([1, 0, 1], [5, 445, 50])
    >>> rate, low, high = flip_interval(y_true, y_new, y_old=y_old)
    >>> print(f"{rate:.3f} [{low:.3f}, {high:.3f}]")
    0.010 [0.004, 0.023]
    """
    labels = check_labels(y_true=y_true, y_pred=y_pred, y_old=y_old)
    weight = check_weight(sample_weight, labels[0])
    squared = None
    # Whole numbers count repeated rows; other weights tell their spread by squares.
    if weight is not None and (weight != np.rint(weight)).any():
        squared = count_flips(*labels, np.square(weight))
    counts = count_flips(*labels, weight)
    return _interval(
        counts, squared, metric, confidence, method, n_bootstrap, random_state
    )


def interval_from_counts(
    counts,
    *,
    metric="negative_flip_rate",
    confidence=0.95,
    method="auto",
    n_bootstrap=2000,
    random_state=None,
):
    """Confidence interval of a flip figure, from stored counts.

    Formula: that of `flip_interval`, which see for the methods and their sources.

    Parameters
    ----------
    counts : FlipCounts
        Counts of rows. Weighted counts must be whole numbers.
    metric, confidence, method, n_bootstrap, random_state
        As in `flip_interval`.

    Returns
    -------
    interval : ConfidenceInterval
        Named tuple (estimate, low, high).

    Raises
    ------
    ValueError
        As in `flip_interval`, and if a count is negative or not a whole number.

    Examples
    --------
    >>> from sklearn_graceful.metrics import FlipCounts, interval_from_counts
    >>> counts = FlipCounts(90_000_000, 500_000, 2_000_000, 7_000_000, 500_000)
    >>> ratio, low, high = interval_from_counts(
    ...     counts, metric="win_loss_ratio", random_state=0
    ... )
    >>> print(f"{ratio:.2f} [{low:.2f}, {high:.2f}]")
    4.00 [3.99, 4.01]
    """
    if not all(cell >= 0 and float(cell).is_integer() for cell in counts.cells):
        raise ValueError(
            f"counts must be whole numbers, none negative, got {counts}. For rows "
            "with other weights use flip_interval, which also sees their spread."
        )
    return _interval(
        counts, None, metric, confidence, method, n_bootstrap, random_state
    )


def rows_to_certify(max_nfr, *, confidence=0.95):
    """Rows without one negative flip that certify a bound on the negative flip rate.

    Formula: the least n with ``(1 - max_nfr) ** n <= 1 - confidence``, where the
    one-sided bound of Clopper and Pearson (1934) at 0 of n reaches `max_nfr`. With any
    flip among them, more rows are needed.

    Parameters
    ----------
    max_nfr : float
        Bound on the negative flip rate, between 0 and 1.
    confidence : float, default=0.95
        One-sided confidence.

    Returns
    -------
    n_rows : int

    Raises
    ------
    ValueError
        If an argument is not between 0 and 1.

    References
    ----------
    Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the
    case of the binomial", Biometrika 26, 1934.

    Examples
    --------
    >>> from sklearn_graceful.metrics import rows_to_certify
    >>> rows_to_certify(0.01)
    299
    """
    check_share("max_nfr", max_nfr)
    check_share("confidence", confidence)
    exact = math.log1p(-confidence) / math.log1p(-max_nfr)
    # A whole number may come out of the division a rounding error too high.
    return math.ceil(exact * (1 - 1e-12))


def _interval(counts, squared, metric, confidence, method, n_bootstrap, random_state):
    """Interval of checked counts; `squared` only if weights are no frequencies."""
    if metric not in FLIP_FIGURES:
        raise ValueError(
            f"Unknown metric {metric!r}, choose one of {list(FLIP_FIGURES)}."
        )
    figure = FLIP_FIGURES[metric]
    allowed = [*METHODS[figure.kind], "bootstrap"]
    if method == "auto":
        method = allowed[0] if squared is None else "bootstrap"
    if method not in allowed:
        raise ValueError(
            f"Unknown method {method!r} for {metric}, choose one of {allowed}."
        )
    if squared is not None and method != "bootstrap":
        raise ValueError(
            f"method={method!r} counts rows, but sample_weight holds weights that "
            "are not whole numbers. Use method='bootstrap'."
        )
    check_share("confidence", confidence)
    if n_bootstrap < 1:
        raise ValueError(f"n_bootstrap must be at least 1, got {n_bootstrap}.")
    estimate = read_figure(counts, metric)
    if math.isnan(estimate):
        return ConfidenceInterval(estimate, estimate, estimate)
    if method != "bootstrap":
        ends = METHODS[figure.kind][method](figure, counts, confidence)
        return ConfidenceInterval(estimate, *map(float, ends))
    # Percentiles over resampled rows (Efron 1979).
    rng = np.random.default_rng(random_state)
    draws = figure(resample(counts, squared, n_bootstrap, rng))
    low, high = outer_quantiles(draws, confidence)
    if low == high:
        undefined(
            f"All bootstrap draws of {metric} agree, because the rows lack some kind "
            "of flip. An interval without width is no evidence of certainty."
        )
    return ConfidenceInterval(estimate, low, high)


def check_share(name, value):
    """Refuse what is not between 0 and 1."""
    if not 0 < value < 1:
        raise ValueError(f"{name} must be between 0 and 1, got {value}.")
