"""What an update must achieve, and whether these rows show that it does."""

import math
from dataclasses import dataclass

from scipy.special import ndtri

from sklearn_graceful.report._outcomes import rate_bounds

# More labels than anybody has: "never".
_MOST_ROWS = 10**10


@dataclass(frozen=True)
class Check:
    """One criterion, and what the rows say of it.

    Attributes
    ----------
    name : str
        ``"negative flips"``, ``"accuracy"``, ``"slices"``, ``"critical rows"``, or
        that of a saved slice.
    verdict : {"pass", "fail", "undecided", "too few rows"}
        Of this criterion alone; the last one of saved slices only.
    reason : str
        The same in a sentence.
    further_rows : int or None
        Of an undecided one: how many more labelled rows would decide it if they are
        like these; None if no number would.
    """

    name: str
    verdict: str
    reason: str
    further_rows: int | None = None


def check_negative_flips(outcomes, max_nfr, confidence):
    """Whether the negative flip rate is within its budget."""
    rate = outcomes.nfr
    low, high = outcomes.nfr_bounds(confidence)
    least, most, allowed = map(share_text, (low, high, max_nfr))
    said = f"{share_text(rate)} of the rows are negative flips, {_sure(confidence)}"
    if high <= max_nfr:
        reason = f"{said} at most {most}; allowed {allowed}"
        return Check("negative flips", "pass", reason)
    if low > max_nfr:
        reason = f"{said} at least {least}; allowed {allowed}"
        return Check("negative flips", "fail", reason)

    def is_decided(factor):
        low, high = rate_bounds(rate, factor * outcomes.n_effective, confidence)
        return high <= max_nfr or low > max_nfr

    reason = f"{said} between {least} and {most}; allowed {allowed}"
    further = _further_rows(is_decided, len(outcomes))
    return Check("negative flips", "undecided", reason, further)


def check_accuracy(outcomes, min_gain, confidence):
    """Whether the accuracy gains enough; None: only a sure loss counts against it."""
    # The ends of a two-sided interval, each with the confidence of one side.
    gain, low, high = outcomes.interval("accuracy_difference", 2 * confidence - 1)
    said = (
        f"the accuracy changes by {points_text(gain)}, {_sure(confidence)} between "
        f"{points_text(low)} and {points_text(high)}"
    )
    if min_gain is None:
        verdict = "fail" if high < 0 else "pass"
        return Check("accuracy", verdict, f"{said}; no sure loss is allowed")
    reason = f"{said}; asked for {points_text(min_gain)}"
    if low >= min_gain:
        return Check("accuracy", "pass", reason)
    if high < min_gain:
        return Check("accuracy", "fail", reason)

    def is_decided(factor):
        return abs(gain - min_gain) * math.sqrt(factor) > (high - low) / 2

    further = _further_rows(is_decided, len(outcomes))
    return Check("accuracy", "undecided", reason, further)


def check_slices(slices, tolerance):
    """Whether any class or slice has surely lost more than is tolerated."""
    lost = [part for part in slices if part.has_lost]
    if not lost:
        reason = (
            f"of {len(slices)} classes and slices none has surely lost more than "
            f"{share_text(tolerance)} of accuracy"
        )
        return Check("slices", "pass", reason)
    worst = lost[0]
    more = f", and {len(lost) - 1} more" if len(lost) > 1 else ""
    reason = (
        f"{worst.name} changes in accuracy by {points_text(worst.gain.estimate)} "
        f"({worst.n_rows} rows){more}"
    )
    return Check("slices", "fail", reason)


def check_critical(is_critical, is_negative_flip):
    """Whether all critical rows are kept that the old model has right."""
    n_lost = int((is_critical & is_negative_flip).sum())
    n_critical = int(is_critical.sum())
    if n_lost:
        reason = f"{n_lost} of {n_critical} critical rows are negative flips"
        return Check("critical rows", "fail", reason)
    reason = f"none of {n_critical} critical rows is a negative flip"
    return Check("critical rows", "pass", reason)


def worst_verdict(checks):
    """Verdict of all criteria together."""
    order = ("fail", "undecided", "pass")
    return min((check.verdict for check in checks), key=order.index)


def smallest_detectable_loss(outcomes, confidence, power=0.8):
    """Loss of accuracy that so many rows with so many flips would mostly show."""
    flips = float(abs(outcomes.gain.astype(float)).mean())
    z = ndtri(confidence) + ndtri(power)
    return float(z * math.sqrt(max(flips, 1 / len(outcomes)) / outcomes.n_effective))


def _further_rows(is_decided, n_rows):
    """Least number of rows to add until the criterion is decided, or None."""
    most = _MOST_ROWS / n_rows
    if not is_decided(most):
        return None
    low, high = 1.0, most
    while (high - low) * n_rows > 0.5:
        middle = (low + high) / 2
        low, high = (low, middle) if is_decided(middle) else (middle, high)
    return math.ceil((high - 1) * n_rows)


def _sure(confidence):
    return f"with {100 * confidence:g} % confidence"


def share_text(share):
    """Write a share in percent."""
    return f"{100 * share:.2f} %"


def points_text(difference):
    """Write a difference of shares in points, with its sign."""
    return f"{100 * difference:+.2f} points"
