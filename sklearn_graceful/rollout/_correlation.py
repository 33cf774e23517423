"""How strongly versions repeat each other's mistakes, from labelled rows."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from sklearn_graceful.rollout._confusion import (
    confusion_probabilities,
    count_pairs,
    even_errors,
)


def fit_correlation(y_true, predictions, log_prior, smoothing, sample_weight=None):
    """Correlation in [0, 1] at which the labelled rows have the least log-loss."""
    # With L the sum of the log-likelihoods of all n versions: the share s of it that
    # minimises -sum_i log softmax(log_prior + s L_i)[y_i], between 1 / n and 1, is
    # 1 / (1 + (n - 1) rho). The loss is convex in s. Every row is left out of the
    # confusion counts that its own loss is computed with.
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
    """``log P(prediction | class)``, (n_labelled, n_classes), from all other rows."""
    # Leaving a row out changes the counts of its own label only. The accuracy that
    # the counts are smoothed toward is that of all rows.
    counts = count_pairs(y_true, y_pred, n_classes, sample_weight)
    confusion = confusion_probabilities(counts, smoothing=smoothing)
    log_likelihood = np.log(confusion).T[y_pred]
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
