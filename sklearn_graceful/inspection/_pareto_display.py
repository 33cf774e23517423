"""Draw what small query networks cost, and how well they search a large gallery."""

from textwrap import shorten

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_graceful._arguments import check_choice
from sklearn_graceful.inspection import _style as style
from sklearn_graceful.inspection._front import front_rows

# What one unit is called, and how many of them a ModelCost's unit is.
_COSTS = {
    "macs": ("multiply-adds of a row", 1),
    "params": ("parameters", 1),
    "bytes": ("bytes of memory", 1),
    "latency": ("ms of a row", 1000),
}
_FIGURES = {
    "score": "cross-test × self-test ({})",
    "cross": "cross-test {} (large model's gallery)",
    "self_test": "self-test {} (own gallery)",
}
# Objectives that are one of the figures.
_SAME_AS = {"cross": "cross", "self": "self_test"}
_UNITS = {"T": 1e12, "G": 1e9, "M": 1e6, "k": 1e3}
_LONGEST_TITLE = 75


class ParetoDisplay:
    """Draw quality by cost of the networks of a search, and which are worth their cost.

    Each dot is a network. The step line is the Pareto front: no other network is as
    good at a lower cost. A search by successive halving drops most networks early, when
    they had few rows (or epochs); their dots are the fainter the less they had. Such a
    figure says less: with more training, and among as many rows, they might well be
    better, so a faint dot below the line is not beaten for certain.

    Use :meth:`from_estimator` rather than the constructor, unless the candidates were
    stored.

    Parameters
    ----------
    candidates : list of Candidate
        Trained networks, with attributes ``cost``, ``params``, ``n_resources`` and
        those that `figure` may name. One whose figure is nan has failed: a cross at the
        lower edge.
    cost : {"macs", "params", "bytes", "latency"}, default="macs"
        What of the cost to draw, on a logarithmic scale.
    figure : {"score", "cross", "self_test"}, default="score"
        What of the quality to draw: the search's objective, the quality of queries on
        the large model's gallery, or on a gallery of their own.
    best : Candidate, default=None
        The chosen one. None: none is marked.
    over_budget : list of Candidate, default=()
        Those that were not trained: ticks at the lower edge.
    budget : float, default=None
        The most that a network may cost, in the unit of its ``cost`` (seconds for the
        latency). None: no line.
    old_self : float, default=None
        Quality of the large model's queries on its own gallery, of about as many rows
        as a fold of the search has. None: no line.
    old_cost : ModelCost, default=None
        What the large model costs, see :func:`~sklearn_graceful.nn.model_cost`. None:
        it has a line but no point.
    objective : {"product", "cross", "self"} or callable, default="product"
        What ``score`` is. It is also what `old_self` is worth by that figure.
    measure : str, default=None
        Of quality, for the axis: ``"recall@1"``, ``"map"``, ``"ndcg"``.
    resource : str, default="n_samples"
        What ``n_resources`` counts.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Holds all.
    figure_ : matplotlib Figure
        Holds the axes.
    dots_ : dict of matplotlib Line2D
        The candidates by their ``n_resources``, the most first.
    line_front_ : matplotlib Line2D
        The Pareto front, from the cheapest to the best.
    point_best_ : matplotlib Line2D or None
        Ring around the chosen one.
    line_budget_ : matplotlib Line2D or None
        The budget.
    line_old_self_ : matplotlib Line2D or None
        The large model's quality.
    point_old_ : matplotlib Line2D or None
        The large model, on that line.
    ticks_ : matplotlib Line2D or None
        Costs of those over the budget.
    crosses_ : matplotlib Line2D or None
        Costs of those that have failed.

    See Also
    --------
    sklearn_graceful.model_selection.CompatibleSearchCV : The search.
    sklearn_graceful.model_selection.pareto_front : The front by the objective.

    References
    ----------
    Duggal et al., "Compatibility-aware Heterogeneous Visual Search", CVPR 2021.

    Examples
    --------
    >>> from sklearn_graceful.inspection import ParetoDisplay
    >>> from sklearn_graceful.model_selection import Candidate
    >>> from sklearn_graceful.nn import ModelCost
    >>> stored = [
    ...     Candidate({"width": w}, ModelCost(1000 * w, 0, 0), q * q, q, q, 600)
    ...     for w, q in {8: 0.6, 16: 0.9, 32: 0.8}.items()
    ... ]
    >>> display = ParetoDisplay(stored, figure="cross", best=stored[1]).plot()
    >>> print(display.ax_.get_title(loc="left"))
    chosen: width=16
    16 k multiply-adds, cross-test 90.0 %, self-test 90.0 %
    >>> display.line_front_.get_xdata().tolist()
    [8000.0, 16000.0]
    """

    def __init__(
        self,
        candidates,
        *,
        cost="macs",
        figure="score",
        best=None,
        over_budget=(),
        budget=None,
        old_self=None,
        old_cost=None,
        objective="product",
        measure=None,
        resource="n_samples",
    ):
        self.candidates = candidates
        self.cost = cost
        self.figure = figure
        self.best = best
        self.over_budget = over_budget
        self.budget = budget
        self.old_self = old_self
        self.old_cost = old_cost
        self.objective = objective
        self.measure = measure
        self.resource = resource

    @classmethod
    def from_estimator(
        cls,
        search,
        *,
        cost=None,
        figure="score",
        best=None,
        old_self=None,
        old_cost=None,
        ax=None,
    ):
        """Draw the candidates of a fitted search.

        Parameters
        ----------
        search : CompatibleSearchCV
            Fitted.
        cost : {"macs", "params", "bytes", "latency"}, default=None
            What of the cost to draw. None: what the search has a limit for,
            ``search.cost_``. There are latencies only where there is a limit for them.
        figure : {"score", "cross", "self_test"}, default="score"
            What of the quality to draw.
        best : Candidate, default=None
            The chosen one. None: the search's best.
        old_self : float, default=None
            Quality of the large model's queries on its own gallery. None: on the rows
            by which the search chose.
        old_cost : ModelCost, default=None
            What the large model costs.
        ax : matplotlib Axes, default=None
            Where to draw, see :meth:`plot`.

        Returns
        -------
        display : ParetoDisplay

        Raises
        ------
        NotFittedError
            If the search is not fitted.
        TypeError
            If it is no CompatibleSearchCV.
        ValueError
            As in :meth:`plot`.
        ImportError
            If matplotlib is not installed.
        """
        if not hasattr(search, "candidates_"):
            check_is_fitted(search)
            raise TypeError(
                "ParetoDisplay draws a CompatibleSearchCV, got "
                f"{type(search).__name__}."
            )
        cost = search.cost_ if cost is None else cost
        display = cls(
            search.candidates_,
            cost=cost,
            figure=figure,
            best=search.best_candidate_ if best is None else best,
            over_budget=search.over_budget_,
            budget=getattr(search, f"max_{cost}", None),
            old_self=search.old_self_ if old_self is None else old_self,
            old_cost=old_cost,
            objective=search.objective,
            measure=search.measure,
            resource=search.resource,
        )
        return display.plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None: a new figure.

        Returns
        -------
        display : ParetoDisplay
            Itself.

        Raises
        ------
        ValueError
            If `cost` or `figure` is none of those, if no candidate has such a figure,
            if a cost was not measured or is 0, which has no place on a logarithmic
            scale, or there is `old_cost` without `old_self`.
        ImportError
            If matplotlib is not installed.
        """
        self._check()
        x, y = self._costs(self.candidates), self._figures(self.candidates)
        over = self._costs(self.over_budget)
        self.ax_ = style.make_axes("ParetoDisplay", ax, (6.5, 5))
        self.figure_ = self.ax_.figure
        self.ax_.set_xscale("log")
        self._draw_dots(x, y)
        self._draw_best()
        self._draw_old()
        self._draw_budget()
        self._set_limits(x[~np.isnan(y)], over)
        self.crosses_ = self._draw_below(x[np.isnan(y)], "x", "failed")
        self.ticks_ = self._draw_below(over, "|", "over the budget, not trained")
        self._label()
        return self

    def _check(self):
        for name, known in {"cost": _COSTS, "figure": _FIGURES}.items():
            check_choice(name, getattr(self, name), known)
        if np.isnan(self._figures(self.candidates)).all():
            raise ValueError(
                f"None of {len(self.candidates)} candidates has a {self.figure} to "
                "draw: it is nan, as where training has failed."
            )
        if self.best is not None and np.isnan(self._figures([self.best])[0]):
            raise ValueError(f"best has no {self.figure} to draw: it is nan.")
        if self.old_cost is not None and self.old_self is None:
            raise ValueError("old_cost needs old_self, the large model's quality.")

    def _figures(self, candidates):
        """One figure of each candidate."""
        return np.array([getattr(c, self.figure) for c in candidates], dtype=float)

    def _costs(self, candidates):
        """Cost of each candidate in the unit of the axis."""
        return self._in_units([c.cost for c in candidates])

    def _in_units(self, costs):
        values = [getattr(c, self.cost) for c in costs]
        if None in values:
            raise ValueError(
                f"A {self.cost} was not measured, and cannot be drawn. A search "
                "measures latencies only where it has max_latency."
            )
        if any(value <= 0 for value in values):
            raise ValueError(
                f"cost={self.cost!r} is 0 for a network, which has no place on a "
                "logarithmic scale; draw another cost."
            )
        return _COSTS[self.cost][1] * np.array(values, dtype=float)

    def _draw_dots(self, x, y):
        """Draw candidates, the fainter the earlier they were dropped, and the front."""
        front = front_rows(x, y)
        look = {"color": style.MUTED, "lw": 1.5, "zorder": 1.5}
        said = "best at its cost (Pareto front)"
        (self.line_front_,) = self.ax_.step(
            x[front], y[front], where="post", **look, label=said
        )
        resources = np.array([c.n_resources for c in self.candidates])
        stages = np.unique(resources[~np.isnan(y)])[::-1]
        self.dots_ = {}
        for stage, alpha in zip(stages, np.linspace(1, 0.3, len(stages)), strict=True):
            own, said = resources == stage, self._stage_name(stage, stages[0])
            look = {"color": style.BLUE, "alpha": alpha, "ms": 7, "mew": 0}
            dots = self.ax_.plot(x[own], y[own], "o", **look, label=said)
            self.dots_[int(stage)] = dots[0]

    def _stage_name(self, stage, last):
        if last == 0:
            return "candidates"
        name = self.resource.rpartition("__")[2]
        amount = f"{stage:,} rows" if name == "n_samples" else f"{name}={stage:,}"
        return f"reached {amount}" if stage == last else f"dropped at {amount}"

    def _draw_best(self):
        self.point_best_ = None
        if self.best is not None:
            at = self._costs([self.best]), self._figures([self.best])
            ring = {"ms": 13, "mfc": "none", "mec": style.ORANGE, "mew": 2}
            (self.point_best_,) = self.ax_.plot(*at, "o", **ring, label="chosen")

    def _draw_old(self):
        """Draw how good the large model is by the figure, and where, if it is known."""
        self.line_old_self_ = self.point_old_ = None
        if self.old_self is None:
            return
        level = self._worth(self.old_self)
        line = {"color": "black", "lw": 1, "ls": (0, (5, 3)), "zorder": 1}
        self.line_old_self_ = self.ax_.axhline(level, **line)
        said = f"large model on its own gallery: {self._say_figure(level)}"
        if self.old_cost is not None:
            at = self._in_units([self.old_cost])
            (self.point_old_,) = self.ax_.plot(at, level, "s", color="black", ms=6)
        style.name_level(self.ax_, said, level)

    def _worth(self, quality):
        """What a model is worth by the figure if both its qualities are the same."""
        if self._drawn != "score":
            return quality
        product = self.objective == "product"
        return quality**2 if product else self.objective(quality, quality)

    def _draw_budget(self):
        self.line_budget_ = None
        if self.budget is None:
            return
        x = self.budget * _COSTS[self.cost][1]
        # It ends below the name of the large model's line.
        line = {"color": "black", "ls": "--", "lw": 1, "zorder": 1, "ymax": 0.88}
        self.line_budget_ = self.ax_.axvline(x, **line)
        # No candidate is right of it.
        self.ax_.annotate(
            f"budget {_amount(x)}",
            (x, 0.06),
            xycoords=("data", "axes fraction"),
            xytext=(3, 0),
            textcoords="offset points",
            rotation=90,
            fontsize="small",
        )

    def _set_limits(self, x, over):
        """Limit x to what has a figure and to what is little over the budget."""
        lines = [self.line_budget_, self.point_old_]
        shown = np.concatenate([x, *(line.get_xdata() for line in lines if line)])
        low, high = shown.min(), shown.max()
        high = max([high, *over[over < high * (high / low) ** 0.35]])
        room = max(1.15, (high / low) ** 0.07)
        self.ax_.set_xlim(low / room, high * room)

    def _draw_below(self, x, marker, said):
        """Mark costs of networks without a figure at the lower edge."""
        if not len(x):
            return None
        low, high = self.ax_.get_xlim()
        said = f"{len(x)} {said}"
        if n_beyond := np.count_nonzero((x < low) | (x > high)):
            said = f"{said} ({n_beyond} out of view)"
        look = {"color": style.MUTED, "ls": "", "ms": 7, "label": said}
        edge = self.ax_.get_xaxis_transform()
        (marks,) = self.ax_.plot(
            x, np.full(len(x), 0.02), marker=marker, transform=edge, **look
        )
        return marks

    def _label(self):
        ax = self.ax_
        _name_costs(ax)
        if self._drawn != "score":
            style.percent_ticks(ax.yaxis, 6)
        # Room for the name of the large model's line.
        ax.margins(y=0.12)
        style.open_frame(ax)
        ax.set(xlabel=_COSTS[self.cost][0], ylabel=self._name_figure())
        style.set_title(ax, self._say())
        style.legend_below(ax)

    @property
    def _drawn(self):
        """The figure that is drawn: an objective may be one of the qualities."""
        if self.figure == "score":
            return _SAME_AS.get(self.objective, "score")
        return self.figure

    def _name_figure(self):
        product = self._drawn != "score" or self.objective == "product"
        name = _FIGURES[self._drawn] if product else "objective ({})"
        return name.format(style.measure_name(self.measure))

    def _say_figure(self, value):
        return f"{value:.3f}" if self._drawn == "score" else style.percent(value)

    def _say(self):
        if self.best is None:
            n_front = len(self.line_front_.get_xdata())
            return f"{n_front} of {len(self.candidates)} are the best at their cost"
        values = self.best.params.items()
        params = ", ".join(f"{k.rpartition('__')[2]}={v}" for k, v in values)
        said = [self._say_cost()]
        for name, value in (
            ("cross-test", self.best.cross),
            ("self-test", self.best.self_test),
        ):
            said += [] if np.isnan(value) else [f"{name} {style.percent(value)}"]
        first = shorten(f"chosen: {params}", _LONGEST_TITLE, placeholder=" …")
        return f"{first}\n{', '.join(said)}"

    def _say_cost(self):
        unit = _COSTS[self.cost][0].partition(" of ")[0]
        said = f"{_amount(self.point_best_.get_xdata()[0])} {unit}"
        if self.point_old_ is None:
            return said
        return f"{said} (large model {_amount(self.point_old_.get_xdata()[0])})"


def _amount(value, _=None):
    """Write a number by three digits, such as 2.56 k."""
    value = float(f"{value:.3g}")
    for unit, size in _UNITS.items():
        if value >= size:
            return f"{value / size:g} {unit}"
    return f"{value:g}"


def _name_costs(ax):
    """Give a logarithmic x axis ticks that are not too few nor too many."""
    from matplotlib.ticker import LogLocator, NullLocator

    axis, (low, high) = ax.xaxis, ax.get_xlim()
    span = high / low
    subs = (1, 2, 5) if span < 100 else (1, 3) if span < 1000 else (1,)
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(_amount)
