"""Draw which rows an update wins and loses."""

import math

import numpy as np

from sklearn_graceful._arguments import check_count
from sklearn_graceful.inspection import _style as style
from sklearn_graceful.inspection._slice_rates import draw_slice_rates, slice_name
from sklearn_graceful.metrics import FlipCounts, flip_counts, flip_interval
from sklearn_graceful.reference import as_reference, old_labels

# Of the table, row by row.
_COLOURS = {
    "both_right": style.LIGHT_GREY,
    "negative_flips": style.ORANGE,
    "positive_flips": style.PALE_BLUE,
    "both_wrong": style.GREY,
}


class FlipDisplay:
    """Draw the table of old and new outcomes, and who bears the negative flips.

    On the left the rows by whether the old and the new model have them right; on the
    right the negative flips of each true class, or with :meth:`from_report` the flips
    of each slice in both directions. The title gives the negative flip rate (NFR), its
    confidence interval and both accuracies. Draw rows that neither model was trained
    on: on training rows the picture misleads.

    Use :meth:`from_estimator`, :meth:`from_predictions` or :meth:`from_report` rather
    than the constructor, unless the counts were stored.

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
    slices : sequence of Slice, default=None
        Parts of the rows, as in the ``slices`` of an
        :class:`~sklearn_graceful.UpdateReport`; drawn in place of the classes. None:
        the classes are drawn.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Holds the table.
    ax_by_class_ : matplotlib Axes or None
        Holds the bars, if there are any.
    ax_by_slice_ : matplotlib Axes or None
        Holds the rates of slices, if there are any.
    bars_ : matplotlib BarContainer, dict of ErrorbarContainer, or None
        One bar for each class that is shown, the longest on top; of slices their rates
        with intervals, ``"nfr"`` and ``"pfr"``, in the order of `slices`.
    figure_ : matplotlib Figure
        Holds all.
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
        slices=None,
    ):
        self.counts = counts
        self.by_class = by_class
        self.display_labels = display_labels
        self.nfr_interval = nfr_interval
        self.confidence = confidence
        self.slices = slices

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

    @classmethod
    def from_report(cls, report, *, max_slices=12, ax=None):
        """Draw what a comparison of two models found, slice by slice.

        Each slice, a class or another part of the rows, has its negative and positive
        flip rates with their intervals, beside those of all rows. Slices are in the
        order of the report: lost ones first, then the others by how sure their loss of
        accuracy is. Figures of a slice that was found are of the half of the rows that
        it was not found on.

        Parameters
        ----------
        report : UpdateReport
            From :func:`~sklearn_graceful.compare_models`.
        max_slices : int, default=12
            How many slices to draw.
        ax : matplotlib Axes, default=None
            Where to draw, see :meth:`plot`.

        Returns
        -------
        display : FlipDisplay

        Raises
        ------
        ValueError
            If `max_slices` is less than 1.
        ImportError
            If matplotlib is not installed.

        Examples
        --------
        >>> from sklearn_graceful import compare_models
        >>> from sklearn_graceful.inspection import FlipDisplay
        >>> y = ["cat", "dog"] * 200
        >>> new = ["cat"] * 100 + y[100:]
        >>> display = FlipDisplay.from_report(compare_models(y, new, y=y))
        >>> print(display.ax_by_slice_.get_yticklabels()[0].get_text())
        class 'dog', lost, 200 rows
        """
        check_count("max_slices", max_slices)
        display = cls(
            report.counts,
            nfr_interval=report.figures["negative_flip_rate"],
            confidence=report.settings["confidence"],
            slices=report.slices,
        )
        return display.plot(ax=ax, max_classes=max_slices)

    def plot(self, *, ax=None, show_classes=True, rate=False, max_classes=20):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; the bars take a part of its place. None: a new figure.
        show_classes : bool, default=True
            Whether to draw the classes, or slices, where the display has them.
        rate : bool, default=False
            Whether bars are shares of the rows of the class (its own NFR) instead of
            rows. Small classes make long bars then. Slices have rates anyway.
        max_classes : int, default=20
            How many classes get a bar, those with the longest, or how many slices are
            drawn, the first ones; a line of text tells of the rest.

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
        check_count("max_classes", max_classes)
        self.ax_by_class_ = self.ax_by_slice_ = self.bars_ = None
        if show_classes and self.slices:
            self._plot_slices(ax, max_classes)
        elif show_classes and self.by_class is not None:
            self._plot_classes(ax, rate, max_classes)
        else:
            self.ax_ = style.make_axes("FlipDisplay", ax, (4.6, 4.2))
        self.figure_ = self.ax_.figure
        self._draw_table()
        return self

    def _plot_slices(self, ax, max_slices):
        shown = self.slices[:max_slices]
        height = max(4.2, 1.8 + 0.44 * len(shown))
        names = "\n".join(map(slice_name, shown)).split("\n")
        n_letters = max(map(len, names))
        self.ax_, self.ax_by_slice_ = self._make_axes(ax, height, n_letters)
        n_more = len(self.slices) - len(shown)
        self.bars_ = draw_slice_rates(self.ax_by_slice_, shown, self.counts, n_more)

    def _plot_classes(self, ax, rate, max_classes):
        numbers = range(len(self.by_class.negative_flips))
        names = style.short_names(self.display_labels, numbers, "classes")
        n_bars = min(len(names), max_classes)
        height = max(4.2, 1.4 + 0.21 * n_bars)
        self.ax_, self.ax_by_class_ = self._make_axes(ax, height, max(map(len, names)))
        self._draw_classes(np.array(names), rate, n_bars)

    def _make_axes(self, ax, height, n_letters):
        """Axes for the table, and others at its right with names of that length."""
        pad = 0.45 + style.LETTER_INCHES * n_letters
        place = {"side": "right", "size": "80%", "pad": pad}
        return style.make_two_axes("FlipDisplay", ax, (9.5, height), **place)

    def _draw_table(self):
        ax, counts, percent = self.ax_, self.counts, self._percent
        self.text_ = np.empty((2, 2), dtype=object)
        for cell, outcome in zip(np.ndindex(2, 2), _COLOURS, strict=True):
            rows = getattr(counts, outcome)
            said = f"{outcome.replace('_', ' ')}\n{percent(rows)}\n{_amount(rows)}"
            text, frame = {"color": "black"}, {"edgecolor": "white"}
            if outcome == "negative_flips":
                text = {"color": "white", "fontweight": "bold"}
                frame = {"edgecolor": "black", "linewidth": 2.5, "zorder": 2}
            style.add_cell(ax, *cell, _COLOURS[outcome], **frame)
            self.text_[cell] = style.write_cell(
                ax, *cell, said, linespacing=1.4, **text
            )
        wrong_old = counts.positive_flips + counts.both_wrong
        right = [f"right\n{percent(n)}" for n in (counts.right_new, counts.right_old)]
        wrong = [f"wrong\n{percent(n)}" for n in (counts.wrong_new, wrong_old)]
        ax.set(xlim=(-0.52, 1.52), ylim=(1.52, -0.52))
        ax.set_xticks([0, 1], [right[0], wrong[0]])
        ax.set_yticks([0, 1], [right[1], wrong[1]])
        ax.set(xlabel="new model", ylabel="old model")
        style.remove_frame(ax)
        style.set_title(ax, self._title())

    def _title(self):
        counts, percent = self.counts, self._percent
        nfr = f"NFR {percent(counts.negative_flips)}"
        if self.nfr_interval is not None:
            _, low, high = (percent(end * counts.total) for end in self.nfr_interval)
            nfr += f" ({style.percent_tick(self.confidence)} interval {low} to {high})"
        old, new = percent(counts.right_old), percent(counts.right_new)
        return f"{nfr}\naccuracy {old} → {new}"

    def _percent(self, rows):
        """Rows as a share of all, with as many digits as so many rows support."""
        total = self.counts.total
        digits = min(max(math.ceil(math.log10(max(total, 1))) - 3, 1), 4)
        return f"{100 * rows / total if total else math.nan:.{digits}f} %"

    def _draw_classes(self, names, rate, n_bars):
        from matplotlib.ticker import MaxNLocator

        ax, by_class = self.ax_by_class_, self.by_class
        lengths = by_class.negative_flip_rate if rate else by_class.negative_flips
        lengths = np.nan_to_num(lengths)
        # Equal bars stay in the order of the classes.
        order = np.argsort(-lengths, kind="stable")
        shown, rest = order[:n_bars], order[n_bars:]
        self.bars_ = ax.barh(np.arange(n_bars), lengths[shown], 0.7, color=style.ORANGE)
        said = [
            f"{_amount(by_class.negative_flips[k])} of {_amount(by_class.total[k])}"
            for k in shown
        ]
        ax.bar_label(self.bars_, said, padding=3, fontsize="small")
        ax.set_yticks(np.arange(n_bars), names[shown])
        size = "small" if n_bars > 10 else "medium"
        ax.tick_params(axis="y", length=0, labelsize=size)
        # Few bars stay as thin as many, and the longest one leaves room for its text.
        ax.set_ylim(max(n_bars, 5) - 0.5, -0.5)
        ax.set_xlim(0, 1.45 * max(lengths.max(), 1e-9) if lengths.any() else 1)
        style.open_frame(ax)
        label = "negative flips, share of the class" if rate else "negative flips"
        if len(rest):
            flips = _amount(by_class.negative_flips[rest].sum())
            label += f"\n({len(rest)} more classes: {flips} negative flips)"
        ax.set(xlabel=label, ylabel="true class")
        whole = not rate and not (lengths % 1).any()
        ax.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=whole))
        if rate:
            ax.xaxis.set_major_formatter(style.percent_tick)


def _amount(rows):
    """Write a number of rows, or a weight."""
    if float(rows).is_integer():
        return f"{rows:,.0f}"
    return f"{rows:,.1f}" if rows >= 10 else f"{rows:.3g}"
