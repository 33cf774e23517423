"""How many predictions an update changes, right or wrong."""

from sklearn_graceful.metrics.figures import flip_figure


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
        If an array is not 1-D, is empty, holds NaN, has another number of rows, or
        holds labels of another kind (numbers against strings); if a weight is
        negative or not finite.

    Notes
    -----
    On rows that the old model was trained on this figure misleads: there the old
    model is right far more often than on new rows. Use held-out rows.

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
