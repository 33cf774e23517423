"""Fitted scikit-learn estimators, Pipelines, and whatever has the same methods."""

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from sklearn_graceful._containers import as_array, as_readable_rows
from sklearn_graceful._wrappers import has_threshold, innermost
from sklearn_graceful.reference._adapters._base import Adapter

_UNFITTED = (
    "The old model {name} is not fitted. `clone`, and so cross_validate and "
    "GridSearchCV, resets a bare estimator inside another one: pass it as "
    "ReferenceModel(fitted_model) or FrozenEstimator(fitted_model), or as the "
    "constructor's old_model= of an estimator of this package."
)

# Classes whose predict is the most probable class, their subclasses included.
_PREDICTS_MOST_PROBABLE = {
    "BaggingClassifier",
    "BaseDecisionTree",
    "BaseGradientBoosting",
    "BaseHistGradientBoosting",
    "CalibratedClassifierCV",
    "ForestClassifier",
    "LinearDiscriminantAnalysis",
    "LogisticRegression",
    "MLPClassifier",
    "NeuralNetBinaryClassifier",
    "NeuralNetClassifier",
    "QuadraticDiscriminantAnalysis",
    "_BaseNB",
}


class EstimatorAdapter(Adapter):
    """An object with predict, predict_proba, decision_function or transform."""

    @property
    def own_classes(self):
        classes = getattr(self.model, "classes_", None)
        if isinstance(classes, list) or np.ndim(classes) != 1:
            return None  # several outputs have several lists of classes
        return np.asarray(classes)

    def answer(self, question, X):
        return as_array(getattr(self.model, question)(as_readable_rows(X)))

    def labels(self, ask, X):
        has_proba = hasattr(self.model, "predict_proba")
        most_probable = has_proba and predicts_most_probable(self.model)
        if hasattr(self.model, "predict") and not (
            most_probable and self.classes is not None
        ):
            return self.relabel(_one_label_per_row(ask("predict", X), self.name))
        if has_proba or hasattr(self.model, "decision_function"):
            return super().labels(ask, X)
        raise self.lacks("predict", "predict_proba", "decision_function")

    def probabilities(self, ask, X):
        if hasattr(self.model, "predict_proba"):
            self.need_classes()  # before the model is asked in vain
            return self.check_probabilities(ask("predict_proba", X))
        margins = self._margins(ask, X)
        if margins is not None:
            return softmax(margins, axis=1)
        if hasattr(self.model, "predict"):
            return self.one_hot(self.labels(ask, X))
        raise self.lacks("predict_proba", "decision_function", "predict")

    def logits(self, ask, X):
        margins = self._margins(ask, X)
        return super().logits(ask, X) if margins is None else margins

    def embeddings(self, ask, X):
        has_any = hasattr(self.model, "transform")
        return ask("transform", X) if has_any else super().embeddings(ask, X)

    def check_fitted(self):
        says = getattr(self.model, "is_fitted", None)  # as CatBoost's does
        if callable(says) and not says():
            raise NotFittedError(_UNFITTED.format(name=self.name))
        if not isinstance(self.model, BaseEstimator):
            return
        try:
            check_is_fitted(self.model)
        except NotFittedError as error:
            raise NotFittedError(_UNFITTED.format(name=self.name)) from error

    def _margins(self, ask, X):
        """One finite margin per class, None where the model has no such thing."""
        final = innermost(self.model)
        one_versus_one = getattr(final, "decision_function_shape", None) == "ovo"
        if not hasattr(self.model, "decision_function") or one_versus_one:
            return None
        n_classes = len(self.need_classes())
        margins = ask("decision_function", X)
        one_per_class = margins.shape[1:] == (n_classes,)
        binary = margins.ndim == 1 and n_classes == 2
        if not one_per_class and not binary:
            return None
        return self.check_logits(margins)


def predicts_most_probable(model):
    """Whether `predict` can be read off `predict_proba`, known by class name."""
    if has_threshold(model):
        return False
    final = innermost(model)
    # How another estimator can say so itself.
    if getattr(final, "_predicts_most_probable", False):
        return True
    kind = type(final)
    # A subclass may bring its own methods, and a skorch net another threshold.
    return (
        any(base.__name__ in _PREDICTS_MOST_PROBABLE for base in kind.__mro__)
        and all(map(_is_of_library, (kind.predict, kind.predict_proba)))
        and getattr(final, "threshold", 0.5) == 0.5
    )


def _is_of_library(method):
    return getattr(method, "__module__", "").startswith(("sklearn.", "skorch."))


def _one_label_per_row(labels, name):
    if labels.ndim == 2 and labels.shape[1] == 1:
        return labels[:, 0]
    if labels.ndim != 1:
        raise ValueError(
            f"predict of the old model {name} returned shape {labels.shape}, not one "
            "label per row. If these are probabilities, pass a function: "
            "ReferenceModel(model.predict, classes=[...])."
        )
    return labels
