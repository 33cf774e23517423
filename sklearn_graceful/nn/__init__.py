"""skorch nets: in-memory batches, a lean training loop, the default network."""

from sklearn_graceful.nn._batches import InMemoryBatches
from sklearn_graceful.nn._classifier import InMemoryClassifier
from sklearn_graceful.nn._device import resolve_device
from sklearn_graceful.nn._mlp import MLP, mlp_net

__all__ = ["MLP", "InMemoryBatches", "InMemoryClassifier", "mlp_net", "resolve_device"]
