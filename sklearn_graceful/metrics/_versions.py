"""Negative flips between all versions of a model."""

import numpy as np

from sklearn_graceful._arguments import check_flag
from sklearn_graceful.metrics._undefined import undefined
from sklearn_graceful.search import check_labels, check_weight, chunks


def flip_matrix(y_true, predictions_by_version, *, normalize=True, sample_weight=None):
    """Negative flip rate of every update from one version to another.

    Formula: entry ``[i, j]`` is ``NFR = b / n`` (Yan et al. 2021) when version i is
    replaced by version j: the share of rows that i has right and j has wrong. Row i
    tells what leaving version i costs, column j what moving to version j breaks.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    predictions_by_version : dict of array-like, or list of array-like, of shape (n,)
        Predicted labels of each version, usually oldest first.
    normalize : bool, default=True
        Rates; False gives the (weighted) numbers of negative flips.
    sample_weight : array-like of shape (n,), default=None
        Row weights. A weight of k counts like the row repeated k times.

    Returns
    -------
    matrix : ndarray of shape (n_versions, n_versions)
        Zero on the diagonal, in the order of `predictions_by_version`.
        ``matrix[j, i] - matrix[i, j]`` is the accuracy gained from i to j. All nan,
        with an UndefinedMetricWarning, if rates are asked for and the total weight
        is 0.

    Raises
    ------
    ValueError
        If there are no versions, or the rows are invalid (see `flip_counts`).

    Notes
    -----
    Each version is compared with the truth once; the pairs are a matrix product of
    the outcomes. On rows that a version was trained on its row of the matrix misleads.

    References
    ----------
    Yan et al., "Positive-Congruent Training: Towards Regression-Free Model
    Updates", CVPR 2021.

    Examples
    --------
    >>> from sklearn_graceful.metrics import flip_matrix
    >>> y_true = [0, 0, 1, 1]
    >>> versions = {"v1": [0, 0, 0, 0], "v2": [0, 1, 1, 0], "v3": [0, 0, 1, 1]}
    >>> flip_matrix(y_true, versions)
    array([[0.  , 0.25, 0.  ],
           [0.25, 0.  , 0.  ],
           [0.5 , 0.5 , 0.  ]])
    """
    y_true, versions = _check_versions(y_true, predictions_by_version)
    weight = check_weight(sample_weight, y_true)
    if weight is None:
        # A chunk's counts fit single precision exactly.
        weight = np.broadcast_to(np.float32(1), len(y_true))
    else:
        weight = weight.astype(np.float64)
    both_right, total = np.zeros((len(versions), len(versions))), 0.0
    row_bytes = len(versions) * weight.itemsize
    for rows in chunks(y_true, *versions, row_bytes=row_bytes):
        right = np.stack([version[rows] == y_true[rows] for version in versions])
        right = right.astype(weight.dtype)
        both_right += (right * weight[rows]) @ right.T
        total += weight[rows].sum(dtype=np.float64)
    # What a version has right, less what it shares with another one.
    flips = both_right.diagonal()[:, np.newaxis] - both_right
    check_flag("normalize", normalize)
    if not normalize:
        return flips
    if total == 0:
        undefined(
            "The total weight is 0, so all rates are undefined and returned as nan."
        )
        return np.full_like(flips, np.nan)
    return flips / total


def history_labels(y_true, predictions_by_version):
    """Labels of a whole history of versions, for the `y_old` of any metric.

    A row that any version has right counts as right; any other one keeps the label
    of the newest version. So with the earlier releases here, `negative_flip_rate` is
    the cumulative NFR: the share of rows that any of them has right and the new model
    has wrong, however many releases ago it was lost.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    predictions_by_version : dict of array-like, or list of array-like, of shape (n,)
        Predicted labels of each version, the oldest first.

    Returns
    -------
    labels : ndarray of shape (n,)

    Raises
    ------
    ValueError
        If there are no versions, or the rows are invalid (see `flip_counts`).

    Examples
    --------
    >>> from sklearn_graceful.metrics import history_labels, negative_flip_rate
    >>> y_true = [0, 0, 1, 1]
    >>> v1, v2, v3 = [0, 0, 0, 0], [0, 1, 1, 0], [1, 1, 1, 1]
    >>> negative_flip_rate(y_true, v3, y_old=v2)
    0.25
    >>> negative_flip_rate(y_true, v3, y_old=history_labels(y_true, [v1, v2]))
    0.5
    """
    y_true, versions = _check_versions(y_true, predictions_by_version)
    right = np.any([version == y_true for version in versions], axis=0)
    return np.where(right, y_true, versions[-1])


def _check_versions(y_true, predictions_by_version):
    """Labels and the list of predictions, by checked rows."""
    by_version = name_versions("predictions_by_version", predictions_by_version)
    named = {f"predictions_by_version[{v!r}]": y for v, y in by_version.items()}
    y_true, *versions = check_labels(y_true=y_true, **named)
    return y_true, versions


def name_versions(name, by_version):
    """Versions by name; those of a list are called 0, 1, 2, ..."""
    if not isinstance(by_version, dict):
        try:
            by_version = dict(enumerate(by_version))
        except TypeError as error:
            raise TypeError(
                f"{name} must be a dict or a list of versions, got {by_version!r:.60}."
            ) from error
    if not by_version:
        raise ValueError(f"{name} is empty: there are no versions.")
    return by_version
