"""Bootstrap of any flip figure from the table of counts, whatever the row count."""

import math

import numpy as np

from sklearn_graceful.metrics.counts import FlipCounts


def multinomial_draws(counts, n_bootstrap, rng):
    """Tables of resampled rows: drawing n rows with replacement is this draw."""
    total = round(counts.total)
    draws = rng.multinomial(total, np.divide(counts.cells, total), size=n_bootstrap)
    return FlipCounts(*draws.T)


def weighted_draws(counts, squared, n_bootstrap, rng):
    """Tables of resampled rows whose weights are not counts.

    Repeating every row a Poisson(1) number of times gives each cell its total weight
    as mean and its sum of squared weights as variance. Both are met by a Poisson
    draw in units of the cell's typical weight.

    Parameters
    ----------
    counts, squared : FlipCounts
        Sums of the weights and of their squares.
    n_bootstrap : int
        Number of tables.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    draws : FlipCounts
        Cells are arrays of shape (n_bootstrap,).
    """
    weight = np.array(counts.cells)
    unit = np.divide(squared.cells, weight, out=np.ones(5), where=weight > 0)
    draws = rng.poisson(weight / unit, size=(n_bootstrap, 5)) * unit
    return FlipCounts(*draws.T)


def percentile_interval(draws, metric, confidence):
    """Quantiles of a figure over the draws in which it is defined."""
    return outer_quantiles(np.asarray(getattr(draws, metric)), confidence)


def outer_quantiles(figures, confidence):
    """Both ends of the middle `confidence` of the figures that are defined."""
    figures = np.sort(figures[~np.isnan(figures)])
    if not len(figures):
        return math.nan, math.nan
    # Whole ranks, rounded outwards: interpolating between draws fails at inf.
    skipped = int(len(figures) * (1 - confidence) / 2)
    return float(figures[skipped]), float(figures[-1 - skipped])
