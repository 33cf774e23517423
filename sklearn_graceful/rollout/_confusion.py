"""How reliable a version is: P(prediction | label), from few labelled rows."""

from numbers import Real

import numpy as np


def confusion_probabilities(counts, *, smoothing=5.0):
    """Estimate P(prediction | label) from a table of counts, never exactly 0.

    Formula: with N the counts, a the share of rows that are right, (right + 1) /
    (rows + 2) to be exact, and alpha = `smoothing`::

        P[k, i] = (N[k, i] + alpha * m[k, i]) / (sum_i N[k, i] + alpha)
        m[k, k] = a,    m[k, i] = (1 - a) / (K - 1)

    This is the mean under a Dirichlet prior of alpha rows for every label. A label
    with no rows has the overall accuracy, its errors spread evenly; one with many
    rows has its own frequencies.

    Parameters
    ----------
    counts : array-like of shape (n_classes, n_classes)
        Rows by label (first axis) and prediction, as
        ``sklearn.metrics.confusion_matrix(y_true, y_pred, labels=classes)`` gives
        them. They need not be whole numbers.
    smoothing : float, default=5.0
        How many rows of every label the prior is worth; above 0.

    Returns
    -------
    confusion : ndarray of shape (n_classes, n_classes)
        All positive; every row sums to 1.

    Raises
    ------
    ValueError
        If `counts` is not square, smaller than 2 x 2, or holds anything but finite
        numbers that are not negative; if `smoothing` is not finite and above 0.

    References
    ----------
    Träuble et al., "Backward-Compatible Prediction Updates: A Probabilistic
    Approach", NeurIPS 2021. Where rows are few they estimate the diagonal only and
    spread the errors of each label evenly.

    Examples
    --------
    >>> from sklearn_graceful.rollout import confusion_probabilities
    >>> confusion_probabilities([[8, 0], [0, 0]], smoothing=2)
    array([[0.98, 0.02],
           [0.1 , 0.9 ]])
    """
    counts = check_square("counts", counts)
    check_smoothing(smoothing)
    prior = smoothing * even_errors(counts)
    return (counts + prior) / (counts.sum(axis=1, keepdims=True) + smoothing)


def even_errors(counts):
    """Confusion of a version that is equally good at all labels."""
    n_classes = len(counts)
    accuracy = (np.trace(counts) + 1) / (counts.sum() + 2)
    spread = np.full((n_classes, n_classes), (1 - accuracy) / (n_classes - 1))
    np.fill_diagonal(spread, accuracy)
    return spread


def check_confusion(confusion, n_classes):
    """Take P(prediction | label) as it is, if it is positive and its rows sum to 1."""
    confusion = check_square("confusion", confusion)
    if len(confusion) != n_classes:
        raise ValueError(
            f"confusion is for {len(confusion)} classes, the store has {n_classes}."
        )
    sums = confusion.sum(axis=1)
    if not np.allclose(sums, 1, rtol=0, atol=1e-6):
        raise ValueError(
            "confusion holds P(prediction | label): every row must sum to 1, got "
            f"{sums.tolist()}. confusion_probabilities makes it from counts."
        )
    if not (confusion > 0).all():
        raise ValueError(
            "confusion must be positive everywhere: a probability of 0 rules a label "
            "out for good. confusion_probabilities smooths counts."
        )
    return confusion


def check_square(name, table):
    """Turn a table into floats, refusing what is no table of counts."""
    table = np.asarray(table)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or len(table) < 2:
        raise ValueError(
            f"{name} must be of shape (n_classes, n_classes), with 2 classes or more; "
            f"got {table.shape}."
        )
    if table.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold numbers, got {table.dtype}.")
    if not (np.isfinite(table).all() and (table >= 0).all()):
        raise ValueError(f"{name} must be finite and not negative.")
    return table.astype(np.float64)


def check_smoothing(smoothing):
    """Refuse a number of prior rows that would leave a probability of 0."""
    if not (isinstance(smoothing, Real) and 0 < smoothing < np.inf):
        raise ValueError(f"smoothing must be finite and above 0, got {smoothing!r}.")
