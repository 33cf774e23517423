"""Draw the negative and positive flip rates of slices, with their intervals."""

from textwrap import wrap

import numpy as np

from sklearn_graceful.inspection import _style as style

# Of a slice's name, with its number of rows.
_LINE_LETTERS, _MOST_LINES = 30, 3
# Told apart by shape and place as well as by colour: name, colour, marker, row offset.
_RATES = {
    "nfr": ("negative flips", style.ORANGE, "o", -0.16),
    "pfr": ("positive flips", style.BLUE, "s", 0.16),
}


def draw_slice_rates(ax, slices, counts, n_more):
    """Draw a line for each slice, the first on top.

    Parameters
    ----------
    ax : matplotlib Axes
    slices : sequence of Slice
        Those to draw; at least one.
    counts : FlipCounts
        Of all rows, for the rates to compare with.
    n_more : int
        Slices that are not drawn, for the text below.

    Returns
    -------
    bars : dict of ErrorbarContainer
        By ``"nfr"`` and ``"pfr"``.
    """
    overall = {"nfr": counts.negative_flip_rate, "pfr": counts.positive_flip_rate}
    bars = {}
    for name, (said, colour, marker, offset) in _RATES.items():
        share = overall[name]
        line = {"color": colour, "lw": 1, "zorder": 1}
        ax.axvline(share, ls="--" if name == "nfr" else (0, (1, 2)), **line)
        said = f"{said} (all rows {style.percent(share)})"
        bars[name] = _draw_rates(ax, slices, name, offset, colour, marker, said)
    _name_slices(ax, slices)
    style.open_frame(ax)
    # Points at 0 are to be whole.
    ax.set_xlim(left=-0.02 * ax.get_xlim()[1])
    style.percent_ticks(ax.xaxis, 4)
    more = f"\n({n_more} more, with less sure losses)" if n_more else ""
    ax.set_xlabel(f"flips, share of the slice{more}")
    _place_legend(ax)
    return bars


def _draw_rates(ax, slices, name, offset, colour, marker, said):
    rates = np.array([getattr(part, name) for part in slices], dtype=float)
    estimate, low, high = rates.T
    # A slice without weight has no rate, and no interval.
    ends = np.nan_to_num([estimate - low, high - estimate]).clip(0)
    look = {"color": colour, "fmt": marker, "ms": 5, "elinewidth": 1.5, "capsize": 2}
    y = np.arange(len(slices)) + offset
    return ax.errorbar(estimate, y, xerr=ends, **look, label=said)


def _name_slices(ax, slices):
    ax.set_yticks(np.arange(len(slices)), [slice_name(part) for part in slices])
    ax.tick_params(axis="y", length=0, labelsize="small")
    for text, part in zip(ax.get_yticklabels(), slices, strict=True):
        text.set_fontweight("bold" if part.has_lost else "normal")
    # Few slices stay as thin as many.
    ax.set_ylim(max(len(slices), 4) - 0.5, -0.5)


def slice_name(part):
    """Name of a slice and its number of rows, on three lines at most."""
    rows = f"{'lost, ' if part.has_lost else ''}{part.n_rows:,} rows"
    lines = wrap(f"{part.name}, {rows}", _LINE_LETTERS)
    if len(lines) <= _MOST_LINES:
        return "\n".join(lines)
    (name,) = style.short_names([part.name], [0], "slices")
    return f"{name},\n{rows}"


def _place_legend(ax):
    """Give a legend above, where no slice is."""
    place = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.2}
    ax.legend(**place, frameon=False, fontsize="small")
