"""How far the calibration rows allow to go, and what to say if there are too few."""

from sklearn_graceful._warn import warn_user
from sklearn_graceful.flip_control import (
    allowed_flips,
    largest_new_share,
    rows_needed,
)


def farthest_within(times, max_nfr, *, parameter, rows, **certificate):
    """Largest share of the new model within a budget; warns of too few rows.

    `times` are the rows' flip times, `parameter` and `rows` what the user calls budget
    and rows, and the certificate is that of ``flip_control.allowed_flips``.
    """
    allowed = allowed_flips(len(times), max_nfr, **certificate)
    if allowed < 0:
        needed = rows_needed(max_nfr, **certificate)
        warn_user(
            f"{len(times)} {rows} cannot certify {parameter}={max_nfr}, which takes "
            f"{needed} or more. The old model is kept as it is (new_share_ = 0)."
        )
    return largest_new_share(times, allowed)


def warn_of_no_critical_row(n_marked):
    """Warn that none of the marked rows says anything about flips."""
    warn_user(
        f"None of the {n_marked} critical rows is a calibration row: nothing limits "
        "their flips."
    )
