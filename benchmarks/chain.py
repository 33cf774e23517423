"""Six releases in a row: what does congruence to the last one only, or to all, keep?

    python -m benchmarks.chain [--sets letter digits] [--seeds 5] [--rows 3000]
        [--jobs 2]

Release k is trained on the first k sixths of the training rows, with a seed of its own;
all chains begin with the same first release. In the chain "plain" no release knows an
old model. In "last" each is congruent to the release before it, in "history" to all
earlier ones (`ModelHistory`), by the method that is named. Learners are the default
network, `PCClassifier(None)`, with fixed strengths: nothing is chosen on any row.
``match`` asks about unlabelled rows, where a history is its newest version, so it has
one line.

Figures are of test rows, in %, with 95 % t-intervals over seeds, which share rows: the
intervals are approximate. A first table has one line for each release: accuracy, NFR
to the release before, and cumulative NFR, the share of rows that any earlier release
has right and this one has wrong. The second is about the last release: the same, and
paired differences from the plain chain's; seconds are those of all releases but the
first, in ratio to the plain chain's on the same processor.
"""

import argparse
import time
from dataclasses import dataclass

import numpy as np
import torch
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from benchmarks.flips.sets import split_set
from benchmarks.flips.tables import mean_cell
from sklearn_graceful import ModelHistory, PCClassifier
from sklearn_graceful.congruence import FocalLM
from sklearn_graceful.metrics import history_labels, negative_flip_rate

SETS = ("letter", "satellite", "digits")
N_RELEASES = 6
SEEDS_PER_CHAIN = 1000

# name: method, and the old model made of all earlier releases.
CHAINS = {
    "plain": ("none", lambda earlier: None),
    "focal_lm, last": (FocalLM(strength=0.01), lambda earlier: earlier[-1]),
    "focal_lm, history": (FocalLM(strength=0.01), ModelHistory),
    "match": ("match", lambda earlier: earlier[-1]),
}


@dataclass(frozen=True)
class Chain:
    """Figures of one chain of releases on test rows.

    Attributes
    ----------
    accuracy : ndarray of shape (n_releases,)
    nfr, cumulative_nfr : ndarray of shape (n_releases - 1,)
        Of the second release and those after it.
    seconds : float
        Process time of their fits.
    """

    accuracy: np.ndarray
    nfr: np.ndarray
    cumulative_nfr: np.ndarray
    seconds: float


def run_chains(name, seed, rows):
    """All chains of one seed, by name."""
    torch.set_num_threads(1)
    with threadpool_limits(1):
        split = split_set(name, seed, rows)
        order = np.random.default_rng(seed).permutation(len(split.train[1]))
        X, y = (array[order] for array in split.train)
        first = fit_release(0, X, y, seed, "none", None)
        return {
            chain: run_chain(first, X, y, seed, *how, test=split.test)
            for chain, how in CHAINS.items()
        }


def run_chain(first, X, y, seed, method, old_model_of, *, test):
    """Train every release after the first, and compare them all on test rows."""
    releases, start = [first], time.process_time()
    for k in range(1, N_RELEASES):
        old = old_model_of(releases)
        releases.append(fit_release(k, X, y, seed, method, old))
    seconds = time.process_time() - start
    X_test, y_test = test
    return figures(y_test, [model.predict(X_test) for model in releases], seconds)


def fit_release(k, X, y, seed, method, old):
    """Train the release of number `k`, from 0."""
    n_rows = len(y) * (k + 1) // N_RELEASES
    model = PCClassifier(method=method, random_state=SEEDS_PER_CHAIN * seed + k)
    return model.fit(X[:n_rows], y[:n_rows], old_model=old)


def figures(y, predictions, seconds):
    """Figures of the releases' predictions."""
    later = range(1, len(predictions))
    return Chain(
        np.array([np.mean(labels == y) for labels in predictions]),
        np.array(
            [
                negative_flip_rate(y, predictions[k], y_old=predictions[k - 1])
                for k in later
            ]
        ),
        np.array(
            [
                negative_flip_rate(
                    y, predictions[k], y_old=history_labels(y, predictions[:k])
                )
                for k in later
            ]
        ),
        seconds,
    )


def print_releases(name, by_chain):
    """A line for each release."""
    n_seeds = len(next(iter(by_chain.values())))
    print(f"\n{name}, {n_seeds} seeds, in %")
    print(f"{'':18}{'accuracy':>15}{'NFR':>15}{'cumulative':>15}")
    for chain, runs in by_chain.items():
        for k in range(N_RELEASES):
            columns = [[100 * run.accuracy[k] for run in runs]]
            if k:
                columns.append([100 * run.nfr[k - 1] for run in runs])
                columns.append([100 * run.cumulative_nfr[k - 1] for run in runs])
            cells = "".join(f"{mean_cell(values):>15}" for values in columns)
            print(f"{chain:15}{k + 1:>3}{cells}")


def print_last_release(name, by_chain):
    """A line for each chain: its last release, and what it wins over the plain one."""
    plain = by_chain["plain"]
    print(f"\n{name}: release {N_RELEASES}, and differences from plain")
    titles = ("accuracy", "NFR", "cumulative", "+-accuracy", "+-NFR", "+-cumulative")
    print(f"{'':15}" + "".join(f"{title:>15}" for title in (*titles, "time")))
    for chain, runs in by_chain.items():
        last = np.array([_last(run) for run in runs])
        columns = [*last.T, *(last - [_last(run) for run in plain]).T]
        columns.append(
            [a.seconds / b.seconds for a, b in zip(runs, plain, strict=True)]
        )
        print(f"{chain:15}" + "".join(f"{mean_cell(values):>15}" for values in columns))


def _last(run):
    return [100 * run.accuracy[-1], 100 * run.nfr[-1], 100 * run.cumulative_nfr[-1]]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=3000, help="training rows at most")
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args(arguments)
    for name in args.sets:
        runs = Parallel(args.jobs)(
            delayed(run_chains)(name, seed, args.rows) for seed in range(args.seeds)
        )
        by_chain = {chain: [run[chain] for run in runs] for chain in CHAINS}
        print_releases(name, by_chain)
        print_last_release(name, by_chain)


if __name__ == "__main__":
    main()
