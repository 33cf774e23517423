"""Every version's queries on every version's gallery."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from sklearn.utils.validation import _num_samples

from sklearn_graceful._arguments import check_flag
from sklearn_graceful.metrics._numbers import as_numbers
from sklearn_graceful.metrics._retrieval import (
    RetrievalOutcomes,
    check_measure,
    rank_all,
)
from sklearn_graceful.metrics._undefined import undefined
from sklearn_graceful.metrics._versions import name_versions
from sklearn_graceful.search import LabelledSearch


@dataclass(frozen=True, eq=False)
class CompatibilityMatrix:
    """Retrieval quality of each version's queries on each version's gallery.

    Rows are the versions that queries come from, columns those of the gallery; the
    diagonal holds the self-tests, the part below it the cross-tests of newer queries
    on older galleries.

    Parameters
    ----------
    versions : tuple
        Names of the versions, the oldest first.
    outcomes : dict of tuple to RetrievalOutcomes
        By positions ``i, j``: queries of version i on the gallery of version j.
    measure : str
        ``"recall@1"`` (any k), ``"map"`` or ``"ndcg"``.

    Examples
    --------
    >>> from sklearn_graceful.metrics import compatibility_matrix
    >>> old = [[4, 1], [1, 1], [1, 1.1], [0, 1]]
    >>> new = [[4, 1], [4, 2], [1, 3], [0, 1]]
    >>> matrix = compatibility_matrix({"v1": old, "v2": new}, labels=[0, 0, 1, 1])
    >>> matrix.values
    array([[0.5, 0.5],
           [1. , 1. ]])
    >>> matrix.average_compatibility, round(matrix.average_multimodel_accuracy, 3)
    (1.0, 0.833)
    >>> matrix.update_gain(paragon=1.0)
    1.0
    """

    versions: tuple
    outcomes: dict[tuple[int, int], RetrievalOutcomes]
    measure: str

    @property
    def values(self):
        """Quality of version i's queries on version j's gallery, a square array."""
        values = np.empty((len(self.versions), len(self.versions)))
        for place, outcomes in self.outcomes.items():
            values[place] = outcomes.mean(self.measure)
        return values

    def with_measure(self, measure):
        """Return the same matrix, read by another measure; nothing is searched again.

        Parameters
        ----------
        measure : str
            ``"recall@1"`` (any k), ``"map"`` or ``"ndcg"``.

        Returns
        -------
        matrix : CompatibilityMatrix

        Raises
        ------
        ValueError
            If the measure is unknown or its k out of range.
        """
        for outcomes in self.outcomes.values():
            check_measure(measure, outcomes.gallery_size)
        return CompatibilityMatrix(self.versions, self.outcomes, measure)

    @property
    def criterion(self):
        """Whether newer queries do strictly better on an older gallery than its own.

        A bool array: ``values[i, j] > values[j, j]`` below the diagonal, else False.
        """
        values = self.values
        return np.tril(values > np.diag(values), k=-1)

    @property
    def average_compatibility(self):
        """AC: share of the pairs of versions that meet the `criterion`.

        nan, with an UndefinedMetricWarning, for a single version.
        """
        n_versions = len(self.versions)
        if n_versions < 2:
            return undefined(
                "average_compatibility of a single version is 0/0, so it is undefined "
                "and returned as nan."
            )
        return float(self.criterion.sum() / (n_versions * (n_versions - 1) / 2))

    @property
    def average_multimodel_accuracy(self):
        """AM: mean of the self-tests and the cross-tests on older galleries."""
        return float(self.values[np.tril_indices(len(self.versions))].mean())

    def update_gain(self, paragon, pair=None):
        """Share of the possible improvement that needs no re-embedding.

        Parameters
        ----------
        paragon : float or RetrievalOutcomes
            Self-test of the paragon of the new version, in the matrix's measure.
        pair : tuple, default=None
            Names of the new and of the old version; None: the last two.

        Returns
        -------
        gain : float
            See `update_gain`.

        Raises
        ------
        ValueError
            If there is no such pair of versions.
        """
        new, old = self._places(pair)
        values = self.values
        return update_gain(values[old, old], values[new, old], self._quality(paragon))

    def tax(self, paragon, pair=None):
        """Quality that the new version gives up for compatibility.

        Parameters
        ----------
        paragon : float or RetrievalOutcomes
            Self-test of the paragon of the new version, in the matrix's measure.
        pair : tuple, default=None
            Names of the new and of the old version; None: the last two.

        Returns
        -------
        tax : float
            See `compatibility_tax`.

        Raises
        ------
        ValueError
            If there is no such pair of versions.
        """
        new, _ = self._places(pair)
        return compatibility_tax(self._quality(paragon), self.values[new, new])

    def _quality(self, paragon):
        if isinstance(paragon, RetrievalOutcomes):
            return paragon.mean(self.measure)
        return paragon

    def _places(self, pair):
        if pair is None:
            pair = self.versions[:-3:-1]
        if len(pair) != 2 or not set(pair) <= set(self.versions):
            raise ValueError(
                f"pair must name the new and the old of the versions "
                f"{list(self.versions)}, got {pair!r}."
            )
        return tuple(self.versions.index(version) for version in pair)


def compatibility_matrix(
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
):
    """Retrieval quality of each version's queries on each version's gallery.

    Formula: ``C[i, j]`` is the quality of version i's queries on version j's gallery.
    Version i is compatible with an older j if ``C[i, j] > C[j, j]``, strictly (Shen et
    al. 2020). ``AC`` is the share of pairs ``j < i`` that are, ``AM`` the mean of
    ``C[i, j]`` over ``j <= i`` (Biondi et al. 2023).

    Parameters
    ----------
    embeddings_by_version : dict of array-like, or list of array-like
        Embeddings of the same items by each version, of shape (n_queries,
        n_coordinates), the oldest version first.
    labels : array-like of shape (n_queries,)
        Labels of the items.
    gallery_by_version : dict of array-like, or list of array-like, default=None
        Embeddings of the gallery's items by each version, of shape (n_gallery,
        n_coordinates), in the same order. None: the queries are the gallery, and no
        query may find its own item in any version's embedding.
    gallery_labels : array-like of shape (n_gallery,), default=None
        Labels of the gallery's items. Needed with `gallery_by_version`.
    query_ids, gallery_ids : array-like, default=None
        Gallery items with the id of the query are left out.
    metric : {"cosine", "euclidean"}, default="cosine"
        What is near.
    old_view : bool, default=False
        Whether versions may be of different widths, each trained to fit the space of
        those before it, see `retrieval_outcomes`.
    measure : str, default="recall@1"
        ``"recall@1"`` (any k), ``"map"`` or ``"ndcg"``.

    Returns
    -------
    matrix : CompatibilityMatrix
        With the outcome of every query in every cell.

    Raises
    ------
    ValueError
        If there are no versions; if the galleries' versions are not those of the
        queries; if versions differ in their number of rows, or in width without
        `old_view`; if the measure is unknown; and as in `retrieval_outcomes`.

    Warns
    -----
    UndefinedMetricWarning
        If some query has no relevant item. Means leave it out.

    Notes
    -----
    Cells above the diagonal, of older queries on newer galleries, are filled as well:
    a narrower old query has zeros appended.

    References
    ----------
    Shen et al., "Towards Backward-Compatible Representation Learning", CVPR 2020.

    Biondi et al., "CoReS: Compatible Representations via Stationarity", IEEE TPAMI 45,
    2023.

    Examples
    --------
    >>> from sklearn_graceful.metrics import compatibility_matrix
    >>> old = [[4, 1], [1, 1], [1, 1.1], [0, 1]]
    >>> new = [[4, 1], [4, 2], [1, 3], [0, 1]]
    >>> matrix = compatibility_matrix([old, new], labels=[0, 0, 1, 1])
    >>> matrix.criterion
    array([[False, False],
           [ True, False]])
    >>> matrix.outcomes[1, 0].first_rank
    array([1, 1, 1, 1])
    """
    check_flag("old_view", old_view)
    queries = name_versions("embeddings_by_version", embeddings_by_version)
    own = gallery_by_version is None
    if own:
        if gallery_labels is not None or gallery_ids is not None:
            given = "gallery_labels" if gallery_labels is not None else "gallery_ids"
            raise ValueError(f"{given} without gallery_by_version.")
        galleries, gallery_labels = queries, labels
        n_rows = _num_samples(next(iter(queries.values())))
        query_ids = gallery_ids = np.arange(n_rows) if query_ids is None else query_ids
    else:
        galleries = name_versions("gallery_by_version", gallery_by_version)
        if list(galleries) != list(queries):
            raise ValueError(
                f"gallery_by_version has the versions {list(galleries)} but "
                f"embeddings_by_version has {list(queries)}."
            )

    given = labels, gallery_labels, query_ids, gallery_ids, metric
    versions = tuple(queries)

    def search(i, j):
        new, old = versions[i], versions[j]
        names = {
            "queries": f"embeddings_by_version[{new!r}]",
            "gallery": f"{'embeddings' if own else 'gallery'}_by_version[{old!r}]",
            "query_labels": "labels",
        }
        # A version searches its own gallery by whole vectors.
        views = old_view and i != j
        return LabelledSearch(queries[new], galleries[old], *given, views, names=names)

    places = list(product(range(len(versions)), repeat=2))
    # All cells are checked before the first one is searched.
    sizes = [int(search(*place).n_searched.max()) for place in places]
    check_measure(measure, sizes[0])
    outcomes = {
        place: rank_all(search(*place), warn=place == (0, 0)) for place in places
    }
    return CompatibilityMatrix(versions, outcomes, measure)


def update_gain(old_self, cross, paragon):
    """Share of the possible improvement that comes without re-embedding the gallery.

    Formula: ``(cross - old self) / (paragon - old self)`` (Shen et al. 2020). 0 is the
    old system, 1 what a full re-embedding by an unconstrained new model would give;
    below 0 the new queries do worse on the old gallery than the old ones.

    Parameters
    ----------
    old_self : float or array-like
        Quality of the old queries on the old gallery.
    cross : float or array-like
        Quality of the new queries on the old gallery.
    paragon : float or array-like
        Quality of the paragon, trained with no compatibility constraint, on its own
        gallery.

    Returns
    -------
    gain : float or ndarray
        nan, with an UndefinedMetricWarning, where the paragon is no better or worse
        than the old model, or a figure is not finite. If the paragon is worse than the
        old model, the ratio has no meaning, although it is defined.

    References
    ----------
    Shen et al., "Towards Backward-Compatible Representation Learning", CVPR 2020.

    Examples
    --------
    >>> from sklearn_graceful.metrics import update_gain
    >>> round(update_gain(39.5, 46.8, 66.3), 2)
    0.27
    """
    old_self, cross, paragon = _figures(old_self=old_self, cross=cross, paragon=paragon)
    with np.errstate(all="ignore"):
        possible = np.where(paragon == old_self, np.nan, paragon - old_self)
        gain = np.asarray((cross - old_self) / possible)
    if np.isnan(gain).any():
        undefined(
            "update_gain is undefined where paragon equals old_self or a figure is not "
            "finite, and returned as nan."
        )
    return gain if gain.ndim else float(gain)


def compatibility_tax(paragon, new_self):
    """Quality that the new model gives up for compatibility.

    Formula: ``paragon - new self``. 0 is best; below 0 the constraint helped.

    Parameters
    ----------
    paragon : float or array-like
        Quality of the paragon, trained with no compatibility constraint, on its own
        gallery.
    new_self : float or array-like
        Quality of the new queries on the new gallery.

    Returns
    -------
    tax : float or ndarray
        In the unit of the quality; nan, with an UndefinedMetricWarning, where a figure
        is not finite.

    Examples
    --------
    >>> from sklearn_graceful.metrics import compatibility_tax
    >>> round(compatibility_tax(66.3, 55.6), 1)
    10.7
    """
    paragon, new_self = _figures(paragon=paragon, new_self=new_self)
    with np.errstate(all="ignore"):
        tax = np.asarray(paragon - new_self)
    if np.isnan(tax).any():
        undefined(
            "compatibility_tax is undefined where a figure is not finite, and returned "
            "as nan."
        )
    return tax if tax.ndim else float(tax)


def _figures(**figures):
    """Figures of systems as float arrays of shapes that broadcast."""
    arrays = [as_numbers(name, figure) for name, figure in figures.items()]
    try:
        np.broadcast_shapes(*(array.shape for array in arrays))
    except ValueError as error:
        shapes = {n: a.shape for n, a in zip(figures, arrays, strict=True)}
        raise ValueError(f"Figures have shapes that differ: {shapes}.") from error
    return arrays
