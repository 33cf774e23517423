"""Confidence intervals of counts: one proportion, a paired difference, a bootstrap."""

import math

import numpy as np
from scipy.special import ndtri
from scipy.stats import binomtest

from sklearn_graceful.metrics._flip_counts import FlipCounts


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
    margins = (
        math.sqrt(counts.right_new)
        * math.sqrt(n - counts.right_new)
        * math.sqrt(counts.right_old)
        * math.sqrt(n - counts.right_old)
    )
    if margins == 0:
        return 0.0
    covariance = (
        counts.both_right * counts.both_wrong
        - counts.negative_flips * counts.positive_flips
    )
    if covariance > 0:
        covariance = max(covariance - n / 2, 0.0)
    return covariance / margins


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


def resample(counts, squared, n_bootstrap, rng):
    """Tables of resampled rows; `squared` has the sums of squared weights, if any."""
    if squared is None:
        # Drawing n rows with replacement is this draw of their counts.
        total = round(counts.total)
        shares = np.divide(counts.cells, total)
        return FlipCounts(*rng.multinomial(total, shares, size=n_bootstrap).T)
    # Repeating every row a Poisson(1) number of times gives each cell its total weight
    # as mean and its sum of squared weights as variance. Both are met by a Poisson draw
    # in units of the cell's typical weight.
    weight = np.array(counts.cells)
    unit = np.divide(squared.cells, weight, out=np.ones(5), where=weight > 0)
    draws = rng.poisson(weight / unit, size=(n_bootstrap, 5)) * unit
    return FlipCounts(*draws.T)


def outer_quantiles(figures, confidence):
    """Both ends of the middle `confidence` of the figures that are defined."""
    figures = np.sort(figures[~np.isnan(figures)])
    if not len(figures):
        return math.nan, math.nan
    # Whole ranks, rounded outwards: interpolating between draws fails at inf.
    skipped = int(len(figures) * (1 - confidence) / 2)
    return float(figures[skipped]), float(figures[-1 - skipped])
