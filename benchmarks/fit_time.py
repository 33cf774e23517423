"""What the default method costs in plain fits: CPU time and peak memory.

    python benchmarks/fit_time.py [--learners net lightgbm] [--rows 100000]
        [--repeats 3]

Rows of `make_classification` with 30 columns and 4 classes; the old model is a plain
one of the same learner, from a quarter of them. One thread. Medians of CPU seconds,
plain fit and default in turn. Memory is the peak of a process that fits once, less that
of one that makes the rows and fits five hundred of them in both ways, which imports
everything.
"""

import argparse
import resource
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context

import torch
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from sklearn_graceful import PCClassifier

N_ROWS = (1000, 4000, 20_000)


def lightgbm():
    from lightgbm import LGBMClassifier

    return LGBMClassifier(verbose=-1, n_jobs=1)


LEARNERS = {
    "net": lambda: None,
    "boosting": HistGradientBoostingClassifier,
    "lightgbm": lightgbm,
}


def make_rows(n_rows):
    return make_classification(
        n_rows, 30, n_informative=10, n_classes=4, random_state=0
    )


def fit_plain(learner, X, y, seed=0):
    return PCClassifier(LEARNERS[learner](), random_state=seed).fit(X, y)


def fit_default(learner, X, y, old, seed=0):
    model = PCClassifier(LEARNERS[learner](), old_model=old, random_state=seed)
    return model.fit(X, y)


def fit_old(learner, X, y):
    return fit_plain(learner, X[: len(X) // 4], y[: len(X) // 4], seed=1)


def seconds(learner, n_rows, repeats):
    """Medians of CPU seconds: plain, default."""
    X, y = make_rows(n_rows)
    old = fit_old(learner, X, y)  # also warms up
    fits = {
        "plain": lambda seed: fit_plain(learner, X, y, seed),
        "default": lambda seed: fit_default(learner, X, y, old, seed),
    }
    runs = {name: [] for name in fits}
    for seed in range(repeats):
        for name, fit in fits.items():
            start = time.process_time()
            fit(seed)
            runs[name].append(time.process_time() - start)
    return [statistics.median(values) for values in runs.values()]


def peak_memory(learner, n_rows, what):
    """Largest resident MiB of this process, after it did what is said."""
    torch.set_num_threads(1)
    with threadpool_limits(1):
        X, y = make_rows(n_rows)
        few = X[:500], y[:500]
        fit_default(learner, *few, fit_old(learner, *few))
        if what == "plain":
            fit_plain(learner, X, y)
        if what == "default":
            fit_default(learner, X, y, fit_old(learner, X, y))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def memory(learner, n_rows):
    """MiB above the base: plain, default."""
    peaks = []
    for what in ("base", "plain", "default"):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            peaks.append(pool.submit(peak_memory, learner, n_rows, what).result())
    base, *fits = peaks
    return [peak - base for peak in fits]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learners", nargs="+", choices=LEARNERS, default=[*LEARNERS])
    parser.add_argument("--rows", nargs="+", type=int, default=N_ROWS)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    learners = arguments.learners
    if "lightgbm" in learners and find_spec("lightgbm") is None:
        print("skipped lightgbm: not installed")
        learners = [name for name in learners if name != "lightgbm"]
    cases = [(learner, n_rows) for n_rows in arguments.rows for learner in learners]
    # First: a process counts in its peak what its parent had when it was started.
    mebibytes = {case: memory(*case) for case in cases}
    torch.set_num_threads(1)
    print(f"{'':17}{'CPU seconds':>27}{'peak MiB':>18}")
    columns = ("plain", "default", "ratio", "plain", "default")
    print(f"{'learner':10}{'rows':>7}" + "".join(f"{name:>9}" for name in columns))
    for case in cases:
        with threadpool_limits(1):
            plain, default = seconds(*case, arguments.repeats)
        line = (
            f"{case[0]:10}{case[1]:7}{plain:9.2f}{default:9.2f}{default / plain:9.1f}"
        )
        print(line + "".join(f"{mib:9.1f}" for mib in mebibytes[case]), flush=True)


if __name__ == "__main__":
    main()
