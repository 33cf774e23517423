"""In which order a new version looks at rows that it cannot look at all."""

from numbers import Integral, Real

import numpy as np

STRATEGIES = ("entropy", "information_gain", "random")


def check_strategy(strategy):
    """Refuse the name of an order that does not exist."""
    if strategy not in STRATEGIES:
        raise ValueError(
            f"Unknown strategy {strategy!r}, choose one of {list(STRATEGIES)}."
        )


def number_of_rows(budget, n_rows):
    """Resolve a budget: a number of rows, a share of all, or None for all."""
    if budget is None:
        return n_rows
    if isinstance(budget, Integral) and not isinstance(budget, bool) and budget >= 1:
        return int(budget)
    if (
        isinstance(budget, Real)
        and not isinstance(budget, Integral)
        and 0 < budget <= 1
    ):
        return max(round(budget * n_rows), 1)
    raise ValueError(
        "budget must be a number of rows (int, at least 1) or a share of all rows "
        f"(float, above 0 and at most 1), got {budget!r}."
    )


def first_rows(priority, n_predictions, n_chosen, rng):
    """Positions of the highest priorities, rows without any prediction before all."""
    # Ties are broken at random: rows with the same predictions have the same posterior.
    keys = (rng.random(len(priority)), -priority, n_predictions > 0)
    return np.lexsort(keys)[:n_chosen]
