"""Learners that want labels 0, 1, ... get them, whatever the labels of the user."""

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.ensemble import BaggingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_graceful import FlipControlledClassifier, PCClassifier, ReferenceModel
from sklearn_graceful.nn import mlp_net

NAMES = np.array(["cat", "dog", "owl"])


def boosted(**params):
    xgboost = pytest.importorskip("xgboost")
    small = {"n_estimators": 8, "n_jobs": 1, "random_state": 0}
    return xgboost.XGBClassifier(**small | params)


@pytest.fixture(scope="module")
def rows():
    X, y = make_classification(400, 7, n_informative=5, n_classes=3, random_state=0)
    return X, y, LogisticRegression().fit(X[:100], NAMES[y[:100]])


@pytest.fixture(scope="module")
def rare(rows):
    """Class 0 has one row only, and it is not in every fold."""
    X, y, _ = rows
    y = np.where(y == 0, 1, y)
    y[0] = 0
    return X, y, LogisticRegression().fit(X[:100], y[:100])


@pytest.mark.parametrize("method", ["none", "focal", "distill", "naive", "match"])
def test_names_and_indices_lead_to_the_same_model(rows, method):
    X, y, old = rows
    options = {"method": method, "random_state": 0}
    named = PCClassifier(boosted(), old_model=old, **options).fit(X, NAMES[y])
    old = ReferenceModel(lambda X: old_proba(rows, X), classes=[0, 1, 2])
    counted = PCClassifier(boosted(), old_model=old, **options).fit(X, y)
    np.testing.assert_array_equal(named.classes_, NAMES)
    np.testing.assert_array_equal(named.predict(X), NAMES[counted.predict(X)])
    np.testing.assert_array_equal(named.predict_proba(X), counted.predict_proba(X))


def old_proba(rows, X):
    return rows[2].predict_proba(X)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda learner: make_pipeline(StandardScaler(), learner),
        lambda learner: CalibratedClassifierCV(learner, cv=3),
        lambda learner: BaggingClassifier(learner, 3, random_state=0),
    ],
)
@pytest.mark.parametrize("kind", [PCClassifier, FlipControlledClassifier])
def test_inside_another_one(rows, wrap, kind):
    X, y, old = rows
    more = {"max_nfr": 0.1} if kind is FlipControlledClassifier else {}
    model = kind(wrap(boosted()), old_model=old, random_state=0, **more)
    model.fit(X, NAMES[y])
    assert np.mean(model.predict(X) == NAMES[y]) > 0.75


@pytest.mark.parametrize(
    ("labels", "kind"),
    [([3, 7, 9], "boosted"), ([-1.0, 0.0, 1.0], "boosted"), (["a", "b", "c"], "net")],
)
def test_any_labels_under_flip_control(rows, labels, kind):
    X, y, _ = rows
    labels = np.array(labels)[y]
    old = LogisticRegression().fit(X[:100], labels[:100])
    learner = mlp_net((8,), max_epochs=5, lr=0.01) if kind == "net" else boosted()
    model = FlipControlledClassifier(
        learner, old_model=old, max_nfr=0.1, random_state=0
    )
    assert np.mean(model.fit(X, labels).predict(X) == labels) > 0.6


def test_a_class_that_old_model_has_and_rows_have_not(rows):
    X, y, _ = rows
    old, few = boosted().fit(X, y), y != 1
    new = PCClassifier(LogisticRegression(), old_model=old, method="distill")
    new.fit(X[few], y[few], old_proba="out-of-fold")
    assert set(new.predict(X)) == {0, 2}
    assert old.get_params()["objective"] == "multi:softprob"  # it stays as it was


@pytest.mark.parametrize("learner", ["boosted", "linear"])
def test_folds_without_a_class(rare, learner):
    X, y, old = rare
    learner = boosted() if learner == "boosted" else LogisticRegression()
    model = FlipControlledClassifier(
        learner, old_model=old, calibration=3, max_nfr=0.1, random_state=0
    )
    with pytest.warns(UserWarning, match="The least populated class"):
        model.fit(X, y)
    assert model.predict_proba(X).shape == (400, 3)
    np.testing.assert_array_equal(model.estimator_.classes_, [0, 1, 2])


def test_a_fold_of_one_class_is_refused_by_its_number(rare):
    X, y, old = rare
    first = np.flatnonzero(y == 2)
    only = [(np.flatnonzero(y == 1), first), (first, np.flatnonzero(y == 1))]
    model = FlipControlledClassifier(LogisticRegression(), old_model=old)
    model.set_params(calibration=only)
    with pytest.raises(
        ValueError, match=r"fold 1 of 2 .* one class only .*\[1\].* give"
    ):
        model.fit(X, y)


def test_an_error_of_a_fold_names_it_and_the_rarest_class(rare):
    X, y, old = rare
    model = FlipControlledClassifier(
        CalibratedClassifierCV(LogisticRegression(), cv=3),
        old_model=old,
        calibration=3,
        max_nfr=0.1,
        random_state=0,
    )
    y = y.copy()
    y[1:3] = 0
    with pytest.raises(ValueError, match="less than 3 examples") as caught:
        model.fit(X, y)
    (note,) = caught.value.__notes__
    assert "calibration fold 1 of 3, which has 2 rows of class 0 to train on" in note
