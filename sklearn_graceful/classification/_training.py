"""Train a new model by any method, with all that the method asks for."""

from dataclasses import dataclass, fields, replace

import numpy as np
from sklearn.base import clone
from sklearn.utils import _safe_indexing, check_random_state

from sklearn_graceful._pipelines import fit_through_pipeline
from sklearn_graceful.classification._interpolation import fit_interpolated
from sklearn_graceful.classification._learners import (
    check_learner,
    fit_network,
    fit_weighted,
)
from sklearn_graceful.classification._old_outputs import OldOutputs
from sklearn_graceful.classification._synthetic import (
    make_synthetic_rows,
    stack_rows,
)
from sklearn_graceful.classification._teachers import fit_teachers, mean_logits
from sklearn_graceful.congruence import NoCongruence
from sklearn_graceful.congruence._row_weights import row_weights


@dataclass(frozen=True)
class TrainingRows:
    """Rows to train on, and what is known of them.

    Attributes
    ----------
    raw : array-like of shape (n, ...)
        As the old model wants them.
    X : array-like of shape (n, ...)
        As the learner wants them.
    y : ndarray of shape (n,)
        Labels.
    old : OldOutputs or None
        What the old model says.
    sample_weight, critical : ndarray of shape (n,) or None
        Weights by row.
    """

    raw: object
    X: object
    y: np.ndarray
    old: OldOutputs | None = None
    sample_weight: np.ndarray | None = None
    critical: np.ndarray | None = None

    def take(self, rows):
        """Some of the rows, by a mask or by position."""
        parts = {
            field.name: _safe_indexing(part, rows)
            for field in fields(self)
            if field.name != "old" and (part := getattr(self, field.name)) is not None
        }
        old = None if self.old is None else self.old.take(rows)
        return replace(self, **parts, old=old)

    def weights(self, method):
        """Weights of both parts of the method's loss."""
        return row_weights(
            method, self.old, sample_weight=self.sample_weight, critical=self.critical
        )


@dataclass(frozen=True)
class Trained:
    """A fitted learner and what its training left.

    Attributes
    ----------
    estimator : estimator
        Fitted; a network in it predicts class indices.
    method : Congruence
        As it was used.
    history : list of dict or None
        Losses of a network by epoch.
    interpolation_path : InterpolationPath or None
        Of a method that interpolates weights.
    """

    estimator: object
    method: object
    history: list | None = None
    interpolation_path: object | None = None


class Trainer:
    """Trains clones of one estimator on the same rows, by any number of methods.

    Parameters
    ----------
    estimator : estimator
        What learns; never fitted itself.
    rows : TrainingRows
        What it learns from.
    reference : ReferenceModel or None
        The old model, for methods that ask it about other rows.
    network : OldNetwork or None
        The old model, for methods that start from its weights.
    make_plain : callable
        ``make_plain(estimator, seed)`` returns an unfitted classifier without any
        congruence.
    check_X : callable
        Turns raw rows into what the learner wants.
    verbose : int
        skorch's verbosity.
    """

    def __init__(
        self, estimator, rows, reference, network, *, make_plain, check_X, verbose
    ):
        self.estimator = estimator
        self.rows = rows
        self.reference = reference
        self.network = network
        self.make_plain = make_plain
        self.check_X = check_X
        self.verbose = verbose
        self.classes, self.y = np.unique(rows.y, return_inverse=True)
        self._teachers = {}

    def train(self, method):
        """Train a clone by one method.

        Parameters
        ----------
        method : Congruence
            With its choices made.

        Returns
        -------
        trained : Trained
        """
        estimator = clone(self.estimator)
        weights = self.rows.weights(method)
        if method.needs_old_weights:
            return self._interpolate(estimator, method, weights)
        synthetic = teacher_logits = None
        if method.needs_callable_old_model:
            synthetic = self._synthetic_rows(method)
        if method.needs_teachers:
            teachers = self._plain_models(method.n_teachers)
            teacher_logits = mean_logits(teachers, self.rows.raw)
        history = self._fit(estimator, method, weights, synthetic, teacher_logits)
        return Trained(estimator, method, history)

    def _fit(self, estimator, method, weights, synthetic, teacher_logits):
        history = None

        def fit_last(learner, X, *extra):
            nonlocal history
            y, loss_weights, targets = self.y, weights, self.rows.old
            if extra:
                X = stack_rows(X, *extra)
                y, loss_weights, targets = synthetic.join(
                    y, weights, method, is_net=check_learner(learner)
                )
            if not check_learner(learner):
                fit_weighted(
                    learner,
                    X,
                    y,
                    classes=self.classes,
                    weights=loss_weights,
                    old=targets,
                )
                return
            history = fit_network(
                learner,
                X,
                y,
                method=method,
                weights=loss_weights,
                old=targets,
                verbose=self.verbose,
                teacher_logits=teacher_logits,
            )

        extra = () if synthetic is None else (self.check_X(synthetic.X),)
        fit_through_pipeline(estimator, self.rows.X, self.rows.y, fit_last, extra=extra)
        return history

    def _synthetic_rows(self, method):
        alone = method.needs_no_teacher(self.classes, self.reference.classes_)
        teachers = [] if alone else self._plain_models(method.n_teachers)
        return make_synthetic_rows(
            method,
            self.rows.raw,
            teachers,
            self.reference,
            self.classes,
            self.rows.old.right.mean(),
        )

    def _plain_models(self, number):
        """Trained once, for all methods that ask for as many."""
        if number not in self._teachers:
            self._teachers[number] = fit_teachers(
                self.make_plain,
                self.estimator,
                self.rows.raw,
                self.rows.y,
                seeds=check_random_state(None).randint(2**31 - 1, size=number),
                sample_weight=self.rows.weights(NoCongruence()).label,
            )
        return self._teachers[number]

    def _interpolate(self, estimator, method, weights):
        method, path, history = fit_interpolated(
            estimator,
            self.rows.X,
            self.y,
            method=method,
            weights=weights,
            old=self.rows.old,
            network=self.network,
            verbose=self.verbose,
        )
        return Trained(estimator, method, history, path)
