"""Draw what each step from the old model toward the new one costs and brings."""

import numpy as np

from sklearn_graceful.inspection import _style as style


class UpdatePathDisplay:
    """Draw accuracy and negative flip rate (NFR) along the way of an update.

    From the old model at the left to the new one at the right, with the share t of the
    new model that :class:`FlipControlledClassifier` chose and its budget. Where the
    accuracy curve is flat and the NFR still rises, the rest of the way brings flips
    only.

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
        The chosen t on both curves, if there is one.

    See Also
    --------
    sklearn_graceful.FlipControlledClassifier : Chooses t.

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
            rows, on which t was chosen.
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
        self.ax_, self.ax_nfr_ = style.make_two_axes(
            "UpdatePathDisplay", ax, (6, 5), side="bottom", size="90%", pad=0.15
        )
        self.figure_ = self.ax_.figure
        lines, self.points_ = [], []
        for ax, name, values, colour in (
            (self.ax_, "accuracy", self.path.accuracy, style.BLUE),
            (self.ax_nfr_, "NFR", self.path.nfr, style.ORANGE),
        ):
            lines += ax.plot(self.path.t, values, color=colour, lw=2, ds="steps-post")
            if self.new_share is not None:
                ax.axvline(self.new_share, color="0.6", lw=1, zorder=0)
                # What holds at t is what held at the last step up to t.
                last = np.searchsorted(self.path.t, self.new_share, side="right") - 1
                point = {"marker": "o", "ms": 8, "color": colour, "zorder": 3}
                self.points_ += ax.plot(self.new_share, values[last], **point)
            ax.set_ylabel(name)
            style.percent_ticks(ax.yaxis)
            style.open_frame(ax)
            ax.margins(x=0.02)
        self.line_accuracy_, self.line_nfr_ = lines
        self._draw_budget()
        self.ax_.tick_params(labelbottom=False)
        self.ax_nfr_.set_xlabel("share t of the new model, from 0 (old) to 1 (new)")
        style.set_title(self.ax_, self._title())
        return self

    def _draw_budget(self):
        ax, self.line_budget_ = self.ax_nfr_, None
        if self.max_nfr is not None:
            self.line_budget_ = ax.axhline(self.max_nfr, color="black", ls="--", lw=1)
            said = f"budget {style.percent_tick(self.max_nfr)}"
            style.name_level(ax, said, self.max_nfr)
        highest = max(self.path.nfr.max(), self.max_nfr or 0, 1e-3)
        ax.set_ylim(-0.03 * highest, 1.2 * highest)

    def _title(self):
        said = "from old to new model"
        if self.points_:
            accuracy, nfr = (point.get_ydata()[0] for point in self.points_)
            said = f"t = {self.new_share:.2f}: NFR {style.percent(nfr)}, "
            said += f"accuracy {style.percent(accuracy)}"
        return said if self.rows is None else f"{said} ({self.rows})"
