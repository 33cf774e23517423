"""Soft labels: what they are, copies of rows, class weights."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.class_weight import compute_sample_weight

from sklearn_graceful import PCClassifier
from sklearn_graceful.congruence import Distill
from sklearn_graceful.training import SoftLabels
from tests.training.boosters import BOOSTERS, CLASS_COUNTS, booster, rows


class Recorder(ClassifierMixin, BaseEstimator):
    """Remembers what it was fitted on."""

    def fit(self, X, y, sample_weight=None):
        self.seen = X, y, sample_weight
        return self


def fitted(learner, X, labels, classes=None):
    n_classes = labels.proba.shape[1]
    labels.fit(learner, X, np.arange(n_classes) if classes is None else classes)
    return learner


class TestOfLosses:
    def test_by_hand(self):
        labels = SoftLabels.of_losses(
            np.array([0, 1, 1]),
            np.array([[0.2, 0.8], [0.5, 0.5], [1.0, 0.0]]),
            np.array([1.0, 2.0, 0.0]),
            np.array([3.0, 0.0, 0.0]),
        )
        np.testing.assert_allclose(labels.proba, [[0.4, 0.6], [0, 1], [0, 1]])
        np.testing.assert_allclose(labels.weight, [4, 2, 0])

    def test_no_label_weight_is_one(self):
        y, proba, b = np.array([0, 1]), np.full((2, 2), 0.5), np.array([1.0, 3.0])
        none = SoftLabels.of_losses(y, proba, None, b)
        ones = SoftLabels.of_losses(y, proba, np.ones(2), b)
        np.testing.assert_array_equal(none.proba, ones.proba)
        np.testing.assert_array_equal(none.weight, ones.weight)

    def test_all_rows_are_real_unless_said_otherwise(self):
        y, proba = np.zeros(3, dtype=int), np.full((3, 2), 0.5)
        assert SoftLabels(y, proba, np.ones(3)).is_real.all()
        made = SoftLabels(y, proba, np.ones(3), n_real=1)
        np.testing.assert_array_equal(made.is_real, [True, False, False])


class TestCopies:
    X = np.arange(4.0)[:, None]
    y = np.array([0, 2, 1, 0])
    proba = np.array(
        [
            [0.6, 0.3995, 0.0005],
            [0.3, 0.01, 0.69],
            [0.39, 0.6, 0.01],
            [1 / 3, 1 / 3, 1 / 3],
        ]
    )
    weight = np.array([1.0, 2.0, 3.0, 0.0])

    def seen(self, X, **params):
        labels = SoftLabels(self.y, self.proba, self.weight, **params)
        return fitted(Recorder(), X, labels, np.array(["a", "b", "c"])).seen

    def test_a_row_is_repeated_for_each_likely_class(self):
        X, y, weight = self.seen(self.X)
        assert X.ravel().tolist() == [0, 0, 1, 1, 1, 2, 2, 2]
        assert "".join(y) == "ab" + "abc" + "abc"
        for row in range(3):
            kept = self.proba[row] * (self.proba[row] >= 1e-3)
            own = weight[X.ravel() == row]
            expected = self.weight[row] * kept[kept > 0] / kept.sum()
            np.testing.assert_allclose(own, expected)

    def test_made_rows_drop_more_and_keep_their_weight(self):
        X, y, weight = self.seen(self.X, n_real=2)
        assert "".join(y[X.ravel() == 1]) == "abc"
        assert "".join(y[X.ravel() == 2]) == "ab"
        assert weight[X.ravel() == 2].sum() == pytest.approx(3)

    def test_a_row_of_many_classes_keeps_the_likeliest(self):
        proba = np.full((1, 100), 0.009)
        proba[0, 7] += 0.1
        proba /= proba.sum()
        labels = SoftLabels(np.array([7]), proba, np.ones(1), n_real=0)
        assert fitted(Recorder(), self.X[:1], labels).seen[1].tolist() == [7]

    @pytest.mark.parametrize("container", [pd.DataFrame, np.ndarray.tolist])
    def test_rows_of_any_container(self, container):
        X, *_ = self.seen(container(self.X))
        assert np.asarray(X).ravel().tolist() == [0, 0, 1, 1, 1, 2, 2, 2]

    @pytest.mark.parametrize(
        ("name", "own"),
        [
            ("hist", {"loss": "log_loss", "max_iter": 2}),
            ("lightgbm", {"boosting_type": "dart"}),
            ("lightgbm", {"objective": "multiclassova"}),
            ("xgboost", {"objective": "multi:softmax"}),
            ("catboost", {"loss_function": "MultiClassOneVsAll"}),
        ],
    )
    def test_a_loss_of_the_user_gets_copies(self, name, own):
        X, _, proba = rows(3)
        if name == "hist":
            from sklearn._loss.loss import HalfMultinomialLoss

            own = {"loss": HalfMultinomialLoss(n_classes=3)}
        copied = np.tile(X, (3, 1)), np.repeat(np.arange(3), len(X))
        y, proba = proba.argmax(axis=1), np.maximum(proba, 0.01)
        proba /= proba.sum(axis=1, keepdims=True)
        labels = SoftLabels(y, proba, np.ones(len(y)))
        soft = fitted(booster(name, **own), X, labels)
        order = np.argsort(np.tile(np.arange(len(X)), 3), kind="stable")
        hard = booster(name, **own).fit(
            copied[0][order],
            copied[1][order],
            sample_weight=proba.T.ravel()[order],
        )
        np.testing.assert_array_equal(soft.predict_proba(X), hard.predict_proba(X))


def balanced(y):
    return compute_sample_weight("balanced", y)


def by_hand(*weights):
    return lambda y: np.array(weights)[y]


def to_the_largest(y, power=1.0):
    counts = np.bincount(y)
    return (counts.max() / counts[y]) ** power


def to_the_second(y):
    """What LightGBM calls unbalanced."""
    counts = np.bincount(y)
    return np.where(y == counts.argmin(), counts.max() / counts.min(), 1.0)


WEIGHING = [
    (LogisticRegression, {"class_weight": "balanced"}, balanced),
    (LogisticRegression, {"class_weight": {0: 1, 1: 9}}, by_hand(1, 9)),
    (RandomForestClassifier, {"class_weight": "balanced_subsample"}, balanced),
    ("hist", {"class_weight": "balanced"}, balanced),
    ("hist", {"class_weight": {0: 1, 1: 9}}, by_hand(1, 9)),
    ("lightgbm", {"class_weight": {0: 1, 1: 9}}, by_hand(1, 9)),
    ("lightgbm", {"is_unbalance": True}, to_the_second),
    ("lightgbm", {"scale_pos_weight": 4.0}, by_hand(1, 4)),
    ("xgboost", {"scale_pos_weight": 4.0}, by_hand(1, 4)),
    ("catboost", {"class_weights": [2, 3]}, by_hand(2, 3)),
    ("catboost", {"class_weights": {0: 2, 1: 3}}, by_hand(2, 3)),
    ("catboost", {"scale_pos_weight": 4.0}, by_hand(1, 4)),
    ("catboost", {"auto_class_weights": "Balanced"}, to_the_largest),
    (
        "catboost",
        {"auto_class_weights": "SqrtBalanced"},
        lambda y: to_the_largest(y, 0.5),
    ),
]


@pytest.mark.parametrize(("kind", "params", "as_weights"), WEIGHING)
class TestClassWeights:
    def make(self, kind, **params):
        if isinstance(kind, str):
            return booster(kind, **params)
        if kind is RandomForestClassifier:
            params |= {"n_estimators": 5, "random_state": 0}
        return kind(**params)

    def test_act_once_on_real_rows_by_their_labels(self, kind, params, as_weights):
        X, y, proba = rows(2)
        n_real = 200
        weight = np.random.default_rng(0).uniform(0.5, 2, len(y))
        labels = SoftLabels(y, proba, weight, n_real)
        learner = fitted(self.make(kind, **params), X, labels)
        by_row = weight.copy()
        by_row[:n_real] *= as_weights(y[:n_real])
        other = fitted(self.make(kind), X, SoftLabels(y, proba, by_row, n_real))
        np.testing.assert_allclose(
            learner.predict_proba(X), other.predict_proba(X), atol=1e-6
        )
        assert {k: learner.get_params()[k] for k in params} == params

    def test_are_those_of_a_plain_fit(self, kind, params, as_weights):
        """What is taken for the meaning of the parameters is their meaning."""
        if kind is RandomForestClassifier:
            pytest.skip("a plain fit draws samples of rows, and weighs each sample")
        # Where a library starts, and its bins, follow from row weights only.
        alike = {
            "lightgbm": {"boost_from_average": False},
            "xgboost": {"base_score": 0.5, "tree_method": "exact"},
        }.get(kind, {})
        X, y, _ = rows(2)
        plain = self.make(kind, **params, **alike).fit(X, y)
        by_row = self.make(kind, **alike).fit(X, y, sample_weight=as_weights(y))
        np.testing.assert_allclose(
            plain.predict_proba(X), by_row.predict_proba(X), atol=1e-5
        )


@pytest.mark.parametrize("n_classes", CLASS_COUNTS)
@pytest.mark.parametrize("name", BOOSTERS)
def test_methods_train_by_them(name, n_classes):
    X, y, _ = rows(n_classes)
    old = LogisticRegression().fit(X[:60], y[:60])
    new = PCClassifier(booster(name), old_model=old, method=Distill(0.9))
    agrees = np.mean(new.fit(X, y).predict(X).ravel() == old.predict(X))
    plain = booster(name).fit(X, y)
    assert agrees > np.mean(plain.predict(X).ravel() == old.predict(X))


def test_class_weights_count_as_row_weights_in_a_method():
    X, y, _ = rows(2)
    old = LogisticRegression().fit(X[:60], y[:60])

    def proba(learner, **params):
        new = PCClassifier(learner, old_model=old, method="distill", random_state=0)
        return new.fit(X, y, **params).predict_proba(X)

    for kind in (LogisticRegression, HistGradientBoostingClassifier):
        np.testing.assert_allclose(
            proba(kind(class_weight={0: 1, 1: 9})),
            proba(kind(), sample_weight=np.where(y == 1, 9.0, 1.0)),
            atol=1e-6,
        )


class Vote(ClassifierMixin, BaseEstimator):
    """Trains all of its learners on weighted rows."""

    def __init__(self, first_estimator, second_estimator):
        self.first_estimator = first_estimator
        self.second_estimator = second_estimator

    def fit(self, X, y, sample_weight=None):
        both = self.first_estimator, self.second_estimator
        self.fitted_ = [clone(e).fit(X, y, sample_weight) for e in both]
        self.classes_ = self.fitted_[0].classes_
        return self

    def predict_proba(self, X):
        return np.mean([e.predict_proba(X) for e in self.fitted_], axis=0)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def bag(learner):
    return BaggingClassifier(learner, 3, random_state=0)


def tree(**params):
    return DecisionTreeClassifier(max_depth=2, random_state=0, **params)


def linear(**params):
    return LogisticRegression(**params)


class TestClassWeightsInside:
    def proba(self, learner, as_weights=None):
        X, y, soft = rows(2)
        weight = np.ones(len(y))
        if as_weights is not None:
            weight[:200] = as_weights(y[:200])
        before = repr(sorted(learner.get_params().items()))
        proba = fitted(learner, X, SoftLabels(y, soft, weight, 200)).predict_proba(X)
        assert repr(sorted(learner.get_params().items())) == before
        return proba

    @pytest.mark.parametrize(
        ("make", "params", "as_weights"),
        [
            (lambda **p: bag(linear(**p)), {"class_weight": "balanced"}, balanced),
            (lambda **p: bag(bag(linear(**p))), {"class_weight": "balanced"}, balanced),
            (
                lambda **p: AdaBoostClassifier(
                    tree(**p), n_estimators=3, random_state=0
                ),
                {"class_weight": {0: 1, 1: 9}},
                by_hand(1, 9),
            ),
            (
                lambda **p: Vote(linear(**p), tree(**p)),
                {"class_weight": {0: 1, 1: 9}},
                by_hand(1, 9),
            ),
            (
                lambda **p: bag(booster("lightgbm", **p)),
                {"scale_pos_weight": 4.0},
                by_hand(1, 4),
            ),
            (
                lambda **p: bag(booster("catboost", **p)),
                {"auto_class_weights": "Balanced"},
                to_the_largest,
            ),
            (
                lambda **p: bag(booster("catboost", **p)),
                {"class_weights": (2, 3)},
                by_hand(2, 3),
            ),
        ],
    )
    def test_act_once(self, make, params, as_weights):
        np.testing.assert_allclose(
            self.proba(make(**params)), self.proba(make(), as_weights), atol=1e-6
        )

    def test_stay_where_a_calibration_takes_them_back(self):
        heavy = linear(class_weight={0: 1, 1: 50})
        kept = self.proba(CalibratedClassifierCV(heavy, cv=3))
        without = self.proba(CalibratedClassifierCV(linear(), cv=3))
        np.testing.assert_allclose(kept.mean(axis=0), without.mean(axis=0), atol=0.02)

    def test_stay_where_a_learner_only_starts_from_one(self):
        start = linear(class_weight={0: 1, 1: 50})
        boosted = GradientBoostingClassifier(init=start, random_state=0)
        without = GradientBoostingClassifier(init=linear(), random_state=0)
        kept, plain = self.proba(boosted), self.proba(without)
        np.testing.assert_allclose(kept.mean(axis=0), plain.mean(axis=0), atol=0.05)

    def test_that_differ_are_refused_before_training(self):
        X, y, _ = rows(2)
        old = LogisticRegression().fit(X[:60], y[:60])
        vote = Vote(linear(class_weight="balanced"), tree())
        new = PCClassifier(vote, old_model=old, method="distill")
        with pytest.raises(ValueError, match="inside Vote weigh classes differently"):
            new.fit(X, y)
        assert PCClassifier(vote, old_model=old, method="naive").fit(X, y).classes_.size
