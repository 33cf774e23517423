"""What a learner adds to the weight of a row because of its class."""

import numpy as np
from sklearn.utils.class_weight import compute_sample_weight

from sklearn_graceful.training._parameters import library_of


def class_weights(learner, y, classes):
    """Class weights of a learner as row weights, and how to switch them off.

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
    """
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
