"""How each kind of old model is asked: one small class per kind."""

from sklearn_graceful._kinds import is_a, is_onnx_session, is_skorch_net
from sklearn_graceful.reference._adapters._base import Adapter
from sklearn_graceful.reference._adapters._ensemble import EnsembleAdapter
from sklearn_graceful.reference._adapters._estimator import EstimatorAdapter
from sklearn_graceful.reference._adapters._function import FunctionAdapter
from sklearn_graceful.reference._adapters._net import NetAdapter
from sklearn_graceful.reference._adapters._onnx import onnx_adapter
from sklearn_graceful.reference._adapters._torch import TorchAdapter

__all__ = ["Adapter", "EnsembleAdapter", "adapter_for"]

_ESTIMATOR_METHODS = ("predict", "predict_proba", "decision_function", "transform")


def adapter_for(model, classes):
    """Adapter of one model that is neither an ensemble nor a handle already.

    Parameters
    ----------
    model : object
    classes : ndarray of shape (n_classes,) or None
        Class labels the user gave.

    Returns
    -------
    adapter : Adapter

    Raises
    ------
    TypeError
        If nothing about the object can be used.
    """
    if isinstance(model, type):
        raise TypeError(
            f"The old model must be a fitted object, got the class {model.__name__}."
        )
    if is_a(model, "torch.nn.Module"):
        return TorchAdapter(model, classes)
    if is_onnx_session(model):
        return onnx_adapter(model, classes)
    if is_skorch_net(model):
        return NetAdapter(model, classes)
    if any(hasattr(model, name) for name in (*_ESTIMATOR_METHODS, "fit")):
        return EstimatorAdapter(model, classes)
    if callable(model):
        return FunctionAdapter(model, classes)
    raise TypeError(
        f"An old model of type {type(model).__name__} cannot be used: it has none of "
        f"{', '.join(_ESTIMATOR_METHODS)} and is not callable."
    )
