"""A table of figures for every set, update and learner."""

import numpy as np
from scipy.stats import t

from benchmarks.flips.operating_point import chosen

COLUMNS = {
    "error": ("err_new", 100),
    "NFR": ("negative_flip_rate", 100),
    "PFR": ("positive_flip_rate", 100),
    "relative NFR": ("relative_negative_flip_rate", 100),
}


def mean_and_half_width(values, confidence=0.95):
    """Mean over the seeds that define a value and half the width of its t-interval."""
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    n = len(values)
    if n < 2:
        return (values[0] if n else np.nan), np.nan
    factor = t.ppf((1 + confidence) / 2, n - 1)
    return values.mean(), factor * values.std(ddof=1) / np.sqrt(n)


def mean_cell(values, digits=2):
    """Mean over the seeds and half the width of its interval, as tables show them."""
    mean, half = mean_and_half_width(values)
    return f"{mean:.{digits}f} +- {half:.{digits}f}"


def print_tables(records, tolerance):
    for (update, learner), group in chosen(records, tolerance).items():
        for name, methods in group.counts.items():
            _print_table(f"{name}, {update}, {learner}", methods)
        for method, reason in group.reasons.items():
            print(f"{method} was not run: {reason}")


def _print_table(title, methods):
    methods = dict(methods)
    floor, plain = methods.pop("floor"), methods["none"]
    n_rows = next(iter(plain.values())).total
    old, _ = mean_and_half_width([100 * c.err_old for c in plain.values()])
    print(f"\n{title}: {n_rows} test rows, {len(plain)} seeds, in %")
    print(f"old error {old:.2f}, floor {_cell(floor, 'negative_flip_rate', 100)}")
    width = max(map(len, methods)) + 1
    print(f"{'':{width}}" + "".join(f"{column:>18}" for column in COLUMNS))
    for method, by_seed in methods.items():
        cells = (_cell(by_seed, *column) for column in COLUMNS.values())
        print(f"{method:{width}}" + "".join(f"{cell:>18}" for cell in cells))


def _cell(by_seed, figure, factor):
    return mean_cell([factor * getattr(counts, figure) for counts in by_seed.values()])
