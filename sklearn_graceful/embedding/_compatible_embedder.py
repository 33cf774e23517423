"""An embedder whose vectors fit the old gallery."""

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    MetaEstimatorMixin,
    TransformerMixin,
    clone,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import _num_samples, check_is_fitted

from sklearn_graceful._arguments import check_choice
from sklearn_graceful._containers import as_array
from sklearn_graceful._front_door import ReplacesModelMixin
from sklearn_graceful._method import as_method
from sklearn_graceful._row_arguments import check_row_count
from sklearn_graceful.compatibility import METHODS, Compatibility, class_means
from sklearn_graceful.embedding._learner import (
    embedder_kind,
    embeddings_of,
    unit_length,
)
from sklearn_graceful.embedding._old_vectors import units_and_lengths, warn_of_lengths
from sklearn_graceful.embedding._training import EmbedderTraining
from sklearn_graceful.embedding._versions import fingerprint
from sklearn_graceful.embedding._widths import (
    embedder_at_width,
    narrower_widths,
    what_differs,
)
from sklearn_graceful.nn import embedding_net
from sklearn_graceful.search import (
    METRICS,
    are_of_length_one,
    first_coordinates,
)


class CompatibleEmbedder(
    ReplacesModelMixin,
    ClassNamePrefixFeaturesOutMixin,
    MetaEstimatorMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Train an embedder whose vectors can be compared with those already indexed.

    A plain new embedder has a space of its own: its vectors say nothing among those of
    the old one, so a whole gallery must be indexed again before it can serve. This
    meta-estimator trains any network with one more term in its loss, which makes the
    first ``old_dim_`` coordinates of its vectors, the *old view*, live in the old
    space. New queries then search the old gallery as it is.

    Put it outside a Pipeline, ``CompatibleEmbedder(pipeline)``: the old model then gets
    the raw rows that it was trained on. As a step *inside* a Pipeline it sees
    transformed rows; pass the old model's stored vectors, ``old_embeddings=``, there.

    Without any old model this is a plain fit: a first release has no predecessor.

    Parameters
    ----------
    estimator : estimator or None, default=None
        What learns to embed, or a Pipeline that ends in it:

        * a skorch net, whose module yields one vector a row. Its criterion is not used;
        * a regressor of several outputs, which is trained on vectors;
        * a classifier with ``predict_proba``, whose embedding is the mean of vectors in
          the old space by its probabilities: as wide as the old one, never wider.

        None: ``make_pipeline(StandardScaler(), embedding_net())``.
    old_model : object, default=None
        The fitted embedder that is being replaced, anything with ``transform`` that
        :class:`ReferenceModel` takes. It is never changed, and ``clone`` keeps it
        fitted. If it is, or ends in, a CompatibleEmbedder, the versions before it are
        taken into account too, by the prototypes that it keeps of them.
    method : str or Compatibility, default="focal"
        How the new embedder is held to the old space: ``"focal"``, ``"bct"``,
        ``"lce"``, ``"l2"``, ``"contrastive"``, ``"simplex"``, ``"bt2"``,
        ``"independent"``, or an object of :mod:`sklearn_graceful.compatibility` with
        parameters of one's own.
    embedding_dim : int or None, default=None
        Width of the new embeddings. None: what the method and the network say, else
        that of the old ones, or 64 if there are none. Wider ones have room for what is
        new beside the old view; narrower ones count as 0 in the missing coordinates.
    metric : {"cosine", "euclidean"}, default="cosine"
        How the old index compares. By cosine, the length of vectors does not matter,
        and old views have unit length. An index by Euclidean distance over vectors of
        other lengths would rank these wrongly; with "euclidean" old views are as long
        as that version's vectors are on average.
    random_state : int, RandomState or None, default=None
        Seed of everything random in the fit. The global generators are left as they
        were found.
    verbose : int, default=0
        Progress of a network: 0 is silent.

    Attributes
    ----------
    embedding_dim_ : int
        Width of the embeddings.
    old_dim_ : int
        Width of the old embeddings. Only where there were any.
    estimator_ : estimator
        The fitted learner.
    reference_ : ReferenceModel or None
        The old model.
    method_ : Compatibility
        The method as it was used: ``"independent"`` for a first release.
    classes_ : ndarray of shape (n_classes,)
        Class labels. Only after a fit with labels, like the next two.
    class_order_ : ndarray of shape (n_seen_classes,)
        Labels in the order in which this and the earlier versions first learned them.
    prototypes_ : ndarray of float32, shape (n_classes, embedding_dim)
        Mean embedding of every class, of unit length.
    head_ : ndarray of float32, shape (n_classes, embedding_dim)
        Class weights of the network's own head, of unit length. Networks trained with
        labels only.
    codes_ : ndarray of shape (n_codes, embedding_dim)
        Vectors that the classes of a classifier stand for. Classifiers only.
    versions_ : list of EmbedderVersion
        Prototypes of the versions before this one, the oldest first: a few vectors a
        class, no data.
    fingerprint_ : str
        Name of the embedder's space, by what it makes of its first training rows: other
        vectors, another fingerprint.
    widths_ : dict of float to dict
        Prototypes and fingerprints of the narrower networks inside an elastic one. Only
        of such networks.
    history_ : list of dict
        Losses and times by epoch. Networks only.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Column names of X, where it has string names.

    References
    ----------
    Shen et al., "Towards Backward-Compatible Representation Learning", CVPR 2020.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn_graceful import CompatibleEmbedder
    >>> from sklearn_graceful.metrics import recall_at_k
    >>> X, y = load_digits(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> old = CompatibleEmbedder(embedding_dim=8, random_state=0)
    >>> old = old.fit(X_train[:150], y_train[:150])
    >>> new = CompatibleEmbedder(old_model=old, embedding_dim=16, random_state=0)
    >>> new = new.fit(X_train, y_train)
    >>> gallery = old.transform(X_test[:200])  # indexed long ago, never touched
    >>> labels = {"query_labels": y_test[200:], "gallery_labels": y_test[:200]}
    >>> before = recall_at_k(old.transform(X_test[200:]), gallery, **labels)
    >>> queries = new.old_view(new.transform(X_test[200:]))
    >>> float(recall_at_k(queries, gallery, **labels)) > before
    True
    """

    # With metadata routing on, no user has to call set_fit_request.
    __metadata_request__fit = {"old_model": True, "old_embeddings": True}

    def __init__(
        self,
        estimator=None,
        *,
        old_model=None,
        method="focal",
        embedding_dim=None,
        metric="cosine",
        random_state=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.old_model = old_model
        self.method = method
        self.embedding_dim = embedding_dim
        self.metric = metric
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self, X, y=None, *, old_model=None, old_embeddings=None, sample_weight=None
    ):
        """Train the new embedder.

        Parameters
        ----------
        X : array-like of shape (n, n_features), or (n, ...) for a net
            Training rows, as `estimator` and the old model take them.
        y : array-like of shape (n,), default=None
            Labels; classes that the old model never saw are welcome. ``"l2"`` and
            ``"contrastive"`` need none.
        old_model : object, default=None
            Goes before the constructor's.
        old_embeddings : array-like of shape (n, old_dim), default=None
            The old model's vectors of these rows; goes before asking it. With these
            alone the old model itself is not needed any more.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row's whole loss, and of its old vector wherever old vectors
            stand for the old gallery. A row of weight 0 is as good as absent.

        Returns
        -------
        self : CompatibleEmbedder

        Raises
        ------
        ValueError
            If row counts differ, X or the old vectors are not what they should be,
            weights are negative or all 0, the metric is unknown, the method is unknown,
            not for this learner or not for this width, or labels are missing that it
            needs or of another kind than the old model's.
        TypeError
            If `estimator` cannot embed, takes no sample weights where there are any, or
            the old model has no embeddings.
        NotFittedError
            If the old model is not fitted.

        Warns
        -----
        UserWarning
            If the metric is "cosine", but the old vectors are not of unit length.
        OldModelMismatchWarning
            If the old vectors tell the classes apart no better than a guess.
        """
        check_choice("metric", self.metric, METRICS)
        with self._refit():
            training = self._training(X, y, old_model, old_embeddings, sample_weight)
            method = as_method(self.method, Compatibility, METHODS)
            method.check(training)
            self._check_lengths(method, training.old)
            with training.own_randomness():
                fitted = method.train(training)
            vars(self).update(fitted)
            self.reference_ = training.reference
            self._describe_space(training)
        return self

    def _training(self, X, y, old_model, old_embeddings, sample_weight):
        """Check what the user gave: all that a method trains with."""
        estimator = self._make_estimator()
        embedder_kind(estimator)
        given = self._check_given(X, y, old_model, sample_weight)
        del given["critical"]
        if old_embeddings is not None:
            n_rows = _num_samples(given["X"])
            check_row_count("old_embeddings", old_embeddings, n_rows)
            old_embeddings = as_array(old_embeddings)
        training = EmbedderTraining(
            estimator,
            **given,
            old_embeddings=old_embeddings,
            embedding_dim=self.embedding_dim,
            verbose=self.verbose,
        )
        training.check_takes_weights()
        return training.without_absent_rows()

    def transform(self, X):
        """Embed rows.

        Parameters
        ----------
        X : array-like of shape (n, n_features), or (n, ...) for a net
            Rows.

        Returns
        -------
        embeddings : ndarray of float32, shape (n, embedding_dim)
            Of unit length. The first ``old_dim_`` coordinates live in the old space.
        """
        check_is_fitted(self, "estimator_")
        return self._embed(X)

    def old_view(self, embeddings, version=-1):
        """What of new embeddings can be compared with those of an earlier version.

        Parameters
        ----------
        embeddings : array-like of shape (n, embedding_dim)
            From `transform`.
        version : int, default=-1
            Position in ``versions_``: -1 is the old model.

        Returns
        -------
        view : ndarray of float32, shape (n, versions_[version].dim)
            What searches that version's gallery: of unit length or, with the metric
            "euclidean", of the length that its vectors have on average.

        Raises
        ------
        ValueError
            If the embeddings have another width, there was no old model, or not that
            version.
        """
        check_is_fitted(self, "estimator_")
        embeddings, _ = units_and_lengths("embeddings", embeddings)
        if embeddings.shape[1] != self.embedding_dim_:
            raise ValueError(
                f"embeddings has width {embeddings.shape[1]}, but this embedder's "
                f"have width {self.embedding_dim_}."
            )
        if not self.versions_:
            raise ValueError(
                "There is no old view: this embedder was trained without regard to an "
                "old one."
            )
        n_versions = len(self.versions_)
        if not -n_versions <= version < n_versions:
            raise ValueError(
                f"version must be in [{-n_versions}, {n_versions - 1}], got {version}."
            )
        searched = self.versions_[version]
        view = unit_length(first_coordinates(embeddings, searched.dim))
        return view if self.metric == "cosine" else np.float32(searched.length) * view

    def at_width(self, width):
        """One width of an elastic network, as an embedder of its own.

        Parameters
        ----------
        width : float
            Share of the full width, one that was trained.

        Returns
        -------
        embedder : CompatibleEmbedder
            Fitted, compatible with the same versions, without the other widths. A clone
            of it is of that width, too.

        Raises
        ------
        TypeError
            If the network is not elastic, see ``nn.elastic_net``.
        ValueError
            If it was not trained at that width.
        """
        check_is_fitted(self, "estimator_")
        return embedder_at_width(self, width)

    def _without_predecessors(self, memo):
        other = super()._without_predecessors(memo)
        if getattr(self, "versions_", ()) and self.reference_ is not None:
            # A gallery knows the space of an old model of another kind by its name.
            other.versions_[-1] = self.versions_[-1].named_after(self.reference_)
        return other

    @property
    def _n_features_out(self):
        return self.embedding_dim_

    def _embed(self, X):
        """Embeddings as an array, whatever container the user wants them in."""
        X = self._check_X(X)
        codes = getattr(self, "codes_", None)
        return unit_length(embeddings_of(self.estimator_, X, codes))

    def _check_lengths(self, method, old):
        """Warn of an old index that may not rank unit vectors rightly."""
        if self.metric != "cosine" or not method.needs_old or old.vectors is None:
            return
        if not are_of_length_one(old.lengths):
            warn_of_lengths(old.lengths)

    def _describe_space(self, training):
        """Say what the new space is, by what became of the training rows."""
        self._describe_widths(training)
        embeddings = self._embed(training.raw)
        self.embedding_dim_ = embeddings.shape[1]
        self.fingerprint_ = fingerprint(embeddings)
        if self.versions_:
            self.old_dim_ = self.versions_[-1].dim
        if training.y is None:
            return
        self.classes_ = training.classes
        self.class_order_ = training.classes
        if self.versions_:
            self.class_order_ = training.old.class_order()
        self.prototypes_ = class_means(
            embeddings, training.y, len(training.classes), training.sample_weight
        )

    def _describe_widths(self, training):
        """The same of every narrower network inside."""
        widths = narrower_widths(self.estimator_)
        if widths:
            self.widths_ = {width: {} for width in widths}
        for width in widths:
            narrow = embedder_at_width(self, width)
            narrow._describe_space(training)
            self.widths_[width] = what_differs(narrow)

    def _make_estimator(self):
        if self.estimator is None:
            return make_pipeline(StandardScaler(), embedding_net())
        return clone(self.estimator)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
