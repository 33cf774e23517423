"""Embedders whose vectors fit those that are indexed already."""

from importlib import import_module

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
]

# torch takes seconds to import; adapters and calibrators do without it.
_HOMES = {"CompatibleEmbedder": "_compatible_embedder", "EmbedderVersion": "_versions"}


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__():
    return __all__
