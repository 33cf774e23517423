"""A loss for learners that take labels and sample weights only."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils import _safe_indexing

from sklearn_graceful._probabilities import COPY_FLOOR
from sklearn_graceful.training._rows import as_rows


@dataclass(frozen=True)
class WeightedRows:
    """Labels and weights to fit on, of the training rows or of copies of them.

    Attributes
    ----------
    y : ndarray of int, shape (m,)
        Class indices.
    weight : ndarray of shape (m,) or None
        Sample weights; None: fit without any.
    copied : ndarray of int, shape (m,), or None
        Which training row each of them repeats; None: the training rows themselves.
    """

    y: np.ndarray
    weight: np.ndarray | None = None
    copied: np.ndarray | None = None

    @classmethod
    def of_soft_labels(cls, y, old_proba, label_weight, old_weight):
        """Repeat each row once per likely class, weighted by its soft label.

        ``a CE(y) + b KL(p_old || p)`` is, up to a constant, cross-entropy to
        ``q = (a onehot(y) + b p_old) / (a + b)`` with weight ``a + b``, and so the sum
        over classes k of ``(a + b) q_k CE(k)``. Unlikely classes are dropped; the row
        keeps its weight.

        Parameters
        ----------
        y : ndarray of int, shape (n,)
            Class indices.
        old_proba : ndarray of shape (n, n_classes)
            What is to be imitated.
        label_weight : ndarray of shape (n,) or None
            `a`; None: 1.
        old_weight : ndarray of shape (n,)
            `b`.

        Returns
        -------
        rows : WeightedRows
        """
        soft = old_weight[:, None] * old_proba
        soft[np.arange(len(y)), y] += 1.0 if label_weight is None else label_weight
        total = soft.sum(axis=1, keepdims=True)
        soft[soft < COPY_FLOOR * total] = 0
        kept = soft.sum(axis=1, keepdims=True)
        soft *= total / np.maximum(kept, np.finfo(float).tiny)
        copied, labels = np.nonzero(soft)
        return cls(labels, soft[copied, labels], copied)

    def fit(self, learner, X, classes):
        """Fit a classifier; `X` are the training rows, `classes` the labels' names."""
        if self.copied is not None:
            X = as_rows(X if hasattr(X, "shape") else np.asarray(X))
            X = _safe_indexing(X, self.copied)
        weight = {} if self.weight is None else {"sample_weight": self.weight}
        learner.fit(X, classes[self.y], **weight)
