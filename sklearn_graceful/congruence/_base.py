"""What every congruence method says."""

import numpy as np
import torch.nn.functional as F
from sklearn.base import BaseEstimator

from sklearn_graceful._bounded_parameters import BoundedParameters
from sklearn_graceful.congruence._choices import Choices


class Congruence(BoundedParameters, BaseEstimator):
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
    needs_teachers : bool
        Whether its target takes the mean logits of `n_teachers` plain new models, a
        parameter of it, on the training rows.
    needs_old_weights : bool
        Whether it starts from the old model's weights, so that the old model must be a
        network of the same architecture.
    """

    needs_old_outputs = True
    needs_callable_old_model = False
    needs_teachers = False
    needs_old_weights = False

    # Why no other learner can express the method, in one sentence; None if one can.
    _networks_only = None

    # A class narrows the bounds of those that mean something else.
    _bounds = {
        "lam": (0, np.inf),
        "alpha": (0, np.inf),
        "beta": (0, np.inf),
        "temperature": (1e-6, np.inf),
        "n_teachers": (1, np.inf),
    }
    _whole = ("n_teachers",)

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

        A method with `needs_teachers` gets the teachers' mean logits too, as a second
        argument, and one without `needs_old_outputs` gets these alone.

        Parameters
        ----------
        old_logits : tensor of shape (n, n_classes)
            Old model's logits or log-probabilities.

        Returns
        -------
        target : tensor of shape (n, ...)
        """
        return old_logits

    def divergence(self, new_logits, target, y):
        """Divergence `D` of every row.

        Parameters
        ----------
        new_logits : tensor of shape (n, n_classes)
            Logits of the model in training.
        target : tensor of shape (n, ...)
            From :meth:`target`.
        y : tensor of int64, shape (n,)
            Class indices.

        Returns
        -------
        divergence : tensor of shape (n,)
        """
        raise NotImplementedError(f"{type(self).__name__} defines no divergence.")

    def loss(self, new_logits, y, old_logits, old_right, teacher_logits=None):
        """Loss of every row, ``a * CE(y) + b * D(old, new)``.

        Parameters
        ----------
        new_logits, old_logits : tensor of shape (n, n_classes)
            Logits of the two models.
        y : tensor of int64, shape (n,)
            Class indices.
        old_right : ndarray of bool, shape (n,)
            Whether the old model has the row right.
        teacher_logits : tensor of shape (n, n_classes), default=None
            Mean logits of the teachers, for a method with `needs_teachers`.

        Returns
        -------
        loss : tensor of shape (n,)
        """
        label_weight = new_logits.new_tensor(self.label_weight(old_right))
        old_weight = new_logits.new_tensor(self.old_weight(old_right))
        loss = label_weight * F.cross_entropy(new_logits, y, reduction="none")
        if old_weight.any():
            target = self.target(*self.references(old_logits, teacher_logits))
            divergence = self.divergence(new_logits, target, y)
            loss = loss + old_weight * divergence
        return loss

    def references(self, old_logits, teacher_logits):
        """Those of the two that :meth:`target` takes, in its order."""
        needed = {"old": self.needs_old_outputs, "teachers": self.needs_teachers}
        logits = {"old": old_logits, "teachers": teacher_logits}
        return [logits[name] for name, is_needed in needed.items() if is_needed]

    def choices(self, learner, *, can_match):
        """Methods among which held-out rows decide: this one alone, mostly.

        Parameters
        ----------
        learner : {"net", "boosting", "other"}
            Kind of the learner.
        can_match : bool
            Whether the old model can be asked about new rows, and the learner can learn
            from its answers.

        Returns
        -------
        choices : Choices
        """
        return Choices.only(self.suited_to(learner))

    def suited_to(self, learner):
        """Return this method with every open choice made for a kind of learner.

        Parameters
        ----------
        learner : {"net", "boosting", "other"}
            Networks minimise the loss as it is, the others take labels and weights.

        Returns
        -------
        method : Congruence

        Raises
        ------
        ValueError
            If the learner cannot express the method.
        """
        if learner != "net" and self._networks_only is not None:
            raise ValueError(
                f"{self._networks_only} For a learner that takes sample weights use "
                "'focal', 'focal_kl' or 'distill'."
            )
        return self


def focal_weight(old_right, alpha, beta):
    """Focal weight ``alpha + beta * old_right`` of Yan et al. (2021), eq. 7."""
    return alpha + beta * np.asarray(old_right, dtype=np.float64)
