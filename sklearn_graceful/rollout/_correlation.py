"""How strongly versions repeat each other's mistakes, from labelled rows."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from sklearn_graceful.rollout._confusion import (
    count_pairs,
    even_errors,
    smooth_counts,
)


def fit_correlation(y_true, predictions, log_prior, smoothing, sample_weight=None):
    """Correlation with which the posterior of labelled rows has the least log-loss.

    Formula: with L the sum of the log-likelihoods of all n versions, the share s of
    it that minimises ``-sum_i log softmax(log_prior + s L_i)[y_i]``, between 1 / n and
    1; then ``rho = (1 / s - 1) / (n - 1)``. The loss is convex in s. Every row is left
    out of the confusion counts that its own loss is computed with.

    Parameters
    ----------
    y_true : ndarray of int, shape (n_labelled,)
        Codes of the labels.
    predictions : list of ndarray of int, shape (n_labelled,)
        Codes of the predictions of each version for these rows.
    log_prior : ndarray of shape (n_classes,)
    smoothing : float
        See `confusion_probabilities`.
    sample_weight : ndarray of shape (n_labelled,), default=None
        Row weights.

    Returns
    -------
    correlation : float
        In [0, 1]; 0 for a single version, of which it means nothing.
    """
    n_versions = len(predictions)
    if n_versions < 2:
        return 0.0
    evidence = sum(
        left_out_log_likelihood(
            y_true, y_pred, len(log_prior), smoothing, sample_weight
        )
        for y_pred in predictions
    )
    own = np.take_along_axis(evidence, y_true[:, np.newaxis], axis=1)[:, 0]

    def loss(share):
        scores = share * evidence + log_prior
        rows = logsumexp(scores, axis=1) - share * own - log_prior[y_true]
        return np.average(rows, weights=sample_weight)

    found = minimize_scalar(loss, bounds=(1 / n_versions, 1), method="bounded").x
    # The search never quite reaches the ends, which may well be best.
    share = min((found, 1 / n_versions, 1.0), key=loss)
    return (1 / share - 1) / (n_versions - 1)


def left_out_log_likelihood(y_true, y_pred, n_classes, smoothing, sample_weight=None):
    """``log P(prediction | class)`` of each row, from the counts of all other rows.

    Leaving a row out changes the counts of its own label only. The accuracy that the
    counts are smoothed toward is that of all rows.

    Returns
    -------
    log_likelihood : ndarray of shape (n_labelled, n_classes)
    """
    counts = count_pairs(y_true, y_pred, n_classes, sample_weight)
    log_likelihood = np.log(smooth_counts(counts, smoothing)).T[y_pred]
    own = 1.0 if sample_weight is None else sample_weight
    # Rounding can leave less than nothing of a sum of weights.
    cell = np.maximum(counts[y_true, y_pred] - own, 0)
    total = np.maximum(counts.sum(axis=1)[y_true] - own, 0)
    cell = cell + smoothing * even_errors(counts)[y_true, y_pred]
    left_out = np.log(cell) - np.log(total + smoothing)
    np.put_along_axis(
        log_likelihood, y_true[:, np.newaxis], left_out[:, np.newaxis], axis=1
    )
    return log_likelihood
