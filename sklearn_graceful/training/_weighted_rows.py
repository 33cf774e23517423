"""A loss for learners that take labels and sample weights only."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class WeightedRows:
    """Labels of the training rows, and weights.

    Attributes
    ----------
    y : ndarray of int, shape (n,)
        Class indices.
    weight : ndarray of shape (n,) or None
        Sample weights; None: fit without any.
    """

    y: np.ndarray
    weight: np.ndarray | None = None

    def fit(self, learner, X, classes, **fit_params):
        """Fit a classifier; `X` are the training rows, `classes` the labels' names."""
        weight = {} if self.weight is None else {"sample_weight": self.weight}
        learner.fit(X, classes[self.y], **weight, **fit_params)
