"""Draw what each step from the old model toward the new one costs and brings."""

from sklearn_graceful.inspection import _style as style
from sklearn_graceful.inspection._path_display import PathDisplay, has_rows


class UpdatePathDisplay(PathDisplay):
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
    StrengthPathDisplay : The path of a PCClassifier.

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
        TypeError
            If it is no FlipControlledClassifier.
        ImportError
            If matplotlib is not installed.
        """
        given = has_rows(X, y)
        if estimator.reference_ is None:
            raise ValueError("Without an old model there is no path of an update.")
        if not hasattr(estimator, "new_share_"):
            raise TypeError(
                "UpdatePathDisplay draws a FlipControlledClassifier, got "
                f"{type(estimator).__name__}; for the path of a PCClassifier there is "
                "StrengthPathDisplay."
            )
        if given:
            path = estimator.update_path(X, y)
            rows = f"{len(y):,} given rows"
        else:
            path = estimator.path_
            rows = f"{len(estimator.flip_times_):,} calibration rows"
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
        self._start(ax)
        path, look = self.path, {"chosen": self.new_share, "ds": "steps-post"}
        self.line_accuracy_ = self._draw_curve(
            self.ax_, "accuracy", style.BLUE, path.t, path.accuracy, **look
        )
        self.line_nfr_ = self._draw_curve(
            self.ax_nfr_, "NFR", style.ORANGE, path.t, path.nfr, **look
        )
        self._draw_budget()
        self.ax_nfr_.set_xlabel("share t of the new model, from 0 (old) to 1 (new)")
        self._set_title(self._say())
        return self

    def _draw_budget(self):
        ax, self.line_budget_ = self.ax_nfr_, None
        if self.max_nfr is not None:
            self.line_budget_ = ax.axhline(self.max_nfr, color="black", ls="--", lw=1)
            said = f"budget {style.percent_tick(self.max_nfr)}"
            style.name_level(ax, said, self.max_nfr)
        self._set_nfr_limits(self.path.nfr.max(), self.max_nfr or 0)

    def _say(self):
        if not self.points_:
            return "from old to new model"
        accuracy, nfr = (point.get_ydata()[0] for point in self.points_)
        return (
            f"t = {self.new_share:.2f}: NFR {style.percent(nfr)}, "
            f"accuracy {style.percent(accuracy)}"
        )
