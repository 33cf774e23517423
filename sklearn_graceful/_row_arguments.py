"""Arguments of ``fit`` with one entry per row, checked before any training."""

import numpy as np
from sklearn.utils import assert_all_finite
from sklearn.utils._missing import is_pandas_na, is_scalar_nan
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    _num_samples,
    column_or_1d,
)

# What True counts among critical rows.
CRITICAL_WEIGHT = 10.0


def check_row_count(name, values, n_rows):
    """Refuse a scalar, and values of another number of rows than X."""
    if np.isscalar(values):
        raise ValueError(f"{name} must have one entry for each of {n_rows} rows.")
    if _num_samples(values) != n_rows:
        raise ValueError(f"{name} has {_num_samples(values)} rows, X has {n_rows}.")


def check_labels(y, n_rows):
    """Turn class labels into a column of `n_rows`, refusing what is none."""
    y = column_or_1d(y, warn=True)
    if y.dtype == object:  # of which scikit-learn names neither y nor the row
        others = ((row, label) for row, label in enumerate(y) if type(label) is not str)
        for row, label in others:
            if label is None or is_scalar_nan(label) or is_pandas_na(label):
                raise ValueError(f"y has no label in row {row}: it is {label!r}.")
    assert_all_finite(y, input_name="y")
    if len(y) != n_rows:
        raise ValueError(f"y has {len(y)} rows, X has {n_rows}.")
    check_classification_targets(y)
    return y


def check_weights(X, sample_weight, critical):
    """Check both kinds of row weights; critical rows by their weight, True as 10."""
    n_rows = _num_samples(X)
    if sample_weight is not None:
        check_row_count("sample_weight", sample_weight, n_rows)
        sample_weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
    if critical is not None:
        check_row_count("critical", critical, n_rows)
        critical = np.asarray(critical)
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
