"""Linear quadratic fine-tuning beside ordinary fine-tuning.

    python -m benchmarks.lqf [--tasks "all rows" chain] [--seeds 5] [--jobs 2]
        [--json FILE] [--summarise FILE]

Tasks:

* "all rows": a conv net of 11,000 weights, trained on 1,000 rows of Fashion-MNIST, is
  updated on these and 1,000 more, LQF on the latter with the curvature of the former,
  as an old net knows its own rows too well to judge an update by them; and a tenth of
  the new rows is forgotten;
* "half of the classes": it is updated on new rows of five classes only, without any
  old row; LQF has the curvature of the old ones;
* "chain": five updates, each on 400 new rows, without any older one;
* "few characters", "few images": 1 to 20 rows of each class that a pretrained network
  does not know. Characters: a conv net that knows 200 others, all weights.
  Fashion-MNIST: EfficientNet-Lite0 at 64 x 64 pixels, its last block and head.

Rates and strengths of all ways of fine-tuning, and the probe's C, are chosen on 1,000
validation rows (8 or 50 a class in the low-shot tasks), of all classes: of those within
half a point of the highest accuracy, the one with the fewest negative flips; strengths
at the best rate without them. LQF and
PCClassifier have nothing chosen on them. Figures are of test rows, in %, with 95 %
t-intervals over seeds; seconds are of the processor, those of fine-tuning for all that
was tried. What is known is kept: a run that was stopped goes on from its FILE.
"""

import warnings
from dataclasses import asdict, dataclass

import numpy as np
import torch
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from benchmarks.flips.records import Records, arguments_of
from benchmarks.flips.tables import mean_cell
from benchmarks.lqf.tasks import TASKS


@dataclass(frozen=True)
class Trial:
    set: str
    seed: int
    update: str = "lqf"
    learner: str = "net"
    rows: int = 0


def run_trial(trial, file):
    """Run a task with one seed, unless `file` has all of it."""
    torch.set_num_threads(1)
    records = Records(file)
    if any(record["method"] == "end" for record in records.of_trial(trial)):
        return records.of_trial(trial)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Conjugate gradients have not converged")
        for found in TASKS[trial.set](trial.seed):
            records.append([asdict(trial) | found])
    records.append([asdict(trial) | {"method": "end"}])
    return records.of_trial(trial)


def run(args):
    trials = [Trial(name, seed) for seed in range(args.seeds) for name in args.tasks]
    jobs = Parallel(n_jobs=args.jobs)(delayed(run_trial)(t, args.json) for t in trials)
    return [record for trial in jobs for record in trial]


def print_tables(records):
    for name in TASKS:
        by_way = {}
        for one in records:
            if one["set"] == name and one["method"] != "end":
                by_way.setdefault(one["method"], []).append(one)
        if by_way:
            print_table(name, by_way)


def print_table(name, by_way):
    keys = {key: None for runs in by_way.values() for key in runs[0]}
    own = ("set", "seed", "update", "learner", "rows", "method")
    columns = [key for key in keys if key not in own]
    n_seeds = max(map(len, by_way.values()))
    print(f"\n{name}, {n_seeds} seeds")
    print(f"{'':20}" + "".join(f"{column[:17]:>18}" for column in columns))
    for way, runs in by_way.items():
        values = [[run[c] for run in runs if c in run] for c in columns]
        cells = [_cell(column, v) for column, v in zip(columns, values, strict=True)]
        print(f"{way:20}" + "".join(f"{cell:>18}" for cell in cells))
    if name.startswith("few"):
        print_gains(by_way)


def _cell(column, values):
    if not values:
        return ""
    if column in ("accuracy", "nfr", "lost"):
        return mean_cell(values)
    return f"{np.mean(values):.3g}"


def print_gains(by_way):
    """LQF over the probe and over fine-tuning, seed by seed."""
    for way, runs in by_way.items():
        kind, _, shots = way.partition(", ")
        if kind == "LQF":
            for other in ("probe", "fine-tuned"):
                others = {r["seed"]: r for r in by_way[f"{other}, {shots}"]}
                gains = [r["accuracy"] - others[r["seed"]]["accuracy"] for r in runs]
                print(f"LQF - {other}, {shots} rows a class: {mean_cell(gains)}")


def main():
    args = arguments_of(__doc__, tasks=TASKS)
    print_tables(Records(args.summarise).all() if args.summarise else run(args))


if __name__ == "__main__":
    main()
