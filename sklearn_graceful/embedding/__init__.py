"""Embedders that fit an old gallery, and maps between embedders that exist."""

from sklearn_graceful.embedding._adapter import EmbeddingAdapter
from sklearn_graceful.embedding._comparison import AdapterComparison, MapFigures
from sklearn_graceful.embedding._fusion_share import FusionShare
from sklearn_graceful.embedding._linear_maps import LinearMap
from sklearn_graceful.embedding._residual_map import ResidualMap
from sklearn_graceful.embedding._slerp import slerp

__all__ = [
    "AdapterComparison",
    "EmbeddingAdapter",
    "FusionShare",
    "LinearMap",
    "MapFigures",
    "ResidualMap",
    "slerp",
]
