"""Classifiers that are trained with reference to the model they replace."""

from sklearn_graceful.classification._flip_controlled import FlipControlledClassifier
from sklearn_graceful.classification._lqf_classifier import LQFClassifier
from sklearn_graceful.classification._pc_classifier import PCClassifier
from sklearn_graceful.classification._single_model import Imitation
from sklearn_graceful.training import HeldOutFigures

__all__ = [
    "FlipControlledClassifier",
    "HeldOutFigures",
    "Imitation",
    "LQFClassifier",
    "PCClassifier",
]
