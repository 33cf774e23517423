"""In which order a new version looks at rows that it cannot look at all."""

from numbers import Integral, Real

import numpy as np

from sklearn_graceful.rollout._posterior import (
    entropy,
    information_gain,
    information_share,
)


def by_entropy(proba, confusion, n_predictions, correlation):
    """Träuble et al. 2021: where the label is least certain."""
    return entropy(proba)


def by_information_gain(proba, confusion, n_predictions, correlation):
    """Where this version is expected to settle most.

    One more prediction that is correlated with those before counts for less: as much
    as the number of independent predictions that they are worth grows by it.
    """
    n_next = n_predictions + 1
    worth = n_predictions * information_share(n_predictions, correlation)
    worth_next = n_next * information_share(n_next, correlation)
    return (worth_next - worth) * information_gain(proba, confusion)


PRIORITIES = {"entropy": by_entropy, "information_gain": by_information_gain}
STRATEGIES = (*PRIORITIES, "random")


def check_strategy(strategy):
    """Refuse the name of an order that does not exist.

    Raises
    ------
    ValueError
        If it is none of `STRATEGIES`.
    """
    if strategy not in STRATEGIES:
        raise ValueError(
            f"Unknown strategy {strategy!r}, choose one of {list(STRATEGIES)}."
        )


def number_of_rows(budget, n_rows):
    """Resolve a budget: a number of rows, a share of all, or None for all.

    Raises
    ------
    ValueError
        If it is neither an int of at least 1 nor a float in (0, 1].
    """
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
    """Positions of the highest priorities, rows without any prediction before all.

    Ties are broken at random: rows with the same predictions have the same posterior.
    """
    keys = (rng.random(len(priority)), -priority, n_predictions > 0)
    return np.lexsort(keys)[:n_chosen]
