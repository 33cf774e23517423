"""Embedders whose vectors fit those that are indexed already."""

from sklearn_graceful._lazy import lazy_names
from sklearn_graceful.embedding._adapter import EmbeddingAdapter
from sklearn_graceful.embedding._comparison import (
    AdapterComparison,
    FusionShare,
    MapFigures,
)
from sklearn_graceful.embedding._maps import LinearMap, ResidualMap
from sklearn_graceful.embedding._score_calibrator import ScoreCalibrator
from sklearn_graceful.embedding._slerp import slerp

__all__ = [
    "AdapterComparison",
    "CompatibleEmbedder",
    "EmbedderVersion",
    "EmbeddingAdapter",
    "FusionShare",
    "LinearMap",
    "MapFigures",
    "ResidualMap",
    "ScoreCalibrator",
    "slerp",
    "to_onnx",
]

# torch takes seconds to import; adapters and calibrators do without it.
_HOMES = {
    "CompatibleEmbedder": "_compatible_embedder",
    "EmbedderVersion": "_versions",
    "to_onnx": "_onnx",
}

__getattr__, __dir__ = lazy_names(__name__, _HOMES, __all__)
