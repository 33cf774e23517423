"""What a prediction store accepts; everything else is refused by name."""

from collections.abc import Hashable
from numbers import Integral, Real

import numpy as np

from sklearn_graceful._containers import as_values
from sklearn_graceful._labels import check_same_label_kind, label_kind


def check_classes(classes):
    """Turn the class labels into an array of two or more that differ."""
    classes = np.array(classes)
    if classes.ndim != 1 or len(classes) < 2:
        raise ValueError(
            f"classes must be 1-D with 2 labels or more, got shape {classes.shape}."
        )
    label_kind(classes)
    if classes.dtype.kind in "fO" and (classes != classes).any():
        raise ValueError("classes holds NaN, which is not a class label.")
    if len(np.unique(classes)) < len(classes):
        raise ValueError(f"classes repeats a label: {classes.tolist()}.")
    return classes


def check_n_rows(n_rows):
    """Turn a number of rows into an int, if it is a whole number of at least 1."""
    if not isinstance(n_rows, Integral) or isinstance(n_rows, bool) or n_rows < 1:
        raise ValueError(f"n_rows must be an int of at least 1, got {n_rows!r}.")
    return int(n_rows)


def check_cost_ratio(cost_ratio):
    """Turn a cost ratio into a float, if it is finite and at least 1."""
    if not (isinstance(cost_ratio, Real) and 1 <= cost_ratio < np.inf):
        raise ValueError(
            f"cost_ratio must be finite and at least 1, got {cost_ratio!r}: with less, "
            "a label would give way to one that is less probable."
        )
    return float(cost_ratio)


def check_correlation(correlation):
    """Return a correlation as it is, if it is ``"auto"`` or between 0 and 1."""
    if isinstance(correlation, str):
        if correlation != "auto":
            raise ValueError(
                f"correlation must be a number or 'auto', got {correlation!r}."
            )
    elif not (isinstance(correlation, Real) and 0 <= correlation <= 1):
        raise ValueError(f"correlation must be between 0 and 1, got {correlation!r}.")
    return correlation


def check_prior(prior, n_classes):
    """Turn a prior into probabilities; those that name a rule stay as they are."""
    if isinstance(prior, str):
        if prior not in ("uniform", "labelled"):
            raise ValueError(
                "prior must be 'uniform', 'labelled' or one probability per class, "
                f"got {prior!r}."
            )
        return prior
    prior = np.asarray(prior)
    if prior.dtype.kind not in "biuf":
        raise ValueError(f"prior must hold numbers, got {prior.dtype}.")
    prior = prior.astype(np.float64)
    if prior.shape != (n_classes,):
        raise ValueError(
            f"prior has shape {prior.shape}, but there are {n_classes} classes."
        )
    if not (prior > 0).all() or not np.isclose(prior.sum(), 1, rtol=0, atol=1e-6):
        raise ValueError(
            f"prior must be positive and sum to 1, got {prior.tolist()}: a class of "
            "probability 0 could never be reported."
        )
    return prior


def check_version(version):
    """Refuse a version's name by which nothing can be looked up."""
    if not isinstance(version, Hashable):
        raise TypeError(
            f"version must be hashable, such as a string or an int, got {version!r}."
        )
    return version


def check_rows(rows, n_rows):
    """Turn row positions into an array of ints that differ and exist."""
    rows = np.asarray(rows)
    if rows.ndim != 1:
        raise ValueError(f"rows must be 1-D, got shape {rows.shape}.")
    if not len(rows):
        return rows.astype(np.intp)
    if rows.dtype.kind not in "iu":
        hint = " np.flatnonzero turns a mask into them." if rows.dtype == bool else ""
        raise ValueError(
            f"rows must hold row positions (ints), got {rows.dtype}.{hint}"
        )
    if rows.min() < 0 or rows.max() >= n_rows:
        wrong = rows[(rows < 0) | (rows >= n_rows)][0]
        raise ValueError(f"rows holds {wrong}, but the store has rows 0..{n_rows - 1}.")
    if len(np.unique(rows)) < len(rows):
        raise ValueError("rows names a row more than once.")
    return rows.astype(np.intp)


def encode(name, labels, classes):
    """Positions of labels in `classes`, which may be in any order."""
    labels = as_values(name, labels)
    if labels.ndim != 1:
        raise ValueError(f"{name} must be 1-D, got shape {labels.shape}.")
    check_same_label_kind(**{name: labels, "classes": classes})
    order = np.argsort(classes)
    place = np.minimum(np.searchsorted(classes, labels, sorter=order), len(classes) - 1)
    codes = order[place]
    unknown = classes[codes] != labels
    if unknown.any():
        raise ValueError(
            f"{name} holds labels that are not among the classes of the store: "
            f"{np.unique(labels[unknown])[:5].tolist()}. The classes are fixed when it "
            "is made; list those that later versions bring as well."
        )
    return codes
