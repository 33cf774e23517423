"""Predictions that an update changes, and how many it wins by that."""

from sklearn_graceful.metrics._flip_rates import flip_figure


def churn_rate(y_true, y_pred, *, y_old, sample_weight=None):
    """Share of rows whose prediction changed.

    Formula: ``(rows with y_pred != y_old) / n`` (Milani Fard et al. 2016). It counts
    negative flips, positive flips and rows that moved between wrong labels.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_pred : array-like of shape (n,)
        Labels predicted by the new model.
    y_old : array-like of shape (n,)
        Labels predicted by the old model.
    sample_weight : array-like of shape (n,), default=None
        Row weights. A weight of k counts like the row repeated k times.

    Returns
    -------
    rate : float
        At least ``negative_flip_rate + positive_flip_rate``; nan, with an
        UndefinedMetricWarning, if the total weight is 0.

    Raises
    ------
    ValueError
        If the rows or weights are invalid, see `flip_counts`.

    Notes
    -----
    Use held-out rows: the old model is right too often on those it was trained on.

    References
    ----------
    Milani Fard et al., "Launch and Iterate: Reducing Prediction Churn", NeurIPS
    2016.

    Examples
    --------
    >>> from sklearn_graceful.metrics import churn_rate
    >>> y_true = [0, 0, 1, 1, 2, 2]
    >>> y_old = [0, 0, 0, 1, 1, 0]
    >>> y_new = [0, 1, 1, 1, 2, 0]
    >>> churn_rate(y_true, y_new, y_old=y_old)
    0.5
    """
    return flip_figure("churn_rate", y_true, y_pred, y_old, sample_weight)


def win_loss_ratio(y_true, y_pred, *, y_old, sample_weight=None):
    """Positive flips for each negative flip.

    Formula: ``c / b``, with c and b the rows that only the new and only the old model
    has right, whose rates are those of Yan et al. 2021. 1 is an update that changes no
    accuracy.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_pred : array-like of shape (n,)
        Labels predicted by the new model.
    y_old : array-like of shape (n,)
        Labels predicted by the old model.
    sample_weight : array-like of shape (n,), default=None
        Row weights. A weight of k counts like the row repeated k times.

    Returns
    -------
    ratio : float
        inf if there are positive flips only; nan, with an UndefinedMetricWarning, if
        there are no flips.

    Raises
    ------
    ValueError
        If the rows or weights are invalid, see `flip_counts`.

    Notes
    -----
    Use held-out rows: the old model is right too often on those it was trained on.

    References
    ----------
    Yan et al., "Positive-Congruent Training: Towards Regression-Free Model
    Updates", CVPR 2021.

    Examples
    --------
    >>> from sklearn_graceful.metrics import win_loss_ratio
    >>> y_true = [0, 0, 1, 1, 2, 2]
    >>> y_old = [0, 0, 0, 1, 1, 0]
    >>> y_new = [0, 1, 1, 1, 2, 0]
    >>> win_loss_ratio(y_true, y_new, y_old=y_old)
    2.0
    """
    return flip_figure("win_loss_ratio", y_true, y_pred, y_old, sample_weight)
