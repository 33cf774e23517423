"""Soft labels for CatBoost's CatBoostClassifier with two classes.

With more it would need an objective in Python, asked about one row after another: that
took 7 times as long as its own on 3,000 rows of 5 classes.
"""

from sklearn.base import clone

from sklearn_graceful.training._parameters import fitting_with

# They change the loss, or what is measured would be asked for a hard label.
_SPEAK_OF_LABELS = (
    "objective",
    "class_names",
    "classes_count",
    "target_border",
    "eval_metric",
    "custom_metric",
    "custom_loss",
)
_RATES = ("learning_rate", "eta")

TIED_TO_LOSS = ("eval_set", "init_model")


def learns(learner, n_classes):
    """Whether it has two classes and the default loss."""
    params = learner.get_params(deep=False)
    return (
        n_classes == 2
        and params.get("loss_function") in (None, "Logloss")
        and params.get("task_type") in (None, "CPU")
        and all(params.get(name) is None for name in _SPEAK_OF_LABELS)
    )


def fit(learner, X, labels, classes, **fit_params):
    """Fit by the loss that takes probabilities of the second class.

    It knows neither the labels' names nor what the default loss chooses for a learning
    rate: both are read off a first iteration with the default loss.
    """
    first = clone(learner)
    stopped = fit_params | {"callbacks": [_FirstOnly()]}
    first.fit(X, classes[labels.y], sample_weight=labels.weight, **stopped)
    params = {"loss_function": "CrossEntropy"}
    if all(learner.get_params(deep=False).get(name) is None for name in _RATES):
        params["learning_rate"] = first.learning_rate_
    with fitting_with(learner, **params):
        learner.fit(X, labels.proba[:, 1], sample_weight=labels.weight, **fit_params)
    learner.get_metadata()["class_params"] = first.get_metadata()["class_params"]
    return True


class _FirstOnly:
    """Stop a fit after one iteration."""

    def after_iteration(self, info):
        return False
