"""An update as an assertion, for a test suite."""

from sklearn_graceful._arguments import check_flag
from sklearn_graceful.report._compare import compare_models


def assert_graceful_update(
    old,
    new,
    X=None,
    y=None,
    *,
    max_nfr=None,
    min_gain=None,
    allow_undecided=False,
    **settings,
):
    """Raise AssertionError unless the new model may replace the old one.

    It is :func:`compare_models` for a test suite: the message of a failure is the
    report as text.

    Parameters
    ----------
    old, new, X, y
        As for :func:`compare_models`: models or what they predict, rows that neither
        was trained on, and true labels.
    max_nfr : float, default=None
        Budget: largest share of the rows that may be negative flips.
    min_gain : float, default=None
        Least change of the accuracy. None: 0 without `max_nfr`; with it only a sure
        loss counts.
    allow_undecided : bool, default=False
        Whether an update passes too that so few rows can neither pass nor fail.
    **settings
        Further arguments of :func:`compare_models`, such as ``slices``, ``critical``
        or ``confidence``.

    Returns
    -------
    report : UpdateReport

    Raises
    ------
    AssertionError
        If the verdict is ``"fail"``, or ``"undecided"`` and that is not allowed.
    ValueError, TypeError
        As for :func:`compare_models`.

    Examples
    --------
    >>> from sklearn_graceful import assert_graceful_update
    >>> y = ["cat", "dog"] * 200
    >>> old = ["cat", "cat"] * 50 + y[100:]
    >>> assert_graceful_update(old, y, y=y, max_nfr=0.01).verdict
    'pass'
    >>> assert_graceful_update(y, old, y=y, max_nfr=0.01)
    Traceback (most recent call last):
    ...
    AssertionError: FAIL: the new model should not replace the old one
    ...
    """
    # pytest then points at the line that asked.
    __tracebackhide__ = True
    check_flag("allow_undecided", allow_undecided)
    report = compare_models(
        old, new, X, y, max_nfr=max_nfr, min_gain=min_gain, **settings
    )
    passing = {"pass", "undecided"} if allow_undecided else {"pass"}
    if report.verdict not in passing:
        raise AssertionError(str(report))
    return report
