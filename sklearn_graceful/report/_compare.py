"""May the new model go out? Compare it with the old one on labelled rows."""

import math

import numpy as np

from sklearn_graceful._row_arguments import check_row_count
from sklearn_graceful.metrics import FLIP_FIGURES, mcnemar_from_counts
from sklearn_graceful.report._answers import answers_of
from sklearn_graceful.report._calibration import calibration_of
from sklearn_graceful.report._columns import columns_of
from sklearn_graceful.report._criteria import (
    check_accuracy,
    check_critical,
    check_negative_flips,
    check_slices,
    smallest_detectable_loss,
    worst_verdict,
)
from sklearn_graceful.report._flips import worst_flips
from sklearn_graceful.report._outcomes import Outcomes
from sklearn_graceful.report._slice_search import found_parts
from sklearn_graceful.report._slices import class_parts, given_parts, judge
from sklearn_graceful.report._update_report import Power, UpdateReport
from sklearn_graceful.search import check_labels, check_partitions, check_weight

# An old model that is so often right has probably seen the rows.
_TOO_RIGHT = 0.995


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
    slice_tolerance=0.01,
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
        update of this recipe can fall under by more than luck.
    sample_weight : array-like of shape (n,), default=None
        Row weights.
    slice_tolerance : float, default=0.01
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
    * Classes and slices share one chance of a false alarm (Holm 1979).

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
    1.56 % of the rows are negative flips, with 95 % confidence at most 2.43 %;
    allowed 3.00 %
    """
    settings = _check_settings(
        max_nfr, min_gain, slice_tolerance, min_slice_rows, confidence, n_flips
    )
    if y is None:
        raise ValueError("compare_models needs the true labels: pass y.")
    (y,) = check_labels(y=y)
    if X is not None:
        check_row_count("X", X, len(y))
    old, new = (answers_of(*side, X, y) for side in (("old", old), ("new", new)))
    check_labels(y=y, old=old.labels, new=new.labels)
    weight, groups, ids, critical = _check_rows(
        X, y, sample_weight, groups, ids, critical
    )
    outcomes = Outcomes.of(y, old.labels, new.labels, weight, groups)
    parts = class_parts(y)
    columns = columns_of(X) if slices is None else {}
    if slices is None:
        parts += found_parts(columns, outcomes, slice_tolerance, min_slice_rows)
    else:
        parts += given_parts(slices, X, len(y))
    judged = judge(parts, outcomes, slice_tolerance, min_slice_rows, confidence)
    lost = {part.name for part in judged if part.has_lost}
    checks = _checks(outcomes, judged, critical, settings)
    counts = outcomes.counts()
    unweighted = weight is None and groups is None
    return UpdateReport(
        verdict=worst_verdict(checks),
        checks=checks,
        counts=counts,
        figures={n: outcomes.interval(n, confidence) for n in FLIP_FIGURES},
        mcnemar_pvalue=mcnemar_from_counts(counts).pvalue if unweighted else None,
        seed_floor=_seed_floor(reference, new, X, y, weight, groups, confidence),
        calibration={
            "old": calibration_of(old, outcomes.old == 0, weight),
            "new": calibration_of(new, outcomes.new == 0, weight),
        },
        slices=tuple(judged),
        flips=worst_flips(
            y,
            ids,
            old,
            new,
            outcomes,
            critical,
            [part for part in parts if part.name in lost],
            n_flips,
        ),
        power=_power(outcomes, confidence),
        not_checked=_not_checked(
            counts, old, new, reference, slices, X, y, judged, min_slice_rows
        ),
        n_rows=len(y),
        settings=settings,
    )


def _check_settings(
    max_nfr, min_gain, slice_tolerance, min_slice_rows, confidence, n_flips
):
    """Numbers in their ranges, by name."""
    ranges = {
        "max_nfr": (max_nfr, 0, 1),
        "min_gain": (min_gain, -1, 1),
        "slice_tolerance": (slice_tolerance, 0, 1),
        "confidence": (confidence, 0.5, 1),
        "min_slice_rows": (min_slice_rows, 1, math.inf),
        "n_flips": (n_flips, 0, math.inf),
    }
    for name, (value, low, high) in ranges.items():
        if value is None and name in ("max_nfr", "min_gain"):
            continue
        if not isinstance(value, int | float | np.number) or isinstance(value, bool):
            raise TypeError(f"{name} must be a number, got {value!r}.")
        inside = low <= value < high if name != "confidence" else low < value < high
        if not inside:
            raise ValueError(f"{name} must be in [{low}, {high}), got {value}.")
    return {name: value for name, (value, *_) in ranges.items()}


def _check_rows(X, y, sample_weight, groups, ids, critical):
    """Arguments with one entry a row."""
    weight = check_weight(sample_weight, y)
    if weight is not None and not weight.sum() > 0:
        raise ValueError("sample_weight is 0 for all rows.")
    if groups is not None:
        _, groups = check_partitions(y=y, groups=groups)
    if ids is None:
        ids = getattr(X, "index", None)
        ids = np.arange(len(y)) if ids is None or callable(ids) else ids
    check_row_count("ids", ids, len(y))
    if critical is not None:
        check_row_count("critical", critical, len(y))
        critical = np.asarray(critical)
        if critical.dtype.kind not in "biuf" or critical.ndim != 1:
            raise ValueError("critical must hold one bool or weight for each row.")
        critical = critical > 0
    weight = None if weight is None else np.asarray(weight, np.float64)
    return weight, groups, np.asarray(ids), critical


def _checks(outcomes, judged, critical, settings):
    """Every criterion that was asked for, and slices."""
    max_nfr, min_gain = settings["max_nfr"], settings["min_gain"]
    confidence = settings["confidence"]
    checks = []
    if max_nfr is not None:
        checks.append(check_negative_flips(outcomes, max_nfr, confidence))
    elif min_gain is None:
        min_gain = 0.0
    checks.append(check_accuracy(outcomes, min_gain, confidence))
    if critical is not None:
        checks.append(check_critical(critical, outcomes.is_negative_flip))
    checks.append(check_slices(judged, settings["slice_tolerance"]))
    return tuple(checks)


def _seed_floor(reference, new, X, y, weight, groups, confidence):
    """NFR from another run of the recipe to the new model."""
    if reference is None:
        return None
    other = answers_of("reference", reference, X, y)
    check_labels(y=y, reference=other.labels)
    between = Outcomes.of(y, other.labels, new.labels, weight, groups)
    return between.interval("negative_flip_rate", confidence)


def _power(outcomes, confidence):
    # Without any flip the upper bound at n rows is the least there is.
    least = 1 - (1 - confidence) ** (1 / outcomes.n_effective)
    return Power(
        least,
        outcomes.nfr_bounds(confidence)[1],
        smallest_detectable_loss(outcomes, confidence),
    )


def _not_checked(counts, old, new, reference, slices, X, y, judged, min_slice_rows):
    """What these rows cannot say, in sentences."""
    said = ["Whether rows to come will be like these."]
    if counts.acc_old >= _TOO_RIGHT:
        said.append(
            f"The old model has {100 * counts.acc_old:.1f} % of the rows right. If it "
            "was trained on them, the negative flips say nothing."
        )
    else:
        said.append("Whether one of the models was trained on these rows.")
    if reference is None:
        said.append(
            "How many of the flips come from the new model's seed: no other run was "
            "given (reference)."
        )
    for name, side in (("old", old), ("new", new)):
        if side.confidence is None:
            said.append(f"How well calibrated the {name} model is: no probabilities.")
        if missing := _unknown(side.classes, y):
            said.append(f"The {name} model does not know the classes {missing}.")
    if slices is None and not any(part.kind == "found" for part in judged):
        reason = "X has no columns" if not columns_of(X) else "no loss was suspected"
        said.append(f"Slices beside the classes: {reason}.")
    if few := sum(math.isnan(part.pvalue) for part in judged):
        said.append(f"{few} classes or slices with fewer than {min_slice_rows} rows.")
    return tuple(said)


def _unknown(classes, y):
    """True classes that a model does not know, as far as it says which it knows."""
    if classes is None:
        return []
    return sorted(set(np.unique(y).tolist()) - set(np.asarray(classes).tolist()))
