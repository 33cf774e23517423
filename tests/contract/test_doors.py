"""Every way an old model can reach the fit, in every host.

The law of this file: whichever door the old model comes through, and whatever runs
the fit, the new model is bit by bit the one that a plain fit on the same rows makes
with that old model, and not the one without any.
"""

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    StratifiedKFold,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_graceful import OldModelMismatchWarning, PCClassifier, ReferenceModel
from sklearn_graceful.congruence import Focal
from sklearn_graceful.nn import mlp_net

OLD_MODELS = {
    "linear": LogisticRegression(C=0.1),
    "forest": RandomForestClassifier(10, max_depth=1, random_state=0),
    "pipeline": make_pipeline(StandardScaler(), LogisticRegression(C=0.1)),
}
WRAPPINGS = {
    "bare": lambda model: model,
    "frozen": FrozenEstimator,
    "handle": ReferenceModel,
}
LEARNERS = {
    "trees": HistGradientBoostingClassifier(max_iter=3),
    "net": mlp_net((8,), max_epochs=2, lr=0.01),
}
# At a fixed strength the old model is asked about training rows only, so that stored
# answers teach the same.
METHOD = Focal(lam=0.5)
GRID = {"method": [METHOD]}
FOLDS = StratifiedKFold(2)


@pytest.fixture(scope="module")
def scaled(wine):
    X, y = wine
    return StandardScaler().fit_transform(X), np.array(["a", "b", "c"])[y]


@pytest.fixture(scope="module")
def old_models(scaled):
    X, y = scaled
    return {kind: model.fit(X[::6], y[::6]) for kind, model in OLD_MODELS.items()}


def new(learner, **params):
    return PCClassifier(LEARNERS[learner], method=METHOD, random_state=0, **params)


@pytest.fixture(scope="module")
def expected(scaled, old_models):
    """What a plain fit on some rows makes, by learner and old model; made once."""
    X, y = scaled
    made = {}

    def proba(learner, kind, rows):
        key = learner, kind, rows.tobytes()
        if key not in made:
            old = None if kind is None else ReferenceModel(old_models[kind])
            model = new(learner).fit(X[rows], y[rows], old_model=old)
            made[key] = model.predict_proba(X)
        return made[key]

    return proba


# Hosts: each takes the estimator and what it shall hand on to fit. It yields fitted
# estimators, or a figure of one that a search did not keep, with their training rows.


def plain_fit(model, X, y, params):
    yield model.fit(X, y, **params), np.arange(len(X))


def cloned(model, X, y, params):
    yield clone(clone(model)).fit(X, y, **params), np.arange(len(X))


def inside_pipeline(model, X, y, params):
    # Without a scaler: here the old model gets what the step before makes.
    pipeline = make_pipeline(FunctionTransformer(), model)
    yield pipeline.fit(X, y, **for_step(params))[-1], np.arange(len(X))


def outside_pipeline(model, X, y, params):
    pipeline = make_pipeline(FunctionTransformer(), model.estimator)
    yield model.set_params(estimator=pipeline).fit(X, y, **params), np.arange(len(X))


def in_cross_validate(model, X, y, params):
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
    yield from zip(fits["estimator"], fits["indices"]["train"], strict=True)


def in_grid_search(model, X, y, params):
    search = GridSearchCV(model, GRID, cv=FOLDS, scoring=figure_of, error_score="raise")
    yield search.fit(X, y, **params).best_estimator_, np.arange(len(X))
    yield from figures_of_folds(search, X, y)


def in_grid_search_of_pipeline(model, X, y, params):
    pipeline = make_pipeline(FunctionTransformer(), model)
    grid = {"pcclassifier__method": [METHOD]}
    search = GridSearchCV(
        pipeline, grid, cv=FOLDS, scoring=figure_of, error_score="raise"
    )
    search.fit(X, y, **for_step(params))
    yield search.best_estimator_[-1], np.arange(len(X))
    yield from figures_of_folds(search, X, y)


def in_halving_search(model, X, y, params):
    search = HalvingGridSearchCV(
        model, GRID, cv=FOLDS, min_resources=120, error_score="raise", random_state=0
    )
    yield search.fit(X, y, **params).best_estimator_, np.arange(len(X))


def in_two_processes(model, X, y, params):
    search = GridSearchCV(
        model, GRID, cv=FOLDS, scoring=figure_of, n_jobs=2, error_score="raise"
    )
    yield search.fit(X, y, **params).best_estimator_, np.arange(len(X))
    yield from figures_of_folds(search, X, y)


def figure_of(fitted, X, y):
    return fitted.predict_proba(X)[:, 0].mean()


def figures_of_folds(search, X, y):
    for fold, (train, _) in enumerate(FOLDS.split(X, y)):
        yield search.cv_results_[f"split{fold}_test_score"][0], train


def for_step(params):
    """Names for a step of a Pipeline, which metadata routing makes superfluous."""
    if sklearn.get_config()["enable_metadata_routing"]:
        return params
    return {f"pcclassifier__{name}": value for name, value in params.items()}


PLAIN_HOSTS = [plain_fit, cloned, inside_pipeline, outside_pipeline]
SEARCHES = [
    in_cross_validate,
    in_grid_search,
    in_grid_search_of_pipeline,
    in_halving_search,
    in_two_processes,
]

routing = pytest.mark.parametrize("routing", [False, True], ids=["", "routing"])
learners = pytest.mark.parametrize("learner", LEARNERS)
kinds = pytest.mark.parametrize("kind", OLD_MODELS)
wrappings = pytest.mark.parametrize("wrapping", WRAPPINGS)
hosts = pytest.mark.parametrize(
    "host", PLAIN_HOSTS + SEARCHES, ids=lambda host: host.__name__
)


def check(host, model, scaled, params, *, expected, learner, kind, routing, handle):
    X, y = scaled
    with sklearn.config_context(enable_metadata_routing=routing):
        fits = list(host(model, X, y, params))
    for fitted, rows in fits:
        same, plain = expected(learner, kind, rows), expected(learner, None, rows)
        if isinstance(fitted, float):
            others = np.setdiff1d(np.arange(len(X)), rows)
            assert fitted == pytest.approx(same[others, 0].mean(), rel=1e-6)
            assert fitted != pytest.approx(plain[others, 0].mean(), rel=1e-4)
            continue
        proba = fitted.predict_proba(X)
        np.testing.assert_array_equal(proba, same)
        assert not np.allclose(proba, plain)
        assert isinstance(fitted.reference_, ReferenceModel) == handle


@routing
@hosts
@learners
@wrappings
@kinds
def test_constructor(
    kind, wrapping, learner, host, routing, scaled, old_models, expected
):
    old = WRAPPINGS[wrapping](old_models[kind])
    check(
        host,
        new(learner, old_model=old),
        scaled,
        {},
        expected=expected,
        learner=learner,
        kind=kind,
        routing=routing,
        handle=True,
    )


@routing
@hosts
@learners
@wrappings
@kinds
def test_fit_argument(
    kind, wrapping, learner, host, routing, scaled, old_models, expected
):
    old = WRAPPINGS[wrapping](old_models[kind])
    if host in SEARCHES and hasattr(old, "__len__"):
        # A forest and a Pipeline have a length, frozen ones too. So scikit-learn
        # takes them for row-aligned data, looks for their rows and finds `fit`.
        with (
            sklearn.config_context(enable_metadata_routing=routing),
            pytest.raises(TypeError, match="Expected sequence or array-like"),
        ):
            list(host(new(learner), *scaled, {"old_model": old}))
        return
    check(
        host,
        new(learner),
        scaled,
        {"old_model": old},
        expected=expected,
        learner=learner,
        kind=kind,
        routing=routing,
        handle=True,
    )


@routing
@hosts
@learners
@kinds
def test_stored_outputs(kind, learner, host, routing, scaled, old_models, expected):
    check(
        host,
        new(learner),
        scaled,
        {"old_proba": old_models[kind].predict_proba(scaled[0])},
        expected=expected,
        learner=learner,
        kind=kind,
        routing=routing,
        handle=False,
    )


@routing
@pytest.mark.parametrize("host", SEARCHES, ids=lambda host: host.__name__)
def test_out_of_fold_answers(host, routing, scaled, old_models):
    """A word, which has a length too, reaches every fold whole."""
    X, y = scaled
    model = new("trees", old_model=old_models["linear"])

    def expected(learner, kind, rows):
        """A fit with the word, and one that asks the old model itself."""
        params = {} if kind is None else {"old_proba": "out-of-fold"}
        return clone(model).fit(X[rows], y[rows], **params).predict_proba(X)

    check(
        host,
        clone(model),
        scaled,
        {"old_proba": "out-of-fold"},
        expected=expected,
        learner="trees",
        kind="linear",
        routing=routing,
        handle=True,
    )


@wrappings
@kinds
def test_only_models_with_a_length_are_refused_by_searches(kind, wrapping, old_models):
    old = WRAPPINGS[wrapping](old_models[kind])
    has_length = kind in ("forest", "pipeline") and wrapping != "handle"
    assert hasattr(old, "__len__") == has_length


def test_strongest_door_wins(scaled, old_models, expected):
    X, y = scaled
    rows = np.arange(len(X))
    linear, forest = old_models["linear"], old_models["forest"]

    def proba(*, constructor=None, **params):
        model = new("trees", old_model=constructor).fit(X, y, **params)
        return model.predict_proba(X)

    np.testing.assert_array_equal(
        proba(constructor=forest, old_model=linear), expected("trees", "linear", rows)
    )
    np.testing.assert_array_equal(
        proba(
            constructor=forest,
            old_model=forest,
            old_proba=linear.predict_proba(X),
        ),
        expected("trees", "linear", rows),
    )
    assert not np.allclose(
        expected("trees", "linear", rows), expected("trees", "forest", rows)
    )


def test_folds_get_their_own_rows_of_old_proba(scaled, old_models):
    """Outputs of another length than X are passed on whole, and must be refused."""
    X, y = scaled
    proba = old_models["linear"].predict_proba(X)
    with pytest.raises(ValueError, match="old_proba has 177 rows, X has 89"):
        cross_validate(
            new("trees"),
            X,
            y,
            cv=FOLDS,
            params={"old_proba": proba[:-1]},
            error_score="raise",
        )


@routing
def test_critical_rows_are_sliced_with_their_folds(routing, scaled, old_models):
    X, y = scaled
    critical = np.linspace(0, 5, len(y))
    model = new("trees", old_model=old_models["linear"])
    with sklearn.config_context(enable_metadata_routing=routing):
        fits = list(in_cross_validate(model, X, y, {"critical": critical}))
    for fitted, rows in fits:
        alone = clone(model).fit(X[rows], y[rows], critical=critical[rows])
        without = clone(model).fit(X[rows], y[rows])
        proba = fitted.predict_proba(X)
        np.testing.assert_array_equal(proba, alone.predict_proba(X))
        assert not np.allclose(proba, without.predict_proba(X))


# Which X the old model sees


class Recorder:
    """An old model that keeps what it was asked about."""

    def __init__(self, model):
        self.model = model
        self.seen = []

    def __call__(self, X):
        self.seen.append(np.array(X))
        return self.model.predict_proba(X)


@pytest.fixture
def raw_forest(wine):
    X, y = wine
    forest = RandomForestClassifier(20, max_depth=2, random_state=1)
    return forest.fit(X[::6], y[::6])


def test_wrapper_outside_a_pipeline_gives_the_old_model_raw_rows(wine, raw_forest):
    X, y = wine
    recorder = Recorder(raw_forest)
    learner = make_pipeline(StandardScaler(), LEARNERS["trees"])
    old = ReferenceModel(recorder, classes=[0, 1, 2])
    model = PCClassifier(learner, old_model=old, method=METHOD).fit(X, y)
    np.testing.assert_array_equal(np.concatenate(recorder.seen), X)
    # While the learner gets scaled ones.
    np.testing.assert_allclose(model.estimator_[0].mean_, X.mean(axis=0))
    trees = model.estimator_[-1]
    scaled = model.estimator_[0].transform(X)
    np.testing.assert_array_equal(trees.predict(scaled), model.predict(X))


def test_wrapper_inside_a_pipeline_gives_the_old_model_transformed_rows_and_warns(
    wine, raw_forest
):
    X, y = wine
    assert raw_forest.score(X, y) > 0.9
    trap = make_pipeline(
        StandardScaler(), PCClassifier(LEARNERS["trees"], old_model=raw_forest)
    )
    with pytest.warns(OldModelMismatchWarning, match="wrap the Pipeline"):
        trap.fit(X, y)


def test_stored_outputs_are_the_way_inside_a_pipeline(wine, raw_forest):
    X, y = wine
    inside = make_pipeline(StandardScaler(), new("trees"))
    inside.fit(X, y, pcclassifier__old_proba=raw_forest.predict_proba(X))
    outside = new("trees", old_model=raw_forest)
    outside.set_params(estimator=make_pipeline(StandardScaler(), LEARNERS["trees"]))
    outside.fit(X, y)
    np.testing.assert_array_equal(inside.predict_proba(X), outside.predict_proba(X))


def test_selected_columns_are_noticed_at_once(wine, raw_forest):
    X, y = wine
    trap = make_pipeline(
        FunctionTransformer(lambda X: X[:, :5]),
        PCClassifier(LEARNERS["trees"], old_model=raw_forest),
    )
    with pytest.raises(ValueError, match=r"X has 5 features.*fitted on 13.*old_proba="):
        trap.fit(X, y)
