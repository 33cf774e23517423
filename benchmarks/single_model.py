"""How much of a controlled mixture does one model keep? On real sets.

    python -m benchmarks.single_model [--sets satellite dna] [--learners net boosting]
        [--seeds 5] [--max-nfr 0.01]

The old model is trained on the first quarter of the training rows, a controlled mixture
on the rest, and then one model that imitates it, on the same rows. All figures are of
test rows, which nothing else uses, in %, means over seeds with 95 % t-intervals: error
and NFR of the new model alone, of the mixture and of the single model, the upper bound
(95 %) that is reported for the latter's NFR, and the share of rows with the same label
by the two.
"""

import argparse
import warnings

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.flips.sets import SETS, load_set, split_set
from benchmarks.flips.tables import mean_and_half_width
from sklearn_graceful import (
    FlipControlledClassifier,
    OldModelMismatchWarning,
    PCClassifier,
)
from sklearn_graceful.metrics import negative_flip_rate
from sklearn_graceful.nn import mlp_net


def net():
    return PCClassifier(make_pipeline(StandardScaler(), mlp_net()), method="none")


def linear():
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))


KINDS = ("error", "NFR")
# Old and new model.
LEARNERS = {"net": (net, net), "boosting": (linear, HistGradientBoostingClassifier)}


def one_seed(name, learner, seed, max_nfr):
    """Figures of one draw of rows."""
    split = split_set(name, seed, 3000)
    (X, y), (X_test, y_test) = split.train, split.test
    n_old = len(X) // 4
    old, new = (make() for make in LEARNERS[learner])
    if learner == "net":
        old.set_params(random_state=seed)
    old.fit(X[:n_old], y[:n_old])
    rows = X[n_old:], y[n_old:]
    mixture = FlipControlledClassifier(
        new, old_model=old, max_nfr=max_nfr, random_state=seed
    )
    mixture.fit(*rows)
    single = mixture.to_single_model(
        *rows, X_unused=X_test, y_unused=y_test, random_state=seed
    )
    y_new = mixture.estimator_.predict(X_test)
    found = single.imitation_
    return [
        np.mean(y_new != y_test),
        negative_flip_rate(y_test, y_new, y_old=old.predict(X_test)),
        1 - found.mixture_accuracy,
        found.mixture_nfr,
        1 - found.accuracy,
        found.nfr,
        found.nfr_bound,
        found.agreement,
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=["satellite", "dna"])
    parser.add_argument("--learners", nargs="+", choices=LEARNERS, default=[*LEARNERS])
    parser.add_argument("--seeds", type=int, default=5, help="how many")
    parser.add_argument("--max-nfr", type=float, default=0.01)
    arguments = parser.parse_args()
    columns = [f"{who} {what}" for who in ("new", "mix", "one") for what in KINDS]
    print(" " * 22 + "".join(f"{c:>15}" for c in [*columns, "bound", "agree"]))
    # An old model on few rows may be hardly better than guessing.
    warnings.simplefilter("ignore", OldModelMismatchWarning)
    for name in arguments.sets:
        load_set(name)
        for learner in arguments.learners:
            figures = [
                one_seed(name, learner, seed, arguments.max_nfr)
                for seed in range(arguments.seeds)
            ]
            cells = [mean_and_half_width(c) for c in 100 * np.transpose(figures)]
            shown = "".join(f"{mean:7.2f} +- {half:4.2f}" for mean, half in cells)
            print(f"{name:12s} {learner:8s} {shown}", flush=True)


if __name__ == "__main__":
    main()
