"""How far the calibration rows allow to go, and what to say if there are too few."""

from dataclasses import dataclass

from sklearn_graceful._warn import warn_user
from sklearn_graceful.flip_control import (
    allowed_flips,
    largest_new_share,
    risk_bound,
    rows_needed,
)


@dataclass(frozen=True)
class FlipBudget:
    """Accepted negative flip rate of some rows, and in which sense.

    Attributes
    ----------
    max_nfr : float
        The budget, in [0, 1).
    guarantee : str
        One of ``GUARANTEES``.
    confidence : float
        Of ``"high-probability"``.
    parameter : str
        What the user calls the budget.
    rows : str
        What the rows are called in a warning.
    """

    max_nfr: float
    guarantee: str
    confidence: float
    parameter: str = "max_nfr"
    rows: str = "calibration rows"

    def largest_new_share(self, times):
        """Largest mixing that is within the budget; warns if there are too few rows.

        Parameters
        ----------
        times : ndarray of shape (n,)
            Flip times.

        Returns
        -------
        t : float
        """
        allowed = allowed_flips(len(times), self.max_nfr, **self._certificate)
        if allowed < 0:
            needed = rows_needed(self.max_nfr, **self._certificate)
            warn_user(
                f"{len(times)} {self.rows} cannot certify {self.parameter}="
                f"{self.max_nfr}, which takes {needed} or more. The old model is kept "
                "as it is (new_share_ = 0).",
            )
        return largest_new_share(times, allowed)

    def bound(self, flips, n_rows):
        """What so many flips certify for new rows."""
        return risk_bound(flips, n_rows, **self._certificate)

    @property
    def _certificate(self):
        return {"guarantee": self.guarantee, "confidence": self.confidence}


class CriticalBudget(FlipBudget):
    """Budget of the rows that the user marked: 0 loses none of those at hand."""

    def largest_new_share(self, times):
        """As of any budget; at 0, which no number of rows certifies, without a flip."""
        if self.max_nfr > 0:
            return super().largest_new_share(times)
        return largest_new_share(times, 0)


def warn_of_no_critical_row(n_marked):
    """Warn that none of the marked rows says anything about flips."""
    warn_user(
        f"None of the {n_marked} critical rows is a calibration row: nothing limits "
        "their flips.",
    )
