"""Confidence intervals of one binomial proportion."""

import math

from scipy.special import betaincinv, ndtri


def wilson(successes, trials, confidence):
    """Invert the score test (Wilson 1927): close to nominal coverage at any rate."""
    z2 = ndtri((1 + confidence) / 2) ** 2
    rate = successes / trials
    centre = (rate + z2 / (2 * trials)) / (1 + z2 / trials)
    spread = rate * (1 - rate) / trials + z2 / (4 * trials**2)
    half_width = math.sqrt(z2 * spread) / (1 + z2 / trials)
    # The ends are exact where rounding would put them just off the estimate.
    low = centre - half_width if successes > 0 else 0.0
    high = centre + half_width if successes < trials else 1.0
    return float(low), float(high)


def clopper_pearson(successes, trials, confidence):
    """Invert the binomial test (Clopper and Pearson 1934): coverage never below."""
    tail = (1 - confidence) / 2
    failures = trials - successes
    low = betaincinv(successes, failures + 1, tail) if successes > 0 else 0.0
    high = betaincinv(successes + 1, failures, 1 - tail) if failures > 0 else 1.0
    return float(low), float(high)
