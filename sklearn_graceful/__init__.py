"""Update trained models gracefully: no new mistakes, no broken downstream rules."""

from importlib import import_module

from sklearn_graceful._version import __version__

_HOMES = {
    "CompatibleEmbedder": "embedding",
    "EmbeddingAdapter": "embedding",
    "DamagedGalleryError": "exceptions",
    "FlipControlledClassifier": "classification",
    "Gallery": "gallery",
    "ModelHistory": "reference",
    "OldModelMismatchWarning": "exceptions",
    "PCClassifier": "classification",
    "PredictionStore": "rollout",
    "ReferenceModel": "reference",
}

__all__ = [
    "CompatibleEmbedder",
    "DamagedGalleryError",
    "EmbeddingAdapter",
    "FlipControlledClassifier",
    "Gallery",
    "ModelHistory",
    "OldModelMismatchWarning",
    "PCClassifier",
    "PredictionStore",
    "ReferenceModel",
    "__version__",
]


def __getattr__(name):
    # torch takes seconds to import; metrics and scorers do without it.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__():
    return __all__
