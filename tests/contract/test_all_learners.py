"""Every classifier of four libraries, as the new and as the old model.

It works on three classes with names, or is refused by a sentence.
"""

from functools import cache

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.discovery import all_estimators
from sklearn.utils.validation import has_fit_parameter

from sklearn_graceful import FlipControlledClassifier, PCClassifier, ReferenceModel

BOOSTERS = {
    "lightgbm": "LGBMClassifier",
    "xgboost": "XGBClassifier",
    "catboost": "CatBoostClassifier",
}
# Small ones, or what they must be given.
LINEAR = LogisticRegression()
TWO = {
    "estimators": [("linear", LINEAR), ("tree", DecisionTreeClassifier(max_depth=3))]
}
PARAMS = {
    "AdaBoostClassifier": {"n_estimators": 3},
    "BaggingClassifier": {"n_estimators": 3},
    "BernoulliNB": {"binarize": 1.5},
    "CalibratedClassifierCV": {"cv": 2},
    "CatBoostClassifier": {
        "iterations": 3,
        "thread_count": 1,
        "verbose": 0,
        "allow_writing_files": False,
    },
    "ExtraTreesClassifier": {"n_estimators": 5},
    "GradientBoostingClassifier": {"n_estimators": 5},
    "HistGradientBoostingClassifier": {"max_iter": 5},
    "LGBMClassifier": {"n_estimators": 5, "n_jobs": 1, "verbose": -1},
    "LogisticRegressionCV": {"Cs": [1.0], "cv": 2},
    "MLPClassifier": {"hidden_layer_sizes": (8,), "solver": "lbfgs"},
    "OneVsOneClassifier": {"estimator": LINEAR},
    "OneVsRestClassifier": {"estimator": LINEAR},
    "OutputCodeClassifier": {"estimator": LINEAR},
    "RadiusNeighborsClassifier": {"outlier_label": "most_frequent", "radius": 2.0},
    "RandomForestClassifier": {"n_estimators": 5},
    "StackingClassifier": TWO | {"cv": 2},
    "VotingClassifier": TWO | {"voting": "soft"},
    "XGBClassifier": {"n_estimators": 5, "n_jobs": 1},
}
# What a class refuses by itself: several classes, one label a row, names of a dtype.
REFUSED_BY_ITSELF = {
    "ClassifierChain": (IndexError, "tuple index"),
    "FixedThresholdClassifier": (ValueError, "Only binary classification"),
    "MultiOutputClassifier": (ValueError, "at least two dimensions"),
    "SelfTrainingClassifier": (ValueError, "use dtype object"),
    "TunedThresholdClassifierCV": (ValueError, "Only binary classification"),
}
KINDS = dict(all_estimators(type_filter="classifier"))
NAMES = sorted({*KINDS, *BOOSTERS.values()} - set(REFUSED_BY_ITSELF))
pytestmark = [
    # A constant one is among them, and some do not get far with so few steps.
    pytest.mark.filterwarnings(
        "ignore::sklearn_graceful.exceptions.OldModelMismatchWarning"
    ),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),  # of their defaults
    pytest.mark.filterwarnings("ignore:The old model's predict is not its most"),
]


def learner(name):
    """A small one; skips a test where its library is not installed."""
    kind = KINDS.get(name)
    if kind is None:
        library = next(lib for lib, kind in BOOSTERS.items() if kind == name)
        kind = getattr(pytest.importorskip(library), name)
    wraps = name in REFUSED_BY_ITSELF
    model = kind(**{"estimator": LINEAR} if wraps else PARAMS.get(name, {}))
    if "random_state" in model.get_params():
        model.set_params(random_state=0)
    return model


@cache
def data():
    """Whole numbers from 0 to 3, of which all columns have all: to train, to judge."""
    X, y = make_classification(
        400,
        5,
        n_informative=4,
        n_redundant=0,
        n_classes=3,
        n_clusters_per_class=1,
        class_sep=2.0,
        random_state=0,
    )
    X = np.clip(np.round(X) + 2, 0, 3)
    y = np.array(["cat", "dog", "owl"])[y]
    return [(X[rows], y[rows]) for rows in np.split(np.arange(400), [100, 260])]


@cache
def plain(name):
    """Fitted on the first rows; XGBoost takes no names, and is told them afterwards."""
    (X, y), *_ = data()
    if name != "XGBClassifier":
        return learner(name).fit(X, y)
    classes, y = np.unique(y, return_inverse=True)
    return ReferenceModel(learner(name).fit(X, y), classes=classes)


def check(model, least):
    """It predicts names, about as well as it should, and probabilities are some."""
    X, y = data()[-1]
    labels = np.ravel(model.predict(X))
    assert set(labels) <= {"cat", "dog", "owl"}
    assert np.mean(labels == y) >= least
    if hasattr(model, "predict_proba"):
        proba = model.predict_proba(X)
        assert proba.shape == (len(X), 3)
        assert proba.min() >= 0
        np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)


def accuracy(model):
    X, y = data()[-1]
    return np.mean(np.ravel(model.predict(X)) == y)


@pytest.mark.parametrize("name", NAMES)
def test_as_new_model(name):
    _, (X, y), _ = data()
    old, new = plain("LogisticRegression"), learner(name)
    bare = PCClassifier(new, old_model=old, method="none", random_state=0).fit(X, y)
    check(bare, 0)
    for method in ("focal", "distill"):
        model = PCClassifier(new, old_model=old, method=method, random_state=0)
        if has_fit_parameter(new, "sample_weight"):
            check(model.fit(X, y), accuracy(bare) - 0.1)
            continue
        with pytest.raises(TypeError, match=f"{name}.fit takes no sample_weight. This"):
            model.fit(X, y)


@pytest.mark.parametrize("name", NAMES)
def test_under_flip_control(name):
    _, (X, y), _ = data()
    old = plain("LogisticRegression")
    model = FlipControlledClassifier(
        learner(name), old_model=old, max_nfr=0.1, calibration=0.3, random_state=0
    )
    if name == "OutputCodeClassifier":
        with pytest.raises(TypeError, match=f"{name} has neither predict_proba nor"):
            model.fit(X, y)
        return
    check(model.fit(X, y), accuracy(old) - 0.1)


@pytest.mark.parametrize("name", NAMES)
def test_as_old_model(name):
    _, (X, y), _ = data()
    old = plain(name)
    reference = PCClassifier(LINEAR, random_state=0).fit(X, y)
    model = PCClassifier(LINEAR, old_model=old, method="distill", random_state=0)
    check(model.fit(X, y), min(accuracy(old), accuracy(reference)) - 0.1)
    rows = data()[-1][0]
    np.testing.assert_array_equal(
        model.reference_.predict(rows), np.ravel(old.predict(rows))
    )
    controlled = FlipControlledClassifier(
        LINEAR, old_model=old, max_nfr=0.1, calibration=0.3, random_state=0
    )
    check(controlled.fit(X, y), min(accuracy(old), accuracy(reference)) - 0.1)


@pytest.mark.parametrize("name", REFUSED_BY_ITSELF)
def test_what_a_class_refuses_by_itself(name):
    error, message = REFUSED_BY_ITSELF[name]
    _, (X, y), _ = data()
    old = plain("LogisticRegression")
    for fit in (
        learner(name).fit,
        PCClassifier(learner(name), old_model=old, method="none").fit,
        FlipControlledClassifier(learner(name), old_model=old, max_nfr=0.1).fit,
    ):
        with pytest.raises(error, match=message):
            fit(X, y)
