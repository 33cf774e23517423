"""What displays of the path of an update share."""

import numpy as np

from sklearn_graceful.inspection import _style as style


class PathDisplay:
    """Base: a curve of right or wrong rows, and that of the NFR below it."""

    def _start(self, ax):
        """Make the two axes."""
        self.ax_, self.ax_nfr_ = style.make_two_axes(
            type(self).__name__, ax, (6, 5), side="bottom", size="90%", pad=0.15
        )
        self.figure_ = self.ax_.figure
        self.ax_.tick_params(labelbottom=False)
        self.points_ = []

    def _draw_curve(self, ax, name, colour, x, values, chosen, **look):
        """Draw values in %, and the one that holds at the chosen x, if there is one."""
        (line,) = ax.plot(x, values, color=colour, lw=2, **look)
        if chosen is not None:
            ax.axvline(chosen, color="0.6", lw=1, zorder=0)
            # What holds there is what held at the last point up to there.
            last = np.searchsorted(x, chosen, side="right") - 1
            point = {"marker": "o", "ms": 8, "color": colour, "zorder": 3}
            self.points_ += ax.plot(chosen, values[last], **point)
        ax.set_ylabel(name)
        style.percent_ticks(ax.yaxis)
        style.open_frame(ax)
        ax.margins(x=0.02)
        return line

    def _set_nfr_limits(self, *shown):
        """Begin at 0 and end above all NFRs that are shown."""
        highest = max(1e-3, *shown)
        self.ax_nfr_.set_ylim(-0.03 * highest, 1.2 * highest)

    def _set_title(self, said):
        said = said if self.rows is None else f"{said} ({self.rows})"
        style.set_title(self.ax_, said)


def has_rows(X, y):
    """Whether rows are given; ValueError if it is they or their labels alone."""
    if (X is None) != (y is None):
        raise ValueError("Rows need their labels: give X and y, or neither.")
    return X is not None
