"""Small query models on the gallery of a large one.

    python -m benchmarks.heterogeneous [--sets fashion characters] [--seeds 3]
        [--jobs 2] [--json FILE] [--summarise FILE]

A large net embeds the gallery, once. Recall@1, in %, of queries on it and, for small
nets, on a gallery of their own:

* "large": the large net's own queries, the paragon;
* "small alone": the first small net, trained without regard to the large one;
* "compatible": the same net, trained to fit the large one by `focal` as it comes;

and on Fashion-MNIST

* "matched": with `matching=10` on three synthetic rows of each row, of which the large
  net is asked; the smaller net for three times the epochs, as it gains from them so;
* "by self", "by product": the pick of CompatibleSearchCV among 9 architectures within
  the smallest budget, by the quality on their own gallery, and by the product of both;
  trained again as all others are;
* "elastic": one net, trained in four widths at once; beside each width a net of that
  width trained alone, and what the trainings cost in seconds of the processor.

Fashion-MNIST: 15,000 rows to train on, each once as it is and once moved by a pixel or
mirrored; each of the 10,000 rows of the test file is looked up among all others;
budgets are a 30th and an 80th of the large net's multiply-adds. Characters in fonts
(`datasets.render_characters`): trained on 400 characters in 30 fonts, searched are 500
characters that no net was trained on, in all fonts, one image of each being the query;
the budget is a 10th. The kind of small net, recipe, lengths of training and the
searched values of `pull` were chosen on rows of Fashion-MNIST's training file; none of
these is searched or asked for here. A run that was stopped goes on from what is in its
FILE.
"""

import time
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
import torch
from joblib import Parallel, delayed
from sklearn.model_selection import StratifiedShuffleSplit
from skorch import NeuralNet
from skorch.callbacks import LRScheduler
from torch import nn

from benchmarks.flips.records import Records, arguments_of
from benchmarks.flips.tables import mean_cell
from benchmarks.gallery import ConvEmbedder, as_rows, draw
from sklearn_graceful import CompatibleEmbedder
from sklearn_graceful.compatibility import Focal
from sklearn_graceful.metrics import recall_at_k
from sklearn_graceful.model_selection import CompatibleSearchCV
from sklearn_graceful.nn import elastic_net, model_cost

DIM = 64
SHARES = {"fashion": (30, 80), "characters": (10,)}
EPOCHS = {
    "fashion": {"large": 12, "small": 30, "long": 90},
    "characters": {"large": 12, "small": 60},
}
MATCHED = Focal(matching=10.0, n_synthetic=3)
MATCHED_LENGTHS = {30: "small", 80: "long"}
WIDTHS = (0.25, 0.5, 0.75, 1.0)
WIDEST = 8  # channels of the elastic net


class QueryNet(nn.Sequential):
    """Three convolutions in steps of 2, sums over what is left, and a linear layer.

    Where multiply-adds are few, a linear layer on every place of every channel takes
    too large a part of them: it gets some weighted sums of each channel's places.

    Parameters
    ----------
    embedding_dim, side : int
        Width of the output, height and width of an image.
    channels : int
        Of the first convolution.
    kernel : int, default=5
        Its height and width; the others have 3.
    middle, last : int, default=2 and 4
        Channels of the second and third, in those of the first.
    depth : int, default=1
        Residual layers behind.
    sums : int, default=4
        Of each channel, with weights that are learned.
    """

    def __init__(
        self, embedding_dim, side, channels, kernel=5, middle=2, last=4, depth=1, sums=4
    ):
        middle, last = middle * channels, last * channels
        super().__init__(
            *_halving(1, channels, kernel),
            *_halving(channels, middle, 3),
            *_halving(middle, last, 3),
            *(Residual(last) for _ in range(depth)),
            nn.Conv2d(last, sums * last, -(-side // 8), groups=last, bias=False),
            nn.BatchNorm2d(sums * last),
            nn.Flatten(),
            nn.Linear(sums * last, embedding_dim),
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
    """Rows to train on, in the gallery, and to ask with; rows to search nets with."""

    name: str
    X: np.ndarray
    y: np.ndarray
    X_gallery: np.ndarray
    y_gallery: np.ndarray
    X_query: np.ndarray
    y_query: np.ndarray
    n_plain: int

    @property
    def side(self):
        """Height and width of an image."""
        return self.X.shape[-1]

    @property
    def plain(self):
        """Rows to train on as they are."""
        return self.X[: self.n_plain], self.y[: self.n_plain]

    def recall(self, queries, gallery):
        """Recall@1, in %, of two embedders; no row finds itself."""
        ids = {}
        if self.X_query is self.X_gallery:
            ids = dict.fromkeys(
                ("query_ids", "gallery_ids"), np.arange(len(self.y_query))
            )
        return 100 * float(
            recall_at_k(
                queries.transform(self.X_query),
                gallery.transform(self.X_gallery),
                query_labels=self.y_query,
                gallery_labels=self.y_gallery,
                **ids,
            )
        )


def load(name, seed):
    rng = np.random.default_rng(seed)
    if name == "fashion":
        (X, y), test = fashion(rng)
        X_both, y_both = np.concatenate([X, moved(X, rng)]), np.tile(y, 2)
        return Data(name, X_both, y_both, *test, *test, len(y))
    from sklearn_graceful.datasets import render_characters

    data = render_characters()
    _, train, gallery, query = draw(data, seed, 500)
    X, y = as_rows(data.images), data.characters
    parts = [array[rows] for rows in (train, gallery, query) for array in (X, y)]
    return Data(name, *parts, len(train))


def fashion(rng):
    from sklearn_graceful.datasets import load_fashion_mnist

    (X, y), test = map(load_fashion_mnist, ("train", "test"))
    rows = rng.permutation(60_000)[:15_000]
    return [(as_rows(X.reshape(-1, 28, 28)), y) for X, y in ((X[rows], y[rows]), test)]


def moved(X, rng):
    """Images moved by a pixel or none each way, every second one mirrored."""
    moved = [
        np.roll(image, shift, (-2, -1))
        for image, shift in zip(X, rng.integers(-1, 2, (len(X), 2)), strict=True)
    ]
    moved[::2] = [image[..., ::-1] for image in moved[::2]]
    return np.stack(moved)


# What is compared


def large_embedder(data, seed):
    epochs = EPOCHS[data.name]["large"]
    net = net_of(ConvEmbedder, data.side, epochs, 3e-3, channels=32)
    return CompatibleEmbedder(net, embedding_dim=DIM, random_state=seed)


def small_embedder(data, seed, old=None, length="small", method=None, **params):
    net = net_of(QueryNet, data.side, EPOCHS[data.name][length], **params)
    method = Focal() if method is None else method
    return CompatibleEmbedder(
        net, old_model=old, method=method, embedding_dim=DIM, random_state=seed
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
    channels = range(max(1, widest - 1), widest + 2)
    return CompatibleSearchCV(
        small_embedder(data, seed, old, channels=widest),
        {
            "estimator__module__channels": channels,
            "estimator__module__kernel": [3, 5],
            "estimator__module__middle": [2, 3],
            "estimator__module__last": [4, 5, 6],
            "estimator__module__depth": [0, 1],
            "estimator__module__sums": [4, 8],
            "method__pull": [3.0, 5.0, 10.0],
        },
        old_model=old,
        objective=objective,
        max_macs=budget,
        n_candidates=9,
        cv=StratifiedShuffleSplit(1, test_size=0.2, random_state=seed),
        random_state=seed,
        error_score="raise",
    )


def searched(*args):
    """The pick, unfitted, and what it is."""
    data, seed, old = args[1:4]
    search = search_for(*args).set_params(refit=False)
    start = time.process_time()
    search.fit(*data.plain)
    pick = small_embedder(data, seed, old).set_params(**search.best_params_)
    return pick, search.best_params_, time.process_time() - start


def ways_of(data, seed, old):
    """Functions that return records, by method."""

    def one(make):
        return lambda name: [record(name, make(), data, old)]

    budget, ways = model_cost(old, data.X, latency=False).macs, {}
    is_fashion = data.name == "fashion"
    for share in SHARES[data.name]:
        widest = first_within(data, budget / share)
        small = partial(small_embedder, data, seed, channels=widest)
        ways[f"small alone, 1/{share}"] = one(small)
        ways[f"compatible, 1/{share}"] = one(partial(small, old))
        if is_fashion:
            matched = partial(small, old, MATCHED_LENGTHS[share], MATCHED)
            ways[f"matched, 1/{share}"] = one(matched)
    if is_fashion:
        smallest = max(SHARES[data.name])
        for objective in ("self", "product"):
            ways[f"by {objective}, 1/{smallest}"] = partial(
                of_search, objective, data, seed, old, budget / smallest
            )
        ways |= widths_of(data, seed, old)
    return ways


def widths_of(data, seed, old):
    """The same for widths at once and each alone."""
    ways = {"elastic": partial(elastic, data, seed, old)}
    for width in WIDTHS:
        own = elastic_width(data, seed, old).set_params(
            estimator__module__channels=round(width * WIDEST)
        )
        ways[f"alone {width}"] = lambda name, own=own: [record(name, own, data, old)]
    return ways


def of_search(*args):
    *args, name = args
    pick, params, seconds = searched(*args)
    found = record(name, pick, args[1], args[3])
    found["params"] = {k: str(v) for k, v in params.items()}
    found["seconds"] += seconds
    return [found]


def elastic_width(data, seed, old):
    embedder = small_embedder(data, seed, old, channels=WIDEST)
    return embedder.set_params(method__pull=5.0)


def elastic(data, seed, old, name):
    """One net in four widths; it counts as one record each."""
    # Every batch trains one of the widths: more epochs. The outer channels are in few
    # batches, but decay in all.
    epochs = round(2.3 * EPOCHS[data.name]["small"])
    longer = net_of(QueryNet, data.side, epochs, channels=WIDEST)
    longer.set_params(optimizer__weight_decay=0.1)
    embedder = elastic_width(data, seed, old).set_params(
        estimator=elastic_net(longer, "channels", WIDTHS)
    )
    _, seconds = fitted(embedder, data)
    return [
        figures(f"{name} {width}", embedder.at_width(width), data, old)
        | {"seconds": seconds}
        for width in WIDTHS
    ]


def record(name, embedder, data, old):
    embedder, seconds = fitted(embedder, data)
    return figures(name, embedder, data, old) | {"seconds": seconds}


def figures(name, embedder, data, old):
    return {
        "method": name,
        "macs": model_cost(embedder, data.X, latency=False).macs,
        "cross": data.recall(embedder, old),
        "self": data.recall(embedder, embedder),
    }


def fitted(embedder, data):
    start = time.process_time()
    embedder.fit(data.X, data.y)
    return embedder, time.process_time() - start


# Running and printing


def run_trial(trial, file):
    """Run what `file` does not have yet, and keep each result there at once."""
    torch.set_num_threads(1)
    records = Records(file)
    done = {record["method"].rpartition(" ")[0] for record in records.of_trial(trial)}
    done |= {record["method"] for record in records.of_trial(trial)}

    def keep(new):
        records.append([asdict(trial) | record for record in new])

    data = load(trial.set, trial.seed)
    old, seconds = fitted(large_embedder(data, trial.seed), data)
    if "large" not in done:
        macs = model_cost(old, data.X, latency=False).macs
        large = {"method": "large", "macs": macs, "cross": data.recall(old, old)}
        keep([large | {"seconds": seconds}])
    for name, way in ways_of(data, trial.seed, old).items():
        if name not in done:
            keep(way(name))
    return records.of_trial(trial)


def run(args):
    trials = [Trial(name, seed) for seed in range(args.seeds) for name in args.sets]
    jobs = Parallel(n_jobs=args.jobs)(delayed(run_trial)(t, args.json) for t in trials)
    return [record for trial in jobs for record in trial]


def seconds_cell(runs):
    """Mean of those that were timed on the processor."""
    timed = [run["seconds"] for run in runs if run["seconds"] is not None]
    return f"{np.mean(timed):.0f}" if timed else ""


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
                seconds_cell(runs),
            ]
            print(f"{way:22}" + "".join(f"{cell:>18}" for cell in cells))
        for share in SHARES[name]:
            by_seed = [
                {run["seed"]: run["cross"] for run in by_way.get(way, [])}
                for way in (f"by product, 1/{share}", f"by self, 1/{share}")
            ]
            seeds = sorted(by_seed[0].keys() & by_seed[1].keys())
            if seeds:
                gain = [by_seed[0][seed] - by_seed[1][seed] for seed in seeds]
                print(f"by product - by self, 1/{share}: {mean_cell(gain)}")


def main():
    args = arguments_of(__doc__, seeds=3, sets=SHARES)
    print_tables(Records(args.summarise).all() if args.summarise else run(args))


if __name__ == "__main__":
    main()
