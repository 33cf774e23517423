"""Boosters minimise cross-entropy to soft labels by their own loss."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import approx_fprime
from scipy.special import log_softmax
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import train_test_split

from sklearn_graceful.training import SoftLabels
from sklearn_graceful.training._soft_losses._cross_entropy import derivatives
from sklearn_graceful.training._soft_losses._hist_gradient_boosting import _soft_loss
from tests.training.boosters import BOOSTERS, CLASS_COUNTS, booster, rows


def fitted(learner, X, labels, classes=None):
    n_classes = labels.proba.shape[1]
    labels.fit(learner, X, np.arange(n_classes) if classes is None else classes)
    return learner


def hard(y, weight=None):
    """Labels in the form of soft ones."""
    weight = np.ones(len(y)) if weight is None else weight
    return SoftLabels(y, np.eye(y.max() + 1)[y], weight)


def soft(n_classes, n=300):
    X, y, proba = rows(n_classes, n)
    return X, SoftLabels(y, proba, np.random.default_rng(1).uniform(0.5, 2, len(y)))


@pytest.mark.parametrize("n_classes", CLASS_COUNTS)
class TestGradient:
    """It is that of weighted cross-entropy, by finite differences."""

    def setup(self, n_classes):
        _, labels = soft(n_classes, 20)
        n_scores = 1 if n_classes == 2 else n_classes
        raw = np.random.default_rng(2).normal(size=(len(labels.y), n_scores))
        return labels, raw.squeeze()

    def total(self, flat, labels):
        raw = flat.reshape(len(labels.y), -1)
        if raw.shape[1] == 1:
            raw = np.hstack([np.zeros_like(raw), raw])
        losses = -np.sum(labels.proba * log_softmax(raw, axis=1), axis=1)
        return np.sum(labels.weight * losses)

    def test_of_an_objective(self, n_classes):
        labels, raw = self.setup(n_classes)
        gradient, hessian = derivatives(raw, labels)
        expected = approx_fprime(raw.ravel(), self.total, 1e-6, labels)
        np.testing.assert_allclose(gradient.ravel(), expected, atol=1e-4)
        step = 1e-5
        up, down = (derivatives(raw + s, labels)[0] for s in (step, -step))
        if n_classes == 2:  # the others' raw scores move as well
            np.testing.assert_allclose(hessian, (up - down) / (2 * step), atol=1e-5)

    def test_of_the_loss_object(self, n_classes):
        labels, raw = self.setup(n_classes)
        loss = _soft_loss(labels, stops_by_training_loss=True)
        y = labels.y.astype(float)
        gradient, _ = loss.gradient_hessian(y, raw, sample_weight=labels.weight)
        expected = approx_fprime(raw.ravel(), self.total, 1e-6, labels)
        np.testing.assert_allclose(gradient.ravel(), expected, atol=1e-4)
        mean = loss(y, raw, sample_weight=labels.weight)
        total = self.total(raw.ravel(), labels)
        assert mean == pytest.approx(total / labels.weight.sum(), rel=1e-5)

    def test_no_hessian_is_zero(self, n_classes):
        labels, raw = self.setup(n_classes)
        assert derivatives(1e4 * raw, labels)[1].min() > 0


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_classes", CLASS_COUNTS)
@pytest.mark.parametrize("name", BOOSTERS)
def test_labels_as_soft_labels_give_the_plain_fit(name, n_classes, weighted):
    X, y, _ = rows(n_classes)
    X = X.round(1)  # so few values that each has a bin of its own, weighted or not
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y)) if weighted else None
    plain = booster(name).fit(X, y, sample_weight=weight)
    told = fitted(booster(name), X, hard(y, weight))
    # Sums in another order; XGBoost computes in single precision.
    tolerance = {"xgboost": 2e-6, "lightgbm": 1e-7}.get(name, 0)
    np.testing.assert_allclose(
        told.predict_proba(X), plain.predict_proba(X), atol=tolerance
    )


@pytest.mark.parametrize("n_classes", CLASS_COUNTS)
@pytest.mark.parametrize("name", BOOSTERS)
class TestLearnerAfterwards:
    def fit(self, name, n_classes, **params):
        X, labels = soft(n_classes)
        return X, fitted(booster(name, **params), X, labels)

    def test_has_the_parameters_of_the_user(self, name, n_classes):
        before = booster(name).get_params()
        _, learner = self.fit(name, n_classes)
        assert type(learner) is type(booster(name))
        after = learner.get_params()
        if (name, n_classes) == ("catboost", 3):
            pytest.skip("weighted copies: the library's own fit")
        assert str(after) == str(before)  # a missing value is no equal of itself
        assert str(clone(learner).get_params()) == str(before)

    def test_predicts_the_same_from_a_pickle(self, name, n_classes):
        X, learner = self.fit(name, n_classes)
        proba = learner.predict_proba(X)
        np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
        np.testing.assert_array_equal(
            learner.predict(X).ravel(), learner.classes_[proba.argmax(axis=1)]
        )
        again = pickle.loads(pickle.dumps(learner))
        np.testing.assert_array_equal(again.predict_proba(X), proba)
        np.testing.assert_array_equal(again.predict(X), learner.predict(X))

    def test_can_be_fitted_again(self, name, n_classes):
        X, learner = self.fit(name, n_classes)
        if name == "catboost":
            learner = clone(learner)
        _, y, _ = rows(n_classes)
        np.testing.assert_array_equal(
            learner.fit(X, y).predict_proba(X),
            booster(name).fit(X, y).predict_proba(X),
        )

    def test_holds_nothing_of_the_rows(self, name, n_classes):
        sizes = []
        for n in (500, 5000):
            X, labels = soft(n_classes, n)
            simple = {
                "hist": {"max_iter": 2, "max_depth": 2},
                "lightgbm": {"n_estimators": 2, "num_leaves": 3},
                "xgboost": {"n_estimators": 2, "max_depth": 2},
                "catboost": {"iterations": 2, "depth": 2},
            }
            sizes.append(
                len(pickle.dumps(fitted(booster(name, **simple[name]), X, labels)))
            )
        assert sizes[1] < 1.2 * sizes[0] + 2000

    def test_knows_names_of_classes_and_of_columns(self, name, n_classes):
        if name == "xgboost":
            pytest.skip("takes no names of classes")
        X, labels = soft(n_classes)
        table = pd.DataFrame(X, columns=[f"column_{i}" for i in range(X.shape[1])])
        names = np.array(["cat", "dog", "owl"])[:n_classes]
        named = fitted(booster(name), table, labels, names)
        numbered = fitted(booster(name), X, labels)
        np.testing.assert_array_equal(named.classes_, names)
        np.testing.assert_array_equal(
            named.predict(table).ravel(), names[numbered.predict(X).ravel()]
        )


@pytest.mark.parametrize("name", BOOSTERS)
def test_a_class_that_only_real_rows_have(name):
    X, y, proba = rows(3)
    proba[200:, 2] = 0
    proba /= proba.sum(axis=1, keepdims=True)
    y[200:] = proba[200:].argmax(axis=1)
    learner = fitted(booster(name), X, SoftLabels(y, proba, np.ones(len(y)), 200))
    assert learner.predict_proba(X).shape == (300, 3)


@pytest.mark.parametrize("name", BOOSTERS)
def test_a_class_that_no_row_is_labelled_with(name):
    """It has copies all the same."""
    X, y, proba = rows(2)
    wider = np.hstack([proba * 0.9, np.full((len(y), 1), 0.1)])
    learner = fitted(booster(name), X, SoftLabels(y, wider, np.ones(len(y))))
    assert learner.predict_proba(X).shape == (300, 3)


def test_lightgbm_starts_from_zero_where_the_user_says_so():
    X, y, _ = rows(3)
    for more in ({"boost_from_average": False}, {"linear_tree": True}):
        away = more | {"boost_from_average": False}
        np.testing.assert_allclose(
            fitted(booster("lightgbm", **more), X, hard(y)).predict_proba(X),
            booster("lightgbm", **away).fit(X, y).predict_proba(X),
            atol=1e-6,
        )


def test_lightgbm_without_a_split_to_make():
    X, y, proba = rows(2, 30)
    learner = fitted(booster("lightgbm"), X, SoftLabels(y, proba, np.ones(30)))
    assert np.isfinite(learner.predict_proba(X)).all()


def test_xgboost_keeps_the_start_of_the_user():
    X, y, _ = rows(2)
    told = fitted(booster("xgboost", base_score=0.3), X, hard(y))
    plain = booster("xgboost", base_score=0.3).fit(X, y)
    np.testing.assert_allclose(told.predict_proba(X), plain.predict_proba(X), atol=1e-5)
    assert told.base_score == 0.3


@pytest.mark.parametrize("n_classes", CLASS_COUNTS)
class TestEarlyStopping:
    def learner(self, **params):
        params = {
            "early_stopping": True,
            "max_iter": 200,
            "n_iter_no_change": 3,
        } | params
        return HistGradientBoostingClassifier(learning_rate=0.3, **params)

    @pytest.mark.parametrize(
        "params",
        [
            {"random_state": 0},
            {"random_state": 1, "scoring": "accuracy"},
            {"random_state": 0, "validation_fraction": None, "tol": 0.01},
            {"random_state": 0, "validation_fraction": 0.4},
        ],
    )
    def test_stops_where_a_plain_fit_does(self, n_classes, params):
        X, y, _ = rows(n_classes)
        plain = self.learner(**params).fit(X, y)
        told = fitted(self.learner(**params), X, hard(y))
        assert told.n_iter_ == plain.n_iter_ < 200
        np.testing.assert_allclose(told.validation_score_, plain.validation_score_)
        np.testing.assert_array_equal(told.predict_proba(X), plain.predict_proba(X))
        assert told.early_stopping is True

    def test_holds_out_rows_of_the_user_only(self, n_classes, monkeypatch):
        X, y, proba = rows(n_classes)
        seen = {}
        fit = HistGradientBoostingClassifier.fit

        def spy(self, X, y, **params):
            seen.update(params, X=X)
            return fit(self, X, y, **params)

        monkeypatch.setattr(HistGradientBoostingClassifier, "fit", spy)
        weight = np.arange(1.0, len(y) + 1)
        labels = SoftLabels(y, proba, weight, n_real=100)
        fitted(self.learner(random_state=0), X, labels)
        seed = np.random.RandomState(0).randint(np.iinfo(np.uint32).max, dtype="u8")
        kept, held_out = train_test_split(
            np.arange(100), test_size=0.1, stratify=y[:100], random_state=seed
        )
        held_out.sort()
        np.testing.assert_array_equal(seen["X_val"], X[held_out])
        np.testing.assert_array_equal(seen["y_val"], y[held_out])
        np.testing.assert_array_equal(seen["sample_weight_val"], weight[held_out])
        trained = np.concatenate([np.sort(kept), np.arange(100, len(y))])
        np.testing.assert_array_equal(seen["X"], X[trained])

    @pytest.mark.parametrize(("n_real", "stops"), [(10_000, False), (10_001, True)])
    def test_real_rows_decide_by_their_number(self, n_classes, n_real, stops):
        X, y, proba = rows(n_classes, 10_200)
        labels = SoftLabels(y, proba, np.ones(len(y)), n_real)
        auto = self.learner(early_stopping="auto", max_iter=1, random_state=0)
        learner = fitted(auto, X, labels)
        assert learner.do_early_stopping_ == stops
        assert learner.early_stopping == "auto"
