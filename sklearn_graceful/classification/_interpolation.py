"""Average the weights of an old network and of its fine-tuned self."""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import check_array
from skorch import NeuralNet
from torch.optim.swa_utils import update_bn

from sklearn_graceful._pipelines import last_step
from sklearn_graceful.classification._held_out import hold_out
from sklearn_graceful.classification._learners import fit_network
from sklearn_graceful.congruence import InterpolationPath
from sklearn_graceful.congruence._row_weights import RowWeights
from sklearn_graceful.nn._weights import (
    copy_weights,
    interpolate_weights,
    load_weights,
)

GRID = np.arange(11) / 10


@dataclass(frozen=True)
class OldNetwork:
    """What a new network takes over from an old one.

    Attributes
    ----------
    transformers : list of transformer
        Fitted, in the order in which rows pass them.
    module : torch.nn.Module
        The network itself.
    """

    transformers: list
    module: torch.nn.Module


def old_network(reference, old_proba, estimator, classes):
    """Find the network in an old model, and refuse one that cannot be averaged with.

    Parameters
    ----------
    reference : ReferenceModel or None
        The old model.
    old_proba : array-like or None
        Its stored answers.
    estimator : skorch net or Pipeline
        What is going to learn.
    classes : ndarray of shape (n_classes,)
        The new model's classes.

    Returns
    -------
    network : OldNetwork or None
        None if there is no old model at all.

    Raises
    ------
    ValueError
        If there are stored answers only, the classes differ, or the steps before the
        networks are of different kinds.
    TypeError
        If the old model is no single network.
    NotFittedError
        If the old model is not fitted.
    """
    if reference is None:
        if old_proba is not None:
            raise ValueError(
                "interpolate starts from the old model's weights, so stored outputs "
                "do not do: pass old_model= as well."
            )
        return None
    reference.check_fitted()
    transformers, learner = _parts(reference.model)
    module = learner.module_ if isinstance(learner, NeuralNet) else learner
    if not isinstance(module, torch.nn.Module):
        raise TypeError(
            "interpolate averages the weights of two networks: the old model must be "
            "a skorch net, a torch module, or a PCClassifier or Pipeline that ends in "
            f"one, got {type(learner).__name__}."
        )
    _check_same_classes(reference, classes)
    _check_same_kinds(transformers, _parts(estimator)[0])
    return OldNetwork(transformers, module)


def fit_interpolated(estimator, X, y, *, method, weights, old, network, verbose):
    """Fine-tune from the old weights, then go back part of the way.

    Parameters
    ----------
    estimator : skorch net or Pipeline
        An unfitted clone of one's own; fitted in place.
    X : array-like of shape (n, ...)
        Rows.
    y : ndarray of int64, shape (n,)
        Class indices.
    method : Interpolate
        Says how the mixing is found.
    weights : RowWeights
        Of the rows, held-out ones included.
    old : OldOutputs
        What the old model says.
    network : OldNetwork
        What is taken over from it.
    verbose : int
        skorch's verbosity.

    Returns
    -------
    method : Interpolate
        With the mixing that was used.
    path : InterpolationPath or None
        None if the mixing was given.
    history : list of dict
        Of the fine-tuning on all rows.
    """
    for transformer in _take_over(estimator, network.transformers):
        if not hasattr(X, "columns"):
            # The default learner gets arrays; a step that was fitted on names would
            # warn of them at every prediction.
            vars(transformer).pop("feature_names_in_", None)
        X = transformer.transform(X)
    X = check_array(X, allow_nd=True, input_name="X")
    net, old_weights = last_step(estimator), copy_weights(network.module)

    def fine_tune(net, rows):
        label = None if weights.label is None else weights.label[rows]
        history = fit_network(
            net,
            X[rows],
            y[rows],
            method=method,
            weights=RowWeights(label),
            old=None,
            verbose=verbose,
            initial_weights=old_weights,
        )
        return _Segment(net, old_weights, X[rows], y[rows]), history

    path = None
    if method.mixing is None:
        held_out = hold_out(y, method.validation_fraction)
        label = np.ones(len(y)) if weights.label is None else weights.label
        _check_can_choose(label[held_out], method)
        segment, _ = fine_tune(clone(net), ~held_out)
        path = segment.trace(
            X[held_out], y[held_out], old.right[held_out], label[held_out]
        )
        method = clone(method).set_params(mixing=path.choose(method.tolerance))
    segment, history = fine_tune(net, np.ones(len(y), dtype=bool))
    segment.go_to(method.mixing)
    return method, path, history


class _Segment:
    """The straight line between the old weights and those of a fine-tuned net."""

    def __init__(self, net, old_weights, X, y):
        self.net, self.X, self.y = net, X, y
        self.new_weights = copy_weights(net.module_)
        self.old_weights = old_weights

    def go_to(self, mixing):
        """Put the net at a point of the line."""
        weights = interpolate_weights(self.old_weights, self.new_weights, mixing)
        load_weights(self.net.module_, weights)
        if 0 < mixing < 1:
            # The ends have statistics of their own. Batches are those of the training,
            # where none was too small.
            rows = self.net.get_dataset(self.X, self.y)
            batches = self.net.get_iterator(rows, training=True)
            update_bn(batches, self.net.module_, device=self.net.device)

    def trace(self, X, y, old_right, label):
        wrong = []
        for mixing in GRID:
            self.go_to(mixing)
            wrong.append(self.net.predict_proba(X).argmax(axis=1) != y)
        wrong = np.array(wrong, dtype=float)
        return InterpolationPath(
            mixing=GRID.copy(),
            error=np.average(wrong, axis=1, weights=label),
            nfr=np.average(wrong * old_right, axis=1, weights=label),
        )


def _parts(model):
    """Transformers on the way to the learner at the end of a model, and the learner."""
    transformers = []
    while True:
        if isinstance(model, Pipeline):
            transformers += [step for _, step in model.steps[:-1] if _acts(step)]
            model = model.steps[-1][1]
        elif isinstance(model, FrozenEstimator):
            model = model.estimator
        elif hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        elif getattr(model, "_predicts_as_estimator", False):
            model = model.estimator_
        else:
            return transformers, model


def _acts(step):
    return step is not None and not isinstance(step, str)  # "passthrough"


def _take_over(estimator, transformers):
    """Replace the steps of an unfitted Pipeline by copies of fitted ones."""
    transformers = copy.deepcopy(transformers)
    fitted = iter(transformers)
    while isinstance(estimator, Pipeline):
        before = [
            (name, next(fitted) if _acts(step) else step)
            for name, step in estimator.steps[:-1]
        ]
        estimator.steps = [*before, estimator.steps[-1]]
        estimator = estimator.steps[-1][1]
    return transformers


def _check_can_choose(label, method):
    if not label.sum() > 0:
        raise ValueError(
            f"validation_fraction={method.validation_fraction} holds out no row of any "
            "class that has a weight: there is nothing to choose the mixing on. Give "
            "more rows, or a mixing."
        )


def _check_same_classes(reference, classes):
    known = reference.classes_
    if known is None:
        known = "unknown, and ReferenceModel(module, classes=[...]) names them"
    elif np.array_equal(known, classes):
        return
    else:
        known = np.asarray(known)[:10].tolist()
    raise ValueError(
        "interpolate needs the old network's classes to be those of y, in sorted "
        f"order: they are {known}, y has {classes[:10].tolist()}."
    )


def _check_same_kinds(old, new):
    old, new = ([type(step).__name__ for step in steps] for steps in (old, new))
    if old != new:
        raise ValueError(
            "interpolate takes over the old model's fitted preprocessing, so both "
            f"models need the same steps: the old one has {old}, the new one {new}."
        )
