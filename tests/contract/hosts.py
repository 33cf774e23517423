"""The estimators that replace an old model, and everything that may run their fit.

An estimator joins the suites of doors and of bad input by one entry in
``REPLACEMENTS``. Hosts take an estimator and what it shall hand on to fit, and yield
fitted estimators, or a figure of one that a search did not keep, with their training
rows.
"""

from dataclasses import dataclass, field
from itertools import product

import numpy as np
import sklearn
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
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
    FlipControlledClassifier,
    PCClassifier,
    ReferenceModel,
    compatibility,
    congruence,
)
from sklearn_graceful.nn import embedding_net, mlp_net

FOLDS = StratifiedKFold(2)
WRAPPINGS = {
    "bare": lambda model: model,
    "frozen": FrozenEstimator,
    "handle": ReferenceModel,
}
OLD_CLASSIFIERS = {
    "linear": LogisticRegression(C=0.1),
    "forest": RandomForestClassifier(10, max_depth=1, random_state=0),
    "pipeline": make_pipeline(StandardScaler(), LogisticRegression(C=0.1)),
}
OLD_EMBEDDERS = {
    "pca": PCA(4),
    "pipeline": make_pipeline(StandardScaler(), PCA(3)),
    "embedder": CompatibleEmbedder(
        embedding_net((8,), max_epochs=5), embedding_dim=5, random_state=0
    ),
}


@dataclass(frozen=True)
class Replacement:
    """What the suites must know of an estimator that takes an old model."""

    kind: type
    learners: dict
    # So that the old model shows in what is learned, by rows of training alone.
    params: dict
    # Learner, old model and its wrapping: all that goes through every door.
    cases: list
    old_models: dict = field(default_factory=lambda: OLD_CLASSIFIERS)
    answers: str = "predict_proba"
    stored: str = "old_proba"
    # Whether stored answers do without the old model itself.
    stored_alone: bool = True
    # How far they may lead from asking: sums depend on how arrays lie in memory.
    rounding: float = 0.0
    # Where this is set, the old model leads to a value strictly between 0 and 1.
    share: str | None = None

    def new(self, learner=None, **params):
        """The estimator with a learner by its name, by default the first."""
        learner = next(iter(self.learners)) if learner is None else learner
        given = {"estimator": self.learners[learner], "random_state": 0}
        return self.kind(**{**given, **self.params, **params})

    def answer(self, model, X):
        return getattr(model, self.answers)(X)

    def old(self, kind, X, y):
        return clone(self.old_models[kind]).fit(X[::6], y[::6])

    @property
    def hosts(self):
        embeds = self.answers == "transform"
        return [host for host in HOSTS if embeds or host is not fit_transform]


REPLACEMENTS = {
    "PCClassifier": Replacement(
        PCClassifier,
        {
            "trees": HistGradientBoostingClassifier(max_iter=3),
            "net": mlp_net((8,), max_epochs=2, lr=0.01),
        },
        {"method": congruence.Focal(strength=0.5)},
        list(product(["trees", "net"], OLD_CLASSIFIERS, WRAPPINGS)),
    ),
    "FlipControlledClassifier": Replacement(
        FlipControlledClassifier,
        {"forest": RandomForestClassifier(3, max_depth=1, random_state=0)},
        {"max_nfr": 0.1, "calibration": 0.6},
        list(product(["forest"], OLD_CLASSIFIERS, WRAPPINGS)),
        stored_alone=False,
        rounding=1e-9,
        share="new_share_",
    ),
    "CompatibleEmbedder": Replacement(
        CompatibleEmbedder,
        {"ridge": Ridge(), "net": embedding_net((8,), max_epochs=2, lr=0.01)},
        {"method": compatibility.Focal(neighbourhood=2.0)},
        [
            ("ridge", "pca", "bare"),
            *product(["ridge"], ["pipeline"], WRAPPINGS),
            ("ridge", "embedder", "bare"),
            *product(["net"], ["pca", "embedder"], ["bare"]),
        ],
        old_models=OLD_EMBEDDERS,
        answers="transform",
        stored="old_embeddings",
    ),
}


# Hosts


def plain_fit(model, X, y, params):
    yield model.fit(X, y, **params), np.arange(len(X))


def fit_transform(model, X, y, params):
    vectors = model.fit_transform(X, y, **params)
    np.testing.assert_array_equal(vectors, model.transform(X))
    yield model, np.arange(len(X))


def cloned(model, X, y, params):
    yield clone(clone(model)).fit(X, y, **params), np.arange(len(X))


def outside_pipeline(model, X, y, params):
    pipeline = make_pipeline(FunctionTransformer(), model.estimator)
    yield model.set_params(estimator=pipeline).fit(X, y, **params), np.arange(len(X))


def in_cross_validate(model, X, y, params):
    fits = cross_validate(
        model,
        X,
        y,
        cv=FOLDS,
        scoring=figure_of,
        params=params,
        return_estimator=True,
        return_indices=True,
        error_score="raise",
    )
    yield from zip(fits["estimator"], fits["indices"]["train"], strict=True)


def in_grid_search(model, X, y, params, **options):
    grid, options = grid_of(model), {"error_score": "raise", **options}
    search = GridSearchCV(model, grid, cv=FOLDS, scoring=figure_of, **options)
    yield search.fit(X, y, **params).best_estimator_, np.arange(len(X))
    for fold, (train, _) in enumerate(FOLDS.split(X, y)):
        yield search.cv_results_[f"split{fold}_test_score"][0], train


def in_two_processes(model, X, y, params):
    yield from in_grid_search(model, X, y, params, n_jobs=2)


def in_halving_search(model, X, y, params):
    search = HalvingGridSearchCV(
        model,
        grid_of(model),
        cv=FOLDS,
        scoring=figure_of,
        min_resources=120,
        error_score="raise",
        random_state=0,
    )
    yield search.fit(X, y, **params).best_estimator_, np.arange(len(X))


def of_pipeline(host):
    """The same host, of a Pipeline that holds the estimator."""

    def hosting(model, X, y, params):
        pipeline, params = in_pipeline(model), for_step(model, params)
        for fitted, rows in host(pipeline, X, y, params):
            is_figure = isinstance(fitted, float)
            yield fitted if is_figure else part_of(fitted, X, y, rows), rows

    hosting.__name__ = f"{host.__name__}_of_pipeline"
    return hosting


PLAIN_HOSTS = [
    plain_fit,
    fit_transform,
    cloned,
    outside_pipeline,
    of_pipeline(plain_fit),
]
SEARCHES = [
    in_cross_validate,
    of_pipeline(in_cross_validate),
    in_grid_search,
    of_pipeline(in_grid_search),
    in_halving_search,
    of_pipeline(in_halving_search),
    in_two_processes,
]
HOSTS = PLAIN_HOSTS + SEARCHES


def in_pipeline(model):
    """A Pipeline that predicts, with the old model's rows as they were."""
    behind = [KNeighborsClassifier(3)] if hasattr(model, "transform") else []
    return make_pipeline(FunctionTransformer(), model, *behind)


def part_of(pipeline, X, y, rows):
    """The estimator in it; what stands behind has learned its vectors, and well."""
    model, *behind = list(pipeline)[1:]
    for neighbours in behind:
        vectors, unseen = model.transform(X), np.setdiff1d(np.arange(len(X)), rows)
        own = clone(neighbours).fit(vectors[rows], y[rows])
        np.testing.assert_array_equal(pipeline.predict(X), own.predict(vectors))
        assert not len(unseen) or pipeline.score(X[unseen], y[unseen]) > 0.6
    return model


def for_step(model, params):
    """Names for a step of a Pipeline, which metadata routing makes superfluous."""
    if sklearn.get_config()["enable_metadata_routing"]:
        return params
    step = type(model).__name__.lower()
    return {f"{step}__{name}": value for name, value in params.items()}


def grid_of(model):
    """A grid of one candidate, which is the estimator, or the one in a Pipeline."""
    name, inner = model.steps[1] if hasattr(model, "steps") else ("", model)
    params = inner.get_params(deep=False)
    varied = [p for p in ("method", "max_nfr", "random_state") if p in params]
    return {f"{name}__{p}".removeprefix("__"): [params[p]] for p in varied}


def figure_of(fitted, X, y):
    """The mean of the first number that the estimator answers a row with."""
    model = fitted[1] if hasattr(fitted, "steps") else fitted
    answer = model.transform if hasattr(model, "transform") else model.predict_proba
    return answer(X)[:, 0].mean()
