"""A new model's similarity scores on the scale of the old model's."""

from numbers import Integral

import numpy as np
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from sklearn_graceful._arguments import check_choice
from sklearn_graceful._warn import warn_user
from sklearn_graceful.embedding._non_matching_pairs import (
    draw_non_matching_pairs,
    pair_scores,
)
from sklearn_graceful.search import (
    as_column,
    check_partitions,
    check_unit_rows,
    check_vectors,
    in_old_space,
)

GALLERIES = ("old", "new")


class ScoreCalibrator(TransformerMixin, BaseEstimator):
    """Map a new model's similarity scores to the old model's scale.

    Rules such as "the same person if the score is above 0.62" were chosen for the old
    model: above its threshold lay one in a thousand pairs that do not match. The scores
    of a new model are spread otherwise, and the rule would accept more of them, or
    fewer. After this map every old threshold has the false-accept rate that it had.

    Formula: with F the share of the non-matching pairs (impostors) that score at least
    s, by either model, ``transform(s) = F_old^-1(F_new(s))``. It is an increasing map,
    so no ranking changes and no error rate that a threshold of the new model could
    reach is lost. Of F only the quantiles at `n_knots` false-accept rates are kept,
    evenly spaced in log-odds, so dense in both tails; between them the map is linear.
    Beyond the last quantile that `tail_size` scores support it goes on with the slope
    of the outer tenth of the knots.

    **How many pairs.** A false-accept rate needs ``tail_size / rate`` non-matching
    pairs to be seen at all, and ``100 / rate`` for a standard error of about a tenth of
    it: a million pairs for 1e-4. Pairs that share items are not independent, so count
    on more.

    Parameters
    ----------
    n_knots : int, default=200
        Quantiles that are kept of either model's scores.
    tail_size : int, default=10
        Scores that must lie beyond a quantile for it to be used.

    Attributes
    ----------
    new_knots_, old_knots_ : ndarray of shape (n_knots_kept,)
        Scores of equal false-accept rate, both strictly increasing. Fewer than
        `n_knots` where scores are tied.
    n_pairs_ : int
        Non-matching pairs that the quantiles come from; the smaller number, if there
        were more of one model.
    min_far_ : float
        Smallest false-accept rate that they support, ``tail_size / n_pairs_``.
    max_threshold_ : float
        Old threshold of that rate; minus infinity if there are fewer than
        ``2 * tail_size`` pairs, which give no more than a shift of the median.

    Notes
    -----
    Scores are similarities: higher means more alike. Negate distances.

    Take pairs of items that neither model was trained on, of classes like those to
    come. A model tells its training classes apart better than others, and a map that
    was fitted on them is wrong for new ones.

    What this does not promise: the true-accept rate, which is the new model's own.

    See Also
    --------
    sklearn.isotonic.IsotonicRegression : An increasing map from paired values, where
        this one needs no pairs in common.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.embedding import ScoreCalibrator
    >>> rng = np.random.default_rng(0)
    >>> old_scores = rng.normal(0.0, 0.2, 100_000)
    >>> new_scores = rng.normal(0.3, 0.1, 100_000)
    >>> calibrator = ScoreCalibrator().fit(new_scores, old_scores)
    >>> calibrator.transform([0.4, 0.5]).round(1)
    array([0.2, 0.4])
    >>> round(calibrator.threshold(0.4), 2)  # of FAR 0.023, in both
    0.5
    """

    # Neither is the X or y that scikit-learn looks for, and neither is metadata.
    __metadata_request__fit = {"new_scores": UNUSED, "old_scores": UNUSED}
    __metadata_request__transform = {"scores": UNUSED}
    __metadata_request__inverse_transform = {"scores": UNUSED}

    def __init__(self, *, n_knots=200, tail_size=10):
        self.n_knots = n_knots
        self.tail_size = tail_size

    def fit(self, new_scores, old_scores):
        """Learn the map from scores of non-matching pairs.

        Parameters
        ----------
        new_scores : array-like of shape (n_new,) or (n_new, 1)
            The new model's scores of pairs that do not match.
        old_scores : array-like of shape (n_old,) or (n_old, 1)
            The old model's; best of the same pairs, which cancels part of the chance
            in drawing them, but any pairs of the same kind will do.

        Returns
        -------
        self : ScoreCalibrator

        Raises
        ------
        ValueError
            If scores are missing, not finite or not 1-D, or if a parameter is not a
            whole number, `n_knots` at least 2 and `tail_size` at least 1.
        """
        _check_whole("n_knots", self.n_knots, 2)
        _check_whole("tail_size", self.tail_size, 1)
        new = _check_scores("new_scores", new_scores)
        if old_scores is None:
            raise ValueError(
                "This ScoreCalibrator estimator requires y to be passed, but the "
                "target y is None: old_scores, the scores of the old model."
            )
        old = _check_scores("old_scores", old_scores)
        self.n_pairs_ = min(len(new), len(old))
        self.min_far_ = self.tail_size / self.n_pairs_
        # From the highest rate to the lowest, as far as enough scores lie beyond.
        outermost = logit(min(self.min_far_, 0.5))
        far = expit(np.linspace(-outermost, outermost, self.n_knots))
        quantiles = [np.quantile(s, 1 - far, method="hazen") for s in (new, old)]
        self.new_knots_, self.old_knots_ = _one_to_one(*quantiles)
        supported = self.n_pairs_ >= 2 * self.tail_size
        self.max_threshold_ = float(quantiles[1][-1]) if supported else -np.inf
        return self

    def fit_embeddings(
        self,
        old_embeddings,
        new_embeddings,
        labels,
        *,
        gallery="old",
        old_view=False,
        n_pairs=1_000_000,
        random_state=None,
    ):
        """Learn the map from embeddings of the same items by both models.

        Pairs of items of different classes are drawn, none twice, and scored by cosine:
        an old query against the old gallery by the old model, a new query against the
        gallery that is named by the new one.

        Parameters
        ----------
        old_embeddings : array-like of shape (n, d_old)
            The items as the old model sees them.
        new_embeddings : array-like of shape (n, d_new)
            The same items by the new model.
        labels : array-like of shape (n,)
            Class of each item.
        gallery : {"old", "new"}, default="old"
            What new queries search: the old vectors, which takes a model that was
            trained to fit them, or, once all items are re-embedded, the new ones. A
            gallery on its way from one to the other needs a calibrator for each.
        old_view : bool, default=False
            Whether queries may be of another width than the old gallery, see
            :func:`~sklearn_graceful.metrics.retrieval_outcomes`.
        n_pairs : int, default=1_000_000
            Pairs to draw; all there are, if there are fewer.
        random_state : int, RandomState, Generator or None, default=None
            Seed of the draw.

        Returns
        -------
        self : ScoreCalibrator

        Raises
        ------
        ValueError
            If row counts differ, if embeddings are not finite or have no direction, if
            new ones are of another width than the old gallery without `old_view`, if
            all items are of one class, or if `gallery` or `n_pairs` is none of the
            above.
        """
        (labels,) = check_partitions(labels=labels)
        old = check_vectors("old_embeddings", old_embeddings)
        new = check_vectors("new_embeddings", new_embeddings)
        columns = {"old_embeddings": old[:, 0], "new_embeddings": new[:, 0]}
        check_partitions(labels=labels, **columns)
        check_choice("gallery", gallery, GALLERIES)
        _check_whole("n_pairs", n_pairs, 1)
        if (labels == labels[0]).all():
            raise ValueError("labels holds one class only: no pair is non-matching.")
        if gallery == "old":
            names = "new_embeddings", "old_embeddings"
            new = in_old_space(new, old.shape[1], old_view=old_view, names=names)
        old = check_unit_rows("old_embeddings", old)
        new = check_unit_rows("new_embeddings", new)
        pairs = draw_non_matching_pairs(labels, n_pairs, random_state)
        searched = old if gallery == "old" else new
        return self.fit(
            pair_scores(new, searched, *pairs), pair_scores(old, old, *pairs)
        )

    def transform(self, scores):
        """Put scores of the new model on the old scale.

        Parameters
        ----------
        scores : array-like of shape (n,) or (n, 1)
            Scores of the new model, of any pairs.

        Returns
        -------
        old_scale : ndarray of float64, shape (n,)
            To be compared with old thresholds.
        """
        check_is_fitted(self)
        scores = _check_scores("scores", scores)
        return _interpolate(scores, self.new_knots_, self.old_knots_)

    def inverse_transform(self, scores):
        """Take scores from the old scale to the new model's own.

        Parameters
        ----------
        scores : array-like of shape (n,) or (n, 1)
            Scores on the old scale.

        Returns
        -------
        new_scale : ndarray of float64, shape (n,)
        """
        check_is_fitted(self)
        scores = _check_scores("scores", scores)
        return _interpolate(scores, self.old_knots_, self.new_knots_)

    def threshold(self, old_threshold):
        """Threshold for the new model's own scores that stands for an old one.

        Comparing new scores with it is the same as comparing transformed scores with
        the old threshold, and cheaper.

        Parameters
        ----------
        old_threshold : float or array-like of float
            Thresholds on the old model's scores.

        Returns
        -------
        new_threshold : float or ndarray of the same shape

        Raises
        ------
        ValueError
            If a threshold is not finite.

        Warns
        -----
        UserWarning
            If an old threshold lies above `max_threshold_`, where fewer than
            `tail_size` non-matching pairs were seen and the map is extrapolated.
        """
        check_is_fitted(self)
        old = np.asarray(old_threshold, dtype=np.float64)
        if not np.isfinite(old).all():
            raise ValueError(f"old_threshold must be finite, got {old_threshold}.")
        if (old > self.max_threshold_).any():
            warn_user(
                f"An old threshold of {old.max():.4g} is extrapolated: fewer than "
                f"{self.tail_size} of {self.n_pairs_} non-matching pairs score above "
                f"it. They support thresholds up to {self.max_threshold_:.4g}, "
                f"false-accept rates from {self.min_far_:.2g}; lower ones take more "
                "pairs.",
            )
        new = _interpolate(old, self.old_knots_, self.new_knots_)
        return new if new.ndim else float(new)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.target_tags.required = True
        return tags


def _one_to_one(x, y):
    """Join points that share a coordinate, so that both increase strictly."""
    for _ in range(2):
        x, starts = np.unique(x, return_index=True)
        ends = np.append(starts[1:], len(y)) - 1
        x, y = (y[starts] + y[ends]) / 2, x
    return x, y


def _interpolate(values, x, y):
    """Linear between knots; beyond them with the slope of the outer tenth."""
    outer = max(len(x) // 10, 1)
    # A single knot leaves the scale as it is.
    below, above = 1.0, 1.0
    if len(x) > 1:
        below = (y[outer] - y[0]) / (x[outer] - x[0])
        above = (y[-1] - y[-1 - outer]) / (x[-1] - x[-1 - outer])
    return (
        np.interp(values, x, y)
        + below * np.minimum(values - x[0], 0)
        + above * np.maximum(values - x[-1], 0)
    )


def _check_scores(name, scores):
    scores = as_column(name, scores)
    scores = check_array(scores, input_name=name, ensure_2d=False, dtype=np.float64)
    if scores.ndim != 1 and scores.shape[1:] != (1,):
        raise ValueError(f"{name} must be 1-D or one column, got shape {scores.shape}.")
    return scores.reshape(-1)


def _check_whole(name, value, least):
    if not isinstance(value, Integral) or value < least:
        raise ValueError(f"{name} must be a whole number from {least}, got {value!r}.")
