"""The one thing that a congruence method must know: what it trains with."""

from copy import copy
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cached_property, partial

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.utils import _safe_indexing, check_array
from sklearn.utils.validation import _check_method_params, has_fit_parameter

from sklearn_graceful._containers import as_array, stack_rows
from sklearn_graceful._numbers import as_numbers
from sklearn_graceful._wrappers import (
    check_keeps_rows,
    fit_before_last,
    last_step,
    take_over_transformers,
    transform_before_last,
)
from sklearn_graceful.nn import (
    Probabilities,
    check_draws_any_rows,
    check_splits_any_rows,
    fixed_seed,
    isolated_randomness,
    train_net,
)
from sklearn_graceful.training._class_weights import class_weights
from sklearn_graceful.training._comparison import hold_out
from sklearn_graceful.training._cross_fit import can_cross_fit, cross_fit
from sklearn_graceful.training._fit_params import (
    check_fit_params,
    check_no_row_params,
    translate_labels,
)
from sklearn_graceful.training._labels_of_learner import label_names
from sklearn_graceful.training._learner import learner_kind
from sklearn_graceful.training._new_answers import check_answers, predicted_labels
from sklearn_graceful.training._objective import Objective
from sklearn_graceful.training._plain import PlainModels, at_length, fit_plain_models
from sklearn_graceful.training._progress import Progress
from sklearn_graceful.training._sources import find_old_answers
from sklearn_graceful.training._weight_use import uses_weights
from sklearn_graceful.training._weighted_rows import WeightedRows


@dataclass(eq=False)
class Training:
    """Rows, the old model's answers on them, and a learner to fit again and again.

    Parameters
    ----------
    estimator : estimator
        What learns: classifier, skorch net or Pipeline. Never fitted itself.
    raw : array-like of shape (n, ...)
        Rows as the user gave them, which is how the old model wants them.
    X : array-like of shape (n, ...)
        Rows as the learner wants them.
    labels : ndarray of shape (n,)
        Labels.
    sample_weight, critical : ndarray of shape (n,), default=None
        Weights by row, see :class:`PCClassifier`.
    reference : ReferenceModel, default=None
        The old model.
    old_proba : array-like, default=None
        Its stored answers.
    fit_params : dict, default={}
        Whatever else the user passes to the learner's ``fit``.
    prepare : callable, default=None
        Turns other raw rows into what the learner wants. None: they are that already.
    seed : int, RandomState or None, default=None
        Of what draws from a stream of its own; kept as an int.
    verbose : int, default=0
        skorch's verbosity.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        Labels, sorted.
    y : ndarray of int64, shape (n,)
        Class indices.
    old : OldAnswers or None
        What the old model says on the rows, asked at first use; None without any.
    kind : {"net", "boosting", "other"}
        Of the learner.
    """

    estimator: object
    raw: object
    X: object
    labels: np.ndarray
    _: KW_ONLY
    sample_weight: np.ndarray | None = None
    critical: np.ndarray | None = None
    reference: object | None = None
    old_proba: object | None = None
    fit_params: dict = field(default_factory=dict)
    prepare: object | None = None
    seed: int | None = None
    verbose: int = 0
    progress: Progress = field(default_factory=Progress)
    earlier: PlainModels | None = None
    _plain: PlainModels = field(default_factory=PlainModels)
    _asked: int = 0
    _found: dict = field(default_factory=dict)

    def __post_init__(self):
        self.classes, self.y = np.unique(self.labels, return_inverse=True)
        self.kind = learner_kind(self.estimator)
        self.seed = fixed_seed(self.seed)

    @property
    def is_net(self):
        """Whether a network learns."""
        return self.kind == "net"

    @property
    def learner(self):
        """What learns, at the end of a Pipeline; not fitted."""
        return last_step(self.estimator)

    @cached_property
    def old(self):
        """What the old model says on the rows, from the strongest source."""
        with self.own_randomness():
            return find_old_answers(
                self.reference, self.old_proba, self.raw, self.labels, self.classes
            )

    @cached_property
    def row_weight(self):
        """Weight of each row's whole loss, shape (n,); None: 1."""
        weight = self.sample_weight
        if self.critical is not None:
            weight = 1.0 if weight is None else weight
            weight = weight * (1 + self.critical * self.old.right)
        return weight

    def ask(self, rows):
        """Old model's probabilities of the classes on other raw rows.

        A class that the old model does not know has 0, and rows do not sum to 1 where
        it knows other ones.
        """
        return self.reference.predict_proba(rows, classes=self.classes, remember=False)

    def plain(self, number, apart=None):
        """Plain new models of other seeds, at least `number`; trained once for all.

        With `apart` only so many, where they cannot be trained together.
        """
        if number > self._asked:
            self._plain = fit_plain_models(self, number, self._plain, apart)
            self._asked = number
        return self._plain

    def cross_fit(self):
        """Plain networks for each fold; the teachers from now on.

        Returns
        -------
        fit : CrossFit or None
            None: nothing that can be trained so.
        """
        if not can_cross_fit(self):
            return None
        fit = cross_fit(self, self.plain(1))
        if fit is not None:
            self._plain, self._asked = fit.models, len(fit.models)
        return fit

    def once(self, key, find):
        """What `find()` returned for this key when it was asked for first."""
        if key not in self._found:
            self._found[key] = find()
        return self._found[key]

    def fit(
        self,
        loss=None,
        *,
        more=None,
        start_from=None,
        n_epochs=None,
        name="new model",
    ):
        """Train a clone of the learner.

        Parameters
        ----------
        loss : Objective, WeightedRows or SoftLabels, default=None
            What a network, or any other learner, minimises. It covers the training
            rows and, after them, those of `more`. None: what is learned from the labels
            alone.
        more : array-like of shape (m, ...), default=None
            Further rows, as the learner wants them; with `start_from`, as
            :func:`rows_of_network` makes them. No step before it is fitted on them.
        start_from : FittedNetwork, default=None
            A network to start from: weights, and transformers that are taken over as
            they are.
        n_epochs : int, default=None
            Tune a network for so long, see :func:`nn.train_net`. None: train it as it
            is.
        name : str, default="new model"
            Of what is trained, for those who watch.

        Returns
        -------
        fitted : dict
            Attributes of the estimator that is fitted: ``estimator_``, and
            ``history_`` of a network.
        """
        by_row = (loss, start_from, self.row_weight)
        if any(part is not None for part in by_row):
            check_keeps_rows(self.estimator)
        estimator, labels = clone(self.estimator), self.labels
        more = () if more is None else (more,)
        if start_from is None:
            learner, X, labels, more = fit_before_last(estimator, self.X, labels, more)
        else:
            take_over_transformers(estimator, start_from.transformers_for(self.X))
            learner = last_step(estimator)
            X = rows_of_network(estimator, self.X)
        X = stack_rows(X, *more)
        if loss is None:
            loss = self.plain_loss(labels)
        fitted = {"estimator_": estimator}
        length = n_epochs or getattr(learner, "max_epochs", None)
        with self.progress.of_model(name, length) as after_epoch:
            if not self.is_net:
                names = label_names(learner, self.classes)
                given = translate_labels(self.fit_params, self.classes, names)
                loss.fit(learner, X, names, **given)
                check_answers(learner, X, self.classes)
                return fitted
            loss.n_classes = len(self.classes)
            fitted["history_"] = train_net(
                learner,
                as_numbers(X, partial(check_array, allow_nd=True, input_name="X")),
                loss.y,
                loss,
                start_from=None if start_from is None else start_from.weights,
                n_epochs=n_epochs,
                after_epoch=after_epoch,
                verbose=self.verbose,
            )
        learner.set_params(predict_nonlinearity=Probabilities(loss.kind))
        return fitted

    def plain_loss(self, labels):
        """What is learned from labels alone; a sampler may have made them."""
        weight = self.row_weight
        if weight is not None and (weight == 1).all():
            weight = None
        kind = Objective if self.is_net else WeightedRows
        return kind(np.searchsorted(self.classes, labels), weight)

    def as_learner_wants(self, rows):
        """Other raw rows, prepared for the learner."""
        return rows if self.prepare is None else self.prepare(rows)

    def hold_out(self, share):
        """Split off a random share of the rows of each class.

        Returns
        -------
        rest, held_out : Training
        """
        held_out = hold_out(self.y, share)
        _ = self.old  # asked once, about all rows together
        rest = self.take(~held_out)
        if self._plain.fitted:
            # A network is trained for as long as that of all rows.
            rest.estimator = at_length(self.estimator, self._plain)
        return rest, self.take(held_out)

    def is_wrong(self, estimator):
        """Where a fitted clone of the learner is wrong, bool of shape (n,)."""
        if self.is_net:
            proba = estimator.predict_proba(self.X)
            return proba.argmax(axis=1) != self.y
        return predicted_labels(estimator, self.X, self.classes) != self.labels

    def after(self, earlier):
        """The same, with plain models from some of the rows, which may teach."""
        later = copy(self)
        later.earlier = earlier
        return later

    def own_randomness(self):
        """Context that draws from a stream of its own, as if nothing had been drawn."""
        return isolated_randomness(self.seed)

    def check_takes_more_rows(self):
        """Refuse a network that could not be shown rows beside those of fit."""
        if self.is_net:
            check_draws_any_rows(self.learner)

    def check_may_hold_out(self):
        """Refuse a network that could not be trained on some of the rows of fit."""
        if self.is_net:
            check_draws_any_rows(self.learner)
            check_splits_any_rows(self.learner)

    @cached_property
    def takes_weights(self):
        """Whether the learner takes weights by row and heeds them."""
        return self.is_net or (
            has_fit_parameter(self.learner, "sample_weight")
            and uses_weights(self.estimator, self.X, self.y, self.classes)
        )

    def check_takes_weights(self):
        """Refuse a learner that could not be told weights row by row.

        That is a Pipeline with a sampler, and what is no network and whose ``fit``
        takes no weights, or makes no use of them.
        """
        check_keeps_rows(self.estimator)
        if self.takes_weights:
            return
        name = type(self.learner).__name__
        fault = (
            "sample_weight and makes no use of it"
            if has_fit_parameter(self.learner, "sample_weight")
            else "no sample_weight"
        )
        if self.sample_weight is not None or self.critical is not None:
            remedy = "Fit without sample_weight and critical, or use another learner."
        else:
            remedy = (
                'This method needs it: use a learner that weighs rows, method="none", '
                "or FlipControlledClassifier."
            )
        raise TypeError(f"{name}.fit takes {fault}. {remedy}")

    def check_takes_soft_labels(self):
        """Refuse a learner, other than a network, that cannot be told soft labels."""
        self.check_takes_weights()
        if not self.is_net:
            names = label_names(self.learner, self.classes)
            class_weights(self.learner, self.y, names)

    def check_fit_params(self):
        """Refuse what the learner's ``fit`` does not take, or cannot do without."""
        check_fit_params(self.learner, self.fit_params, self.is_net)

    def check_no_row_params(self):
        """Refuse fit parameters with an entry for each row, see there."""
        check_no_row_params(self.fit_params, len(self.y))

    def take(self, rows):
        """Some of the rows, by a mask or by position, with the same classes."""
        names = ["raw", "X", "labels", "sample_weight", "critical"]
        if not isinstance(self.old_proba, str):
            names.append("old_proba")
        wholes = {name: getattr(self, name) for name in names}
        taken = {  # once, where two of them are one
            id(whole): _safe_indexing(whole, rows)
            for whole in wholes.values()
            if whole is not None
        }
        parts = {name: taken.get(id(whole)) for name, whole in wholes.items()}
        parts["fit_params"] = _check_method_params(self.X, self.fit_params, rows)
        some = replace(self, **parts, _plain=PlainModels(), _asked=0, _found={})
        some.classes, some.y = self.classes, self.y[rows]
        if vars(self).get("old") is not None:
            some.old = self.old.take(rows)
        return some


def rows_of_network(estimator, X):
    """Rows as the network at the end of a fitted Pipeline gets them.

    In single precision, which it computes in: there may be many.
    """
    X = transform_before_last(estimator, X)
    if not sparse.issparse(X):
        X = as_array(X)
    return X.astype(np.float32) if X.dtype == np.float64 else X
