"""Do old thresholds and clusters survive a new embedder?

    python -m benchmarks.old_rules [--sets letter] [--updates "net-16 -> net-32" ...]
        [--seeds 5] [--pairs 1000000] [--jobs 2]

The old embedder is trained on a tenth of the training rows, the new one on all of them.
Thresholds are chosen on calibration items for false-accept rates (FAR) of .01 and .001
by the old model; `ScoreCalibrator` is fitted on non-matching pairs of the same items.
All figures are of test items, which are others. "shared": all parts are of all classes.
"unseen by map": the calibration items are of half of the classes, the test items of the
other half; the embedders know both. "unseen": training, calibration and test are of
other classes each, a third of all. "trained on": as "unseen", but calibrated on new
items of the training classes, which `ScoreCalibrator` advises against.

The first table tells the FAR of the old model at its threshold, and that of the new one
in ratio to it, on the same pairs, before and after calibration, with 95 % t-intervals
over seeds; the TAR is the share of matching pairs at or above the threshold. The
gallery is "new" where both sides of a pair are embedded by the new model, "old" where
the new query meets an old vector, for new embedders that have an old view.
The second table tells what becomes of clusters: test items of shared classes go to the
nearest of the old class centroids, by `clustering_update`, in %.

An embedder joins by one line in ``EMBEDDERS``, and is compared by one in ``UPDATES``.
"""

import argparse
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, normalize
from threadpoolctl import threadpool_limits

from benchmarks.flips.sets import load_set
from benchmarks.flips.tables import mean_cell
from sklearn_graceful import CompatibleEmbedder
from sklearn_graceful.embedding import ScoreCalibrator
from sklearn_graceful.metrics import clustering_update

RATES = (0.01, 0.001)
OLD_SHARE = 0.1
QUERIES_AT_A_TIME = 500
SCENARIOS = ("shared", "unseen by map", "unseen", "trained on")


# Embedders: (X, y, seed, old) -> function from rows to unit vectors; `old` is None or
# the old embedder, which a compatible one starts from.


def pca(width):
    def fit(X, y, seed, old):
        model = make_pipeline(StandardScaler(), PCA(width)).fit(X)
        return lambda rows: normalize(model.transform(rows))

    return fit


def lda(X, y, seed, old):
    model = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis()).fit(X, y)
    return lambda rows: normalize(model.transform(rows))


def net(width, epochs=30):
    """Penultimate layer of a classifier."""

    def fit(X, y, seed, old):
        scaler = StandardScaler().fit(X)
        model = MLPClassifier(
            (128, width),
            activation="tanh",
            learning_rate_init=0.003,
            random_state=seed,
        )
        for _ in range(epochs):
            model.partial_fit(scaler.transform(X), y, classes=np.unique(y))
        layers = list(zip(model.coefs_, model.intercepts_, strict=True))

        def embed(rows):
            hidden = scaler.transform(rows)
            for weights, bias in layers[:-1]:
                hidden = np.tanh(hidden @ weights + bias)
            return normalize(hidden)

        return embed

    return fit


def with_old_view(fit_new):
    """Put before the new coordinates a linear map of them to the old space."""

    def fit(X, y, seed, old):
        new = fit_new(X, y, seed, old)
        to_old = Ridge(1.0, fit_intercept=False).fit(new(X), old(X))

        def embed(rows):
            embeddings = new(rows)
            return normalize(
                np.hstack([normalize(to_old.predict(embeddings)), embeddings])
            )

        return embed

    return fit


def compatible(width):
    """`CompatibleEmbedder`, trained with reference to the old embedder."""

    def fit(X, y, seed, old):
        new = CompatibleEmbedder(old_model=old, embedding_dim=width, random_state=seed)
        return new.fit(X, y).transform

    return fit


EMBEDDERS = {
    "pca-8": pca(8),
    "pca-12": pca(12),
    "lda": lda,
    "net-16": net(16),
    "net-32": net(32),
    "net-32 with old view": with_old_view(net(32)),
    "compatible-32": compatible(32),
}
# old, new, and the galleries that the new one can search.
UPDATES = {
    "pca-8 -> lda": ("pca-8", "lda", ("new",)),
    "pca-8 -> net-32": ("pca-8", "net-32", ("new",)),
    "net-16 -> net-32": ("net-16", "net-32", ("new",)),
    "net-16 -> net-32 with old view": (
        "net-16",
        "net-32 with old view",
        ("old", "new"),
    ),
    "net-16 -> compatible-32": ("net-16", "compatible-32", ("old", "new")),
}


@dataclass(frozen=True)
class Parts:
    """Rows by their use; each a pair (X, y)."""

    train: tuple
    calibration: tuple
    test: tuple


def split_items(X, y, scenario, seed):
    """Half for training, a fifth for calibration, the rest for test."""
    rows = np.arange(len(y))
    train, rest = train_test_split(rows, train_size=0.5, stratify=y, random_state=seed)
    calibration, test = train_test_split(
        rest, train_size=0.4, stratify=y[rest], random_state=seed
    )
    if scenario == "shared":
        return _parts(X, y, train, calibration, test)
    classes = np.random.default_rng(seed).permutation(np.unique(y))
    if scenario == "unseen by map":
        known, tested = np.array_split(classes, 2)
        return _parts(X, y, train, _of(rest, y, known), _of(rest, y, tested))
    trained, others, tested = np.array_split(classes, 3)
    # Rows of a class that no model was trained on are all free to use.
    chosen = _of(rows, y, others) if scenario == "unseen" else _of(rest, y, trained)
    return _parts(X, y, _of(train, y, trained), chosen, _of(rows, y, tested))


def _of(rows, y, classes):
    return rows[np.isin(y[rows], classes)]


def _parts(X, y, *parts):
    return Parts(*((X[rows], y[rows]) for rows in parts))


def fit_pair(parts, old_name, new_name, seed):
    """The old embedder on its share of the training rows, the new one on all."""
    X, y = parts.train
    X_old, _, y_old, _ = train_test_split(
        X, y, train_size=OLD_SHARE, stratify=y, random_state=seed
    )
    old = EMBEDDERS[old_name](X_old, y_old, seed, None)
    return old, EMBEDDERS[new_name](X, y, seed + 1000, old)


def rates(queries, gallery, y, thresholds):
    """FAR and TAR at each threshold, from all pairs of an item with another one."""
    accepted = np.zeros((2, len(thresholds)))
    for start in range(0, len(y), QUERIES_AT_A_TIME):
        part = slice(start, start + QUERIES_AT_A_TIME)
        scores = queries[part] @ gallery.T
        matching = y[part, np.newaxis] == y
        own = np.arange(len(y))[part]
        for k, threshold in enumerate(thresholds):
            hits = scores >= threshold
            hits[np.arange(len(own)), own] = False
            accepted[1, k] += np.count_nonzero(hits & matching)
            accepted[0, k] += np.count_nonzero(hits & ~matching)
    sizes = np.unique(y, return_counts=True)[1]
    n_matching = (sizes * (sizes - 1)).sum()
    n_pairs = len(y) * (len(y) - 1)
    return accepted / [[n_pairs - n_matching], [n_matching]]


def threshold_figures(parts, old, new, gallery, n_pairs, seed):
    """A row for each rate: FAR old, ratios before and after, TAR old, before, after."""
    (X, y), (X_test, y_test) = parts.calibration, parts.test
    old_chosen, new_chosen = old(X), new(X)
    calibrator = ScoreCalibrator().fit_embeddings(
        old_chosen,
        new_chosen,
        y,
        gallery=gallery,
        old_view=True,
        n_pairs=n_pairs,
        random_state=seed,
    )
    thresholds = chosen_thresholds(old_chosen, y)
    old_test, query = old(X_test), new(X_test)
    searched = query
    if gallery == "old":
        query, searched = normalize(query[:, : old_test.shape[1]]), old_test
    by_old = rates(old_test, old_test, y_test, thresholds)
    before = rates(query, searched, y_test, thresholds)
    after = rates(query, searched, y_test, calibrator.threshold(thresholds))
    return [
        (o[0], b[0] / o[0], a[0] / o[0], o[1], b[1], a[1])
        for o, b, a in zip(by_old.T, before.T, after.T, strict=True)
    ]


def chosen_thresholds(embeddings, y):
    """What the operator of the old model chose: quantiles over all pairs."""
    scores = (embeddings @ embeddings.T)[y[:, np.newaxis] != y]
    return np.quantile(scores, 1 - np.array(RATES))


def cluster_figures(parts, old, new):
    """Figures of `clustering_update`, with the centroids of the old classes."""
    (X, y), (X_test, y_test) = parts.calibration, parts.test
    embeddings = old(X)
    centroids = [embeddings[y == label].mean(axis=0) for label in np.unique(y)]
    update = clustering_update(
        old(X_test), new(X_test), y_test, centroids=centroids, old_view=True
    )
    return (
        update.ari_old,
        update.ari_new,
        update.b_cubed_old.f1,
        update.b_cubed_new.f1,
        update.unchanged_share,
        update.version_mutual_information,
    )


def run(name, update, scenario, seed, rows, n_pairs):
    """Figures of one update by gallery, and of its clusters."""
    old_name, new_name, galleries = UPDATES[update]
    with threadpool_limits(1):
        X, y = load_set(name)
        if len(y) > rows:
            X, _, y, _ = train_test_split(
                X, y, train_size=rows, stratify=y, random_state=seed
            )
        parts = split_items(X, y, scenario, seed)
        old, new = fit_pair(parts, old_name, new_name, seed)
        thresholds = {
            gallery: threshold_figures(parts, old, new, gallery, n_pairs, seed)
            for gallery in galleries
        }
        clusters = None
        if scenario == "shared" and new(X[:1]).shape[1] >= old(X[:1]).shape[1]:
            clusters = cluster_figures(parts, old, new)
    return thresholds, clusters


def print_thresholds(name, update, scenario, runs):
    """A line for each gallery and rate."""
    for gallery in runs[0][0]:
        for k, rate in enumerate(RATES):
            table = np.array([thresholds[gallery][k] for thresholds, _ in runs])
            far, before, after, *tar = table.T
            line = f"{name:10}{update:32}{scenario:15}{gallery:5}{rate:7.3f}"
            line += f"{mean_cell(100 * far, 3):>18}{mean_cell(before):>18}"
            line += f"{mean_cell(after):>15}"
            line += f"{after.min():7.2f}{after.max():6.2f}"
            print(line + "".join(f"{100 * t.mean():7.1f}" for t in tar), flush=True)


def print_clusters(name, update, runs):
    """A line for each update that meets the old centroids."""
    figures = [clusters for _, clusters in runs if clusters is not None]
    if figures:
        cells = (mean_cell(100 * values, 1) for values in np.array(figures).T)
        print(f"{name:10}{update:32}" + "".join(f"{c:>15}" for c in cells))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=["letter"])
    parser.add_argument("--updates", nargs="+", default=UPDATES, metavar="UPDATE")
    parser.add_argument("--scenarios", nargs="+", default=SCENARIOS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=20000, help="rows at most")
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args(arguments)
    cases = [(n, u, s) for n in args.sets for u in args.updates for s in args.scenarios]
    titles = f"{'old FAR, %':>18}{'new / old before':>18}{'after':>15}{'least':>7}"
    titles += f"{'most':>6}{'TAR':>7}{'before':>7}{'after':>7}"
    print(f"{'set':10}{'update':32}{'classes':15}{'gall.':5}{'FAR':>7}{titles}")
    by_case = {}
    for name, update, scenario in cases:
        runs = Parallel(args.jobs)(
            delayed(run)(name, update, scenario, seed, args.rows, args.pairs)
            for seed in range(args.seeds)
        )
        print_thresholds(name, update, scenario, runs)
        by_case[name, update, scenario] = runs
    titles = ("ARI old", "new", "B-cubed F1 old", "new", "unchanged", "version split")
    print(f"\n{'set':10}{'update':32}" + "".join(f"{title:>15}" for title in titles))
    for (name, update, _), runs in by_case.items():
        print_clusters(name, update, runs)


if __name__ == "__main__":
    main()
