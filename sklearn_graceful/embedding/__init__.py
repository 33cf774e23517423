"""New embedders that go on working with the gallery and the rules of the old one."""

from sklearn_graceful.embedding._compatible_embedder import CompatibleEmbedder
from sklearn_graceful.embedding._score_calibrator import ScoreCalibrator
from sklearn_graceful.embedding._versions import EmbedderVersion

__all__ = ["CompatibleEmbedder", "EmbedderVersion", "ScoreCalibrator"]
