"""Compare what was trained, on rows that nothing of it was trained on."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class HeldOutFigures:
    """What a method achieves on held-out rows.

    Attributes
    ----------
    method : Congruence
        As it was used.
    error : float
        Share of the rows that the new model has wrong.
    nfr : float
        Share of the rows that the old model has right and the new one wrong.
    """

    method: object
    error: float
    nfr: float


def hold_out(y, share):
    """Mask of a random share of the rows of each class, rounded down.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
        Class indices.
    share : float
        Of each class, in [0, 1).

    Returns
    -------
    held_out : ndarray of bool, shape (n,)
        The same for the same state of NumPy's global generator.
    """
    counts = np.bincount(y)
    rows = np.random.permutation(len(y))  # noqa: NPY002 (seeded for this fit)
    rows = rows[np.argsort(y[rows], kind="stable")]
    rank = np.arange(len(y)) - (np.cumsum(counts) - counts)[y[rows]]
    held_out = np.zeros(len(y), dtype=bool)
    held_out[rows[rank < np.floor(share * counts)[y[rows]]]] = True
    return held_out


def cheapest(costs, default, weight=None):
    """Candidate of the least mean cost, if that is no chance.

    Parameters
    ----------
    costs : ndarray of shape (n_candidates, n)
        By row.
    default : int
        Candidate that another one must beat by a standard error.
    weight : ndarray of shape (n,), default=None
        Of the rows.

    Returns
    -------
    chosen : int

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.training import cheapest
    >>> costs = np.array([[0, 0, 1, 1, 0, 0, 0, 1], [0, 0, 1, 1, 0, 1, 1, 0]])
    >>> cheapest(costs, default=1), cheapest(np.tile(costs, 4), default=1)
    (1, 0)
    """
    gains = np.average(costs[default] - costs, axis=1, weights=weight)
    best = int(gains.argmax())
    gain = costs[default] - costs[best]
    weight = np.ones(len(gain)) if weight is None else weight
    share = weight / weight.sum()
    error = np.sqrt((share**2 * (gain - gains[best]) ** 2).sum())
    return best if gains[best] > error else default
