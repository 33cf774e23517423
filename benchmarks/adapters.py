"""How much of a full re-index does an adapter give, and from how many pairs?

    python -m benchmarks.adapters [--sets digits letter] [--seeds 5]
        [--pairs 10 50 200 1000]

The old embedder is the last hidden layer of a network trained on a tenth of the
training rows, the new one that of another network trained on all of them: "wider" from
scratch, "fine-tuned" the old network trained on. Pairs, gallery and queries are rows of
their own, which neither network has seen. All figures are recall at 1 of classes (is
the nearest gallery vector of the query's class?) in %, means over seeds with 95 %
t-intervals:

* old self, new self: no adapter; queries and gallery of one model. "new self" is the
  full re-index.
* backward: new queries, adapted, in the old gallery.
* forward: new queries in the old gallery, adapted.
* fused: slerp of the old and the adapted new query, in the old gallery, with the share
  that `choose_share` finds on 150 labelled rows, which are no pairs of the fit.
"""

import argparse
import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler, normalize

from benchmarks.flips.tables import mean_and_half_width
from sklearn_graceful import EmbeddingAdapter
from sklearn_graceful.datasets import load_mlbench

SETS = {
    "digits": lambda: load_digits(return_X_y=True),
    "letter": lambda: load_mlbench("letter"),
}
N_LABELLED = 150
ADAPTERS = {
    "procrustes": EmbeddingAdapter(),
    "ridge, alpha 1": EmbeddingAdapter("ridge"),
    "ridge, alpha auto": EmbeddingAdapter("ridge", alpha="auto"),
    "mlp, alpha auto": EmbeddingAdapter("mlp", alpha="auto", compare=False),
}


def hidden(network, X):
    """Unit vectors of the last hidden layer."""
    layers = zip(network.coefs_[:-1], network.intercepts_[:-1], strict=True)
    for weight, bias in layers:
        X = np.maximum(X @ weight + bias, 0)
    return normalize(X)


def make_embedders(X, y, seed):
    """The old network, and the new one of each kind."""
    few = slice(0, len(X) // 10)
    old, wider = (
        MLPClassifier(sizes, max_iter=40, random_state=seed + i)
        for i, sizes in enumerate([(64, 48), (128, 64)])
    )
    old.fit(X[few], y[few])
    tuned = MLPClassifier((64, 48), max_iter=40, random_state=seed, warm_start=True)
    tuned.fit(X[few], y[few]).fit(X, y)
    return old, {"wider": wider.fit(X, y), "fine-tuned": tuned}


def recall(queries, y_queries, gallery, y_gallery):
    nearest = (queries @ gallery.T).argmax(axis=1)
    return (y_gallery[nearest] == y_queries).mean()


def cut_or_pad(X, width):
    return normalize(np.eye(len(X.T), width).T @ X.T, axis=0).T


def one_seed(X, y, seed, n_pairs):
    """Figures by kind of new embedder, number of pairs and adapter."""
    order = np.random.default_rng(seed).permutation(len(X))
    cuts = (np.array([0.5, 0.7, 0.85]) * len(X)).astype(int)
    train, pool, gallery, queries = np.split(order, cuts)
    scaler = StandardScaler().fit(X[train])
    X = scaler.transform(X)
    old, news = make_embedders(X[train], y[train], seed)
    old = hidden(old, X)
    y_both = y[queries], y[gallery]

    def self_test(vectors):
        return recall(vectors[queries], y_both[0], vectors[gallery], y_both[1])

    figures = {}
    for name, new in news.items():
        new = hidden(new, X)
        figures[name, "", "self-test: old, new"] = self_test(old), self_test(new)
        backward = cut_or_pad(new[queries], old.shape[1])
        forward = cut_or_pad(old[gallery], new.shape[1])
        figures[name, "", "no adapter"] = (
            recall(backward, y_both[0], old[gallery], y_both[1]),
            recall(new[queries], y_both[0], forward, y_both[1]),
        )
        for n in [n for n in n_pairs if n <= len(pool) - N_LABELLED]:
            pairs, others = pool[:n], pool[-N_LABELLED:]
            for kind, adapter in ADAPTERS.items():
                adapter.set_params(random_state=seed).fit(new[pairs], old[pairs])
                choice = adapter.choose_share(new[others], old[others], y[others])
                fused = adapter.fuse(new[queries], old[queries], share=choice.share)
                backward = adapter.transform(new[queries])
                forward = adapter.inverse_transform(old[gallery])
                figures[name, n, kind] = (
                    recall(backward, y_both[0], old[gallery], y_both[1]),
                    recall(new[queries], y_both[0], forward, y_both[1]),
                    recall(fused, y_both[0], old[gallery], y_both[1]),
                )
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=[*SETS])
    parser.add_argument("--seeds", type=int, default=5, help="how many")
    parser.add_argument("--pairs", nargs="+", type=int, default=[10, 50, 200, 1000])
    arguments = parser.parse_args()
    # A fixed number of epochs is meant.
    warnings.simplefilter("ignore", ConvergenceWarning)
    for name in arguments.sets:
        X, y = SETS[name]()
        runs = [one_seed(X, y, s, arguments.pairs) for s in range(arguments.seeds)]
        print(f"\n{name}")
        columns = f"{'backward':>15}{'forward':>15}{'fused':>15}"
        print(f"{'new':12}{'pairs':>6}  {'adapter':20}{columns}")
        for new, n, kind in runs[0]:
            cells = 100 * np.transpose([run[new, n, kind] for run in runs])
            shown = [mean_and_half_width(cell) for cell in cells]
            shown = "".join(f"{mean:7.1f} +- {half:4.1f}" for mean, half in shown)
            print(f"{new:12}{n:>6}  {kind:20}{shown}", flush=True)


if __name__ == "__main__":
    main()
