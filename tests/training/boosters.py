"""Boosters that are told soft labels, each with the parameters of a small plain fit."""

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier

BOOSTERS = ("hist", "lightgbm", "xgboost", "catboost")
CLASS_COUNTS = (2, 3)


def booster(name, **params):
    """A small one; skips a test where its library is not installed."""
    if name == "hist":
        return HistGradientBoostingClassifier(
            **{"max_iter": 8, "early_stopping": False, "random_state": 0, **params}
        )
    if name == "lightgbm":
        lightgbm = pytest.importorskip("lightgbm")
        small = {"n_estimators": 8, "n_jobs": 1, "verbose": -1}
        return lightgbm.LGBMClassifier(**{**small, **params})
    if name == "xgboost":
        xgboost = pytest.importorskip("xgboost")
        return xgboost.XGBClassifier(**{"n_estimators": 8, "n_jobs": 1, **params})
    catboost = pytest.importorskip("catboost")
    small = {"iterations": 8, "depth": 3, "thread_count": 1, "verbose": 0}
    return catboost.CatBoostClassifier(
        **{**small, "random_seed": 0, "allow_writing_files": False, **params}
    )


def rows(n_classes, n=300, seed=0):
    """Unbalanced rows, their labels, and soft labels that lean to the next class."""
    X, y = make_classification(
        n,
        6,
        n_informative=5,
        n_redundant=0,
        n_classes=n_classes,
        weights=[0.6, 0.25] if n_classes > 2 else [0.7],
        flip_y=0.1,
        random_state=seed,
    )
    one_hot = np.eye(n_classes)[y]
    return X, y, 0.7 * one_hot + 0.3 * np.roll(one_hot, 1, axis=1)
