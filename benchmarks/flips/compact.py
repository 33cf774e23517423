"""The default method against plain retraining, one line a set."""

import numpy as np

from benchmarks.flips.operating_point import chosen
from benchmarks.flips.over_sets import (
    FEWEST_FLIPS,
    has_few_flips,
    interval,
    mean_difference,
    mean_ratio,
    paired,
    pooled_ratio,
)
from benchmarks.flips.summary import cost_cell
from benchmarks.flips.tables import mean_and_half_width
from sklearn_graceful import PCClassifier

DEFAULT = PCClassifier().method


def print_compact(records):
    for (update, learner), group in chosen(records, tolerance=None).items():
        by_set = {name: m for name, m in group.counts.items() if m.get(DEFAULT)}
        if by_set:
            _print_group(f"{learner}, {update}", by_set)
            costs = [group.costs[name][DEFAULT] for name in by_set]
            print(f"cost of {DEFAULT}: {cost_cell(costs)}")


def _print_group(title, by_set):
    n_seeds = max(len(methods["none"]) for methods in by_set.values())
    print(f"\n{title}: plain retraining and {DEFAULT}, in %, {n_seeds} seeds")
    columns = ("error", DEFAULT, "NFR", DEFAULT, "ratio")
    print(f"{'set':16}" + "".join(f"{column:>8}" for column in columns))
    for name, methods in by_set.items():
        error, nfr = (
            [100 * mean_and_half_width(values)[0] for values in pair[::-1]]
            for pair in (
                paired(methods, DEFAULT, "none", "err_new"),
                paired(methods, DEFAULT, "none", "negative_flip_rate"),
            )
        )
        ratio = pooled_ratio(*paired(methods, DEFAULT, "none", "negative_flips"))
        cells = "".join(f"{cell:8.2f}" for cell in (*error, *nfr, ratio))
        print(f"{name + '*' * has_few_flips(methods):16}{cells}")
    _print_mean([m for m in by_set.values() if not has_few_flips(m)])
    _print_worse_on_both(by_set.values())
    if any(map(has_few_flips, by_set.values())):
        print(f"* fewer than {FEWEST_FLIPS} plain flips, not in the means")


def _print_mean(by_set):
    """Means over sets, with 95 % intervals."""
    if not by_set:
        return
    flips = [paired(methods, DEFAULT, "none", "negative_flips") for methods in by_set]
    errors = [paired(methods, DEFAULT, "none", "err_new") for methods in by_set]
    low, high = interval(mean_ratio, flips)
    print(f"geometric mean of ratios {mean_ratio(flips):.2f} [{low:.2f}, {high:.2f}]")
    low, high = 100 * interval(mean_difference, errors)
    mean = 100 * mean_difference(errors)
    print(f"mean difference of errors {mean:+.2f} [{low:+.2f}, {high:+.2f}] points")


def _print_worse_on_both(by_set):
    """How often a careful user would have been better off with the plain model."""
    n_worse = n_trials = 0
    for methods in by_set:
        for figure_pairs in zip(
            *paired(methods, DEFAULT, "none", "err_new"),
            *paired(methods, DEFAULT, "none", "negative_flip_rate"),
            strict=True,
        ):
            n_rows = next(iter(methods["none"].values())).total
            n_trials += 1
            n_worse += all(
                own > plain + np.sqrt(plain * (1 - plain) / n_rows)
                for own, plain in (figure_pairs[:2], figure_pairs[2:])
            )
    print(
        f"error and NFR both above plain by more than a standard error: {n_worse} of "
        f"{n_trials}"
    )
