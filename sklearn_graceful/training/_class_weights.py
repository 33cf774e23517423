"""What a learner adds to the weight of a row because of its class."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.utils.class_weight import compute_sample_weight

from sklearn_graceful.training._parameters import learners_inside, library_of


def class_weights(learner, y, classes):
    """Class weights of a learner as row weights, and how to switch them off.

    Also those of the learners inside it, where all of these weigh alike.

    Parameters
    ----------
    learner : classifier
        Not fitted.
    y : ndarray of int, shape (n,)
        Class indices.
    classes : ndarray of shape (n_classes,)
        Labels.

    Returns
    -------
    switched_off : dict
        Parameters with which the learner weighs all classes alike.
    factor : ndarray of shape (n,)
        What it would multiply the rows' weights with.

    Raises
    ------
    ValueError
        If learners inside it weigh classes differently, for which there is no weight
        of a row.
    """
    switched_off, factors = {}, {}
    for prefix, part in _weighing(learner).items():
        off, factors[prefix] = _of_one(part, y, classes)
        switched_off |= {prefix + name: value for name, value in off.items()}
    first, *others = _joint(factors)
    if not all(np.array_equal(first, other) for other in others):
        raise ValueError(
            f"The learners inside {type(learner).__name__} weigh classes differently, "
            "which soft labels cannot follow: give all of them the same class weights, "
            "or none, and pass sample_weight=."
        )
    return switched_off, first


def _weighing(learner):
    """The learner and what it hands weights to, by the prefix of their parameters.

    Not what is inside a calibration, which takes the weights of classes back again: it
    says how likely the labels are. Nor what a learner only starts from.
    """
    parts = {"": learner}
    for name, part in learners_inside(learner).items():
        outer, _, own = name.rpartition("__")
        around = parts.get(f"{outer}__" if outer else "")
        if (
            is_classifier(part)
            and not isinstance(around, CalibratedClassifierCV | None)
            and (own.endswith("estimator") or own not in around.get_params(deep=False))
        ):
            parts[f"{name}__"] = part
    return parts


def _joint(factors):
    """What each innermost learner and all around it multiply weights with."""
    innermost = [
        prefix
        for prefix in factors
        if not any(other.startswith(prefix) and other != prefix for other in factors)
    ]
    return [
        np.prod([factors[p] for p in factors if prefix.startswith(p)], axis=0)
        for prefix in innermost
    ]


def _of_one(learner, y, classes):
    """The same of a learner, whatever is inside it."""
    params = learner.get_params(deep=False)
    switched_off, factor = {}, np.ones(len(y))
    if (weights := params.get("class_weight")) is not None:
        if weights == "balanced_subsample":  # soft labels know no bootstrap samples
            weights = "balanced"
        switched_off["class_weight"] = None
        factor *= compute_sample_weight(weights, classes[y])
    of_library = _OF_LIBRARIES.get(library_of(learner))
    if of_library is not None:
        counts = np.maximum(np.bincount(y, minlength=len(classes)), 1)
        more, by_class = of_library(params, counts, classes)
        switched_off |= more
        factor *= by_class[y]
    return switched_off, factor


def _of_lightgbm(params, counts, classes):
    unbalanced = ("is_unbalance", "unbalance", "unbalanced_sets")
    off = {name: False for name in unbalanced if params.get(name)}
    by_class = np.ones(len(counts))
    if len(counts) != 2:  # several classes: it looks at none of them
        return off, by_class
    if off:
        by_class = counts.max() / counts
    if params.get("scale_pos_weight") is not None:
        off["scale_pos_weight"] = 1.0
        by_class[1] *= params["scale_pos_weight"]
    return off, by_class


def _of_xgboost(params, counts, classes):
    by_class = np.ones(len(counts))
    if len(counts) != 2 or params.get("scale_pos_weight") is None:
        return {}, by_class
    by_class[1] = params["scale_pos_weight"]
    return {"scale_pos_weight": None}, by_class


def _of_catboost(params, counts, classes):
    given = ("class_weights", "auto_class_weights", "scale_pos_weight")
    off = {name: None for name in given if params.get(name) is not None}
    by_class = np.ones(len(counts))
    if "class_weights" in off:
        weights = params["class_weights"]
        if isinstance(weights, dict):
            weights = [weights[label] for label in classes.tolist()]
        by_class *= weights
    if "scale_pos_weight" in off:
        by_class[1] *= params["scale_pos_weight"]
    balance = params.get("auto_class_weights")
    if balance in ("Balanced", "SqrtBalanced"):
        by_class *= (counts.max() / counts) ** (1 if balance == "Balanced" else 0.5)
    return off, by_class


_OF_LIBRARIES = {
    "lightgbm": _of_lightgbm,
    "xgboost": _of_xgboost,
    "catboost": _of_catboost,
}
