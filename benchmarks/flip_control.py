"""Does the NFR on new rows keep to the budget? Coverage on real pairs of models.

    python benchmarks/flip_control.py [--route arbiter] [--critical] [--mlbench FOLDER]

Both models are trained once. The rows they have not seen are then split at random, over
and over, into calibration rows, which choose the share of the new model, and test rows,
which tell the NFR. Promised is that its mean over the draws is at most the budget.
FOLDER holds the .rda files of the R package mlbench (Debian: r-cran-mlbench; read by
pyreadr); without it the sets that come with scikit-learn are used.

Columns, all in %: mean NFR with its 95 % Monte-Carlo interval, its share of the budget
(of what the new model alone does, where that is less), mean t, and the mean accuracy of
the old model, the mixture and the new model.

With --critical one class is marked as critical, at a budget of 0: the one of which the
new model loses most rows. Then the columns are: flips on marked calibration rows, over
all draws, which must be 0; of marked test rows the share that is lost, with its 95 %
Monte-Carlo interval; what is promised for it, the mean of 1 / (m + 1) over draws with m
marked calibration rows; the same share when nothing is marked; and mean t.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklearn_graceful import FlipControlledClassifier
from sklearn_graceful.flip_control import (
    ROUTES,
    allowed_flips,
    largest_new_share,
    log_scores,
)
from sklearn_graceful.metrics import is_negative_flip

BUDGETS = (0.005, 0.01, 0.02, 0.05)
FALSE_ALARM = 3.1  # standard errors: one line in 1,000 looks exceeded by chance

LINEAR = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
BOOSTING = HistGradientBoostingClassifier(max_iter=30, random_state=0)
FOREST = RandomForestClassifier(100, random_state=0)
TREE = DecisionTreeClassifier(max_depth=6, random_state=0)
BAYES = GaussianNB()

# name: loader, old model and its training rows, new model and its (among them the
# old model's), calibration rows.
BUNDLED = {
    "digits, linear -> forest": (load_digits, LINEAR, 150, FOREST, 300, 1000),
    "digits, forest -> linear": (load_digits, FOREST, 150, LINEAR, 300, 1000),
    "digits, Bayes -> boosting": (load_digits, BAYES, 150, BOOSTING, 400, 1000),
    "breast cancer, tree -> linear": (load_breast_cancer, TREE, 60, LINEAR, 120, 300),
    "breast cancer, linear -> boosting": (
        load_breast_cancer,
        LINEAR,
        60,
        BOOSTING,
        150,
        300,
    ),
    "wine, tree -> forest": (load_wine, TREE, 30, FOREST, 50, 70),
    "iris, tree -> Bayes": (load_iris, TREE, 20, BAYES, 40, 70),
}
MLBENCH = {
    "Satellite, linear -> boosting": (
        ("Satellite", "classes"),
        LINEAR,
        400,
        BOOSTING,
        2000,
        2000,
    ),
    "Satellite, forest -> linear": (
        ("Satellite", "classes"),
        FOREST,
        800,
        LINEAR,
        2000,
        2000,
    ),
    "Letter, linear -> forest": (
        ("LetterRecognition", "lettr"),
        LINEAR,
        1000,
        FOREST,
        4000,
        4000,
    ),
    "Vowel, Bayes -> boosting": (("Vowel", "Class"), BAYES, 150, BOOSTING, 300, 400),
    "DNA, tree -> forest": (("DNA", "Class"), TREE, 300, FOREST, 800, 1200),
}


def load_mlbench(folder, name, label):
    import pyreadr

    table = next(iter(pyreadr.read_r(Path(folder) / f"{name}.rda").values()))
    X = table.drop(columns=label)
    for column in X.select_dtypes("category"):
        X[column] = X[column].cat.codes
    return X.to_numpy(float), table[label].cat.codes.to_numpy()


def scores_of_pair(load, old, n_old, new, n_new, route):
    """Scores of both models on the rows that neither has seen."""
    X, y = load()
    X_new, X, y_new, y = train_test_split(
        X, y, train_size=n_new, stratify=y, random_state=0
    )
    old = old.fit(X_new[:n_old], y_new[:n_old])
    new = new.fit(X_new, y_new)
    check_against_estimator(old, new, X, y, route)
    y = np.searchsorted(new.classes_, y)
    return log_scores(old.predict_proba(X)), log_scores(new.predict_proba(X)), y


def check_against_estimator(old, new, X, y, route):
    """The draws below skip the estimator for speed; here both must agree."""
    model = FlipControlledClassifier(
        FrozenEstimator(new), old_model=old, max_nfr=0.02, route=route
    )
    old, new = log_scores(old.predict_proba(X)), log_scores(new.predict_proba(X))
    for marked in (None, y == y[0]):
        model.fit(X, y, critical=marked)
        y_index = np.searchsorted(model.classes_, y)
        t = choose(old, new, y_index, 0.02, route, marked)
        assert np.isclose(t, model.new_share_, rtol=1e-12)
        predicted = model.classes_[ROUTES[route].scores(old, new, t).argmax(axis=1)]
        np.testing.assert_array_equal(model.predict(X), predicted)


def choose(old, new, y, budget, route, marked=None):
    times = ROUTES[route].flip_times(old, new, y)
    t = largest_new_share(times, allowed_flips(len(y), budget))
    return t if marked is None else min(t, largest_new_share(times[marked], 0))


def one_draw(old, new, y, n_calibration, budget, route, rng):
    """NFR and accuracy on the test rows, and the new model's share."""
    rows = rng.permutation(len(y))
    chosen, test = rows[:n_calibration], rows[n_calibration:]
    t = choose(old[chosen], new[chosen], y[chosen], budget, route)
    right_old = old[test].argmax(axis=1) == y[test]
    scores = ROUTES[route].scores(old[test], new[test], t)
    right = scores.argmax(axis=1) == y[test]
    return is_negative_flip(right_old, right).mean(), right.mean(), t


def simulate(name, load, old, n_old, new, n_new, n_calibration, *, route, draws):
    old, new, y = scores_of_pair(load, old, n_old, new, n_new, route)
    right_old, right_new = old.argmax(axis=1) == y, new.argmax(axis=1) == y
    nfr_new = is_negative_flip(right_old, right_new).mean()
    print(f"\n{name}: {n_calibration} calibration rows, {len(y) - n_calibration} test")
    print(f"  the new model alone: NFR {nfr_new:.2%}")
    for budget in BUDGETS:
        rng = np.random.default_rng(0)
        results = np.array(
            [
                one_draw(old, new, y, n_calibration, budget, route, rng)
                for _ in range(draws)
            ]
        )
        nfr, accuracy, t = results.mean(axis=0)
        error = results[:, 0].std(ddof=1) / draws**0.5
        interval = f"{nfr:6.3%} ± {1.96 * error:.3%}"
        verdict = "" if nfr - FALSE_ALARM * error <= budget else "  EXCEEDED"
        share = nfr / min(budget, nfr_new) if nfr_new else 0.0
        print(
            f"  {budget:6.1%}  NFR {interval}  share {share:5.2f}  "
            f"t {t:.3f}  accuracy {right_old.mean():.1%} | {accuracy:.1%} | "
            f"{right_new.mean():.1%}{verdict}",
            flush=True,
        )


def flips_at(old, new, y, t, route):
    """Which rows are lost at t."""
    scores = ROUTES[route].scores(old, new, t)
    return is_negative_flip(old.argmax(axis=1) == y, scores.argmax(axis=1) == y)


def one_critical_draw(old, new, y, marked, n_calibration, budget, route, rng):
    """Flips of marked rows, with and without marking them."""
    rows = rng.permutation(len(y))
    chosen, test = rows[:n_calibration], rows[n_calibration:]
    pair = old[chosen], new[chosen], y[chosen]
    t = choose(*pair, budget, route, marked[chosen])
    t_unmarked = choose(*pair, budget, route)
    test = test[marked[test]]
    lost, lost_unmarked = (
        flips_at(old[test], new[test], y[test], s, route).mean()
        for s in (t, t_unmarked)
    )
    n_lost = np.count_nonzero(flips_at(*pair, t, route) & marked[chosen])
    return n_lost, lost, 1 / (marked[chosen].sum() + 1), lost_unmarked, t


def simulate_critical(
    name, load, old, n_old, new, n_new, n_calibration, *, route, draws
):
    old, new, y = scores_of_pair(load, old, n_old, new, n_new, route)
    marked = y == np.bincount(y[flips_at(old, new, y, 1, route)]).argmax()
    print(f"\n{name}: {marked.mean():.0%} of {n_calibration} calibration rows marked")
    for budget in BUDGETS:
        rng = np.random.default_rng(0)
        results = np.array(
            [
                one_critical_draw(
                    old, new, y, marked, n_calibration, budget, route, rng
                )
                for _ in range(draws)
            ]
        )
        _, lost, promised, lost_unmarked, t = results.mean(axis=0)
        error = results[:, 1].std(ddof=1) / draws**0.5
        verdict = "" if lost - FALSE_ALARM * error <= promised else "  EXCEEDED"
        print(
            f"  {budget:6.1%}  marked calibration rows lost {results[:, 0].sum():.0f}  "
            f"marked test rows {lost:6.3%} ± {1.96 * error:.3%}  "
            f"promised {promised:.2%}  not marked {lost_unmarked:.2%}  "
            f"t {t:.3f}{verdict}",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--route", choices=ROUTES, default="mixing")
    parser.add_argument(
        "--critical", action="store_true", help="mark one class as critical"
    )
    parser.add_argument("--mlbench", metavar="FOLDER")
    arguments = parser.parse_args()
    run = simulate_critical if arguments.critical else simulate
    how = {"route": arguments.route, "draws": arguments.draws}
    for name, (load, *pair) in BUNDLED.items():
        load = partial(load, return_X_y=True)
        run(name, load, *pair, **how)
    if arguments.mlbench:
        for name, ((table, label), *pair) in MLBENCH.items():
            load = partial(load_mlbench, arguments.mlbench, table, label)
            run(name, load, *pair, **how)


if __name__ == "__main__":
    main()
