"""Look through what is wrapped around a learner: the one place that knows wrappers."""

from sklearn.base import BaseEstimator
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


def check_keeps_rows(estimator):
    """Refuse a Pipeline with a sampler, such as those of imbalanced-learn.

    Raises
    ------
    ValueError
        If a step before the last one makes or drops rows.
    """
    while isinstance(estimator, Pipeline):
        for _, step in estimator.steps[:-1]:
            if _resamples(step):
                raise ValueError(
                    f"{type(step).__name__} makes or drops rows inside the Pipeline, "
                    "where neither weights nor what the old model says can follow: "
                    "resample before fit, or weigh rows by sample_weight= instead. "
                    "Only method='none' of a PCClassifier does without either."
                )
        estimator = estimator.steps[-1][1]


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

    Returns the learner, and `X`, `y` and `more` as it gets them: with a sampler among
    the steps, `X` and `y` have other rows. No step is fitted on `more`, a tuple of
    further rows.
    """
    while isinstance(estimator, Pipeline):
        (name, learner), given = estimator.steps[-1], _Given()
        estimator.steps[-1] = (name, given)
        # The Pipeline's own fit knows of samplers, `memory` and routing.
        X, y = estimator.fit(X, y)[-1].rows
        estimator.steps[-1] = (name, learner)
        if len(estimator.steps) > 1:
            more = tuple(estimator[:-1].transform(rows) for rows in more)
        estimator = learner
    return estimator, X, y, more


class _Given(BaseEstimator):
    """In the place of a Pipeline's last step: the rows that this one gets."""

    def fit(self, X, y=None):
        self.rows = X, y
        return self


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
    # Not "passthrough". A sampler lets rows through when they are predicted.
    is_step = step is not None and not isinstance(step, str)
    return is_step and not _resamples(step)


def _resamples(step):
    return hasattr(step, "fit_resample")


def _predicts_as_estimator(model):
    return getattr(model, "_predicts_as_estimator", False)
