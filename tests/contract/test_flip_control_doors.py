"""Every door for an old model into a FlipControlledClassifier, in every host.

The law: whichever door it comes through and whatever runs the fit, mixing and
predictions are those of a plain fit on the same rows with that old model.
"""

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_graceful import FlipControlledClassifier, ReferenceModel
from sklearn_graceful.model_selection import BestUnderBudget, flip_scorer

FOLDS = StratifiedKFold(2)
GRID = {"max_nfr": [0.02, 0.1]}


@pytest.fixture(scope="module")
def data(wine):
    X, y = wine
    rows = np.random.default_rng(0).permutation(len(y))
    X = np.tile(X[rows], (4, 1))  # enough rows to certify 2 % in a fold
    X = X + 0.3 * X.std(axis=0) * np.random.default_rng(1).normal(size=X.shape)
    return X, np.tile(np.array(["a", "b", "c"])[y[rows]], 4)


@pytest.fixture(scope="module")
def old(data):
    X, y = data
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.002)).fit(
        X[:30], y[:30]
    )


def new(**params):
    forest = RandomForestClassifier(5, max_depth=3, random_state=0)
    params = {"max_nfr": 0.02, "calibration": 0.4, "random_state": 0, **params}
    return FlipControlledClassifier(forest, **params)


@pytest.fixture(scope="module")
def expected(data, old):
    X, y = data

    def fit(rows, max_nfr=0.02):
        model = new(old_model=ReferenceModel(old), max_nfr=max_nfr)
        return model.fit(X[rows], y[rows])

    return fit


def check(model, rows, data, expected):
    X, _ = data
    plain = expected(rows, model.max_nfr)
    assert 0 < model.mixing_ < 1
    assert model.mixing_ == plain.mixing_
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))


routing = pytest.mark.parametrize("routing", [False, True], ids=["", "routing"])
wrappings = pytest.mark.parametrize(
    "wrap",
    [lambda model: model, FrozenEstimator, ReferenceModel],
    ids=["bare", "frozen", "handle"],
)


@wrappings
@routing
def test_constructor(wrap, routing, data, old, expected):
    X, y = data
    model = new(old_model=wrap(old))
    with sklearn.config_context(enable_metadata_routing=routing):
        everything = np.arange(len(y))
        check(clone(clone(model)).fit(X, y), everything, data, expected)
        inside = make_pipeline(FunctionTransformer(), model).fit(X, y)
        check(inside[-1], everything, data, expected)
        fits = cross_validate(
            model, X, y, cv=FOLDS, return_estimator=True, return_indices=True
        )
        for fitted, rows in zip(
            fits["estimator"], fits["indices"]["train"], strict=True
        ):
            check(fitted, rows, data, expected)


@routing
def test_fit_arguments(routing, data, old, expected):
    X, y = data
    handle, proba = ReferenceModel(old), old.predict_proba(X)
    with sklearn.config_context(enable_metadata_routing=routing):
        for params in (
            {"old_model": handle},
            {"old_model": handle, "old_proba": proba},
        ):
            check(new().fit(X, y, **params), np.arange(len(y)), data, expected)
            fits = cross_validate(
                new(),
                X,
                y,
                cv=FOLDS,
                params=params,
                return_estimator=True,
                return_indices=True,
                error_score="raise",
            )
            for fitted, rows in zip(
                fits["estimator"], fits["indices"]["train"], strict=True
            ):
                check(fitted, rows, data, expected)
            names = params
            if not routing:
                names = {f"flipcontrolledclassifier__{k}": v for k, v in params.items()}
            inside = make_pipeline(FunctionTransformer(), new()).fit(X, y, **names)
            check(inside[-1], np.arange(len(y)), data, expected)


@routing
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_search_over_the_budget(routing, n_jobs, data, old, expected):
    X, y = data
    with sklearn.config_context(enable_metadata_routing=routing):
        search = GridSearchCV(
            new(old_model=old),
            GRID,
            cv=FOLDS,
            scoring={"accuracy": "accuracy", "neg_nfr": flip_scorer(old)},
            refit=BestUnderBudget(max_nfr=0.05),
            n_jobs=n_jobs,
            error_score="raise",
        )
        search.fit(X, y)
        everything = np.arange(len(y))
        best = expected(everything, search.best_params_["max_nfr"])
        assert search.best_estimator_.mixing_ == best.mixing_
        for fold, (train, test) in enumerate(FOLDS.split(X, y)):
            for place, budget in enumerate(GRID["max_nfr"]):
                accuracy = expected(train, budget).score(X[test], y[test])
                found = search.cv_results_[f"split{fold}_test_accuracy"][place]
                assert found == pytest.approx(accuracy)


def test_critical_and_weights_are_routed(data, old):
    X, y = data
    critical, weight = y == "b", np.linspace(1, 2, len(y))
    params = {"critical": critical, "sample_weight": weight}
    with sklearn.config_context(enable_metadata_routing=True):
        model = new(old_model=old).set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=False)
        fits = cross_validate(
            model,
            X,
            y,
            cv=FOLDS,
            params=params,
            return_estimator=True,
            return_indices=True,
            error_score="raise",
        )
    for fitted, rows in zip(fits["estimator"], fits["indices"]["train"], strict=True):
        plain = new(old_model=ReferenceModel(old))
        plain.fit(X[rows], y[rows], critical=critical[rows], sample_weight=weight[rows])
        assert fitted.mixing_ == plain.mixing_
        np.testing.assert_array_equal(fitted.predict_proba(X), plain.predict_proba(X))


def test_strongest_door_wins(data, old):
    X, y = data
    other = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[::2], y[::2])
    model = new(old_model=other, max_nfr=0.05).fit(X, y, old_model=ReferenceModel(old))
    assert model.reference_.model is old
    # Stored answers go before asking: with those of the other model, its flips count.
    out_of_fold = cross_val_predict(clone(old), X, y, method="predict_proba")
    stored = new(old_model=old, max_nfr=0.05).fit(X, y, old_proba=out_of_fold)
    asked = new(old_model=old, max_nfr=0.05).fit(X, y)
    assert not np.array_equal(stored.flip_times_, asked.flip_times_)
    assert stored.reference_.model is old


def test_wrapper_outside_a_pipeline_gives_the_old_model_raw_rows(data, old):
    X, y = data
    seen = []

    def recorder(rows):
        seen.append(np.array(rows))
        return old.predict_proba(rows)

    handle = ReferenceModel(recorder, classes=["a", "b", "c"])
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    model = FlipControlledClassifier(pipeline, old_model=handle, random_state=0)
    model.fit(X, y).predict(X)
    rows = {row.tobytes() for row in X}
    assert all(row.tobytes() in rows for row in np.concatenate(seen))
    np.testing.assert_allclose(model.estimator_[0].mean_, X.mean(axis=0), rtol=0.1)
