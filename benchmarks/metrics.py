"""How close the flip figures come to a plain read of the same labels.

Run: python benchmarks/metrics.py [--rows 100000000] [--repeats 5]

The plain read is `np.bitwise_or.reduce` over each of the three arrays: the fastest
full read that NumPy offers for integers (as fast as `sum` at int64, which widens and so
slows down for narrower types). Everything runs interleaved in this one process, on one
thread; figures are medians, ratios are to the plain read and come last.
"""

import argparse
import time
from statistics import median

import numpy as np

from sklearn_graceful.metrics import (
    churn_rate,
    flip_counts,
    flip_matrix,
    interval_from_counts,
    negative_flip_rate,
)


def make_labels(rows, dtype, n_classes=10):
    """True, new and old labels, written in pieces to stay within memory."""
    rng = np.random.default_rng(0)
    labels = np.empty((3, rows), dtype)
    for start in range(0, rows, 10**6):
        y_true, y_new, y_old = labels[:, start : start + 10**6]
        y_true[:] = rng.integers(0, n_classes, len(y_true))
        for predicted, error in ((y_new, 0.10), (y_old, 0.15)):
            wrong = rng.random(len(y_true)) < error
            shift = rng.integers(1, n_classes, len(y_true))
            predicted[:] = (y_true + wrong * shift) % n_classes
    return labels


def plain_read(*labels):
    for column in labels:
        np.bitwise_or.reduce(column)


def naive_masks(y_true, y_new, y_old):
    return ((y_old == y_true) & (y_new != y_true)).mean()


def interleaved(contenders, arguments, repeats):
    """Median seconds of each contender, taken in turns."""
    seconds = {name: [] for name in contenders}
    for _ in range(repeats):
        for name, run in contenders.items():
            start = time.perf_counter()
            run(*arguments)
            seconds[name].append(time.perf_counter() - start)
    return {name: median(times) for name, times in seconds.items()}


def time_counting(rows, dtype, repeats):
    labels = make_labels(rows, dtype)
    contenders = {
        "plain read": plain_read,
        "naive masks": naive_masks,
        "negative_flip_rate": lambda t, n, o: negative_flip_rate(t, n, y_old=o),
        "churn_rate": lambda t, n, o: churn_rate(t, n, y_old=o),
        "flip_counts": lambda t, n, o: flip_counts(t, n, y_old=o),
    }
    taken = interleaved(contenders, labels, repeats)
    print(f"\n{rows:,} rows of {np.dtype(dtype).name}")
    print(f"{'':22}{'ms':>10}{'GB/s':>10}{'ratio':>10}")
    for name, seconds in taken.items():
        speed, ratio = labels.nbytes / seconds / 1e9, seconds / taken["plain read"]
        print(f"{name:22}{seconds * 1e3:10.1f}{speed:10.1f}{ratio:10.2f}")
    return labels


def time_weights(labels, repeats):
    rows = labels.shape[1]
    weight = np.random.default_rng(0).random(rows)

    def naive(y_true, y_new, y_old):
        return np.average((y_old == y_true) & (y_new != y_true), weights=weight)

    def ours(y_true, y_new, y_old):
        return negative_flip_rate(y_true, y_new, y_old=y_old, sample_weight=weight)

    taken = interleaved({"naive": naive, "ours": ours}, labels, repeats)
    print(f"\nNFR with weights, {rows:,} rows: ratio ours to np.average of masks")
    print(f"{taken['naive'] * 1e3:.1f} ms, {taken['ours'] * 1e3:.1f} ms", end=", ")
    print(f"{taken['ours'] / taken['naive']:.2f}")


def time_bootstrap(labels, repeats, n_bootstrap=2000):
    y_true, y_new, y_old = labels
    counts = flip_counts(y_true, y_new, y_old=y_old)
    few = min(10**5, len(y_true))
    broken = ((y_old == y_true) & (y_new != y_true))[:few]
    rng = np.random.default_rng(0)

    def by_counts():
        interval_from_counts(
            counts, method="bootstrap", n_bootstrap=n_bootstrap, random_state=0
        )

    def by_rows():
        # A tenth of the draws, to finish; the time is scaled up below.
        rates = [
            broken[rng.integers(0, few, few)].mean() for _ in range(n_bootstrap // 10)
        ]
        np.quantile(rates, [0.025, 0.975])

    taken = interleaved({"counts": by_counts, "rows": by_rows}, (), repeats)
    per_row = taken["rows"] * 10 / few
    print(f"\nBootstrap interval of NFR, B = {n_bootstrap}")
    print(f"multinomial on the counts of {len(y_true):,} rows: ", end="")
    print(f"{taken['counts'] * 1e3:.2f} ms")
    print(f"resampled row indices, {few:,} rows: {per_row * few:.1f} s, ", end="")
    print(f"ratio {per_row * few / taken['counts']:,.0f}")


def time_versions(labels, repeats, n_versions=20):
    rows = min(10**6, labels.shape[1])
    y_true = labels[0, :rows]
    versions = [np.roll(labels[1 + v % 2, :rows], v // 2) for v in range(n_versions)]

    def pair_by_pair():
        for old in versions:
            for new in versions:
                negative_flip_rate(y_true, new, y_old=old)

    contenders = {
        "pairs": pair_by_pair,
        "matrix": lambda: flip_matrix(y_true, versions),
    }
    taken = interleaved(contenders, (), min(repeats, 3))
    print(f"\nflip_matrix of {n_versions} versions, {rows:,} rows")
    print(f"pair by pair {taken['pairs'] * 1e3:.0f} ms, ", end="")
    print(f"flip_matrix {taken['matrix'] * 1e3:.0f} ms, ", end="")
    print(f"ratio {taken['matrix'] / taken['pairs']:.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10**8)
    parser.add_argument("--repeats", type=int, default=5)
    settings = parser.parse_args()
    for dtype in (np.int8, np.int32):
        time_counting(settings.rows, dtype, settings.repeats)
    labels = time_counting(settings.rows, np.int64, settings.repeats)
    time_bootstrap(labels, settings.repeats)
    time_versions(labels, settings.repeats)
    time_weights(labels[:, : 10**7], settings.repeats)


if __name__ == "__main__":
    main()
