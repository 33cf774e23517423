"""What happened to each row when a model was replaced, and what follows from it."""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta
from sklearn.exceptions import UndefinedMetricWarning

from sklearn_graceful.metrics import flip_counts, flip_interval

# Rows are always drawn alike: a report that is made twice says the same.
_SEED = 0


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Rows by who has them right, with their weights and groups.

    Attributes
    ----------
    old, new : ndarray of int8, shape (n,)
        0: right. 1: wrong; 2: wrong, with another label than the old model.
    weight : ndarray of float, shape (n,), or None
        Of the rows.
    group : ndarray of int, shape (n,), or None
        Number of the group of rows that are not independent of each other.
    """

    old: np.ndarray
    new: np.ndarray
    weight: np.ndarray | None = None
    group: np.ndarray | None = None

    @classmethod
    def of(cls, y, old_labels, new_labels, weight=None, groups=None):
        """Compare labels, which are of one kind."""
        old = (old_labels != y).astype(np.int8)
        new = (new_labels != y).astype(np.int8)
        new[(new == 1) & (old == 1) & (old_labels != new_labels)] = 2
        group = None if groups is None else np.unique(groups, return_inverse=True)[1]
        return cls(old, new, weight, group)

    def __len__(self):
        return len(self.old)

    @property
    def is_empty(self):
        """Whether there is no row of any weight."""
        return not (len(self) if self.weight is None else self.weight.any())

    @property
    def is_negative_flip(self):
        """Mask of the rows that only the old model has right."""
        return (self.old == 0) & (self.new > 0)

    @property
    def gain(self):
        """1 for a positive flip, -1 for a negative one, 0 for other rows; int8."""
        return (self.new == 0).astype(np.int8) - (self.old == 0)

    def take(self, rows):
        """Some of the rows, by mask or position."""
        columns = (self.old, self.new, self.weight, self.group)
        return Outcomes(*(None if c is None else c[rows] for c in columns))

    def counts(self, by=None):
        """Table of the rows, or of their weights; with `by` one for each group."""
        return flip_counts(**self._columns, sample_weight=self.weight, by=by)

    def interval(self, metric, confidence):
        """Figure with its confidence interval; nan where it is 0/0."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UndefinedMetricWarning)
            return flip_interval(
                **self._columns,
                metric=metric,
                confidence=confidence,
                sample_weight=self.weight,
                groups=self.group,
                random_state=_SEED,
            )

    @property
    def _columns(self):
        true = np.zeros_like(self.old)
        return {"y_true": true, "y_pred": self.new, "y_old": self.old}

    def nfr_bounds(self, confidence):
        """Lower and upper one-sided bound of the negative flip rate.

        Of Clopper and Pearson (1934), with the number of independent rows that would
        tell as much as these (Korn and Graubard 1998).
        """
        return rate_bounds(self.nfr, self.n_effective, confidence)

    @property
    def nfr(self):
        """Negative flip rate."""
        return float(np.average(self.is_negative_flip, weights=self.weight))

    @property
    def n_effective(self):
        """Independent rows of weight 1 that say as much of the negative flip rate."""
        weight = np.ones(len(self)) if self.weight is None else self.weight
        if self.weight is None and self.group is None:
            return float(len(self))
        total = self._by_group(weight)
        if 0 < self.nfr < 1:
            residual = self._by_group(weight * (self.is_negative_flip - self.nfr))
            variance = (residual**2).sum() / total.sum() ** 2
            return float(min(self.nfr * (1 - self.nfr) / variance, len(self)))
        return float(total.sum() ** 2 / (total**2).sum())

    def change(self, null=0.0):
        """Change of the accuracy, and its standard error were it `null` in truth.

        Of the score test of a paired difference (Tango 1998); of weighted rows and
        groups with the spread that these show.
        """
        gain = self.gain
        mean = float(np.average(gain, weights=self.weight))
        if self.weight is None and self.group is None:
            return mean, _standard_error(gain, null)
        weight = np.ones(len(self)) if self.weight is None else self.weight
        excess = self._by_group(weight * (gain - null))
        return mean, float(np.sqrt((excess**2).sum()) / weight.sum())

    def _by_group(self, values):
        """Sums by group; of rows without groups the values themselves."""
        if self.group is None:
            return values
        sums = np.bincount(self.group, weights=values)
        return sums[np.unique(self.group)]


def rate_bounds(rate, n, confidence):
    """One-sided bounds of a rate among n rows (Clopper and Pearson 1934)."""
    successes = rate * n
    low = beta.ppf(1 - confidence, successes, n - successes + 1) if rate > 0 else 0.0
    high = beta.ppf(confidence, successes + 1, n - successes) if rate < 1 else 1.0
    return float(low), float(high)


def _standard_error(gain, null):
    """Standard error of a paired difference that is `null` in truth (Tango 1998)."""
    n, b, c = len(gain), np.mean(gain < 0), np.mean(gain > 0)
    # The share of negative flips is the likeliest one at that difference.
    linear = (2 - c + b) * null - b - c
    constant = -b * null * (1 - null)
    flips = (np.sqrt(max(linear**2 - 8 * constant, 0.0)) - linear) / 4
    return float(np.sqrt(max(2 * flips + null * (1 - null), 0.0) / n))
