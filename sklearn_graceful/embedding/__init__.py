"""New embedders that go on working with the gallery and the rules of the old one."""

from sklearn_graceful.embedding._score_calibrator import ScoreCalibrator

__all__ = ["ScoreCalibrator"]
