"""Bad old models and bad input raise the named error, and say what to do."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier
from torch import nn

from sklearn_graceful.reference import ReferenceModel

X, y = load_iris(return_X_y=True)


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(),
        make_pipeline(StandardScaler(), LogisticRegression()),
        FrozenEstimator(GaussianNB()),
        NeuralNetClassifier(nn.Linear(4, 3)),
        [GaussianNB()],
    ],
    ids=lambda m: type(m).__name__,
)
def test_unfitted(model):
    handle = ReferenceModel(model)
    for call in (handle.check_fitted, lambda: handle.predict(X)):
        with pytest.raises(NotFittedError, match=r"`clone`.*ReferenceModel\(fitted"):
            call()


@pytest.mark.parametrize("path", ["model.pkl", b"model", Path("model.onnx")])
def test_a_path_is_not_loaded(path):
    with pytest.raises(TypeError, match="loads nothing from a path"):
        ReferenceModel(path)


@pytest.mark.parametrize("model", [3, None, np.zeros((2, 2)), {"a": 1}, GaussianNB])
def test_nothing_usable(model):
    with pytest.raises(TypeError, match="old model"):
        ReferenceModel(model)


def test_no_members():
    with pytest.raises(ValueError, match="at least one member"):
        ReferenceModel([])


def test_missing_method_is_named():
    handle = ReferenceModel(GaussianNB().fit(X, y))
    with pytest.raises(TypeError, match="GaussianNB has no transform"):
        handle.transform(X)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([0.5, 0.6], "sum to 1"),
        ([-0.2, 1.2], "non-negative"),
        ([np.nan, 1.0], "NaN"),
        ([0.2, 0.3, 0.5], "2 classes"),
    ],
)
def test_what_is_no_probability(answer, said):
    handle = ReferenceModel(lambda X: np.tile(answer, (len(X), 1)), classes=["a", "b"])
    for method in (handle.predict, handle.predict_proba, handle.logits):
        with pytest.raises(ValueError, match=said):
            method(X)


def test_float32_rounding_is_no_error():
    handle = ReferenceModel(lambda X: [[0.5, 0.5005]] * len(X), classes=["a", "b"])
    assert handle.predict_proba(X).shape == (150, 2)


def test_nan_scores_do_not_become_labels():
    with pytest.raises(ValueError, match="NaN"):
        ReferenceModel(nn.Linear(4, 3), classes=[0, 1, 2]).predict(X * np.nan)
    with pytest.raises(ValueError, match="NaN"):
        ReferenceModel(lambda X: X * np.nan).transform(X)


@pytest.mark.parametrize("rows", [149, 1, 151])
def test_row_count_that_differs(rows):
    handle = ReferenceModel(lambda X: np.zeros((rows, 2)))
    with pytest.raises(ValueError, match=rf"about 150 rows.*\({rows}, 2\)"):
        handle.transform(np.arange(150.0))


def test_stored_outputs_posing_as_a_model():
    stored = np.zeros((150, 2))
    handle = ReferenceModel(lambda X: stored)
    with pytest.raises(ValueError, match="old_proba="):
        handle.transform(X[:10])


def test_several_outputs():
    model = RandomForestClassifier(3).fit(X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match="one label per row"):
        ReferenceModel(model).predict(X)


def test_unknown_classes():
    for model in (nn.Linear(4, 3), lambda X: np.full((len(X), 2), 0.5)):
        with pytest.raises(ValueError, match="ReferenceModel\\(model, classes="):
            ReferenceModel(model).predict_proba(X)
    with pytest.raises(ValueError, match="none of the classes"):
        ReferenceModel(LinearRegression().fit(X, y + 0.5)).predict_proba(X, [0, 1, 2])


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        (["u", "v"], "2 classes.*fitted on 3"),
        ([0, 0, 1], "different labels"),
        ([[0, 1, 2]], "different labels"),
        (np.array([0, "a", 1], dtype=object), "."),
    ],
)
def test_bad_classes(classes, said):
    with pytest.raises((ValueError, TypeError), match=said):
        ReferenceModel(GaussianNB().fit(X, y), classes=classes)


class TestInputGuard:
    def test_counts(self):
        handle = ReferenceModel(GaussianNB().fit(X, y))
        for rows in (X[:, :3], X[:, :3].tolist(), pd.DataFrame(X[:, :3])):
            with pytest.raises(ValueError, match=r"X has 3 .*fitted on 4.*old_proba="):
                handle.predict(rows)

    @pytest.mark.parametrize(
        ("columns", "said"),
        [
            (list("abcx"), "missing 'd' and unknown 'x'"),
            (list("abdc"), "another order"),
            (list("abc"), r"The 3 column names.*the 4 .*missing 'd'"),
        ],
    )
    def test_names(self, columns, said):
        frame = pd.DataFrame(X, columns=list("abcd"))
        handle = ReferenceModel(GaussianNB().fit(frame, y))
        with pytest.raises(ValueError, match=f"{said}.*PCClassifier\\(pipeline\\)"):
            handle.check_input(pd.DataFrame(X[:, : len(columns)], columns=columns))
        handle.check_input(frame)

    def test_members_of_an_ensemble(self):
        with pytest.raises(ValueError, match="X has 3 features"):
            ReferenceModel([GaussianNB().fit(X, y)]).check_input(X[:, :3])

    def test_models_that_do_not_say_are_not_checked(self):
        ReferenceModel(lambda X: X).check_input(X[:, :1])


def test_import_needs_no_optional_library():
    code = (
        "import sys, sklearn.pipeline; before = set(sys.modules); "  # it has pandas
        "import sklearn_graceful.reference; new = set(sys.modules) - before; "
        "print(*{'torch', 'skorch', 'pandas', 'onnxruntime'} & new)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not re.findall(r"\w+", done.stdout)
