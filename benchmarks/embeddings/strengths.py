"""At what strength each method serves unseen classes best.

    python -m benchmarks.embeddings.strengths [--sets kanji] [--seeds 1] [--jobs 2]
        [--json FILE] [--summarise FILE]

Characters in fonts as in "unseen-classes" of `benchmarks.embeddings`, but of the 1,000
of each script that are left for choosing, so that what is chosen here can be reported
there. Of every method the strength with the best cross-test counts whose self-test is
at most a point below the paragon's, in the mean of recall@1 and mean average precision,
or where none is, that with the best cross-test; it is marked. Seconds are of the
processor.
"""

import time
from dataclasses import asdict

import numpy as np
import torch
from joblib import Parallel, delayed

from benchmarks.embeddings.characters import SCRIPTS, draw_releases, is_there
from benchmarks.embeddings.data import NETS
from benchmarks.embeddings.tables import gains, taxes
from benchmarks.embeddings.trial import UNSEEN, Trial, searches, self_test
from benchmarks.flips.records import Records, arguments_of
from sklearn_graceful import CompatibleEmbedder
from sklearn_graceful.compatibility import BCT, L2, LCE, Contrastive, Focal

MAX_TAX = 1.0
MEASURES = "recall@1", "map"
GRID = {
    "focal": (
        Focal(),
        Focal(pull=10.0),
        Focal(pull=30.0),
        Focal(neighbourhood=20.0),
        Focal(n_drawn=4096),
        Focal(scale=20.0),
        Focal(matching=10.0, n_synthetic=3),
        Focal(matching=30.0, n_synthetic=3),
        Focal(pull=10.0, matching=30.0, n_synthetic=3),
    ),
    "bct": tuple(BCT(strength=s) for s in (1.0, 3.0, 10.0)),
    "lce": tuple(LCE(boundary=s) for s in (1.0, 10.0, 30.0)),
    "l2": tuple(L2(strength=s) for s in (1.0, 10.0, 30.0, 100.0)),
    "contrastive": tuple(Contrastive(strength=s) for s in (0.3, 1.0, 3.0)),
}


def embedder(script, seed, dim, **params):
    return CompatibleEmbedder(
        NETS[script].make(), embedding_dim=dim, random_state=seed, **params
    )


def run_trial(trial, file):
    """Run what `file` does not have, and keep each result there at once."""
    torch.set_num_threads(1)
    records = Records(file)
    done = {record["method"] for record in records.of_trial(trial)}
    missing = [m for methods in GRID.values() for m in methods if str(m) not in done]
    if missing:
        rows = draw_releases(trial.set, trial.seed, development=True)
        old = embedder(trial.set, trial.seed, rows.dims[0]).fit(*rows.parts[0])
        paragon = embedder(trial.set, 1000 + trial.seed, rows.dims[-1])
        paragon.fit(*rows.parts[-1])
        gallery = old.transform(rows.X_test)
        selves = {
            "old": self_test(gallery, rows.y_test),
            "paragon": self_test(paragon.transform(rows.X_test), rows.y_test),
        }
    for method in missing:
        start = time.process_time()
        new = embedder(
            trial.set, 2000 + trial.seed, rows.dims[-1], old_model=old, method=method
        ).fit(*rows.parts[-1])
        seconds = time.process_time() - start
        queries = new.transform(rows.X_test)
        found = {
            "new": self_test(queries, rows.y_test),
            "cross": searches(queries, gallery, rows.y_test),
            "seconds": seconds,
        }
        records.append([asdict(trial) | {"method": str(method)} | selves | found])
    return records.of_trial(trial)


def run(args):
    names = [name for name in args.sets if is_there(name)]
    trials = [
        Trial(n, UNSEEN, "net", seed) for seed in range(args.seeds) for n in names
    ]
    jobs = Parallel(n_jobs=args.jobs)(delayed(run_trial)(t, args.json) for t in trials)
    return [record for trial in jobs for record in trial]


def print_tables(records):
    for name in dict.fromkeys(record["set"] for record in records):
        print(f"\n{name}: recall@1 and mean average precision, gain and tax in points")
        for methods in GRID.values():
            own = {
                str(method): [
                    r for r in records if (r["set"], r["method"]) == (name, str(method))
                ]
                for method in methods
            }
            _print_method({method: runs for method, runs in own.items() if runs})


def best_of(runs_of):
    """The method that the rule above marks, of records by method."""
    quality, allowed = {}, {}
    for method, runs in runs_of.items():
        quality[method] = np.mean([[r["cross"][m] for m in MEASURES] for r in runs])
        allowed[method] = np.mean([taxes(runs, m) for m in MEASURES]) <= MAX_TAX
    return max(quality, key=lambda m: (allowed[m], quality[m]), default=None)


def _print_method(runs_of):
    best = best_of(runs_of)
    for method, runs in runs_of.items():
        cells = []
        for measure in MEASURES:
            cross = 100 * np.mean([r["cross"][measure] for r in runs])
            gain, tax = gains(runs, measure).mean(), taxes(runs, measure).mean()
            cells.append(f"{cross:7.1f}{gain:7.2f}{tax:7.1f}")
        mark = "*" if method == best else " "
        seconds = np.mean([r["seconds"] for r in runs])
        print(f"{mark} {method:45}" + "  ".join(cells) + f"{seconds:7.0f} s")


def main():
    args = arguments_of(__doc__, seeds=1, sets=SCRIPTS)
    print_tables(Records(args.summarise).all() if args.summarise else run(args))


if __name__ == "__main__":
    main()
