"""Negative flips of every congruence method, on real sets and realistic updates.

    python -m benchmarks.flips [--sets letter dna] [--learners mlp boosting]
        [--updates more-data] [--methods match mean] [--seeds 5] [--jobs 2]
        [--json flips.jsonl]
    python -m benchmarks.flips --summarise flips.jsonl [--table]

Every seed draws its own training and validation rows; the test rows of a set are always
the same, and never served a choice (`sets.py`). An old model is trained as the update
says (`updates.py`), then a plain new one and one new one for every method of
`congruence.METHODS` at every strength of `grids.py`, all with the same seed. "focal"
chooses its strength itself, on training rows that it holds out or leaves out in turn.
"ensemble" is 8 plain nets in one, "ensemble by match" such an ensemble trained by
`match`. "mean" and "cost-ratio" are no training at all, and keep the old model: the
weighted mean of both log-probabilities, and the old label unless the new model finds
another one likelier by a factor ("mean cost-ratio": unless that mean does); with a
plus, their new model is not the plain one but that of another method.
The old model's outputs on its own training rows are out-of-fold.

The strength is chosen on validation rows: the lowest NFR among those whose error is at
most the plain model's + 0.2 points, and the plain model itself if there is none. Where
a method has one candidate there is nothing to choose, and it is taken as it is. All
printed figures are of test rows, with 95 % t-intervals over seeds; the seeds share
rows, so these are approximate, and they say nothing of other test rows. "floor" is the
NFR between two plain models that differ in their seed only. The ratio of a set is
(flips + 1/2) / (plain flips + 1/2), flips pooled over seeds. Sets with fewer than 10
plain flips are marked * and left out of the geometric mean, whose interval comes from
resampling seeds. "beats the mean" counts seeds with fewer flips than the mean of old
and new, whatever the error; sets count where flips over all seeds are fewer and errors
not more.

Cost is in plain fits: the CPU seconds of a method's fits, at all of its strengths, to
those of one plain fit of the same trial; the median over trials. Keeping the old model
beside a new one costs the fits of that new one.

The choice is as noisy as the validation rows are few: its test error may well exceed
the allowance, and the plain model wins often. --strengths therefore prints the same
ratios for every strength as it is, with nothing chosen; read error and ratio together.
--table prints one line a set, for the default method only.

With --json every result is appended as a line, and what the file has is not run again:
new methods, strengths, sets or seeds may be added later. Sets whose package is missing
are named and skipped, and so are learners; `sklearn_graceful.datasets` says what to
install.
The default run, with all methods, updates, learners and sets, takes many hours.
"""

import argparse
import sys

from joblib import Parallel, delayed

from benchmarks.flips.compact import print_compact
from benchmarks.flips.learners import LEARNERS
from benchmarks.flips.methods import METHODS
from benchmarks.flips.records import Records
from benchmarks.flips.sets import SETS, load_set
from benchmarks.flips.summary import print_strengths, print_summary
from benchmarks.flips.tables import print_tables
from benchmarks.flips.trial import Trial, reason_to_skip, run_trial
from benchmarks.flips.updates import UPDATES


def available_sets(names):
    """Sets that load; the others are named."""
    found = []
    for name in names:
        try:
            load_set(name)
        except (ImportError, FileNotFoundError) as error:
            print(f"skipped {name}: {error}")
        else:
            found.append(name)
    return found


def planned_trials(args):
    """All combinations that make sense; the others are named."""
    trials = []
    for name in available_sets(args.sets):
        for update in args.updates:
            for learner in args.learners:
                if reason := reason_to_skip(name, update, learner):
                    print(f"skipped {name}, {update}, {learner}: {reason}")
                    continue
                trials += [
                    Trial(name, update, learner, seed, args.rows)
                    for seed in range(args.seeds)
                ]
    return trials


def run(args):
    """Run what the file does not have yet, and return all records."""
    records = Records(args.json)
    trials = planned_trials(args)
    calls = (
        delayed(run_trial)(trial, records.of_trial(trial), args.methods)
        for trial in trials
    )
    results = Parallel(n_jobs=args.jobs, return_as="generator_unordered")(calls)
    for done, new in enumerate(results, start=1):
        records.append(new)
        if sys.stderr.isatty():
            print(f"\r{done} of {len(trials)} trials", end="", file=sys.stderr)
    return [record for trial in trials for record in records.of_trial(trial)]


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.flips", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--learners", nargs="+", choices=LEARNERS, default=[*LEARNERS])
    parser.add_argument("--updates", nargs="+", choices=UPDATES, default=[*UPDATES])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--seeds", type=int, default=5, help="how many")
    parser.add_argument("--rows", type=int, default=3000, help="training rows at most")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", metavar="FILE", help="JSON lines to append to")
    parser.add_argument("--summarise", metavar="FILE", help="run nothing, read this")
    parser.add_argument(
        "--strengths", action="store_true", help="also print every fixed strength"
    )
    parser.add_argument(
        "--table", action="store_true", help="print the default's table only"
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        default=0.2,
        help="points of validation error above the plain model's that are allowed",
    )
    return parser.parse_args()


def main():
    args = parse_arguments()
    records = Records(args.summarise).all() if args.summarise else run(args)
    if args.table:
        print_compact(records)
        return
    print_tables(records, args.tolerance / 100)
    print_summary(records, args.tolerance / 100)
    if args.strengths:
        print_strengths(records)


if __name__ == "__main__":
    main()
