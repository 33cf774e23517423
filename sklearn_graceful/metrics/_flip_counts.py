"""The one table that every flip figure comes from."""

from dataclasses import dataclass, fields
from operator import add

import numpy as np

from sklearn_graceful.metrics._figures import FLIP_FIGURES, ratio
from sklearn_graceful.search import check_labels, check_partitions, check_weight, chunks


@dataclass(frozen=True)
class FlipCounts:
    """Rows by what happened to them when a new model replaced an old one.

    Every figure of `FLIP_FIGURES` is a property of this table, so a table can be
    stored in place of its rows, tables of separate shards can be added with ``+``, and
    a bootstrap is a multinomial draw over the five cells.

    Parameters
    ----------
    both_right : int or float
        Rows that both models have right (n11); a total weight if rows are weighted.
    negative_flips : int or float
        Rows that only the old model has right (b).
    positive_flips : int or float
        Rows that only the new model has right (c).
    both_wrong_same : int or float
        Rows that both models have wrong, with the same label.
    both_wrong_different : int or float
        Rows that both models have wrong, with different labels.

    Notes
    -----
    The cells may also be aligned arrays, one entry a table; the properties are then
    arrays too. A rate that is 0/0 is nan here without a warning; the metric
    functions warn.

    Examples
    --------
    >>> from sklearn_graceful.metrics import FlipCounts
    >>> monday = FlipCounts(90, 2, 4, 3, 1)
    >>> tuesday = FlipCounts(80, 0, 10, 5, 5)
    >>> week = monday + tuesday
    >>> week.total, week.negative_flip_rate
    (200, 0.01)
    """

    both_right: float
    negative_flips: float
    positive_flips: float
    both_wrong_same: float
    both_wrong_different: float

    @property
    def cells(self):
        """The five cells as a tuple, in the order of the constructor."""
        return tuple(getattr(self, field.name) for field in fields(self))

    def __add__(self, other):
        if not isinstance(other, FlipCounts):
            return NotImplemented
        return FlipCounts(*map(add, self.cells, other.cells))

    def __eq__(self, other):
        if not isinstance(other, FlipCounts):
            return NotImplemented
        return all(map(np.array_equal, self.cells, other.cells))

    @property
    def total(self):
        """All rows (n)."""
        return sum(self.cells)

    @property
    def both_wrong(self):
        """Rows that both models have wrong (n00)."""
        return self.both_wrong_same + self.both_wrong_different

    @property
    def right_old(self):
        """Rows that the old model has right."""
        return self.both_right + self.negative_flips

    @property
    def right_new(self):
        """Rows that the new model has right."""
        return self.both_right + self.positive_flips

    @property
    def wrong_new(self):
        """Rows that the new model has wrong."""
        return self.negative_flips + self.both_wrong

    @property
    def changed(self):
        """Rows whose prediction changed."""
        return self.negative_flips + self.positive_flips + self.both_wrong_different

    @property
    def net_flips(self):
        """Positive flips minus negative ones: c - b."""
        return self.positive_flips - self.negative_flips

    @property
    def avoidable_negative_flips(self):
        """Negative flips that the lost accuracy does not explain: min(b, c)."""
        return np.minimum(self.negative_flips, self.positive_flips)

    @property
    def lost_share(self):
        """Share of the rows that the old model has right that get lost: 1 - BTC."""
        return ratio(self.negative_flips, self.right_old)

    @property
    def err_old(self):
        """Error rate of the old model."""
        return ratio(self.positive_flips + self.both_wrong, self.total)

    @property
    def err_new(self):
        """Error rate of the new model."""
        return ratio(self.wrong_new, self.total)


for _name, _figure in FLIP_FIGURES.items():
    setattr(FlipCounts, _name, property(_figure, doc=f"{_figure.formula}."))


def flip_counts(y_true, y_pred, *, y_old, sample_weight=None, by=None):
    """Count rows by which of the two models has them right.

    Formula: n11 both right, b only the old model right, c only the new model right,
    n00 both wrong, the latter split into the same and different wrong labels. The
    arrays are read once, in chunks, with no copy of their size.

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
    by : array-like of shape (n,), default=None
        Groups to count apart: `y_true` for a table a class, or any other column.

    Returns
    -------
    counts : FlipCounts, or dict of FlipCounts
        Integers, or floats if rows are weighted. With `by`, the tables by the sorted
        groups.

    Raises
    ------
    ValueError
        If an array is not 1-D, is empty, holds NaN, has another number of rows, or
        holds labels of another kind (numbers against strings); if a weight is
        negative or not finite.

    Examples
    --------
    >>> from sklearn_graceful.metrics import flip_counts
    >>> y_true, y_old, y_new = [0, 0, 1, 1, 2], [0, 0, 0, 1, 1], [0, 1, 1, 1, 0]
    >>> flip_counts(y_true, y_new, y_old=y_old)
    FlipCounts(both_right=2, negative_flips=1, positive_flips=1,
               both_wrong_same=0, both_wrong_different=1)
    >>> by_class = flip_counts(y_true, y_new, y_old=y_old, by=y_true)
    >>> {label: counts.negative_flip_rate for label, counts in by_class.items()}
    {0: 0.5, 1: 0.0, 2: 0.0}
    """
    y_true, y_pred, y_old = check_labels(y_true=y_true, y_pred=y_pred, y_old=y_old)
    weight = check_weight(sample_weight, y_true)
    if by is None:
        return count_flips(y_true, y_pred, y_old, weight)
    _, by = check_partitions(y_true=y_true, by=by)
    groups, group = np.unique(by, return_inverse=True)
    tables = count_groups(y_true, y_pred, y_old, weight, group, len(groups))
    counts = [FlipCounts(*table) for table in tables.tolist()]
    return dict(zip(groups.tolist(), counts, strict=True))


def is_negative_flip(right_old, right_new):
    """Mask of the rows that the old model has right and the new one wrong.

    Parameters
    ----------
    right_old, right_new : bool ndarray or tensor of shapes that broadcast
        Whether each model has a row right.

    Returns
    -------
    flipped : bool ndarray or tensor

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.metrics import is_negative_flip
    >>> y_true, y_old, y_new = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1]])
    >>> is_negative_flip(y_old == y_true, y_new == y_true)
    array([ True, False, False])
    """
    return right_old & ~right_new


def count_flips(y_true, y_pred, y_old, weight=None, *, split_both_wrong=True):
    """Count rows, or their weights, of checked arrays.

    Without `split_both_wrong` all rows that both have wrong are booked as different,
    which spares a quarter of the work; only the churn needs the split.
    """
    if weight is not None:
        return FlipCounts(*count_groups(y_true, y_pred, y_old, weight)[0].tolist())
    n_right_old = n_right_new = n_both_right = n_same = 0
    for rows in chunks(y_true, y_pred, y_old):
        true, new, old = y_true[rows], y_pred[rows], y_old[rows]
        right_old = old == true
        right_new = new == true
        n_right_old += int(np.count_nonzero(right_old))
        n_right_new += int(np.count_nonzero(right_new))
        if split_both_wrong:
            n_same += int(np.count_nonzero(new == old))
        right_old &= right_new
        n_both_right += int(np.count_nonzero(right_old))
    lost, won = n_right_old - n_both_right, n_right_new - n_both_right
    wrong_alike = n_same - n_both_right if split_both_wrong else 0
    wrong_apart = len(y_true) - n_both_right - lost - won - wrong_alike
    return FlipCounts(n_both_right, lost, won, wrong_alike, wrong_apart)


def count_groups(y_true, y_pred, y_old, weight, group=None, n_groups=1):
    """Cells of the rows, or of their weights, by group: (n_groups, 5)."""
    sums = np.zeros(8 * n_groups, dtype=np.intp if weight is None else np.float64)
    for rows in chunks(y_true, y_pred, y_old):
        true, new, old = y_true[rows], y_pred[rows], y_old[rows]
        code = (old == true) + np.uint8(2) * (new == true) + np.uint8(4) * (new == old)
        if group is not None:
            code = code + 8 * group[rows]
        weights = None if weight is None else weight[rows]
        sums += np.bincount(code, weights=weights, minlength=len(sums))
    # Three of the eight codes cannot occur.
    return sums.reshape(n_groups, 8)[:, [7, 1, 2, 4, 0]]
