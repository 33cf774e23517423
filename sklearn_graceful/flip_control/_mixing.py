"""The straight way from the old model's log-probabilities to the new one's."""

import numpy as np

from sklearn_graceful._probabilities import MIXING_SHARE


def log_scores(proba, smoothing=MIXING_SHARE):
    """Log-probabilities that are finite and keep the order of the probabilities.

    Formula: ``log((1 - smoothing) p + smoothing / K)``. A forest's zero, or a class
    that one of the models never knew, would otherwise be minus infinity: out of reach
    until the very end of the way. A floor would make ties of small probabilities.

    Parameters
    ----------
    proba : ndarray of shape (n, K)
        Probabilities; rows that sum to 1 but for rounding.
    smoothing : float, default=1e-4
        Share of the uniform distribution that is mixed in, in (0, 1).

    Returns
    -------
    scores : ndarray of shape (n, K)

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.flip_control import log_scores
    >>> log_scores(np.array([[0.0, 1.0]])).round(1)
    array([[-9.9, -0. ]])
    """
    share = proba / proba.sum(axis=1, keepdims=True)
    return np.log((1 - smoothing) * share + smoothing / proba.shape[1])


def mix(old, new, new_share):
    """Mix the scores of two models.

    Formula: ``(1 - new_share) * old + new_share * new``; exactly `old` at 0 and `new`
    at 1.

    Parameters
    ----------
    old, new : ndarray of shape (n, K)
        Finite scores of the same classes.
    new_share : float
        How far to go, in [0, 1].

    Returns
    -------
    scores : ndarray of shape (n, K)

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.flip_control import mix
    >>> mix(np.array([[3.0, 0.0]]), np.array([[-1.0, 0.0]]), 0.5)
    array([[1., 0.]])
    """
    return (1 - new_share) * old + new_share * new
