"""What the old model says about the training rows, in the new model's classes."""

import warnings
from dataclasses import dataclass

import numpy as np

from sklearn_graceful._labels import align_columns, check_same_label_kind
from sklearn_graceful.exceptions import OldModelMismatchWarning

_SMALLEST_PROBABILITY = 1e-6
_MEMORISED = 0.98
_MEMORISERS = ("Forest", "Boosting", "Tree", "Neighbors", "XGB", "LGBM", "CatBoost")


@dataclass(frozen=True)
class OldOutputs:
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

    def take(self, rows):
        """Answers on some of the rows."""
        return OldOutputs(
            self.proba[rows], self.right[rows], self.informative[rows], self.known
        )

    def log_proba(self):
        """Log-probabilities; a zero counts as one in a million, to stay finite."""
        return np.log(np.maximum(self.proba, _SMALLEST_PROBABILITY))


def no_outputs(n_rows, n_classes):
    """Answers that say nothing, for a method that does without an old model."""
    return OldOutputs(
        np.full((n_rows, n_classes), 1 / n_classes),
        np.zeros(n_rows, dtype=bool),
        np.ones(n_rows, dtype=bool),
        np.ones(n_classes, dtype=bool),
    )


def outputs_of_model(reference, X, y, classes):
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
    outputs : OldOutputs
    """
    if reference.classes_ is None:  # it returns labels, and no list of its classes
        return _outputs_of_labels(reference.predict(X), y, classes, "old_model")
    check_same_label_kind(old_model=reference.classes_, y=y)
    labels, proba = reference.predict_with_proba(X)
    return aligned(proba, reference.classes_, labels == y, y, classes)


def newest_right(by_version):
    """On each row the answer of the newest version that is right, else the newest's.

    Parameters
    ----------
    by_version : list of OldOutputs
        Of all versions of a history on the same rows, the oldest first.

    Returns
    -------
    outputs : OldOutputs
        A row is right if any version has it right, a class known if any version
        knows it; where the row's version does not, it has probability 0.
    """
    newest_first = by_version[::-1]
    right = np.array([outputs.right for outputs in newest_first])
    # argmax takes the first of equals: the newest, also where none is right.
    version, rows = right.argmax(axis=0), np.arange(right.shape[1])
    return OldOutputs(
        np.array([outputs.proba for outputs in newest_first])[version, rows],
        right.any(axis=0),
        np.array([outputs.informative for outputs in newest_first])[version, rows],
        np.any([outputs.known for outputs in newest_first], axis=0),
    )


def outputs_of_proba(old_proba, y, classes, source_classes=None):
    """Take stored answers of the old model.

    Parameters
    ----------
    old_proba : array-like of shape (n, n_source) or (n,)
        Probabilities, or predicted labels if one-dimensional. The columns of a
        DataFrame name the classes.
    y : ndarray of shape (n,)
        Labels.
    classes : ndarray of shape (n_classes,)
        The new model's classes.
    source_classes : ndarray of shape (n_source,) or None
        The old model's classes, if known.

    Returns
    -------
    outputs : OldOutputs
    """
    values = np.asarray(old_proba)
    if values.ndim == 1:
        return _outputs_of_labels(values, y, classes, "old_proba")
    proba = _check_probabilities(values)
    if hasattr(old_proba, "columns"):
        source = np.asarray(old_proba.columns)
    elif source_classes is not None and len(source_classes) == proba.shape[1]:
        source = source_classes
    elif len(classes) == proba.shape[1]:
        source = classes
    else:
        raise ValueError(
            f"old_proba has {proba.shape[1]} columns but y has {len(classes)} classes. "
            "Pass a DataFrame whose columns are the old model's classes."
        )
    check_same_label_kind(old_proba=source, y=y)
    right = source[proba.argmax(axis=1)] == y
    return aligned(proba, source, right, y, classes)


def _outputs_of_labels(labels, y, classes, name):
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
    return aligned(proba, source, labels == y, y, classes)


def warn_of_mismatch(outputs, y, reference=None):
    """Warn when the answers look as if the old model got the wrong rows.

    Parameters
    ----------
    outputs : OldOutputs
        Old model's answers.
    y : ndarray of shape (n,)
        Labels.
    reference : ReferenceModel, default=None
        The old model, if it was asked on these very rows.
    """
    _warn_of_wrong_input(outputs, y)
    if reference is not None:
        _warn_of_memorised_rows(reference.model, outputs)


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


def aligned(proba, source, right, y, classes):
    """Answers in the new model's classes.

    Parameters
    ----------
    proba : ndarray of shape (n, n_source)
        Probabilities of the old model's classes.
    source : ndarray of shape (n_source,)
        These classes.
    right : ndarray of bool, shape (n,)
        Whether the old model's prediction is the label.
    y : ndarray of shape (n,)
        Labels.
    classes : ndarray of shape (n_classes,)
        The new model's classes.

    Returns
    -------
    outputs : OldOutputs
    """
    proba, known = align_columns(proba.astype(np.float64), source, classes)
    mass = proba.sum(axis=1, keepdims=True)
    informative = known[np.searchsorted(classes, y)] & (mass[:, 0] > 0)
    proba /= np.where(mass > 0, mass, 1)
    return OldOutputs(proba, np.asarray(right), informative, known)


def _warn_of_wrong_input(outputs, y):
    """Warn when the old model does no better than always guessing one class."""
    seen = outputs.known[np.unique(y, return_inverse=True)[1]]
    if not seen.any():
        return
    _, counts = np.unique(y[seen], return_counts=True)
    right, guessed = outputs.right[seen].mean(), counts.max() / seen.sum()
    if right <= guessed and len(counts) > 1:
        warnings.warn(
            f"The old model is right on {right:.1%} of the training rows, no more "
            f"than always guessing the most frequent class ({guessed:.1%}). Does it "
            "get the input it was trained on? In a Pipeline it gets transformed X: "
            "wrap the Pipeline, PCClassifier(pipeline), or pass old_proba=.",
            OldModelMismatchWarning,
            stacklevel=5,
        )


def _warn_of_memorised_rows(model, outputs):
    """Warn when a forest or boosting model knows its training rows by heart."""
    model = getattr(model, "steps", [(None, model)])[-1][1]
    names = {cls.__name__ for cls in type(getattr(model, "estimator", model)).__mro__}
    memorises = any(kind in name for name in names for kind in _MEMORISERS)
    if memorises and outputs.right.mean() > _MEMORISED:
        warnings.warn(
            f"The old model is right on {outputs.right.mean():.1%} of the training "
            "rows. If it was trained on them it knows them by heart, and its outputs "
            "say nothing about new rows: use other rows, or its out-of-fold outputs, "
            'old_proba="out-of-fold".',
            OldModelMismatchWarning,
            stacklevel=5,
        )
