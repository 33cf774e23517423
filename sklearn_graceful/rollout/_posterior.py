"""What all predictions of a row together say about its label."""

import numpy as np
from scipy.special import xlogy

CHUNK_CELLS = 2**17


def information_share(n_predictions, correlation):
    """How much of the evidence of n correlated predictions counts.

    ``1 / (1 + (n - 1) rho)``: the average of n values with pairwise correlation rho
    varies like that of ``n / (1 + (n - 1) rho)`` independent ones (design effect, Kish
    1965). 1 for independent predictions and for a single one; 1 / n for copies.
    """
    return 1 / (1 + np.maximum(n_predictions - 1, 0) * correlation)


def posterior(log_likelihood, log_prior, share):
    """Probability of each class, ``prior * likelihood ** share``.

    Parameters
    ----------
    log_likelihood : ndarray of shape (n, n_classes)
        Sum of ``log P(prediction | class)`` over the predictions of a row.
    log_prior : ndarray of shape (n_classes,)
    share : ndarray of shape (n,)
        See `information_share`.

    Returns
    -------
    proba : ndarray of shape (n, n_classes)
    """
    scores = share[:, np.newaxis] * log_likelihood + log_prior
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    return scores


def entropy(proba):
    """Entropy of each row, in nats."""
    return -xlogy(proba, proba).sum(axis=1)


def information_gain(proba, confusion):
    """Entropy that one more prediction is expected to remove, in nats.

    The mutual information of label and prediction: ``H(prediction) - sum_k p(k)
    H(prediction | k)``, for a version with P(prediction | label) = `confusion`.
    """
    return entropy(proba @ confusion) - proba @ entropy(confusion)


def chunks(rows, n_classes):
    """Parts of `rows` so small that a few tables of them need little memory."""
    size = max(CHUNK_CELLS // n_classes, 1)
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
