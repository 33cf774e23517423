"""Positive-congruent training of any classifier."""

from copy import copy, deepcopy

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _num_samples, check_is_fitted

from sklearn_graceful._front_door import ReplacesModelMixin
from sklearn_graceful._method import as_method
from sklearn_graceful._row_arguments import check_stored
from sklearn_graceful._wrappers import last_step
from sklearn_graceful.classification._fit_params import fit_routing, route
from sklearn_graceful.congruence import METHODS, Congruence
from sklearn_graceful.metrics import check_labels, is_negative_flip
from sklearn_graceful.nn import load_weights, mlp_net
from sklearn_graceful.training import (
    Progress,
    Training,
    checked_scores,
    learner_kind,
    predicted_labels,
)


def _learner_has(method):
    """Whether the classifier that predicts has `method`; for ``available_if``."""

    def check(self):
        estimator = getattr(self, "estimator_", self.estimator)
        getattr(_default_learner() if estimator is None else estimator, method)
        return True

    return check


def _has_path(self):
    """Whether there is a path to move on; for ``available_if``."""
    return hasattr(self, "update_path_")


class PCClassifier(
    ReplacesModelMixin, MetaEstimatorMixin, ClassifierMixin, BaseEstimator
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
        1: a bar on a terminal, with what is being trained, the share done and the time
        left. 2 and more: what a network itself prints, too.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    estimator_ : estimator
        The fitted learner. A network or XGBoost in it has class indices for labels.
    reference_ : ReferenceModel or None
        The old model.
    method_ : Congruence
        The method as it was used, all defaults filled in.
    choice_ : list of classification.HeldOutFigures
        Of each candidate for `method_`, the plain model first: ``method``, ``error``
        and ``nfr`` on held-out rows, or out of fold (see :class:`congruence.Focal`).
        Only where there was a choice.
    update_path_ : StrengthPath
        The same figures by strength, and the weights that :meth:`at_flip_cost` moves
        to. Networks whose strength was chosen only.
        :class:`~sklearn_graceful.inspection.StrengthPathDisplay` draws it.
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
        **fit_params,
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
            `old_model`, else of the sorted classes of `y`; the columns of a table
            name them. One-dimensional: predicted labels.

            ``"out-of-fold"``: for an old model that was trained on these rows and knows
            them by heart, as forests and boosting do. The answers come from 5 clones of
            it, each trained without the fifth that it is asked about. What a clone
            keeps fitted, such as a FrozenEstimator, is trained anew too, or refused.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row's whole loss.
        critical : array-like of shape (n,), default=None
            Rows whose correctness may not be lost. Where the old model is right, the
            row's loss is multiplied by ``1 + critical``; True counts as 10.
        **fit_params
            Passed on to the learner's ``fit``, that of the last step of a Pipeline, by
            plain names: ``eval_set`` and ``callbacks`` of boosters, for example, by
            which they stop early. Rows of an ``eval_set`` are for you to prepare as the
            learner gets them. Arguments with one entry for each row go with
            ``method="none"`` only, or without an old model.

        Returns
        -------
        self : PCClassifier

        Raises
        ------
        ValueError
            If row counts differ, X or probabilities are not what they should be, the
            method is unknown or not for this learner, learners inside `estimator` weigh
            classes differently, old and new share no class, a network has not an output
            for each class, a step of a Pipeline makes or drops rows, a network's
            sampler or validation rows are not those of `fit`, `critical` comes without
            an old model, or `old_proba` with a history; if the fitted learner does not
            answer with one of the classes, or one finite probability for each, in every
            row; if a booster shall stop early and has no ``eval_set``; for
            ``"interpolate"``, if the old network has another architecture or other
            classes.
        TypeError
            If `estimator` is no classifier, takes no sample weights or makes no use of
            them where the method needs them, or does not take what else is passed to
            it, the old model can neither predict nor be called, or no clone of it
            forgets what it knows (``"out-of-fold"``); for
            ``"interpolate"``, if the old model is no network.
        NotFittedError
            If the old model is not fitted.
        """
        with self._refit():
            training = self._training(
                X, y, old_model, old_proba, sample_weight, critical, fit_params
            )
            method = as_method(self.method, Congruence, METHODS)
            method.check(training)
            with training.own_randomness(), training.progress.of_fit():
                fitted = method.train(training)
            vars(self).update(fitted)
            self.classes_ = training.classes
            self.reference_ = training.reference
            if critical is not None:
                right = self.predict(X) == training.labels
                lost = is_negative_flip(training.old.right, right)
                self.critical_flips_ = int((lost & (training.critical > 0)).sum())
        return self

    def get_metadata_routing(self):
        """What ``fit`` asks for, and the learner's ``fit``, with metadata routing.

        Returns
        -------
        routing : MetadataRouter
        """
        own = super().get_metadata_routing()
        return fit_routing(self, own, last_step(self.estimator))

    def _training(
        self, X, y, old_model, old_proba, sample_weight, critical, fit_params
    ):
        """Check what the user gave: all that a method trains with."""
        estimator = self._make_estimator()
        learner_kind(estimator)
        training = Training(
            estimator,
            **self._check_given(X, y, old_model, sample_weight, critical),
            old_proba=old_proba,
            fit_params=route(self, fit_params)[0],
            prepare=self._check_X,
            verbose=max(0, self.verbose - 1),
            progress=Progress(shown=self.verbose > 0),
        )
        _check_old_answers(training)
        training.check_fit_params()
        if training.is_net and len(training.classes) < 2:
            raise ValueError(
                "A network needs rows of two classes or more, got 1 class: "
                f"{training.classes}."
            )
        return training

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
        if learner_kind(self.estimator_) == "net":
            return self.classes_[self.predict_proba(X).argmax(axis=1)]
        return predicted_labels(self.estimator_, self._check_X(X), self.classes_)

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
        X = self._check_X(X)
        proba = self.estimator_.predict_proba(X)
        size = _num_samples(X), len(self.classes_)
        return checked_scores(self.estimator_, proba, *size)

    @available_if(_learner_has("predict_log_proba"))
    def predict_log_proba(self, X):
        """Predict logarithms of class probabilities, where the learner does.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        log_proba : ndarray of shape (n, n_classes)
            Columns in the order of ``classes_``.
        """
        check_is_fitted(self)
        return self.estimator_.predict_log_proba(self._check_X(X))

    @available_if(_learner_has("decision_function"))
    def decision_function(self, X):
        """Compute the learner's margins, where it has any.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        margins : ndarray of shape (n,) or (n, n_classes)
            As of the learner.
        """
        check_is_fitted(self)
        return self.estimator_.decision_function(self._check_X(X))

    @available_if(_has_path)
    def at_flip_cost(self, flip_cost):
        """Move to another strength of the update path; nothing is trained.

        Parameters
        ----------
        flip_cost : float
            What a negative flip costs, from 0 (the plain new model) to the highest of
            ``update_path_.flip_cost``. The weights of the plain, the chosen and the
            strongest network are kept; elsewhere they lie between two of these.

        Returns
        -------
        other : PCClassifier
            Fitted; this one stays as it is. Its ``choice_``, ``update_path_`` and
            ``method_`` still tell what was chosen in ``fit``.

        Raises
        ------
        ValueError
            If it is not on the path, or between two points of a network with batch
            normalisation.
        """
        weights = self.update_path_.weights_at(flip_cost)
        other = copy(self)
        other.estimator_ = deepcopy(self.estimator_)
        load_weights(last_step(other.estimator_).module_, weights)
        return other

    @available_if(_has_path)
    def update_path(self, X, y):
        """Error and NFR of the whole path, on labelled rows of one's choice.

        On rows that took no part in ``fit`` this is an honest picture of what another
        strength would bring.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.
        y : array-like of shape (n,)
            Labels.

        Returns
        -------
        path : StrengthPath
            ``update_path_`` with the figures of these rows.

        Raises
        ------
        ValueError
            If the number or kind of labels is wrong, or there is no old model to count
            flips against, as in a standalone copy.
        """
        if self.reference_ is None:
            raise ValueError(
                "update_path counts flips against the old model, and there is none."
            )
        y, y_old = check_labels(y=y, y_old=self.reference_.predict(X))
        path = self.update_path_
        wrong = [self.at_flip_cost(cost).predict(X) != y for cost in path.flip_cost]
        return path.on_rows(np.array(wrong), y_old == y)

    def _make_estimator(self):
        return _default_learner() if self.estimator is None else self.estimator


def _default_learner():
    return make_pipeline(StandardScaler(), mlp_net())


def _check_old_answers(training):
    reference, old_proba = training.reference, training.old_proba
    if training.critical is not None and reference is None and old_proba is None:
        raise ValueError("critical needs an old model: old_model= or old_proba=.")
    if old_proba is None:
        return
    if not isinstance(old_proba, str):
        training.old_proba = check_stored("old_proba", old_proba, len(training.labels))
    if reference is not None and len(reference.versions) > 1:
        raise ValueError(
            "old_proba holds the answers of one old model, but old_model is a "
            "ModelHistory, each version of which must be asked: pass one of them."
        )
