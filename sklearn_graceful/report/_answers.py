"""What a model says of the rows that two models are compared on."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils import _safe_indexing

from sklearn_graceful._containers import as_array, as_values
from sklearn_graceful._frames import column_names
from sklearn_graceful._labels import class_index
from sklearn_graceful.reference import as_reference

# Rows that a model is asked about at once: their probabilities are not kept.
_BLOCK = 2**16
# Of a sum of probabilities that were written with few digits.
_ROUNDING = 5e-3


@dataclass(frozen=True, eq=False)
class Answers:
    """A model's answers, without the probabilities of classes that nobody asks about.

    Attributes
    ----------
    labels : ndarray of shape (n,)
        What it predicts.
    confidence : ndarray of float32, shape (n,), or None
        Probability of that; None: it has no probabilities.
    true_proba : ndarray of float32, shape (n,), or None
        Probability of the true class, 0 if it does not know it.
    squares : ndarray of float32, shape (n,), or None
        Sum of the squares of all probabilities.
    classes : ndarray or None
        Those that it knows, if anybody knows.
    """

    labels: np.ndarray
    confidence: np.ndarray | None = None
    true_proba: np.ndarray | None = None
    squares: np.ndarray | None = None
    classes: np.ndarray | None = None


def answers_of(name, source, X, y):
    """Answers of a model to `X`, or those that are stored.

    Parameters
    ----------
    name : str
        Of the argument, for messages.
    source : model, array-like of shape (n,) or (n, n_classes)
        Anything that :class:`ReferenceModel` takes; labels; or probabilities, the
        columns of a table being named as the classes.
    X : array-like of n rows, or None
        None: the answers are stored.
    y : ndarray of shape (n,)
        True labels.

    Returns
    -------
    answers : Answers
    """
    try:
        if _is_model(source):
            return _asked(source, X, y)
        return _stored(source, y)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from error


def _is_model(source):
    """Whether it can be asked, as can each of a list of models."""
    if isinstance(source, list | tuple) and len(source):
        return _is_model(source[0])
    asked = ("predict", "predict_proba", "decision_function", "get_inputs")
    return callable(source) or any(hasattr(source, method) for method in asked)


def _asked(model, X, y):
    if X is None:
        raise ValueError("A model needs the rows: pass X.")
    handle = as_reference(model)
    parts = []
    for rows in _blocks(len(y)):
        block = X if len(rows) == len(y) else _safe_indexing(X, rows)
        parts.append(_answers_to(handle, block, y[rows]))
    return _joined(parts, handle.classes_)


def _answers_to(handle, X, y):
    if handle.classes_ is None or not _has_probabilities(handle):
        return Answers(np.asarray(handle.predict(X)))
    labels, proba = handle.predict_with_proba(X)
    return _read(labels, proba, handle.classes_, y)


def _has_probabilities(handle):
    """Whether it has any of its own, not such as are made of margins or labels."""
    models = [handle, *getattr(handle, "versions", ())]
    inner = getattr(models[-1], "model", None)
    return hasattr(inner, "predict_proba") or not hasattr(inner, "predict")


def _stored(values, y):
    columns = column_names(values) or getattr(values, "columns", None)
    given, values = values, as_array(values)
    if values.ndim == 1:
        if len(values) != len(y):
            raise ValueError(f"There are {len(values)} predictions for {len(y)} rows.")
        return Answers(as_values("the column", given))
    if values.ndim != 2 or len(values) != len(y):
        raise ValueError(
            f"Predictions are labels (n,) or probabilities (n, n_classes) of {len(y)} "
            f"rows, got the shape {values.shape}."
        )
    classes = np.unique(y) if columns is None else np.asarray([*columns], y.dtype)
    if values.shape[1] != len(classes):
        raise ValueError(
            f"There are {values.shape[1]} columns of probabilities and "
            f"{len(classes)} classes in y. Pass a table whose columns are named as the "
            "classes."
        )
    parts = []
    for rows in _blocks(len(y)):
        proba = values[rows].astype(np.float64)
        sums = proba.sum(axis=1)
        if not (proba >= 0).all() or not np.allclose(sums, 1, atol=_ROUNDING):
            raise ValueError(
                "Probabilities must not be negative and must sum to 1 in every row; "
                f"the least is {proba.min():.3g}, the sums go from {sums.min():.3g} to "
                f"{sums.max():.3g}."
            )
        labels = classes[proba.argmax(axis=1)]
        parts.append(_read(labels, proba, classes, y[rows]))
    return _joined(parts, classes)


def _blocks(n_rows):
    for start in range(0, n_rows, _BLOCK):
        yield np.arange(start, min(start + _BLOCK, n_rows))


def _read(labels, proba, classes, y):
    """Keep of probabilities what is needed of them."""
    if np.isin(proba, (0, 1)).all():  # labels in another form
        return Answers(labels)
    rows = np.arange(len(y))
    order = np.argsort(classes)
    own, true = (
        np.where(found < 0, found, order[found])
        for found in (class_index(wanted, classes[order]) for wanted in (labels, y))
    )
    return Answers(
        labels,
        proba[rows, own].astype(np.float32),
        np.where(true < 0, 0, proba[rows, true]).astype(np.float32),
        np.einsum("ij,ij->i", proba, proba).astype(np.float32),
    )


def _joined(parts, classes):
    fields = ("labels", "confidence", "true_proba", "squares")
    columns = []
    for field in fields:
        blocks = [getattr(part, field) for part in parts]
        missing = any(block is None for block in blocks)
        columns.append(None if missing else np.concatenate(blocks))
    return Answers(*columns, classes)
