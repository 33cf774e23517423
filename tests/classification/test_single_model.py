"""One model that imitates a controlled mixture, and what is said of it."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklearn_graceful import FlipControlledClassifier, PCClassifier
from sklearn_graceful.congruence import Distill, Match
from sklearn_graceful.metrics import negative_flip_rate
from sklearn_graceful.nn import mlp_net

NET = make_pipeline(StandardScaler(), mlp_net((32,), max_epochs=40, lr=5e-3))
BOOSTING = HistGradientBoostingClassifier(
    max_iter=6, max_leaf_nodes=8, learning_rate=0.3, random_state=0
)
TREE = DecisionTreeClassifier(max_depth=8, random_state=0)
LINEAR = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))


@pytest.fixture(scope="module")
def old(digits):
    X, y = digits
    return GaussianNB(var_smoothing=0.1).fit(X[:200], y[:200])


def controlled(digits, old, estimator, **params):
    X, y = digits
    params = {"max_nfr": 0.01, "old_model": old, "random_state": 0, **params}
    return FlipControlledClassifier(estimator, **params).fit(X[200:1000], y[200:1000])


def to_single(mixture, digits, **params):
    X, y = digits
    params = {
        "X_unused": X[1000:],
        "y_unused": y[1000:],
        "random_state": 0,
        **params,
    }
    return mixture.to_single_model(X[200:1000], y[200:1000], **params)


@pytest.mark.parametrize("route", ["mixing", "arbiter"])
@pytest.mark.parametrize(
    "estimator",
    [
        NET,
        PCClassifier(NET, method="none", random_state=0),
        BOOSTING,
    ],
    ids=["net", "PCClassifier", "boosting"],
)
def test_it_agrees_more_with_the_mixture_than_the_new_model_does(
    digits, old, estimator, route
):
    X, _ = digits
    mixture = controlled(digits, old, estimator, route=route)
    method = Match(flip_cost=0.0, old_share=1.0, n_synthetic=8, label_share=0.0)
    single = to_single(mixture, digits, method=method)
    X_unused = X[1000:]
    y_mixture = mixture.predict(X_unused)
    new = mixture.estimator_.predict(X_unused)
    assert single.imitation_.agreement == np.mean(single.predict(X_unused) == y_mixture)
    assert single.imitation_.agreement > max(0.9, np.mean(new == y_mixture))
    # One model of the kind of the new one, and it does not ask the others.
    learner = single.estimator_
    for model in (mixture, single.reference_):
        assert learner is not getattr(model, "estimator_", None)
    np.testing.assert_allclose(
        single.predict_proba(X_unused), learner.predict_proba(X_unused)
    )


def test_figures_are_those_of_the_unused_rows(digits, old):
    X, y = digits
    X, y = X[1000:], y[1000:]
    mixture = controlled(digits, old, TREE)
    single = to_single(mixture, digits, confidence=0.9)
    found, y_old = single.imitation_, old.predict(X)
    assert found.n_rows == len(y)
    assert found.confidence == 0.9
    assert found.accuracy == single.score(X, y)
    assert found.mixture_accuracy == mixture.score(X, y)
    for model, nfr in ((single, found.nfr), (mixture, found.mixture_nfr)):
        assert nfr == negative_flip_rate(y, model.predict(X), y_old=y_old)
    assert found.agreement == np.mean(single.predict(X) == mixture.predict(X))
    # So few flips would be a chance of 10 % if the rate were at the bound.
    flips = round(found.nfr * len(y))
    assert binom.cdf(flips, len(y), found.nfr_bound) == pytest.approx(0.1)


def test_it_flips_less_than_the_new_model(digits, old):
    X, y = digits
    mixture = controlled(digits, old, PCClassifier(NET, method="none", random_state=0))
    single = to_single(mixture, digits)
    y_old, y_new = old.predict(X[1000:]), mixture.estimator_.predict(X[1000:])
    nfr_new = negative_flip_rate(y[1000:], y_new, y_old=y_old)
    assert single.imitation_.nfr < nfr_new
    assert single.imitation_.accuracy > np.mean(y_old == y[1000:])


def test_a_frozen_model_is_trained_anew(digits, old):
    X, y = digits
    frozen = FrozenEstimator(clone(LINEAR).fit(X[:200], y[:200]))
    mixture = controlled(digits, old, frozen)
    single = to_single(mixture, digits)
    assert single.imitation_.agreement > 0.9
    assert [type(step) for _, step in single.estimator_.steps] == [
        StandardScaler,
        LogisticRegression,
    ]
    assert single.estimator_ is not frozen.estimator


def test_unused_rows_teach_nothing(digits, old):
    X, y = digits
    mixture = controlled(digits, old, TREE)
    both = [
        to_single(mixture, digits, X_unused=X[rows], y_unused=y[rows])
        for rows in (slice(1000, 1200), slice(1200, 1700))
    ]
    np.testing.assert_array_equal(*(model.predict_proba(X) for model in both))


def test_another_learner_and_no_teacher_in_between(digits, old):
    fits = []

    class Counted(LogisticRegression):
        def fit(self, X, y, sample_weight=None):
            fits.append(len(y))
            return super().fit(X, y, sample_weight)

    mixture = controlled(digits, old, TREE)
    learner = make_pipeline(StandardScaler(), Counted(max_iter=300))
    single = to_single(mixture, digits, estimator=learner)
    assert isinstance(single.estimator_[-1], Counted)
    # The rows, and each of eight synthetic ones for each of its likely classes. Before,
    # a few tell whether it weighs rows.
    few, all_rows = fits
    assert few < 800
    assert 800 * 9 <= all_rows < 800 * 17
    to_single(mixture, digits, estimator=learner, method=Match(old_share=0.8))
    assert len(fits) == 5
    assert fits[3] == 800


def test_data_frames(digits, old):
    X, y = digits
    table = pd.DataFrame(X).add_prefix("pixel")
    by_name = make_pipeline(
        make_column_transformer((StandardScaler(), list(table.columns))),
        LogisticRegression(max_iter=300),
    )
    old = make_pipeline(StandardScaler(), GaussianNB(var_smoothing=0.1))
    old.fit(table[:200], y[:200])
    mixture = controlled((table, y), old, by_name)
    single = to_single(mixture, (table, y))
    assert single.imitation_.agreement > 0.9
    assert list(single.feature_names_in_) == list(table.columns)


def test_it_is_the_next_old_model_and_can_be_fitted_again(digits, old):
    X, y = digits
    mixture = controlled(digits, old, TREE)
    single = to_single(mixture, digits)
    copy = clone(single)
    assert not hasattr(copy, "imitation_")
    copy.fit(X[200:1000], y[200:1000])
    np.testing.assert_array_equal(copy.predict(X), single.predict(X))
    # The figures are of the fit that they were measured on.
    single.fit(X[200:600], y[200:600])
    assert not hasattr(single, "imitation_")
    forest = RandomForestClassifier(10, random_state=0).fit(X[:600], y[:600])
    following = FlipControlledClassifier(
        FrozenEstimator(forest), old_model=copy, max_nfr=0.01
    ).fit(X[1000:], y[1000:])
    assert 0 < following.new_share_ <= 1


# What is refused, before anything is trained


class Untrainable(LogisticRegression):
    def fit(self, X, y, sample_weight=None):
        raise AssertionError("trained")


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"method": Distill()}, TypeError, "Match, got Distill"),
        ({"confidence": 1.0}, ValueError, "confidence"),
        ({"y_unused": [1, 2]}, ValueError, "y_unused has 2 rows, X has 797"),
        ({"y_unused": ["a"] * 797}, ValueError, "y_unused"),
        ({"X_unused": np.zeros((797, 3))}, ValueError, "3 features"),
        ({"X_unused": np.zeros((0, 64)), "y_unused": []}, ValueError, "no unused row"),
        ({"estimator": KNeighborsClassifier()}, TypeError, "sample_weight"),
    ],
)
def test_bad_input(digits, old, params, error, message):
    mixture = controlled(digits, old, TREE)
    with pytest.raises(error, match=message):
        to_single(mixture, digits, **{"estimator": Untrainable(), **params})


def test_nothing_to_imitate(digits):
    mixture = controlled(digits, None, TREE)
    with pytest.raises(ValueError, match="nothing to imitate"):
        to_single(mixture, digits)
