"""How much the changes of parts of the rows differ, beyond what chance explains."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, t

# Fewer parts do not tell it.
_FEWEST = 8


@dataclass(frozen=True)
class Spread:
    """Of the changes of accuracy between parts of the rows, in this update.

    A model that is trained again with another seed is better in some parts and worse
    in others: rows that are alike change together. A part whose loss is of the size
    that is usual among the parts of this update is not lost.

    Attributes
    ----------
    points : float
        Standard deviation of the parts' true changes, in shares of rows: what large
        parts have.
    errors : float
        Standard deviation of the parts' observed changes, in standard errors of
        independent rows: what small parts have. At least 1.
    n_parts : int
        That both are known from.
    """

    points: float = 0.0
    errors: float = 1.0
    n_parts: int = 0

    @classmethod
    def of(cls, outcomes, parts, min_rows, *, of_seeds=False):
        """Measure it by a quartile of the parts, so that few lost ones do not count.

        Of an update it is the lower one: that it sets more right in some parts than in
        others says nothing of how much a part may lose. Between two seeds, `of_seeds`,
        both sides are alike, and twice as many parts tell it.

        Parameters
        ----------
        outcomes : Outcomes
            Of all rows.
        parts : list of ndarray
            Mask or positions of the rows of each.
        min_rows : int
            Smaller ones are left out.
        """
        whole, _ = outcomes.change()
        parts = [
            rows
            for rows in map(outcomes.take, parts)
            if len(rows) >= min_rows and not rows.is_empty
        ]
        found = np.array([rows.change(whole) for rows in parts]).reshape(-1, 2)
        change, error = found[found[:, 1] > 0].T
        if len(change) < _FEWEST:
            return cls()
        away = change - (whole if of_seeds else min(whole, 0.0))
        if of_seeds:
            away, error = np.append(away, -away), np.append(error, error)
        observed, by_chance = _lower_spread(away), np.median(error)
        points = np.sqrt(max(observed**2 - by_chance**2, 0.0))
        errors = _lower_spread(away / error)
        return cls(float(points), max(float(errors), 1.0), len(change))

    def loss_pvalue(self, outcomes, tolerance):
        """How likely a part that lost no more than is tolerated loses so much."""
        change, error = outcomes.change(-tolerance)
        if error == 0:
            return 1.0
        error = max(self.errors * error, np.hypot(error, self.points))
        score = (change + tolerance) / error
        # The spread itself is known from so many parts only.
        return float(t.cdf(score, self.n_parts - 1 if self.n_parts else np.inf))


def _lower_spread(values):
    """Standard deviation around 0, by the lower quartile."""
    return max(-np.quantile(values, 0.25), 0.0) / norm.ppf(0.75)
