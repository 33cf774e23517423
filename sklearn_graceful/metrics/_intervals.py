"""Confidence intervals of the flip figures."""

import math
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri
from scipy.stats import binomtest

from sklearn_graceful._arguments import (
    check_choice,
    check_count,
    check_is,
    check_share,
    random_generator,
)
from sklearn_graceful.metrics._figures import FLIP_FIGURES
from sklearn_graceful.metrics._flip_counts import (
    FlipCounts,
    count_flips,
    count_groups,
)
from sklearn_graceful.metrics._flip_rates import read_figure
from sklearn_graceful.metrics._resampling import (
    resample_groups,
    resample_rows,
    resample_weights,
)
from sklearn_graceful.metrics._undefined import undefined
from sklearn_graceful.search import check_labels, check_partitions, check_weight


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
    groups=None,
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
    groups : array-like of shape (n,), default=None
        Rows of one group (a patient, a shop, a day) are not independent. The bootstrap
        then draws whole groups, and is the only method.
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
    if groups is not None:
        _, groups = check_partitions(y_true=labels[0], groups=groups)
        _, group = np.unique(groups, return_inverse=True)
        tables = count_groups(*labels, weight, group, group.max() + 1)
        counts = FlipCounts(*tables.sum(axis=0).tolist())
        draw = partial(resample_groups, tables)
    elif weight is not None and (weight != np.rint(weight)).any():
        counts = count_flips(*labels, weight)
        draw = partial(resample_weights, counts, count_flips(*labels, weight**2))
    else:  # whole numbers count repeated rows
        counts, draw = count_flips(*labels, weight), None
    return _interval(
        counts, draw, metric, confidence, method, n_bootstrap, random_state
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
    check_is("counts", counts, FlipCounts)
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
    check_share("max_nfr", max_nfr, "neither")
    check_share("confidence", confidence, "neither")
    exact = math.log1p(-confidence) / math.log1p(-max_nfr)
    # A whole number may come out of the division a rounding error too high.
    return math.ceil(exact * (1 - 1e-12))


def _interval(counts, draw, metric, confidence, method, n_bootstrap, random_state):
    """Interval of checked counts; `draw` resamples what are not independent rows."""
    check_choice("metric", metric, FLIP_FIGURES)
    figure = FLIP_FIGURES[metric]
    allowed = [*METHODS[figure.kind], "bootstrap"]
    if isinstance(method, str) and method == "auto":
        method = allowed[0] if draw is None else "bootstrap"
    check_choice("method", method, allowed, of=metric)
    if draw is not None and method != "bootstrap":
        raise ValueError(
            f"method={method!r} counts independent rows, but there are groups, or "
            "sample_weight holds weights that are not whole numbers. Use "
            "method='bootstrap'."
        )
    check_share("confidence", confidence, "neither")
    check_count("n_bootstrap", n_bootstrap)
    if draw is None and counts.total > np.iinfo(np.int64).max:
        raise ValueError(f"{counts.total:.3g} rows, by their weights, are too many.")
    estimate = read_figure(counts, metric)
    if math.isnan(estimate):
        return ConfidenceInterval(estimate, estimate, estimate)
    if method != "bootstrap":
        ends = METHODS[figure.kind][method](figure, counts, confidence)
        return ConfidenceInterval(estimate, *map(float, ends))
    # Percentiles over resampled rows (Efron 1979).
    rng = random_generator(random_state)
    draw = partial(resample_rows, counts) if draw is None else draw
    draws = figure(draw(n_bootstrap, rng))
    low, high = outer_quantiles(draws, confidence)
    if low == high:
        undefined(
            f"All bootstrap draws of {metric} agree, because the rows lack some kind "
            "of flip. An interval without width is no evidence of certainty."
        )
    return ConfidenceInterval(estimate, low, high)


def wilson(figure, counts, confidence):
    """Invert the score test (Wilson 1927): close to nominal coverage at any rate."""
    return _proportion(*figure.parts(counts), confidence, "wilson")


def clopper_pearson(figure, counts, confidence):
    """Invert the binomial test (Clopper and Pearson 1934): coverage never below."""
    return _proportion(*figure.parts(counts), confidence, "exact")


def _proportion(successes, trials, confidence, method):
    test = binomtest(int(successes), int(trials))
    return test.proportion_ci(confidence, method)


def newcombe(figure, counts, confidence):
    """Square and add two Wilson intervals, correlated (Newcombe 1998, method 10)."""
    n = counts.total
    new, old = counts.right_new / n, counts.right_old / n
    low_new, high_new = _proportion(counts.right_new, n, confidence, "wilson")
    low_old, high_old = _proportion(counts.right_old, n, confidence, "wilson")
    correlation = _continuity_corrected_correlation(counts)

    def distance(a, b):
        return math.sqrt(max(a * a - 2 * correlation * a * b + b * b, 0.0))

    low = new - old - distance(new - low_new, high_old - old)
    high = new - old + distance(high_new - new, old - low_old)
    return max(low, -1.0), min(high, 1.0)


def _continuity_corrected_correlation(counts):
    n = counts.total
    margins = counts.right_new, counts.wrong_new, counts.right_old, n - counts.right_old
    scale = math.prod(map(math.sqrt, margins))
    if scale == 0:
        return 0.0
    covariance = (
        counts.both_right * counts.both_wrong
        - counts.negative_flips * counts.positive_flips
    )
    if covariance > 0:
        covariance = max(covariance - n / 2, 0.0)
    return covariance / scale


def tango(figure, counts, confidence):
    """Invert the score test of the paired difference (Tango 1998)."""
    z2 = float(ndtri((1 + confidence) / 2)) ** 2
    n = counts.total
    b, c = counts.negative_flips / n, counts.positive_flips / n

    def rejected(difference):
        # The share of negative flips, were `difference` the truth (maximum likelihood).
        linear = (2 - c + b) * difference - b - c
        constant = -b * difference * (1 - difference)
        flips = (math.sqrt(max(linear**2 - 8 * constant, 0.0)) - linear) / 4
        variance = (2 * flips + difference * (1 - difference)) / n
        return (c - b - difference) ** 2 > z2 * variance

    return _edge(rejected, c - b, -1.0), _edge(rejected, c - b, 1.0)


def _edge(rejected, inside, outside):
    """Bisect for the last value on the way from `inside` that is not rejected."""
    if not rejected(outside):
        return outside
    for _ in range(80):
        middle = (inside + outside) / 2
        if rejected(middle):
            outside = middle
        else:
            inside = middle
    return inside


# By the kind of figure, beside the bootstrap, which is for all; the first is "auto".
METHODS = {
    "proportion": {"wilson": wilson, "clopper-pearson": clopper_pearson},
    "difference": {"newcombe": newcombe, "tango": tango},
    "ratio": {},
}


def outer_quantiles(figures, confidence):
    """Both ends of the middle `confidence` of the figures that are defined."""
    figures = np.sort(figures[~np.isnan(figures)])
    if not len(figures):
        return math.nan, math.nan
    # Whole ranks, rounded outwards: interpolating between draws fails at inf.
    skipped = int(len(figures) * (1 - confidence) / 2)
    return float(figures[skipped]), float(figures[-1 - skipped])
