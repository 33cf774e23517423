"""Negative flips relative to plain retraining, over all sets of a learner."""

from collections import Counter

import numpy as np

from benchmarks.flips.operating_point import at_fixed_strengths, chosen_counts

FEWEST_FLIPS = 10
N_RESAMPLES = 2000


def pooled_ratio(flips, plain):
    """``(sum flips + 1/2) / (sum plain + 1/2)``; sums over the last axis, seeds."""
    return (np.sum(flips, axis=-1) + 0.5) / (np.sum(plain, axis=-1) + 0.5)


def geometric_mean(ratios):
    """Geometric mean over the first axis, sets."""
    return np.exp(np.mean(np.log(ratios), axis=0))


def interval_of_mean(flips_by_set, plain_by_set, confidence=0.95):
    """Interval of the geometric mean ratio, from resampling the seeds of each set."""
    rng = np.random.default_rng(0)
    ratios = []
    for flips, plain in zip(flips_by_set, plain_by_set, strict=True):
        seeds = rng.integers(0, len(flips), (N_RESAMPLES, len(flips)))
        ratios.append(pooled_ratio(np.take(flips, seeds), np.take(plain, seeds)))
    tail = (1 - confidence) / 2
    return np.quantile(geometric_mean(ratios), [tail, 1 - tail])


def print_summary(records, tolerance):
    counts, _, kept = chosen_counts(records, tolerance)
    for (update, learner), sets in counts.items():
        _print_learner(update, learner, sets)
        _print_kept(kept[update, learner], sets)
    for learner in dict.fromkeys(learner for _, learner in counts):
        groups = {u: sets for (u, own), sets in counts.items() if own == learner}
        if len(groups) > 1:
            merged = {
                f"{name}/{update}": methods
                for update, sets in groups.items()
                for name, methods in sets.items()
            }
            _print_learner("all updates", learner, merged)


def print_strengths(records):
    """Print the same ratios for every strength on its own: nothing is chosen."""
    counts, _, _ = chosen_counts(at_fixed_strengths(records), tolerance=None)
    for (update, learner), sets in counts.items():
        _print_learner(update, learner, sets, against_mean=False)


def _print_kept(kept, sets):
    """Say how often no strength was allowed and better on validation rows."""
    seeds = sum(len(methods["none"]) for methods in sets.values())
    total = Counter()
    for by_method in kept.values():
        total.update(by_method)
    cells = [f"{method} {n}" for method, n in total.items() if method != "none"]
    print(f"  plain model chosen, of {seeds}: {', '.join(cells)}")


def _print_learner(update, learner, sets, *, against_mean=True):
    print(f"\n{learner}, {update}: NFR relative to plain retraining")
    methods = dict.fromkeys(m for by_method in sets.values() for m in by_method)
    width = max(map(len, methods)) + 1
    for method in methods:
        if method not in ("none", "floor"):
            print(f"{method:{width}}{_figures(method, sets, against_mean)}")
    low = [name for name in sets if _plain_flips(sets[name]) < FEWEST_FLIPS]
    if low:
        print(f"  * fewer than {FEWEST_FLIPS} plain flips, not in the mean")


def _figures(method, sets, against_mean):
    flips, plain, cost, listed, contest = [], [], [], [], np.zeros(3, int)
    for name, methods in sets.items():
        seeds = [s for s in methods["none"] if s in methods[method]]
        if not seeds:
            continue
        own, base = (_flips(methods[m], seeds) for m in (method, "none"))
        few = _plain_flips(methods) < FEWEST_FLIPS
        listed.append(f"{name}{'*' * few} {pooled_ratio(own, base):.2f}")
        if against_mean:
            contest += _against_mean(methods, method, seeds)
        if not few:
            flips.append(own)
            plain.append(base)
            cost.append(_error_cost(methods, method, seeds))
    return f"{_overall(flips, plain, cost, contest)} | {', '.join(listed)}"


def _overall(flips, plain, cost, contest):
    if not flips:
        return "  too few flips"
    pairs = zip(flips, plain, strict=True)
    ratio = geometric_mean([pooled_ratio(*pair) for pair in pairs])
    low, high = interval_of_mean(flips, plain)
    wins, ties, _ = contest
    text = f"{ratio:5.2f} [{low:.2f}, {high:.2f}], error {np.mean(cost):+.2f} points"
    if contest.any():
        text += f", beats the mean {wins} of {contest.sum()} ({ties} ties)"
    return text


def _flips(by_seed, seeds):
    return [by_seed[seed].negative_flips for seed in seeds]


def _plain_flips(methods):
    return sum(c.negative_flips for c in methods["none"].values())


def _error_cost(methods, method, seeds):
    """Points of test error above the plain model's."""
    return 100 * np.mean(
        [methods[method][s].err_new - methods["none"][s].err_new for s in seeds]
    )


def _against_mean(methods, method, seeds):
    """Seeds with fewer, as many and more flips than the mean of old and new."""
    seeds = [seed for seed in seeds if seed in methods["mean"]]
    difference = np.subtract(
        _flips(methods[method], seeds), _flips(methods["mean"], seeds)
    )
    return np.array([(np.sign(difference) == s).sum() for s in (-1, 0, 1)])
