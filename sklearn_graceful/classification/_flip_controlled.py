"""Move from the old model toward the new one as far as a flip budget allows."""

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.frozen import FrozenEstimator
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    _num_samples,
    check_is_fitted,
    validate_data,
)

from sklearn_graceful._arguments import check_choice, check_flag, check_share
from sklearn_graceful._containers import as_rows
from sklearn_graceful._front_door import ReplacesModelMixin, without_predecessors
from sklearn_graceful._labels import check_same_label_kind, class_index
from sklearn_graceful._row_arguments import (
    check_container,
    check_labels,
    check_stored,
)
from sklearn_graceful._wrappers import last_step
from sklearn_graceful.classification._calibration_rows import (
    calibration_splits,
    check_calibration,
    check_two_classes,
    class_probabilities,
    classes_of,
    naming_fold,
)
from sklearn_graceful.classification._fit_params import fit_routing, route
from sklearn_graceful.classification._flip_budget import (
    farthest_within,
    warn_of_no_critical_row,
)
from sklearn_graceful.classification._flip_control_checks import (
    check_has_scores,
    check_knows_its_labels,
    check_old_model,
    check_shares_a_class,
    check_splitter,
    has_scores,
    warn_of_fitted_estimator,
    warn_of_known_rows,
    warn_of_other_predict,
)
from sklearn_graceful.classification._new_model import train_new_model
from sklearn_graceful.classification._single_model import (
    check_imitation,
    judge_imitation,
    train_imitation,
)
from sklearn_graceful.flip_control import (
    GUARANTEES,
    ROUTES,
    fit_temperature,
    largest_new_share,
    log_scores,
    risk_bound,
    trace_path,
)
from sklearn_graceful.reference import ReferenceModel
from sklearn_graceful.training import (
    Training,
    answers_of_model,
    answers_of_proba,
    ask_with_warnings,
    predicted_labels,
    warn_of_wrong_input,
)


def _has_scores(self):
    """Whether there is a mixture, or a new model with scores; for ``available_if``."""
    return has_scores(getattr(self, "estimator_", self.estimator))


class FlipControlledClassifier(
    ReplacesModelMixin, MetaEstimatorMixin, ClassifierMixin, BaseEstimator
):
    """Put an upper bound on the negative flips of an update, for any two models.

    Predicts by ``(1 - t) log p_old + t log p_new``: the old model at t = 0, the new
    one at t = 1. On the way a row that the old model has right is lost once or never,
    so the negative flip rate (NFR) only grows with t, and rows that neither model
    was trained on tell how far to go. Conformal risk control picks the largest t for
    which, on average over draws of these calibration rows, **the NFR on new rows is at
    most** `max_nfr`: in finite samples, for any distribution and any pair of models.

    Largest is not always best. Where the new model is worse than the old one, or a
    mixture better than both, ``path_`` shows that a smaller share of the new one is
    more accurate, and ``within_budget="most-accurate"`` takes it.

    Every prediction asks both models: it costs what the two cost together. (Only at
    t = 0 or 1 is one of them left out.) As the old model of a later release this
    classifier brings its own old model along. :meth:`to_single_model` trains one model
    that imitates both.

    Without any old model this is a plain fit of `estimator` on all rows.

    Parameters
    ----------
    estimator : estimator
        The new model: a classifier with predict_proba or decision_function, or a
        Pipeline that ends in one. Trained on the rows that calibration leaves, unless
        it is a ``FrozenEstimator``: then all rows that ``fit`` gets are calibration
        rows, and must be new to the model. A fitted one that is not frozen is trained
        anew, as by every meta-estimator of scikit-learn, with a warning.

        A :class:`PCClassifier` without an old model of its own is trained against the
        same old model, with the same `old_proba` and `critical`. Inside a Pipeline it
        is not, as it would show the old model transformed rows.
    old_model : object, default=None
        The fitted model that is being replaced, anything that
        :class:`ReferenceModel` takes; of a :class:`ModelHistory` the newest version. It
        is never changed, and ``clone`` keeps it fitted. It gets the same X as this
        estimator, at predict too: put this one outside a Pipeline, not inside.
    max_nfr : float, default=0.01
        Budget: accepted share of rows that the old model has right and this one
        wrong, of all rows, in [0, 1). With fewer than ``1 / max_nfr - 1`` calibration
        rows it cannot be certified: a warning, and t = 0. 0 is what only the old model
        itself keeps: t = 0, and a warning.
    calibration : float, int or CV splitter, default=0.2
        Where the calibration rows come from.

        * float in (0, 1): this share of the rows, drawn at random. They are not drawn
          by class, which would cost the guarantee its proof; so in small data a rare
          class may be missing from the training rows.
        * int or a CV splitter of several folds: cross-fitting. Flip times are those
          of clones on their held-out rows; the new model is then trained on all
          rows. It uses every row twice, but is approximate: the guarantee holds as
          far as the final model flips like the clones, which have seen fewer rows.
        * a CV splitter of one split: as a share, on the rows of one's choice.
    route : {"mixing", "arbiter", "cost-ratio"}, default="mixing"
        How the two models are combined; the guarantee is the same.

        * ``"mixing"`` is the above. It can be right where both models are wrong.
        * ``"arbiter"``: the old model answers where its highest probability exceeds
          the new model's by more than ``2 t - 1``, else the new one.
        * ``"cost-ratio"``: the new model overrules the old model's label where it
          finds another one at least ``1 / t`` times as likely. Of the old model
          labels are enough. Where the new model's probabilities are right, no other
          rule has fewer flips at the same error.

        None is more accurate for all pairs: compare their ``path_``.
    guarantee : {"expectation", "high-probability"}, default="expectation"
        ``"expectation"`` bounds the mean NFR over draws of the calibration rows; about
        half of the draws exceed it slightly. ``"high-probability"``: with probability
        `confidence` the draw at hand does not. It goes up through all mixings as long
        as the one-sided Clopper-Pearson bound of the flips is within budget, and needs
        more rows (299 instead of 99 for 1 %).
    confidence : float, default=0.95
        Of ``"high-probability"``, in (0, 1).
    max_critical_nfr : float, default=0.0
        Budget of the rows marked `critical` in fit: share of *these* rows, in [0, 1),
        under the same guarantee. 0 means that no marked calibration row is lost. For
        new critical rows no number of rows can certify 0: see ``critical_bound_``.
    within_budget : {"farthest", "most-accurate"}, default="farthest"
        Which of the mixings to take that keep within all budgets.

        * ``"farthest"``: the largest one, nearest to the new model.
        * ``"most-accurate"``: the one with the most calibration rows right, of those
          in ``path_``; of equals the smallest. The guarantee stays, as it is never
          above the largest one and the NFR only grows with t. Its accuracy in
          ``path_`` is a little too good to be true, having been chosen there.
    temperature_scaling : bool, default=True
        Whether `predict_proba` divides the log-probabilities by a temperature,
        fitted on the calibration rows: a mixture is less sure than it is right. No
        label depends on it, so neither does the guarantee. (Nor would labels depend
        on a temperature for each model, which only renames the mixings.)
    strict : bool, default=False
        What to do where the rows cannot certify a budget, or none is critical that
        should be. False: warn, and keep the old model (``new_share_ = 0``) or leave
        critical rows out of account. True: raise ValueError, for where nobody reads
        warnings.
    random_state : int, RandomState or None, default=None
        Seed of everything random in the fit. The global generators are left as they
        were found.

    Attributes
    ----------
    new_share_ : float
        Of the new model, t, from 0 (old model) to 1 (new model).
    flip_times_ : ndarray of shape (n_calibration,)
        Mixing at which each calibration row that the old model has right is lost; inf
        for all other rows. Only with an old model.
    path_ : UpdatePath
        NFR and accuracy on the calibration rows, arrays ``t``, ``nfr``, ``accuracy``.
        Only with an old model.
    critical_flips_ : int
        Marked calibration rows that are lost at ``new_share_``. Only after a fit with
        `critical`, as the next one.
    critical_bound_ : float
        What that certifies, by `guarantee`, for new critical rows: with m marked
        calibration rows and none lost, ``1 / (m + 1)`` in expectation.
    temperature_ : float
        1 without `temperature_scaling`, with fewer than 50 calibration rows, and at
        ``new_share_ = 0``, where the old model is kept as it was.
    classes_ : ndarray of shape (n_classes,)
        Classes of `y` and of the old model, sorted. One that only the old model knew
        can still be predicted: t = 0 is the old model as it was.
    estimator_ : estimator
        The fitted new model. A network or XGBoost takes no labels but 0, 1, ...: for
        others it is a PCClassifier around it, which translates them.
    reference_ : ReferenceModel or None
        The old model.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Column names of X, where it has string names.

    See Also
    --------
    sklearn_graceful.inspection.UpdatePathDisplay : Draw the path.
    PCClassifier : Train a new model that flips less; the two combine.

    Notes
    -----
    The guarantee is about rows that are exchangeable with the calibration rows, and
    neither model, nor a frozen part of one, may have been trained on these: an old
    model knows its own training rows by heart. Pass rows that are new to it, or its
    out-of-fold outputs as `old_proba` (which makes the guarantee approximate). Fit
    warns where a model keeps traces of these rows: nearest neighbours, support vector
    machines and Gaussian processes do, and trees and forests of scikit-learn where
    values hardly repeat. **Nothing can be seen** of linear models, networks, other
    libraries, or a small part of the rows.

    Flips are counted against the old model's most probable class. If its ``predict``
    says something else (a tuned threshold), fit warns.

    A model stacked on both is a new model like any other: with scikit-learn's
    ``StackingClassifier([("old", FrozenEstimator(old)), ("new", new)])`` as
    `estimator`, flips of the stack are kept to the budget.

    Calibration rows count alike whatever their `sample_weight`: weighted rows would
    not be exchangeable.

    References
    ----------
    Angelopoulos et al., "Conformal Risk Control", ICLR 2024.

    Adam et al., "Maintaining Stability and Plasticity for Predictive Churn Reduction",
    arXiv 2305.04135, 2023 (both models kept, as by the arbiter).

    Traeuble et al., "Backward-Compatible Prediction Updates: A Probabilistic Approach",
    NeurIPS 2021 (the cost ratio).

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.ensemble import HistGradientBoostingClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn_graceful import FlipControlledClassifier
    >>> from sklearn_graceful.metrics import negative_flip_rate
    >>> X, y = load_digits(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> old = LogisticRegression(max_iter=1000).fit(X_train[:200], y_train[:200])
    >>> boosting = HistGradientBoostingClassifier(max_iter=20, random_state=0)
    >>> new = FlipControlledClassifier(
    ...     boosting, old_model=old, max_nfr=0.01, random_state=0
    ... )
    >>> new = new.fit(X_train[200:], y_train[200:])
    >>> 0 < new.new_share_ < 1
    True
    >>> new.score(X_test, y_test) > old.score(X_test, y_test)
    True
    """

    # With metadata routing on, no user has to call set_fit_request.
    __metadata_request__fit = {"old_model": True, "old_proba": True, "critical": True}

    def __init__(
        self,
        estimator,
        *,
        old_model=None,
        max_nfr=0.01,
        calibration=0.2,
        route="mixing",
        guarantee="expectation",
        confidence=0.95,
        max_critical_nfr=0.0,
        within_budget="farthest",
        temperature_scaling=True,
        strict=False,
        random_state=None,
    ):
        self.estimator = estimator
        self.old_model = old_model
        self.max_nfr = max_nfr
        self.calibration = calibration
        self.route = route
        self.guarantee = guarantee
        self.confidence = confidence
        self.max_critical_nfr = max_critical_nfr
        self.within_budget = within_budget
        self.temperature_scaling = temperature_scaling
        self.strict = strict
        self.random_state = random_state

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
        """Train the new model and choose the new model's share.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows, as `estimator` and the old model take them.
        y : array-like of shape (n,)
            Labels; classes that the old model does not know are welcome.
        old_model : object, default=None
            Goes before the constructor's.
        old_proba : array-like of shape (n, n_old_classes) or (n,), default=None
            The old model's answers on these rows, instead of asking it. It must be
            there as well, since it takes part in predictions. Columns are in the order
            of its classes; the columns of a table name them. One-dimensional:
            predicted labels.
        sample_weight : array-like of shape (n,), default=None
            Weights for the training of `estimator`; calibration does not use them.
        critical : array-like of shape (n,), default=None
            Rows with a budget of their own, `max_critical_nfr`: True or a weight
            above 0. How large the weight is matters only to a PCClassifier.
        **fit_params
            ``groups`` goes to the splitter of `calibration`. All others are passed on
            to the ``fit`` of `estimator`, that of the last step of a Pipeline, by plain
            names, such as ``eval_set``, whose rows are for you to prepare as the
            learner gets them. Those with one entry for each row are sliced. With
            metadata routing, each goes where it is requested.

        Returns
        -------
        self : FlipControlledClassifier

        Raises
        ------
        ValueError
            If a parameter is out of range, row counts differ, X or probabilities are
            not what they should be, old and new share no class, a fold is left with
            one class to train on, or `old_proba` or `critical` come without an old
            model; if there are groups and no splitter; with `strict`, if a budget
            cannot be certified.
        TypeError
            If `estimator` is no classifier, has neither predict_proba nor
            decision_function, takes or uses no sample weights where there are some, or
            does not take what else is passed to it; if the old model can neither
            predict nor be called.
        NotFittedError
            If the old model, or a frozen `estimator`, is not fitted.
        """
        self._check_params()
        with self._refit():
            to_learner, to_splitter = route(self, fit_params, of_splitter=["groups"])
            training = self._training(
                X, y, old_model, old_proba, sample_weight, critical, to_learner
            )
            with training.own_randomness():
                if training.reference is None:
                    self._fit_plainly(training)
                else:
                    self._fit_controlled(training, to_splitter)
        return self

    def get_metadata_routing(self):
        """What ``fit``, the new model's and the splitter ask for, with routing.

        Returns
        -------
        routing : MetadataRouter
        """
        splits = hasattr(self.calibration, "split")
        return fit_routing(
            self,
            super().get_metadata_routing(),
            last_step(self.estimator),
            self.calibration if splits else None,
        )

    def _training(
        self, X, y, old_model, old_proba, sample_weight, critical, fit_params
    ):
        """Check what the user gave: all that the new model trains with."""
        given = self._check_given(X, y, old_model, sample_weight, critical)
        training = Training(
            self.estimator, **given, old_proba=old_proba, fit_params=fit_params
        )
        if old_proba is not None:
            training.old_proba = check_stored(
                "old_proba", old_proba, len(training.labels)
            )
        check_old_model(training.reference, old_proba=old_proba, critical=critical)
        if training.reference is not None:
            check_has_scores(self.estimator)
        if not self._is_frozen:
            training.check_fit_params()
        if training.reference is not None:
            training.check_may_hold_out()
        return training

    def predict(self, X):
        """Predict class labels, by the old and the new model together.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        y : ndarray of shape (n,)
        """
        check_is_fitted(self, "estimator_")
        X = self._check_X(X)
        if self.reference_ is None:
            return predicted_labels(self.estimator_, X, self.classes_)
        return self.classes_[self._mixed_scores(X).argmax(axis=1)]

    @available_if(_has_scores)
    def predict_proba(self, X):
        """Predict class probabilities: softmax of mixed log-probabilities over T.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        proba : ndarray of shape (n, n_classes)
            Columns in the order of ``classes_``. None is 0 with an old model: each
            model's probabilities are mixed with a ten-thousandth of the uniform
            distribution, so that logarithms are finite.
        """
        check_is_fitted(self, "estimator_")
        X = self._check_X(X)
        if self.reference_ is None:
            return class_probabilities(self.estimator_, X, self.classes_)
        return softmax(self._mixed_scores(X) / self.temperature_, axis=1)

    @available_if(_has_scores)
    def predict_log_proba(self, X):
        """Logarithms of `predict_proba`.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        log_proba : ndarray of shape (n, n_classes)
            Columns in the order of ``classes_``; -inf for a probability of 0.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def update_path(self, X, y):
        """NFR and accuracy at all mixings, on labelled rows of one's choice.

        On rows that took no part in ``fit`` this is an honest picture of what another
        budget would bring.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.
        y : array-like of shape (n,)
            Labels.

        Returns
        -------
        path : UpdatePath
            Arrays ``t``, ``nfr`` and ``accuracy``; ``new_share_`` is among ``t``.

        Raises
        ------
        ValueError
            If there is no old model, or the number or kind of labels is wrong.
        """
        check_is_fitted(self, "estimator_")
        if self.reference_ is None:
            raise ValueError("Without an old model there is no path of an update.")
        X, y = self._check_labelled(X, y)
        old, new = self._old_scores(X), self._new_scores(X)
        return self._trace_path(
            old, new, class_index(y, self.classes_), self.new_share_
        )

    def to_single_model(
        self,
        X,
        y,
        *,
        X_unused,
        y_unused,
        estimator=None,
        method=None,
        sample_weight=None,
        confidence=0.95,
        random_state=None,
    ):
        """Train one model that imitates this mixture of two.

        It learns the labels of the rows given, and the mixture's answers on synthetic
        rows between them (:class:`~sklearn_graceful.congruence.Match` with this
        classifier as the old model). A prediction then costs one model.

        **The guarantee is the mixture's and does not pass over.** What the single
        model loses is counted on rows that neither training nor calibration has seen,
        and bounded from there.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Training rows; those that ``fit`` got will do.
        y : array-like of shape (n,)
            Labels.
        X_unused : array-like of shape (m, n_features)
            Rows that no model was trained, calibrated or chosen on.
        y_unused : array-like of shape (m,)
            Their labels.
        estimator : estimator, default=None
            What learns, as for :class:`PCClassifier`. None: what the new model is made
            of.
        method : Match, default=None
            How to imitate. None: ``Match(old_share=1.0)``, by the mixture's answers
            alone; less takes a plain new model's answers in.
        sample_weight : array-like of shape (n,), default=None
            Weights of the training rows.
        confidence : float, default=0.95
            Of the upper bound of the NFR, in (0, 1).
        random_state : int, RandomState or None, default=None
            Seed of the training.

        Returns
        -------
        model : PCClassifier
            Fitted, with this classifier as its old model. ``model.imitation_``, an
            :class:`~sklearn_graceful.classification.Imitation`, says how well it does
            on the unused rows: ``nfr`` against the original old model, ``nfr_bound``,
            ``accuracy``, ``agreement``, and the mixture's ``mixture_nfr`` and
            ``mixture_accuracy`` for comparison.

        Raises
        ------
        ValueError
            If there is no old model, there are no unused rows or their labels are of
            another number or kind, or `confidence` is out of range.
        TypeError
            If `method` is no Match, or `estimator` cannot be trained by it (it needs
            ``sample_weight`` and predict_proba, unless it is a network).
        """
        check_is_fitted(self, "estimator_")
        if self.reference_ is None:
            raise ValueError(
                "Without an old model there is nothing to imitate: estimator_ is one "
                "model already."
            )
        check_imitation(method, confidence)
        X_unused, y_unused = self._check_labelled(X_unused, y_unused, "y_unused")
        if not len(y_unused):
            raise ValueError("There is no unused row to judge the single model on.")
        y_old = self.classes_[self._old_scores(X_unused).argmax(axis=1)]
        y_mixture = self.predict(X_unused)
        single = train_imitation(
            self,
            X,
            y,
            estimator=estimator,
            method=method,
            sample_weight=sample_weight,
            random_state=random_state,
        )
        y_single = single.predict(X_unused)
        single.imitation_ = judge_imitation(
            y_unused, y_old, y_mixture, y_single, confidence
        )
        return single

    def standalone(self):
        """A copy that predicts the same and holds no calibration data.

        It still needs both models. Their own predecessors are gone: estimators inside,
        of both models, are standalone too. What was counted on the calibration rows
        stays (``path_``), their ``flip_times_`` do not.

        Returns
        -------
        other : FlipControlledClassifier
            Fitted; this one stays as it is.

        Raises
        ------
        NotFittedError
            If this one is not fitted.
        """
        return super().standalone()

    def _without_predecessors(self, memo):
        other = super()._without_predecessors(memo)
        vars(other).pop("flip_times_", None)
        kept = getattr(self, "reference_", None)
        if kept is not None:
            model = without_predecessors(kept.model)
            other.reference_ = ReferenceModel(model, classes=kept.classes)
            other.old_model = other.reference_
        return other

    def _check_labelled(self, X, y, name="y"):
        X = self._check_X(X)
        y = check_labels(y, _num_samples(X), name)
        check_same_label_kind(**{"classes_": self.classes_, name: y})
        return X, y

    def _check_params(self):
        for name in ("max_nfr", "max_critical_nfr"):
            check_share(name, getattr(self, name))
        for name, known in (
            ("guarantee", GUARANTEES),
            ("route", tuple(ROUTES)),
            ("within_budget", ("farthest", "most-accurate")),
        ):
            check_choice(name, getattr(self, name), known)
        check_share("confidence", self.confidence, "neither")
        for name in ("temperature_scaling", "strict"):
            check_flag(name, getattr(self, name))
        check_calibration(self.calibration)
        if self._is_frozen:
            check_is_fitted(self.estimator.estimator)
        else:
            warn_of_fitted_estimator(self.estimator)

    def _check_X(self, X, *, reset=False):
        check_container(X)
        # The models know best what they take, and say best what is no table.
        X = as_rows(X)
        if reset or len(getattr(X, "shape", (0, 0))) > 1:
            validate_data(self, X, reset=reset, skip_check_array=True)
        return X

    @property
    def _is_frozen(self):
        return isinstance(self.estimator, FrozenEstimator)

    @property
    def _predicts_most_probable(self):
        """Whether labels can be read off the probabilities, for whom it is asked by."""
        return self.reference_ is not None

    def _fit_plainly(self, training):
        self._check_can_train(training)
        self.estimator_ = train_new_model(training)
        self.classes_ = classes_of(self.estimator_)
        self.reference_ = None
        self.new_share_ = self.temperature_ = 1.0

    def _fit_controlled(self, training, to_splitter):
        splits = self._splits(training, to_splitter)
        calibration = training.take(np.concatenate([held for _, held in splits]))
        # All questions to the old model come before the training.
        known = _known_classes(calibration)
        check_shares_a_class(known, training.labels)
        self.classes_ = np.union1d(known, training.labels)
        self.reference_ = training.reference
        old = self._ask_old_model(calibration)
        self._check_can_train(training, splits)
        new = self._train(training, splits)
        y = class_index(calibration.labels, self.classes_)
        self.flip_times_ = ROUTES[self.route].flip_times(old, new, y)
        marked = _marked_rows(training, calibration, self.strict)
        self._choose_new_share(old, new, y, marked)
        self.temperature_ = self._choose_temperature(old, new, y)

    def _check_can_train(self, training, splits=()):
        """Refuse, last before the training, what would fail or mislead there."""
        if self._is_frozen:
            return
        check_two_classes(training.labels, splits)
        if training.sample_weight is not None:
            training.check_takes_weights()

    def _splits(self, training, to_splitter):
        check_splitter(self.calibration, self._is_frozen, to_splitter)
        if self._is_frozen:
            return [(np.arange(0), np.arange(len(training.labels)))]
        X, y = training.X, training.labels
        return calibration_splits(self.calibration, X, y, **to_splitter)

    def _ask_old_model(self, rows):
        """Log-probabilities of the old model on the calibration rows."""
        if rows.old_proba is None:
            known = warn_of_known_rows(self.reference_, self.estimator, rows)
            ask = answers_of_model if known else ask_with_warnings
            answers = ask(self.reference_, rows.raw, rows.labels, self.classes_)
            warn_of_other_predict(answers, self.classes_, rows.labels)
            return self._old_scores(rows.raw)  # remembered, and as at predict
        answers = answers_of_proba(
            rows.old_proba, rows.labels, self.classes_, self.reference_.classes_
        )
        warn_of_wrong_input(answers, rows.labels)
        check_knows_its_labels(answers.proba)
        return log_scores(answers.proba)

    def _train(self, training, splits):
        """Fit the new model; its log-probabilities on the calibration rows."""
        proba = []
        for fold, (train, held_out) in enumerate(splits, 1):
            with naming_fold(fold, splits, training.labels):
                fitted = train_new_model(training.take(train))
            held_out = training.take(held_out)
            proba.append(class_probabilities(fitted, held_out.X, self.classes_))
        # Cross-fitting says how a model like this one flips.
        self.estimator_ = fitted if len(splits) == 1 else train_new_model(training)
        return log_scores(np.vstack(proba))

    def _trace_path(self, old, new, y, chosen):
        scores = ROUTES[self.route].scores
        return trace_path(old, new, y, chosen=chosen, scores=scores)

    def _choose_new_share(self, old, new, y, marked):
        """Go as far as the budgets allow, or less far where that is more accurate.

        `marked` says which calibration rows are critical, None: nobody marked any.
        """
        certificate = {"guarantee": self.guarantee, "confidence": self.confidence}
        limit = farthest_within(
            self.flip_times_,
            self.max_nfr,
            parameter="max_nfr",
            rows="calibration rows",
            strict=self.strict,
            **certificate,
        )
        if marked is not None:
            times = self.flip_times_[marked]
            limit = min(limit, self._farthest_of_critical(times, certificate))
        self.path_ = self._trace_path(old, new, y, limit)
        self.new_share_ = limit
        if self.within_budget == "most-accurate":
            self.new_share_ = self.path_.most_accurate(limit)
        if marked is not None:
            lost = times <= self.new_share_ if self.new_share_ else times < 0
            self.critical_flips_ = int(np.count_nonzero(lost))
            self.critical_bound_ = risk_bound(
                self.critical_flips_, len(times), **certificate
            )

    def _farthest_of_critical(self, times, certificate):
        """Within the budget of marked rows; 0 loses none of those at hand."""
        if self.max_critical_nfr == 0:  # which no number of rows certifies
            return largest_new_share(times, 0)
        return farthest_within(
            times,
            self.max_critical_nfr,
            parameter="max_critical_nfr",
            rows="critical calibration rows",
            strict=self.strict,
            **certificate,
        )

    def _choose_temperature(self, old, new, y):
        if not self.temperature_scaling or self.new_share_ == 0:
            return 1.0
        return fit_temperature(ROUTES[self.route].scores(old, new, self.new_share_), y)

    def _mixed_scores(self, X):
        if self.new_share_ == 0:
            return self._old_scores(X)
        if self.new_share_ == 1:
            return self._new_scores(X)
        old, new = self._old_scores(X), self._new_scores(X)
        return ROUTES[self.route].scores(old, new, self.new_share_)

    def _old_scores(self, X):
        proba = self.reference_.predict_proba(X, classes=self.classes_)
        check_knows_its_labels(proba)
        return log_scores(proba)

    def _new_scores(self, X):
        return log_scores(class_probabilities(self.estimator_, X, self.classes_))


def _known_classes(rows):
    """Classes of the old model; those it names here if it does not list them."""
    if rows.reference.classes_ is not None:
        return np.asarray(rows.reference.classes_)
    if rows.old_proba is not None and np.ndim(rows.old_proba) == 1:
        return np.unique(rows.old_proba)
    return np.unique(rows.reference.predict(rows.raw))


def _marked_rows(training, calibration, strict):
    """Which of the calibration rows are critical; None if nobody marked any."""
    if training.critical is None:
        return None
    marked, n_marked = calibration.critical > 0, np.count_nonzero(training.critical)
    if n_marked and not marked.any():
        warn_of_no_critical_row(n_marked, strict)
    return marked
