"""How many flips among calibration rows certify a budget, and how far that allows."""

import math

import numpy as np
from scipy.special import bdtr
from scipy.stats import beta

from sklearn_graceful.metrics import rows_to_certify

_STEP_BACK = 1e-9

GUARANTEES = ("expectation", "high-probability")


def allowed_flips(n_rows, budget, *, guarantee="expectation", confidence=0.95):
    """Largest number of flips among `n_rows` that still certifies the budget.

    ``"expectation"``, conformal risk control: ``(flips + 1) / (n_rows + 1) <=
    budget``. On average over draws of the calibration rows, the flip rate on new rows
    is within the budget.

    ``"high-probability"``: the one-sided Clopper-Pearson bound of the flip rate at
    `confidence` is within the budget. With this probability over draws of the
    calibration rows, the flip rate on new rows is.

    Both hold for rows that are exchangeable with the calibration rows, whatever the
    two models are.

    Parameters
    ----------
    n_rows : int
        Calibration rows.
    budget : float
        Accepted negative flip rate, in [0, 1).
    guarantee : {"expectation", "high-probability"}, default="expectation"
        What is meant by certified.
    confidence : float, default=0.95
        For ``"high-probability"``, in (0, 1).

    Returns
    -------
    flips : int
        -1 if not even a row without flips is enough.

    Notes
    -----
    Why a largest t may be picked after looking at the flips of all t, without a
    correction for many tests. The grid is all floating-point numbers in [0, 1], fixed
    before any row is seen. For conformal risk control a finite grid and a loss that
    never decreases along it are all that the theorem asks. For the other, walk the
    grid up from 0 and stop at the first t whose bound exceeds the budget. Passing the
    true flip rate's limit needs a wrong bound at one grid point that is no matter of
    chance: the first whose true rate exceeds the budget. This fixed-sequence test
    (and Bates et al. 2021) needs no coarser grid, and as flips and bound change at
    flip times only, `largest_new_share` makes the walk in one step.

    References
    ----------
    Angelopoulos et al., "Conformal Risk Control", ICLR 2024.

    Bates et al., "Distribution-Free, Risk-Controlling Prediction Sets", Journal of the
    ACM 68, 2021.

    Examples
    --------
    >>> from sklearn_graceful.flip_control import allowed_flips
    >>> allowed_flips(1000, 0.01)
    9
    >>> allowed_flips(1000, 0.01, guarantee="high-probability")
    4
    >>> allowed_flips(98, 0.01)
    -1
    """
    flips = np.arange(n_rows + 1)
    if guarantee == "expectation":
        certified = (flips + 1) / (n_rows + 1) <= budget
    else:
        # The bound is within the budget when so few flips would be rare at it.
        certified = bdtr(flips, n_rows, budget) <= 1 - confidence
    return int(np.count_nonzero(certified)) - 1


def rows_needed(budget, *, guarantee="expectation", confidence=0.95):
    """Least number of calibration rows with which the budget can be certified at all.

    Parameters
    ----------
    budget, guarantee, confidence
        As for :func:`allowed_flips`.

    Returns
    -------
    n_rows : int, or inf for a budget of 0

    Examples
    --------
    >>> from sklearn_graceful.flip_control import rows_needed
    >>> rows_needed(0.01), rows_needed(0.01, guarantee="high-probability")
    (99, 299)
    """
    if budget == 0:
        return math.inf
    if guarantee == "expectation":
        # A whole number may come out of the division a rounding error too high.
        return math.ceil((1 - 1e-12) / budget) - 1
    return rows_to_certify(budget, confidence=confidence)


def risk_bound(flips, n_rows, *, guarantee="expectation", confidence=0.95):
    """Least budget that so many flips certify: the inverse of `allowed_flips`.

    Parameters
    ----------
    flips, n_rows : int
        Flips among calibration rows.
    guarantee, confidence
        As for :func:`allowed_flips`.

    Returns
    -------
    budget : float

    Examples
    --------
    >>> from sklearn_graceful.flip_control import risk_bound
    >>> risk_bound(9, 999)
    0.01
    >>> round(risk_bound(0, 298, guarantee="high-probability"), 2)
    0.01
    """
    if guarantee == "expectation":
        return (flips + 1) / (n_rows + 1)
    if flips == n_rows:
        return 1.0
    return float(beta.ppf(confidence, flips + 1, n_rows - flips))


def largest_new_share(times, allowed):
    """Largest share of the new model that loses at most `allowed` rows.

    It stays a billionth below the next loss, so that a prediction that is rounded in
    another way, in another batch or on another machine, does not lose the row.

    Parameters
    ----------
    times : ndarray of shape (n,)
        Flip times; a row is lost from its flip time on.
    allowed : int
        Number of flips, -1 for "not certified".

    Returns
    -------
    new_share : float
        In [0, 1]. At 0 nothing is lost, as this is the old model itself.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.flip_control import largest_new_share
    >>> times = np.array([0.5, 0.25, np.inf])
    >>> round(largest_new_share(times, 1), 6), largest_new_share(times, 2)
    (0.5, 1.0)
    """
    if allowed < 0:
        return 0.0
    if allowed >= len(times):
        return 1.0
    next_loss = np.partition(times, allowed)[allowed]
    return 1.0 if next_loss > 1 else float(next_loss * (1 - _STEP_BACK))
