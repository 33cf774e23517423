"""Arguments of ``fit`` with one entry per row, checked before any training."""

import numpy as np
from sklearn.utils.validation import _check_sample_weight, _num_samples

# What True counts among critical rows.
CRITICAL_WEIGHT = 10.0


def check_row_count(name, values, n_rows):
    """Refuse a scalar, and values of another number of rows than X."""
    if np.isscalar(values):
        raise ValueError(f"{name} must have one entry for each of {n_rows} rows.")
    if _num_samples(values) != n_rows:
        raise ValueError(f"{name} has {_num_samples(values)} rows, X has {n_rows}.")


def check_weights(X, sample_weight, critical):
    """Check both kinds of row weights; None stays None.

    Parameters
    ----------
    X : array-like of n rows
        Training rows.
    sample_weight, critical : array-like of shape (n,) or None
        As given to ``fit``.

    Returns
    -------
    sample_weight, critical : ndarray of float, shape (n,), or None
        Critical rows by their weight, True as 10.

    Raises
    ------
    ValueError
        If row counts differ or a weight is negative or not finite.
    """
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
