"""Draw what holding a new network to the old model costs and brings."""

import numpy as np

from sklearn_graceful.inspection import _style as style
from sklearn_graceful.inspection._path_display import PathDisplay, has_rows

_BELOW = (
    "what a negative flip costs in training\n"
    "(bars: one standard error of the difference to plain)"
)


class StrengthPathDisplay(PathDisplay):
    """Draw error and negative flip rate (NFR) by what a negative flip costs.

    From the plain new model at the left to the one that is held most to the old model
    at the right, with the strength that :class:`PCClassifier` chose. A bar is one
    standard error of the difference to the plain model on these rows: where it reaches
    down to the plain model's error, chance explains what is above it.

    Use :meth:`from_estimator` rather than the constructor, unless the path was stored.

    Parameters
    ----------
    path : StrengthPath
        Arrays ``flip_cost``, ``error``, ``nfr`` and ``standard_error``, and the
        position ``chosen``.
    rows : str, default=None
        What the rows are, for the title.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Holds the error.
    ax_nfr_ : matplotlib Axes
        Holds the NFR, below it.
    figure_ : matplotlib Figure
        Holds both.
    line_error_, line_nfr_ : matplotlib Line2D
        The curves.
    bars_ : matplotlib ErrorbarContainer
        The standard errors.
    line_plain_ : matplotlib Line2D
        The plain model's error.
    points_ : list of matplotlib Line2D
        The chosen strength on both curves.

    See Also
    --------
    sklearn_graceful.PCClassifier : Chooses the strength.
    UpdatePathDisplay : The path of a FlipControlledClassifier.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.congruence import StrengthPath
    >>> from sklearn_graceful.inspection import StrengthPathDisplay
    >>> stored = StrengthPath(
    ...     flip_cost=np.array([0.0, 1.0, 3.0]),
    ...     error=np.array([0.10, 0.09, 0.11]),
    ...     nfr=np.array([0.03, 0.02, 0.01]),
    ...     error_increase=np.array([0.0, -0.01, 0.01]),
    ...     standard_error=np.array([0.0, 0.01, 0.005]),
    ...     chosen=1,
    ... )
    >>> display = StrengthPathDisplay(stored, rows="200 held-out rows").plot()
    >>> print(display.ax_.get_title(loc="left"))
    flip cost 1: NFR 2.0 %, error 9.0 % (200 held-out rows)
    """

    def __init__(self, path, *, rows=None):
        self.path = path
        self.rows = rows

    @classmethod
    def from_estimator(cls, estimator, X=None, y=None, *, ax=None):
        """Draw the path of a fitted classifier.

        Parameters
        ----------
        estimator : PCClassifier
            A network whose strength was chosen in ``fit``.
        X : array-like of shape (n, n_features), default=None
            Rows that took no part in ``fit``: an honest picture. None: the held-out
            rows, on which the strength was chosen.
        y : array-like of shape (n,), default=None
            Their labels.
        ax : matplotlib Axes, default=None
            Where to draw, see :meth:`plot`.

        Returns
        -------
        display : StrengthPathDisplay

        Raises
        ------
        ValueError
            If the estimator has no path, or only one of `X` and `y` is given.
        ImportError
            If matplotlib is not installed.
        """
        given = has_rows(X, y)
        if not hasattr(estimator, "update_path_"):
            raise ValueError(
                f"This {type(estimator).__name__} has no update_path_. A PCClassifier "
                "has one once the default method chose the strength of a network: "
                "with an old model that can be asked about rows of numbers, and 100 "
                "held-out rows or more."
            )
        path = estimator.update_path(X, y) if given else estimator.update_path_
        rows = f"{path.n_rows:,} {'given' if given else 'held-out'} rows"
        return cls(path, rows=rows).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; the NFR takes a part of its place. None: a new figure.

        Returns
        -------
        display : StrengthPathDisplay
            Itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        self._start(ax)
        path, x = self.path, np.log1p(self.path.flip_cost)
        look = {"chosen": x[path.chosen], "marker": "o", "ms": 4}
        self.line_error_ = self._draw_curve(
            self.ax_, "error", style.BLUE, x, path.error, **look
        )
        self.line_nfr_ = self._draw_curve(
            self.ax_nfr_, "NFR", style.ORANGE, x, path.nfr, **look
        )
        self._draw_bars(x)
        self._set_nfr_limits(path.nfr.max())
        names = [_name(cost) for cost in path.flip_cost]
        self.ax_nfr_.set_xticks(x, names)
        self.ax_nfr_.set_xlabel(_BELOW)
        self._set_title(self._say())
        return self

    def _draw_bars(self, x):
        """Draw what chance does to the errors, from the plain model's."""
        ax, path = self.ax_, self.path
        self.line_plain_ = ax.axhline(path.error[0], color="black", ls="--", lw=1)
        style.name_level(ax, "plain", path.error[0], right=True)
        look = {"fmt": "none", "ecolor": style.BLUE, "elinewidth": 1, "capsize": 3}
        errors = path.error[1:], path.standard_error[1:]
        self.bars_ = ax.errorbar(x[1:], *errors, **look)
        # Room for the name of the line, at the right of all points and below the title.
        ax.set_xlim(-0.03 * x[-1], 1.1 * x[-1])
        ax.margins(y=0.15)

    def _say(self):
        path, chosen = self.path, self.path.chosen
        said = _name(path.flip_cost[chosen])
        return (
            f"{said if chosen == 0 else f'flip cost {said}'}: "
            f"NFR {style.percent(path.nfr[chosen])}, "
            f"error {style.percent(path.error[chosen])}"
        )


def _name(flip_cost):
    return "plain" if flip_cost == 0 else f"{flip_cost:g}"
