"""Negative flips relative to plain retraining, over all sets of a learner."""

from collections import Counter

import numpy as np

from benchmarks.flips.operating_point import Group, at_fixed_strengths, chosen
from benchmarks.flips.over_sets import (
    FEWEST_FLIPS,
    has_few_flips,
    interval,
    mean_difference,
    mean_ratio,
    paired,
    pooled_ratio,
)


def print_summary(records, tolerance):
    groups = chosen(records, tolerance)
    for (update, learner), group in groups.items():
        _print_learner(update, learner, group)
        _print_kept(group)
    for learner in dict.fromkeys(learner for _, learner in groups):
        updates = {update: g for (update, own), g in groups.items() if own == learner}
        if len(updates) > 1:
            _print_learner("all updates", learner, _merged(updates))


def print_strengths(records):
    """Print the same ratios for every strength on its own: nothing is chosen."""
    groups = chosen(at_fixed_strengths(records), tolerance=None)
    for (update, learner), group in groups.items():
        _print_learner(update, learner, group, against_mean=False)


def _merged(updates):
    """One group in which a set of each update is a set of its own."""
    merged = Group()
    for update, group in updates.items():
        for name in group.counts:
            merged.counts[f"{name}/{update}"] = group.counts[name]
            merged.costs[f"{name}/{update}"] = group.costs[name]
    return merged


def _print_kept(group):
    """Say how often no strength was allowed and better on validation rows."""
    seeds = sum(len(methods["none"]) for methods in group.counts.values())
    total = Counter()
    for by_method in group.kept.values():
        total.update(by_method)
    cells = [f"{method} {n}" for method, n in total.items() if method != "none"]
    print(f"  plain model chosen, of {seeds}: {', '.join(cells)}")


def _print_learner(update, learner, group, *, against_mean=True):
    print(f"\n{learner}, {update}: NFR relative to plain retraining")
    by_set = group.counts
    methods = dict.fromkeys(m for methods in by_set.values() for m in methods)
    width = max(map(len, methods)) + 1
    for method in methods:
        if method in ("none", "floor"):
            continue
        run = {name: m for name, m in by_set.items() if m.get(method)}
        costs = [group.costs[name][method] for name in run]
        cells = [_figures(method, run), cost_cell(costs)]
        if against_mean and method != "mean":
            cells.append(_against_mean(method, run))
        print(f"{method:{width}}{', '.join(cells)} | {_ratios(method, run)}")
    if any(map(has_few_flips, by_set.values())):
        print(f"  * fewer than {FEWEST_FLIPS} plain flips, not in the mean")


def _figures(method, by_set):
    """Mean ratio with its interval, and points of test error above the plain one's."""
    many = [m for m in by_set.values() if not has_few_flips(m)]
    if not many:
        return "  too few flips"
    flips = [paired(m, method, "none", "negative_flips") for m in many]
    errors = [paired(m, method, "none", "err_new") for m in many]
    low, high = interval(mean_ratio, flips)
    return (
        f"{mean_ratio(flips):5.2f} [{low:.2f}, {high:.2f}], "
        f"error {100 * mean_difference(errors):+.2f} points"
    )


def cost_cell(costs):
    """Median over trials; `costs` are by seed, for each set."""
    median = np.median([cost for by_seed in costs for cost in by_seed.values()])
    return f"{median:.1f} plain fits"


def _ratios(method, by_set):
    """Ratio of each set."""
    cells = []
    for name, methods in by_set.items():
        ratio = pooled_ratio(*paired(methods, method, "none", "negative_flips"))
        cells.append(f"{name}{'*' * has_few_flips(methods)} {ratio:.2f}")
    return ", ".join(cells)


def _against_mean(method, by_set):
    """Seeds, and whole sets, in which a method does better than the mean."""
    signs, wins = Counter(), 0
    for methods in by_set.values():
        flips, of_mean = paired(methods, method, "mean", "negative_flips")
        wrong, wrong_of_mean = paired(methods, method, "mean", "wrong_new")
        signs.update(np.sign(np.subtract(flips, of_mean)).tolist())
        wins += sum(flips) < sum(of_mean) and sum(wrong) <= sum(wrong_of_mean)
    return (
        f"beats the mean {signs[-1]} of {signs.total()} ({signs[0]} ties), fewer flips "
        f"than the mean at no higher error: {wins} of {len(by_set)} sets"
    )
