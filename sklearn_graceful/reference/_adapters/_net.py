"""Skorch nets: estimators whose raw outputs can be had too."""

import inspect
from contextlib import suppress

import numpy as np
from scipy.special import softmax
from sklearn.exceptions import NotFittedError

from sklearn_graceful._containers import as_array
from sklearn_graceful._frames import column_names
from sklearn_graceful._kinds import is_a
from sklearn_graceful.reference._adapters._estimator import (
    _UNFITTED,
    EstimatorAdapter,
    predicts_most_probable,
)
from sklearn_graceful.reference._adapters._torch import first_output, floating_dtype

# With these losses skorch itself takes the module's outputs for logits.
_LOSSES_OF_LOGITS = ("CrossEntropyLoss", "BCEWithLogitsLoss")


class NetAdapter(EstimatorAdapter):
    """A skorch net; its module's outputs are its logits or its embeddings."""

    def answer(self, question, X):
        X = _as_module_input(X, self.model.module_)
        if question != "forward":
            return super().answer(question, X)
        return first_output(self.model.forward(X, training=False)).float().numpy()

    def probabilities(self, ask, X):
        if self._outputs_are_logits():
            return softmax(self.logits(ask, X), axis=1)
        return super().probabilities(ask, X)

    def logits(self, ask, X):
        if not self._outputs_are_logits():
            return super().logits(ask, X)
        return self.check_logits(ask("forward", X))

    def embeddings(self, ask, X):
        return ask("forward", X)

    def check_fitted(self):
        if not getattr(self.model, "initialized_", False):
            raise NotFittedError(_UNFITTED.format(name=self.name))

    def _outputs_are_logits(self):
        net = self.model
        loss = getattr(net.criterion, "__name__", type(net.criterion).__name__)
        return (
            loss in _LOSSES_OF_LOGITS
            and net.predict_nonlinearity == "auto"
            and predicts_most_probable(net)
        )


def _as_module_input(X, module):
    """Rows in the module's precision and in one array, which skorch leaves to the user.

    A dict, a list of arrays, or a table whose columns the module takes by name, are
    several inputs to skorch.
    """
    if is_a(X, "torch.Tensor"):
        return X.to(floating_dtype(module)) if X.is_floating_point() else X
    if not _holds_inputs(X, module):
        X = _as_numbers(X)
    if not isinstance(X, np.ndarray) or X.dtype.kind != "f":
        return X
    double = floating_dtype(module).itemsize == 8
    # torch warns of arrays that it could not write to, such as memory maps.
    return X.astype(np.float64 if double else np.float32, copy=not X.flags.writeable)


def _as_numbers(X):
    """One array if it is one of numbers; a dataset of the user's may take the rest."""
    with suppress(ValueError):  # rows of different lengths
        array = as_array(X)
        return array if array.dtype.kind in "biuf" else X
    return X


def _holds_inputs(X, module):
    if isinstance(X, list | tuple):
        return any(hasattr(part, "shape") for part in X)
    names = column_names(X)
    if names is None:
        return isinstance(X, dict)
    parameters = inspect.signature(module.forward).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return takes_any or set(names) <= set(parameters)
