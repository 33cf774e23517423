"""Parts of the rows, and whether the update lost any of them."""

from dataclasses import dataclass
from itertools import compress

import numpy as np

from sklearn_graceful._frames import column_names, is_frame
from sklearn_graceful.metrics import ConfidenceInterval, FlipCounts
from sklearn_graceful.report._columns import column_of
from sklearn_graceful.report._rules import Condition, Rule

# A column of numbers that is named for slices is cut into so many.
_N_PARTS = 4
# Figures of a slice that have an interval, in the order of its fields.
_FIGURES = ("accuracy_difference", "negative_flip_rate", "positive_flip_rate")


@dataclass(frozen=True)
class Slice:
    """A class, or another part of the rows, before and after the update.

    Attributes
    ----------
    name : str
        Such as ``"class 'cat'"``, ``"region = north"`` or ``"age > 60"``.
    kind : {"class", "given", "found"}
        Who named it. Figures of a found one are of the half of the rows that it was
        not found on.
    n_rows : int
        Rows in it.
    counts : FlipCounts
        These, or their weights.
    gain : ConfidenceInterval
        Change of the accuracy.
    nfr, pfr : ConfidenceInterval
        Shares of these rows that are negative and positive flips.
    pvalue : float
        That it lost no more than is tolerated, adjusted for the number of slices
        (Holm 1979); nan if it has too few rows to be tested.
    has_lost : bool
        Whether the loss is sure.
    n_flips : int
        Negative flips in it, among all rows.
    rule : Rule or None
        Which rows they are; None for classes and masks.
    """

    name: str
    kind: str
    n_rows: int
    counts: FlipCounts
    gain: ConfidenceInterval
    nfr: ConfidenceInterval
    pfr: ConfidenceInterval
    pvalue: float
    has_lost: bool
    n_flips: int
    rule: Rule | None = None


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of a slice, of which some may have been used to find it."""

    name: str
    kind: str
    rows: np.ndarray
    tested: np.ndarray
    rule: Rule | None = None


def class_parts(y):
    """One part for each true class."""
    return [
        Part(f"class {label!r}", "class", rows := y == label, rows)
        for label in np.unique(y).tolist()
    ]


def given_parts(slices, X, n_rows):
    """Parts that the user names.

    `slices` is a mapping of names to masks or columns, or a list of columns of X.
    """
    if not hasattr(slices, "items"):
        names = [slices] if isinstance(slices, str) else [*slices]
        slices = {name: _column(X, name) for name in names}
    parts = []
    for name, values in slices.items():
        values = values.to_numpy() if hasattr(values, "to_numpy") else np.array(values)
        if values.shape != (n_rows,):
            raise ValueError(
                f"Slice {name!r} must have one entry for each of {n_rows} rows, got "
                f"the shape {values.shape}."
            )
        if values.dtype == bool:
            parts.append(Part(str(name), "given", values, values))
        else:
            parts += _parts_of(column_of(str(name), values))
    return parts


def _column(X, name):
    names = column_names(X) if is_frame(X) else getattr(X, "columns", None)
    if names is not None:
        if name in [*names]:
            return X[name]
    elif hasattr(X, "ndim") and X.ndim == 2 and isinstance(name, int | np.integer):
        return X[:, name]
    raise ValueError(
        f"slices names {name!r}, which is no column of X. Pass a mapping of names to "
        "masks or columns of values."
    )


def _parts_of(column):
    """Each name; of numbers each quarter of the rows."""
    name, values = column.name, column.values
    if column.is_numeric:
        cuts = np.unique(np.nanquantile(values, np.linspace(0, 1, _N_PARTS + 1)[1:-1]))
        above = [(), *((Condition(name, ">", cut),) for cut in cuts.tolist())]
        below = [*((Condition(name, "<=", cut),) for cut in cuts.tolist()), ()]
        rules = [Rule(low + high) for low, high in zip(above, below, strict=True)]
    else:
        rules = [Rule((Condition(name, "=", str(v)),)) for v in column.levels]
    masks = [rule.mask({name: column}) for rule in rules]
    return [
        Part(str(rule), "given", mask, mask, rule)
        for rule, mask in zip(rules, masks, strict=True)
    ]


def judge(parts, outcomes, spread, tolerance, min_rows, confidence):
    """Slices by how surely they have lost accuracy, the surest first.

    Those with fewer than `min_rows` rows to test are not tested. The others share
    the chance of a false alarm, ``1 - confidence`` for all of them together.
    """
    tested = [outcomes.take(part.tested) for part in parts]
    counted = [not rows.is_empty for rows in tested]
    parts, tested = [*compress(parts, counted)], [*compress(tested, counted)]
    pvalues = [
        spread.loss_pvalue(rows, tolerance) if len(rows) >= min_rows else np.nan
        for rows in tested
    ]
    slices = [
        Slice(
            part.name,
            part.kind,
            len(rows),
            rows.counts(),
            *(rows.interval(figure, confidence) for figure in _FIGURES),
            float(pvalue),
            bool(pvalue <= 1 - confidence),
            int(outcomes.is_negative_flip[part.rows].sum()),
            part.rule,
        )
        for part, rows, pvalue in zip(parts, tested, _holm(pvalues), strict=True)
    ]
    return sorted(slices, key=_surest_loss)


def _surest_loss(part):
    return (not part.has_lost, np.nan_to_num(part.pvalue, nan=2), part.gain.estimate)


def _holm(pvalues):
    """Adjust p-values for their number (Holm 1979); nan stays and does not count."""
    pvalues = np.array(pvalues)
    order = np.argsort(pvalues)  # nan last
    number = np.count_nonzero(~np.isnan(pvalues))
    factors = np.maximum(number - np.arange(len(pvalues)), 1)
    adjusted = np.empty_like(pvalues)
    adjusted[order] = np.minimum(np.maximum.accumulate(pvalues[order] * factors), 1)
    return adjusted
