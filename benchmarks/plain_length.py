"""How long plain nets are trained: found in the fit, against fixed numbers of epochs.

    python -m benchmarks.plain_length [--sets letter dna ...] [--seeds 5] [--part test]

For each set: the default MLP by its error, and the default embedder (32 dimensions) by
the share of rows whose nearest other row is of another class; both in %, means over
seeds with 95 % intervals (t), and CPU seconds of a fit on one thread. "to best" is the
mean difference to the fixed length that has the least mean error, itself chosen on the
same rows, with its interval over seeds, and the ratio of mean CPU times to it.
"""

import argparse
import time

import numpy as np
import torch
from scipy.stats import t as student
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.flips.learners import train_plain
from benchmarks.flips.sets import split_set
from sklearn_graceful import CompatibleEmbedder
from sklearn_graceful.nn import embedding_net, mlp_net
from sklearn_graceful.search import unit_rows

LENGTHS = ("auto", 20, 40, 100, 200, 400)


def classify(length, train, test, seed):
    """Error, and seconds of the fit."""
    net = make_pipeline(StandardScaler(), mlp_net(max_epochs=length))
    start = time.process_time()
    model = train_plain(lambda: net, *train, seed)
    seconds = time.process_time() - start
    return 100 * np.mean(model.predict(test[0]) != test[1]), seconds


def embed(length, train, test, seed):
    """Share of rows with a nearest other row of another class, and seconds."""
    net = make_pipeline(StandardScaler(), embedding_net(max_epochs=length))
    start = time.process_time()
    model = CompatibleEmbedder(net, embedding_dim=32, random_state=seed).fit(*train)
    seconds = time.process_time() - start
    vectors = unit_rows(model.transform(test[0]))
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    return 100 * np.mean(test[1][similarity.argmax(axis=1)] != test[1]), seconds


def interval(values):
    """Half the width of a 95 % interval of the mean."""
    n = len(values)
    return student.ppf(0.975, n - 1) * np.std(values, ddof=1) / n**0.5


def print_table(name, results):
    """Print errors and seconds, of shape (n_seeds, n_lengths, 2)."""
    errors, seconds = np.moveaxis(np.array(results), 2, 0)
    # The first is no fixed length.
    best = 1 + errors[:, 1:].mean(axis=0).argmin()
    print(
        f"\n{name}\n{'epochs':>8}{'error':>16}{'to best':>16}{'CPU s':>9}{'ratio':>8}"
    )
    for k, length in enumerate(LENGTHS):
        difference = errors[:, k] - errors[:, best]
        ratio = seconds[:, k].mean() / seconds[:, best].mean()
        print(
            f"{length:>8}{errors[:, k].mean():9.2f} ±{interval(errors[:, k]):5.2f}"
            f"{difference.mean():+9.2f} ±{interval(difference):5.2f}"
            f"{seconds[:, k].mean():9.2f}{ratio:8.2f}",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sets",
        nargs="+",
        default=["vowel", "vehicle", "dna", "satellite", "letter"],
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--part", choices=("validation", "test"), default="test")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    split = split_set(arguments.sets[0], 0, arguments.rows)
    for fit in (classify, embed):  # the first fit of all imports, and takes longer
        fit(2, split.train, split.test, 0)
    for name in arguments.sets:
        for kind, fit in {"mlp": classify, "embedding": embed}.items():
            results = []
            for seed in range(arguments.seeds):
                split = split_set(name, seed, arguments.rows)
                part = getattr(split, arguments.part)
                results.append([fit(k, split.train, part, seed) for k in LENGTHS])
            print_table(f"{name}, {kind}", results)


if __name__ == "__main__":
    main()
