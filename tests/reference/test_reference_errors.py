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

from sklearn_graceful import OldModelMismatchWarning
from sklearn_graceful.reference import ReferenceModel, warn_of_unlike_columns

X, y = load_iris(return_X_y=True)
bayes = GaussianNB().fit(X, y)


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


def test_rows_of_a_shape_that_a_network_does_not_take():
    handle = ReferenceModel(nn.Linear(4, 3), classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"Linear cannot take rows of shape \(2,\)"):
        handle.predict(X[:, :2])


@pytest.mark.parametrize(
    ("model", "error", "said"),
    [
        *((path, TypeError, "loads nothing from a path") for path in ("m.pkl", b"m")),
        (Path("model.onnx"), TypeError, "loads nothing from a path"),
        *((no, TypeError, "old model") for no in (3, None, {"a": 1}, GaussianNB)),
        (np.zeros((2, 2)), TypeError, "old model"),
        ([], ValueError, "at least one member"),
    ],
)
def test_nothing_usable(model, error, said):
    with pytest.raises(error, match=said):
        ReferenceModel(model)


def test_missing_method_is_named():
    with pytest.raises(TypeError, match="GaussianNB has no transform"):
        ReferenceModel(bayes).transform(X)


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


@pytest.mark.parametrize(
    ("asked", "rows"), [(150, 149), (150, 1), (150, 151), (10, 150)]
)
def test_row_count_that_differs(asked, rows):
    stored = np.zeros((rows, 2))  # stored outputs cannot pose as a model
    said = rf"about {asked} rows.*\({rows}, 2\).*old_proba="
    with pytest.raises(ValueError, match=said):
        ReferenceModel(lambda X: stored).transform(np.arange(float(asked)))


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
        ReferenceModel(bayes, classes=classes)


@pytest.mark.parametrize("model", [bayes, [bayes]], ids=["model", "ensemble"])
def test_columns_are_counted(model):
    for rows in (X[:, :3], X[:, :3].tolist(), pd.DataFrame(X[:, :3])):
        with pytest.raises(ValueError, match=r"X has 3 .*fitted on 4.*old_proba="):
            ReferenceModel(model).predict(rows)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (list("abcx"), "missing 'd' and unknown 'x'"),
        (list("abdc"), "another order"),
        (list("abc"), r"The 3 column names.*the 4 .*missing 'd'"),
    ],
)
def test_columns_are_compared_by_name(columns, said):
    frame = pd.DataFrame(X, columns=list("abcd"))
    handle = ReferenceModel(GaussianNB().fit(frame, y))
    with pytest.raises(ValueError, match=f"{said}.*PCClassifier\\(pipeline\\)"):
        handle.check_input(pd.DataFrame(X[:, : len(columns)], columns=columns))
    handle.check_input(frame)


def test_lightgbm_keeps_names_of_columns_without_their_spaces():
    lightgbm = pytest.importorskip("lightgbm")
    frame = pd.DataFrame(X, columns=["a b", "c d", "e", "f g h"])
    model = lightgbm.LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1)
    handle = ReferenceModel(model.fit(frame, y))
    np.testing.assert_array_equal(handle.predict(frame), model.predict(frame))
    handle.check_input(frame)
    assert not warn_of_unlike_columns(handle, frame)
    with pytest.warns(OldModelMismatchWarning, match="column 'a_b' is from"):
        warn_of_unlike_columns(handle, frame * 1000)
    with pytest.raises(ValueError, match="missing 'a_b' and unknown 'x y'"):
        handle.check_input(frame.rename(columns={"a b": "x y"}))


def test_models_that_do_not_say_their_columns_are_not_checked():
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


class TextEncoder(nn.Linear):
    """As models of sentences are: a module, with a method that takes texts."""

    def encode(self, texts):
        return np.array([[len(text), text.count("a")] for text in texts], float)


def test_a_module_does_not_take_texts_but_its_method_may():
    texts, model = ["a cat", "a dog!"], TextEncoder(2, 2)
    found = ReferenceModel(model.encode).transform(texts)
    np.testing.assert_array_equal(found, [[5, 2], [6, 1]])
    with pytest.raises(TypeError, match=r"rows hold <U6: pass model\.encode"):
        ReferenceModel(model).transform(texts)
    with pytest.raises(TypeError, match="pass a function that makes numbers"):
        ReferenceModel(nn.Linear(2, 2)).transform(texts)
