"""Which points no other one beats."""

import numpy as np


def front_rows(x, y):
    """Positions of the Pareto front: less of `x` and more of `y` is better.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
        A point with nan in `y` is on no front.

    Returns
    -------
    rows : ndarray of int
        From the lowest x to the highest y.
    """
    order = np.lexsort((-y, x))
    order = order[~np.isnan(y[order])]
    highest = np.maximum.accumulate(y[order])
    return order[np.r_[True, y[order][1:] > highest[:-1]]]
