"""What ELODI costs and brings: eight teachers trained together, and their student.

    python -m benchmarks.elodi [--sets digits letter] [--repeats 7] [--wall]
    python -m benchmarks.elodi --flips [--sets dna satellite] [--seeds 5] [--rows 2000]

Time of `PCClassifier.fit` with the default net (128-128), in plain fits of the same
net: an ensemble of eight nets in one pass, ELODI (these eight and the student),
and ELODI whose teachers are trained one after the other. All sides are interleaved in
one process on one thread; times are CPU times, which other work on the machine disturbs
less, and figures are medians of the ratios run by run. With --wall, wall times.

With --flips, test error and NFR in % and the ratio of NFR to plain retraining's, pooled
over seeds. The old model is trained on a quarter of the rows, by ELODI as the new one
is ("both releases"), or plain ("the new one").
"""

import argparse
import statistics
import time

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_graceful.training._plain as teachers
from benchmarks.flips.sets import split_set
from benchmarks.flips.updates import OLD_SHARE
from sklearn_graceful import PCClassifier
from sklearn_graceful.congruence import ELODI
from sklearn_graceful.metrics import flip_counts
from sklearn_graceful.nn import packed_mlp_net

N_TEACHERS, WIDTHS = 8, (128, 128)


def fit_plain(X, y):
    PCClassifier(method="none", random_state=0).fit(X, y)


def fit_packed(X, y):
    net = make_pipeline(StandardScaler(), packed_mlp_net(N_TEACHERS, WIDTHS))
    PCClassifier(net, method="none", random_state=0).fit(X, y)


def fit_elodi(X, y):
    PCClassifier(method=ELODI(n_teachers=N_TEACHERS), random_state=0).fit(X, y)


def fit_elodi_one_by_one(X, y):
    together = teachers.trains_alike_when_packed
    teachers.trains_alike_when_packed = lambda net: False
    try:
        fit_elodi(X, y)
    finally:
        teachers.trains_alike_when_packed = together


SIDES = {
    "plain": fit_plain,
    "8 teachers": fit_packed,
    "ELODI": fit_elodi,
    "one by one": fit_elodi_one_by_one,
}


def seconds(fit, X, y, clock):
    start = clock()
    fit(X, y)
    return clock() - start


def print_times(arguments):
    clock = time.perf_counter if arguments.wall else time.process_time
    print(f"torch {torch.__version__}, {'wall' if arguments.wall else 'CPU'} time")
    others = [side for side in SIDES if side != "plain"]
    print(f"{'set':10}{'rows':>6}{'plain s':>9}" + "".join(f"{s:>12}" for s in others))
    for name in arguments.sets:
        X, y = split_set(name, 0, arguments.rows).train
        fit_elodi(X, y)  # warms up
        runs = [
            {side: seconds(fit, X, y, clock) for side, fit in SIDES.items()}
            for _ in range(arguments.repeats)
        ]
        plain = statistics.median(run["plain"] for run in runs)
        ratios = (
            statistics.median(run[side] / run["plain"] for run in runs)
            for side in others
        )
        cells = "".join(f"{ratio:12.2f}" for ratio in ratios)
        print(f"{name:10}{len(y):6}{plain:9.3f}{cells}", flush=True)


def print_flips(arguments):
    print(f"{'set':10}{'':14}{'error':>8}{'NFR':>8}{'ratio':>8}")
    for name in arguments.sets:
        counts = {}
        for seed in range(arguments.seeds):
            split = split_set(name, seed, arguments.rows)
            for side, pair in update(split, seed).items():
                counts.setdefault(side, []).append(
                    flip_counts(split.test[1], pair[1], y_old=pair[0])
                )
        plain = sum(c.negative_flips for c in counts["plain"])
        for side, own in counts.items():
            error = 100 * np.mean([c.err_new for c in own])
            nfr = 100 * np.mean([c.negative_flip_rate for c in own])
            ratio = sum(c.negative_flips for c in own) / plain
            print(f"{name:10}{side:14}{error:8.2f}{nfr:8.2f}{ratio:8.2f}", flush=True)


def update(split, seed):
    """Test predictions of old and new model, by what ELODI trains."""
    X, y = split.train
    X_old, _, y_old, _ = train_test_split(
        X, y, train_size=OLD_SHARE, stratify=y, random_state=seed
    )

    def predict(method, seed, X, y):
        model = PCClassifier(method=method, random_state=seed).fit(X, y)
        return model.predict(split.test[0])

    old, new = (
        {method: predict(method, *rest) for method in ("none", "elodi")}
        for rest in ((10_000 + seed, X_old, y_old), (seed, X, y))
    )
    return {
        "plain": (old["none"], new["none"]),
        "the new one": (old["none"], new["elodi"]),
        "both releases": (old["elodi"], new["elodi"]),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=["digits", "letter"])
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--wall", action="store_true")
    parser.add_argument("--flips", action="store_true")
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    (print_flips if arguments.flips else print_times)(arguments)


if __name__ == "__main__":
    main()
