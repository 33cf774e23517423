"""What share of old trust, and of new errors, an update leaves in place."""

from sklearn_graceful.metrics._flip_rates import flip_figure


def backward_trust_compatibility(y_true, y_pred, *, y_old, sample_weight=None):
    """Share of the old model's right rows that the new model has right too.

    Formula: ``BTC = n11 / (n11 + b) = 1 - NFR / acc_old``, with n11 the rows both
    have right and b those only the old model has right (Bansal et al. 2019). 1 is
    best: every row that users learnt to trust is still right.

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
    share : float
        Between 0 and 1; nan, with an UndefinedMetricWarning, if the old model is
        never right.

    Raises
    ------
    ValueError
        If the rows or weights are invalid, see `flip_counts`.

    Notes
    -----
    Use held-out rows: the old model is right too often on those it was trained on.

    References
    ----------
    Bansal et al., "Updates in Human-AI Teams: Understanding and Addressing the
    Performance/Compatibility Tradeoff", AAAI 2019.

    Examples
    --------
    >>> from sklearn_graceful.metrics import backward_trust_compatibility
    >>> y_true = [0, 0, 1, 1, 2, 2]
    >>> y_old = [0, 0, 0, 1, 1, 0]
    >>> y_new = [0, 1, 1, 1, 2, 0]
    >>> backward_trust_compatibility(y_true, y_new, y_old=y_old)
    0.6666...
    """
    return flip_figure(
        "backward_trust_compatibility", y_true, y_pred, y_old, sample_weight
    )


def backward_error_compatibility(y_true, y_pred, *, y_old, sample_weight=None):
    """Share of the new model's errors that the old model made too.

    Formula: ``BEC = n00 / (b + n00) = 1 - NFI``, with n00 the rows both have wrong
    and b those only the new model has wrong (Srivastava et al. 2020). 1 is best: no
    error is new.

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
    share : float
        Between 0 and 1; nan, with an UndefinedMetricWarning, if the new model is
        never wrong.

    Raises
    ------
    ValueError
        If the rows or weights are invalid, see `flip_counts`.

    Notes
    -----
    The denominator is the errors of the new model, not those of the old one.

    Use held-out rows: the old model is right too often on those it was trained on.

    References
    ----------
    Srivastava et al., "An Empirical Analysis of Backward Compatibility in Machine
    Learning Systems", KDD 2020.

    Examples
    --------
    >>> from sklearn_graceful.metrics import backward_error_compatibility
    >>> y_true = [0, 0, 1, 1, 2, 2]
    >>> y_old = [0, 0, 0, 1, 1, 0]
    >>> y_new = [0, 1, 1, 1, 2, 0]
    >>> backward_error_compatibility(y_true, y_new, y_old=y_old)
    0.5
    """
    return flip_figure(
        "backward_error_compatibility", y_true, y_pred, y_old, sample_weight
    )


def negative_flip_impact(y_true, y_pred, *, y_old, sample_weight=None):
    """Share of the new model's errors that are negative flips.

    Formula: ``NFI = b / (b + n00)``, with b the rows only the new model has wrong and
    n00 those both have wrong (Cai et al. 2022). 0 is best: no error is new.

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
    share : float
        Between 0 and 1; nan, with an UndefinedMetricWarning, if the new model is
        never wrong.

    Raises
    ------
    ValueError
        If the rows or weights are invalid, see `flip_counts`.

    Notes
    -----
    Use held-out rows: the old model is right too often on those it was trained on.

    References
    ----------
    Cai et al., "Measuring and Reducing Model Update Regression in Structured
    Prediction for NLP", NeurIPS 2022.

    Examples
    --------
    >>> from sklearn_graceful.metrics import negative_flip_impact
    >>> y_true = [0, 0, 1, 1, 2, 2]
    >>> y_old = [0, 0, 0, 1, 1, 0]
    >>> y_new = [0, 1, 1, 1, 2, 0]
    >>> negative_flip_impact(y_true, y_new, y_old=y_old)
    0.5
    """
    return flip_figure("negative_flip_impact", y_true, y_pred, y_old, sample_weight)
