"""A report as text for terminals and logs."""

import textwrap

from sklearn_graceful.report._criteria import points_text, share_text

_HEADLINES = {
    "pass": "PASS: the new model may replace the old one",
    "fail": "FAIL: the new model should not replace the old one",
    "undecided": "UNDECIDED: these rows do not say whether it may replace the old one",
}
_FIGURES = {
    "acc_old": "accuracy, old",
    "acc_new": "accuracy, new",
    "negative_flip_rate": "negative flips",
    "positive_flip_rate": "positive flips",
    "relative_negative_flip_rate": "relative NFR",
    "churn_rate": "churn",
}
_MOST_SLICES, _MOST_FLIPS = 5, 5
_WIDTH = 88


def headline(report):
    """Verdict in a sentence."""
    return _HEADLINES[report.verdict]


def as_text(report):
    """Verdict, criteria, figures, lost slices, worst flips, what was not checked."""
    parts = [
        [headline(report)],
        [line for check in report.checks for line in _check(check)],
        [_figures_of(report)],
        _slices(report),
        _flips(report),
        ["Not checked:", *_sentences(report.not_checked)],
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def _check(check):
    start = f"  {check.verdict:10} {check.name:15} "
    reason = check.reason
    if check.verdict == "undecided":
        reason += f"; {further_text(check.further_rows)}"
    return textwrap.wrap(
        reason, _WIDTH, initial_indent=start, subsequent_indent=" " * len(start)
    )


def further_text(further_rows):
    """What an undecided criterion needs."""
    if further_rows is None:
        return "no number of further rows like these would decide it"
    rounded = int(float(f"{further_rows:.1e}"))  # two digits say as much as is known
    return f"about {rounded:,} further labelled rows like these would decide it"


def _figures_of(report):
    rows = [f"{report.n_rows:,} rows"]
    for name, title in _FIGURES.items():
        value, low, high = report.figures[name]
        text = (
            f"{value:10.2f}   [{low:.2f}, {high:.2f}]"
            if name.startswith("relative")
            else f"{100 * value:8.2f} %   [{100 * low:.2f}, {100 * high:.2f}]"
        )
        rows.append(f"  {title:16}{text}")
    if report.seed_floor is not None:
        floor = share_text(report.seed_floor.estimate)
        rows.append(
            f"  {'seed floor':16}{floor:>10}   (between two runs of the recipe)"
        )
    if report.mcnemar_pvalue is not None:
        rows.append(f"  {'McNemar, mid-p':16}{report.mcnemar_pvalue:10.2g}")
    for side, calibration in report.calibration.items():
        if calibration is not None:
            error = share_text(calibration.calibration_error)
            rows.append(f"  {'calibration, ' + side:16}  {error} off")
    power = report.power
    rows.append(
        f"  negative flip rates above {share_text(power.ruled_out_nfr)} are ruled out, "
        f"at best {share_text(power.least_nfr)} could be"
    )
    return "\n".join(rows)


def _slices(report):
    lost = report.lost_slices
    if not lost:
        return []
    lines = ["Lost slices, of the rows that they were not found on:"]
    for part in lost[:_MOST_SLICES]:
        change = points_text(part.gain.estimate)
        lines.append(
            f"  {part.name}: {change}, {part.n_rows} rows, p {part.pvalue:.2g}"
        )
    if len(lost) > _MOST_SLICES:
        lines.append(f"  and {len(lost) - _MOST_SLICES} more")
    return lines


def _flips(report):
    if not report.flips:
        return []
    lines = ["Worst negative flips:"]
    for flip in report.flips[:_MOST_FLIPS]:
        line = f"  row {flip.id}: {flip.true!r}, the new model says {flip.new!r}"
        if flip.new_confidence is not None:
            line += f" ({100 * flip.new_confidence:.0f} % sure)"
        lines.append(line)
    return lines


def _sentences(sentences):
    return [
        line
        for sentence in sentences
        for line in textwrap.wrap(
            sentence, _WIDTH, initial_indent="  * ", subsequent_indent="    "
        )
    ]
