"""Does the report find what is broken, and only that? What does it cost?

    python -m benchmarks.report [--runs 100] [--rows 1000000]

* **Two seeds** of one recipe: the share of updates in which a class or slice is said to
  be lost, without and with a third run as ``reference=``. Nothing is broken there.
* **A broken slice**: an update to another seed that names the first class in three of
  five rows of one slice of 4 % (two columns), and is set right on as many rows
  elsewhere. The share of updates that fail, and in which the slice that is named first
  has mostly such rows.
* **Size**: seconds, and additional memory, for so many rows of 50 classes, of which the
  probabilities of both models are at hand.

Data: digits, and rows of `make_classification`. Intervals are Wilson's at 95 %.
"""

import argparse
import resource
import time

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.datasets import load_digits, make_classification
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklearn_graceful import compare_models

RECIPES = {
    "forest": lambda seed: RandomForestClassifier(50, random_state=seed),
    "boosting, half of the columns": lambda seed: HistGradientBoostingClassifier(
        max_iter=30, max_features=0.5, random_state=seed
    ),
    "net": lambda seed: make_pipeline(
        StandardScaler(), MLPClassifier((64,), max_iter=60, random_state=seed)
    ),
    "one tree, random columns": lambda seed: DecisionTreeClassifier(
        max_features=8, random_state=seed
    ),
}


def tables():
    """Rows by name, and how many of them to train on."""
    made = make_classification(
        12_000, 20, n_informative=8, n_classes=4, class_sep=1.5, random_state=0
    )
    return {"digits": (*load_digits(return_X_y=True), 600), "made": (*made, 2000)}


def updates(X, y, n_train, make, n_runs):
    """Rows that no model saw, and three runs of a recipe on others, again and again."""
    for run in range(n_runs):
        order = np.random.default_rng(run).permutation(len(y))
        train, rest = order[:n_train], order[n_train:]
        models = (make(3 * run + k).fit(X[train], y[train]) for k in range(3))
        yield X[rest], y[rest], [model.predict(X[rest]) for model in models]


def broken(X, y, old, new, rng):
    """The update with a slice that is lost, and the mask of that slice."""
    spread = X.std(axis=0)
    first, second = np.argsort(-spread)[:2]
    lost = (X[:, first] > np.quantile(X[:, first], 0.8)) & (
        X[:, second] > np.quantile(X[:, second], 0.8)
    )
    new = new.copy()
    new[lost & (rng.random(len(y)) < 0.6)] = y.min()
    wrong = np.flatnonzero((new != y) & ~lost)
    right = rng.permutation(wrong)[: 2 * lost.sum()]
    new[right] = y[right]
    return new, lost


def share(hits):
    """Percentage and interval."""
    low, high = binomtest(sum(hits), len(hits)).proportion_ci(method="wilson")
    return f"{100 * np.mean(hits):5.0f} [{100 * low:.0f}, {100 * high:.0f}]"


def findings(n_runs):
    """Print how often losses are found."""
    print(f"{n_runs} updates each, %; broken: size of the slice in % of the rows")
    columns = ("seeds, lost", "with reference", "broken: fails", "named first", "size")
    print(f"{'':40}" + "".join(f"{column:>17}" for column in columns))
    for name, (X, y, n_train) in tables().items():
        for recipe, make in RECIPES.items():
            alone, known, fails, first, sizes = [], [], [], [], []
            runs = updates(X, y, n_train, make, n_runs)
            for run, (X_rest, y_rest, (old, new, third)) in enumerate(runs):
                rows = X_rest, y_rest
                alone.append(bool(compare_models(old, new, *rows).lost_slices))
                report = compare_models(old, new, *rows, reference=third)
                known.append(bool(report.lost_slices))
                rng = np.random.default_rng(run)
                worse, lost = broken(*rows, old, new, rng)
                report = compare_models(old, worse, *rows, ids=np.arange(len(lost)))
                fails.append(report.verdict == "fail")
                named = report.lost_slices[:1]
                ids = [
                    flip.id
                    for part in named
                    for flip in report.flips
                    if part.name in flip.slices
                ]
                first.append(bool(ids) and lost[ids].mean() > 0.5)
                sizes.append(lost.mean())
            cells = [*map(share, (alone, known, fails, first))]
            cells.append(f"{100 * np.mean(sizes):.1f}")
            label = f"{name}, {recipe}"
            print(f"{label:40}" + "".join(f"{cell:>17}" for cell in cells), flush=True)


def size(n_rows, n_classes=50):
    """Print what a large comparison costs."""
    rng = np.random.default_rng(0)
    names = np.array([f"class {k:02}" for k in range(n_classes)])
    truth = rng.integers(0, n_classes, n_rows)

    def model(accuracy):
        right = rng.random(n_rows) < accuracy
        said = np.where(right, truth, rng.integers(0, n_classes, n_rows))
        proba = np.full((n_rows, n_classes), 0.1 / n_classes, np.float32)
        proba[np.arange(n_rows), said] += 0.9
        return pd.DataFrame(proba, columns=names)

    old, new = model(0.80), model(0.85)
    X = pd.DataFrame({f"x{j}": rng.normal(size=n_rows) for j in range(10)})
    X["region"] = rng.choice(["north", "south", "west"], n_rows)
    y = names[truth]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    report = compare_models(old, new, X, y, max_nfr=0.2)
    seconds = time.process_time() - start
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**20
    page = len(report.to_html().encode()) / 2**20
    print(
        f"\n{n_rows:,} rows, {n_classes} classes, 11 columns: {seconds:.1f} s of the "
        f"processor, {memory:.2f} GiB more, page of {page:.2f} MiB"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100, help="0: size only")
    parser.add_argument("--rows", type=int, default=1_000_000)
    args = parser.parse_args()
    if args.runs:
        findings(args.runs)
    size(args.rows)


if __name__ == "__main__":
    main()
