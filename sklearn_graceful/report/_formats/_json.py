"""A report as JSON."""

import json
import math
from dataclasses import asdict

# Raised when a field changes its name or meaning; new fields do not count.
SCHEMA_VERSION = 1


def as_json(report):
    """All fields of a report; what is undefined is null."""
    content = {"schema_version": SCHEMA_VERSION, **asdict(report)}
    content["figures"] = _intervals(report.figures)
    content["seed_floor"] = _interval(report.seed_floor)
    for part, written in zip(report.slices, content["slices"], strict=True):
        for name in ("gain", "nfr", "pfr"):
            written[name] = _interval(getattr(part, name))
    return json.dumps(_defined(content), indent=1, default=str)


def _intervals(figures):
    return {name: _interval(figure) for name, figure in figures.items()}


def _interval(interval):
    return None if interval is None else interval._asdict()


def _defined(value):
    """JSON knows neither nan nor infinity."""
    if isinstance(value, dict):
        return {str(key): _defined(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_defined(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
