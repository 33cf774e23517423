"""The same loss for learners that take hard labels and sample weights only."""

import numpy as np


def expand_soft_labels(y, old_proba, weights, *, smallest=1e-3):
    """Repeat each row once per likely class, weighted by its soft label.

    ``a CE(y) + b KL(p_old || p)`` is, up to a constant, cross-entropy to
    ``q = (a onehot(y) + b p_old) / (a + b)`` with weight ``a + b``, and so the sum
    over classes k of ``(a + b) q_k CE(k)``.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
        Class indices.
    old_proba : ndarray of shape (n, n_classes)
        Old model's probabilities, aligned.
    weights : RowWeights
        `a` and `b`; `b` is not None.
    smallest : float, default=1e-3
        Classes whose `q` is below are dropped; the row keeps its weight.

    Returns
    -------
    rows : ndarray of int, shape (m,)
        Which row of the data each new row repeats.
    labels : ndarray of int, shape (m,)
        Its class index.
    sample_weight : ndarray of shape (m,)
        Its weight.
    """
    a = np.ones(len(y)) if weights.label is None else weights.label
    soft = weights.old[:, None] * old_proba
    soft[np.arange(len(y)), y] += a
    total = soft.sum(axis=1, keepdims=True)
    soft[soft < smallest * total] = 0
    soft *= total / np.maximum(soft.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    rows, labels = np.nonzero(soft)
    return rows, labels, soft[rows, labels]
