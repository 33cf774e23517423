"""The flip figures as functions of rows."""

import math

from sklearn_graceful.metrics._figures import FLIP_FIGURES
from sklearn_graceful.metrics._flip_counts import count_flips
from sklearn_graceful.metrics._undefined import undefined
from sklearn_graceful.search import check_labels, check_weight


def negative_flip_rate(y_true, y_pred, *, y_old, sample_weight=None):
    """Share of all rows that the old model has right and the new one wrong.

    Formula: ``NFR = b / n``, with b the rows that only the old model has right and
    n all rows (Yan et al. 2021). 0 is best.

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
        Between max(0, err_new - err_old) and min(acc_old, err_new); nan, with an
        UndefinedMetricWarning, if the total weight is 0.

    Raises
    ------
    ValueError
        If the rows or weights are invalid, see `flip_counts`.

    Notes
    -----
    ``positive_flip_rate - negative_flip_rate`` is the accuracy gained.

    Use held-out rows: the old model is right too often on those it was trained on.

    Two runs of one recipe with other seeds also flip rows: report that floor beside
    the rate. No flips among n rows certify NFR <= 1 % at 95 % confidence only from
    n = 299, see `rows_to_certify`.

    As a scorer: ``make_scorer(negative_flip_rate,
    greater_is_better=False).set_score_request(y_old=True)``.

    References
    ----------
    Yan et al., "Positive-Congruent Training: Towards Regression-Free Model
    Updates", CVPR 2021.

    Examples
    --------
    >>> from sklearn_graceful.metrics import negative_flip_rate
    >>> y_true = [0, 0, 1, 1, 2, 2]
    >>> y_old = [0, 0, 0, 1, 1, 0]
    >>> y_new = [0, 1, 1, 1, 2, 0]
    >>> negative_flip_rate(y_true, y_new, y_old=y_old)
    0.1666...
    """
    return flip_figure("negative_flip_rate", y_true, y_pred, y_old, sample_weight)


def positive_flip_rate(y_true, y_pred, *, y_old, sample_weight=None):
    """Share of all rows that the old model has wrong and the new one right.

    Formula: ``PFR = c / n``, with c the rows that only the new model has right and
    n all rows (Yan et al. 2021). Higher is better.

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
        Between 0 and 1; nan, with an UndefinedMetricWarning, if the total weight is
        0.

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
    >>> from sklearn_graceful.metrics import positive_flip_rate
    >>> y_true = [0, 0, 1, 1, 2, 2]
    >>> y_old = [0, 0, 0, 1, 1, 0]
    >>> y_new = [0, 1, 1, 1, 2, 0]
    >>> positive_flip_rate(y_true, y_new, y_old=y_old)
    0.3333...
    """
    return flip_figure("positive_flip_rate", y_true, y_pred, y_old, sample_weight)


def relative_negative_flip_rate(y_true, y_pred, *, y_old, sample_weight=None):
    """Negative flips relative to what independent errors would give.

    Formula: ``NFR / (acc_old * err_new)`` (Yan et al. 2021). 1 says that the new
    model errs independently of the old one, 0 that it never breaks what was right.

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
        nan, with an UndefinedMetricWarning, if the old model is never right or the
        new one never wrong.

    Raises
    ------
    ValueError
        If the rows or weights are invalid, see `flip_counts`.

    Notes
    -----
    It compares updates of different accuracy, which the plain rate cannot.

    Use held-out rows: the old model is right too often on those it was trained on.

    References
    ----------
    Yan et al., "Positive-Congruent Training: Towards Regression-Free Model
    Updates", CVPR 2021.

    Examples
    --------
    >>> from sklearn_graceful.metrics import relative_negative_flip_rate
    >>> y_true = [0, 0, 1, 1, 2, 2]
    >>> y_old = [0, 0, 0, 1, 1, 0]
    >>> y_new = [0, 1, 1, 1, 2, 0]
    >>> relative_negative_flip_rate(y_true, y_new, y_old=y_old)
    1.0
    """
    return flip_figure(
        "relative_negative_flip_rate", y_true, y_pred, y_old, sample_weight
    )


def avoidable_negative_flip_rate(y_true, y_pred, *, y_old, sample_weight=None):
    """Negative flips beyond those that the lost accuracy makes unavoidable.

    Formula: ``NFR - max(0, err_new - err_old)``, which equals ``min(NFR, PFR)``. The
    bound NFR >= err_new - err_old follows from the definitions in Yan et al. 2021.

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
        Between 0 and 1, 0 if flips go one way only; nan, with an
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
    Yan et al., "Positive-Congruent Training: Towards Regression-Free Model
    Updates", CVPR 2021.

    Examples
    --------
    >>> from sklearn_graceful.metrics import avoidable_negative_flip_rate
    >>> y_true = [0, 0, 1, 1, 2, 2]
    >>> y_old = [0, 0, 0, 1, 1, 0]
    >>> y_new = [0, 1, 1, 1, 2, 0]
    >>> avoidable_negative_flip_rate(y_true, y_new, y_old=y_old)
    0.1666...
    """
    return flip_figure(
        "avoidable_negative_flip_rate", y_true, y_pred, y_old, sample_weight
    )


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
    The denominator is the errors of the new model. A published implementation divides
    by those of the old one, which is another figure: the share of them that is left.

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


def flip_figure(name, y_true, y_pred, y_old, sample_weight):
    """Count the rows and read one figure of the table."""
    labels = check_labels(y_true=y_true, y_pred=y_pred, y_old=y_old)
    weight = check_weight(sample_weight, labels[0])
    split = name == "churn_rate"
    counts = count_flips(*labels, weight, split_both_wrong=split)
    return read_figure(counts, name)


def read_figure(counts, name):
    """Read a figure from `counts`, warning if it is 0/0."""
    value = FLIP_FIGURES[name](counts)
    if math.isnan(value):
        undefined(
            f"{name} is 0/0 on these rows, so it is undefined and returned as nan."
        )
    return value
