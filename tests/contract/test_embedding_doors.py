"""Every way an old embedder can reach the fit, in every host.

The law of this file: whichever door the old model comes through, and whatever runs
the fit, the new embedder is bit by bit the one that a plain fit on the same rows makes
with that old model, and not the one without any. (Where the old model is a network,
the last bit of a vector depends on how many rows it is asked about at once.)
"""

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    StratifiedKFold,
    cross_validate,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_graceful import (
    CompatibleEmbedder,
    OldModelMismatchWarning,
    ReferenceModel,
)
from sklearn_graceful.compatibility import Focal
from sklearn_graceful.nn import embedding_net

# Far enough from the old vectors that the methods in a grid differ.
METHOD = Focal(nu=2.0)
FOLDS = StratifiedKFold(2)
LEARNERS = {"net": embedding_net((8,), max_epochs=2, lr=0.01), "ridge": Ridge()}
WRAPPINGS = {
    "bare": lambda model: model,
    "frozen": FrozenEstimator,
    "handle": ReferenceModel,
}


@pytest.fixture(scope="module")
def scaled(wine):
    X, y = wine
    return StandardScaler().fit_transform(X), np.array(["a", "b", "c"])[y]


@pytest.fixture(scope="module")
def old_models(scaled):
    X, y = scaled
    return {
        "pca": PCA(4).fit(X),
        "pipeline": make_pipeline(StandardScaler(), PCA(3)).fit(X),
        "embedder": CompatibleEmbedder(
            embedding_net((8,), max_epochs=5), embedding_dim=5, random_state=0
        ).fit(X[::3], y[::3]),
    }


def new(learner, **params):
    return CompatibleEmbedder(
        LEARNERS[learner], method=METHOD, random_state=0, **params
    )


@pytest.fixture(scope="module")
def expected(scaled, old_models):
    """What a plain fit on some rows makes, by learner and old model; made once."""
    X, y = scaled
    made = {}

    def vectors(learner, kind, rows):
        key = learner, kind, rows.tobytes()
        if key not in made:
            old = None if kind is None else ReferenceModel(old_models[kind])
            model = new(learner).fit(X[rows], y[rows], old_model=old)
            made[key] = model.transform(X)
        return made[key]

    return vectors


# Hosts: each takes the embedder and what it shall hand on to fit. It yields fitted
# embedders, or a figure of one that a search did not keep, with their training rows.


def plain_fit(model, X, y, params):
    yield model.fit(X, y, **params), np.arange(len(X))


def fit_transform(model, X, y, params):
    vectors = model.fit_transform(X, y, **params)
    np.testing.assert_array_equal(vectors, model.transform(X))
    yield model, np.arange(len(X))


def cloned(model, X, y, params):
    yield clone(clone(model)).fit(X, y, **params), np.arange(len(X))


def before_neighbours(model, X, y, params):
    pipeline = make_pipeline(FunctionTransformer(), model, KNeighborsClassifier(3))
    pipeline.fit(X, y, **for_step(params))
    # The last step learned the embedder's vectors.
    own = KNeighborsClassifier(3).fit(pipeline[-2].transform(X), y)
    np.testing.assert_array_equal(
        pipeline.predict(X), own.predict(pipeline[-2].transform(X))
    )
    yield pipeline[-2], np.arange(len(X))


def outside_pipeline(model, X, y, params):
    pipeline = make_pipeline(FunctionTransformer(), model.estimator)
    yield model.set_params(estimator=pipeline).fit(X, y, **params), np.arange(len(X))


def in_cross_validate(model, X, y, params):
    fits = cross_validate(
        make_pipeline(model, KNeighborsClassifier(3)),
        X,
        y,
        cv=FOLDS,
        params=for_step(params),
        return_estimator=True,
        return_indices=True,
        error_score="raise",
    )
    assert (fits["test_score"] > 0.6).all()
    for pipeline, rows in zip(fits["estimator"], fits["indices"]["train"], strict=True):
        yield pipeline[0], rows


def in_grid_search(model, X, y, params):
    search = GridSearchCV(
        model, {"method": [METHOD]}, cv=FOLDS, scoring=figure_of, error_score="raise"
    )
    yield search.fit(X, y, **params).best_estimator_, np.arange(len(X))
    yield from figures_of_folds(search, X, y)


def in_grid_search_of_pipeline(model, X, y, params):
    pipeline = make_pipeline(model, KNeighborsClassifier(3))
    grid = {"compatibleembedder__method": [METHOD]}
    search = GridSearchCV(pipeline, grid, cv=FOLDS, error_score="raise")
    search.fit(X, y, **for_step(params))
    assert search.best_score_ > 0.6
    yield search.best_estimator_[0], np.arange(len(X))


def in_halving_search(model, X, y, params):
    search = HalvingGridSearchCV(
        make_pipeline(model, KNeighborsClassifier(3)),
        {"compatibleembedder__method": [METHOD]},
        cv=FOLDS,
        min_resources=120,
        error_score="raise",
        random_state=0,
    )
    search.fit(X, y, **for_step(params))
    yield search.best_estimator_[0], np.arange(len(X))


def in_two_processes(model, X, y, params):
    search = GridSearchCV(
        model,
        {"method": [METHOD]},
        cv=FOLDS,
        scoring=figure_of,
        n_jobs=2,
        error_score="raise",
    )
    yield search.fit(X, y, **params).best_estimator_, np.arange(len(X))
    yield from figures_of_folds(search, X, y)


def figure_of(fitted, X, y):
    return fitted.transform(X)[:, 0].mean()


def figures_of_folds(search, X, y):
    for fold, (train, _) in enumerate(FOLDS.split(X, y)):
        yield search.cv_results_[f"split{fold}_test_score"][0], train


def for_step(params):
    """Names for a step of a Pipeline, which metadata routing makes superfluous."""
    if sklearn.get_config()["enable_metadata_routing"]:
        return params
    return {f"compatibleembedder__{name}": value for name, value in params.items()}


PLAIN_HOSTS = [plain_fit, fit_transform, cloned, before_neighbours, outside_pipeline]
SEARCHES = [
    in_cross_validate,
    in_grid_search,
    in_grid_search_of_pipeline,
    in_halving_search,
    in_two_processes,
]

routing = pytest.mark.parametrize("routing", [False, True], ids=["", "routing"])
hosts = pytest.mark.parametrize(
    "host", PLAIN_HOSTS + SEARCHES, ids=lambda host: host.__name__
)
learners = pytest.mark.parametrize("learner", LEARNERS)
wrapped_kinds = pytest.mark.parametrize(
    ("kind", "wrapping"),
    [
        ("pca", "bare"),
        ("pipeline", "bare"),
        ("pipeline", "frozen"),
        ("pipeline", "handle"),
        ("embedder", "bare"),
    ],
)


def check(host, model, scaled, params, *, expected, learner, kind, routing, handle):
    X, y = scaled
    with sklearn.config_context(enable_metadata_routing=routing):
        fits = list(host(model, X, y, params))
    for fitted, rows in fits:
        same, plain = expected(learner, kind, rows), expected(learner, None, rows)
        if isinstance(fitted, float):
            others = np.setdiff1d(np.arange(len(X)), rows)
            assert fitted == pytest.approx(same[others, 0].mean(), rel=1e-5)
            assert fitted != pytest.approx(plain[others, 0].mean(), rel=1e-3)
            continue
        vectors = fitted.transform(X)
        atol = 1e-5 if kind == "embedder" else 0
        np.testing.assert_allclose(vectors, same, rtol=0, atol=atol)
        assert vectors.shape != plain.shape or not np.allclose(vectors, plain)
        assert isinstance(fitted.reference_, ReferenceModel) == handle


@routing
@hosts
@wrapped_kinds
def test_constructor(kind, wrapping, host, routing, scaled, old_models, expected):
    check(
        host,
        new("ridge", old_model=WRAPPINGS[wrapping](old_models[kind])),
        scaled,
        {},
        expected=expected,
        learner="ridge",
        kind=kind,
        routing=routing,
        handle=True,
    )


@routing
@hosts
@wrapped_kinds
def test_fit_argument(kind, wrapping, host, routing, scaled, old_models, expected):
    old = WRAPPINGS[wrapping](old_models[kind])
    if host in SEARCHES and hasattr(old, "__len__"):
        # A Pipeline has a length, so that scikit-learn takes it for row-aligned data.
        assert kind == "pipeline"
        with (
            sklearn.config_context(enable_metadata_routing=routing),
            pytest.raises(TypeError, match="Expected sequence or array-like"),
        ):
            list(host(new("ridge"), *scaled, {"old_model": old}))
        return
    check(
        host,
        new("ridge"),
        scaled,
        {"old_model": old},
        expected=expected,
        learner="ridge",
        kind=kind,
        routing=routing,
        handle=True,
    )


@routing
@hosts
@learners
def test_stored_vectors(learner, host, routing, scaled, old_models, expected):
    check(
        host,
        new(learner),
        scaled,
        {"old_embeddings": old_models["pca"].transform(scaled[0])},
        expected=expected,
        learner=learner,
        kind="pca",
        routing=routing,
        handle=False,
    )


@hosts
def test_network(host, scaled, old_models, expected):
    check(
        host,
        new("net", old_model=old_models["embedder"]),
        scaled,
        {},
        expected=expected,
        learner="net",
        kind="embedder",
        routing=True,
        handle=True,
    )


def test_strongest_door_wins(scaled, old_models, expected):
    X, y = scaled
    rows = np.arange(len(X))
    pca, other = old_models["pca"], old_models["pipeline"]

    def vectors(*, constructor=None, **params):
        return new("ridge", old_model=constructor).fit(X, y, **params).transform(X)

    by_fit = vectors(constructor=other, old_model=pca)
    by_vectors = vectors(
        constructor=other, old_model=other, old_embeddings=pca.transform(X)
    )
    np.testing.assert_array_equal(by_fit, expected("ridge", "pca", rows))
    np.testing.assert_array_equal(by_vectors, expected("ridge", "pca", rows))
    assert by_fit.shape != expected("ridge", "pipeline", rows).shape


@routing
def test_vectors_of_another_length_are_refused_through_a_search(
    routing, scaled, old_models
):
    """scikit-learn passes them on whole."""
    X, y = scaled
    stored = old_models["pca"].transform(X)[:-1]
    pipeline = make_pipeline(new("ridge"), KNeighborsClassifier(3))
    search = GridSearchCV(
        pipeline,
        {"compatibleembedder__embedding_dim": [4]},
        cv=FOLDS,
        error_score="raise",
    )
    with sklearn.config_context(enable_metadata_routing=routing):
        params = for_step({"old_embeddings": stored})
        with pytest.raises(ValueError, match="old_embeddings has 177 rows, X has 89"):
            search.fit(X, y, **params)
        with pytest.raises(ValueError, match="old_embeddings has 177 rows, X has 89"):
            cross_validate(pipeline, X, y, cv=FOLDS, params=params, error_score="raise")


def test_sample_weight_is_sliced_with_its_folds_on_request(scaled, old_models):
    X, y = scaled
    weight = np.linspace(0.1, 5, len(y))
    model = new("ridge", old_model=old_models["pca"])
    with sklearn.config_context(enable_metadata_routing=True):
        fits = cross_validate(
            clone(model).set_fit_request(sample_weight=True),
            X,
            y,
            cv=FOLDS,
            scoring=figure_of,
            params={"sample_weight": weight},
            return_estimator=True,
            return_indices=True,
        )
    for fitted, rows in zip(fits["estimator"], fits["indices"]["train"], strict=True):
        alone = clone(model).fit(X[rows], y[rows], sample_weight=weight[rows])
        without = clone(model).fit(X[rows], y[rows])
        np.testing.assert_array_equal(fitted.transform(X), alone.transform(X))
        assert not np.allclose(alone.transform(X), without.transform(X), atol=1e-3)


def test_search_over_methods_and_their_parameters(scaled, old_models):
    X, y = scaled
    pipeline = make_pipeline(
        new("ridge", old_model=old_models["pca"]), KNeighborsClassifier(3)
    )
    by_name = {"compatibleembedder__method": ["focal", "l2", "independent"]}
    by_parameter = {"compatibleembedder__method__n_modes": [1, 2]}
    search = GridSearchCV(pipeline, [by_name, by_parameter], cv=FOLDS).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert len(search.cv_results_["params"]) == 5


# Which X the old model sees


class Recorder:
    """An old model that keeps what it was asked about."""

    def __init__(self, model):
        self.model = model
        self.seen = []

    def __call__(self, X):
        self.seen.append(np.array(X))
        return self.model.transform(X)


def test_embedder_outside_a_pipeline_gives_the_old_model_raw_rows(wine):
    X, y = wine
    recorder = Recorder(PCA(4, whiten=True).fit(X))
    model = CompatibleEmbedder(
        make_pipeline(StandardScaler(), Ridge()), old_model=recorder, random_state=0
    ).fit(X, y)
    np.testing.assert_array_equal(np.concatenate(recorder.seen), X)
    # While the learner gets scaled ones.
    np.testing.assert_allclose(model.estimator_[0].mean_, X.mean(axis=0))
    # Inside, stored vectors are the way.
    inside = make_pipeline(
        StandardScaler(), CompatibleEmbedder(Ridge(), random_state=0)
    )
    inside.fit(X, y, compatibleembedder__old_embeddings=recorder.model.transform(X))
    np.testing.assert_array_equal(inside.transform(X), model.transform(X))


def test_embedder_inside_a_pipeline_warns_of_transformed_rows(wine):
    X, y = wine
    # Its vectors tell classes apart by the size of a column, which scaling takes away.
    old = ReferenceModel(lambda rows: np.eye(2)[(rows[:, 12] > 700).astype(int)])
    order = np.argsort(np.arange(178) * 67 % 178)  # neighbours are of other classes
    CompatibleEmbedder(Ridge(), old_model=old, random_state=0).fit(X, y == 0)
    trap = make_pipeline(
        StandardScaler(), CompatibleEmbedder(Ridge(), old_model=old, random_state=0)
    )
    with pytest.warns(OldModelMismatchWarning, match="wrap the whole Pipeline"):
        trap.fit(X[order], (y == 0)[order])


def test_selected_columns_are_noticed_at_once(wine):
    X, y = wine
    trap = make_pipeline(
        FunctionTransformer(lambda X: X[:, :5]),
        CompatibleEmbedder(Ridge(), old_model=PCA(3).fit(X)),
    )
    with pytest.raises(ValueError, match=r"X has 5 features.*fitted on 13.*embeddings"):
        trap.fit(X, y)
