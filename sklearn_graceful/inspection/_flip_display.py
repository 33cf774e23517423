"""Draw which rows an update wins and loses."""

import math

import numpy as np

from sklearn_graceful.inspection._style import (
    GREY,
    LETTER_INCHES,
    LIGHT_GREY,
    ORANGE,
    PALE_BLUE,
    add_cell,
    make_axes,
    make_two_axes,
    open_frame,
    percent_tick,
    remove_frame,
    set_title,
    short_names,
    write_cell,
)
from sklearn_graceful.metrics import FlipCounts, flip_counts, flip_interval
from sklearn_graceful.reference import as_reference, old_labels

_OUTCOMES = [["both right", "negative flips"], ["positive flips", "both wrong"]]
_COLOURS = [[LIGHT_GREY, ORANGE], [PALE_BLUE, GREY]]


class FlipDisplay:
    """Draw the table of old and new outcomes, and who bears the negative flips.

    On the left the rows by whether the old and the new model have them right; on the
    right the negative flips of each true class. The title gives the negative flip
    rate (NFR), its confidence interval and both accuracies. Draw rows that neither
    model was trained on: on training rows the picture misleads.

    Use :meth:`from_estimator` or :meth:`from_predictions` rather than the constructor,
    unless the counts were stored.

    Parameters
    ----------
    counts : FlipCounts
        Rows by outcome.
    by_class : FlipCounts of ndarray, default=None
        The same for the rows of each true class: every cell is an array of shape
        (n_classes,). None: the table alone is drawn.
    display_labels : array-like of shape (n_classes,), default=None
        Names of these classes. None: 0..n_classes-1.
    nfr_interval : ConfidenceInterval, default=None
        Interval for the title. None: the title has none.
    confidence : float, default=0.95
        Coverage of `nfr_interval`.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Holds the table.
    ax_by_class_ : matplotlib Axes or None
        Holds the bars, if there are any.
    bars_ : matplotlib BarContainer or None
        One bar for each class that is shown, the longest on top.
    figure_ : matplotlib Figure
        Holds both.
    text_ : ndarray of matplotlib Text, shape (2, 2)
        The cells; first row: old model right, first column: new model right.

    See Also
    --------
    sklearn_graceful.metrics.flip_counts : The table in figures.
    sklearn_graceful.metrics.flip_interval : Intervals of all flip figures.

    Examples
    --------
    >>> from sklearn_graceful.inspection import FlipDisplay
    >>> from sklearn_graceful.metrics import FlipCounts, interval_from_counts
    >>> stored = FlipCounts(900, 10, 50, 30, 10)
    >>> display = FlipDisplay(stored, nfr_interval=interval_from_counts(stored)).plot()
    >>> print(display.ax_.get_title(loc="left"))
    NFR 1.0 % (95 % interval 0.5 % to 1.8 %)
    accuracy 91.0 % → 95.0 %
    """

    def __init__(
        self,
        counts,
        *,
        by_class=None,
        display_labels=None,
        nfr_interval=None,
        confidence=0.95,
    ):
        self.counts = counts
        self.by_class = by_class
        self.display_labels = display_labels
        self.nfr_interval = nfr_interval
        self.confidence = confidence

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        old_model,
        sample_weight=None,
        display_labels=None,
        confidence=0.95,
        random_state=None,
        ax=None,
        show_classes=True,
        rate=False,
        max_classes=20,
    ):
        """Ask both models about rows, and draw.

        Parameters
        ----------
        estimator : estimator
            Fitted new model.
        X : array-like of n rows
            As both models take them; a Pipeline gets its raw rows.
        y : array-like of shape (n,)
            True labels.
        old_model : object
            Fitted model that is being replaced; anything that ``ReferenceModel``
            takes. Of a :class:`ModelHistory` a row is old-right if any version has it
            right.
        sample_weight : array-like of shape (n,), default=None
            Row weights.
        display_labels : array-like of shape (n_classes,), default=None
            Names of the sorted classes of `y`. None: the labels themselves.
        confidence : float, default=0.95
            Coverage of the interval in the title.
        random_state : int, RandomState, Generator or None, default=None
            Seed of the bootstrap that the interval needs where weights are not whole
            numbers.
        ax : matplotlib Axes, default=None
            Where to draw, see :meth:`plot`.
        show_classes : bool, default=True
            Whether to draw the bars by class.
        rate : bool, default=False
            Whether bars are shares of the class instead of rows.
        max_classes : int, default=20
            How many classes get a bar.

        Returns
        -------
        display : FlipDisplay

        Raises
        ------
        TypeError
            If the old model can neither predict nor be called.
        ValueError
            If the rows are not what both models take, see
            :meth:`from_predictions`.
        ImportError
            If matplotlib is not installed.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklearn.tree import DecisionTreeClassifier
        >>> from sklearn_graceful.inspection import FlipDisplay
        >>> X, y = load_iris(return_X_y=True)
        >>> old = DecisionTreeClassifier(random_state=0).fit(X[::2], y[::2])
        >>> new = LogisticRegression(max_iter=1000).fit(X[::2], y[::2])
        >>> display = FlipDisplay.from_estimator(
        ...     new, X[1::2], y[1::2], old_model=old
        ... )
        >>> print(display.text_[0, 1].get_text())
        negative flips
        1.3 %
        1
        """
        reference = as_reference(old_model)
        if reference is None:
            raise TypeError("FlipDisplay needs an old model, got None.")
        return cls.from_predictions(
            y,
            estimator.predict(X),
            y_old=old_labels(reference, X, y),
            sample_weight=sample_weight,
            display_labels=display_labels,
            confidence=confidence,
            random_state=random_state,
            ax=ax,
            show_classes=show_classes,
            rate=rate,
            max_classes=max_classes,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_pred,
        *,
        y_old,
        sample_weight=None,
        display_labels=None,
        confidence=0.95,
        random_state=None,
        ax=None,
        show_classes=True,
        rate=False,
        max_classes=20,
    ):
        """Draw from the labels that both models predicted.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            True labels.
        y_pred : array-like of shape (n,)
            Labels predicted by the new model.
        y_old : array-like of shape (n,)
            Labels predicted by the old model.
        sample_weight : array-like of shape (n,), default=None
            Row weights. A weight of k counts like the row repeated k times.
        display_labels : array-like of shape (n_classes,), default=None
            Names of the sorted classes of `y_true`. None: the labels themselves.
        confidence : float, default=0.95
            Coverage of the interval in the title.
        random_state : int, RandomState, Generator or None, default=None
            Seed of the bootstrap that the interval needs where weights are not whole
            numbers.
        ax : matplotlib Axes, default=None
            Where to draw, see :meth:`plot`.
        show_classes : bool, default=True
            Whether to draw the bars by class.
        rate : bool, default=False
            Whether bars are shares of the class instead of rows.
        max_classes : int, default=20
            How many classes get a bar.

        Returns
        -------
        display : FlipDisplay

        Raises
        ------
        ValueError
            If an array is not 1-D, is empty, holds NaN, has another number of rows,
            or holds labels of another kind (numbers against strings); if a weight is
            negative or not finite; if `display_labels` has another length than there
            are classes.
        ImportError
            If matplotlib is not installed.

        Examples
        --------
        >>> from sklearn_graceful.inspection import FlipDisplay
        >>> display = FlipDisplay.from_predictions(
        ...     ["cat", "cat", "dog", "dog"],
        ...     ["cat", "dog", "dog", "dog"],
        ...     y_old=["cat", "cat", "cat", "dog"],
        ... )
        >>> print(display.text_[0, 1].get_text())
        negative flips
        25.0 %
        1
        """
        # It checks the rows.
        interval = flip_interval(
            y_true,
            y_pred,
            y_old=y_old,
            confidence=confidence,
            sample_weight=sample_weight,
            random_state=random_state,
        )
        by_class = flip_counts(
            y_true, y_pred, y_old=y_old, sample_weight=sample_weight, by=y_true
        )
        classes = list(by_class)
        by_class = FlipCounts(*np.transpose([c.cells for c in by_class.values()]))
        display = cls(
            FlipCounts(*(cell.sum().item() for cell in by_class.cells)),
            by_class=by_class,
            display_labels=classes if display_labels is None else display_labels,
            nfr_interval=interval,
            confidence=confidence,
        )
        return display.plot(
            ax=ax, show_classes=show_classes, rate=rate, max_classes=max_classes
        )

    def plot(self, *, ax=None, show_classes=True, rate=False, max_classes=20):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; the bars take a part of its place. None: a new figure.
        show_classes : bool, default=True
            Whether to draw the bars by class, where the display has them.
        rate : bool, default=False
            Whether bars are shares of the rows of the class (its own NFR) instead of
            rows. Small classes make long bars then.
        max_classes : int, default=20
            How many classes get a bar, those with the longest; the rest is summed up
            in a line of text.

        Returns
        -------
        display : FlipDisplay
            Itself.

        Raises
        ------
        ValueError
            If there is not one label per class, or `max_classes` is less than 1.
        ImportError
            If matplotlib is not installed.
        """
        names = self._class_names() if show_classes else []
        if max_classes < 1:
            raise ValueError(f"max_classes must be at least 1, got {max_classes}.")
        n_bars = min(len(names), max_classes)
        self._make_axes(ax, n_bars, names)
        self.figure_ = self.ax_.figure
        self._draw_table()
        self.bars_ = None
        if n_bars:
            self._draw_classes(names, rate, n_bars)
        return self

    def _class_names(self):
        """Short names of the classes, none without counts of them."""
        if self.by_class is None:
            return []
        n_classes = len(self.by_class.negative_flips)
        labels = self.display_labels
        labels = range(n_classes) if labels is None else labels
        return short_names(labels, n_classes, "classes")

    def _make_axes(self, ax, n_bars, names):
        if not n_bars:
            self.ax_ = make_axes("FlipDisplay", ax, (4.6, 4.2))
            self.ax_by_class_ = None
            return
        self.ax_, self.ax_by_class_ = make_two_axes(
            "FlipDisplay",
            ax,
            (9.5, max(4.2, 1.4 + 0.21 * n_bars)),
            side="right",
            size="80%",
            pad=0.45 + LETTER_INCHES * max(map(len, names)),
        )

    def _draw_table(self):
        ax, counts = self.ax_, self.counts
        percent = _percent_of(counts.total)
        cells = [
            [counts.both_right, counts.negative_flips],
            [counts.positive_flips, counts.both_wrong],
        ]
        self.text_ = np.empty((2, 2), dtype=object)
        for row, column in np.ndindex(2, 2):
            rows, colour = cells[row][column], _COLOURS[row][column]
            said = f"{_OUTCOMES[row][column]}\n{percent(rows)}\n{_amount(rows)}"
            style, frame = {"color": "black"}, {"edgecolor": "white"}
            if (row, column) == (0, 1):
                style = {"color": "white", "fontweight": "bold"}
                frame = {"edgecolor": "black", "linewidth": 2.5, "zorder": 2}
            add_cell(ax, row, column, colour, **frame)
            self.text_[row, column] = write_cell(
                ax, row, column, said, linespacing=1.4, **style
            )
        wrong_old = counts.total - counts.right_old
        right = [f"right\n{percent(n)}" for n in (counts.right_new, counts.right_old)]
        wrong = [f"wrong\n{percent(n)}" for n in (counts.wrong_new, wrong_old)]
        ax.set(xlim=(-0.52, 1.52), ylim=(1.52, -0.52))
        ax.set_xticks([0, 1], [right[0], wrong[0]])
        ax.set_yticks([0, 1], [right[1], wrong[1]])
        ax.set(xlabel="new model", ylabel="old model")
        remove_frame(ax)
        set_title(ax, self._title(percent))

    def _title(self, percent):
        counts, total = self.counts, self.counts.total
        nfr = f"NFR {percent(counts.negative_flips)}"
        if self.nfr_interval is not None:
            _, low, high = self.nfr_interval
            nfr += (
                f" ({100 * self.confidence:g} % interval {percent(low * total)} to "
                f"{percent(high * total)})"
            )
        old, new = percent(counts.right_old), percent(counts.right_new)
        return f"{nfr}\naccuracy {old} → {new}"

    def _draw_classes(self, names, rate, n_bars):
        ax, by_class = self.ax_by_class_, self.by_class
        lengths = by_class.negative_flip_rate if rate else by_class.negative_flips
        lengths = np.nan_to_num(lengths)
        # Equal bars stay in the order of the classes.
        order = np.argsort(-lengths, kind="stable")
        shown, rest = order[:n_bars], order[n_bars:]
        self.bars_ = ax.barh(np.arange(n_bars), lengths[shown], 0.7, color=ORANGE)
        said = [
            f"{_amount(by_class.negative_flips[k])} of {_amount(by_class.total[k])}"
            for k in shown
        ]
        ax.bar_label(self.bars_, said, padding=3, fontsize="small")
        ax.set_yticks(np.arange(n_bars), [names[k] for k in shown])
        ax.tick_params(
            axis="y", length=0, labelsize="small" if n_bars > 10 else "medium"
        )
        # Few bars stay as thin as many, and the longest one leaves room for its text.
        ax.set_ylim(max(n_bars, 5) - 0.5, -0.5)
        ax.set_xlim(0, 1.45 * max(lengths.max(), 1e-9) if lengths.any() else 1)
        open_frame(ax)
        ax.set_ylabel("true class")
        ax.set_xlabel(_bars_label(rate, len(rest), by_class.negative_flips[rest].sum()))
        _tick_bars(ax.xaxis, rate, lengths)


def _percent_of(total):
    """Writer of rows as their share of all, with the digits that `total` supports."""
    size = math.log10(total) if total > 1 else 0
    digits = min(max(math.ceil(size) - 3, 1), 4)

    def percent(rows):
        share = 100 * rows / total if total else math.nan
        return f"{share:.{digits}f} %"

    return percent


def _amount(rows):
    """Write a number of rows, or a weight."""
    if float(rows).is_integer():
        return f"{rows:,.0f}"
    return f"{rows:,.1f}" if rows >= 10 else f"{rows:.3g}"


def _bars_label(rate, n_rest, flips_of_rest):
    label = "negative flips, share of the class" if rate else "negative flips"
    if not n_rest:
        return label
    return f"{label}\n({n_rest} more classes: {_amount(flips_of_rest)} negative flips)"


def _tick_bars(axis, rate, lengths):
    from matplotlib.ticker import MaxNLocator

    whole = not rate and all(float(length).is_integer() for length in lengths)
    axis.set_major_locator(MaxNLocator(nbins=4, integer=whole))
    if rate:
        axis.set_major_formatter(percent_tick)
