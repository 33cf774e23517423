"""How far the calibration rows allow to go, and what to say if there are too few."""

import math

from sklearn_graceful._warn import warn_user
from sklearn_graceful.flip_control import (
    allowed_flips,
    largest_new_share,
    risk_bound,
    rows_needed,
)


def farthest_within(times, max_nfr, *, parameter, rows, strict=False, **certificate):
    """Largest share of the new model within a budget; warns of too few rows.

    `times` are the rows' flip times, `parameter` and `rows` what the user calls budget
    and rows, and the certificate is that of ``flip_control.allowed_flips``. `strict`
    raises instead.
    """
    n_rows = len(times)
    allowed = allowed_flips(n_rows, max_nfr, **certificate)
    if allowed < 0:
        needed, least = rows_needed(max_nfr, **certificate), 1.0
        if n_rows:
            least = risk_bound(0, n_rows, **certificate)
        _say(
            f"{n_rows} {rows} cannot certify {parameter}={max_nfr}, which takes "
            f"{'more than any number' if needed == math.inf else f'{needed} or more'}; "
            f"the least that they can is {_rounded_up(least)}.",
            "The old model is kept as it is (new_share_ = 0).",
            strict,
        )
    return largest_new_share(times, allowed)


def warn_of_no_critical_row(n_marked, strict):
    """Warn that none of the marked rows says anything about flips."""
    _say(
        f"None of the {n_marked} critical rows is a calibration row: nothing limits "
        "their flips.",
        "",
        strict,
    )


def _say(what, consequence, strict):
    """Warn of something with what follows from it, or raise."""
    if strict:
        raise ValueError(what)
    warn_user(f"{what} {consequence}".rstrip())


def _rounded_up(share):
    """To four digits after the point, so that it is enough."""
    return math.ceil(share * 10_000) / 10_000
