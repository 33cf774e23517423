"""Is a new embedder worth deploying, and does the gallery have to be embedded again?"""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np

from sklearn_graceful.metrics import ConfidenceInterval, paired_bootstrap

# By verdict: why, and what to do.
_REASONS = {
    "upgrade": (
        "the new queries search the untouched old gallery better than the old ones do: "
        "deploy them, and embed the gallery again when convenient"
    ),
    "move": (
        "the new queries search the old vectors better once these are mapped into the "
        "new space, which needs none of the items: move the vectors when the queries "
        "are deployed, and embed the gallery again when convenient"
    ),
    "re-index": (
        "the new embedder is better, but only on a gallery that it has embedded: "
        "embed the gallery again before its queries are deployed"
    ),
    "keep the old one": (
        "even with the whole gallery embedded again the new embedder is not better"
    ),
    "undecided": (
        "neither that the new embedder is better nor that it is not follows from these "
        "queries: keep the old one until there are more"
    ),
}
# What the first way that gains is called.
_BY_GAIN = {"moved": "move", "cross": "upgrade", "new_self": "re-index"}


@dataclass(frozen=True)
class EmbedderAdvice:
    """What to do about a new embedder, and the figures that say so.

    Printing it shows them all.

    Attributes
    ----------
    verdict : str
        ``"upgrade"``, ``"move"``, ``"re-index"``, ``"keep the old one"`` or
        ``"undecided"``.
    reason : str
        The verdict in a sentence.
    old_self, cross, new_self : float
        Means over the queries.
    cross_difference : ConfidenceInterval
        Cross-test minus old self-test: (estimate, low, high).
    reindex_difference : ConfidenceInterval
        New minus old self-test.
    n_queries : int
        Queries that counted.
    min_gain, confidence : float
        As given to `advise_embedder_update`.
    moved : float or None
        Mean over the queries; None where nobody tried.
    moved_difference : ConfidenceInterval or None
        That minus the old self-test.
    """

    verdict: str
    old_self: float
    cross: float
    new_self: float
    cross_difference: ConfidenceInterval
    reindex_difference: ConfidenceInterval
    n_queries: int
    min_gain: float
    confidence: float
    moved: float | None = None
    moved_difference: ConfidenceInterval | None = None

    @property
    def reason(self):
        """The verdict in a sentence."""
        return _REASONS[self.verdict]

    def __str__(self):
        gain = "{:+.3f} [{:+.3f}, {:+.3f}]".format
        rows = f"({self.n_queries} queries, intervals at {100 * self.confidence:g} %)"
        lines = [
            f"{self.verdict}: {self.reason}.",
            f"old self-test {self.old_self:.3f}  {rows}",
            f"cross-test    {self.cross:.3f}  {gain(*self.cross_difference)}",
            f"new self-test {self.new_self:.3f}  {gain(*self.reindex_difference)}",
        ]
        if self.moved is not None:
            moved = f"vectors moved {self.moved:.3f}  {gain(*self.moved_difference)}"
            lines.insert(3, moved)
        return "\n".join(lines)


def advise_embedder_update(
    old_self,
    cross,
    new_self,
    *,
    moved=None,
    min_gain=0.0,
    confidence=0.95,
    n_resamples=2000,
    random_state=None,
):
    """Say whether to deploy a new embedder, from what each query found.

    With intervals of the differences over the queries, drawn in pairs:

    1. ``"move"``: on old vectors that were moved, the gain over the old self-test is
       surely above `min_gain`, and so it is over the cross-test, or that is no gain
       itself: vectors that move must all be written anew.
    2. ``"upgrade"``: else, cross-test minus old self-test surely is. This is the
       criterion of a compatible update (Shen et al. 2020), held to its interval.
    3. ``"re-index"``: else, new minus old self-test surely is.
    4. ``"keep the old one"``: else, new minus old self-test surely is not above it.
    5. ``"undecided"``: else.

    Parameters
    ----------
    old_self : array-like of shape (n_queries,)
        Outcome of each old query on the old gallery: 1 if the first item is right and
        0 if not, its average precision, or any figure of which more is better, such
        as :meth:`~sklearn_graceful.metrics.RetrievalOutcomes.values` returns.
    cross : array-like of shape (n_queries,)
        Of the same queries by the new embedder, on the old gallery.
    new_self : array-like of shape (n_queries,)
        Of the same queries by the new embedder, on the gallery embedded again.
    moved : array-like of shape (n_queries,), default=None
        Of the same queries by the new embedder, on the old vectors mapped into its
        space: what :meth:`EmbeddingAdapter.inverse_transform
        <sklearn_graceful.embedding.EmbeddingAdapter.inverse_transform>` makes of them,
        without any item. None: not tried.
    min_gain : float, default=0.0
        Mean gain, in the unit of the outcomes, that an update must exceed to be worth
        its trouble.
    confidence : float, default=0.95
        Coverage of each two-sided interval.
    n_resamples : int, default=2000
        Number of bootstrap resamples.
    random_state : int, RandomState, Generator or None, default=None
        Seed of the bootstrap. None draws fresh entropy; NumPy's global state is
        neither read nor changed.

    Returns
    -------
    advice : EmbedderAdvice

    Raises
    ------
    ValueError
        If the outcomes are not 1-D, differ in length, are infinite or nan in different
        queries, if no query is left, or if `min_gain` is negative or not finite,
        `confidence` not between 0 and 1 or `n_resamples` less than 1.

    Notes
    -----
    Queries that are nan in all of them, having no relevant item, do not count.

    A difference counts as a gain only if so many queries differ that the sign test
    could reject, were they all to point one way: 6 at 95 %. The bootstrap alone would
    be certain of what three queries agree on. Keeping the old embedder, which is what
    happens without an update, needs no such proof.

    A fusion of both embedders may be given as the cross-test. "upgrade" then says that
    it is better than the old embedder alone, which it may be even beside a worse new
    one; both must be kept.

    Choose adapters and their settings on other queries. Of several ways to the old
    gallery the one that is best on these looks better than it is. The intervals know
    the spread over queries that are independent of each other and like those to come;
    they know nothing of other rows that an adapter might have been fitted to.

    References
    ----------
    Shen et al., "Towards Backward-Compatible Representation Learning", CVPR 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.report import advise_embedder_update
    >>> old_self, cross, new_self = np.repeat(
    ...     [[0, 0, 1], [1, 0, 1], [1, 1, 1]], [200, 100, 500], axis=0
    ... ).T
    >>> advice = advise_embedder_update(old_self, cross, new_self, random_state=0)
    >>> advice.verdict
    're-index'
    >>> gain, low, high = advice.reindex_difference
    >>> print(f"{gain:.2f} [{low:.2f}, {high:.2f}]")
    0.25 [0.22, 0.28]
    """
    given = {"old_self": old_self, "cross": cross, "new_self": new_self}
    if moved is not None:
        given["moved"] = moved
    outcomes = _check_outcomes(**given)
    if not 0 <= min_gain < math.inf:
        raise ValueError(f"min_gain must be finite and not negative, got {min_gain}.")
    found = dict(zip(given, outcomes, strict=True))
    # All differences from the same resamples.
    seed = np.random.default_rng(random_state).integers(2**32)
    compare = partial(
        paired_bootstrap,
        n_resamples=n_resamples,
        confidence=confidence,
        random_state=seed,
    )
    differences = {
        way: compare(found["old_self"], values)
        for way, values in found.items()
        if way != "old_self"
    }
    means = {way: float(values.mean()) for way, values in found.items()}
    return EmbedderAdvice(
        _verdict(found, differences, compare, min_gain, confidence),
        means["old_self"],
        means["cross"],
        means["new_self"],
        differences["cross"],
        differences["new_self"],
        n_queries=outcomes.shape[1],
        min_gain=min_gain,
        confidence=confidence,
        moved=means.get("moved"),
        moved_difference=differences.get("moved"),
    )


def _verdict(found, differences, compare, min_gain, confidence):
    """The first verdict of the list that holds.

    `found` are the outcomes and `differences` their intervals above the old self-test,
    by way; ``compare(first, second)`` is an interval of two ways' outcomes.
    """

    def is_gain(way, difference, over="old_self"):
        # A sign test of fewer could not reject, were they all to point one way.
        n_differing = np.count_nonzero(found[way] != found[over])
        return 2 * 0.5**n_differing <= 1 - confidence and difference.low > min_gain

    gaining = {way for way in differences if is_gain(way, differences[way])}
    if {"cross", "moved"} <= gaining:
        further = compare(found["cross"], found["moved"])
        if not is_gain("moved", further, over="cross"):
            gaining.remove("moved")
    for way, verdict in _BY_GAIN.items():
        if way in gaining:
            return verdict
    no_better = differences["new_self"].high <= min_gain
    return "keep the old one" if no_better else "undecided"


def _check_outcomes(**outcomes):
    """Outcomes as rows of one array, without the queries that are nan in all."""
    columns = {k: np.asarray(v, dtype=np.float64) for k, v in outcomes.items()}
    if len({c.shape for c in columns.values()}) > 1 or columns["old_self"].ndim != 1:
        shapes = ", ".join(f"{name} {c.shape}" for name, c in columns.items())
        raise ValueError(
            f"{', '.join(columns)} must hold one outcome a query, got the shapes "
            f"{shapes}."
        )
    for name, column in columns.items():
        if np.isinf(column).any():
            raise ValueError(f"{name} holds infinite outcomes.")
    values = np.stack(list(columns.values()))
    missing = np.isnan(values)
    if (missing.any(axis=0) != missing.all(axis=0)).any():
        raise ValueError(
            f"{', '.join(columns)} are nan in different queries: "
            f"{missing.sum(axis=1).tolist()} times. They must be outcomes of the same "
            "queries and items."
        )
    if missing[0].all():
        raise ValueError(f"{', '.join(columns)} hold no outcome of any query.")
    return values[:, ~missing[0]]
