"""One number that makes probabilities as sure as they are right."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

_MIN_ROWS = 50
_LOG_RANGE = (np.log(0.05), np.log(20))


def fit_temperature(scores, y):
    """Temperature T with the least log-loss of ``softmax(scores / T)``.

    Parameters
    ----------
    scores : ndarray of shape (n, K)
        Log-probabilities.
    y : ndarray of int, shape (n,)
        Index of each row's right class.

    Returns
    -------
    temperature : float
        From 0.05 to 20; 1 with fewer than 50 rows.

    References
    ----------
    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.flip_control import fit_temperature
    >>> sure = np.log([[0.99, 0.01]] * 100)  # but right on 3 of 4 rows only
    >>> T = fit_temperature(sure, np.arange(100) % 4 // 3)
    >>> scaled = np.exp(sure[0] / T)
    >>> (scaled / scaled.sum()).round(2)
    array([0.75, 0.25])
    """
    if len(y) < _MIN_ROWS:
        return 1.0

    def log_loss(log_temperature):
        proba = log_softmax(scores / np.exp(log_temperature), axis=1)
        return -np.take_along_axis(proba, y[:, None], axis=1).mean()

    best = minimize_scalar(log_loss, bounds=_LOG_RANGE, method="bounded")
    return float(np.exp(best.x))
