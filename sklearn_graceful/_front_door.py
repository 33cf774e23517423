"""The one door through which rows and an old model reach an estimator."""

import copy

from sklearn.base import is_classifier
from sklearn.utils import get_tags
from sklearn.utils.validation import _num_samples, check_is_fitted, validate_data

from sklearn_graceful._arguments import check_seed, check_verbosity
from sklearn_graceful._containers import as_readable_rows, as_rows
from sklearn_graceful._numbers import as_numbers
from sklearn_graceful._refit import refitting
from sklearn_graceful._row_arguments import (
    check_container,
    check_labels,
    check_weights,
)
from sklearn_graceful.reference import (
    as_reference,
    is_onnx_session,
    is_skorch_net,
    parts_of,
)

_PREDECESSORS = {"old_model", "reference_", "_reference"}


def without_predecessors(model):
    """A copy of a model of any kind, no estimator in which holds an old model.

    Parameters
    ----------
    model : object

    Returns
    -------
    other : object
        `model` itself if there is no estimator in it that could hold one.
    """
    inside = [part for part in parts_of(model) if isinstance(part, ReplacesModelMixin)]
    copies = {}
    for estimator in reversed(inside):  # what is inside comes after what it is in
        copies[id(estimator)] = estimator._without_predecessors(copies)
    return copy.deepcopy(model, copies) if copies else model


class ReplacesModelMixin:
    """For estimators whose constructor and ``fit`` take an ``old_model``.

    scikit-learn's ``clone`` resets every estimator that it finds among the
    parameters. Clones of these estimators keep their fitted old model, all of them
    through one handle, so that a search asks it for each row once.
    """

    # Other fitted models among the parameters, that clones keep as they are.
    _kept_by_clones = ()

    def __sklearn_clone__(self):
        without = copy.copy(self)
        for name in ("old_model", *self._kept_by_clones):
            setattr(without, name, None)
        # BaseEstimator's own clone.
        fresh = super(ReplacesModelMixin, without).__sklearn_clone__()
        fresh.old_model = self._shared_reference()
        for name in self._kept_by_clones:
            setattr(fresh, name, getattr(self, name))
        return fresh

    def __getstate__(self):
        state = super().__getstate__()
        if is_onnx_session(state["old_model"]):  # which only a handle can pickle
            state = {**state, "old_model": self._shared_reference()}
        return state

    def standalone(self):
        """A copy that predicts the same and holds no old model: what one deploys.

        It can be pickled whatever the old model was, and does not grow from release to
        release. A clone of it is trained without an old model.

        Returns
        -------
        other : estimator
            Of the same kind, fitted; this one stays as it is.

        Raises
        ------
        NotFittedError
            If this one is not fitted.
        """
        check_is_fitted(self)
        return without_predecessors(self)

    def _without_predecessors(self, memo):
        """A copy without old model; `memo` as for ``deepcopy``, of what is inside."""
        other = copy.copy(self)
        for name in _PREDECESSORS & vars(other).keys():
            setattr(other, name, None)
        return copy.deepcopy(other, memo)

    def _shared_reference(self):
        """The constructor's old model behind one handle that is kept."""
        kept = getattr(self, "_reference", None)
        # A handle with classes is not what a bare model is wrapped in, nor a history.
        is_handle_of_bare = (
            kept is not None
            and kept.model is self.old_model
            and kept.classes is None
            and kept.versions == (kept,)
        )
        if not is_handle_of_bare:
            self._reference = as_reference(self.old_model)
        return self._reference

    def _check_given(self, X, y, old_model, sample_weight, critical=None):
        """What every ``fit`` is given, checked: arguments of a Training, by name."""
        check_seed(self.random_state)
        check_verbosity(getattr(self, "verbose", 0))
        raw = as_rows(X)
        X = self._check_X(raw, reset=True)
        has_labels = y is not None or is_classifier(self)
        labels = check_labels(y, _num_samples(X)) if has_labels else None
        sample_weight, critical = check_weights(X, sample_weight, critical)
        reference = as_reference(old_model)
        if reference is None:
            reference = self._shared_reference()
        if reference is not None:
            reference.check_fitted()
        return {
            "raw": raw,
            "X": X,
            "labels": labels,
            "sample_weight": sample_weight,
            "critical": critical,
            "reference": reference,
            "seed": self.random_state,
        }

    def _refit(self):
        """Forget earlier fits; a fit that fails leaves the estimator as it was."""
        return refitting(self)

    def _check_X(self, X, *, reset=False):
        """Rows as the learner wants them."""
        check_container(X)
        X = as_readable_rows(X)
        if self.estimator is None or is_skorch_net(self.estimator):
            allow_nd = self.estimator is not None
            options = {"reset": reset, "dtype": "numeric", "allow_nd": allow_nd}
            return as_numbers(X, lambda X: validate_data(self, X, **options))
        # A Pipeline or a scikit-learn estimator knows best what it takes, and says
        # best what is wrong with rows that are no table.
        if reset or len(getattr(X, "shape", (0, 0))) > 1:
            validate_data(self, X, reset=reset, skip_check_array=True)
        return X

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        estimator = getattr(self, "estimator", None)
        if hasattr(estimator, "__sklearn_tags__"):
            tags.input_tags = get_tags(estimator).input_tags
        return tags
