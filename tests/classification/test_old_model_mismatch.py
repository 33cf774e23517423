"""Old models that answer, but nothing of use: when a PCClassifier warns of one."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_graceful import OldModelMismatchWarning, PCClassifier, ReferenceModel

LEARNER = make_pipeline(StandardScaler(), LogisticRegression())


@pytest.mark.parametrize(
    ("share", "said"),
    [
        # The most frequent class is 1, in 71 of 178 rows.
        (r"39\.9", lambda y: {"old_model": lambda rows: np.ones(len(rows), dtype=int)}),
        (r"0\.0", lambda y: {"old_proba": np.roll(np.eye(3)[y], 1, axis=1)}),
        (r"0\.0", lambda y: {"old_proba": (y + 1) % 3}),
    ],
    ids=["model", "probabilities", "labels"],
)
def test_warning_when_the_old_model_is_no_better_than_guessing(wine, share, said):
    X, y = wine
    message = rf"{share}% .*frequent class \(39\.9%"
    with pytest.warns(OldModelMismatchWarning, match=message) as caught:
        PCClassifier(LEARNER).fit(X, y, **said(y))
    # It points at the user's own line.
    assert caught[0].filename == __file__


def test_one_row_better_than_guessing_does_not_warn(wine):
    X, y = wine
    labels = np.ones(len(y), dtype=int)
    labels[np.flatnonzero(y == 0)[0]] = 0
    PCClassifier(LEARNER).fit(X, y, old_proba=labels)


def test_balanced_class_weights_are_no_wrong_input():
    X, y = make_classification(
        1000, weights=[0.93], flip_y=0, class_sep=0.5, random_state=0
    )
    old = LogisticRegression(class_weight="balanced").fit(X[:500], y[:500])
    assert old.score(X, y) < 1 - y.mean()
    PCClassifier(LEARNER, old_model=old, method="naive").fit(X, y)
    with pytest.warns(OldModelMismatchWarning, match="always guessing"):
        PCClassifier(LEARNER, method="naive").fit(X, y, old_proba=old.predict(-X))


def test_classes_new_to_the_old_model_are_not_held_against_it(wine, old_model):
    X, y = wine
    known = y < 2
    old = clone(old_model).fit(X[known], y[known])
    # It cannot be right on a row of class 2, which are 75 % of these.
    rows = np.concatenate([np.flatnonzero(known)[::8], np.flatnonzero(y == 2)])
    assert old.score(X[rows], y[rows]) < (y[rows] == 2).mean()
    PCClassifier(LEARNER, old_model=old).fit(X[rows], y[rows])


@pytest.mark.parametrize(
    "make",
    [
        lambda forest: forest,
        ReferenceModel,
        lambda forest: make_pipeline(StandardScaler(), forest),
    ],
    ids=["bare", "handle", "in a pipeline"],
)
def test_warning_when_a_forest_knows_its_training_rows_by_heart(wine, make):
    X, y = wine
    forest = make(RandomForestClassifier(20, random_state=0))
    getattr(forest, "model", forest).fit(X, y)
    with pytest.warns(OldModelMismatchWarning, match=r"100.0% .*by heart.*old_proba"):
        PCClassifier(LEARNER, old_model=forest).fit(X, y)
    # What the warning says to do.
    proba = cross_val_predict(
        clone(getattr(forest, "model", forest)), X, y, method="predict_proba"
    )
    PCClassifier(LEARNER).fit(X, y, old_proba=proba)


def test_a_linear_model_that_is_always_right_has_memorised_nothing(wine, old_model):
    X, y = wine
    old = clone(old_model).set_params(logisticregression__C=100).fit(X, y)
    assert old.score(X, y) == 1
    PCClassifier(LEARNER, old_model=old).fit(X, y)


def test_no_warning_where_the_old_models_outputs_are_not_used(wine):
    X, y = wine
    forest = RandomForestClassifier(20, random_state=0).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        PCClassifier(LEARNER, old_model=forest, method="none").fit(X, y)
    with pytest.raises(NotFittedError, match="is not fitted"):
        PCClassifier(LEARNER, old_model=clone(forest), method="none").fit(X, y)
