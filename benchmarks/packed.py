"""Ensembles in one net against the plain net: error, negative flips, time.

    python -m benchmarks.packed [--sets letter dna ...] [--seeds 5] [--lr 0.001]

The new model is a plain MLP (128-128) or `packed_mlp_net` with eight members of several
widths, trained without a method; the old one is of the same kind as the new one, on a
quarter of its rows, as in the update "more-data" of `benchmarks.flips`. Test error and
NFR are means over seeds in %, and the ratio of NFR to the plain MLP's is pooled over
seeds. "plain old" is that ratio where the old model is a plain MLP on all sides: the
first packed release.
Times are medians of CPU times on one thread, interleaved, as multiples of the plain
net's; prediction is of the test rows, repeated to 20,000.
"""

import argparse
import statistics
import time

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.flips.learners import train_plain
from benchmarks.flips.sets import split_set
from benchmarks.flips.updates import OLD_SHARE
from sklearn_graceful.metrics import flip_counts
from sklearn_graceful.nn import mlp_net, packed_mlp_net

N_MEMBERS, N_PREDICTED = 8, 20_000


def learners(**params):
    """Pipelines by name; `params` of the nets are the same on all sides."""
    nets = {
        "plain 128-128": mlp_net((128, 128), **params),
        **{
            f"8 x {width}-{width}": packed_mlp_net(N_MEMBERS, (width, width), **params)
            for width in (128, 64, 48, 32)
        },
    }
    return {name: make_pipeline(StandardScaler(), net) for name, net in nets.items()}


PLAIN = "plain 128-128"


def timed(work, repeats=1):
    best = []
    for _ in range(repeats):
        start = time.process_time()
        result = work()
        best.append(time.process_time() - start)
    return min(best), result


def run(set_name, seed, rows, learners):
    """Flip counts and seconds of every learner on one draw of rows."""
    split = split_set(set_name, seed, rows)
    (X, y), (X_test, y_test) = split.train, split.test
    many = np.tile(X_test, (N_PREDICTED // len(X_test) + 1, 1))[:N_PREDICTED]
    X_old, _, y_old, _ = train_test_split(
        X, y, train_size=OLD_SHARE, stratify=y, random_state=seed
    )
    results, plain_prediction = {}, None
    for name, learner in learners.items():
        old = train_plain(lambda learner=learner: learner, X_old, y_old, 10_000 + seed)
        prediction = old.predict(X_test)
        plain_prediction = prediction if name == PLAIN else plain_prediction
        fit, model = timed(
            lambda learner=learner: train_plain(lambda: learner, X, y, seed)
        )
        predict, _ = timed(lambda model=model: model.predict(many), repeats=5)
        y_new = model.predict(X_test)
        results[name] = {
            "own": flip_counts(y_test, y_new, y_old=prediction),
            "plain": flip_counts(y_test, y_new, y_old=plain_prediction),
            "fit": fit,
            "predict": predict,
        }
    return results


def print_set(set_name, runs):
    old = np.mean([100 * run[PLAIN]["own"].err_old for run in runs])
    print(f"\n{set_name}, plain old error {old:.2f}")
    columns = ("error", "NFR", "ratio", "plain old", "fit", "predict")
    print(f"{'':16}" + "".join(f"{column:>11}" for column in columns))

    def flips(name, against):
        return sum(run[name][against].negative_flips for run in runs)

    for name in runs[0]:
        own = [run[name]["own"] for run in runs]
        times = (
            statistics.median(run[name][phase] / run[PLAIN][phase] for run in runs)
            for phase in ("fit", "predict")
        )
        cells = [
            np.mean([100 * c.err_new for c in own]),
            np.mean([100 * c.negative_flip_rate for c in own]),
            flips(name, "own") / flips(PLAIN, "own"),
            flips(name, "plain") / flips(PLAIN, "plain"),
            *times,
        ]
        print(f"{name:16}" + "".join(f"{cell:11.2f}" for cell in cells), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sets", nargs="+", default=["letter", "satellite", "dna", "vowel"]
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--lr", type=float, default=1e-3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name in arguments.sets:
        seeds = range(arguments.seeds)
        sides = learners(lr=arguments.lr)
        print_set(name, [run(name, seed, arguments.rows, sides) for seed in seeds])


if __name__ == "__main__":
    main()
