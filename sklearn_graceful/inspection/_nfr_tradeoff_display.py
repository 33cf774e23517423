"""Draw what fewer negative flips cost among the candidates of a search."""

from textwrap import shorten

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_graceful.inspection import _style as style
from sklearn_graceful.inspection._front import front_rows

_LONGEST_TITLE = 75
# What tells the old model's accuracy: by how much the new one's is more, as scores.
_GAINS = (("accuracy_difference",), ("pfr", "neg_nfr"))


class NFRTradeoffDisplay:
    """Draw error against negative flip rate (NFR) of the candidates of a search.

    Each dot is a candidate; what lies lower has fewer errors, what lies further left
    fewer negative flips. The step line is the Pareto front: no other candidate has as
    few errors with as few flips. The chosen one has a ring. Beside it stand the old
    model, which has no flips against itself, and the plain new model, if they are
    known; a dashed line is the budget of flips.

    The figures are means over the validation rows of the folds. Those of the chosen
    candidate flatter it, as it is the winner of a contest: report it on rows that the
    search did not see.

    Use :meth:`from_estimator` or :meth:`from_cv_results` rather than the constructor,
    unless the figures were stored.

    Parameters
    ----------
    nfr : array-like of shape (n_candidates,)
        Negative flip rates.
    error : array-like of shape (n_candidates,)
        Error rates. A candidate with nan in one of both has failed, and is not drawn.
    params : list of dict, default=None
        Of the candidates, for the title. None: they have numbers.
    chosen : int, default=None
        Which candidate was chosen. None: none is marked.
    plain : int, default=None
        Which one is the plain new model. None: none is marked.
    old_error : float, default=None
        Error rate of the old model on the same rows. None: it is not drawn.
    max_nfr : float, default=None
        Budget of negative flips. None: no line.
    score : str, default="accuracy"
        What was subtracted from 1 to make the error, for the axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Holds all.
    figure_ : matplotlib Figure
        Holds the axes.
    dots_ : matplotlib Line2D
        The candidates.
    line_front_ : matplotlib Line2D
        The Pareto front, from the fewest flips to the least error.
    point_chosen_ : matplotlib Line2D or None
        Ring around the chosen one.
    point_plain_ : matplotlib Line2D or None
        The plain new model.
    point_old_ : matplotlib Line2D or None
        The old model.
    line_budget_ : matplotlib Line2D or None
        The budget.

    See Also
    --------
    sklearn_graceful.model_selection.BestUnderBudget : Chooses within a budget.
    sklearn_graceful.model_selection.update_scorer : All flip figures as scores.
    StrengthPathDisplay : The strengths that a PCClassifier compared by itself.

    Examples
    --------
    >>> from sklearn_graceful.inspection import NFRTradeoffDisplay
    >>> display = NFRTradeoffDisplay(
    ...     [0.04, 0.02, 0.01], [0.08, 0.07, 0.10], chosen=1, plain=0, max_nfr=0.03
    ... ).plot()
    >>> print(display.ax_.get_title(loc="left"))
    chosen: candidate 1
    NFR 2.0 %, error 7.0 % (plain: 4.0 %, 8.0 %)
    >>> display.line_front_.get_xdata().tolist()
    [0.01, 0.02]
    """

    def __init__(
        self,
        nfr,
        error,
        *,
        params=None,
        chosen=None,
        plain=None,
        old_error=None,
        max_nfr=None,
        score="accuracy",
    ):
        self.nfr = nfr
        self.error = error
        self.params = params
        self.chosen = chosen
        self.plain = plain
        self.old_error = old_error
        self.max_nfr = max_nfr
        self.score = score

    @classmethod
    def from_estimator(
        cls,
        search,
        *,
        plain=None,
        old_error=None,
        max_nfr=None,
        score=None,
        nfr=None,
        ax=None,
    ):
        """Draw the candidates of a fitted search.

        Parameters
        ----------
        search : GridSearchCV or RandomizedSearchCV
            Fitted, with both scores among its ``scoring``: as a dict, or by
            :func:`~sklearn_graceful.model_selection.update_scorer`.
        plain : dict, default=None
            Parameters that make a candidate the plain new model, such as
            ``{"method": "none"}``. If several have them, the one with the least error.
            None: none is marked.
        old_error : float, default=None
            Error rate of the old model. None: from the scores, where these are those of
            ``update_scorer``; else it is not drawn.
        max_nfr : float, default=None
            Budget of negative flips. None: that of the search's ``refit``, if this is
            a :class:`~sklearn_graceful.model_selection.BestUnderBudget`.
        score : str, default=None
            Name of the score that is subtracted from 1. None: that of the
            BestUnderBudget, else ``"accuracy"``.
        nfr : str, default=None
            Name of the negated negative flip rate. None: likewise, else ``"neg_nfr"``.
        ax : matplotlib Axes, default=None
            Where to draw, see :meth:`plot`.

        Returns
        -------
        display : NFRTradeoffDisplay

        Raises
        ------
        NotFittedError
            If the search is not fitted.
        TypeError
            If it is no search with ``cv_results_``.
        ValueError
            If a score is missing, or no candidate has the parameters in `plain`.
        ImportError
            If matplotlib is not installed.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.model_selection import GridSearchCV
        >>> from sklearn.tree import DecisionTreeClassifier
        >>> from sklearn_graceful.inspection import NFRTradeoffDisplay
        >>> from sklearn_graceful.model_selection import BestUnderBudget, flip_scorer
        >>> X, y = load_iris(return_X_y=True)
        >>> old = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y)
        >>> search = GridSearchCV(
        ...     DecisionTreeClassifier(random_state=0),
        ...     {"max_depth": [1, 2, 3]},
        ...     scoring={"accuracy": "accuracy", "neg_nfr": flip_scorer(old)},
        ...     refit=BestUnderBudget(max_nfr=0.02),
        ... )
        >>> display = NFRTradeoffDisplay.from_estimator(search.fit(X, y))
        >>> print(display.ax_.get_title(loc="left"))
        chosen: max_depth=3
        NFR 2.0 %, error 4.0 %
        """
        if not hasattr(search, "cv_results_"):
            check_is_fitted(search)
            raise TypeError(
                "NFRTradeoffDisplay draws a search with cv_results_, got "
                f"{type(search).__name__}."
            )
        # BestUnderBudget has them; other refits are True, a name or a function.
        refit = search.refit
        return cls.from_cv_results(
            search.cv_results_,
            chosen=getattr(search, "best_index_", None),
            plain=plain,
            old_error=old_error,
            max_nfr=getattr(refit, "max_nfr", None) if max_nfr is None else max_nfr,
            score=score or getattr(refit, "score", "accuracy"),
            nfr=nfr or getattr(refit, "nfr", "neg_nfr"),
            ax=ax,
        )

    @classmethod
    def from_cv_results(
        cls,
        cv_results,
        *,
        chosen=None,
        plain=None,
        old_error=None,
        max_nfr=None,
        score="accuracy",
        nfr="neg_nfr",
        ax=None,
    ):
        """Draw the candidates of stored results.

        Parameters
        ----------
        cv_results : dict of array-like
            ``cv_results_`` of a search.
        chosen : int, default=None
            Position of the chosen candidate. None: none is marked.
        plain, old_error, max_nfr, score, nfr, ax
            As in :meth:`from_estimator`, None being nothing.

        Returns
        -------
        display : NFRTradeoffDisplay

        Raises
        ------
        ValueError
            As in :meth:`from_estimator`.
        ImportError
            If matplotlib is not installed.
        """
        accuracy = _mean(cv_results, score)
        params = [dict(values) for values in cv_results["params"]]
        error = 1 - accuracy
        display = cls(
            -_mean(cv_results, nfr) + 0.0,
            error,
            params=params,
            chosen=chosen,
            plain=None if plain is None else _plain(params, plain, error),
            old_error=_old_error(cv_results, score) if old_error is None else old_error,
            max_nfr=max_nfr,
            score=score,
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
        display : NFRTradeoffDisplay
            Itself.

        Raises
        ------
        ValueError
            If `nfr`, `error` and `params` differ in length, no candidate has both
            figures, or `chosen` or `plain` is a candidate without them.
        ImportError
            If matplotlib is not installed.
        """
        nfr, error = self._figures()
        self.ax_ = style.make_axes("NFRTradeoffDisplay", ax, (6.5, 5))
        self.figure_ = self.ax_.figure
        self._draw_candidates(nfr, error)
        self._draw_old()
        self.point_plain_ = self._mark(
            self.plain, nfr, error, "^", color="black", ms=7, label="plain new model"
        )
        ring = {"ms": 13, "mfc": "none", "mec": style.ORANGE, "mew": 2}
        self.point_chosen_ = self._mark(
            self.chosen, nfr, error, "o", **ring, label="chosen"
        )
        self._draw_budget()
        self._label(nfr, error)
        return self

    def _figures(self):
        """Both figures, nan where a candidate lacks one of them."""
        nfr, error = (np.array(v, dtype=float) for v in (self.nfr, self.error))
        lengths = {"nfr": len(nfr), "error": len(error)}
        if self.params is not None:
            lengths["params"] = len(self.params)
        if len(set(lengths.values())) > 1:
            said = ", ".join(f"{name} has {n}" for name, n in lengths.items())
            raise ValueError(f"There must be one entry for each candidate: {said}.")
        failed = ~(np.isfinite(nfr) & np.isfinite(error))
        if failed.all():
            raise ValueError(
                f"None of {len(nfr)} candidates has both figures to draw: one or the "
                "other is nan, as where training has failed."
            )
        nfr[failed] = error[failed] = np.nan
        for name in ("chosen", "plain"):
            at = getattr(self, name)
            if at is not None and failed[at]:
                raise ValueError(f"{name} is candidate {at}, which has no figures.")
        return nfr, error

    def _draw_candidates(self, nfr, error):
        front = front_rows(nfr, -error)
        look = {"color": style.MUTED, "lw": 1.5, "zorder": 1.5}
        # A front of one point is no line.
        said = "fewest flips at its error (Pareto front)" if len(front) > 1 else None
        (self.line_front_,) = self.ax_.step(
            nfr[front], error[front], where="post", **look, label=said
        )
        n_failed = np.count_nonzero(np.isnan(error))
        said = f"candidates ({n_failed} failed)" if n_failed else "candidates"
        look = {"color": style.BLUE, "ms": 7, "mew": 0, "label": said}
        (self.dots_,) = self.ax_.plot(nfr, error, "o", **look)

    def _draw_old(self):
        self.point_old_ = None
        if self.old_error is not None:
            look = {"color": "black", "ms": 6, "label": "old model"}
            (self.point_old_,) = self.ax_.plot(0, self.old_error, "s", **look)

    def _mark(self, candidate, nfr, error, marker, **look):
        if candidate is None:
            return None
        return self.ax_.plot(nfr[candidate], error[candidate], marker, **look)[0]

    def _draw_budget(self):
        self.line_budget_ = None
        if self.max_nfr is not None:
            line = {"color": "black", "ls": "--", "lw": 1, "zorder": 1}
            said = f"budget {style.percent_tick(self.max_nfr)}"
            self.line_budget_ = self.ax_.axvline(self.max_nfr, **line, label=said)

    def _label(self, nfr, error):
        ax = self.ax_
        ax.margins(0.08)
        low, high = ax.get_xlim()
        # No rate is below 0, but the old model's point is to be whole.
        ax.set_xlim(max(low, -0.04 * high), high)
        style.percent_ticks(ax.xaxis, 6)
        style.percent_ticks(ax.yaxis, 6)
        style.open_frame(ax)
        name = "error" if self.score == "accuracy" else f"1 - {self.score}"
        ax.set(xlabel="negative flip rate (NFR)", ylabel=name)
        style.set_title(ax, self._say(nfr, error, name))
        style.legend_below(ax)

    def _say(self, nfr, error, name):
        if self.chosen is None:
            n_front = len(self.line_front_.get_xdata())
            return f"{n_front} of {len(nfr)} have the fewest flips at their error"
        figures = [
            f"NFR {style.percent(nfr[self.chosen])}",
            f"{name} {style.percent(error[self.chosen])}",
        ]
        said = ", ".join(figures)
        if self.plain is not None:
            plain = style.percent(nfr[self.plain]), style.percent(error[self.plain])
            said += f" (plain: {', '.join(plain)})"
        return f"{self._name_chosen()}\n{said}"

    def _name_chosen(self):
        if self.params is None:
            return f"chosen: candidate {self.chosen}"
        values = self.params[self.chosen].items()
        params = ", ".join(f"{k.rpartition('__')[2]}={v}" for k, v in values)
        return shorten(f"chosen: {params}", _LONGEST_TITLE, placeholder=" …")


def _mean(cv_results, name):
    """Mean of a score over the folds, for each candidate."""
    key = f"mean_test_{name}"
    if key not in cv_results:
        known = [k[10:] for k in cv_results if k.startswith("mean_test_")]
        raise ValueError(
            f"The search has no score {name!r}, only {known}. Use "
            "scoring=update_scorer(old_model), or a dict with this name."
        )
    return np.asarray(cv_results[key], dtype=float)


def _plain(params, wanted, error):
    """Position of the candidate with these parameters and the least error."""
    having = [
        at
        for at, own in enumerate(params)
        if all(name in own and own[name] == value for name, value in wanted.items())
        and not np.isnan(error[at])
    ]
    if not having:
        raise ValueError(f"No candidate of the search has the parameters {wanted}.")
    return min(having, key=lambda at: error[at])


def _old_error(cv_results, score):
    """Error of the old model, if the scores tell it, from any candidate that has it."""
    if score != "accuracy":
        return None
    for names in _GAINS:
        if all(f"mean_test_{name}" in cv_results for name in names):
            gain = sum(_mean(cv_results, name) for name in names)
            old = 1 - _mean(cv_results, score) + gain
            return float(np.nanmean(old)) if np.isfinite(old).any() else None
    return None
