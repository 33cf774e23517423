"""When, on the way from old to new scores, each row loses its right label."""

import numpy as np

# Bounds, in units of the row's largest score, the rounding of `mix` and of a margin.
_ROUNDING = 16 * np.finfo(np.float64).eps


def flip_times(old, new, y):
    """Least share of the new model at which a row that the old one has right is lost.

    Formula: with margins ``m_j = z_y - z_j``, the least over the classes ``j`` whose
    margin is lost by t = 1 of ``m_j_old / (m_j_old - m_j_new)``. Margins are affine in
    t and positive at 0, so what is lost stays lost: the share of lost rows never
    decreases in t.

    The share t of the new model is that of :func:`mix`. A tie counts as lost, and a
    margin within rounding error of 0 counts as a tie, so that ``argmax(mix(old, new,
    t))`` is `y` at *every* floating-point t below the row's flip time.

    Parameters
    ----------
    old, new : ndarray of shape (n, K)
        Finite scores of the same classes.
    y : ndarray of int, shape (n,)
        Index of each row's right class.

    Returns
    -------
    times : ndarray of shape (n,)
        In [0, 1]; inf for rows that are never lost, among them all that the old model
        has wrong. 0: lost by any step, however small.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.flip_control import flip_times
    >>> old, new = np.array([[3.0, 0.0], [1.0, 0.0]]), np.array([[-1.0, 0.0]] * 2)
    >>> flip_times(old, new, np.array([0, 0])).round(3)
    array([0.75, 0.5 ])
    """
    times = np.full(len(y), np.inf)
    right = np.flatnonzero(old.argmax(axis=1) == y)
    old, new, y = old[right], new[right], y[right]
    largest = np.maximum(np.abs(old).max(axis=1), np.abs(new).max(axis=1))
    tie = _ROUNDING * largest[:, None]
    # From here on margins over each class; those of `y` itself are 0.
    old, new = _margins(old, y), _margins(new, y)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = np.maximum(old - tie, 0) / (old - new)
    # Equal scores that the new model keeps or parts in favour of y: rounding keeps
    # their order, and argmax decides ties as it did at t = 0.
    safe = (old == 0) & (new >= 0)
    lost = ~safe & ((new <= tie) | (old <= tie))
    by_class = np.where(lost, np.where(old <= tie, 0.0, crossing), np.inf)
    times[right] = by_class.min(axis=1, initial=np.inf)
    return times


def _margins(scores, y):
    return np.take_along_axis(scores, y[:, None], axis=1) - scores
