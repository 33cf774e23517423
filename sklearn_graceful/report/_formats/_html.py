"""A report as one page that needs no network."""

import math
from functools import cache

from sklearn_graceful.metrics import FLIP_FIGURES
from sklearn_graceful.report._criteria import points_text, share_text
from sklearn_graceful.report._formats._text import further_text, headline

_COUNTS = {
    "both_right": "both right",
    "positive_flips": "only the new one right",
    "negative_flips": "only the old one right (negative flips)",
    "both_wrong": "both wrong",
}
_MOST_SLICES = 100
# Beyond, a picture of changes would show the smallest slice only.
_WIDEST = 1.0


@cache
def _template():
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("sklearn_graceful.report._formats"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "share": share_text,
        "points": points_text,
        "number": _number,
        "defined": math.isfinite,
    }
    return environment.get_template("report.html")


def as_html(report, whole_page=True):
    """Fill the template; a part of a page for notebooks, which have their own."""
    shown = report.slices[:_MOST_SLICES]
    return _template().render(
        report=report,
        whole_page=whole_page,
        headline=headline(report),
        further_text=further_text,
        counts=[
            (name, title, getattr(report.counts, name))
            for name, title in _COUNTS.items()
        ],
        figures=[
            (name, FLIP_FIGURES[name].formula, FLIP_FIGURES[name].kind, interval)
            for name, interval in report.figures.items()
        ],
        shown_slices=shown,
        reach=_reach(shown),
        flip_reach=_flip_reach(shown),
    )


def _number(value):
    return f"{value:.3g}" if math.isfinite(value) else "undefined"


def _reach(slices):
    """Largest change that intervals of slices show, for the scale of the picture."""
    ends = [
        abs(end)
        for part in slices
        for end in (part.gain.low, part.gain.high)
        if math.isfinite(end)
    ]
    return min(max([0.01, *ends]), _WIDEST)


def _flip_reach(slices):
    """Largest flip rate of slices, likewise."""
    rates = [rate.estimate for part in slices for rate in (part.nfr, part.pfr)]
    return max([0.01, *rates])
