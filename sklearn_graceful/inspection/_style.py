"""How all displays look: matplotlib, axes, colours, names and percentages."""

# Negative flips are the darkest, also in greyscale; blue against orange is a pair that
# colour-blind readers tell apart.
ORANGE, BLUE, PALE_BLUE = "#a63603", "#2171b5", "#c6dbef"
LIGHT_GREY, GREY, MUTED = "#f2f2f2", "#cccccc", "0.45"
# Room that a letter of a name takes.
LETTER_INCHES = 0.08
_LONGEST_NAME = 28
_MEASURE_NAMES = {"map": "mAP", "ndcg": "nDCG", None: "quality"}


def make_axes(display, ax, figsize):
    """Axes of a new figure, or `ax` itself."""
    plt = _import_pyplot(display)
    if ax is None:
        _, ax = plt.subplots(figsize=figsize, layout="constrained")
    return ax


def make_two_axes(display, ax, figsize, *, side, size, pad):
    """Axes and others at their "right", or their "bottom" with the same x."""
    plt, below = _import_pyplot(display), side == "bottom"
    if ax is None:
        shape = (2, 1) if below else (1, 2)
        options = {"figsize": figsize, "layout": "constrained", "sharex": below}
        return plt.subplots(*shape, **options)[1]
    from mpl_toolkits.axes_grid1 import make_axes_locatable

    options = {"size": size, "pad": pad, "sharex": ax if below else None}
    return ax, make_axes_locatable(ax).append_axes(side, **options)


def _import_pyplot(display):
    """Import pyplot, or say which display needs it and how to install it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{display} draws with matplotlib, which is not installed: "
            "pip install sklearn-graceful[plot]"
        ) from error
    return plt


def set_title(ax, said):
    """Write the headline, of one line or two."""
    ax.set_title(said, loc="left", fontsize="medium", linespacing=1.4)


def open_frame(ax):
    """Leave only the left and the lower side of the frame."""
    ax.spines[["top", "right"]].set_visible(False)


def remove_frame(ax):
    """Leave only the names of the ticks."""
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def add_cell(ax, row, column, colour, *, size=1.0, **style):
    """Fill a square around a cell of a table."""
    from matplotlib.patches import Rectangle

    corner = (column - size / 2, row - size / 2)
    ax.add_patch(Rectangle(corner, size, size, facecolor=colour, **style))


def write_cell(ax, row, column, said, **style):
    """Write into the middle of a cell of a table."""
    return ax.text(column, row, said, ha="center", va="center", **style)


def name_level(ax, said, level, *, right=False, below=False):
    """Write what a horizontal line is, at one of its ends."""
    ax.annotate(
        said,
        (int(right), level),
        xycoords=("axes fraction", "data"),
        xytext=(-4 if right else 4, -2 if below else 2),
        textcoords="offset points",
        ha="right" if right else "left",
        va="top" if below else "bottom",
        fontsize="small",
    )


def legend_below(ax):
    """Give a legend below the name of the x axis, however high the axes are."""
    from matplotlib.transforms import ScaledTranslation

    down = ScaledTranslation(0, -34 / 72, ax.figure.dpi_scale_trans)
    place = {"loc": "upper left", "bbox_to_anchor": (0, 0), "ncols": 2}
    ax.legend(
        **place,
        bbox_transform=ax.transAxes + down,
        frameon=False,
        fontsize="small",
        borderaxespad=0.2,
        borderpad=0.2,
    )


def percent(share, digits=1, unit=" %"):
    """Write a share in %."""
    return f"{100 * share:.{digits}f}{unit}"


def percent_tick(share, _=None):
    """Write a share in % with no more digits than it has."""
    # Places of ticks are not quite round.
    return f"{round(100 * share, 9):g} %"


def percent_ticks(axis, n_ticks=5):
    """Give an axis about so many ticks, in %."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=n_ticks, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(percent_tick)


def short_names(display_labels, default, things):
    """Names of `things`, by `default` or by as many labels."""
    labels = default if display_labels is None else display_labels
    if len(labels) != len(default):
        raise ValueError(
            f"display_labels has {len(labels)} names for {len(default)} {things}."
        )
    return [_short(str(label)) for label in labels]


def _short(name):
    """Cut a long name in the middle: long names often differ at their end only."""
    if len(name) <= _LONGEST_NAME:
        return name
    half = _LONGEST_NAME // 2
    return f"{name[:half].rstrip()}…{name[-half:].lstrip()}"


def measure_name(measure):
    """Name of a measure of retrieval as papers write it."""
    return _MEASURE_NAMES.get(measure, measure)
