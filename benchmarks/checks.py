"""What a user pays for checks: a plain fit by PCClassifier beside the learner's own.

    python benchmarks/checks.py [--rows 1000] [--columns 20] [--repeats 100]

`PCClassifier(learner, method="none")` trains nothing but the learner, so that what its
fit and predict take longer is what they check and keep. Both run in turn, on one
thread, for rows in each container; figures are medians of milliseconds of CPU time, and
of the differences of pairs.
"""

import argparse
import time
from statistics import median

import pandas as pd
import polars as pl
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from sklearn_graceful import PCClassifier

LEARNERS = {
    "LogisticRegression": LogisticRegression(),
    "DecisionTree": DecisionTreeClassifier(max_depth=3, random_state=0),
}
CONTAINERS = {
    "array": lambda X: X,
    "pandas": lambda X: pd.DataFrame(X, columns=[f"c{k}" for k in range(X.shape[1])]),
    "polars": lambda X: pl.DataFrame(X, schema=[f"c{k}" for k in range(X.shape[1])]),
}


def seconds_of(run):
    start = time.process_time()
    run()
    return time.process_time() - start


def paired(own, wrapped, repeats):
    """Median milliseconds of the learner's own, and of what the other takes longer."""
    pairs = []
    for turn in range(repeats):
        order = (own, wrapped) if turn % 2 else (wrapped, own)
        taken = {run: seconds_of(run) for run in order}
        pairs.append((1000 * taken[own], 1000 * (taken[wrapped] - taken[own])))
    return [median(column) for column in zip(*pairs, strict=True)]


def compare(learner, X, y, repeats):
    """Medians of fit, then of predict."""
    fitted = clone(learner).fit(X, y)
    wrapper = PCClassifier(learner, method="none").fit(X, y)
    fit = paired(
        lambda: clone(learner).fit(X, y),
        lambda: PCClassifier(learner, method="none").fit(X, y),
        repeats,
    )
    predict = paired(lambda: fitted.predict(X), lambda: wrapper.predict(X), repeats)
    return fit + predict


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=100)
    args = parser.parse_args()
    X, y = make_classification(args.rows, args.columns, random_state=0)
    print(f"{'':28}{'fit':>8}{'+ checks':>10}{'predict':>10}{'+ checks':>10}")
    with threadpool_limits(1):
        for name, learner in LEARNERS.items():
            for kind, contain in CONTAINERS.items():
                figures = compare(learner, contain(X), y, args.repeats)
                cells = zip(figures, (8, 10, 10, 10), strict=True)
                print(f"{name + ', ' + kind:28}", end="")
                print("".join(f"{figure:{width}.2f}" for figure, width in cells))


if __name__ == "__main__":
    main()
