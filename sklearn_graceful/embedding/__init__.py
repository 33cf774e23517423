"""Embedders whose vectors fit those that are indexed already."""

from sklearn_graceful.embedding._compatible_embedder import CompatibleEmbedder
from sklearn_graceful.embedding._score_calibrator import ScoreCalibrator
from sklearn_graceful.embedding._versions import EmbedderVersion

__all__ = ["CompatibleEmbedder", "EmbedderVersion", "ScoreCalibrator"]
