"""The bootstrap of rows, weighted rows and groups, as draws of their counts."""

import numpy as np

from sklearn_graceful.metrics._flip_counts import FlipCounts


def resample_rows(counts, n_bootstrap, rng):
    """Tables of rows drawn with replacement, which is a draw of their counts."""
    total = round(counts.total)
    shares = np.divide(counts.cells, total)
    return FlipCounts(*rng.multinomial(total, shares, size=n_bootstrap).T)


def resample_weights(counts, squared, n_bootstrap, rng):
    """Tables of resampled rows; `squared` has the sums of their squared weights.

    Repeating every row a Poisson(1) number of times gives each cell its total weight
    as mean and its sum of squared weights as variance. Both are met by a Poisson draw
    in units of the cell's typical weight.
    """
    weight = np.array(counts.cells)
    unit = np.divide(squared.cells, weight, out=np.ones(5), where=weight > 0)
    draws = rng.poisson(weight / unit, size=(n_bootstrap, 5)) * unit
    return FlipCounts(*draws.T)


def resample_groups(tables, n_bootstrap, rng):
    """Tables of whole groups drawn with replacement, from theirs: (n_groups, 5)."""
    # Of groups that are alike, how many are drawn is all that counts.
    kinds, number = np.unique(tables, axis=0, return_counts=True)
    # In blocks: there may be as many kinds as groups.
    blocks = np.array_split(np.arange(n_bootstrap), 1 + len(kinds) // 1000)
    draws = [
        rng.multinomial(len(tables), number / len(tables), size=len(block)) @ kinds
        for block in blocks
    ]
    return FlipCounts(*np.concatenate(draws).T)
