"""Rows of our own making, labelled by the old model and plain new ones."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.utils import check_random_state
from sklearn.utils.validation import _num_samples, has_fit_parameter

from sklearn_graceful._pipelines import last_step
from sklearn_graceful.classification._learners import check_learner
from sklearn_graceful.classification._old_outputs import OldOutputs
from sklearn_graceful.congruence._row_weights import RowWeights
from sklearn_graceful.congruence._synthetic_rows import synthetic_rows

_SMALLEST_PROBABILITY = 1e-6
_SMALLEST_SHARE = 0.02


@dataclass(frozen=True)
class SyntheticRows:
    """Rows and the mixture of two models' answers on them.

    Attributes
    ----------
    X : array-like of shape (m, ...)
        Rows, as raw as the training rows.
    log_mixture : ndarray of shape (m, n_classes)
        Log-probabilities of the mixture.
    """

    X: object
    log_mixture: np.ndarray

    def join(self, y, weights, method, *, is_net):
        """Targets of the real rows and these, one after the other.

        Parameters
        ----------
        y : ndarray of int, shape (n,)
            Class indices of the real rows.
        weights : RowWeights
            Of the real rows.
        method : Match
            Says how real and synthetic rows weigh against each other.
        is_net : bool
            Whether the learner can learn probabilities.

        Returns
        -------
        y : ndarray of int, shape (n + m,)
        weights : RowWeights
        old : OldOutputs
            The mixture as what is to be matched, on the synthetic rows.
        """
        n_real, n_synthetic = len(y), len(self.log_mixture)
        labels = np.concatenate([y, self.log_mixture.argmax(axis=1)])
        real = np.ones(n_real) if weights.label is None else weights.label
        n_rows, n_classes = n_real + n_synthetic, self.log_mixture.shape[1]
        proba = np.full((n_rows, n_classes), 1 / n_classes)
        proba[n_real:] = np.exp(self.log_mixture)
        if not is_net:
            # Each class of a row is a row to fit: leave out what decides nothing.
            largest = proba.max(axis=1, keepdims=True)
            proba[proba < np.minimum(_SMALLEST_SHARE, largest)] = 0
            proba /= proba.sum(axis=1, keepdims=True)
        everywhere = np.ones(n_rows, dtype=bool)
        old = OldOutputs(proba, everywhere, everywhere, np.ones(n_classes, dtype=bool))
        label = np.concatenate([real * method.label_share, np.zeros(n_synthetic)])
        match = np.concatenate([np.zeros(n_real), np.ones(n_synthetic)])
        # Together the synthetic rows weigh as much as the real ones at a share of 1. A
        # net's batch mixes both kinds, and the means over each kind shall add up.
        whole = n_rows if is_net else n_real
        return (
            labels,
            RowWeights(label * whole / n_real, match * whole / n_synthetic),
            old,
        )


def can_match(estimator, X, reference):
    """Whether a learner can learn from the old model's answers on synthetic rows.

    Parameters
    ----------
    estimator : estimator
        What learns.
    X : array-like of shape (n, ...)
        Raw rows.
    reference : ReferenceModel or None
        The old model.

    Returns
    -------
    can_match : bool
    """
    learner = last_step(estimator)
    # Texts, of which a Series or an array holds one a row, have no features to swap.
    is_table = (hasattr(X, "iloc") or isinstance(X, np.ndarray)) and X.ndim >= 2
    learns = check_learner(estimator) or (
        hasattr(learner, "predict_proba")
        and has_fit_parameter(learner, "sample_weight")
    )
    return reference is not None and is_table and learns


def make_synthetic_rows(method, X, teachers, reference, classes, old_accuracy):
    """Make rows and ask both models about them.

    Parameters
    ----------
    method : Match
        With its choices made.
    X : DataFrame or ndarray of shape (n, ...)
        Real rows.
    teachers : list of classifier
        Fitted plain new models; none where they do not count.
    reference : ReferenceModel
        The old model.
    classes : ndarray of shape (n_classes,)
        The new model's classes.
    old_accuracy : float
        Of the old model on the real rows.

    Returns
    -------
    rows : SyntheticRows
    """
    rng = check_random_state(None)  # the global one, seeded for this fit
    rows = stack_rows(
        *(
            synthetic_rows(X, rng, swap_rate=method.swap_rate, groups=method.groups)
            for _ in range(method.n_synthetic)
        )
    )
    log_teacher = np.zeros((_num_samples(rows), len(classes)))
    for teacher in teachers:
        log_teacher += _log(teacher.predict_proba(rows)) / len(teachers)
    log_teacher -= np.logaddexp.reduce(log_teacher, axis=1, keepdims=True)
    old = reference.predict_proba(rows, classes=classes, remember=False)
    old /= np.maximum(old.sum(axis=1, keepdims=True), _SMALLEST_PROBABILITY)
    if np.isin(old, (0, 1)).all():
        old = _as_sure_as_right(old, old_accuracy)
    known = (
        np.ones(len(classes), dtype=bool)
        if reference.classes_ is None
        else np.isin(classes, reference.classes_)
    )
    return SyntheticRows(rows, method.mixture(log_teacher, _log(old), known))


def stack_rows(*parts):
    """Put tables or arrays of one kind below each other."""
    if sparse.issparse(parts[0]):
        return sparse.vstack(parts, format="csr")
    if hasattr(parts[0], "iloc"):
        import pandas as pd

        return pd.concat(parts, ignore_index=True)
    return np.concatenate(parts)


def _as_sure_as_right(labels, accuracy):
    """Probabilities of a model that names labels only: 1 is more than it knows."""
    n_classes = labels.shape[1]
    return labels * accuracy + (1 - labels) * (1 - accuracy) / max(n_classes - 1, 1)


def _log(proba):
    return np.log(np.maximum(proba, _SMALLEST_PROBABILITY))
