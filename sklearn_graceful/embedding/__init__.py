"""Embedders whose vectors fit those that are indexed already."""

from sklearn_graceful.embedding._adapter import EmbeddingAdapter
from sklearn_graceful.embedding._comparison import AdapterComparison, MapFigures
from sklearn_graceful.embedding._compatible_embedder import CompatibleEmbedder
from sklearn_graceful.embedding._fusion_share import FusionShare
from sklearn_graceful.embedding._linear_maps import LinearMap
from sklearn_graceful.embedding._residual_map import ResidualMap
from sklearn_graceful.embedding._score_calibrator import ScoreCalibrator
from sklearn_graceful.embedding._slerp import slerp
from sklearn_graceful.embedding._versions import EmbedderVersion

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
]
