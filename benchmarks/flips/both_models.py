"""What can be had with no training at all, if both models are kept."""

import numpy as np

SMALLEST_PROBABILITY = 1e-6


def mixture(proba_new, proba_old, old_classes, old_weight):
    """Weighted mean of log-probabilities, not normalised.

    Classes that the old model never knew get the new model's probability in it, so
    that it neither speaks for nor against them.

    Parameters
    ----------
    proba_new : ndarray of shape (n, n_classes)
        Of classes 0..K-1.
    proba_old : ndarray of shape (n, n_old_classes)
        Of the old model's classes.
    old_classes : ndarray of int, shape (n_old_classes,)
        Some of 0..K-1.
    old_weight : float
        Share of the old model, in [0, 1].

    Returns
    -------
    scores : ndarray of shape (n, n_classes)
    """
    old = proba_new.copy()
    share_of_known = proba_new[:, old_classes].sum(axis=1, keepdims=True)
    old[:, old_classes] = share_of_known * proba_old
    return (1 - old_weight) * _log(proba_new) + old_weight * _log(old)


def overruled_prediction(scores, y_old, ratio):
    """The old model's labels, unless another one is found far likelier.

    Parameters
    ----------
    scores : ndarray of shape (n, n_classes)
        Log-probabilities of classes 0..K-1, up to a constant.
    y_old : ndarray of int, shape (n,)
        The old model's labels.
    ratio : float
        Of probabilities, from which on the old label is overruled.

    Returns
    -------
    y_pred : ndarray of int, shape (n,)
    """
    of_old_label = scores[np.arange(len(y_old)), y_old]
    overruled = scores.max(axis=1) >= np.log(ratio) + of_old_label
    return np.where(overruled, scores.argmax(axis=1), y_old)


def _log(proba):
    return np.log(np.maximum(proba, SMALLEST_PROBABILITY))
