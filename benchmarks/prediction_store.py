"""Labels of unlabelled rows over six releases: how accurate, and how many flips?

    python -m benchmarks.prediction_store [--sets letter digits] [--seeds 5] [--jobs 2]

Each seed draws training, labelled and target rows, all disjoint, and trains six
releases on growing parts of the training rows, in turn logistic regression, networks
and boosted trees. The first one labels all target rows. Of every later one only a
budget of target rows is asked for; a row's label is then

    newest       the newest prediction that there is for the row
    majority     the most frequent of its predictions, the newest of those that tie
    store k      that of a PredictionStore with cost_ratio k, versions independent
    auto k       the same with correlation="auto"

The rows are chosen by the entropy or the information gain of that store (for newest
and majority: of an independent one), or at random. Labelled rows make the confusion
matrices and the correlation; labels of target rows are used for the figures only:

    accuracy     of the labels after the last release
    cum. NFR     negative flips of the labels at every update, added up; the first is
                 from the first release's predictions to its labels in the store
    final NFR    rows that the first release has right and the last labels wrong
    expected     cum. NFR that the store's own posteriors foretell
    believed     accuracy that the store's posteriors foretell for their most probable
                 class; beside it the true one, and the log-loss

All in % but the log-loss, with 95 % t-intervals over seeds; the seeds share rows, so
these are approximate. Takes 4.5 minutes of one CPU core.
"""

import argparse
import warnings
from dataclasses import dataclass
from functools import partial

import numpy as np
from joblib import Parallel, delayed
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.flips.sets import split_set
from benchmarks.flips.tables import mean_and_half_width
from sklearn_graceful.metrics import negative_flip_rate
from sklearn_graceful.rollout import PredictionStore

SETS = ("letter", "satellite", "digits", "mnist-5k")
TRAINING_ROWS = 3000


def logistic(seed):
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))


def mlp(hidden_sizes, seed):
    net = MLPClassifier(hidden_sizes, alpha=1e-3, max_iter=400, random_state=seed)
    return make_pipeline(StandardScaler(), net)


def boosting(n_trees, seed):
    return HistGradientBoostingClassifier(
        max_iter=n_trees, max_leaf_nodes=15, random_state=seed
    )


# Learner, and the share of the training rows that there are by then.
RELEASES = (
    (logistic, 0.1),
    (partial(mlp, (64,)), 0.2),
    (partial(boosting, 30), 0.3),
    (partial(mlp, (128,)), 0.5),
    (partial(boosting, 40), 0.7),
    (partial(mlp, (128, 128)), 1.0),
)


@dataclass(frozen=True)
class Series:
    """Labels, and the predictions of every release, of labelled and target rows."""

    y_labelled: np.ndarray
    labelled: list
    y: np.ndarray
    target: list


@dataclass(frozen=True)
class Plan:
    """How the labels are kept, and which rows are asked for."""

    rule: str
    cost_ratio: float = 1.0
    correlation: object = 0.0
    budget: float = 1.0
    strategy: str = "entropy"


def plans():
    """All rules at all budgets; with all rows the order means nothing."""
    rules = [Plan("newest"), Plan("majority")]
    rules += [Plan(f"store {k}", k) for k in (1, 2, 5)]
    rules += [Plan(f"auto {k}", k, "auto") for k in (1, 2, 5)]
    asked = [(1.0, "entropy")]
    asked += [
        (budget, strategy)
        for budget in (0.3, 0.1)
        for strategy in ("entropy", "information_gain", "random")
    ]
    return [
        Plan(rule.rule, rule.cost_ratio, rule.correlation, *how)
        for how in asked
        for rule in rules
    ]


def train_series(name, seed):
    split = split_set(name, seed, TRAINING_ROWS)
    X, y = split.train
    order = np.random.default_rng(seed).permutation(len(y))
    labelled, target = [], []
    for make, share in RELEASES:
        rows = order[: round(share * len(y))]
        with warnings.catch_warnings():
            # A network that is stopped early is a release like any other.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = make(seed=seed).fit(X[rows], y[rows])
        labelled.append(model.predict(split.validation[0]))
        target.append(model.predict(split.test[0]))
    return Series(split.validation[1], labelled, split.test[1], target)


def majority(predictions, n_classes):
    """Most frequent prediction of each row, -1 for none; the newest if some tie."""
    votes = np.zeros((predictions.shape[1], n_classes))
    for age, codes in enumerate(reversed(predictions)):
        rows = np.flatnonzero(codes >= 0)
        votes[rows, codes[rows]] += 1 + 1e-3 / 2**age
    return votes.argmax(axis=1)


def run_plan(plan, series, seed):
    """Figures of one rule on one series, by name."""
    n, n_classes = len(series.y), int(series.y.max()) + 1
    store = PredictionStore(
        n,
        classes=range(n_classes),
        cost_ratio=plan.cost_ratio,
        correlation=plan.correlation,
    )
    seen = np.full((len(series.target), n), -1)
    reported, cumulative = series.target[0], 0.0
    for release, predictions in enumerate(series.target):
        store.register(release, series.y_labelled, series.labelled[release])
        rows = store.order(
            None if release == 0 else plan.budget,
            strategy=plan.strategy,
            random_state=seed,
        )
        store.update(rows, predictions[rows])
        seen[release, rows] = predictions[rows]
        labels = store.labels
        if plan.rule == "newest":
            labels = np.where(seen[release] >= 0, seen[release], reported)
        elif plan.rule == "majority":
            labels = majority(seen, n_classes)
        cumulative += negative_flip_rate(series.y, labels, y_old=reported)
        reported = labels
    return {
        "accuracy": 100 * (reported == series.y).mean(),
        "cum. NFR": 100 * cumulative,
        "final NFR": 100
        * negative_flip_rate(series.y, reported, y_old=series.target[0]),
        **beliefs(store, series.y),
    }


def beliefs(store, y):
    """What the posterior says about itself, and what is true."""
    proba = store.posterior()
    flips = sum(each.negative_flip_probability.sum() for each in store.changes)
    return {
        "expected": 100 * flips / store.n_rows,
        "believed": 100 * proba.max(axis=1).mean(),
        "true": 100 * (store.classes[proba.argmax(axis=1)] == y).mean(),
        "log-loss": log_loss(y, proba, labels=store.classes),
        "correlation": store.correlation_,
    }


def run_seed(name, seed):
    """Figures of all plans on one set, and the accuracies of the releases."""
    series = train_series(name, seed)
    accuracies = [100 * (each == series.y).mean() for each in series.target]
    return accuracies, {plan: run_plan(plan, series, seed) for plan in plans()}


def cell(values):
    return "{:7.2f} ± {:4.2f}".format(*mean_and_half_width(values))


def print_set(name, results):
    accuracies = np.mean([each for each, _ in results], axis=0)
    releases = ", ".join(f"{value:.1f}" for value in accuracies)
    print(f"\n{name}: accuracy of the releases {releases}")
    figures = {plan: [by_plan[plan] for _, by_plan in results] for plan in plans()}
    print_plans(figures, plans(), ("accuracy", "cum. NFR", "final NFR"))
    print(f"\n{name}: what the posteriors foretell")
    stores = [plan for plan in plans() if plan.budget == 1 and plan.rule[-1].isdigit()]
    print_plans(figures, stores, ("cum. NFR", "expected", "true", "believed"))
    print_plans(figures, stores[::3], ("log-loss", "correlation"))


def print_plans(figures, chosen, columns):
    for plan in chosen:
        cells = (f"{each} {cell([f[each] for f in figures[plan]])}" for each in columns)
        asked = plan.strategy if plan.budget < 1 else ""
        print(f"{plan.budget:4.0%} {asked:16} {plan.rule:9} " + "  ".join(cells))


def mean_over_sets(by_set):
    """Figures of each plan and seed, averaged over the sets."""
    columns = ("accuracy", "cum. NFR", "final NFR")
    by_seed = list(zip(*by_set.values(), strict=True))
    return {
        plan: [
            {c: np.mean([by_plan[plan][c] for _, by_plan in sets]) for c in columns}
            for sets in by_seed
        ]
        for plan in plans()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--seeds", type=int, default=5, help="how many")
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args()
    tasks = [(name, seed) for name in args.sets for seed in range(args.seeds)]
    results = Parallel(n_jobs=args.jobs)(delayed(run_seed)(*task) for task in tasks)
    by_set = {name: [] for name in args.sets}
    for (name, _), result in zip(tasks, results, strict=True):
        by_set[name].append(result)
    for name, found in by_set.items():
        print_set(name, found)
    if len(by_set) > 1:
        print("\nmean over the sets")
        figures = mean_over_sets(by_set)
        print_plans(figures, plans(), ("accuracy", "cum. NFR", "final NFR"))


if __name__ == "__main__":
    main()
