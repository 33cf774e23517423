"""Choose the strength on validation rows, then look at test rows."""

from collections import Counter, defaultdict

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


def chosen_counts(records, tolerance):
    """Test counts at the operating points.

    Parameters
    ----------
    records : list of dict
        Of any number of trials.
    tolerance : float or None
        See :func:`choose`. None: every record has one candidate, which is taken.

    Returns
    -------
    counts : dict
        ``counts[update, learner][set][method][seed]`` is a FlipCounts; the methods
        include ``"floor"``.
    reasons : dict
        ``reasons[update, learner][method]``: why it was not run.
    kept : dict
        ``kept[update, learner][set][method]``: seeds where the plain model was chosen.
    """
    plain = {_trial(r): r for r in records if r["method"] == "none"}
    counts = defaultdict(lambda: defaultdict(lambda: defaultdict(dict)))
    reasons = defaultdict(dict)
    kept = defaultdict(lambda: defaultdict(Counter))
    for record in records:
        if _trial(record) not in plain:
            continue
        group = record["update"], record["learner"]
        methods = counts[group][record["set"]]
        if "skipped" in record:
            reasons[group][record["method"]] = record["skipped"]
            continue
        baseline = plain[_trial(record)]
        own = baseline["candidates"][0]
        point = record["candidates"][0]
        if tolerance is not None:
            point = choose(own, record["candidates"], tolerance)
        kept[group][record["set"]][record["method"]] += point is own
        methods[record["method"]][record["seed"]] = FlipCounts(*point["test"])
        if record is baseline:
            methods["floor"][record["seed"]] = FlipCounts(*record["floor"])
    return counts, reasons, kept


def at_fixed_strengths(records):
    """Split records by strength: each candidate becomes a method of its own."""
    return [
        {**record, "method": _name(record, candidate), "candidates": [candidate]}
        for record in records
        for candidate in record.get("candidates", [])
    ]


def _name(record, candidate):
    params = ",".join(f"{k}={v}" for k, v in candidate["params"].items())
    return f"{record['method']} {params}".strip()


def _trial(record):
    return tuple(record[k] for k in ("set", "update", "learner", "seed", "rows"))
