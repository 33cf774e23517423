"""Soft labels for learners that are no networks."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.utils import _safe_indexing

from sklearn_graceful._containers import as_rows
from sklearn_graceful._probabilities import COPY_FLOOR, MIXTURE_COPY_FLOOR
from sklearn_graceful.training._class_weights import class_weights
from sklearn_graceful.training._parameters import fitting_with
from sklearn_graceful.training._soft_losses import fit_by_own_loss
from sklearn_graceful.training._weighted_rows import WeightedRows


@dataclass(frozen=True, eq=False)
class SoftLabels:
    """Cross-entropy to a soft label on every row.

    A booster minimises it by the library's own loss, whose gradient is told the soft
    labels: scikit-learn's histogram booster, LightGBM, XGBoost, and CatBoost with two
    classes. Any other learner, or a booster with a loss that the user chose, gets each
    row once per likely class, weighted by its soft label. For trees that is not the
    same: copies count as rows wherever rows are counted, in leaves and in bins.

    A learner's class weights act once, on the user's own rows and by their labels, as
    the same weights passed by row would.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
        Class indices: the label of a row of the user's, the likeliest class of any
        other.
    proba : ndarray of shape (n, n_classes)
        Soft labels; rows sum to 1.
    weight : ndarray of shape (n,)
        Of each row's loss.
    n_real : int or None, default=None
        The first `n_real` rows are the user's own, those after them are made. None:
        there are none but the user's.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.training import SoftLabels
    >>> old_proba = np.array([[0.5, 0.5], [0.2, 0.8]])
    >>> labels = SoftLabels.of_losses(np.array([0, 1]), old_proba, None, np.ones(2))
    >>> labels.proba
    array([[0.75, 0.25],
           [0.1 , 0.9 ]])
    >>> labels.weight
    array([2., 2.])
    """

    y: np.ndarray
    proba: np.ndarray
    weight: np.ndarray
    n_real: int | None = None

    @classmethod
    def of_losses(cls, y, old_proba, label_weight, old_weight, n_real=None):
        """Soft labels of a loss that has a label and an old model in it.

        ``a CE(y) + b KL(p_old || p)`` is, up to a constant, cross-entropy to
        ``q = (a onehot(y) + b p_old) / (a + b)`` with weight ``a + b``.

        Parameters
        ----------
        y : ndarray of int, shape (n,)
            Class indices.
        old_proba : ndarray of shape (n, n_classes)
            What is to be imitated; rows sum to 1.
        label_weight : ndarray of shape (n,) or None
            `a`; None: 1.
        old_weight : ndarray of shape (n,)
            `b`.
        n_real : int or None, default=None
            See above.

        Returns
        -------
        labels : SoftLabels
        """
        soft = old_weight[:, None] * old_proba
        soft[np.arange(len(y)), y] += 1.0 if label_weight is None else label_weight
        weight = soft.sum(axis=1)
        soft[weight == 0, y[weight == 0]] = 1  # decides nothing, and is a label still
        proba = soft / soft.sum(axis=1, keepdims=True)
        return cls(y, proba, weight, n_real)

    @property
    def is_real(self):
        """Which rows are the user's own, bool of shape (n,)."""
        n_real = len(self.y) if self.n_real is None else self.n_real
        return np.arange(len(self.y)) < n_real

    def take(self, kept):
        """Some of the rows, by a mask."""
        n_real = np.count_nonzero(kept & self.is_real)
        return SoftLabels(self.y[kept], self.proba[kept], self.weight[kept], n_real)

    def fit(self, learner, X, classes, **fit_params):
        """Fit a classifier; `X` are the training rows, `classes` the labels' names."""
        switched_off, factor = class_weights(learner, self.y[self.is_real], classes)
        weight = self.weight.copy()
        weight[self.is_real] *= factor
        labels = replace(self, weight=weight)
        with fitting_with(learner, **switched_off):
            if not fit_by_own_loss(learner, X, labels, classes, fit_params):
                labels._fit_copies(learner, X, classes, fit_params)

    def _fit_copies(self, learner, X, classes, fit_params):
        """Each class of a row is a row to fit: leave out what decides nothing."""
        floor = np.where(self.is_real, COPY_FLOOR, MIXTURE_COPY_FLOOR)
        floor = np.minimum(floor, self.proba.max(axis=1))
        kept = np.where(self.proba < floor[:, None], 0, self.proba)
        # The row keeps its weight.
        kept *= (self.weight / kept.sum(axis=1))[:, None]
        copied, labels = np.nonzero(kept)
        X = _safe_indexing(as_rows(X if hasattr(X, "shape") else np.asarray(X)), copied)
        weighted = WeightedRows(labels, kept[copied, labels])
        weighted.fit(learner, X, classes, **fit_params)
