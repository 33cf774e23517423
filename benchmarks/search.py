"""A search with an NFR scorer: what the old model costs.

    python benchmarks/search.py [--repeats 5] [--trees 300]

GridSearchCV of 8 candidates x 5 folds on digits. The old model is a random forest that
was trained on 300 rows; the search runs on the others. PCClassifier trains the
candidates against it, in one search linear models and in the other small networks.
"once a row" scores with `flip_scorer`; "once a fold" with a scorer that asks the forest
about every fold of every candidate, as one would write it by hand. Both sides are
interleaved in one process on one thread, times are CPU times, figures are medians, and
the ratio in the last column is the median of the ratios run by run.

"old model" is the share of the time that the forest itself takes, "with look-up" the
share including everything that the handle does to remember its answers.
"""

import argparse
import statistics
import time

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_graceful import PCClassifier, ReferenceModel
from sklearn_graceful.congruence import Focal
from sklearn_graceful.metrics import negative_flip_rate
from sklearn_graceful.model_selection import flip_scorer
from sklearn_graceful.nn import mlp_net

N_OLD_ROWS, N_FOLDS = 300, 5
GRID = {"method__strength": [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0]}
LEARNERS = {
    "linear": LogisticRegression(max_iter=1000),
    "net": mlp_net(max_epochs=10),
}


class Stopwatch:
    """Wraps a function of rows; adds up its calls, rows and seconds."""

    def __init__(self, function):
        self.function = function
        self.calls = self.rows = self.seconds = 0

    def __call__(self, X):
        """Call the function."""
        start = time.process_time()
        result = self.function(X)
        self.seconds += time.process_time() - start
        self.calls += 1
        self.rows += len(X)
        return result


class TimedReference(ReferenceModel):
    """A handle that adds up the seconds spent in it."""

    seconds = 0.0

    def predict(self, X):
        """Predict labels."""
        return self._timed(super().predict, X)

    def predict_proba(self, X, classes=None):
        """Predict probabilities."""
        return self._timed(super().predict_proba, X, classes)

    def predict_with_proba(self, X):
        """Ask for both."""
        return self._timed(super().predict_with_proba, X)

    def _timed(self, method, *args):
        start = time.process_time()
        result = method(*args)
        self.seconds += time.process_time() - start
        return result


def once_a_fold(predict_old):
    def score(estimator, X, y):
        return -negative_flip_rate(y, estimator.predict(X), y_old=predict_old(X))

    return score


def run_search(learner, forest, X, y, *, naive):
    """Search once with a handle that remembers nothing yet; a dict of figures."""
    old = TimedReference(forest)
    # On the instance: the forest stays of the class whose predict is known.
    forest.predict_proba = Stopwatch(type(forest).predict_proba.__get__(forest))
    by_hand = Stopwatch(forest.predict)
    model = PCClassifier(
        make_pipeline(StandardScaler(), learner),
        old_model=old,
        method=Focal(),
        random_state=0,
    )
    search = GridSearchCV(
        model,
        GRID,
        cv=N_FOLDS,
        scoring=once_a_fold(by_hand) if naive else flip_scorer(old, "neg_nfr"),
        refit=False,
        error_score="raise",
    )
    start = time.process_time()
    search.fit(X, y)
    total = time.process_time() - start
    watch = forest.predict_proba
    del forest.predict_proba
    return {
        "seconds": total,
        "rows": watch.rows,
        "forest": watch.seconds / total,
        "handle": (old.seconds + by_hand.seconds) / total,
        "scores": search.cv_results_["mean_test_score"],
    }


def compare(name, forest, X, y, repeats):
    runs = []
    for _ in range(repeats):
        sides = [
            run_search(LEARNERS[name], forest, X, y, naive=naive)
            for naive in (False, True)
        ]
        np.testing.assert_allclose(sides[0]["scores"], sides[1]["scores"])
        runs.append(sides)
    ratio = statistics.median(once["seconds"] / fold["seconds"] for once, fold in runs)
    for side, asked in enumerate(("once a row", "once a fold")):
        seconds, rows, in_forest, in_handle = (
            statistics.median(run[side][figure] for run in runs)
            for figure in ("seconds", "rows", "forest", "handle")
        )
        print(
            f"{name:12} {asked:12} {rows:8,} {seconds:8.2f} {in_forest:10.2%} "
            f"{in_handle:13.2%} {ratio if side == 0 else 1:7.2f}"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--trees", type=int, default=300)
    args = parser.parse_args()
    torch.set_num_threads(1)
    X, y = load_digits(return_X_y=True)
    forest = RandomForestClassifier(args.trees, random_state=0)
    forest.fit(X[:N_OLD_ROWS], y[:N_OLD_ROWS])
    X, y = X[N_OLD_ROWS:], y[N_OLD_ROWS:]
    n_fits = len(GRID["method__strength"]) * N_FOLDS
    print(
        f"{n_fits} fits on digits, {len(np.unique(X, axis=0)):,} different rows; old "
        f"model: {args.trees} trees; medians of {args.repeats} runs\n"
    )
    print(
        f"{'learner':12} {'old asked':12} {'its rows':>8} {'seconds':>8} "
        f"{'old model':>10} {'with look-up':>13} {'ratio':>7}"
    )
    for name in LEARNERS:
        compare(name, forest, X, y, args.repeats)


if __name__ == "__main__":
    main()
