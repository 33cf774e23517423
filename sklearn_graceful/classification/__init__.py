"""Classifiers that are trained with reference to the model they replace."""

from sklearn_graceful.classification._flip_controlled import FlipControlledClassifier
from sklearn_graceful.classification._pc_classifier import PCClassifier

__all__ = ["FlipControlledClassifier", "PCClassifier"]
