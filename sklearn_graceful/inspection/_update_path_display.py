"""Draw what each step from the old model toward the new one costs and brings."""

import numpy as np

from sklearn_graceful.inspection._style import (
    BLUE,
    ORANGE,
    make_two_axes,
    name_level,
    open_frame,
    percent,
    percent_tick,
    percent_ticks,
    set_title,
)


class UpdatePathDisplay:
    """Draw accuracy and negative flip rate (NFR) along the way of an update.

    From the old model at the left to the new one at the right, with the share that
    :class:`FlipControlledClassifier` chose and its budget. Where the accuracy curve is
    flat and the NFR still rises, the rest of the way brings flips only.

    Use :meth:`from_estimator` rather than the constructor, unless the path was stored.

    Parameters
    ----------
    path : UpdatePath
        Arrays ``t``, ``nfr`` and ``accuracy``.
    new_share : float, default=None
        The chosen t. None: none is marked.
    max_nfr : float, default=None
        The budget. None: no line.
    rows : str, default=None
        What the rows are, for the title.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Holds the accuracy.
    ax_nfr_ : matplotlib Axes
        Holds the NFR, below it.
    figure_ : matplotlib Figure
        Holds both.
    line_accuracy_, line_nfr_ : matplotlib Line2D
        The curves.
    line_budget_ : matplotlib Line2D or None
        The budget.
    points_ : list of matplotlib Line2D
        The chosen share on both curves, if there is one.

    See Also
    --------
    sklearn_graceful.FlipControlledClassifier : Chooses the share.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.flip_control import UpdatePath
    >>> from sklearn_graceful.inspection import UpdatePathDisplay
    >>> stored = UpdatePath(
    ...     t=np.array([0.0, 0.5, 1.0]),
    ...     nfr=np.array([0.0, 0.01, 0.04]),
    ...     accuracy=np.array([0.90, 0.93, 0.92]),
    ... )
    >>> display = UpdatePathDisplay(stored, new_share=0.5, max_nfr=0.02).plot()
    >>> print(display.ax_.get_title(loc="left"))
    t = 0.50: NFR 1.0 %, accuracy 93.0 %
    """

    def __init__(self, path, *, new_share=None, max_nfr=None, rows=None):
        self.path = path
        self.new_share = new_share
        self.max_nfr = max_nfr
        self.rows = rows

    @classmethod
    def from_estimator(cls, estimator, X=None, y=None, *, ax=None):
        """Draw the path of a fitted classifier.

        Parameters
        ----------
        estimator : FlipControlledClassifier
            Fitted with an old model.
        X : array-like of shape (n, n_features), default=None
            Rows that took no part in ``fit``: an honest picture. None: the calibration
            rows, on which the share was chosen.
        y : array-like of shape (n,), default=None
            Their labels.
        ax : matplotlib Axes, default=None
            Where to draw, see :meth:`plot`.

        Returns
        -------
        display : UpdatePathDisplay

        Raises
        ------
        ValueError
            If the estimator has no old model, or only one of `X` and `y` is given.
        ImportError
            If matplotlib is not installed.
        """
        if (X is None) != (y is None):
            raise ValueError("Rows need their labels: give X and y, or neither.")
        if estimator.reference_ is None:
            raise ValueError("Without an old model there is no path of an update.")
        if X is None:
            path = estimator.path_
            rows = f"{len(estimator.flip_times_):,} calibration rows"
        else:
            path = estimator.update_path(X, y)
            rows = f"{len(y):,} given rows"
        display = cls(
            path, new_share=estimator.new_share_, max_nfr=estimator.max_nfr, rows=rows
        )
        return display.plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; the NFR takes a part of its place. None: a new figure.

        Returns
        -------
        display : UpdatePathDisplay
            Itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        self.ax_, self.ax_nfr_ = make_two_axes(
            "UpdatePathDisplay",
            ax,
            (6, 5),
            side="bottom",
            size="90%",
            pad=0.15,
            sharex=True,
        )
        self.figure_ = self.ax_.figure
        path, style = self.path, {"linewidth": 2, "drawstyle": "steps-post"}
        (self.line_accuracy_,) = self.ax_.plot(
            path.t, path.accuracy, color=BLUE, **style
        )
        (self.line_nfr_,) = self.ax_nfr_.plot(path.t, path.nfr, color=ORANGE, **style)
        self._draw_budget()
        self._draw_choice()
        self._label()
        return self

    def _draw_budget(self):
        self.line_budget_ = None
        if self.max_nfr is None:
            return
        ax = self.ax_nfr_
        self.line_budget_ = ax.axhline(self.max_nfr, color="black", ls="--", lw=1)
        name_level(ax, f"budget {percent_tick(self.max_nfr)}", self.max_nfr)

    def _draw_choice(self):
        self.points_ = []
        if self.new_share is None:
            return
        for ax, values, colour in (
            (self.ax_, self.path.accuracy, BLUE),
            (self.ax_nfr_, self.path.nfr, ORANGE),
        ):
            ax.axvline(self.new_share, color="0.6", lw=1, zorder=0)
            chosen = self._at_choice(values)
            self.points_ += ax.plot(self.new_share, chosen, "o", ms=8, color=colour)

    def _at_choice(self, values):
        # The curves are steps: what holds at t is what held at the last point up to t.
        last = np.searchsorted(self.path.t, self.new_share, side="right") - 1
        return values[last]

    def _label(self):
        for ax, name in ((self.ax_, "accuracy"), (self.ax_nfr_, "NFR")):
            ax.set_ylabel(name)
            percent_ticks(ax.yaxis)
            open_frame(ax)
            ax.margins(x=0.02)
        highest = max(self.path.nfr.max(), self.max_nfr or 0, 1e-3)
        self.ax_nfr_.set_ylim(-0.03 * highest, 1.2 * highest)
        self.ax_.tick_params(labelbottom=False)
        self.ax_nfr_.set_xlabel("share t of the new model, from 0 (old) to 1 (new)")
        set_title(self.ax_, self._title())

    def _title(self):
        said = "from old to new model"
        if self.new_share is not None:
            nfr, accuracy = map(self._at_choice, (self.path.nfr, self.path.accuracy))
            said = f"t = {self.new_share:.2f}: NFR {percent(nfr)}, "
            said += f"accuracy {percent(accuracy)}"
        return said if self.rows is None else f"{said} ({self.rows})"
