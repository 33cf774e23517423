"""New embedders of every compatibility method on the old embedder's gallery.

    python -m benchmarks.embeddings [--sets letter digits] [--updates more-data chain]
        [--methods focal bct] [--seeds 5] [--jobs 2] [--json embeddings.jsonl]
    python -m benchmarks.embeddings --summarise embeddings.jsonl

Every seed draws its own rows to train on and to search, and trains an old embedder of
width 8, a paragon of width 16 that ignores it, and a new one of width 16 for every
method (the simplex and BT2 have a width of their own). Among the rows searched every
one is looked up among all others, never itself. "old" is the old embedder on its own
gallery, "cross" new queries on the untouched old gallery, "self" the new embedder after
a full re-index. "gain" is (cross - old) / (paragon - old) and "tax" paragon - self, of
recall@1; "held" in how many seeds the criterion, cross > old, holds for recall@1 and
mean average precision. "independent" is the paragon's recipe: its cross-test is chance.
"procrustes" and "ridge" train nothing: they map the paragon's vectors to the old space.

Updates: "more-data", the old embedder had a tenth of the rows; "larger-net", 30 % and a
smaller network; "new-classes", 30 % of the rows of half of the classes;
"held-out-classes", a tenth, and all that is searched is of classes that neither was
trained on. "chain": four releases of widths 8, 12, 16 and 24 on 10, 25, 50 and 100 % of
the rows, with the prototypes of all earlier versions and without.

"unseen-classes", of characters in fonts (kanji, hangul), with convolutional nets: the
old embedder, of width 32, has learned 100 characters in 15 fonts, the new ones, of
width 64, 400 in 30; searched are 400 others in 20. Their chain: widths 32, 40, 48 and
64. No default was chosen on any of these characters.

Fashion-MNIST takes 3 seeds and small convolutional nets of 10 epochs. The defaults of
"focal" and of its network were chosen on other rows of Letter, on Vowel and Satellite.
"""

import argparse
import sys

from joblib import Parallel, delayed

from benchmarks.embeddings.chain import print_chains, run_chain
from benchmarks.embeddings.characters import SCRIPTS, is_there
from benchmarks.embeddings.data import NETS
from benchmarks.embeddings.tables import print_summary, print_tables
from benchmarks.embeddings.trial import METHODS, UNSEEN, UPDATES, Trial, run_trial
from benchmarks.flips.__main__ import available_sets
from benchmarks.flips.records import Records

MOST_SEEDS = {"fashion-mnist": 3}


def run(args):
    """Run what the file does not have yet, and return all records."""
    records = Records(args.json)
    names = available(args.sets)
    trials = [
        Trial(name, update, "net", seed)
        for seed in range(args.seeds)
        for name in names
        for update in args.updates
        if seed < MOST_SEEDS.get(name, args.seeds) and exists(name, update)
    ]
    calls = (
        delayed(run_chain)(trial, records.of_trial(trial))
        if trial.update == "chain"
        else delayed(run_trial)(trial, records.of_trial(trial), args.methods)
        for trial in trials
    )
    results = Parallel(n_jobs=args.jobs, return_as="generator_unordered")(calls)
    for done, new in enumerate(results, start=1):
        records.append(new)
        if sys.stderr.isatty():
            print(f"\r{done} of {len(trials)} trials", end="", file=sys.stderr)
    return [record for trial in trials for record in records.of_trial(trial)]


def available(names):
    """Sets that load; the others are named."""
    scripts = [name for name in names if name in SCRIPTS and is_there(name)]
    return available_sets([name for name in names if name not in SCRIPTS]) + scripts


def exists(name, update):
    """Of characters in fonts there is one update, and there it is only of these."""
    return update == "chain" or (name in SCRIPTS) == (update == UNSEEN)


def parse_arguments():
    updates = [*UPDATES, UNSEEN, "chain"]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.embeddings", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--sets", nargs="+", choices=NETS, default=[*NETS])
    parser.add_argument("--updates", nargs="+", choices=updates, default=updates)
    parser.add_argument(
        "--methods",
        nargs="+",
        choices=METHODS,
        default=METHODS,
        help="of single updates; a chain has its own three",
    )
    parser.add_argument("--seeds", type=int, default=5, help="how many")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", metavar="FILE", help="JSON lines to append to")
    parser.add_argument("--summarise", metavar="FILE", help="run nothing, read this")
    return parser.parse_args()


def main():
    args = parse_arguments()
    records = Records(args.summarise).all() if args.summarise else run(args)
    updates = [r for r in records if r["update"] != "chain"]
    print_tables(updates)
    print_summary(updates)
    print_chains([r for r in records if r["update"] == "chain"])


if __name__ == "__main__":
    main()
