"""Update trained models gracefully: no new mistakes, no broken downstream rules."""

from sklearn_graceful._lazy import lazy_names
from sklearn_graceful._version import __version__

_HOMES = {
    "CompatibleEmbedder": "embedding",
    "EmbeddingAdapter": "embedding",
    "DamagedGalleryError": "exceptions",
    "FlipControlledClassifier": "classification",
    "Gallery": "gallery",
    "LQFClassifier": "classification",
    "ModelHistory": "reference",
    "OldModelMismatchWarning": "exceptions",
    "PCClassifier": "classification",
    "PredictionStore": "rollout",
    "ReferenceModel": "reference",
    "UpdateReport": "report",
    "assert_graceful_update": "report",
    "compare_models": "report",
}

__all__ = [
    "CompatibleEmbedder",
    "DamagedGalleryError",
    "EmbeddingAdapter",
    "FlipControlledClassifier",
    "Gallery",
    "LQFClassifier",
    "ModelHistory",
    "OldModelMismatchWarning",
    "PCClassifier",
    "PredictionStore",
    "ReferenceModel",
    "UpdateReport",
    "__version__",
    "assert_graceful_update",
    "compare_models",
]

# torch takes seconds to import; metrics and scorers do without it.
__getattr__, __dir__ = lazy_names(__name__, _HOMES, __all__)
