"""How a new classifier is held to the old one: one small class per published method."""

from sklearn_graceful._method import find_methods
from sklearn_graceful.congruence._base import Congruence, NoCongruence
from sklearn_graceful.congruence._conditional import Conditional
from sklearn_graceful.congruence._distill import Distill
from sklearn_graceful.congruence._elodi import ELODI
from sklearn_graceful.congruence._focal import Focal
from sklearn_graceful.congruence._focal_kl import FocalKL
from sklearn_graceful.congruence._focal_lm import FocalLM
from sklearn_graceful.congruence._interpolate import Interpolate, InterpolationPath
from sklearn_graceful.congruence._ldi import LDI
from sklearn_graceful.congruence._match import Match
from sklearn_graceful.congruence._muscle import Muscle
from sklearn_graceful.congruence._naive import Naive
from sklearn_graceful.congruence._strength_path import StrengthPath

METHODS = find_methods(vars(), Congruence)

__all__ = [
    "ELODI",
    "LDI",
    "METHODS",
    "Conditional",
    "Congruence",
    "Distill",
    "Focal",
    "FocalKL",
    "FocalLM",
    "Interpolate",
    "InterpolationPath",
    "Match",
    "Muscle",
    "Naive",
    "NoCongruence",
    "StrengthPath",
]
