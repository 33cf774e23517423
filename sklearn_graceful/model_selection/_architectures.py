"""Architectures that a search may try: what each costs, and which are affordable."""

import math
from dataclasses import dataclass

from sklearn.base import clone
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.utils import check_random_state

from sklearn_graceful.nn import ModelCost, model_cost

# Draws for each candidate that is wanted, before the search goes on with fewer.
_DRAWS = 20


@dataclass(frozen=True, eq=False)
class Candidate:
    """One architecture of a search.

    Attributes
    ----------
    params : dict
        Parameters of the estimator.
    cost : ModelCost
        What its network costs.
    score : float
        Objective, mean over the folds.
    cross : float
        Quality of its queries on the old model's gallery.
    self_test : float
        Quality of its queries on a gallery of its own.
    n_resources : int
        Rows, or what else the search gave it, when these were measured.
    """

    params: dict
    cost: ModelCost
    score: float = float("nan")
    cross: float = float("nan")
    self_test: float = float("nan")
    n_resources: int = 0


@dataclass(frozen=True)
class Budget:
    """The most that a network may cost; None is no limit."""

    macs: float | None = None
    params: float | None = None
    latency: float | None = None

    def allows(self, cost):
        """Whether a ModelCost is within all limits."""
        return all(getattr(cost, name) <= limit for name, limit in self._limits())

    def __str__(self):
        limits = [f"max_{name}={limit:g}" for name, limit in self._limits()]
        return ", ".join(limits) or "no limits"

    @property
    def first(self):
        """Name of the cost that is limited, of several the first."""
        return next((name for name, _ in self._limits()), "macs")

    def _limits(self):
        return [
            (name, limit) for name, limit in vars(self).items() if limit is not None
        ]


def draw_candidates(estimator, distributions, X, y, *, budget, n_candidates, seed):
    """Draw different architectures within a budget; none is trained.

    Parameters
    ----------
    estimator : CompatibleEmbedder
        Unfitted, with its width set.
    distributions : dict or list of dict
        As a ParameterSampler takes them.
    X, y : array-like
        Rows to count with, and their labels.
    budget : Budget
    n_candidates : int
    seed : int, RandomState or None

    Returns
    -------
    within, over : list of Candidate

    Raises
    ------
    ValueError
        If none is within the budget.
    """
    within, over, seen = [], [], []
    for params in _draws(distributions, n_candidates, check_random_state(seed)):
        if params in seen:
            continue
        seen.append(params)
        own = clone(estimator).set_params(**params)
        cost = model_cost(own, X, y, latency=budget.latency is not None)
        (within if budget.allows(cost) else over).append(Candidate(params, cost))
        if len(within) == n_candidates:
            break
    if not within:
        cheapest = min(over, key=lambda c: getattr(c.cost, budget.first))
        raise ValueError(
            f"None of {len(over)} architectures is within the budget, {budget}. The "
            f"cheapest is {cheapest.params}, with {cheapest.cost}."
        )
    return within, over


def pareto_front(candidates, cost="macs"):
    """Candidates that no other one beats: none is as good at a lower cost.

    Parameters
    ----------
    candidates : list of Candidate
    cost : {"macs", "params", "bytes", "latency"}, default="macs"
        What is to be low.

    Returns
    -------
    front : list of Candidate
        From the cheapest to the best; without those whose score is nan.

    Raises
    ------
    ValueError
        If the cost was not measured.

    Examples
    --------
    >>> from sklearn_graceful.model_selection import Candidate, pareto_front
    >>> from sklearn_graceful.nn import ModelCost
    >>> figures = {10: 0.5, 20: 0.4, 30: 0.7}
    >>> candidates = [
    ...     Candidate({}, ModelCost(macs, 0, 0), score)
    ...     for macs, score in figures.items()
    ... ]
    >>> [candidate.cost.macs for candidate in pareto_front(candidates)]
    [10, 30]
    """
    front, scored = [], [c for c in candidates if not math.isnan(c.score)]
    if any(getattr(one.cost, cost) is None for one in scored):
        raise ValueError(f"The {cost} of a candidate was not measured.")
    for one in sorted(scored, key=lambda c: (getattr(c.cost, cost), -c.score)):
        if not front or one.score > front[-1].score:
            front.append(one)
    return front


def _draws(distributions, n_candidates, rng):
    """Parameters, at most 20 times as many as are wanted."""
    parts = [distributions] if isinstance(distributions, dict) else distributions
    most = _DRAWS * n_candidates
    if not any(hasattr(values, "rvs") for part in parts for values in part.values()):
        most = min(most, len(ParameterGrid(parts)))
    return ParameterSampler(parts, most, random_state=rng)
