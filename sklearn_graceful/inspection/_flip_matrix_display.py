"""Draw the negative flips between all versions of a model."""

import math

import numpy as np

from sklearn_graceful.inspection import _style as style
from sklearn_graceful.inspection._matrix_display import MatrixDisplay, names_of
from sklearn_graceful.metrics import flip_matrix


class FlipMatrixDisplay(MatrixDisplay):
    """Draw the negative flip rate (NFR) of every update from one version to another.

    The row says which version is left, the column which one takes its place. With the
    oldest version first, updates are above the diagonal: the darker, the more rows
    were right and are wrong now. Next to the diagonal are the releases in turn, in the
    right column what the newest version breaks that each earlier one had right.
    Rollbacks, below the diagonal, have no colour: going back from a better model to a
    worse one flips so many rows that beside them all updates would look alike. Draw
    rows that no version was trained on: on training rows the picture misleads.

    Use :meth:`from_estimator` or :meth:`from_predictions` rather than the constructor,
    unless the matrix was stored.

    Parameters
    ----------
    matrix : ndarray of shape (n_versions, n_versions)
        Rates, from :func:`~sklearn_graceful.metrics.flip_matrix`.
    display_labels : array-like of shape (n_versions,), default=None
        Names of the versions. None: v1, v2 and so on.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Holds the heat map.
    figure_ : matplotlib Figure
        Holds it and the colour bar.
    im_ : matplotlib AxesImage
        The heat map; all but the updates is masked.
    text_ : ndarray of matplotlib Text, shape (n_versions, n_versions)
        The rates in %; None on the diagonal.

    See Also
    --------
    FlipDisplay : One update in detail.
    sklearn_graceful.metrics.flip_matrix : The same in figures.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.inspection import FlipMatrixDisplay
    >>> stored = np.array([[0, 0.02, 0.03], [0.05, 0, 0.01], [0.07, 0.02, 0]])
    >>> display = FlipMatrixDisplay(stored).plot()
    >>> print(display.ax_.get_title(loc="left"))
    NFR in %, of updates up to 3.0
    >>> print(display.text_[0, 2].get_text())
    3.0
    """

    def __init__(self, matrix, *, display_labels=None):
        self.matrix = matrix
        self.display_labels = display_labels

    @classmethod
    def from_estimator(
        cls, versions, X, y, *, sample_weight=None, display_labels=None, ax=None
    ):
        """Ask all versions about rows, and draw.

        Parameters
        ----------
        versions : dict, list or ModelHistory
            Fitted models by name, or the oldest first; each anything that
            ``ReferenceModel`` takes.
        X : array-like of n rows
            As all versions take them; a Pipeline gets its raw rows.
        y : array-like of shape (n,)
            True labels.
        sample_weight : array-like of shape (n,), default=None
            Row weights.
        display_labels : array-like of shape (n_versions,), default=None
            Names of the versions. None: the keys of a dict, else v1, v2 and so on.
        ax : matplotlib Axes, default=None
            Where to draw, see :meth:`plot`.

        Returns
        -------
        display : FlipMatrixDisplay

        Raises
        ------
        TypeError
            If a version can neither predict nor be called, or `versions` is no
            collection of them.
        ValueError
            If the rows are not what all versions take, see :meth:`from_predictions`.
        ImportError
            If matplotlib is not installed.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklearn.tree import DecisionTreeClassifier
        >>> from sklearn_graceful.inspection import FlipMatrixDisplay
        >>> X, y = load_iris(return_X_y=True)
        >>> tree = DecisionTreeClassifier(random_state=0).fit(X[::2], y[::2])
        >>> linear = LogisticRegression(max_iter=1000).fit(X[::2], y[::2])
        >>> display = FlipMatrixDisplay.from_estimator(
        ...     {"tree": tree, "linear": linear}, X[1::2], y[1::2]
        ... )
        >>> print(display.text_[0, 1].get_text())
        1.3
        """
        handles = cls._handles(versions)
        return cls.from_predictions(
            y,
            {name: handle.predict(X) for name, handle in handles.items()},
            sample_weight=sample_weight,
            display_labels=display_labels,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true,
        predictions_by_version,
        *,
        sample_weight=None,
        display_labels=None,
        ax=None,
    ):
        """Draw from the labels that all versions predicted.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            True labels.
        predictions_by_version : dict of array-like, or list of array-like, of shape \
                (n,)
            Predicted labels of each version, usually oldest first.
        sample_weight : array-like of shape (n,), default=None
            Row weights. A weight of k counts like the row repeated k times.
        display_labels : array-like of shape (n_versions,), default=None
            Names of the versions. None: the keys of a dict, else v1, v2 and so on.
        ax : matplotlib Axes, default=None
            Where to draw, see :meth:`plot`.

        Returns
        -------
        display : FlipMatrixDisplay

        Raises
        ------
        ValueError
            If there are less than two versions; if an array is not 1-D, is empty,
            holds NaN, has another number of rows, or holds labels of another kind
            (numbers against strings); if a weight is negative or not finite; if
            `display_labels` has another length than there are versions.
        ImportError
            If matplotlib is not installed.

        Examples
        --------
        >>> from sklearn_graceful.inspection import FlipMatrixDisplay
        >>> display = FlipMatrixDisplay.from_predictions(
        ...     ["cat", "cat", "dog", "dog"],
        ...     {"May": ["cat", "cat", "cat", "dog"], "June": ["cat", "dog"] * 2},
        ... )
        >>> print(display.text_[0, 1].get_text())
        25.0
        """
        matrix = flip_matrix(
            y_true, predictions_by_version, sample_weight=sample_weight
        )
        display_labels = names_of(predictions_by_version, display_labels)
        return cls(matrix, display_labels=display_labels).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; the colour bar takes a part of its place. None: a new
            figure, larger for more versions.

        Returns
        -------
        display : FlipMatrixDisplay
            Itself.

        Raises
        ------
        ValueError
            If the matrix is not square, has less than two versions, or there is not
            one label per version.
        ImportError
            If matplotlib is not installed.
        """
        rates = self._start("matrix", self.matrix, ax, height=0.9)
        updates = np.ma.masked_array(rates, np.tri(len(rates), dtype=bool))
        highest = updates.max()
        # Without any flip, or with nan everywhere, there is nothing to scale.
        limits = (0, highest if highest > 0 else 0.01)
        self._draw_map(updates, "Oranges", limits, style.percent_tick)
        digits = _digits(highest)
        self._write_cells(
            rates,
            ~np.eye(len(rates), dtype=bool),
            muted=np.tri(len(rates), k=-1, dtype=bool),
            digits=digits,
        )
        self.ax_.set_facecolor(style.LIGHT_GREY)
        self.ax_.set(xlabel="to this version", ylabel="from this version")
        said = style.percent(highest, digits, unit="")
        style.set_title(self.ax_, f"NFR in %, of updates up to {said}")
        return self


def _digits(highest):
    """Decimals of a rate in % so that the highest one has two significant digits."""
    size = math.floor(math.log10(100 * highest)) if highest > 0 else 0
    return min(max(1 - size, 1), 4)
