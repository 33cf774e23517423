"""Draw what each step from the old model toward the new one costs and brings."""

import numpy as np

from sklearn_graceful.inspection._pyplot import import_pyplot

# The colours of FlipDisplay: what is lost stands out.
_LOST, _ACCURACY = "#a63603", "#2171b5"


class UpdatePathDisplay:
    """Draw accuracy and negative flip rate (NFR) along the way of an update.

    From the old model at the left to the new one at the right, with the mixing that
    :class:`FlipControlledClassifier` chose and its budget. Where the accuracy curve is
    flat and the NFR still rises, the rest of the way brings flips only.

    Use :meth:`from_estimator` rather than the constructor, unless the path was stored.

    Parameters
    ----------
    path : UpdatePath
        Arrays ``t``, ``nfr`` and ``accuracy``.
    mixing : float, default=None
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
        The chosen mixing on both curves, if there is one.

    See Also
    --------
    sklearn_graceful.FlipControlledClassifier : Chooses the mixing.

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
    >>> display = UpdatePathDisplay(stored, mixing=0.5, max_nfr=0.02).plot()
    >>> print(display.ax_.get_title(loc="left"))
    t = 0.50: NFR 1.0 %, accuracy 93.0 %
    """

    def __init__(self, path, *, mixing=None, max_nfr=None, rows=None):
        self.path = path
        self.mixing = mixing
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
            rows, on which the mixing was chosen.
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
        path = getattr(estimator, "path_", None)
        if estimator.reference_ is None:
            raise ValueError("Without an old model there is no path of an update.")
        if X is not None:
            path = estimator.update_path(X, y)
        n_rows = len(estimator.flip_times_ if X is None else y)
        return cls(
            path,
            mixing=estimator.mixing_,
            max_nfr=estimator.max_nfr,
            rows=f"{n_rows:,} {'calibration' if X is None else 'given'} rows",
        ).plot(ax=ax)

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
        self.ax_, self.ax_nfr_ = _make_axes(ax)
        self.figure_ = self.ax_.figure
        t = self.path.t
        style = {"linewidth": 2, "drawstyle": "steps-post"}
        (self.line_accuracy_,) = self.ax_.plot(
            t, self.path.accuracy, color=_ACCURACY, **style
        )
        (self.line_nfr_,) = self.ax_nfr_.plot(t, self.path.nfr, color=_LOST, **style)
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
        ax.annotate(
            f"budget {100 * self.max_nfr:g} %",
            (0, self.max_nfr),
            xytext=(4, 3),
            textcoords="offset points",
            fontsize="small",
        )

    def _draw_choice(self):
        self.points_ = []
        if self.mixing is None:
            return
        for ax, values, colour in (
            (self.ax_, self.path.accuracy, _ACCURACY),
            (self.ax_nfr_, self.path.nfr, _LOST),
        ):
            ax.axvline(self.mixing, color="0.6", lw=1, zorder=0)
            ax.plot(self.mixing, self._at_choice(values), "o", ms=8, color=colour)
            self.points_.append(ax.lines[-1])

    def _at_choice(self, values):
        # The curves are steps: what holds at t is what held at the last point up to t.
        last = np.searchsorted(self.path.t, self.mixing, side="right") - 1
        return values[last]

    def _label(self):
        from matplotlib.ticker import MaxNLocator, PercentFormatter

        for ax, name in ((self.ax_, "accuracy"), (self.ax_nfr_, "NFR")):
            ax.set_ylabel(name)
            ax.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
            ax.yaxis.set_major_formatter(PercentFormatter(1))
            ax.spines[["top", "right"]].set_visible(False)
            ax.margins(x=0.02)
        highest = max(self.path.nfr.max(), self.max_nfr or 0, 1e-3)
        self.ax_nfr_.set_ylim(-0.03 * highest, 1.2 * highest)
        self.ax_.tick_params(labelbottom=False)
        self.ax_nfr_.set_xlabel("mixing t, from the old model (0) to the new one (1)")
        self.ax_.set_title(self._title(), loc="left", fontsize="medium")

    def _title(self):
        if self.mixing is None:
            said = "from old to new model"
        else:
            nfr, accuracy = map(self._at_choice, (self.path.nfr, self.path.accuracy))
            said = (
                f"t = {self.mixing:.2f}: NFR {100 * nfr:.1f} %, "
                f"accuracy {100 * accuracy:.1f} %"
            )
        return said if self.rows is None else f"{said} ({self.rows})"


def _make_axes(ax):
    """Axes of the accuracy, and below it of the NFR."""
    plt = import_pyplot("UpdatePathDisplay")
    if ax is None:
        _, axes = plt.subplots(2, 1, figsize=(6, 5), sharex=True, layout="constrained")
        return axes
    from mpl_toolkits.axes_grid1 import make_axes_locatable

    below = make_axes_locatable(ax).append_axes(
        "bottom", size="90%", pad=0.15, sharex=ax
    )
    return ax, below
