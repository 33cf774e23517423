"""Rows that a model was trained on, found by what they leave in it."""

import numpy as np
import pytest
from sklearn.ensemble import (
    BaggingClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_graceful import FlipControlledClassifier, OldModelMismatchWarning
from sklearn_graceful.reference import knows_rows

rng = np.random.default_rng(0)
X = rng.normal(size=(900, 5))
y = (X.sum(axis=1) + rng.normal(size=900) > 0).astype(int)
learned, new = X[:300], X[300:]
third = np.vstack([X[:100], X[300:500]])

KEEP = {
    "neighbours": KNeighborsClassifier(),
    "in a pipeline": make_pipeline(StandardScaler(), KNeighborsClassifier()),
    "support vectors": make_pipeline(StandardScaler(), SVC()),
    "voting": VotingClassifier([("a", KNeighborsClassifier()), ("b", GaussianNB())]),
    "forest": RandomForestClassifier(20, random_state=0),
    "bagging": BaggingClassifier(random_state=0),
    "boosting": GradientBoostingClassifier(n_estimators=50, random_state=0),
}


@pytest.mark.parametrize("model", KEEP.values(), ids=KEEP)
def test_a_third_of_the_rows_is_noticed(model):
    model = FrozenEstimator(model.fit(learned, y[:300]))
    assert knows_rows(model, third)
    assert not knows_rows(model, new)


def test_all_rows_of_boosting_on_bins_are_noticed():
    model = HistGradientBoostingClassifier(max_iter=3).fit(learned, y[:300])
    assert knows_rows(model, learned)
    assert not knows_rows(model, new)


@pytest.mark.parametrize("model", KEEP.values(), ids=KEEP)
def test_nothing_is_said_of_rows_that_repeat(model):
    model = model.fit(np.sign(learned), y[:300])
    assert not knows_rows(model, np.sign(new))


def test_linear_models_keep_no_trace():
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(learned, y[:300])
    assert not knows_rows(model, learned)


OLD = KNeighborsClassifier().fit(learned, y[:300])
OTHER = GaussianNB().fit(learned, y[:300])


@pytest.mark.parametrize(
    ("estimator", "old", "who"),
    [
        (GaussianNB(), OLD, "old model"),
        (FrozenEstimator(OLD), OTHER, "new model"),
        (VotingClassifier([("a", FrozenEstimator(OLD))], voting="soft"), OTHER, "new"),
    ],
    ids=["old", "frozen", "frozen part"],
)
def test_flip_control_warns_of_calibration_rows_that_a_model_knows(estimator, old, who):
    control = FlipControlledClassifier(
        estimator, old_model=old, max_nfr=0.1, calibration=0.5, random_state=0
    )
    said = rf"{who}.* was trained on some of the calibration rows"
    with pytest.warns(OldModelMismatchWarning, match=said) as caught:
        control.fit(third, np.r_[y[:100], y[300:500]])
    assert len(caught) == 1
    control.fit(new, y[300:])
