"""One update of one set with one seed, by every method."""

from dataclasses import asdict, dataclass
from time import perf_counter

import numpy as np

from benchmarks.embeddings.characters import SCRIPTS, draw_releases
from benchmarks.embeddings.data import NETS, split
from sklearn_graceful import CompatibleEmbedder
from sklearn_graceful.compatibility import Simplex
from sklearn_graceful.embedding import EmbeddingAdapter
from sklearn_graceful.metrics import retrieval_outcomes


@dataclass(frozen=True)
class Update:
    """How the new embedder differs from the old one.

    Attributes
    ----------
    share_old : float
        Share of the training rows that the old one was trained on.
    smaller : bool
        Whether the old one is a smaller network.
    held_out_classes : bool
        Whether the classes that are searched are other ones than those trained on.
    old_classes : float
        Share of the classes that the old one was trained on.
    """

    share_old: float
    smaller: bool = False
    held_out_classes: bool = False
    old_classes: float = 1.0


UPDATES = {
    "more-data": Update(0.1),
    "larger-net": Update(0.3, smaller=True),
    "new-classes": Update(0.3, old_classes=0.5),
    "held-out-classes": Update(0.1, held_out_classes=True),
}
UNSEEN = "unseen-classes"  # of characters in fonts
TRAINED = (
    "independent",
    "focal",
    "bct",
    "lce",
    "l2",
    "contrastive",
    "bt2",
    "simplex",
)
ADAPTED = ("procrustes", "ridge")
METHODS = (*TRAINED, *ADAPTED)


@dataclass(frozen=True)
class Trial:
    """What is run; the record of each method repeats it."""

    set: str
    update: str
    learner: str
    seed: int
    rows: int = 0


def run_trial(trial, done, methods):
    """Records of the methods that are not done yet.

    A record holds recall@1 and mean average precision of the old self-test, the
    paragon's, the new one's, and of the cross-test: new queries, old gallery.
    """
    missing = [m for m in methods if m not in {record["method"] for record in done}]
    if not missing:
        return []
    nets, (rows, is_smaller) = NETS[trial.set], rows_of(trial)
    make_old = nets.smaller if is_smaller else nets.make
    seeds = {"random_state": trial.seed}
    old = CompatibleEmbedder(make_old(), embedding_dim=rows.dims[0], **seeds)
    old.fit(*rows.parts[0])
    seeds = {"random_state": 1000 + trial.seed}
    paragon = CompatibleEmbedder(nets.make(), embedding_dim=rows.dims[-1], **seeds)
    paragon.fit(*rows.parts[-1])
    gallery = old.transform(rows.X_test)
    self_tests = {
        "old": self_test(gallery, rows.y_test),
        "paragon": self_test(paragon.transform(rows.X_test), rows.y_test),
    }
    records = []
    for method in missing:
        start = perf_counter()
        if method in ADAPTED:
            queries, cross = adapted(method, paragon, old, rows)
        elif method == "simplex":
            # It needs a first release of its own, with the same fixed classifier.
            first = first_simplex(nets, rows, trial.seed)
            own = first.transform(rows.X_test)
            queries, cross = trained(method, nets, first, own, rows, trial.seed)
        else:
            queries, cross = trained(method, nets, old, gallery, rows, trial.seed)
        figures = {
            **self_tests,
            **({"old": self_test(own, rows.y_test)} if method == "simplex" else {}),
            "new": self_test(queries, rows.y_test),
            "cross": cross,
        }
        records.append(
            {
                **asdict(trial),
                "method": method,
                "seconds": perf_counter() - start,
                "n_test": len(rows.y_test),
                "n_classes": len(set(rows.y_test.tolist())),
                **figures,
            }
        )
    return records


def rows_of(trial):
    """Its rows, and whether the old network is a smaller one."""
    if trial.set in SCRIPTS:
        return draw_releases(trial.set, trial.seed), False
    update = UPDATES[trial.update]
    rows = split(
        trial.set,
        trial.seed,
        share_old=update.share_old,
        held_out_classes=update.held_out_classes,
        old_classes=update.old_classes,
    )
    return rows, update.smaller


def trained(method, nets, old, gallery, rows, seed):
    """Embeddings by a new embedder of that method, and its cross-test."""
    new = CompatibleEmbedder(
        nets.make(),
        old_model=old,
        method=simplex(rows) if method == "simplex" else method,
        # These two have a width of their own.
        embedding_dim=None if method in ("simplex", "bt2") else rows.dims[-1],
        random_state=2000 + seed,
    ).fit(*rows.parts[-1])
    queries = new.transform(rows.X_test)
    return queries, searches(queries, gallery, rows.y_test)


def adapted(method, paragon, old, rows):
    """The paragon's embeddings, and the cross-test after a map to the old space."""
    adapter = EmbeddingAdapter(method, compare=False)
    X, _ = rows.parts[-1]
    adapter.fit(paragon.transform(X), old.transform(X))
    embeddings = paragon.transform(rows.X_test)
    queries, gallery = adapter.transform(embeddings), old.transform(rows.X_test)
    return embeddings, searches(queries, gallery, rows.y_test)


def simplex(rows):
    """Room for twice the classes."""
    _, y = rows.parts[-1]
    return Simplex(n_classes=2 * len(set(y.tolist())))


def first_simplex(nets, rows, seed):
    old = CompatibleEmbedder(nets.make(), method=simplex(rows), random_state=seed)
    return old.fit(*rows.parts[0])


def self_test(embeddings, y):
    return searches(embeddings, embeddings, y)


def searches(queries, gallery, y):
    """Recall@1 and mean average precision; no item finds itself."""
    ids = np.arange(len(y))
    outcomes = retrieval_outcomes(
        queries,
        gallery,
        query_labels=y,
        gallery_labels=y,
        query_ids=ids,
        gallery_ids=ids,
        old_view=True,
    )
    return {
        "recall@1": float(outcomes.recall_at(1)),
        "map": float(outcomes.mean_average_precision),
    }
