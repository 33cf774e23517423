"""Draw what re-embedding a gallery adds, item by item."""

from functools import partial
from itertools import cycle

import numpy as np

from sklearn_graceful.inspection import _style as style
from sklearn_graceful.metrics import TENTHS, backfill_curve, retrieval_outcomes

# Told apart by shape and dash as well as by colour.
_LOOKS = [
    {"color": style.BLUE, "marker": "o", "ls": "-"},
    {"color": style.ORANGE, "marker": "s", "ls": "--"},
    {"color": "#4d4d4d", "marker": "^", "ls": "-."},
    {"color": "#7a0177", "marker": "D", "ls": ":"},
    {"color": "#238b45", "marker": "v", "ls": (0, (6, 1, 1, 1, 1, 1))},
]


class BackfillCurveDisplay:
    """Draw retrieval quality while a gallery is re-embedded, in one or several orders.

    All curves begin at the cross-test, new queries on the untouched old gallery, and
    end at the new self-test, when all is re-embedded. The sooner a curve rises, the
    better its order. A ring marks the share of the gallery from which on most of the
    full quality (95 % of it by default) is there; the legend gives this share and the
    area under the curve, the mean quality of the backfill.

    Use :meth:`from_embeddings` rather than the constructor, unless the curves were
    measured already.

    Parameters
    ----------
    curves : BackfillCurve or dict of BackfillCurve
        One, or several by the name of their order; of the same update and measure.
    old_self : float, default=None
        Quality of the old queries on the old gallery, which compatible queries beat
        from the start. None: no line.
    share : float, default=0.95
        Share of the fully re-embedded quality that suffices.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Holds the curves.
    figure_ : matplotlib Figure
        Holds the axes.
    lines_ : dict of matplotlib Line2D
        The curves by the name of their order.
    rings_ : dict of matplotlib Line2D
        The points where the quality suffices, likewise.
    line_old_self_ : matplotlib Line2D or None
        The old self-test.
    line_new_self_ : matplotlib Line2D
        The new self-test, after a full re-index.

    See Also
    --------
    CompatibilityMatrixDisplay : Queries of all versions on galleries of all versions.
    sklearn_graceful.metrics.backfill_curve : The same in figures.

    References
    ----------
    Jaeckle et al., "FastFill: Efficient Compatible Model Update", ICLR 2023.

    Examples
    --------
    >>> from sklearn_graceful.inspection import BackfillCurveDisplay
    >>> from sklearn_graceful.metrics import BackfillCurve
    >>> stored = BackfillCurve([0.0, 0.5, 1.0], [0.5, 0.75, 0.78], "recall@1")
    >>> display = BackfillCurveDisplay(stored, old_self=0.4).plot()
    >>> print(display.ax_.get_title(loc="left"))
    recall@1 from 50.0 % (cross-test) to 78.0 % (all re-embedded)
    >>> print(display.lines_["backfill"].get_label())
    backfill: area 69.5, 95 % at 50 %
    """

    def __init__(self, curves, *, old_self=None, share=0.95):
        self.curves = curves
        self.old_self = old_self
        self.share = share

    @classmethod
    def from_embeddings(
        cls,
        queries,
        old_gallery,
        new_gallery,
        *,
        query_labels,
        gallery_labels,
        query_ids=None,
        gallery_ids=None,
        old_queries=None,
        orders=None,
        fractions=None,
        metric="cosine",
        old_view=False,
        measure="recall@1",
        share=0.95,
        random_state=None,
        ax=None,
    ):
        """Measure the curves, and draw.

        Parameters
        ----------
        queries : array-like of shape (n_queries, n_new_coordinates)
            New embeddings that search.
        old_gallery : array-like of shape (n_gallery, n_old_coordinates)
            Old embeddings of the gallery's items.
        new_gallery : array-like of shape (n_gallery, n_new_coordinates)
            New embeddings of the same items.
        query_labels : array-like of shape (n_queries,)
            Labels of the queries.
        gallery_labels : array-like of shape (n_gallery,)
            Labels of the gallery's items.
        query_ids, gallery_ids : array-like, default=None
            Gallery items with the id of the query are left out.
        old_queries : array-like of shape (n_queries, n_old_coordinates), default=None
            Old embeddings of the queries, for the old self-test. None: no line.
        orders : dict of array-like of int of shape (n_gallery,), default=None
            Rows of the gallery in the order in which they are re-embedded, by name;
            None in place of one: at random. By default a random order alone.
        fractions : array-like of shape (n_fractions,), default=None
            Where to measure, rising from 0 to 1. None: 0, 0.1, ... 1.
        metric : {"cosine", "euclidean"}, default="cosine"
            What is near.
        old_view : bool, default=False
            Whether queries may be of another width than the old gallery, see
            :func:`~sklearn_graceful.metrics.backfill_curve`.
        measure : str, default="recall@1"
            ``"recall@1"`` (any k), ``"map"`` or ``"ndcg"``.
        share : float, default=0.95
            Share of the fully re-embedded quality that suffices.
        random_state : int, RandomState, Generator or None, default=None
            Seed of a random order.
        ax : matplotlib Axes, default=None
            Where to draw, see :meth:`plot`.

        Returns
        -------
        display : BackfillCurveDisplay

        Raises
        ------
        TypeError
            If `orders` is no dict.
        ValueError
            If `orders` is empty, `share` is not between 0 and 1, and as in
            :func:`~sklearn_graceful.metrics.backfill_curve`.
        ImportError
            If matplotlib is not installed.

        Examples
        --------
        >>> from sklearn_graceful.inspection import BackfillCurveDisplay
        >>> display = BackfillCurveDisplay.from_embeddings(
        ...     [[1, 0], [0, 1]],
        ...     [[4, 1], [1, 1], [1, 2], [3, 1]],
        ...     [[4, 1], [4, 2], [1, 3], [0, 1]],
        ...     query_labels=[0, 1],
        ...     gallery_labels=[0, 0, 1, 1],
        ...     orders={"last first": [3, 2, 1, 0]},
        ...     fractions=[0, 0.25, 1],
        ...     measure="map",
        ... )
        >>> print(display.lines_["last first"].get_label())
        last first: area 97.9, 95 % at 25 %
        """
        orders = {"random order": None} if orders is None else orders
        if not isinstance(orders, dict):
            raise TypeError(
                f"orders must be a dict of orders by name, got {type(orders).__name__}."
            )
        shared = {
            "query_labels": query_labels,
            "gallery_labels": gallery_labels,
            "query_ids": query_ids,
            "gallery_ids": gallery_ids,
            "metric": metric,
        }
        measured = partial(
            backfill_curve,
            queries,
            old_gallery,
            new_gallery,
            fractions=TENTHS if fractions is None else fractions,
            old_view=old_view,
            measure=measure,
            random_state=random_state,
            **shared,
        )
        curves = {name: measured(order=order) for name, order in orders.items()}
        old_self = None
        if old_queries is not None:
            outcomes = retrieval_outcomes(old_queries, old_gallery, **shared)
            old_self = outcomes.mean(measure)
        return cls(curves, old_self=old_self, share=share).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None: a new figure.

        Returns
        -------
        display : BackfillCurveDisplay
            Itself.

        Raises
        ------
        ValueError
            If there is no curve, if curves differ in their measure, their first or
            their last quality (they are of different updates then), or `share` is not
            between 0 and 1.
        ImportError
            If matplotlib is not installed.
        """
        curves = _checked(self.curves)
        needed = {name: c.fraction_needed(self.share) for name, c in curves.items()}
        self.ax_ = style.make_axes("BackfillCurveDisplay", ax, (6.5, 4.5))
        self.figure_ = self.ax_.figure
        # All curves begin and end alike.
        first = next(iter(curves.values()))
        self._draw_levels(first)
        self.lines_, self.rings_ = {}, {}
        for look, name in zip(cycle(_LOOKS), curves, strict=False):
            self._draw_curve(look, name, curves[name], needed[name])
        self._label(first)
        return self

    def _draw_levels(self, curve):
        line = partial(self.ax_.axhline, color="black", lw=1, zorder=1)
        start, end = curve.quality[0], curve.quality[-1]
        self.line_new_self_ = line(end, ls=(0, (1, 2)))
        style.name_level(self.ax_, f"full re-index {style.percent(end)}", end)
        self.line_old_self_ = None
        if self.old_self is not None:
            self.line_old_self_ = line(self.old_self, ls=(0, (5, 3)))
            said = f"old self-test {style.percent(self.old_self)}"
            # Curves begin above it at the left, unless the update is bad.
            bad = self.old_self > start
            style.name_level(self.ax_, said, self.old_self, right=bad, below=True)

    def _draw_curve(self, look, name, curve, needed):
        x, y = curve.fraction, curve.quality
        area, at = style.percent(curve.area, unit=""), style.percent(needed, 0)
        said = f"{name}: area {area}, {style.percent_tick(self.share)} at {at}"
        (self.lines_[name],) = self.ax_.plot(x, y, **look, ms=4, lw=2, label=said)
        reached = y[np.searchsorted(x, needed)]
        ring = {"ms": 13, "mfc": "none", "mec": look["color"], "mew": 2}
        (self.rings_[name],) = self.ax_.plot(needed, reached, "o", **ring)

    def _label(self, curve):
        ax = self.ax_
        style.percent_ticks(ax.xaxis, 6)
        style.percent_ticks(ax.yaxis, 6)
        # Room for the names of the levels, and for the legend below all lines.
        ax.margins(x=0.03, y=0.12)
        low, high = ax.get_ylim()
        ax.set_ylim(low - 0.08 * (1 + len(self.lines_)) * (high - low), high)
        style.open_frame(ax)
        measure = style.measure_name(curve.measure)
        ax.set(xlabel="share of the gallery that is re-embedded", ylabel=measure)
        start, end = style.percent(curve.quality[0]), style.percent(curve.quality[-1])
        said = f"{measure} from {start} (cross-test) to {end} (all re-embedded)"
        style.set_title(ax, said)
        said = f"{style.percent_tick(self.share)} of the full re-index"
        ax.plot([], [], "o", ms=9, mfc="none", mec="black", mew=1.5, label=said)
        ax.legend(loc="lower right", fontsize="small")


def _checked(curves):
    """Curves by name, all of one update."""
    if not isinstance(curves, dict):
        curves = {"backfill": curves}
    if not curves:
        raise ValueError("There is no curve to draw.")
    first_name, first = next(iter(curves.items()))
    ends = first.quality[0], first.quality[-1]
    for name, curve in curves.items():
        if curve.measure != first.measure:
            raise ValueError(
                f"curves must have one measure, but {first_name!r} has "
                f"{first.measure!r} and {name!r} has {curve.measure!r}."
            )
        own_ends = curve.quality[0], curve.quality[-1]
        if not np.allclose(own_ends, ends, rtol=0, atol=1e-6, equal_nan=True):
            raise ValueError(
                f"curves must be of one update, but {first_name!r} goes from "
                f"{ends[0]:.4g} to {ends[1]:.4g} and {name!r} from "
                f"{own_ends[0]:.4g} to {own_ends[1]:.4g}."
            )
    return curves
