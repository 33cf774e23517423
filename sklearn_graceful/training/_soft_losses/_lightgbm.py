"""Soft labels for LightGBM's LGBMClassifier, by an objective of our own."""

import numpy as np

from sklearn_graceful.training._parameters import fitting_with
from sklearn_graceful.training._soft_losses._cross_entropy import (
    class_shares,
    derivatives,
)

# Other names of the objective, and what changes the log loss.
_CHANGE_THE_LOSS = ("objective_type", "app", "application", "loss", "sigmoid")
# Random forests refuse an objective that is not LightGBM's own, and DART drops trees
# only after it was asked.
_BOOSTING = ("gbdt", "goss")

# Its metrics do not know what to make of raw scores without its objective.
TIED_TO_LOSS = ("eval_set", "eval_X", "init_model")


def learns(learner, n_classes):
    """Whether it boosts by the default objective."""
    params = learner.get_params(deep=False)
    names = ("boosting", "boost", "boosting_type")
    kinds = [params[name] for name in names if name in params]
    return (
        params["objective"] in (None, _objective_name(n_classes))
        and all(kind in _BOOSTING for kind in kinds)
        and not any(name in params for name in _CHANGE_THE_LOSS)
    )


def fit(learner, X, labels, classes, **fit_params):
    """Fit on soft labels; False where no feature can split the rows."""
    from lightgbm.basic import LightGBMError

    n_classes = len(classes)
    curvature = 1.0 if n_classes == 2 else n_classes / (n_classes - 1)

    def objective(y_true, raw):
        return derivatives(raw, labels, curvature)

    start = _start(learner, labels)
    # Of two classes only one has a score: it wants them as a vector.
    shape = len(labels.y) if n_classes == 2 else (len(labels.y), n_classes)
    try:
        with fitting_with(learner, objective=objective):
            init_score = np.full(shape, start)
            learner.fit(X, classes[labels.y], init_score=init_score, **fit_params)
    except LightGBMError:  # it has no message of its own for this
        return False
    _predict_probabilities(learner, start, n_classes)
    return True


def _objective_name(n_classes):
    return "binary" if n_classes == 2 else "multiclass"


def _start(learner, labels):
    """Raw scores to start from, as the library itself would; one a tree of a round."""
    params = learner.get_params(deep=False)
    shares = class_shares(labels, floor=1e-15)
    start = np.log(shares[1:] / shares[:1]) if len(shares) == 2 else np.log(shares)
    # The constants of linear leaves cannot be set afterwards.
    linear = params.get("linear_tree") or params.get("linear_trees")
    if linear or not params.get("boost_from_average", True):
        return np.zeros_like(start)
    return start


def _predict_probabilities(learner, start, n_classes):
    """Make a booster with an objective of ours one with the library's own.

    What it started from goes into the first trees, where the library has it too.
    """
    from lightgbm import Booster

    booster = learner.booster_
    first_trees = booster.dump_model(start_iteration=0, num_iteration=1)["tree_info"]
    for tree, score in zip(first_trees, start, strict=True):
        _add_to_leaves(booster, tree, score)
    name = _objective_name(n_classes)
    detail = "sigmoid:1" if n_classes == 2 else f"num_class:{n_classes}"
    model = booster.model_to_string(num_iteration=-1)
    model = model.replace(
        "\nfeature_names=", f"\nobjective={name} {detail}\nfeature_names=", 1
    )
    model = model.replace("[objective: custom]", f"[objective: {name}]", 1)
    learner._Booster = Booster(model_str=model)
    learner._Booster.best_iteration = booster.best_iteration
    learner._objective = name


def _add_to_leaves(booster, tree, score):
    index = tree["tree_index"]
    for leaf in range(tree["num_leaves"]) if score else ():
        booster.set_leaf_output(
            index, leaf, booster.get_leaf_output(index, leaf) + score
        )
