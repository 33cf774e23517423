"""Maps between two embedders that exist, from paired vectors."""

from functools import partial
from numbers import Integral, Real

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import (
    assert_all_finite,
    check_array,
    check_consistent_length,
    check_random_state,
)
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from sklearn_graceful._refit import refitting
from sklearn_graceful._warn import warn_user
from sklearn_graceful.embedding._comparison import FusionShare, compare_kinds
from sklearn_graceful.embedding._kinds import KINDS, fit_both_ways
from sklearn_graceful.embedding._slerp import check_share, slerp_units
from sklearn_graceful.metrics import recall_at_k
from sklearn_graceful.search import as_column, as_vectors, check_unit_rows, unit_rows

PRECISIONS = [np.float64, np.float32]


class EmbeddingAdapter(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Map vectors of one embedder into the space of another, and back.

    Neither embedder is trained or even needed: it is fitted on the vectors that both
    gave to the same rows. With the new embedder as the source and the old one as the
    target, :meth:`transform` makes new query vectors search the old gallery (a backward
    adapter), and :meth:`inverse_transform` moves old gallery vectors to the new space
    without the items themselves (a forward adapter).

    Formulas, for rows x and y of unit length, after subtracting their means::

        procrustes    x R          R = U V' from the SVD of X'Y = U S V'
        ridge         x B          B = (X'X + alpha I)^-1 X'Y
        mlp           x A + network(x)      A: procrustes or ridge

    Parameters
    ----------
    kind : {"procrustes", "ridge", "mlp"}, default="procrustes"
        "procrustes": a rotation, possibly with a reflection; between equal widths it
        keeps every cosine between centred vectors, and the way back is the transpose.
        "ridge": any linear map; the way back is another fit. "mlp": a small network on
        top of the better of the two, trained to correct it; the way back likewise.
    alpha : float or "auto", default=1.0
        Strength of the ridge penalty. "auto": that of 13 values from 1e-4 to 100 with
        the least leave-one-out squared error, for each direction. Better unless pairs
        are many: on rows of unit length 1 shrinks hard.
    center : bool, default=True
        Whether to subtract both means before fitting and put the target's back on
        afterwards. Vectors of most embedders share a large common part, which is not
        what the rotation should align.
    normalize : bool, default=True
        Whether rows are scaled to unit length before everything else, and mapped rows
        once more at the end. Right wherever vectors are compared by cosine. False: for
        vectors whose lengths mean something; results then have any length.
    compare : bool, default=True
        Whether the simpler kinds are fitted too, for `comparison_`. "mlp" is then
        trained 2 to 6 times as often. False: only `kind` is fitted.
    validation_fraction : float, default=0.2
        Share of the pairs, at most 2,000, that are held out for `comparison_`; where
        these would be fewer than 20, every pair is held out once, in 5 folds. The
        maps in use are then fitted on all pairs. Of the pairs that "mlp" sees in either
        case, the same share chooses the linear map below it and the number of epochs.
    hidden_sizes : tuple of int, default=(256,)
        Width of each hidden layer of the network.
    max_epochs : int, default=200
        Passes of the network over the pairs, at most.
    lr : float, default=0.003
        Step size of its optimizer, AdamW.
    weight_decay : float, default=0.01
        Pull of AdamW toward no network.
    batch_size : int, default=128
        Pairs a step; fewer where a pass would have less than 16 steps.
    patience : int, default=20
        Passes without improvement on held-out pairs before its training stops.
    device : str, default="auto"
        Where to train the network. "auto": CUDA when there is a CUDA device, else the
        CPU. Vectors are always mapped by NumPy.
    random_state : int, RandomState or None, default=None
        Seed of the held-out pairs, and of the network's weights and batches.

    Attributes
    ----------
    comparison_ : AdapterComparison
        What each kind does on held-out pairs, and no map at all. ``print`` it. Only
        with `compare`.
    map_, inverse_map_ : LinearMap or ResidualMap
        The maps between rows that are scaled already. A linear one has `coef`,
        `intercept` and `alpha`; one with a network has `start`, `layers`, `n_epochs`.
    n_features_in_, n_features_out_ : int
        Widths of the source's and the target's vectors.
    feature_names_in_ : ndarray of str
        Columns of X, if it had names.

    Raises
    ------
    ValueError
        At fit, if a parameter is none of the above, there are fewer than two pairs,
        X and y have different numbers of rows, a value is NaN or infinite, or (with
        `normalize`) fewer than two pairs are left without a zero vector.

    Notes
    -----
    How to read the comparison: "identity" is what the target's gallery makes of vectors
    of the source as they are. If it is as good as the others, no adapter is needed. If
    "procrustes" or "ridge" is as good as "mlp", take it: it has nothing to tune. The
    cosine says how close vectors come to the true ones, the recall whether they are
    still told apart; ridge, which shrinks, may win the one and lose the other. Neither
    says how well labels are retrieved: only a cross-test with the real gallery does.

    With fewer pairs than dimensions a rotation is not determined. Of all that fit the
    pairs equally well, the one nearest to the identity is taken.

    With ``center=False``, and a target that is not narrower, :meth:`inverse_transform`
    of "procrustes" undoes :meth:`transform` exactly; otherwise scaling to unit length
    after the shift loses a little.

    References
    ----------
    Schönemann, "A generalized solution of the orthogonal Procrustes problem",
    Psychometrika 1966.

    Ramanujan et al., "Forward Compatible Training for Large-Scale Embedding Retrieval
    Systems", CVPR 2022.

    Examples
    --------
    Two embedders that are the same up to a rotation, seen on 20 rows:

    >>> import numpy as np
    >>> from sklearn_graceful.embedding import EmbeddingAdapter
    >>> rng = np.random.default_rng(0)
    >>> old = rng.normal(size=(100, 8))
    >>> new = old @ np.linalg.qr(rng.normal(size=(8, 8)))[0]
    >>> adapter = EmbeddingAdapter(random_state=0).fit(new[:20], old[:20])
    >>> adapted = adapter.transform(new[20:])
    >>> true = old[20:] / np.linalg.norm(old[20:], axis=1, keepdims=True)
    >>> bool((adapted * true).sum(axis=1).min() > 0.999)
    True
    >>> adapter.comparison_.best()
    'procrustes'
    """

    def __init__(
        self,
        kind="procrustes",
        *,
        alpha=1.0,
        center=True,
        normalize=True,
        compare=True,
        validation_fraction=0.2,
        hidden_sizes=(256,),
        max_epochs=200,
        lr=0.003,
        weight_decay=0.01,
        batch_size=128,
        patience=20,
        device="auto",
        random_state=None,
    ):
        self.kind = kind
        self.alpha = alpha
        self.center = center
        self.normalize = normalize
        self.compare = compare
        self.validation_fraction = validation_fraction
        self.hidden_sizes = hidden_sizes
        self.max_epochs = max_epochs
        self.lr = lr
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.patience = patience
        self.device = device
        self.random_state = random_state

    def fit(self, X, y):
        """Fit the maps of both directions; with `compare`, the simpler kinds as well.

        Parameters
        ----------
        X : array-like of shape (n_pairs, n_features_in)
            Vectors of the source embedder.
        y : array-like of shape (n_pairs, n_features_out)
            Vectors of the target embedder for the same rows. With `normalize`, pairs
            with a zero vector, which has no direction, are left out with a warning.

        Returns
        -------
        self : EmbeddingAdapter
        """
        with refitting(self):
            self._fit(X, y)
        return self

    def _fit(self, X, y):
        for name, (is_right, what) in _REQUIREMENTS.items():
            value = getattr(self, name)
            if not is_right(value):
                raise ValueError(f"{name} must {what}, got {value!r}.")
        X, y = validate_data(
            self,
            as_vectors("X", X),
            as_vectors("y", y),
            multi_output=True,
            y_numeric=True,
            ensure_min_samples=2,
        )
        X, y = X.astype(float), y.astype(float)
        assert_all_finite(y, input_name="y")  # None has become NaN
        if y.ndim == 1:
            warn_user(
                f"y of shape {y.shape} is taken for vectors of width 1. It holds the "
                "target embedder's vectors of the rows of X, no labels.",
            )
            y = y[:, None]
        if self.normalize:
            X, y = _unit_pairs(X, y)
        # None leaves the global generator alone.
        fresh = np.random.RandomState() if self.random_state is None else None
        seed = check_random_state(fresh or self.random_state).randint(2**31 - 1)
        if self.compare:
            self.comparison_ = compare_kinds(X, y, self, seed)
        self.map_, self.inverse_map_ = fit_both_ways(self.kind, X, y, self, seed)
        self.n_features_out_ = self._n_features_out = y.shape[1]

    def transform(self, X):
        """Map vectors of the source into the target's space.

        Parameters
        ----------
        X : array-like of shape (n, n_features_in)
            Vectors of the source embedder.

        Returns
        -------
        Y : ndarray of shape (n, n_features_out)
            Of unit length, unless `normalize` is False. In the precision of X if that
            is float32 or float64.

        Raises
        ------
        ValueError
            If X has another width than at fit, or holds NaN or infinity.
        """
        check_is_fitted(self)
        X = validate_data(self, as_vectors("X", X), dtype=PRECISIONS, reset=False)
        return self._mapped(self.map_, X)

    def inverse_transform(self, Y):
        """Map vectors of the target into the source's space.

        Parameters
        ----------
        Y : array-like of shape (n, n_features_out)
            Vectors of the target embedder.

        Returns
        -------
        X : ndarray of shape (n, n_features_in)
            As in :meth:`transform`.

        Raises
        ------
        ValueError
            As in :meth:`transform`.
        """
        check_is_fitted(self)
        return self._mapped(self.inverse_map_, self._target(Y))

    def fuse(self, X, Y, *, share=0.5):
        """Fuse both embedders' vectors of the same rows, in the target's space.

        Goes the `share` of the angle from a target vector to the mapped source vector
        (:func:`~sklearn_graceful.embedding.slerp`).

        Parameters
        ----------
        X : array-like of shape (n, n_features_in)
            Vectors of the source embedder.
        Y : array-like of shape (n, n_features_out)
            Vectors of the target embedder for the same rows.
        share : float or array-like of shape (n,), default=0.5
            0 is the target's vector, 1 the mapped source's; see :meth:`choose_share`.

        Returns
        -------
        fused : ndarray of shape (n, n_features_out)
            Of unit length, whatever `normalize` is.

        Raises
        ------
        ValueError
            If X and Y have different numbers of rows, their widths are not those of
            fit, `share` leaves [0, 1] or has another length, or a vector is zero.
        """
        U, V = self._both_in_target_space(X, Y)
        return slerp_units(U, V, check_share(share, len(U)))

    def choose_share(
        self, X, Y, labels, *, gallery=None, gallery_labels=None, shares=None
    ):
        """Try shares of :meth:`fuse` on labelled queries.

        Paired vectors alone cannot tell: the target's own vector is always the nearest
        to itself. The rows should be others than those of fit, and many: the best of
        several shares on few rows is partly luck, as `recall` may show.

        Parameters
        ----------
        X, Y : array-like of shape (n, n_features_in), (n, n_features_out)
            Vectors of both embedders for the queries.
        labels : array-like of shape (n,)
            What a query looks for.
        gallery : array-like of shape (n_gallery, n_features_out), default=None
            Vectors of the target embedder to search. None: Y, each query without its
            own.
        gallery_labels : array-like of shape (n_gallery,), default=None
            Their labels.
        shares : array-like of shape (n_shares,), default=None
            What to try. None: 0, 0.05, ... 1.

        Returns
        -------
        choice : FusionShare
            ``choice.share`` has the highest recall at 1.

        Raises
        ------
        ValueError
            As in :meth:`fuse`; also if labels and vectors have different numbers of
            rows, or only one of `gallery` and `gallery_labels` is given.
        """
        U, V = self._both_in_target_space(X, Y)
        labels = column_or_1d(as_column("labels", labels))
        check_consistent_length(U, labels)
        if (gallery is None) != (gallery_labels is None):
            raise ValueError("gallery and gallery_labels must be given together.")
        ids = None
        if gallery is not None:
            gallery = check_unit_rows("gallery", self._target(gallery, "gallery"))
            gallery_labels = column_or_1d(as_column("gallery_labels", gallery_labels))
            check_consistent_length(gallery, gallery_labels)
        elif len(U) < 2:
            raise ValueError("One row has no gallery: give at least two, or a gallery.")
        else:
            gallery, gallery_labels, ids = U, labels, np.arange(len(U))
        shares = np.linspace(0, 1, 21) if shares is None else np.sort(shares)
        search = partial(
            recall_at_k,
            gallery=gallery,
            query_labels=labels,
            gallery_labels=gallery_labels,
            query_ids=ids,
            gallery_ids=ids,
        )
        columns = check_share(shares, len(shares))
        recall = np.array([search(slerp_units(U, V, share)) for share in columns])
        return FusionShare(float(shares[recall.argmax()]), shares, recall)

    def _both_in_target_space(self, X, Y):
        mapped = self.transform(X)
        Y = self._target(Y)
        if len(mapped) != len(Y):
            raise ValueError(f"X has {len(mapped)} rows but Y has {len(Y)}.")
        return check_unit_rows("Y", Y), check_unit_rows("mapped X", mapped)

    def _target(self, Y, name="Y"):
        Y = check_array(as_vectors(name, Y), dtype=PRECISIONS, input_name=name)
        if Y.shape[1] != self.n_features_out_:
            raise ValueError(
                f"{name} has {Y.shape[1]} features, but EmbeddingAdapter was fitted "
                f"with a target of {self.n_features_out_} features."
            )
        return Y

    def _mapped(self, map_, X):
        return unit_rows(map_(unit_rows(X))) if self.normalize else map_(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _is_positive(value):
    return isinstance(value, Real) and 0 < value < np.inf


def _is_count(value):
    return isinstance(value, Integral) and value > 0


def _is_flag(value):
    return isinstance(value, bool | np.bool)


_REQUIREMENTS = {
    "kind": (lambda k: isinstance(k, str) and k in KINDS, f"be one of {KINDS}"),
    "alpha": (
        lambda a: a == "auto" if isinstance(a, str) else _is_positive(a),
        "be positive or 'auto'",
    ),
    "validation_fraction": (lambda v: _is_positive(v) and v < 1, "be between 0 and 1"),
    "max_epochs": (_is_count, "be a positive integer"),
    "batch_size": (_is_count, "be a positive integer"),
    "patience": (_is_count, "be a positive integer"),
    "lr": (_is_positive, "be positive"),
    "weight_decay": (
        lambda w: isinstance(w, Real) and 0 <= w < np.inf,
        "not be negative",
    ),
    "hidden_sizes": (
        lambda s: np.ndim(s) == 1 and len(s) and min(s) >= 1,
        "be one width or more",
    ),
    **dict.fromkeys(("center", "normalize", "compare"), (_is_flag, "be True or False")),
}


def _unit_pairs(X, Y):
    """Pairs of unit length, without those of which one has no direction."""
    kept = X.any(axis=1) & Y.any(axis=1)
    left_out = f"{(~kept).sum()} of {len(X)} pairs hold a zero vector, which has no "
    if kept.sum() < 2:
        raise ValueError(
            f"{left_out}direction: fewer than 2 pairs are left. Set normalize=False "
            "for vectors whose lengths mean something."
        )
    if not kept.all():
        warn_user(f"{left_out}direction; they are left out.")
    return unit_rows(X[kept]), unit_rows(Y[kept])
