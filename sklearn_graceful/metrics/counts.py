"""The one table that every flip figure comes from."""

from dataclasses import dataclass, fields

import numpy as np

from sklearn_graceful.metrics._rows import check_labels, check_weight, chunks


@dataclass(frozen=True)
class FlipCounts:
    """Rows by what happened to them when a new model replaced an old one.

    Every flip figure is a property of this table, so a table can be stored in
    place of its rows, tables of separate shards can be added with ``+``, and a
    bootstrap is a multinomial draw over the five cells.

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
        return FlipCounts(
            *(a + b for a, b in zip(self.cells, other.cells, strict=True))
        )

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
    def acc_old(self):
        """Accuracy of the old model."""
        return _ratio(self.right_old, self.total)

    @property
    def acc_new(self):
        """Accuracy of the new model."""
        return _ratio(self.right_new, self.total)

    @property
    def err_old(self):
        """Error rate of the old model."""
        return _ratio(self.positive_flips + self.both_wrong, self.total)

    @property
    def err_new(self):
        """Error rate of the new model."""
        return _ratio(self.wrong_new, self.total)

    @property
    def accuracy_difference(self):
        """Accuracy of the new model minus that of the old one: (c - b) / n."""
        return _ratio(self.positive_flips - self.negative_flips, self.total)

    @property
    def negative_flip_rate(self):
        """NFR: b / n."""
        return _ratio(self.negative_flips, self.total)

    @property
    def positive_flip_rate(self):
        """PFR: c / n."""
        return _ratio(self.positive_flips, self.total)

    @property
    def relative_negative_flip_rate(self):
        """NFR / (acc_old * err_new)."""
        return _ratio(_ratio(self.negative_flips, self.right_old), self.err_new)

    @property
    def avoidable_negative_flip_rate(self):
        """NFR - max(0, err_new - err_old), which is min(b, c) / n."""
        return _ratio(np.minimum(self.negative_flips, self.positive_flips), self.total)

    @property
    def negative_flip_impact(self):
        """NFI: b / (b + n00)."""
        return _ratio(self.negative_flips, self.wrong_new)

    @property
    def backward_trust_compatibility(self):
        """BTC: n11 / (n11 + b)."""
        return _ratio(self.both_right, self.right_old)

    @property
    def backward_error_compatibility(self):
        """BEC: n00 / (b + n00)."""
        return _ratio(self.both_wrong, self.wrong_new)

    @property
    def churn_rate(self):
        """Share of rows whose prediction changed."""
        return _ratio(self.changed, self.total)

    @property
    def win_loss_ratio(self):
        """Positive flips for each negative one: c / b."""
        return _ratio(self.positive_flips, self.negative_flips)


def flip_counts(y_true, y_pred, *, y_old, sample_weight=None):
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

    Returns
    -------
    counts : FlipCounts
        Integers, or floats if rows are weighted.

    Raises
    ------
    ValueError
        If an array is not 1-D, is empty, holds NaN, has another number of rows, or
        holds labels of another kind (numbers against strings); if a weight is
        negative or not finite.

    Examples
    --------
    >>> from sklearn_graceful.metrics import flip_counts
    >>> flip_counts([0, 0, 1, 1, 2], [0, 1, 1, 1, 0], y_old=[0, 0, 0, 1, 1])
    FlipCounts(both_right=2, negative_flips=1, positive_flips=1,
               both_wrong_same=0, both_wrong_different=1)
    """
    y_true, y_pred, y_old = check_labels(y_true=y_true, y_pred=y_pred, y_old=y_old)
    return count_flips(y_true, y_pred, y_old, check_weight(sample_weight, y_true))


def count_flips(y_true, y_pred, y_old, weight=None, *, split_both_wrong=True):
    """Count checked arrays.

    ``split_both_wrong=False`` skips the comparison of the new labels with the old
    ones, a quarter of the work, and books all rows that both have wrong as
    different. Only the churn needs that split.
    """
    if weight is None:
        return _count_rows(y_true, y_pred, y_old, split_both_wrong)
    return _sum_weights(y_true, y_pred, y_old, weight)


def _count_rows(y_true, y_pred, y_old, split_both_wrong):
    n_right_old = n_right_new = n_both_right = n_same = 0
    for right_old, right_new, same in _comparisons(
        y_true, y_pred, y_old, split_both_wrong
    ):
        n_right_old += int(np.count_nonzero(right_old))
        n_right_new += int(np.count_nonzero(right_new))
        n_same += int(np.count_nonzero(same))
        both_right = np.logical_and(right_old, right_new, out=right_old)
        n_both_right += int(np.count_nonzero(both_right))
    n_both_wrong = len(y_true) - n_right_old - n_right_new + n_both_right
    n_both_wrong_same = n_same - n_both_right if split_both_wrong else 0
    return FlipCounts(
        both_right=n_both_right,
        negative_flips=n_right_old - n_both_right,
        positive_flips=n_right_new - n_both_right,
        both_wrong_same=n_both_wrong_same,
        both_wrong_different=n_both_wrong - n_both_wrong_same,
    )


def _sum_weights(y_true, y_pred, y_old, weight):
    sums = np.zeros(8)
    comparisons = _comparisons(y_true, y_pred, y_old, True)
    for rows, masks in zip(chunks(y_true, y_pred, y_old), comparisons, strict=True):
        right_old, right_new, same = (mask.view(np.uint8) for mask in masks)
        code = right_old + 2 * right_new + 4 * same
        sums += np.bincount(code, weights=weight[rows], minlength=8)
    return FlipCounts(
        both_right=float(sums[7]),
        negative_flips=float(sums[1]),
        positive_flips=float(sums[2]),
        both_wrong_same=float(sums[4]),
        both_wrong_different=float(sums[0]),
    )


def _comparisons(y_true, y_pred, y_old, with_same):
    """Masks of one chunk after another, in buffers that the next chunk overwrites."""
    right_old = right_new = same = np.empty(0, dtype=bool)
    for rows in chunks(y_true, y_pred, y_old):
        true, new, old = y_true[rows], y_pred[rows], y_old[rows]
        if len(right_old) != len(true):
            right_old, right_new, same = np.empty((3, len(true)), dtype=bool)
        np.equal(old, true, out=right_old)
        np.equal(new, true, out=right_new)
        if with_same:
            np.equal(new, old, out=same)
        yield right_old, right_new, same[: len(true) if with_same else 0]


def _ratio(numerator, denominator):
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.true_divide(numerator, denominator)
    return ratio if ratio.ndim else float(ratio)
