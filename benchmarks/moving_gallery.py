"""Train new queries for the old gallery, or move its vectors to the new ones?

    python -m benchmarks.moving_gallery [--sets kanji hangul] [--seeds 5] [--jobs 2]
        [--json FILE] [--summarise FILE]

Characters in fonts (`datasets.render_characters`): what is searched are 400 characters
in 20 fonts that no embedder was trained on, one image of each being the query. The old
embedder has learned 100 others in 15 fonts, the new ones 400 in 30: "free" without
regard to the old one, "compatible" by `focal`. Adapters are fitted on the rows that the
new ones were trained on: what both make of them, no labels. Recall@1 and mean average
precision in %, with 0, 10, 50 and all of the gallery embedded again, in random order:

* "old model": old queries, old gallery;
* "compatible": its queries, old vectors as they are;
* "free, backward ridge", "... mlp": its queries, mapped to the old space;
* "free, slerp": the old query and the mapped one in between, both models asked; its
  share chosen on 2,000 of the rows trained on;
* "free, moved by ridge", "... by mlp": its queries, old vectors mapped to its space;
* "compatible, moved by mlp": its queries, and old vectors mapped to its whole space.

Seconds are of the processor: trainings, and fits of the maps.
"""

import time
from dataclasses import asdict, dataclass

import numpy as np
import torch
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from benchmarks.embeddings.characters import SCRIPTS, draw_releases, is_there
from benchmarks.flips.records import Records, arguments_of
from benchmarks.flips.tables import mean_cell
from benchmarks.gallery import conv_net
from sklearn_graceful import CompatibleEmbedder, EmbeddingAdapter
from sklearn_graceful.metrics import backfill_curve, retrieval_outcomes

FRACTIONS = (0.0, 0.1, 0.5, 1.0)
MEASURES = ("recall@1", "map")
N_CHOOSING = 2000


@dataclass(frozen=True)
class Trial:
    set: str
    seed: int
    update: str = "moving"
    learner: str = "net"
    rows: int = 0


class Search:
    """Queries, one of each class, and the gallery, all other rows."""

    def __init__(self, y, rng):
        order = rng.permutation(len(y))
        _, first = np.unique(y[order], return_index=True)
        self.queries = order[first]
        self.gallery = np.setdiff1d(order, self.queries)
        self.y, self.order = y, rng.permutation(len(self.gallery))

    def figures(self, queries, old_gallery, new_gallery, **kwargs):
        """Quality by measure, at each fraction; vectors are of all rows."""
        return {
            measure: backfill_curve(
                queries[self.queries],
                old_gallery[self.gallery],
                new_gallery[self.gallery],
                query_labels=self.y[self.queries],
                gallery_labels=self.y[self.gallery],
                order=self.order,
                fractions=FRACTIONS,
                measure=measure,
                **kwargs,
            ).quality.tolist()
            for measure in MEASURES
        }

    def before(self, queries, gallery):
        """The same where nothing is embedded again."""
        found = retrieval_outcomes(
            queries[self.queries],
            gallery[self.gallery],
            query_labels=self.y[self.queries],
            gallery_labels=self.y[self.gallery],
        )
        return {measure: [float(found.mean(measure))] for measure in MEASURES}


class Clock:
    """Processor seconds of what it runs."""

    def __call__(self, make):
        """Run it."""
        start = time.process_time()
        made = make()
        self.seconds = time.process_time() - start
        return made


def ways(rows, seed):
    """Yield each way, its figures and seconds."""
    (first, part), clock = (rows.parts[0], rows.parts[-1]), Clock()
    search = Search(rows.y_test, np.random.default_rng(seed))

    def trained(part, dim, number, old=None):
        embedder = CompatibleEmbedder(
            conv_net(), old_model=old, embedding_dim=dim, random_state=seed + number
        )
        return clock(lambda: embedder.fit(*part))

    old = trained(first, rows.dims[0], 0)
    gallery = old.transform(rows.X_test)
    yield "old model", search.before(gallery, gallery), clock.seconds
    free = trained(part, rows.dims[-1], 1000)
    seconds = clock.seconds
    vectors = free.transform(rows.X_test)
    pairs = free.transform(part[0]), old.transform(part[0])
    for kind in ("ridge", "mlp"):
        adapter = EmbeddingAdapter(kind, alpha="auto", compare=False, random_state=seed)
        clock(lambda adapter=adapter: adapter.fit(*pairs))
        cost = seconds + clock.seconds
        mapped = adapter.transform(vectors)
        yield f"free, backward {kind}", search.before(mapped, gallery), cost
        moved = adapter.inverse_transform(gallery)
        yield f"free, moved by {kind}", search.figures(vectors, moved, vectors), cost
    some = np.random.default_rng(seed).permutation(len(part[1]))[:N_CHOOSING]
    choice = adapter.choose_share(*(vectors[some] for vectors in pairs), part[1][some])
    fused = adapter.fuse(vectors, gallery, share=choice.share)
    yield "free, slerp", search.before(fused, gallery), cost
    new = trained(part, rows.dims[-1], 2000, old)
    seconds, vectors = clock.seconds, new.transform(rows.X_test)
    found = search.figures(vectors, gallery, vectors, old_view=True)
    yield "compatible", found, seconds
    adapter = EmbeddingAdapter("mlp", alpha="auto", compare=False, random_state=seed)
    clock(lambda: adapter.fit(new.transform(part[0]), pairs[1]))
    moved = adapter.inverse_transform(gallery)
    found = search.figures(vectors, moved, vectors)
    yield "compatible, moved by mlp", found, seconds + clock.seconds


def run_trial(trial, file):
    """Run a trial, unless `file` has it."""
    torch.set_num_threads(1)
    records = Records(file)
    if not records.of_trial(trial):
        with threadpool_limits(1):
            rows = draw_releases(trial.set, trial.seed)
            records.append(
                [
                    asdict(trial) | {"method": way, "seconds": seconds} | found
                    for way, found, seconds in ways(rows, trial.seed)
                ]
            )
    return records.of_trial(trial)


def run(args):
    names = [name for name in args.sets if is_there(name)]
    trials = [Trial(name, seed) for name in names for seed in range(args.seeds)]
    jobs = Parallel(n_jobs=args.jobs)(delayed(run_trial)(t, args.json) for t in trials)
    return [record for trial in jobs for record in trial]


def print_tables(records):
    for name in dict.fromkeys(record["set"] for record in records):
        by_way = {}
        for one in records:
            if one["set"] == name:
                by_way.setdefault(one["method"], []).append(one)
        for measure in MEASURES:
            print(f"\n{name}, {measure} in %, {len(by_way['old model'])} seeds")
            columns = [f"{100 * fraction:.0f} % again" for fraction in FRACTIONS]
            print(f"{'':26}" + "".join(f"{c:>16}" for c in [*columns, "seconds"]))
            for way, runs in by_way.items():
                at_each = zip(*(run[measure] for run in runs), strict=True)
                cells = [mean_cell([100 * v for v in values]) for values in at_each]
                cells += [""] * (len(FRACTIONS) - len(cells))
                cells.append(f"{np.mean([run['seconds'] for run in runs]):.0f}")
                print(f"{way:26}" + "".join(f"{cell:>16}" for cell in cells))


def main():
    args = arguments_of(__doc__, sets=SCRIPTS)
    print_tables(Records(args.summarise).all() if args.summarise else run(args))


if __name__ == "__main__":
    main()
