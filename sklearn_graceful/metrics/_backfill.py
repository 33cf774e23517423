"""Retrieval quality while the gallery is re-embedded item by item."""

from dataclasses import dataclass

import numpy as np

from sklearn_graceful._arguments import check_share, random_generator
from sklearn_graceful.metrics._numbers import as_numbers
from sklearn_graceful.metrics._retrieval import (
    average_precision,
    check_measure,
    discounted_gain,
    mean_of_defined,
    warn_of_no_match,
)
from sklearn_graceful.search import (
    LabelledSearch,
    check_vectors,
    first_rank,
    relevant_ranks,
)

TENTHS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, eq=False)
class BackfillCurve:
    """Quality of the new queries by the share of the gallery that is re-embedded.

    Parameters
    ----------
    fraction : ndarray of shape (n_fractions,)
        Shares of items with a new vector, rising from 0 to 1.
    quality : ndarray of shape (n_fractions,)
        Quality at each share: the cross-test first, the new self-test last.
    measure : str
        What the quality is.

    Examples
    --------
    >>> from sklearn_graceful.metrics import BackfillCurve
    >>> curve = BackfillCurve([0.0, 0.5, 1.0], [0.5, 0.75, 0.78], "recall@1")
    >>> round(curve.area, 3), curve.minimum, curve.fraction_needed(0.95)
    (0.695, 0.5, 0.5)
    """

    fraction: np.ndarray
    quality: np.ndarray
    measure: str

    @property
    def area(self):
        """Area under the curve, by trapezoids: the mean quality of the backfill."""
        return float(np.trapezoid(self.quality, self.fraction))

    @property
    def minimum(self):
        """Worst quality on the way."""
        return float(np.min(self.quality))

    def fraction_needed(self, share=0.95):
        """Smallest measured fraction from which on the quality suffices.

        Parameters
        ----------
        share : float, default=0.95
            What suffices, as a share of the fully re-embedded quality.

        Returns
        -------
        fraction : float
            From here on no measured quality is below ``share * quality[-1]``.

        Raises
        ------
        ValueError
            If `share` is not between 0 and 1.
        """
        check_share("share", share, "both")
        too_low = np.flatnonzero(np.less(self.quality, share * self.quality[-1]))
        return float(self.fraction[too_low[-1] + 1 if len(too_low) else 0])


def backfill_curve(
    queries,
    old_gallery,
    new_gallery,
    *,
    query_labels,
    gallery_labels,
    query_ids=None,
    gallery_ids=None,
    order=None,
    fractions=TENTHS,
    metric="cosine",
    old_view=False,
    measure="recall@1",
    random_state=None,
):
    """Follow retrieval quality while old vectors are replaced by new ones.

    Formula: at fraction f the first ``round(f * n_gallery)`` items of `order` hold
    their new vector, the others their old one. A query is compared with new vectors
    in full width and with old ones through its view of the old space; one ranking
    holds both (Jaeckle et al. 2023).

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
    order : array-like of int of shape (n_gallery,), default=None
        Rows of the gallery in the order in which they are re-embedded. None: at
        random.
    fractions : array-like of shape (n_fractions,), default=0, 0.1, ... 1
        Where to measure, rising from 0 to 1.
    metric : {"cosine", "euclidean"}, default="cosine"
        What is near.
    old_view : bool, default=False
        Whether the queries, of which the old gallery needs the view that a model
        trained to fit its space has, may be of another width, see
        `retrieval_outcomes`. They are always as wide as the new gallery.
    measure : str, default="recall@1"
        ``"recall@1"`` (any k), ``"map"`` or ``"ndcg"``.
    random_state : int, RandomState, Generator or None, default=None
        Seed of the random order; without effect where `order` is given.

    Returns
    -------
    curve : BackfillCurve

    Raises
    ------
    ValueError
        If the galleries differ in their number of rows; if `order` does not name each
        row once; if the fractions do not rise from 0 to 1; if the measure is unknown;
        and as in `retrieval_outcomes`.

    Warns
    -----
    UndefinedMetricWarning
        If some query has no relevant item. Means leave it out.

    Notes
    -----
    Both galleries are searched once; each fraction only moves the scores of the items
    that it adds.

    References
    ----------
    Jaeckle et al., "FastFill: Efficient Compatible Model Update", ICLR 2023.

    Examples
    --------
    >>> from sklearn_graceful.metrics import backfill_curve
    >>> labels = [0, 0, 1, 1]
    >>> old = [[4, 1], [1, 1], [1, 2], [3, 1]]
    >>> new = [[4, 1], [4, 2], [1, 3], [0, 1]]
    >>> curve = backfill_curve(
    ...     [[1, 0], [0, 1]],
    ...     old,
    ...     new,
    ...     query_labels=[0, 1],
    ...     gallery_labels=labels,
    ...     order=[3, 0, 1, 2],
    ...     fractions=[0, 0.25, 1],
    ...     measure="map",
    ... )
    >>> curve.quality.round(3)
    array([0.833, 1.   , 1.   ])
    """
    given = query_labels, gallery_labels, query_ids, gallery_ids, metric
    names = {"gallery": "old_gallery"}
    old = LabelledSearch(queries, old_gallery, *given, old_view, names=names)
    new_gallery = check_vectors("new_gallery", new_gallery)
    if len(new_gallery) != old.n_gallery:
        raise ValueError(
            f"new_gallery has {len(new_gallery)} rows but old_gallery has "
            f"{old.n_gallery}."
        )
    new = LabelledSearch(queries, new_gallery, *given, names={"gallery": "new_gallery"})
    fractions = _check_fractions(fractions)
    order = _check_order(order, old.n_gallery, random_state)
    k = check_measure(measure, int(old.n_searched.max()))
    n_new = np.rint(fractions * old.n_gallery).astype(np.intp)
    dtype = np.result_type(old.dtype, new.dtype)
    values = np.full((old.n_queries, len(fractions)), np.nan)
    for (query, before, relevant), (_, after, _) in zip(
        old.each_query(), new.each_query(), strict=True
    ):
        if not len(relevant):
            continue
        scores = before.astype(dtype)
        for step, added in enumerate(np.split(order, n_new)[:-1]):
            scores[added] = after[added]
            values[query, step] = _measure(measure, k, scores, relevant)
    warn_of_no_match(~np.isnan(values[:, 0]))
    quality = np.array([mean_of_defined(column, measure) for column in values.T])
    return BackfillCurve(fractions, quality, measure)


def _measure(measure, k, scores, relevant):
    """Value of a checked measure for one query that has relevant items."""
    if k is not None:
        return float(first_rank(scores, relevant) <= k)
    ranks = relevant_ranks(scores, relevant)
    value = average_precision if measure == "map" else discounted_gain
    return value(ranks, len(relevant))


def _check_fractions(fractions):
    fractions = as_numbers("fractions", fractions)
    rising = fractions.ndim == 1 and (np.diff(fractions) > 0).all()
    if not rising or [*fractions[:1], *fractions[-1:]] != [0, 1]:
        raise ValueError(f"fractions must rise from 0 to 1, got {fractions}.")
    return fractions


def _check_order(order, n_gallery, random_state):
    if order is None:
        return random_generator(random_state).permutation(n_gallery)
    order = as_numbers("order", order)
    if not np.array_equal(np.sort(order, axis=None), np.arange(n_gallery)):
        raise ValueError(
            f"order must name each of the {n_gallery} gallery rows once, got an array "
            f"of shape {order.shape}."
        )
    return order.astype(np.intp)
