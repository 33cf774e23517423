"""Arguments of ``fit`` with one entry per row, checked before any training."""

from collections.abc import Mapping, Set

import numpy as np
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    _num_samples,
    column_or_1d,
)

from sklearn_graceful._containers import as_array, as_values
from sklearn_graceful._frames import is_frame
from sklearn_graceful._labels import label_kind

# What True counts among critical rows.
CRITICAL_WEIGHT = 10.0


def check_row_count(name, values, n_rows):
    """Refuse a scalar, and values of another number of rows than X."""
    if np.isscalar(values):
        raise ValueError(f"{name} must have one entry for each of {n_rows} rows.")
    if _num_samples(values) != n_rows:
        raise ValueError(f"{name} has {_num_samples(values)} rows, X has {n_rows}.")


def check_container(X):
    """Refuse what has no rows in an order, such as a dict of columns."""
    if isinstance(X, Mapping | Set | str | bytes) and not hasattr(X, "shape"):
        raise TypeError(
            f"X must be a table, an array or a list of rows, got {type(X).__name__}."
        )


def check_labels(y, n_rows, name="y"):
    """Turn class labels into a column of `n_rows`, refusing what is none."""
    if y is None:
        raise ValueError("fit requires y to be passed, but the target y is None.")
    y = column_or_1d(as_values(name, y), warn=True)
    assert_all_finite(y, input_name=name)
    if len(y) != n_rows:
        raise ValueError(f"{name} has {len(y)} rows, X has {n_rows}.")
    label_kind(y)  # refuses what has no order
    if y.dtype.kind not in "biuU":  # which are labels, and costly to look at
        check_classification_targets(y)
    return y


def check_stored(name, answers, n_rows):
    """Stored answers of `n_rows`, as an array if they are no table of named columns."""
    check_row_count(name, answers, n_rows)
    if is_frame(answers):
        return answers
    answers = as_array(answers)
    return as_values(name, answers) if answers.ndim == 1 else answers


def check_weights(X, sample_weight, critical):
    """Check both kinds of row weights; critical rows by their weight, True as 10."""
    n_rows = _num_samples(X)
    if sample_weight is not None:
        check_row_count("sample_weight", sample_weight, n_rows)
        sample_weight = as_values("sample_weight", sample_weight)
        sample_weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
    if critical is not None:
        check_row_count("critical", critical, n_rows)
        critical = as_values("critical", critical)
        if critical.dtype == bool:
            critical = CRITICAL_WEIGHT * critical
        if (
            critical.ndim != 1
            or critical.dtype.kind not in "iuf"
            or not (np.isfinite(critical) & (critical >= 0)).all()
        ):
            raise ValueError(
                "critical must be one bool or one finite weight >= 0 per row."
            )
        critical = critical.astype(np.float64)
    return sample_weight, critical
