"""Learners that take weights and make no use of them are found out, before training."""

import pandas as pd
import pytest
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_graceful import FlipControlledClassifier, PCClassifier

NO_USE = r"fit takes sample_weight and makes no use of it\. "


class Dropping(LogisticRegression):
    """Takes weights, and drops them."""

    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y)


class Weighing(LogisticRegression):
    """Takes weights, and is no learner of a library that is known to use them."""


class Unwilling(Dropping):
    """Drops weights too, but learns from many rows only."""

    def fit(self, X, y, sample_weight=None):
        if len(X) < 250:
            raise ValueError("too few rows")
        return super().fit(X, y)


def behind_a_scaler(learner):
    return make_pipeline(StandardScaler(), learner)


def calibrated(learner, **params):
    return CalibratedClassifierCV(learner, **params)


DROP_WEIGHTS = {
    "by itself": Dropping(),
    "last step": behind_a_scaler(Dropping()),
    "neighbours": calibrated(behind_a_scaler(KNeighborsClassifier())),
    "linear": calibrated(behind_a_scaler(LogisticRegression()), cv=3),
    "bayes": calibrated(behind_a_scaler(GaussianNB()), method="isotonic", cv=2),
    "trees": calibrated(
        behind_a_scaler(RandomForestClassifier(5, random_state=0)), method="isotonic"
    ),
    "shuffled folds": calibrated(
        behind_a_scaler(KNeighborsClassifier()),
        cv=StratifiedKFold(3, shuffle=True, random_state=0),
    ),
}
USE_WEIGHTS = {
    "by itself": Weighing(),
    "last step": behind_a_scaler(Weighing()),
    "calibrated": calibrated(LogisticRegression(), cv=3),
    "heavy classes": calibrated(LogisticRegression(class_weight={0: 1, 2: 999}), cv=3),
    "margins": calibrated(SVC(), cv=3),
    "drawn by weight": BaggingClassifier(KNeighborsClassifier(), 3, random_state=0),
    "boosted": AdaBoostClassifier(LogisticRegression(), n_estimators=3),
    "learns nothing": calibrated(DummyClassifier(), cv=3),
    "too few rows to tell": Unwilling(),
}


@pytest.fixture(scope="module")
def rows():
    X, y = make_classification(
        400, 8, n_informative=5, n_classes=3, class_sep=1.5, random_state=0
    )
    return X[100:], y[100:], LogisticRegression().fit(X[:100], y[:100])


@pytest.mark.parametrize("name", DROP_WEIGHTS)
def test_dropped_weights_are_refused(rows, name, random_states):
    X, y, old = rows
    before = random_states()
    for method in ("focal", "distill"):
        new = PCClassifier(DROP_WEIGHTS[name], old_model=old, method=method)
        with pytest.raises(TypeError, match=f"{NO_USE}.*method=.none., or FlipC"):
            new.fit(X, y)
    assert random_states() == before
    assert not hasattr(new, "estimator_")


@pytest.mark.parametrize("name", USE_WEIGHTS)
def test_learners_that_use_weights_may_learn(rows, name):
    X, y, old = rows
    new = PCClassifier(USE_WEIGHTS[name], old_model=old, method="distill")
    assert len(new.fit(X, y).predict(X)) == len(y)


@pytest.mark.parametrize(
    "make",
    [
        lambda learner, old: PCClassifier(learner),
        lambda learner, old: PCClassifier(learner, old_model=old, method="none"),
        lambda learner, old: FlipControlledClassifier(learner),
        lambda learner, old: FlipControlledClassifier(
            learner, old_model=old, max_nfr=0.1
        ),
    ],
)
def test_so_are_weights_of_the_user(rows, make):
    X, y, old = rows
    model = make(DROP_WEIGHTS["neighbours"], old)
    with pytest.raises(TypeError, match=f"{NO_USE}Fit without sample_weight"):
        model.fit(X, y, sample_weight=y + 1.0)
    assert model.fit(X, y).score(X, y) > 0.8  # without any it may learn


def test_the_few_rows_are_those_of_the_user_in_their_container(rows):
    X, y, old = rows
    table = pd.DataFrame(X, columns=[f"column_{i}" for i in range(X.shape[1])])
    by_name = make_column_transformer((StandardScaler(), list(table.columns)))
    inside = make_pipeline(by_name, KNeighborsClassifier())
    new = PCClassifier(calibrated(inside), old_model=lambda X: old.predict(X.values))
    with pytest.raises(TypeError, match=NO_USE):
        new.fit(table, y)


@pytest.mark.parametrize("requested", [True, False])
def test_what_routing_hands_on(rows, requested):
    X, y, old = rows
    with sklearn.config_context(enable_metadata_routing=True):
        inside = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=False),
            LogisticRegression().set_fit_request(sample_weight=requested),
        )
        new = PCClassifier(calibrated(inside), old_model=old, method="distill")
        if requested:
            assert new.fit(X, y).score(X, y) > 0.5
        else:
            with pytest.raises(TypeError, match=NO_USE):
                new.fit(X, y)


def test_learners_of_libraries_are_not_asked(rows, monkeypatch):
    X, y, old = rows
    fits, fit = [], LogisticRegression.fit

    def counted(self, X, y, sample_weight=None):
        fits.append(len(X))
        return fit(self, X, y, sample_weight)

    monkeypatch.setattr(LogisticRegression, "fit", counted)
    learner = behind_a_scaler(LogisticRegression())
    PCClassifier(learner, old_model=old, method="distill").fit(X, y)
    assert len(fits) == 1
