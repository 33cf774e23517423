"""What the new learner has to say is handed on, and checked."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.metrics import get_scorer
from sklearn.model_selection import TunedThresholdClassifierCV, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from sklearn_graceful import (
    FlipControlledClassifier,
    OldModelMismatchWarning,
    PCClassifier,
    ReferenceModel,
)
from sklearn_graceful.congruence import Match
from tests.training.boosters import booster

X, y = load_iris(return_X_y=True)
TWO, IS_TWO = X[50:], y[50:] == 2
OLD = LogisticRegression(C=0.01, max_iter=1000).fit(X[::4], y[::4])
OLD_OF_TWO = LogisticRegression(C=0.01).fit(TWO[::4], IS_TWO[::4])
SCORES = ("decision_function", "predict_proba", "predict_log_proba")


# Handed on


@pytest.mark.parametrize(
    ("learner", "has"),
    [
        (LinearSVC(), [True, False, False]),
        (LogisticRegression(max_iter=1000), [True, True, True]),
        (make_pipeline(StandardScaler(), LinearSVC()), [True, False, False]),
        (GaussianNB(), [False, True, True]),
        (None, [False, True, False]),
    ],
)
def test_it_has_the_methods_of_its_learner(learner, has):
    model = PCClassifier(learner, method="none", random_state=0)
    assert [hasattr(model, method) for method in SCORES] == has
    model.fit(X, y)
    assert [hasattr(model, method) for method in SCORES] == has
    for method, there in zip(SCORES, has, strict=True):
        if there:
            found = getattr(model, method)(X)
            np.testing.assert_array_equal(found, getattr(model.estimator_, method)(X))


@pytest.mark.parametrize(
    ("learner", "has"), [(LinearSVC(), True), (KNeighborsClassifier(), True)]
)
def test_a_mixture_has_probabilities(learner, has):
    mixture = FlipControlledClassifier(learner, old_model=OLD, max_nfr=0.1)
    mixture.set_params(random_state=0).fit(X, y)
    proba = mixture.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    np.testing.assert_allclose(np.exp(mixture.predict_log_proba(X)), proba)
    assert not hasattr(mixture, "decision_function")


class Labels(ClassifierMixin, BaseEstimator):
    """Says labels and nothing else."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def test_without_an_old_model_it_has_what_the_new_one_has():
    plain = FlipControlledClassifier(Labels()).fit(X, y)
    assert not hasattr(plain, "predict_proba")
    assert (plain.predict(X) == 0).all()


@pytest.mark.parametrize("learner", [LinearSVC(), LogisticRegression(), Perceptron()])
def test_it_ranks_rows_as_its_learner_does(learner):
    wrapped = PCClassifier(learner, method="none", random_state=0)
    learner.set_params(random_state=0)
    found, own = (
        cross_val_score(model, TWO, IS_TWO, scoring="roc_auc", cv=2)
        for model in (wrapped, learner)
    )
    np.testing.assert_array_equal(found, own)


def test_margins_can_be_calibrated_and_a_threshold_tuned():
    new = PCClassifier(LinearSVC(), old_model=OLD_OF_TWO, method="naive")
    calibrated = CalibratedClassifierCV(new, cv=2).fit(TWO, IS_TWO)
    assert get_scorer("roc_auc")(calibrated, TWO, IS_TWO) > 0.95
    tuned = TunedThresholdClassifierCV(new, cv=2).fit(TWO, IS_TWO)
    assert tuned.score(TWO, IS_TWO) > 0.9


@pytest.mark.parametrize("route", ["mixing", "arbiter", "cost-ratio"])
def test_margins_are_mixed_as_those_of_the_learner_itself(route):
    def mixture(learner):
        new = FlipControlledClassifier(
            learner, old_model=OLD, max_nfr=0.1, route=route, random_state=0
        )
        return new.fit(X, y)

    wrapped = PCClassifier(LinearSVC(random_state=0), method="none", random_state=0)
    mixed, expected = mixture(wrapped), mixture(LinearSVC(random_state=0))
    assert 0 < mixed.new_share_ == expected.new_share_
    np.testing.assert_array_equal(mixed.predict_proba(X), expected.predict_proba(X))


@pytest.mark.parametrize(
    "learner", [LinearSVC(), SVC(decision_function_shape="ovo"), Perceptron()]
)
@pytest.mark.parametrize("rows", [(X, y), (TWO, IS_TWO)], ids=["three", "two"])
def test_as_an_old_model_it_answers_as_what_it_wraps(learner, rows):
    wrapped = PCClassifier(learner, method="none", random_state=0).fit(*rows)
    by_wrapped, own = (ReferenceModel(model) for model in (wrapped, wrapped.estimator_))
    for method in ("predict", "predict_proba", "logits"):
        found, expected = (getattr(r, method)(rows[0]) for r in (by_wrapped, own))
        np.testing.assert_array_equal(found, expected)


# Checked


class Odd(LogisticRegression):
    """A classifier whose answers a function has passed through."""

    def __init__(self, labels=None, proba=None, max_iter=1000):
        super().__init__(max_iter=max_iter)
        self.labels, self.proba = labels, proba

    def predict(self, X):
        labels = super().predict(X)
        return labels if self.labels is None else self.labels(labels)

    def predict_proba(self, X):
        proba = super().predict_proba(X)
        return proba if self.proba is None else self.proba(proba)


def nan_in_one_row(proba):
    proba[-1, 0] = np.nan
    return proba


FAULTS = [
    (
        {"labels": lambda v: np.stack([v, v], axis=1)},
        r"Odd.predict returned shape \(5,",
    ),
    ({"labels": lambda v: v[:-1]}, r"Odd.predict returned shape \(4,\) for 5 rows"),
    ({"labels": lambda v: v[0]}, r"Odd.predict returned shape \(\) for 5 rows"),
    ({"labels": lambda v: v.astype(str)}, "Odd.predict holds strings, y holds numbers"),
    ({"labels": lambda v: v + 0.5}, "Odd.predict returned .*0.5.* none of the classes"),
    ({"labels": lambda v: v * np.nan}, "Odd.predict returned .*nan.* none of the"),
    ({"labels": lambda v: v + 7}, r"Odd.predict returned .*7.* none .* \[0, 1, 2\]"),
    ({"proba": lambda p: p[:, :2]}, r"Odd.predict_proba returned shape \(5, 2\) .* 3"),
    ({"proba": lambda p: p[:, 0]}, r"Odd.predict_proba returned shape \(5,\)"),
    ({"proba": lambda p: np.hstack([p, p])}, r"predict_proba returned shape \(5, 6\)"),
    ({"proba": nan_in_one_row}, "Odd.predict_proba returned NaN"),
    ({"proba": lambda p: p.astype(str)}, "Odd.predict_proba returned .* no number"),
]


@pytest.mark.parametrize("method", ["none", "naive", "distill", Match(), "focal"])
@pytest.mark.parametrize(("answers", "message"), FAULTS)
def test_answers_that_are_none_fail_the_fit(method, answers, message):
    model = PCClassifier(Odd(**answers), old_model=OLD, method=method, random_state=0)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert not hasattr(model, "estimator_")


@pytest.mark.parametrize(("answers", "message"), FAULTS)
def test_the_same_of_a_controlled_classifier(answers, message):
    old = OLD if "proba" in answers else None
    model = FlipControlledClassifier(Odd(**answers), old_model=old, max_nfr=0.1)
    message = message.replace("5", r"\d+").replace("4", r"\d+")
    with pytest.raises(ValueError, match=message):
        model.fit(X, y).predict(X[:5])


@pytest.mark.parametrize("answers", [lambda v: v[:, None], lambda v: v.astype(float)])
def test_a_column_and_floats_are_labels(answers):
    model = PCClassifier(Odd(answers), old_model=OLD, method="focal", random_state=0)
    labels = model.fit(X, y).predict(X)
    assert labels.shape == y.shape
    assert labels.dtype == y.dtype
    assert model.score(X, y) > 0.9
    plain = FlipControlledClassifier(Odd(answers)).fit(X, y)
    np.testing.assert_array_equal(plain.predict(X), Odd().fit(X, y).predict(X))


@pytest.mark.parametrize("labels", [y, np.array(["a", "b", "c"])[y]])
def test_catboost_answers_in_columns(labels):
    learner = booster("catboost", iterations=3)
    for model in (PCClassifier(learner), FlipControlledClassifier(learner)):
        assert model.fit(X, labels).predict(X).shape == labels.shape
        assert model.score(X, labels) > 0.9


def test_margins_that_are_not_one_a_class():
    four = np.concatenate([y[:-20], np.full(20, 3)])
    learner = SVC(decision_function_shape="ovo")
    new = FlipControlledClassifier(learner, old_model=OLD, max_nfr=0.1)
    with pytest.raises(ValueError, match=r"SVC.decision_function .*, 6\) .* 4 clas"):
        new.fit(X, four)


def test_a_learner_without_classes():
    class Nameless(Labels):
        def fit(self, X, y):
            return self

    with pytest.raises(TypeError, match="Nameless has no classes_"):
        FlipControlledClassifier(Nameless()).fit(X, y)


def test_a_teacher_that_says_nan_is_refused():
    same = np.ones_like(X)  # of which naive Bayes divides by a variance of 0
    model = PCClassifier(GaussianNB(), method=Match(n_synthetic=1), random_state=0)
    with (
        pytest.warns(OldModelMismatchWarning),
        np.errstate(all="ignore"),
        pytest.raises(ValueError, match=r"GaussianNB.predict_proba returned NaN"),
    ):
        model.fit(same, y, old_model=OLD)
