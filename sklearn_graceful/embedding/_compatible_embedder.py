"""An embedder whose vectors fit the old gallery."""

from functools import partial
from numbers import Integral

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
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.validation import check_is_fitted, validate_data
from skorch import NeuralNet

from sklearn_graceful._pipelines import last_step
from sklearn_graceful._takes_old_model import TakesOldModelMixin
from sklearn_graceful.compatibility import Independent, check_compatibility
from sklearn_graceful.compatibility._prototypes import class_means
from sklearn_graceful.embedding._learners import (
    check_takes_weights,
    embedder_kind,
    embeddings_of,
    fit_embedder,
    unit_length,
)
from sklearn_graceful.embedding._old_space import find_old_space
from sklearn_graceful.embedding._old_vectors import unit_vectors
from sklearn_graceful.embedding._training_rows import check_training_rows
from sklearn_graceful.embedding._versions import fingerprint
from sklearn_graceful.nn import embedding_net
from sklearn_graceful.nn._embedding_net import takes_width
from sklearn_graceful.nn._seeding import isolated_randomness
from sklearn_graceful.reference import as_reference

# Width of a first release where nobody chose one.
_DEFAULT_DIM = 64
_NOT_SET_BY_EVERY_FIT = (
    "classes_",
    "class_order_",
    "prototypes_",
    "head_",
    "history_",
    "old_dim_",
)


class CompatibleEmbedder(
    TakesOldModelMixin,
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
    versions_ : list of EmbedderVersion
        Prototypes of the versions before this one, the oldest first: a few vectors a
        class, no data.
    fingerprint_ : str
        Name of the embedder's space, by what it makes of its first training rows: other
        vectors, another fingerprint.
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
        random_state=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.old_model = old_model
        self.method = method
        self.embedding_dim = embedding_dim
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
            weights are negative or all 0, the method is unknown, not for this learner
            or not for this width, or labels are missing that it needs or of another
            kind than the old model's.
        TypeError
            If `estimator` cannot embed, takes no sample weights where there are any, or
            the old model has no embeddings.
        NotFittedError
            If the old model is not fitted.
        """
        estimator = self._make_estimator()
        kind = embedder_kind(estimator)
        rows = check_training_rows(
            self._check_X(X, reset=True), X, y, old_embeddings, sample_weight
        )
        check_takes_weights(last_step(estimator), rows.weight)
        reference = as_reference(old_model)
        if reference is None:
            reference = self._shared_reference()
        method, space = self._find_method_and_space(reference, rows)
        method.check_learner(kind)
        width = self._width(method, estimator, space, rows.classes)
        method.check_task(space.task(rows, width))
        if reference is not None:
            method.check_old_method(space.method)
        with isolated_randomness(self.random_state):
            paragon = None
            if method.needs_paragon:
                paragon = self._paragon(method, estimator, width, rows)
            trained = fit_embedder(
                estimator,
                rows,
                method=method,
                make_task=partial(space.task, rows, paragon=paragon),
                embedding_dim=width,
                verbose=self.verbose,
            )
        for earlier in _NOT_SET_BY_EVERY_FIT:
            vars(self).pop(earlier, None)
        self.estimator_ = estimator
        self.reference_ = reference
        self.method_ = method
        self._keep_training(trained)
        self._keep_space(rows, space)
        return self

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
            Of unit length: what searches that version's gallery.

        Raises
        ------
        ValueError
            If the embeddings have another width, there was no old model, or not that
            version.
        """
        check_is_fitted(self, "estimator_")
        embeddings = unit_vectors("embeddings", embeddings)
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
        dim = self.versions_[version].dim
        missing = max(dim - embeddings.shape[1], 0)
        return unit_length(np.pad(embeddings[:, :dim], ((0, 0), (0, missing))))

    @property
    def _n_features_out(self):
        return self.embedding_dim_

    def _embed(self, X):
        """Embeddings as an array, whatever container the user wants them in."""
        X = self._check_X(X)
        return unit_length(embeddings_of(self.estimator_, X, self._codes))

    def _find_method_and_space(self, reference, rows):
        """What is to be done, and what is known of the old space for it."""
        method = check_compatibility(self.method)
        with isolated_randomness(self.random_state):
            space = find_old_space(reference, rows, method)
        if method.needs_old and space.vectors is None:
            method = Independent()
        _check_has_labels(method, rows.y, space)
        return method, space

    def _keep_training(self, trained):
        self._codes = trained.codes
        if trained.history is not None:
            self.history_ = trained.history
        if trained.head is not None:
            self.head_ = trained.head

    def _keep_space(self, rows, space):
        """Say what the new space is, and what is to be known of the earlier ones."""
        embeddings = self._embed(rows.X_given)
        self.embedding_dim_ = embeddings.shape[1]
        self.fingerprint_ = fingerprint(embeddings)
        compatible = not isinstance(self.method_, Independent)
        self.versions_ = space.versions(rows.classes) if compatible else []
        if self.versions_:
            self.old_dim_ = self.versions_[-1].dim
        if rows.y is None:
            return
        classes = rows.classes
        self.classes_ = classes
        self.class_order_ = space.class_order(classes) if compatible else classes
        self.prototypes_ = class_means(embeddings, rows.y, len(classes), rows.weight)

    def _make_estimator(self):
        if self.estimator is None:
            return make_pipeline(StandardScaler(), embedding_net())
        return clone(self.estimator)

    def _width(self, method, estimator, space, classes):
        """Width of the new embeddings; None where the network decides."""
        wanted = self.embedding_dim
        if wanted is not None and (not isinstance(wanted, Integral) or wanted < 1):
            raise ValueError(f"embedding_dim must be an integer >= 1, got {wanted!r}.")
        width = method.width(wanted, space.dim)
        if embedder_kind(estimator) == "net":
            if wanted is None and not takes_width(last_step(estimator)):
                return None
            return width or _DEFAULT_DIM
        if space.vectors is not None and width != space.dim:
            raise ValueError(
                f"embedding_dim is {width}, but {type(last_step(estimator)).__name__} "
                f"learns vectors of the old space, of width {space.dim}."
            )
        return width or (_DEFAULT_DIM if classes is None else len(classes))

    def _paragon(self, method, estimator, width, rows):
        """Embeddings by a network of the same kind that knows no old one."""
        dim = None
        if width is not None and takes_width(last_step(estimator)):
            dim = method.paragon_dim(width)
        paragon = CompatibleEmbedder(
            clone(estimator),
            method="independent",
            embedding_dim=dim,
            random_state=check_random_state(None).randint(2**31 - 1),
        )
        X = rows.X_given
        return paragon.fit(X, rows.y, sample_weight=rows.weight)._embed(X)

    def _check_X(self, X, *, reset=False):
        if self.estimator is None:
            return validate_data(self, X, reset=reset, dtype="numeric")
        if isinstance(self.estimator, NeuralNet):
            return validate_data(self, X, reset=reset, dtype="numeric", allow_nd=True)
        # A Pipeline or a scikit-learn estimator knows best what it takes, and says
        # best what is wrong with rows that are no table.
        if reset or len(getattr(X, "shape", (0, 0))) > 1:
            validate_data(self, X, reset=reset, skip_check_array=True)
        return X

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if self.estimator is not None:
            tags.input_tags = get_tags(self.estimator).input_tags
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _check_has_labels(method, y, space):
    if y is not None or not method.needs_labels:
        return
    if space.vectors is None:
        raise ValueError(
            "requires y to be passed, but the target y is None: without old embeddings "
            "there is nothing else to learn from."
        )
    raise ValueError(
        f"requires y to be passed, but the target y is None: {type(method).__name__} "
        "learns from labels. 'l2' and 'contrastive' do without."
    )
