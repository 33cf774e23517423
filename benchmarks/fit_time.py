"""How long a fit of each kind of congruence takes, next to a plain one.

    python benchmarks/fit_time.py [--methods focal match] [--repeats 3]

The default network on 1,200 digits, old model a logistic regression from 300 of them;
one thread. Medians of CPU seconds over repeats, methods in turn.
"""

import argparse
import statistics
import time

import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from sklearn_graceful import PCClassifier
from sklearn_graceful.congruence import METHODS

N_ROWS, N_OLD_ROWS = 1200, 300


def fit_seconds(method, old, X, y, seed):
    start = time.process_time()
    PCClassifier(old_model=old, method=method, random_state=seed).fit(X, y)
    return time.process_time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    several = [name for name in METHODS if name not in ("none", "interpolate")]
    parser.add_argument("--methods", nargs="+", choices=several, default=several)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    X, y = load_digits(return_X_y=True)
    X, y = X[:N_ROWS], y[:N_ROWS]
    old = LogisticRegression(max_iter=1000).fit(X[:N_OLD_ROWS], y[:N_OLD_ROWS])
    seconds = {method: [] for method in ["none", *arguments.methods]}
    with threadpool_limits(1):
        fit_seconds("none", old, X, y, 0)  # warms up
        for repeat in range(arguments.repeats):
            for method, runs in seconds.items():
                runs.append(fit_seconds(method, old, X, y, repeat))
    plain = statistics.median(seconds["none"])
    print(f"{'method':12}{'seconds':>9}{'to plain':>10}")
    for method, runs in seconds.items():
        median = statistics.median(runs)
        print(f"{method:12}{median:9.2f}{median / plain:10.1f}")


if __name__ == "__main__":
    main()
