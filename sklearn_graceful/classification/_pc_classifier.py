"""Positive-congruent training of any classifier."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import assert_all_finite, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _num_samples,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from sklearn_graceful._pipelines import last_step
from sklearn_graceful._row_arguments import (
    check_row_count,
    check_weights,
)
from sklearn_graceful._takes_old_model import TakesOldModelMixin
from sklearn_graceful.classification._choosing import (
    choose_method,
    rows_to_choose_on,
)
from sklearn_graceful.classification._interpolation import old_network
from sklearn_graceful.classification._learners import (
    check_learner,
    check_teaches,
    learner_kind,
)
from sklearn_graceful.classification._old_outputs import (
    newest_right,
    no_outputs,
    outputs_of_model,
    outputs_of_proba,
    warn_of_mismatch,
)
from sklearn_graceful.classification._out_of_fold import out_of_fold_outputs
from sklearn_graceful.classification._synthetic import can_match
from sklearn_graceful.classification._training import Trainer, TrainingRows
from sklearn_graceful.congruence import Choices, NoCongruence, check_method
from sklearn_graceful.nn import mlp_net
from sklearn_graceful.nn._seeding import isolated_randomness
from sklearn_graceful.reference import as_reference

_NOT_SET_BY_EVERY_FIT = (
    "choice_",
    "history_",
    "critical_flips_",
    "imitation_",
    "interpolation_path_",
)


def _learner_has(method):
    """Whether the classifier that predicts has `method`; for ``available_if``."""

    def check(self):
        estimator = getattr(self, "estimator_", self.estimator)
        if estimator is not None:
            getattr(estimator, method)
        return True

    return check


class PCClassifier(
    TakesOldModelMixin, MetaEstimatorMixin, ClassifierMixin, BaseEstimator
):
    """Train a new classifier that keeps right what the old model has right.

    A plain new model makes mistakes that the old one did not make: negative flips.
    This meta-estimator trains any classifier with one more term in its loss, which
    holds it to the old model most where the old model is right.

    Put it outside a Pipeline, ``PCClassifier(pipeline)``: the old model then gets the
    raw rows that it was trained on. As the last step *inside* a Pipeline it sees
    transformed rows; pass the old model's stored answers, ``old_proba=``, there.

    Without any old model this is a plain fit: a first release has no predecessor.
    (Only ``"elodi"`` needs none, and trains a first release in its own way too.)

    Parameters
    ----------
    estimator : estimator or None, default=None
        What learns: a skorch net, any classifier (one that takes ``sample_weight``,
        for all methods but ``"none"``), or a Pipeline that ends in either. None:
        ``make_pipeline(StandardScaler(), mlp_net())``.
    old_model : object, default=None
        The fitted model that is being replaced, anything that
        :class:`ReferenceModel` takes, or a :class:`ModelHistory`. It is never changed,
        and ``clone`` keeps it fitted.
    method : str or Congruence, default="focal"
        How the new model is held to the old one: ``"none"``, ``"naive"``,
        ``"distill"``, ``"focal"``, ``"focal_kl"``, ``"focal_lm"``, ``"conditional"``,
        ``"muscle"``, ``"ldi"``, ``"elodi"``, ``"match"``, ``"interpolate"``, or an
        object of :mod:`sklearn_graceful.congruence` with parameters of one's own.
        ``"focal"`` takes the form that suits the learner and what is at hand, at a
        strength that it chooses on held-out rows.
    random_state : int, RandomState or None, default=None
        Seed of everything random in the fit. The global generators are left as they
        were found, so with None two fits differ even after ``np.random.seed``.
    verbose : int, default=0
        Progress of a network: 0 is silent.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    estimator_ : estimator
        The fitted learner; a network in it predicts class indices.
    reference_ : ReferenceModel or None
        The old model.
    method_ : Congruence
        The method as it was used, all defaults filled in.
    choice_ : list of classification.HeldOutFigures
        Of each candidate for `method_`, the plain model first: ``method``, ``error``
        and ``nfr`` on held-out rows. Only where there was a choice.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Column names of X, where it has string names.
    history_ : list of dict
        Losses and times by epoch. Networks only.
    imitation_ : Imitation
        How well it imitates two models. Only from
        :meth:`FlipControlledClassifier.to_single_model`.
    interpolation_path_ : InterpolationPath
        Held-out error and negative flip rate by share of the old weights. Only where
        ``"interpolate"`` chose the share.
    critical_flips_ : int
        Critical training rows that the old model has right and the new one wrong.
        Only after a fit with `critical`.

    References
    ----------
    Yan et al., "Positive-Congruent Training: Towards Regression-Free Model Updates",
    CVPR 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn_graceful import PCClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> old = LogisticRegression(max_iter=1000).fit(X_train[:300], y_train[:300])
    >>> new = PCClassifier(old_model=old, random_state=0).fit(X_train, y_train)
    >>> float(new.score(X_test, y_test)) > old.score(X_test, y_test)
    True
    """

    _predicts_as_estimator = True

    # With metadata routing on, no user has to call set_fit_request.
    __metadata_request__fit = {"old_model": True, "old_proba": True, "critical": True}

    def __init__(
        self,
        estimator=None,
        *,
        old_model=None,
        method="focal",
        random_state=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.old_model = old_model
        self.method = method
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self,
        X,
        y,
        *,
        old_model=None,
        old_proba=None,
        sample_weight=None,
        critical=None,
    ):
        """Train the new model.

        Parameters
        ----------
        X : array-like of shape (n, n_features), or (n, ...) for a net
            Training rows, as `estimator` and the old model take them.
        y : array-like of shape (n,)
            Labels; classes that the old model does not know are welcome.
        old_model : object, default=None
            Goes before the constructor's.
        old_proba : array-like of shape (n, n_old_classes) or (n,), or "out-of-fold", \
                default=None
            The old model's stored answers on these rows; goes before asking it.
            Columns are in the order of the old model's classes if there is an
            `old_model`, else of the sorted classes of `y`; the columns of a DataFrame
            name them. One-dimensional: predicted labels.

            ``"out-of-fold"``: for an old model that was trained on these rows and knows
            them by heart, as forests and boosting do. The answers come from 5 clones of
            it, each trained without the fifth that it is asked about.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row's whole loss.
        critical : array-like of shape (n,), default=None
            Rows whose correctness may not be lost. Where the old model is right, the
            row's loss is multiplied by ``1 + critical``; True counts as 10. So is the
            cost of a flip where ``"focal"`` chooses on held-out rows.

        Returns
        -------
        self : PCClassifier

        Raises
        ------
        ValueError
            If row counts differ, X or probabilities are not what they should be, the
            method is unknown or not for this learner, old and new share no class,
            `critical` comes without an old model, or `old_proba` with a history; for
            ``"interpolate"``, if the old network has another architecture or other
            classes.
        TypeError
            If `estimator` is no classifier, takes no sample weights where the method
            needs them, or the old model can neither predict nor be called; for
            ``"interpolate"``, if the old model is no network.
        NotFittedError
            If the old model is not fitted.
        """
        estimator = self._make_estimator()
        is_net = check_learner(estimator)
        # The old model gets X as it came, with its column names.
        X_given, (X, y) = X, self._check_rows(X, y)
        classes = np.unique(y)
        if is_net and len(classes) < 2:
            raise ValueError(
                f"A network needs rows of two classes or more, got 1 class: {classes}."
            )
        sample_weight, critical = check_weights(X, sample_weight, critical)
        reference = as_reference(old_model)
        if reference is None:
            reference = self._shared_reference()
        raw = _raw_rows(X_given, X)
        method = check_method(self.method)
        choices = method.choices(
            learner_kind(estimator), can_match=can_match(estimator, raw, reference)
        )
        network = None
        if method.needs_old_weights:
            network = old_network(reference, old_proba, estimator, classes)
        with isolated_randomness(self.random_state):
            old = _old_outputs(
                reference, old_proba, X_given, y, classes, method, critical
            )
        if old is None and method.needs_teachers and not method.needs_old_outputs:
            old = no_outputs(len(y), len(classes))
        if old is None:
            choices = Choices.only(NoCongruence())
        rows = TrainingRows(raw, X, y, old, sample_weight, critical)
        if not is_net:
            for choice in choices.methods:
                check_teaches(last_step(estimator), choice, rows.weights(choice))

        def trainer(rows):
            return Trainer(
                estimator,
                rows,
                reference,
                network,
                make_plain=_make_plain,
                check_X=self._check_X,
                verbose=self.verbose,
            )

        for earlier in _NOT_SET_BY_EVERY_FIT:
            vars(self).pop(earlier, None)
        chosen = choices.default
        if len(choices.methods) > 1:
            with isolated_randomness(self.random_state):
                chosen = self._choose(choices, rows, trainer)
        with isolated_randomness(self.random_state):
            trained = trainer(rows).train(chosen)
        self.estimator_ = trained.estimator
        self.classes_ = classes
        self.reference_ = reference
        self.method_ = trained.method
        if trained.history is not None:
            self.history_ = trained.history
        if trained.interpolation_path is not None:
            self.interpolation_path_ = trained.interpolation_path
        if critical is not None:
            lost = (critical > 0) & old.right & (self.predict(X_given) != y)
            self.critical_flips_ = int(lost.sum())
        return self

    def _choose(self, choices, rows, trainer):
        """The choice that costs least on held-out rows, if there are enough."""
        y = np.unique(rows.y, return_inverse=True)[1]
        held_out = rows_to_choose_on(y, choices.validation_fraction, rows.sample_weight)
        if held_out is None:
            return choices.default
        chosen, self.choice_ = choose_method(
            choices, trainer(rows.take(~held_out)), rows.take(held_out)
        )
        return chosen

    def predict(self, X):
        """Predict class labels.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        y : ndarray of shape (n,)
        """
        check_is_fitted(self)
        if check_learner(self.estimator_):
            return self.classes_[self.predict_proba(X).argmax(axis=1)]
        return self.estimator_.predict(self._check_X(X))

    @available_if(_learner_has("predict_proba"))
    def predict_proba(self, X):
        """Predict class probabilities.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        proba : ndarray of shape (n, n_classes)
            Columns in the order of ``classes_``.
        """
        check_is_fitted(self)
        return self.estimator_.predict_proba(self._check_X(X))

    def _make_estimator(self):
        if self.estimator is None:
            return make_pipeline(StandardScaler(), mlp_net())
        return clone(self.estimator)

    def _check_rows(self, X, y):
        X = self._check_X(X, reset=True)
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        if len(y) != _num_samples(X):
            raise ValueError(f"y has {len(y)} rows, X has {_num_samples(X)}.")
        check_classification_targets(y)
        return X, y

    def _check_X(self, X, *, reset=False):
        if self.estimator is None:
            return validate_data(self, X, reset=reset, dtype="numeric")
        if check_learner(self.estimator) and self.estimator is last_step(
            self.estimator
        ):
            return validate_data(self, X, reset=reset, dtype="numeric", allow_nd=True)
        # A Pipeline or a scikit-learn classifier knows best what it takes, and says
        # best what is wrong with rows that are no table.
        if reset or len(getattr(X, "shape", (0, 0))) > 1:
            validate_data(self, X, reset=reset, skip_check_array=True)
        return X

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if self.estimator is not None:
            tags.input_tags = get_tags(self.estimator).input_tags
        return tags


def _raw_rows(X_given, X):
    """Rows as the old model wants them; an array where that is a list of numbers."""
    if hasattr(X_given, "columns"):
        return X_given
    if hasattr(X, "shape"):
        return X
    try:
        return np.asarray(X)
    except ValueError:  # rows of different lengths
        return X


def _make_plain(estimator, seed):
    return PCClassifier(estimator, method="none", random_state=seed)


def _old_outputs(reference, old_proba, X, y, classes, method, critical):
    """Old model's answers from the strongest source; None if they have no use."""
    if reference is None and old_proba is None:
        if critical is not None:
            raise ValueError("critical needs an old model: old_model= or old_proba=.")
        return None
    if method.needs_callable_old_model and reference is None:
        raise ValueError(
            "match asks the old model about rows of its own making, so stored outputs "
            "do not do: pass old_model= as well."
        )
    if old_proba is not None and reference is not None and len(reference.versions) > 1:
        raise ValueError(
            "old_proba holds the answers of one old model, but old_model is a "
            "ModelHistory, each version of which must be asked: pass one of them."
        )
    if isinstance(old_proba, str):
        return out_of_fold_outputs(reference, old_proba, X, y, classes)
    if old_proba is not None:
        check_row_count("old_proba", old_proba, _num_samples(X))
        source = None if reference is None else reference.classes_
        outputs = outputs_of_proba(old_proba, y, classes, source)
        warn_of_mismatch(outputs, y)
        return outputs
    if not method.needs_old_outputs and critical is None:
        reference.check_fitted()
        return None
    by_version = []
    for version in reference.versions:
        by_version.append(outputs_of_model(version, X, y, classes))
        warn_of_mismatch(by_version[-1], y, version)
    return newest_right(by_version)
