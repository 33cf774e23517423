"""What every congruence method says, and the one that says nothing."""

import numpy as np
import torch
import torch.nn.functional as F

from sklearn_graceful._method import Method
from sklearn_graceful.training import Objective, SoftLabels, WeightedRows


class Congruence(Method):
    """Base of the methods that hold a new classifier to the old one.

    A method owns its training: :meth:`check` refuses what it cannot do before anything
    is trained, and :meth:`train` trains. Most methods only bring a loss. That of a row
    is ``a * CE(y) + b * D(old, new)``: a method says how `a` and `b` follow from
    whether the old model has the row right, and what the divergence `D` between the
    two models' outputs is. A network minimises this as it is. A learner that only
    takes labels and sample weights minimises it exactly where `D` is the
    Kullback-Leibler divergence at temperature 1: the loss then is cross-entropy to the
    soft label ``(a * onehot(y) + b * p_old) / (a + b)`` with weight ``a + b``.

    Examples
    --------
    A method of one's own is a class, passed as an object:

    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_graceful import PCClassifier
    >>> from sklearn_graceful.congruence import Congruence
    >>> class OldRightTwice(Congruence):
    ...     def label_weight(self, old_right):
    ...         return np.where(old_right, 2.0, 1.0)
    >>> X, y = load_iris(return_X_y=True)
    >>> old = LogisticRegression(C=0.01).fit(X[::3], y[::3])
    >>> new = LogisticRegression(max_iter=1000)
    >>> PCClassifier(new, old_model=old, method=OldRightTwice()).fit(X, y).method_
    OldRightTwice()
    """

    # Why no other learner can express the method, in one sentence; None if one can.
    _networks_only = None
    _instead = (
        "For a learner that takes sample weights use 'focal', 'focal_kl' or 'distill'."
    )

    # A class narrows the bounds of those that mean something else.
    _bounds = {
        "strength": (0, np.inf),
        "old_share": (0, 1),
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

    def loss(self, new_logits, y, references, old_right):
        """Loss of every row, ``a * CE(y) + b * D(old, new)``.

        Parameters
        ----------
        new_logits : tensor of shape (n, n_classes)
            Logits of the model in training.
        y : tensor of int64, shape (n,)
            Class indices.
        references : list of tensor of shape (n, n_classes)
            Logits that :meth:`target` takes: mostly those of the old model.
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
            divergence = self.divergence(new_logits, self.target(*references), y)
            loss = loss + old_weight * divergence
        return loss

    def check(self, training):
        """Refuse, before anything is trained, what the method cannot be used for.

        Parameters
        ----------
        training : Training
            What it would train with.

        Raises
        ------
        ValueError
            If the learner cannot express the method.
        TypeError
            If the learner takes no sample weights, and would be given some.
        """
        method = self.suited_to(training.kind)
        if training.old is None:
            NoCongruence().check(training)
            return
        training.check_no_row_params()
        label_weight, old_weight = method.row_weights(training)
        if old_weight is not None or training.kind == "boosting":
            training.check_takes_soft_labels()
        elif label_weight is not None:
            training.check_takes_weights()

    def train(self, training):
        """Train a new model.

        Parameters
        ----------
        training : Training
            Rows, the old model's answers on them, and the learner.

        Returns
        -------
        fitted : dict
            Attributes of the estimator that is fitted: ``estimator_``, ``method_`` as
            it was used, and what else the method has to say.
        """
        if training.old is None:
            return NoCongruence().train(training)
        method = self.suited_to(training.kind)
        label_weight, old_weight = method.row_weights(training)
        if training.is_net and old_weight is not None:
            known = training.old.known
            loss = method.objective(training, label_weight, old_weight, known)
        elif training.is_net:
            loss = Objective(training.y, label_weight)
        elif old_weight is None and training.kind != "boosting":
            loss = WeightedRows(training.y, label_weight)
        else:  # also of labels alone: some boosters take weights slowly
            old_weight = np.zeros(len(training.y)) if old_weight is None else old_weight
            loss = SoftLabels.of_losses(
                training.y, training.old.proba, label_weight, old_weight
            )
        return {
            "method_": method,
            **training.fit(loss, name=method.name or type(method).__name__),
        }

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
            self._refuse_learner(self._networks_only)
        return self

    def row_weights(self, training):
        """Weights `a` and `b` of the training rows, those of the user counted in.

        Parameters
        ----------
        training : Training
            With an old model's answers.

        Returns
        -------
        label_weight, old_weight : ndarray of shape (n,) or None
            None where `a` is 1, or `b` is 0, on every row.
        """
        old, factor = training.old, training.row_weight
        label = self.label_weight(old.right)
        # A row whose class the old model never knew has nothing to hold on to: it
        # learns from its label alone, at full weight.
        label = np.where(old.informative, label, np.maximum(label, 1.0))
        divergence = self.old_weight(old.right) * old.informative
        if factor is not None:
            label, divergence = label * factor, divergence * factor
        return (
            None if (label == 1).all() else label,
            None if (divergence == 0).all() else divergence,
        )

    def objective(self, training, label_weight, old_weight, known):
        """Loss that a network minimises, with the target on all training rows.

        Parameters
        ----------
        training : Training
            With an old model's answers.
        label_weight, old_weight : ndarray of shape (n,)
            From :meth:`row_weights`.
        known : ndarray of bool, shape (n_classes,)
            Classes that the references know.

        Returns
        -------
        objective : Objective
        """
        logits = (centred(z[:, known]) for z in self.references(training))
        return Objective(
            training.y,
            label_weight,
            old_weight=old_weight,
            target=self.target(*logits),
            divergence=self.divergence,
            known=known,
        )

    def references(self, training):
        """Logits that :meth:`target` takes, one array a reference.

        Parameters
        ----------
        training : Training
            With an old model's answers.

        Returns
        -------
        logits : list of ndarray of shape (n, n_classes)
        """
        return [training.old.log_proba()]


class NoCongruence(Congruence):
    """``CE(y)``: train as if there were no old model.

    The comparison that every method must beat.

    Examples
    --------
    >>> from sklearn_graceful.congruence import NoCongruence
    >>> NoCongruence().old_weight([True, False])
    array([0., 0.])
    """

    name = "none"

    def check(self, training):
        """Refuse weights that the learner could not use."""
        if training.row_weight is not None:
            training.check_takes_weights()

    def train(self, training):
        """Train a plain model: the one that others start from or are compared with."""
        return {"method_": self, **training.plain(1).fitted[0]}


def centred(logits):
    """Logits with mean 0 in every row: log-probabilities are logits up to a shift."""
    logits = torch.as_tensor(logits)
    return logits - logits.mean(dim=1, keepdim=True)


def focal_weight(old_right, alpha, beta):
    """Focal weight ``alpha + beta * old_right`` of Yan et al. (2021), eq. 7."""
    return alpha + beta * np.asarray(old_right, dtype=np.float64)
