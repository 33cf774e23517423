"""Look through what is wrapped around a learner: the one place that knows wrappers."""

from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import (
    FixedThresholdClassifier,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import Pipeline

_THRESHOLDS = (FixedThresholdClassifier, TunedThresholdClassifierCV)


def layers(model):
    """Yield a fitted model, the model inside it, and so on to the learner itself.

    An estimator of this package that predicts what its ``estimator_`` does says so by
    ``_predicts_as_estimator = True``.
    """
    while model is not None:
        yield model
        if isinstance(model, Pipeline):
            model = model.steps[-1][1]
        elif isinstance(model, FrozenEstimator):
            model = model.estimator
        elif hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        elif isinstance(model, _THRESHOLDS) or _predicts_as_estimator(model):
            model = getattr(model, "estimator_", None)
        else:
            return


def innermost(model):
    """The learner inside a fitted model; the model itself if nothing wraps it."""
    *_, learner = layers(model)
    return learner


def transformers(model):
    """Transformers inside a model that rows pass on the way to its learner."""
    pipelines = [layer for layer in layers(model) if isinstance(layer, Pipeline)]
    return [step for p in pipelines for _, step in p.steps[:-1] if _acts(step)]


def has_threshold(model):
    """Whether a wrapper predicts by a threshold of its own, not the likeliest class."""
    return any(isinstance(layer, _THRESHOLDS) for layer in layers(model))


def last_step(estimator):
    """The learner at the end of a Pipeline, fitted or not, or the estimator itself."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def has_method(estimator, method):
    """Whether a classifier or Pipeline has a method for scores, or will have it."""
    learner = last_step(estimator)
    # A stack's default, a logistic regression, is there once it is fitted.
    ends_in_default = getattr(learner, "final_estimator", learner) is None
    return ends_in_default or hasattr(estimator, method)


def replace_last_step(estimator, learner):
    """Put `learner` in the place of a Pipeline's last step; returns the whole."""
    if not isinstance(estimator, Pipeline):
        return learner
    name, last = estimator.steps[-1]
    estimator.steps[-1] = (name, replace_last_step(last, learner))
    return estimator


def fit_before_last(estimator, X, y, more=()):
    """Fit a Pipeline's steps before the last one, in place.

    Returns the learner, and `X` and `more` as it gets them; no step is fitted on
    `more`, a tuple of further rows.
    """
    while isinstance(estimator, Pipeline):
        before = estimator[:-1]
        if before.steps:
            X = before.fit_transform(X, y)
            more = tuple(before.transform(rows) for rows in more)
        # With `memory`, a Pipeline replaces its steps by the fitted ones.
        estimator.steps = [*before.steps, estimator.steps[-1]]
        estimator = estimator.steps[-1][1]
    return estimator, X, more


def transform_before_last(estimator, X):
    """Rows as the last step of a fitted Pipeline gets them."""
    while isinstance(estimator, Pipeline):
        if len(estimator.steps) > 1:
            X = estimator[:-1].transform(X)
        estimator = estimator.steps[-1][1]
    return X


def take_over_transformers(estimator, fitted):
    """Replace the transformers of an unfitted Pipeline by fitted ones, in order."""
    fitted = iter(fitted)
    while isinstance(estimator, Pipeline):
        before = [
            (name, next(fitted) if _acts(step) else step)
            for name, step in estimator.steps[:-1]
        ]
        estimator.steps = [*before, estimator.steps[-1]]
        estimator = estimator.steps[-1][1]


def _acts(step):
    return step is not None and not isinstance(step, str)  # "passthrough"


def _predicts_as_estimator(model):
    return getattr(model, "_predicts_as_estimator", False)
