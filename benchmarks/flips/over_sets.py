"""Figures over sets, and their intervals."""

import numpy as np

FEWEST_FLIPS = 10
N_RESAMPLES = 2000


def pooled_ratio(flips, plain):
    """``(sum flips + 1/2) / (sum plain + 1/2)``; sums over the last axis, seeds."""
    return (np.sum(flips, axis=-1) + 0.5) / (np.sum(plain, axis=-1) + 0.5)


def mean_ratio(sets):
    """Geometric mean of pooled ratios; `sets` are pairs (flips, plain flips)."""
    return np.exp(np.mean([np.log(pooled_ratio(*pair)) for pair in sets], axis=0))


def mean_difference(sets):
    """Mean over sets, which are pairs of values by seed, of the mean difference."""
    return np.mean([np.mean(np.subtract(*pair), axis=-1) for pair in sets], axis=0)


def interval(figure, sets, confidence=0.95):
    """Interval of a figure of pairs by set, from resampling the seeds of each set."""
    rng = np.random.default_rng(0)
    drawn = []
    for pair in sets:
        n = len(pair[0])
        seeds = rng.integers(0, n, (N_RESAMPLES, n))
        drawn.append([np.take(values, seeds) for values in pair])
    tail = (1 - confidence) / 2
    return np.quantile(figure(drawn), [tail, 1 - tail])


def paired(methods, method, other, figure):
    """Values of two methods of a set, for the seeds that both have."""
    seeds = [seed for seed in methods[other] if seed in methods[method]]
    return tuple(
        [getattr(by_seed[seed], figure) for seed in seeds]
        for by_seed in (methods[method], methods[other])
    )


def has_few_flips(methods):
    """Whether plain retraining flips too rarely for a ratio."""
    flips = sum(counts.negative_flips for counts in methods["none"].values())
    return flips < FEWEST_FLIPS
