"""Compare what was trained, on rows that nothing of it was trained on."""

from dataclasses import dataclass

import numpy as np
from sklearn.isotonic import isotonic_regression

_ROUNDING = 1e-12


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
    error_increase : float
        Error above that of the plain model, below 0 where it is lower.
    standard_error : float
        Of that difference, which both models' answers to the same rows are taken for.
    n_rows : int
        How many rows counted.
    """

    method: object
    error: float
    nfr: float
    error_increase: float = 0.0
    standard_error: float = 0.0
    n_rows: int = 0


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


def strongest_allowed(figures, max_error_increase, spread=None):
    """Strongest candidate that is no worse than the plain model.

    Its error may exceed the plain model's by `max_error_increase` and one standard
    error of the difference, and it is not above the plain model in both error and NFR.
    Errors are first made to rise with the strength, which only chance keeps them from.

    With a `spread`, a candidate is believed to be as good as the plain model, give or
    take this much, before any row is looked at. Rows move that belief the less the
    fewer they are: its mean must be within one standard deviation of what is allowed.

    Parameters
    ----------
    figures : list of HeldOutFigures
        The plain model first, then candidates from the weakest to the strongest.
    max_error_increase : float
        What may be lost, in shares of rows.
    spread : float, default=None
        Standard deviation of the differences that are expected, in shares of rows.
        None: nothing is known.

    Returns
    -------
    chosen : int
        Position in `figures`; 0, the plain model, if no other one is allowed.

    Examples
    --------
    >>> from sklearn_graceful.training import HeldOutFigures, strongest_allowed
    >>> figures = [
    ...     HeldOutFigures("plain", error=0.10, nfr=0.03),
    ...     HeldOutFigures("weak", 0.09, 0.02, -0.01, 0.004),
    ...     HeldOutFigures("strong", 0.12, 0.01, 0.02, 0.005),
    ... ]
    >>> strongest_allowed(figures, 0.0), strongest_allowed(figures, 0.02)
    (1, 2)
    >>> strongest_allowed(figures, 0.0, spread=0.001)
    2
    """
    plain, *candidates = figures
    increases = isotonic_regression([f.error_increase for f in candidates])
    for k in range(len(candidates), 0, -1):
        increase, candidate = increases[k - 1], candidates[k - 1]
        # Of two normal beliefs the mean is weighted by precision.
        heard = (
            1 if spread is None else 1 / (1 + (candidate.standard_error / spread) ** 2)
        )
        error = np.sqrt(heard) * candidate.standard_error
        allowed = max_error_increase + error + _ROUNDING
        worse_on_both = increase > _ROUNDING and candidate.nfr > plain.nfr + _ROUNDING
        if heard * increase <= allowed and not worse_on_both:
            return k
    return 0


def paired_difference(first, second, weight=None):
    """Mean of ``first - second`` over rows, and its standard error.

    Parameters
    ----------
    first, second : ndarray of shape (n,)
        Of the same rows.
    weight : ndarray of shape (n,), default=None
        Of the rows.

    Returns
    -------
    mean, standard_error : float
    """
    difference = np.subtract(first, second, dtype=float)
    share = np.ones(len(difference)) if weight is None else weight
    share = share / share.sum()
    mean = share @ difference
    return float(mean), float(np.sqrt(share**2 @ (difference - mean) ** 2))
