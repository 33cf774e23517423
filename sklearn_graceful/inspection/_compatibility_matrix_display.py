"""Draw which versions of an embedder can search which galleries."""

import numpy as np

from sklearn_graceful.inspection import _style as style
from sklearn_graceful.inspection._matrix_display import MatrixDisplay, names_of
from sklearn_graceful.metrics import compatibility_matrix

# A tick and a cross as curves: not every font has them.
_TICK, _CROSS = [(-1, -0.1), (-0.35, -0.8), (1, 0.9)], "x"


class CompatibilityMatrixDisplay(MatrixDisplay):
    """Draw how well each version's queries search each version's gallery.

    The row says which version embeds the queries, the column which one made the
    gallery. With the oldest version first, the diagonal holds the self-tests, framed,
    and below it are the cross-tests of newer queries on galleries that were never
    re-embedded. A cross-test has a tick if it meets the criterion of compatibility, to
    be strictly better than the self-test of its column; otherwise a cross. Its colour
    says how far it is from that self-test. Above the diagonal older queries search
    newer galleries, which is no update: figures only.

    The title gives AC, the share of cross-tests that meet the criterion, and AM, the
    mean of self- and cross-tests. Draw rows that no version was trained on: on training
    rows the picture misleads.

    Use :meth:`from_estimator` or :meth:`from_embeddings` rather than the constructor,
    unless the matrix was stored or is the mean of several.

    Parameters
    ----------
    values : array-like of shape (n_versions, n_versions)
        Quality from 0 to 1, as in the ``values`` of a
        :class:`~sklearn_graceful.metrics.CompatibilityMatrix`. Cells that are nan, such
        as a gallery that is gone, stay blank and do not count.
    measure : str, default=None
        What the quality is, for the title. None: "quality".
    display_labels : array-like of shape (n_versions,), default=None
        Names of the versions. None: v1, v2 and so on.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Holds the matrix.
    figure_ : matplotlib Figure
        Holds it and the colour bar.
    im_ : matplotlib AxesImage
        The colours of the cross-tests; all other cells are masked.
    marks_ : ndarray of matplotlib PathCollection, shape (n_versions, n_versions)
        The ticks and crosses; None where there is no cross-test.
    text_ : ndarray of matplotlib Text, shape (n_versions, n_versions)
        The values in %; None where they are nan.

    See Also
    --------
    BackfillCurveDisplay : What re-embedding an old gallery adds.
    sklearn_graceful.metrics.compatibility_matrix : The same in figures.

    References
    ----------
    Shen et al., "Towards Backward-Compatible Representation Learning", CVPR 2020.

    Biondi et al., "CoReS: Compatible Representations via Stationarity", IEEE TPAMI 45,
    2023.

    Examples
    --------
    >>> from sklearn_graceful.inspection import CompatibilityMatrixDisplay
    >>> stored = [[0.80, 0.10, 0.10], [0.85, 0.90, 0.10], [0.79, 0.91, 0.95]]
    >>> display = CompatibilityMatrixDisplay(stored, measure="recall@1").plot()
    >>> print(display.ax_.get_title(loc="left"))
    recall@1 in %
    AC 67 % (2 of 3 cross-tests), AM 86.7
    >>> print(display.text_[1, 0].get_text())
    85.0
    """

    def __init__(self, values, *, measure=None, display_labels=None):
        self.values = values
        self.measure = measure
        self.display_labels = display_labels

    @classmethod
    def from_estimator(
        cls,
        versions,
        X,
        y,
        *,
        X_gallery=None,
        y_gallery=None,
        metric="cosine",
        old_view=False,
        measure="recall@1",
        display_labels=None,
        ax=None,
    ):
        """Ask all versions about rows, and draw.

        Parameters
        ----------
        versions : dict, list or ModelHistory
            Fitted embedders by name, or the oldest first; each anything with
            ``transform`` that ``ReferenceModel`` takes.
        X : array-like of n rows
            The queries, as all versions take them; a Pipeline gets its raw rows.
        y : array-like of shape (n,)
            Their labels.
        X_gallery : array-like of m rows, default=None
            The gallery. None: each query searches the other queries.
        y_gallery : array-like of shape (m,), default=None
            Labels of the gallery.
        metric : {"cosine", "euclidean"}, default="cosine"
            What is near.
        old_view : bool, default=False
            Whether versions may be of different widths, see
            :func:`~sklearn_graceful.metrics.compatibility_matrix`.
        measure : str, default="recall@1"
            ``"recall@1"`` (any k), ``"map"`` or ``"ndcg"``.
        display_labels : array-like of shape (n_versions,), default=None
            Names of the versions. None: the keys of a dict, else v1, v2 and so on.
        ax : matplotlib Axes, default=None
            Where to draw, see :meth:`plot`.

        Returns
        -------
        display : CompatibilityMatrixDisplay

        Raises
        ------
        TypeError
            If a version has no embeddings, or `versions` is no collection of them.
        ValueError
            If the rows are not what all versions take, if only one of `X_gallery` and
            `y_gallery` is given, and as in :meth:`from_embeddings`.
        ImportError
            If matplotlib is not installed.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.decomposition import PCA
        >>> from sklearn_graceful.inspection import CompatibilityMatrixDisplay
        >>> X, y = load_iris(return_X_y=True)
        >>> versions = {"narrow": PCA(2).fit(X[::2]), "wide": PCA(4).fit(X[::2])}
        >>> display = CompatibilityMatrixDisplay.from_estimator(
        ...     versions, X[1::2], y[1::2], metric="euclidean", old_view=True
        ... )
        >>> print(display.text_[0, 0].get_text())
        96.0
        """
        if (X_gallery is None) != (y_gallery is None):
            raise ValueError(
                "A gallery needs its labels: give X_gallery and y_gallery, or neither."
            )
        handles = cls._handles(versions)

        def embed(rows):
            return {name: handle.transform(rows) for name, handle in handles.items()}

        gallery = None if X_gallery is None else embed(X_gallery)
        return cls.from_embeddings(
            embed(X),
            labels=y,
            gallery_by_version=gallery,
            gallery_labels=y_gallery,
            metric=metric,
            old_view=old_view,
            measure=measure,
            display_labels=display_labels,
            ax=ax,
        )

    @classmethod
    def from_embeddings(
        cls,
        embeddings_by_version,
        *,
        labels,
        gallery_by_version=None,
        gallery_labels=None,
        query_ids=None,
        gallery_ids=None,
        metric="cosine",
        old_view=False,
        measure="recall@1",
        display_labels=None,
        ax=None,
    ):
        """Draw from what all versions make of the same items.

        Parameters
        ----------
        embeddings_by_version : dict of array-like, or list of array-like
            Embeddings of the same items by each version, of shape (n_queries,
            n_coordinates), the oldest version first.
        labels : array-like of shape (n_queries,)
            Labels of the items.
        gallery_by_version : dict of array-like, or list of array-like, default=None
            Embeddings of the gallery's items by each version. None: each query
            searches the other queries.
        gallery_labels : array-like of shape (n_gallery,), default=None
            Labels of the gallery's items.
        query_ids, gallery_ids : array-like, default=None
            Gallery items with the id of the query are left out.
        metric : {"cosine", "euclidean"}, default="cosine"
            What is near.
        old_view : bool, default=False
            Whether versions may be of different widths, see
            :func:`~sklearn_graceful.metrics.compatibility_matrix`.
        measure : str, default="recall@1"
            ``"recall@1"`` (any k), ``"map"`` or ``"ndcg"``.
        display_labels : array-like of shape (n_versions,), default=None
            Names of the versions. None: the keys of a dict, else v1, v2 and so on.
        ax : matplotlib Axes, default=None
            Where to draw, see :meth:`plot`.

        Returns
        -------
        display : CompatibilityMatrixDisplay

        Raises
        ------
        ValueError
            If there are less than two versions, if `display_labels` has another length
            than there are versions, and as in
            :func:`~sklearn_graceful.metrics.compatibility_matrix`.
        ImportError
            If matplotlib is not installed.

        Examples
        --------
        >>> from sklearn_graceful.inspection import CompatibilityMatrixDisplay
        >>> old = [[4, 1], [1, 1], [1, 1.1], [0, 1]]
        >>> new = [[4, 1], [4, 2], [1, 3], [0, 1]]
        >>> display = CompatibilityMatrixDisplay.from_embeddings(
        ...     {"May": old, "June": new}, labels=[0, 0, 1, 1]
        ... )
        >>> [text.get_text() for text in display.text_[1]]
        ['100.0', '100.0']
        """
        matrix = compatibility_matrix(
            embeddings_by_version,
            labels=labels,
            gallery_by_version=gallery_by_version,
            gallery_labels=gallery_labels,
            query_ids=query_ids,
            gallery_ids=gallery_ids,
            metric=metric,
            old_view=old_view,
            measure=measure,
        )
        display_labels = names_of(embeddings_by_version, display_labels)
        display = cls(matrix.values, measure=measure, display_labels=display_labels)
        return display.plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; the colour bar takes a part of its place, and the legend
            hangs below it. None: a new figure, larger for more versions.

        Returns
        -------
        display : CompatibilityMatrixDisplay
            Itself.

        Raises
        ------
        ValueError
            If the matrix is not square, has less than two versions, or there is not
            one label per version.
        ImportError
            If matplotlib is not installed.
        """
        values = self._start("values", self.values, ax, height=1.5)
        from matplotlib.colors import LinearSegmentedColormap

        cross_test = np.tri(len(values), k=-1, dtype=bool)
        change = np.where(cross_test, values - np.diag(values), np.nan)
        # Without any cross-test, or with equal ones only, there is nothing to scale.
        limit = np.nanmax(np.abs(change), initial=0) or 0.01
        loss_to_gain = [style.ORANGE, "#f7f7f7", style.BLUE]
        bar = self._draw_map(
            np.ma.masked_invalid(change),
            LinearSegmentedColormap.from_list("", loss_to_gain),
            (-limit, limit),
            lambda points, _: f"{100 * points:+g}" if points else "0",
        )
        bar.set_label("points against the self-test", fontsize="small")
        self._write_cells(
            values, ~np.isnan(values), muted=~np.tri(len(values), dtype=bool)
        )
        self._frame_self_tests(values)
        self._mark_cross_tests(change)
        self._label()
        style.set_title(self.ax_, self._title(values, change))
        return self

    def _frame_self_tests(self, values):
        for k in np.flatnonzero(~np.isnan(np.diag(values))):
            style.add_cell(self.ax_, k, k, style.GREY, size=0.94, edgecolor="black")
            self.text_[k, k].set_fontweight("bold")

    def _mark_cross_tests(self, change):
        self.marks_ = np.full(change.shape, None, dtype=object)
        for row, column in np.argwhere(~np.isnan(change)):
            text = self.text_[row, column]
            # Room for the mark below the figure.
            text.set_y(row - 0.15)
            self.marks_[row, column] = self._mark(
                change[row, column] > 0, [column], [row + 0.24], text.get_color()
            )

    def _mark(self, met, x, y, colour="black", **legend):
        from matplotlib.markers import MarkerStyle
        from matplotlib.path import Path

        marker = MarkerStyle(Path(_TICK) if met else _CROSS, fillstyle="none")
        return self.ax_.scatter(
            x, y, 34 if met else 22, marker=marker, color=colour, lw=1.6, **legend
        )

    def _label(self):
        ax = self.ax_
        ax.tick_params(labeltop=True, labelbottom=False)
        ax.xaxis.set_label_position("top")
        ax.set(xlabel="gallery of", ylabel="queries of")
        self._mark(True, [], [], label="better than the self-test of its column")
        self._mark(False, [], [], label="not better")
        ax.legend(
            loc="upper left",
            bbox_to_anchor=(0, 0),
            frameon=False,
            fontsize="small",
            borderaxespad=0.2,
            borderpad=0.2,
            handletextpad=0.3,
        )

    def _title(self, values, change):
        n_tests, n_met = np.isfinite(change).sum(), (change > 0).sum()
        used = values[np.tri(len(values), dtype=bool) & np.isfinite(values)]
        share = f"{100 * n_met / n_tests:.0f} %" if n_tests else "undefined"
        mean = style.percent(used.mean(), unit="") if len(used) else "undefined"
        return (
            f"{style.measure_name(self.measure)} in %\n"
            f"AC {share} ({n_met} of {n_tests} cross-tests), AM {mean}"
        )
