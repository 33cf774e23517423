"""skorch nets: in-memory batches, a lean training loop, the default network."""

from sklearn_graceful.nn._batches import InMemoryBatches
from sklearn_graceful.nn._classifier import InMemoryClassifier
from sklearn_graceful.nn._device import resolve_device
from sklearn_graceful.nn._embedding_net import EmbeddingMLP, embedding_net
from sklearn_graceful.nn._mlp import MLP, mlp_net
from sklearn_graceful.nn._packed_module import PackedModule
from sklearn_graceful.nn._packed_net import PackedClassifier, packed_mlp_net

__all__ = [
    "MLP",
    "EmbeddingMLP",
    "InMemoryBatches",
    "InMemoryClassifier",
    "PackedClassifier",
    "PackedModule",
    "embedding_net",
    "mlp_net",
    "packed_mlp_net",
    "resolve_device",
]
