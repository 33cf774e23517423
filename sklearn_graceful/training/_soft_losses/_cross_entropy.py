"""Cross-entropy to soft labels, as libraries want it that are told its derivatives."""

import numpy as np
from scipy.special import expit, softmax

# A hessian of 0 divides by 0 in a leaf.
_HESSIAN_FLOOR = 1e-16


def derivatives(raw, labels, curvature=1.0):
    """Gradient and diagonal of the hessian by the raw scores of all rows.

    Parameters
    ----------
    raw : ndarray of shape (n,) or (n, n_classes)
        Raw scores; of two classes that of the second.
    labels : SoftLabels
    curvature : float, default=1.0
        Factor of the hessian, by which libraries make up for its diagonal form.

    Returns
    -------
    gradient, hessian : ndarray of the shape of `raw`
    """
    if raw.ndim == 1:
        proba, target, weight = expit(raw), labels.proba[:, 1], labels.weight
    else:
        proba, target = softmax(raw, axis=1), labels.proba
        weight = labels.weight[:, None]
    hessian = weight * (curvature * proba * (1 - proba))
    return weight * (proba - target), np.maximum(hessian, _HESSIAN_FLOOR)


def class_shares(labels, floor):
    """Share of each class in all soft labels, none below a floor, shape (n_classes,).

    Raw scores that start from them need not be learned from 0.
    """
    shares = np.average(labels.proba, weights=labels.weight, axis=0)
    return np.clip(shares, floor, 1 - floor)
