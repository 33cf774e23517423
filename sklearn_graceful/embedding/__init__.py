"""Embedders whose vectors fit those that are indexed already."""

from importlib import import_module

_HOMES = {
    "AdapterComparison": "_comparison",
    "CompatibleEmbedder": "_compatible_embedder",
    "EmbedderVersion": "_versions",
    "EmbeddingAdapter": "_adapter",
    "FusionShare": "_fusion_share",
    "LinearMap": "_linear_maps",
    "MapFigures": "_comparison",
    "ResidualMap": "_residual_map",
    "ScoreCalibrator": "_score_calibrator",
    "slerp": "_slerp",
}

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


def __getattr__(name):
    # torch takes seconds to import; adapters and calibrators do without it.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__():
    return __all__
