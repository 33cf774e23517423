"""Soft labels for scikit-learn's HistGradientBoostingClassifier.

Its parameter ``loss`` takes a loss object. Ours is the library's, whose gradient is
shifted from the label to the soft label.
"""

from copy import deepcopy

import numpy as np
from sklearn._loss.loss import HalfBinomialLoss, HalfMultinomialLoss
from sklearn.model_selection import train_test_split
from sklearn.utils import _safe_indexing, check_random_state

from sklearn_graceful.training._parameters import fitting_with

# More rows than this, and "auto" stops early.
_MOST_ROWS_WITHOUT_STOPPING = 10_000

TIED_TO_LOSS = ()


def learns(learner, n_classes):
    """Whether the loss is the default, of which there is a soft form."""
    return learner.loss == "log_loss"


def fit(learner, X, labels, classes, **fit_params):
    """Fit on soft labels; with early stopping, hold out the rows of a plain fit.

    The loss knows rows by their position, so they are split here. Only rows of the
    user are held out, and they alone decide whether there are enough to stop early.
    """
    stops = _stops_early(learner, np.count_nonzero(labels.is_real))
    validation = fit_params  # the user's own rows, if there are any
    if stops and not validation and learner.validation_fraction is not None:
        X = X if hasattr(X, "shape") else np.asarray(X)
        held_out = _held_out(learner, labels)
        validation = {
            "X_val": _safe_indexing(X, held_out),
            "y_val": classes[labels.y[held_out]],
            "sample_weight_val": labels.weight[held_out],
        }
        X, labels = _safe_indexing(X, ~held_out), labels.take(~held_out)
    if len(np.unique(labels.y)) < len(classes):
        return False
    loss = _soft_loss(labels, stops_by_training_loss=not validation)
    with fitting_with(learner, loss=loss, early_stopping=stops):
        # The loss has the weights. Passed here they would make the bins as well, and
        # weighted percentiles take longer than the trees.
        learner.fit(X, classes[labels.y], **validation)
    learner._loss = learner._get_loss(None)
    return True


def _stops_early(learner, n_real):
    if learner.early_stopping == "auto":
        return n_real > _MOST_ROWS_WITHOUT_STOPPING
    return learner.early_stopping


def _held_out(learner, labels):
    """Rows that the learner would hold out of the user's rows, bool of shape (n,)."""
    # The learner draws the seed of its split first of all; it is to draw it again.
    rng = deepcopy(check_random_state(learner.random_state))
    real = np.flatnonzero(labels.is_real)
    _, rows = train_test_split(
        real,
        test_size=learner.validation_fraction,
        stratify=labels.y[real],
        random_state=rng.randint(np.iinfo(np.uint32).max, dtype="u8"),
    )
    held_out = np.zeros(len(labels.y), dtype=bool)
    held_out[rows] = True
    return held_out


def _soft_loss(labels, stops_by_training_loss):
    n_classes = labels.proba.shape[1]
    if n_classes == 2:
        return _SoftBinomialLoss(labels, stops_by_training_loss)
    return _SoftMultinomialLoss(labels, stops_by_training_loss, n_classes=n_classes)


class _SoftLoss:
    """Shift of the library's loss and gradient from labels to soft labels.

    ``CE(q) = CE(y) + (onehot(y) - q) . raw``, so the gradient shifts by a constant.
    """

    def __init__(self, labels, stops_by_training_loss, **size):
        super().__init__(**size)
        self.proba = np.asfortranarray(labels.proba, np.float64)
        self.weight = np.ascontiguousarray(labels.weight, np.float64)
        self.stops_by_training_loss = stops_by_training_loss
        shift = -labels.proba
        shift[np.arange(len(shift)), labels.y] += 1
        self.shift = np.asfortranarray(shift * self.weight[:, None], np.float32)

    def gradient_hessian(self, y_true, raw_prediction, sample_weight=None, **out):
        """Gradient and hessian of every row; the hessian has no label in it."""
        gradient, hessian = super().gradient_hessian(
            y_true, raw_prediction, self.weight, **out
        )
        gradient += self.shift.reshape(gradient.shape, order="F")
        return gradient, hessian

    def __call__(self, y_true, raw_prediction, sample_weight=None, **threads):
        """Mean loss; that of the soft labels if training rows decide when to stop."""
        if not self.stops_by_training_loss:
            return super().__call__(y_true, raw_prediction, sample_weight, **threads)
        loss = super().__call__(y_true, raw_prediction, self.weight, **threads)
        shift = self.shift.reshape(raw_prediction.shape, order="F")
        return loss + np.sum(shift * raw_prediction) / self.weight.sum()


class _SoftBinomialLoss(_SoftLoss, HalfBinomialLoss):
    def __init__(self, labels, stops_by_training_loss):
        super().__init__(labels, stops_by_training_loss)
        self.shift = self.shift[:, 1]

    def fit_intercept_only(self, y_true, sample_weight=None):
        """Raw score of the second class's share."""
        return super().fit_intercept_only(self.proba[:, 1], self.weight)


class _SoftMultinomialLoss(_SoftLoss, HalfMultinomialLoss):
    def fit_intercept_only(self, y_true, sample_weight=None):
        """Raw scores of all classes' shares."""
        shares = [np.average(soft, weights=self.weight) for soft in self.proba.T]
        eps = np.finfo(self.proba.dtype).eps
        return self.link.link(np.clip(shares, eps, 1 - eps)[None, :]).reshape(-1)
