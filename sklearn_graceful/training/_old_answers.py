"""What the old model says about the training rows, in the new model's classes."""

from dataclasses import dataclass

import numpy as np

from sklearn_graceful._containers import as_array
from sklearn_graceful._frames import column_names
from sklearn_graceful._labels import align_columns, check_same_label_kind
from sklearn_graceful._probabilities import IMITATION_FLOOR, log_floored
from sklearn_graceful._warn import warn_user
from sklearn_graceful._wrappers import layers
from sklearn_graceful.exceptions import OldModelMismatchWarning

# A model of balanced class weights is worth this much more than always guessing.
_SKILLED = 0.25
_MEMORISED = 0.98
_MEMORISERS = ("Forest", "Boosting", "Tree", "Neighbors", "XGB", "LGBM", "CatBoost")


@dataclass(frozen=True)
class OldAnswers:
    """Old model's answers on n rows.

    Attributes
    ----------
    proba : ndarray of shape (n, n_classes)
        Probabilities of the new model's classes. What the old model gave to classes
        that the new one lacks is left out and the rest scaled up to 1.
    right : ndarray of bool, shape (n,)
        Whether the old model's prediction is the label.
    informative : ndarray of bool, shape (n,)
        Whether the old model knows the row's class and gave the new model's classes
        any probability.
    known : ndarray of bool, shape (n_classes,)
        Which of the new model's classes the old model knows.
    """

    proba: np.ndarray
    right: np.ndarray
    informative: np.ndarray
    known: np.ndarray

    @classmethod
    def aligned(cls, proba, source, right, y, classes):
        """Turn columns of the classes `source` into those of the new model's `classes`.

        `right` says where the old model's prediction is the label `y`.
        """
        proba, known = align_columns(proba.astype(np.float64), source, classes)
        mass = proba.sum(axis=1, keepdims=True)
        informative = known[np.searchsorted(classes, y)] & (mass[:, 0] > 0)
        proba /= np.where(mass > 0, mass, 1)
        return cls(proba, np.asarray(right), informative, known)

    def take(self, rows):
        """Answers on some of the rows."""
        return OldAnswers(
            self.proba[rows], self.right[rows], self.informative[rows], self.known
        )

    def log_proba(self):
        """Log-probabilities; a zero counts as one in a million, to stay finite."""
        return log_floored(self.proba, IMITATION_FLOOR)


def answers_of_model(reference, X, y, classes):
    """Ask the old model about the training rows.

    Parameters
    ----------
    reference : ReferenceModel
        The old model; of a history the newest version is asked.
    X : array-like of shape (n, ...)
        Rows as the old model wants them.
    y : ndarray of shape (n,)
        Labels.
    classes : ndarray of shape (n_classes,)
        The new model's classes.

    Returns
    -------
    answers : OldAnswers
    """
    if reference.classes_ is None:  # it returns labels, and no list of its classes
        return _answers_of_labels(reference.predict(X), y, classes, "old_model")
    check_same_label_kind(old_model=reference.classes_, y=y)
    labels, proba = reference.predict_with_proba(X)
    return OldAnswers.aligned(proba, reference.classes_, labels == y, y, classes)


def answers_of_proba(old_proba, y, classes, source_classes=None):
    """Take stored answers of the old model.

    Parameters
    ----------
    old_proba : array-like of shape (n, n_source) or (n,)
        Probabilities, or predicted labels if one-dimensional. The columns of a
        table name the classes.
    y : ndarray of shape (n,)
        Labels.
    classes : ndarray of shape (n_classes,)
        The new model's classes.
    source_classes : ndarray of shape (n_source,) or None
        The old model's classes, if known.

    Returns
    -------
    answers : OldAnswers
    """
    values, names = as_array(old_proba), column_names(old_proba)
    if values.ndim == 1:
        return _answers_of_labels(values, y, classes, "old_proba")
    proba = _check_probabilities(values)
    if names is not None:
        source = _as_labels(np.asarray(names), classes)
    elif source_classes is not None and len(source_classes) == proba.shape[1]:
        source = source_classes
    elif len(classes) == proba.shape[1]:
        source = classes
    else:
        raise ValueError(
            f"old_proba has {proba.shape[1]} columns but y has {len(classes)} classes. "
            "Pass a table whose columns are named after the old model's classes."
        )
    check_same_label_kind(old_proba=source, y=y)
    right = source[proba.argmax(axis=1)] == y
    return OldAnswers.aligned(proba, source, right, y, classes)


def _as_labels(names, classes):
    """Names of columns, which of some tables are always strings, as class labels."""
    if classes.dtype.kind not in "iuf" or names.dtype.kind not in "UO":
        return names
    try:
        return names.astype(classes.dtype)
    except ValueError:
        raise ValueError(
            f"The columns of old_proba are named {names[:5].tolist()}, but y holds "
            "numbers: name them after the old model's classes, or pass an array."
        ) from None


def _answers_of_labels(labels, y, classes, name):
    check_same_label_kind(**{name: labels, "y": y})
    if labels.dtype.kind == "f" and (labels != np.floor(labels)).any():
        raise ValueError(
            f"A one-dimensional {name} holds the old model's predicted labels, but "
            "some of its values are no whole numbers. Probabilities have one column "
            "per class, also for two classes."
        )
    if not np.isin(labels, classes).any():
        raise ValueError(
            f"Old and new model share no class: {name} holds the labels "
            f"{np.unique(labels)[:10].tolist()}, y has {classes[:10].tolist()}."
        )
    source = np.union1d(labels, classes)
    proba = (labels[:, None] == source).astype(np.float64)
    return OldAnswers.aligned(proba, source, labels == y, y, classes)


def _check_probabilities(values):
    if values.ndim != 2:
        raise ValueError(
            f"old_proba must have shape (n, n_classes), got {values.shape}."
        )
    if values.dtype.kind not in "biuf":
        raise ValueError(f"old_proba must hold numbers, got dtype {values.dtype}.")
    proba = values.astype(np.float64)
    if not np.isfinite(proba).all():
        raise ValueError("old_proba contains NaN or infinity.")
    if (proba < 0).any():
        raise ValueError(f"old_proba contains negative values, down to {proba.min()}.")
    sums = proba.sum(axis=1)
    worst = np.abs(sums - 1).argmax()
    if abs(sums[worst] - 1) > 1e-3:
        raise ValueError(
            f"Rows of old_proba must sum to 1; row {worst} sums to {sums[worst]:.4g}."
        )
    return proba


def warn_of_wrong_input(answers, y):
    """Warn when the old model does no better than always guessing one class.

    One that was trained with balanced class weights may be right less often, and is
    known by its mean recall.
    """
    rows = np.unique(y, return_inverse=True)[1]
    seen = answers.known[rows]
    shown, n_rows = np.unique(rows[seen], return_counts=True)
    if len(shown) < 2:
        return
    n_right = np.bincount(rows[seen], answers.right[seen])[shown]
    right, guessed = n_right.sum() / n_rows.sum(), n_rows.max() / n_rows.sum()
    # Guessing one class has 0 of this, being always right 1.
    skill = ((n_right / n_rows).sum() - 1) / (len(shown) - 1)
    if right <= guessed and skill < _SKILLED:
        warn_user(
            f"The old model is right on {right:.1%} of the training rows, no more "
            f"than always guessing the most frequent class ({guessed:.1%}). Does it "
            "get the input it was trained on? In a Pipeline it gets transformed X: "
            "wrap the Pipeline, PCClassifier(pipeline), or pass old_proba=.",
            OldModelMismatchWarning,
        )


def warn_of_memorised_rows(model, answers):
    """Warn when a forest or boosting model knows its training rows by heart."""
    names = {kind.__name__ for layer in layers(model) for kind in type(layer).__mro__}
    memorises = any(kind in name for name in names for kind in _MEMORISERS)
    if memorises and answers.right.mean() > _MEMORISED:
        warn_user(
            f"The old model is right on {answers.right.mean():.1%} of the training "
            "rows. If it was trained on them it knows them by heart, and its outputs "
            "say nothing about new rows: use other rows, or its out-of-fold outputs, "
            'old_proba="out-of-fold".',
            OldModelMismatchWarning,
        )
