"""May the new model go out? Compare it with the old one on labelled rows."""

import numpy as np

from sklearn_graceful._arguments import check_count, check_number, check_share
from sklearn_graceful._containers import as_values
from sklearn_graceful._row_arguments import check_row_count
from sklearn_graceful.report._answers import answers_of
from sklearn_graceful.report._comparison import Comparison
from sklearn_graceful.search import check_labels, check_partitions, check_weight


def compare_models(
    old,
    new,
    X=None,
    y=None,
    *,
    max_nfr=None,
    min_gain=None,
    slices=None,
    critical=None,
    groups=None,
    ids=None,
    reference=None,
    sample_weight=None,
    slice_tolerance=0.02,
    min_slice_rows=30,
    confidence=0.95,
    n_flips=200,
):
    """Compare a new model with the one it would replace, on labelled rows.

    The rows must be such as neither model was trained on: on its own training rows the
    old model is right too often, and every row that it has learned by heart counts as
    a negative flip.

    Parameters
    ----------
    old, new : model, or array-like of shape (n,) or (n, n_classes)
        Fitted models of any kind that :class:`~sklearn_graceful.ReferenceModel` takes;
        or what they predict for the rows: labels, or probabilities in a table whose
        columns are named as the classes (without names: the sorted classes of `y`).
    X : array-like of n rows, default=None
        As the models take them. Slices are made of the columns of a table or array.
        Not needed with predictions.
    y : array-like of shape (n,)
        True labels.
    max_nfr : float, default=None
        Budget: largest share of the rows that may be negative flips, in [0, 1). None:
        not judged.
    min_gain : float, default=None
        Least change of the accuracy, between -1 and 1; -0.01 allows the loss of a
        point. None: 0 without `max_nfr`; with it only a sure loss counts.
    slices : dict, list or None, default=None
        Parts of the rows to judge beside the classes. A dict has names and a mask or a
        column of values for each; a list names columns of `X` (numbers are cut into
        quarters). None: slices are found in the columns of `X`, by trees on one half
        of the rows, and judged on the other. An empty list: classes only.
    critical : array-like of bool or float, shape (n,), default=None
        Rows that may not be lost: True, or above 0.
    groups : array-like of shape (n,), default=None
        Rows of one group are not independent of each other.
    ids : array-like of shape (n,), default=None
        Names of the rows. None: the index of a pandas `X`, else their numbers.
    reference : model or array-like, default=None
        Another run of the new model's recipe, which differs in its seed only, or its
        predictions: how many rows flip between the two is the seed floor, which no
        update of this recipe can fall under by more than luck. What classes and slices
        lose between the two is taken as usual.
    sample_weight : array-like of shape (n,), default=None
        Row weights.
    slice_tolerance : float, default=0.02
        A class or slice has lost if its accuracy has surely fallen by more than this.
    min_slice_rows : int, default=30
        Those with fewer rows are not judged.
    confidence : float, default=0.95
        Of each criterion, one-sided; of all slices together; and of the two-sided
        intervals that are shown.
    n_flips : int, default=200
        Negative flips to list, the worst first.

    Returns
    -------
    report : UpdateReport
        ``report.verdict`` is ``"pass"``, ``"fail"`` or ``"undecided"``.

    Raises
    ------
    ValueError
        If the rows, labels or arguments are invalid, or if a model needs `X`.
    TypeError
        If a model cannot classify.

    Notes
    -----
    Each criterion passes, fails, or is left open by so few rows; the update fails with
    one that fails, and is undecided with one that is open.

    * The bound of the negative flip rate is that of Clopper and Pearson; weighted rows
      and groups count as the number of independent rows that would tell as much (Korn
      and Graubard 1998).
    * The change of the accuracy has the interval of Newcombe, or a bootstrap.
    * Classes and slices share one chance of a false alarm (Holm 1979). A loss of the
      size that is usual among the parts of these rows, for which trees look too, is
      none: another seed alone makes a model better in some parts and worse in others.

    References
    ----------
    Korn and Graubard, "Confidence intervals for proportions with small expected number
    of positive counts estimated from survey data", Survey Methodology 24, 1998.

    Tango, "Equivalence test and confidence interval for the difference in proportions
    for the paired-sample design", Statistics in Medicine 17, 1998.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.svm import SVC
    >>> from sklearn_graceful import compare_models
    >>> X, y = load_digits(return_X_y=True)
    >>> old = LogisticRegression(max_iter=5000).fit(X[:200], y[:200])
    >>> new = SVC(random_state=0).fit(X[:900], y[:900])
    >>> report = compare_models(old, new, X[900:], y[900:], max_nfr=0.03)
    >>> report.verdict
    'pass'
    >>> print(report.checks[0].reason)
    1.00 % of the rows are negative flips, with 95 % confidence at most 1.74 %;
    allowed 3.00 %
    """
    settings = _check_settings(
        max_nfr=max_nfr,
        min_gain=min_gain,
        slice_tolerance=slice_tolerance,
        min_slice_rows=min_slice_rows,
        confidence=confidence,
        n_flips=n_flips,
    )
    if y is None:
        raise ValueError("compare_models needs the true labels: pass y.")
    (y,) = check_labels(y=y)
    if X is not None:
        check_row_count("X", X, len(y))
    weight = check_weight(sample_weight, y)
    if weight is not None and not weight.sum() > 0:
        raise ValueError("sample_weight is 0 for all rows.")
    if groups is not None:
        _, groups = check_partitions(y=y, groups=groups)
    named = {"old": old, "new": new, "reference": reference}
    answers = {
        name: answers_of(name, source, X, y)
        for name, source in named.items()
        if source is not None or name != "reference"
    }
    check_labels(y=y, **{name: given.labels for name, given in answers.items()})
    return Comparison(
        X=X,
        y=y,
        ids=_check_ids(ids, X, len(y)),
        critical=_check_critical(critical, len(y)),
        weight=None if weight is None else np.asarray(weight, np.float64),
        groups=groups,
        slices=slices,
        settings=settings,
        **answers,
    ).report()


def _check_settings(**settings):
    """Numbers in their ranges, by name."""
    for name in ("max_nfr", "min_gain"):
        if settings[name] is not None:
            low = -1 if name == "min_gain" else 0
            check_number(name, settings[name], low, 1, "left")
    check_share("slice_tolerance", settings["slice_tolerance"])
    check_number("confidence", settings["confidence"], 0.5, 1, "neither")
    check_count("min_slice_rows", settings["min_slice_rows"])
    check_count("n_flips", settings["n_flips"], 0)
    return settings


def _check_ids(ids, X, n_rows):
    if ids is None:
        ids = getattr(X, "index", None)
        ids = np.arange(n_rows) if ids is None or callable(ids) else ids
    check_row_count("ids", ids, n_rows)
    return np.asarray(ids)


def _check_critical(critical, n_rows):
    """Mask of the critical rows, or None."""
    if critical is None:
        return None
    check_row_count("critical", critical, n_rows)
    critical = as_values("critical", critical)
    if critical.dtype.kind not in "biuf" or critical.ndim != 1:
        raise ValueError("critical must hold one bool or weight for each row.")
    return critical > 0
