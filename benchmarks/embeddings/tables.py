"""Tables of what the trials found."""

import numpy as np

from benchmarks.flips.tables import mean_cell

# A paragon hardly better than the old embedder leaves nothing to gain.
SMALLEST_STEP = 0.005


def gains(records, figure):
    """Update gains; nan where the paragon is hardly better than the old embedder."""
    found = []
    for r in records:
        step = r["paragon"][figure] - r["old"][figure]
        gain = (r["cross"][figure] - r["old"][figure]) / step if step else np.nan
        found.append(gain if step >= SMALLEST_STEP else np.nan)
    return np.array(found)


def taxes(records, figure):
    """What compatibility costs, in points."""
    return np.array([100 * (r["paragon"][figure] - r["new"][figure]) for r in records])


def holds(records, figure):
    """In how many seeds the cross-test beats the old self-test."""
    return sum(r["cross"][figure] > r["old"][figure] for r in records)


def print_tables(records):
    """A table for every set and update."""
    for name, update in dict.fromkeys((r["set"], r["update"]) for r in records):
        of_set = [r for r in records if (r["set"], r["update"]) == (name, update)]
        _print_table(name, update, of_set)


def print_summary(records):
    """Medians over sets, and the criterion over all seeds."""
    for update in dict.fromkeys(r["update"] for r in records):
        print(f"\n{update}: medians over sets of the sets' means; criterion in seeds")
        print(f"{'':12}{'gain':>8}{'tax':>8}{'recall@1':>12}{'map':>12}")
        of_update = [r for r in records if r["update"] == update]
        for method in dict.fromkeys(r["method"] for r in of_update):
            own = [r for r in of_update if r["method"] == method]
            sets = [
                [r for r in own if r["set"] == name]
                for name in dict.fromkeys(r["set"] for r in own)
            ]
            gain = np.median([np.nanmean(gains(s, "recall@1")) for s in sets])
            tax = np.median([taxes(s, "recall@1").mean() for s in sets])
            held = [f"{holds(own, f)} of {len(own)}" for f in ("recall@1", "map")]
            print(f"{method:12}{gain:>8.2f}{tax:>8.1f}{held[0]:>12}{held[1]:>12}")


def _print_table(name, update, records):
    first = records[0]
    n_seeds = len({r["seed"] for r in records})
    print(
        f"\n{name}, {update}: {first['n_test']} items, {first['n_classes']} classes, "
        f"{n_seeds} seeds; recall@1 and mean average precision in %"
    )
    for who in ("old", "paragon"):
        of_one = [r for r in records if r["method"] == first["method"]]
        cells = [
            mean_cell([100 * r[who][f] for r in of_one]) for f in ("recall@1", "map")
        ]
        print(f"{who:12}" + "".join(f"{cell:>16}" for cell in cells))
    columns = ("cross", "map", "self", "gain", "tax", "held")
    print(f"{'':12}" + "".join(f"{column:>16}" for column in columns))
    for method in dict.fromkeys(r["method"] for r in records):
        own = [r for r in records if r["method"] == method]
        cells = [
            mean_cell([100 * r["cross"]["recall@1"] for r in own]),
            mean_cell([100 * r["cross"]["map"] for r in own]),
            mean_cell([100 * r["new"]["recall@1"] for r in own]),
            mean_cell(gains(own, "recall@1")),
            mean_cell(taxes(own, "recall@1")),
            f"{holds(own, 'recall@1')}, {holds(own, 'map')} of {len(own)}",
        ]
        print(f"{method:12}" + "".join(f"{cell:>16}" for cell in cells))
