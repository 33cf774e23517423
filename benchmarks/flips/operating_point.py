"""Choose the strength on validation rows, then look at test rows."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from sklearn_graceful.metrics import FlipCounts


def choose(plain, candidates, tolerance):
    """Pick the candidate with the fewest validation flips at next to no cost.

    Parameters
    ----------
    plain : dict
        The plain model, which is what one falls back to.
    candidates : list of dict
        With flip counts of the ``"validation"`` rows.
    tolerance : float
        How much higher than the plain model's the validation error may be.

    Returns
    -------
    chosen : dict
        The only candidate, `plain`, or one of several. Ties go to the lower error, then
        to `plain`.
    """
    limit = FlipCounts(*plain["validation"]).err_new + tolerance + 1e-12

    def figures(candidate):
        counts = FlipCounts(*candidate["validation"])
        return counts.negative_flip_rate, counts.err_new

    if len(candidates) == 1:
        return candidates[0]
    allowed = [c for c in candidates if figures(c)[1] <= limit]
    return min([plain, *allowed], key=figures)


@dataclass
class Group:
    """Test results of an update and a learner at the operating points.

    Attributes
    ----------
    counts : dict
        ``counts[set][method][seed]`` is a FlipCounts; the methods include ``"floor"``.
    costs : dict
        ``costs[set][method][seed]``: CPU seconds of the method's fits, in those of one
        plain fit.
    kept : dict
        ``kept[set][method]``: seeds where the plain model was chosen.
    reasons : dict
        ``reasons[method]``: why it was not run.
    """

    counts: dict = field(default_factory=lambda: defaultdict(lambda: defaultdict(dict)))
    costs: dict = field(default_factory=lambda: defaultdict(lambda: defaultdict(dict)))
    kept: dict = field(default_factory=lambda: defaultdict(Counter))
    reasons: dict = field(default_factory=dict)


def chosen(records, tolerance):
    """Test results at the operating points.

    Parameters
    ----------
    records : list of dict
        Of any number of trials.
    tolerance : float or None
        See :func:`choose`. None: every record has one candidate, which is taken.

    Returns
    -------
    groups : dict
        ``groups[update, learner]`` is a Group.
    """
    plain = {_trial(r): r for r in records if r["method"] == "none"}
    groups = defaultdict(Group)
    for record in records:
        if _trial(record) not in plain:
            continue
        group = groups[record["update"], record["learner"]]
        name, method, seed = record["set"], record["method"], record["seed"]
        if "skipped" in record:
            group.reasons[method] = record["skipped"]
            continue
        baseline = plain[_trial(record)]
        own = baseline["candidates"][0]
        point = record["candidates"][0]
        if tolerance is not None:
            point = choose(own, record["candidates"], tolerance)
        group.kept[name][method] += point is own
        group.counts[name][method][seed] = FlipCounts(*point["test"])
        group.costs[name][method][seed] = record["seconds"] / baseline["seconds"]
        if record is baseline:
            group.counts[name]["floor"][seed] = FlipCounts(*record["floor"])
    return groups


def at_fixed_strengths(records):
    """Split records by strength: each candidate becomes a method of its own."""
    return [
        {
            **record,
            "method": _name(record, candidate),
            "candidates": [candidate],
            "seconds": candidate["seconds"],
        }
        for record in records
        for candidate in record.get("candidates", [])
    ]


def _name(record, candidate):
    params = ",".join(f"{k}={v}" for k, v in candidate["params"].items())
    return f"{record['method']} {params}".strip()


def _trial(record):
    return tuple(record[k] for k in ("set", "update", "learner", "seed", "rows"))
