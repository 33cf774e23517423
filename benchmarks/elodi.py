"""What ELODI costs: eight teachers trained together, and their student.

    python benchmarks/elodi.py [--sets digits letter] [--repeats 7] [--wall]

Time of `PCClassifier.fit` with the default net (128-128), in plain fits of the same
net: an ensemble of eight nets in one pass, ELODI (these eight and the student),
and ELODI whose teachers are trained one after the other. All sides are interleaved in
one process on one thread; times are CPU times, which other work on the machine disturbs
less, and figures are medians of the ratios run by run. With --wall, wall times.
"""

import argparse
import statistics
import time

import torch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_graceful.classification._teachers as teachers
from benchmarks.flips.sets import split_set
from sklearn_graceful import PCClassifier
from sklearn_graceful.congruence import ELODI
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=["digits", "letter"])
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--wall", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
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


if __name__ == "__main__":
    main()
