"""What every congruence method says."""

from inspect import signature
from numbers import Real

import numpy as np
import torch.nn.functional as F
from sklearn.base import BaseEstimator


class Congruence(BaseEstimator):
    """Base of the methods that hold a new classifier to the old one.

    The loss of a row is ``a * CE(y) + b * D(old, new)``. A method says how `a` and
    `b` follow from whether the old model has the row right, and what the divergence
    `D` between the two models' outputs is. A network minimises this as it is. A
    learner that only takes labels and sample weights minimises it exactly where `D`
    is the Kullback-Leibler divergence at temperature 1: the loss then is
    cross-entropy to the soft label ``(a * onehot(y) + b * p_old) / (a + b)`` with
    weight ``a + b``.

    Attributes
    ----------
    needs_old_outputs : bool
        Whether the method has a use for an old model at all.
    needs_callable_old_model : bool
        Whether it asks the old model about other rows than the training rows, so that
        stored outputs do not do.
    needs_old_weights : bool
        Whether it starts from the old model's weights, so that the old model must be a
        network of the same architecture.
    """

    needs_old_outputs = True
    needs_callable_old_model = False
    needs_old_weights = False

    # Closed bounds of the parameters; a class narrows those that mean something else.
    _bounds = {
        "lam": (0, np.inf),
        "alpha": (0, np.inf),
        "beta": (0, np.inf),
        "temperature": (1e-6, np.inf),
    }

    def check_parameters(self):
        """Refuse parameters outside their bounds.

        Raises
        ------
        ValueError
            If a parameter is no number within its bounds.
        """
        defaults = {p: v.default for p, v in signature(type(self)).parameters.items()}
        for name, value in self.get_params(deep=False).items():
            if name not in self._bounds or (value is None and defaults[name] is None):
                continue
            low, high = self._bounds[name]
            if not isinstance(value, Real) or not low <= value <= high:
                raise ValueError(
                    f"{type(self).__name__}: {name} must be a number in "
                    f"[{low}, {high}], got {value!r}."
                )

    def label_weight(self, old_right):
        """Weight `a` of the cross-entropy to the label.

        Parameters
        ----------
        old_right : ndarray of bool, shape (n,)
            Whether the old model has the row right.

        Returns
        -------
        label_weight : ndarray of shape (n,)
        """
        return np.ones(len(old_right))

    def old_weight(self, old_right):
        """Weight `b` of the divergence from the old model.

        Parameters
        ----------
        old_right : ndarray of bool, shape (n,)
            Whether the old model has the row right.

        Returns
        -------
        old_weight : ndarray of shape (n,)
        """
        return np.zeros(len(old_right))

    def target(self, old_logits):
        """What of the old logits the divergence needs; computed once, not per batch.

        Parameters
        ----------
        old_logits : tensor of shape (n, n_classes)
            Old model's logits or log-probabilities.

        Returns
        -------
        target : tensor of shape (n, n_classes)
        """
        return old_logits

    def divergence(self, new_logits, target):
        """Divergence `D` of every row.

        Parameters
        ----------
        new_logits : tensor of shape (n, n_classes)
            Logits of the model in training.
        target : tensor of shape (n, n_classes)
            From :meth:`target`.

        Returns
        -------
        divergence : tensor of shape (n,)
        """
        raise NotImplementedError(f"{type(self).__name__} defines no divergence.")

    def loss(self, new_logits, y, old_logits, old_right):
        """Loss of every row, ``a * CE(y) + b * D(old, new)``.

        Parameters
        ----------
        new_logits, old_logits : tensor of shape (n, n_classes)
            Logits of the two models.
        y : tensor of int64, shape (n,)
            Class indices.
        old_right : ndarray of bool, shape (n,)
            Whether the old model has the row right.

        Returns
        -------
        loss : tensor of shape (n,)
        """
        label_weight = new_logits.new_tensor(self.label_weight(old_right))
        old_weight = new_logits.new_tensor(self.old_weight(old_right))
        loss = label_weight * F.cross_entropy(new_logits, y, reduction="none")
        if old_weight.any():
            divergence = self.divergence(new_logits, self.target(old_logits))
            loss = loss + old_weight * divergence
        return loss

    def for_net(self):
        """Return this method with every open choice made for a network.

        Returns
        -------
        method : Congruence
        """
        return self

    def for_soft_labels(self, *, boosting=False):
        """Return this method with every open choice made for labels and weights.

        Parameters
        ----------
        boosting : bool, default=False
            Whether the learner boosts trees, which soft labels do not suit.

        Returns
        -------
        method : Congruence

        Raises
        ------
        ValueError
            If labels and weights cannot express the method.
        """
        return self


def focal_weight(old_right, alpha, beta):
    """Focal weight ``alpha + beta * old_right`` of Yan et al. (2021), eq. 7."""
    return alpha + beta * np.asarray(old_right, dtype=np.float64)
