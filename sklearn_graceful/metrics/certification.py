"""How many rows without a flip it takes to certify a budget."""

import math


def rows_to_certify(max_nfr, *, confidence=0.95):
    """Rows without one negative flip that certify a bound on the negative flip rate.

    Formula: the least n with ``(1 - max_nfr) ** n <= 1 - confidence``, where the
    one-sided bound of Clopper and Pearson (1934) at 0 of n reaches `max_nfr`. With any
    flip among them, more rows are needed.

    Parameters
    ----------
    max_nfr : float
        Bound on the negative flip rate, between 0 and 1.
    confidence : float, default=0.95
        One-sided confidence.

    Returns
    -------
    n_rows : int

    Raises
    ------
    ValueError
        If an argument is not between 0 and 1.

    References
    ----------
    Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the
    case of the binomial", Biometrika 26, 1934.

    Examples
    --------
    >>> from sklearn_graceful.metrics import rows_to_certify
    >>> rows_to_certify(0.01)
    299
    """
    for name, value in {"max_nfr": max_nfr, "confidence": confidence}.items():
        if not 0 < value < 1:
            raise ValueError(f"{name} must be between 0 and 1, got {value}.")
    exact = math.log1p(-confidence) / math.log1p(-max_nfr)
    # A whole number may come out of the division a rounding error too high.
    return math.ceil(exact * (1 - 1e-12))
