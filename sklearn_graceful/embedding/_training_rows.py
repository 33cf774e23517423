"""The rows that an embedder is trained on, checked once."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils import _safe_indexing, assert_all_finite
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _num_samples, column_or_1d

from sklearn_graceful._row_arguments import check_row_count, check_weights


@dataclass(frozen=True)
class TrainingRows:
    """Rows with all that is known of each.

    Attributes
    ----------
    X : array-like of n rows
        As the learner takes them.
    X_given : array-like of n rows
        As the user gave them, which is how the old model takes them.
    y : ndarray of int64, shape (n,), or None
        Class indices.
    classes : ndarray of shape (n_classes,) or None
        Labels of these indices, sorted.
    old_embeddings : array-like of shape (n, old_dim) or None
        Stored vectors of the old model.
    weight : ndarray of float, shape (n,), or None
        Sample weights, above 0.
    """

    X: object
    X_given: object
    y: np.ndarray | None
    classes: np.ndarray | None
    old_embeddings: object | None
    weight: np.ndarray | None

    def __len__(self):
        return _num_samples(self.X)


def check_training_rows(X, X_given, y, old_embeddings, sample_weight):
    """Check what belongs to rows, and leave out those of weight 0.

    A row of weight 0 is as good as absent: neither does it train, nor does its old
    vector stand for any of the old gallery, nor is its label a class.

    Parameters
    ----------
    X, X_given : array-like of n rows
        Checked, and as given.
    y : array-like of shape (n,) or None
        Labels.
    old_embeddings : array-like of shape (n, old_dim) or None
        Stored vectors of the old model.
    sample_weight : array-like of shape (n,) or None
        Weights.

    Returns
    -------
    rows : TrainingRows

    Raises
    ------
    ValueError
        If row counts differ, labels are none, NaN or of one class only, or weights are
        negative, not finite or all 0.
    """
    n_rows = _num_samples(X)
    y = _check_labels(y, n_rows)
    weight, _ = check_weights(X, sample_weight, None)
    if old_embeddings is not None:
        check_row_count("old_embeddings", old_embeddings, n_rows)
    if weight is not None and not weight.all():
        if not weight.any():
            raise ValueError("sample_weight is 0 in every row: there is none to learn.")
        kept = np.flatnonzero(weight)
        X, X_given, y, old_embeddings, weight = (
            None if column is None else _safe_indexing(column, kept)
            for column in (X, X_given, y, old_embeddings, weight)
        )
    classes, y = _number_classes(y)
    return TrainingRows(X, X_given, y, classes, old_embeddings, weight)


def _check_labels(y, n_rows):
    if y is None:
        return None
    y = column_or_1d(y, warn=True)
    assert_all_finite(y, input_name="y")
    if len(y) != n_rows:
        raise ValueError(f"y has {len(y)} rows, X has {n_rows}.")
    check_classification_targets(y)
    return y


def _number_classes(y):
    """Sorted classes, and the rows' positions among them; None without labels."""
    if y is None:
        return None, None
    classes, y = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"An embedder needs rows of two classes or more, got 1 class: {classes}."
        )
    return classes, y
