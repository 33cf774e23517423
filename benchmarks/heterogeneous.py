"""Small query models on the gallery of a large one.

    python -m benchmarks.heterogeneous [--sets fashion characters] [--seeds 3]
        [--jobs 2] [--json FILE] [--summarise FILE]

A large net embeds the gallery, once. Recall@1, in %, of queries on it and, for small
nets, on a gallery of their own:

* "large": the large net's own queries, the paragon;
* "small alone": the first small net, trained without regard to the large one;
* "compatible": the same net, trained to fit the large one by `focal` as it comes;
* "by self", "by product": the pick of CompatibleSearchCV among 18 architectures within
  the budget, by the quality on their own gallery, and by the product of both;
* "elastic": one net, trained in four widths at once; beside each width a net of that
  width trained alone, and what the trainings cost in seconds.

Fashion-MNIST: 15,000 rows to train on, 7,000 in the gallery, 3,000 queries of the test
file; budgets are a 30th and an 80th of the large net's multiply-adds. Characters in
fonts (`datasets.render_characters`): trained on 400 characters in 30 fonts, searched
are 500 characters that no net was trained on, in all fonts, one image of each being the
query; the budget is a 10th. Recipe, lengths of training and the searched values of
`pull` were chosen on rows of Fashion-MNIST's training file; none of these is searched
or asked for here.
"""

import argparse
import time
from dataclasses import asdict, dataclass

import numpy as np
import torch
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.model_selection import StratifiedShuffleSplit
from skorch import NeuralNet
from skorch.callbacks import LRScheduler
from torch import nn

from benchmarks.flips.records import Records
from benchmarks.flips.tables import mean_cell
from benchmarks.gallery import ConvEmbedder, as_rows, draw
from sklearn_graceful import CompatibleEmbedder
from sklearn_graceful.compatibility import Focal
from sklearn_graceful.metrics import recall_at_k
from sklearn_graceful.model_selection import CompatibleSearchCV
from sklearn_graceful.nn import elastic_net, model_cost

DIM = 64
SHARES = {"fashion": (30, 80), "characters": (10,)}
EPOCHS = {"large": 12, "small": 60}
WIDTHS = (0.25, 0.5, 0.75, 1.0)


class QueryNet(nn.Sequential):
    """Three convolutions in steps of 2, and a linear layer.

    Parameters
    ----------
    embedding_dim, side : int
        Width of the output, height and width of an image.
    channels : int
        Of the first convolution.
    kernel : int, default=5
        Its height and width; the others have 3.
    middle, last : int, default=2 and 6
        Channels of the second and third, in those of the first.
    depth : int, default=1
        Residual layers behind.
    """

    def __init__(
        self, embedding_dim, side, channels, kernel=5, middle=2, last=6, depth=1
    ):
        middle, last = middle * channels, last * channels
        super().__init__(
            *_halving(1, channels, kernel),
            *_halving(channels, middle, 3),
            *_halving(middle, last, 3),
            *(Residual(last) for _ in range(depth)),
            nn.Flatten(),
            nn.Linear(last * (-(-side // 8)) ** 2, embedding_dim),
        )


class Residual(nn.Module):
    """A separable convolution beside its input."""

    def __init__(self, channels):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, X):
        """Return the sum's positive part."""
        return torch.relu(X + self.layers(X))


def _halving(n_in, n_out, kernel):
    yield nn.Conv2d(n_in, n_out, kernel, 2, kernel // 2, bias=False)
    yield nn.BatchNorm2d(n_out)
    yield nn.ReLU()


def net_of(module, side, epochs, lr=0.01, **params):
    """A skorch net whose learning rate falls to 0 along a cosine."""
    fall = LRScheduler("CosineAnnealingLR", T_max=epochs)
    return NeuralNet(
        module,
        module__side=side,
        **{f"module__{name}": value for name, value in params.items()},
        criterion=nn.Identity,
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=0.3,
        lr=lr,
        max_epochs=epochs,
        batch_size=128,
        iterator_train__shuffle=True,
        callbacks=[("fall", fall)],
        train_split=None,
        verbose=0,
    )


@dataclass(frozen=True)
class Trial:
    set: str
    seed: int
    update: str = "small queries"
    learner: str = "net"
    rows: int = 0


@dataclass
class Data:
    """Rows to train on, in the gallery, and to ask with."""

    X: np.ndarray
    y: np.ndarray
    X_gallery: np.ndarray
    y_gallery: np.ndarray
    X_query: np.ndarray
    y_query: np.ndarray

    @property
    def side(self):
        """Height and width of an image."""
        return self.X.shape[-1]

    def recall(self, queries, gallery):
        """Recall@1, in %, of two embedders."""
        return 100 * float(
            recall_at_k(
                queries.transform(self.X_query),
                gallery.transform(self.X_gallery),
                query_labels=self.y_query,
                gallery_labels=self.y_gallery,
            )
        )


def load(name, seed):
    rng = np.random.default_rng(seed)
    if name == "fashion":
        from sklearn_graceful.datasets import load_fashion_mnist

        (X, y), (X_test, y_test) = map(load_fashion_mnist, ("train", "test"))
        train, test = rng.permutation(60_000)[:15_000], rng.permutation(10_000)
        parts = (
            (X[train], y[train]),
            *((X_test[rows], y_test[rows]) for rows in (test[:7000], test[7000:])),
        )
        return Data(
            *(array for X, y in parts for array in (as_rows(X.reshape(-1, 28, 28)), y))
        )
    from sklearn_graceful.datasets import render_characters

    data = render_characters()
    _, train, gallery, query = draw(data, seed, 500)
    X, y = as_rows(data.images), data.characters
    return Data(*(array[rows] for rows in (train, gallery, query) for array in (X, y)))


# What is compared


def large_embedder(data, seed):
    net = net_of(ConvEmbedder, data.side, EPOCHS["large"], 3e-3, channels=32)
    return CompatibleEmbedder(net, embedding_dim=DIM, random_state=seed)


def small_embedder(data, seed, old=None, **params):
    net = net_of(QueryNet, data.side, EPOCHS["small"], **params)
    return CompatibleEmbedder(
        net, old_model=old, method=Focal(), embedding_dim=DIM, random_state=seed
    )


def first_within(data, budget):
    """The widest net of the default kind within a budget."""
    for channels in range(64, 0, -1):
        embedder = small_embedder(data, 0, channels=channels)
        if model_cost(embedder, data.X, latency=False).macs <= budget:
            return channels
    raise ValueError(f"No net within {budget} multiply-adds.")


def search_for(objective, data, seed, old, budget):
    widest = first_within(data, budget)
    channels = range(max(1, widest - 2), widest + 3)
    return CompatibleSearchCV(
        small_embedder(data, seed, old, channels=widest),
        {
            "estimator__module__channels": channels,
            "estimator__module__kernel": [3, 5],
            "estimator__module__middle": [2, 3, 4],
            "estimator__module__last": [6, 8, 10],
            "estimator__module__depth": [0, 1],
            "method__pull": [3.0, 5.0, 10.0],
        },
        old_model=old,
        objective=objective,
        max_macs=budget,
        n_candidates=18,
        cv=StratifiedShuffleSplit(1, test_size=0.2, random_state=seed),
        random_state=seed,
        error_score="raise",
    )


def compared(data, seed):
    """Yield records: one of every way, by `method`."""
    old, seconds = fitted(large_embedder(data, seed), data)
    macs = model_cost(old, data.X, latency=False).macs
    best = data.recall(old, old)
    yield {"method": "large", "macs": macs, "cross": best, "seconds": seconds}
    for share in SHARES["fashion" if data.side == 28 else "characters"]:
        widest = first_within(data, macs / share)
        ways = {
            "small alone": small_embedder(data, seed, channels=widest),
            "compatible": small_embedder(data, seed, old, channels=widest),
            "by self": search_for("self", data, seed, old, macs / share),
            "by product": search_for("product", data, seed, old, macs / share),
        }
        for name, embedder in ways.items():
            yield record(f"{name}, 1/{share}", embedder, data, old)
    yield from elastic(data, seed, old)


def elastic(data, seed, old):
    """One net of 8 channels in four widths, and each width alone."""
    alone = small_embedder(data, seed, old, channels=8).set_params(method__pull=5.0)
    # Every batch trains one of the widths: twice the epochs.
    longer = net_of(QueryNet, data.side, 2 * EPOCHS["small"], channels=8)
    embedder = clone(alone).set_params(
        estimator=elastic_net(longer, "channels", WIDTHS)
    )
    _, seconds = fitted(embedder, data)
    for width in WIDTHS:
        narrow = embedder.at_width(width)
        yield figures(f"elastic {width}", narrow, data, old) | {"seconds": seconds}
        channels = narrow.estimator.module__channels
        own = clone(alone).set_params(estimator__module__channels=channels)
        yield record(f"alone {width}", own, data, old)


def record(name, embedder, data, old):
    embedder, seconds = fitted(embedder, data)
    return figures(name, embedder, data, old) | {"seconds": seconds}


def figures(name, embedder, data, old):
    found = {
        "method": name,
        "macs": model_cost(embedder, data.X, latency=False).macs,
        "cross": data.recall(embedder, old),
        "self": data.recall(embedder, embedder),
    }
    if hasattr(embedder, "best_params_"):
        found["params"] = {k: str(v) for k, v in embedder.best_params_.items()}
    return found


def fitted(embedder, data):
    start = time.perf_counter()
    embedder.fit(data.X, data.y)
    return embedder, time.perf_counter() - start


# Running and printing


def run_trial(trial):
    torch.set_num_threads(1)
    data = load(trial.set, trial.seed)
    return [asdict(trial) | record for record in compared(data, trial.seed)]


def run(args):
    records = Records(args.json)
    trials = [Trial(name, seed) for seed in range(args.seeds) for name in args.sets]
    missing = [trial for trial in trials if not records.of_trial(trial)]
    jobs = Parallel(n_jobs=args.jobs, return_as="generator_unordered")
    for new in jobs(delayed(run_trial)(trial) for trial in missing):
        records.append(new)
    return [record for trial in trials for record in records.of_trial(trial)]


def print_tables(records):
    for name in dict.fromkeys(record["set"] for record in records):
        own = [record for record in records if record["set"] == name]
        by_way = {}
        for one in own:
            by_way.setdefault(one["method"], []).append(one)
        large = {one["seed"]: one for one in by_way["large"]}
        print(f"\n{name}, {len(large)} seeds, recall@1 in %")
        columns = ("macs", "on the large", "to the paragon", "on its own", "seconds")
        print(f"{'':22}" + "".join(f"{column:>18}" for column in columns))
        for way, runs in by_way.items():
            times = np.mean([large[r["seed"]]["macs"] / r["macs"] for r in runs])
            cells = [
                f"1/{times:.1f}",
                mean_cell([r["cross"] for r in runs]),
                mean_cell([r["cross"] - large[r["seed"]]["cross"] for r in runs]),
                mean_cell([r["self"] for r in runs]) if "self" in runs[0] else "",
                f"{np.mean([r['seconds'] for r in runs]):.0f}",
            ]
            print(f"{way:22}" + "".join(f"{cell:>18}" for cell in cells))
        for share in SHARES[name]:
            gain = [
                a["cross"] - b["cross"]
                for a, b in zip(
                    by_way[f"by product, 1/{share}"],
                    by_way[f"by self, 1/{share}"],
                    strict=True,
                )
            ]
            print(f"by product - by self, 1/{share}: {mean_cell(gain)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", choices=SHARES, default=[*SHARES])
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", metavar="FILE", help="JSON lines to append to")
    parser.add_argument("--summarise", metavar="FILE", help="run nothing, read this")
    args = parser.parse_args()
    print_tables(Records(args.summarise).all() if args.summarise else run(args))


if __name__ == "__main__":
    main()
