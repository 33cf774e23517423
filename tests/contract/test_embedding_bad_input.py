"""Bad input of an embedder raises an error that names it, before any training."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Perceptron, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNet
from torch import nn

from sklearn_graceful import CompatibleEmbedder, ReferenceModel
from sklearn_graceful.compatibility import BCT, BT2, Focal, Simplex
from sklearn_graceful.nn import embedding_net
from sklearn_graceful.nn._embedding_net import EmbeddingMLP

started = []


class Step(StandardScaler):
    def fit(self, X, y=None, sample_weight=None):
        started.append("step")
        return super().fit(X, y)


class Net(NeuralNet):
    def fit(self, X, y=None, **fit_params):
        started.append("net")
        return super().fit(X, y, **fit_params)


class Regression(Ridge):
    def fit(self, X, y, sample_weight=None):
        started.append("regression")
        return super().fit(X, y, sample_weight)


class Linear(LogisticRegression):
    def fit(self, X, y, sample_weight=None):
        started.append("linear")
        return super().fit(X, y, sample_weight)


class Neighbours(KNeighborsRegressor):
    def fit(self, X, y):
        started.append("neighbours")
        return super().fit(X, y)


def net():
    return Net(
        EmbeddingMLP,
        criterion=nn.Identity,
        max_epochs=1,
        train_split=None,
        verbose=0,
    )


LEARNERS = {
    "net": net(),
    "pipeline with net": make_pipeline(Step(), net()),
    "regression": make_pipeline(Step(), Regression()),
    "linear": make_pipeline(Step(), Linear()),
    "neighbours": make_pipeline(Step(), Neighbours()),
    "clusters": KMeans(),
    "step": make_pipeline(Step(), Step()),
    "without probabilities": Perceptron(),
}
ALL = ["net", "pipeline with net", "regression", "linear"]


@pytest.fixture(autouse=True)
def nothing_started():
    started.clear()


@pytest.fixture(scope="module")
def old(wine):
    X, _ = wine
    return PCA(4).fit(X)


@pytest.fixture(scope="module")
def old_embedder(wine):
    X, y = wine
    learner = make_pipeline(StandardScaler(), embedding_net((8,), max_epochs=3))
    return CompatibleEmbedder(learner, embedding_dim=4, random_state=0).fit(X, y)


@pytest.fixture
def good(wine, old):
    """Return arguments of a fit that works."""
    X, y = wine
    return {
        "X": X,
        "y": y,
        "old_embeddings": old.transform(X),
        "old_model": None,
        "sample_weight": np.ones(len(y)),
    }


def replaced(values, position, value):
    values = np.array(values, dtype=np.float64)
    values[position] = value
    return values


@pytest.mark.parametrize("learner", ALL)
def test_without_a_fault_training_starts(good, learner):
    X, y = good.pop("X"), good.pop("y")
    CompatibleEmbedder(LEARNERS[learner]).fit(X.copy(), y, **good)
    assert started


# One row for each fault: what is changed in a fit that works, the error, and what its
# message must name. Every row is tried with every learner.
ARGUMENTS = {
    "y of another length": (
        lambda good: {"y": good["y"][:-1]},
        ValueError,
        "y has 177 rows, X has 178",
    ),
    "old_embeddings of another length": (
        lambda good: {"old_embeddings": good["old_embeddings"][:-1]},
        ValueError,
        "old_embeddings has 177 rows, X has 178",
    ),
    "old_embeddings of one row": (
        lambda good: {"old_embeddings": good["old_embeddings"][:1]},
        ValueError,
        "old_embeddings has 1 rows, X has 178",
    ),
    "scalar old_embeddings": (
        lambda good: {"old_embeddings": 0.5},
        ValueError,
        "old_embeddings must have one entry for each of 178 rows",
    ),
    "one number a row as old_embeddings": (
        lambda good: {"old_embeddings": good["old_embeddings"][:, 0]},
        ValueError,
        r"old_embeddings must have shape \(n, dim\), got \(178,\)",
    ),
    "old_embeddings with three axes": (
        lambda good: {"old_embeddings": good["old_embeddings"][:, :, None]},
        ValueError,
        r"old_embeddings must have shape \(n, dim\), got \(178, 4, 1\)",
    ),
    "old_embeddings without columns": (
        lambda good: {"old_embeddings": good["old_embeddings"][:, :0]},
        ValueError,
        "old_embeddings: row 0 is 0",
    ),
    "strings as old_embeddings": (
        lambda good: {"old_embeddings": good["old_embeddings"].astype(str)},
        ValueError,
        "old_embeddings must hold numbers, got dtype",
    ),
    "NaN in old_embeddings": (
        lambda good: {"old_embeddings": replaced(good["old_embeddings"], 5, np.nan)},
        ValueError,
        "old_embeddings: there is NaN or infinity",
    ),
    "infinity in old_embeddings": (
        lambda good: {"old_embeddings": replaced(good["old_embeddings"], 5, np.inf)},
        ValueError,
        "old_embeddings: there is NaN or infinity",
    ),
    "an old vector that is 0": (
        lambda good: {"old_embeddings": replaced(good["old_embeddings"], 7, 0)},
        ValueError,
        "old_embeddings: row 7 is 0",
    ),
    "NaN in y": (
        lambda good: {"y": replaced(good["y"], 3, np.nan)},
        ValueError,
        "y contains NaN",
    ),
    "infinity in y": (
        lambda good: {"y": replaced(good["y"], 3, np.inf)},
        ValueError,
        "y contains infinity",
    ),
    "regression target": (
        lambda good: {"y": good["y"] + 0.5},
        ValueError,
        "continuous",
    ),
    "table of labels": (
        lambda good: {"y": np.column_stack([good["y"], good["y"]])},
        ValueError,
        "1d array",
    ),
    "a single class": (
        lambda good: {"y": np.zeros(178)},
        ValueError,
        "rows of two classes or more, got 1 class",
    ),
    "no labels where they are needed": (
        lambda good: {"y": None},
        ValueError,
        "y is None: Focal learns from labels. 'l2' and 'contrastive' do without",
    ),
    "no labels and no old vectors": (
        lambda good: {"y": None, "old_embeddings": None},
        ValueError,
        "y is None: without old embeddings there is nothing else to learn from",
    ),
    "sample_weight of another length": (
        lambda good: {"sample_weight": good["sample_weight"][:-1]},
        ValueError,
        "sample_weight has 177 rows, X has 178",
    ),
    "scalar sample_weight": (
        lambda good: {"sample_weight": 2.0},
        ValueError,
        "sample_weight must have one entry for each of 178 rows",
    ),
    "negative sample_weight": (
        lambda good: {"sample_weight": replaced(good["sample_weight"], 0, -1)},
        ValueError,
        "sample_weight",
    ),
    "NaN in sample_weight": (
        lambda good: {"sample_weight": replaced(good["sample_weight"], 0, np.nan)},
        ValueError,
        "sample_weight contains NaN",
    ),
}


@pytest.mark.parametrize("learner", ALL)
@pytest.mark.parametrize(
    ("change", "error", "message"), ARGUMENTS.values(), ids=ARGUMENTS
)
def test_bad_argument_of_fit(good, learner, change, error, message):
    arguments = {**good, **change(good)}
    X, y = arguments.pop("X"), arguments.pop("y")
    with pytest.raises(error, match=message):
        CompatibleEmbedder(LEARNERS[learner]).fit(X, y, **arguments)
    assert started == []


@pytest.mark.parametrize("method", ["independent", Simplex(n_classes=5)], ids=repr)
def test_bad_old_embeddings_are_refused_even_where_they_are_not_used(wine, method):
    X, y = wine
    with pytest.raises(ValueError, match="old_embeddings has 177 rows, X has 178"):
        CompatibleEmbedder(LEARNERS["net"], method=method).fit(
            X, y, old_embeddings=X[:-1]
        )
    assert started == []


class WithoutAnswers:
    """Neither a method that answers nor a call."""


OLD_MODELS = {
    "unfitted": (
        lambda old, X, y: clone(old),
        NotFittedError,
        r"PCA is not fitted. `clone`.*ReferenceModel\(fitted_model\)",
    ),
    "unfitted embedder": (
        lambda old, X, y: CompatibleEmbedder(),
        NotFittedError,
        "CompatibleEmbedder is not fitted. `clone`",
    ),
    "unfitted inside a handle": (
        lambda old, X, y: ReferenceModel(PCA()),
        NotFittedError,
        "PCA is not fitted. `clone`",
    ),
    "no method and no call": (
        lambda old, X, y: WithoutAnswers(),
        TypeError,
        "WithoutAnswers cannot be used.* not callable",
    ),
    "a number": (lambda old, X, y: 3, TypeError, "type int cannot be used"),
    "a path": (lambda old, X, y: "model.pkl", TypeError, "'model.pkl'; load the model"),
    "a class": (lambda old, X, y: PCA, TypeError, "got the class PCA"),
    "a classifier": (
        lambda old, X, y: Ridge().fit(X, y),
        TypeError,
        "Ridge has no transform",
    ),
    "other number of columns": (
        lambda old, X, y: PCA(2).fit(X[:, :5]),
        ValueError,
        r"X has 13 features.*PCA was fitted on 5.*old_embeddings=",
    ),
    "labels for vectors": (
        lambda old, X, y: lambda rows: np.zeros(len(rows)),
        ValueError,
        r"must be 2-D numbers, got shape \(178,\)",
    ),
    "NaN for vectors": (
        lambda old, X, y: lambda rows: np.full((len(rows), 3), np.nan),
        ValueError,
        "embeddings of .* contain NaN",
    ),
    "zeros for vectors": (
        lambda old, X, y: lambda rows: np.zeros((len(rows), 3)),
        ValueError,
        "The old model's embeddings: row 0 is 0",
    ),
    "vectors of other rows": (
        lambda old, X, y: lambda rows: np.ones((len(rows) - 1, 3)),
        ValueError,
        "177",
    ),
}


@pytest.mark.parametrize("learner", ["pipeline with net", "regression"])
@pytest.mark.parametrize("door", ["constructor", "fit"])
@pytest.mark.parametrize(
    ("make", "error", "message"), OLD_MODELS.values(), ids=OLD_MODELS
)
def test_bad_old_model(wine, old, learner, door, make, error, message):
    X, y = wine
    model = CompatibleEmbedder(LEARNERS[learner])
    params = {"old_model": make(old, X, y)}
    if door == "constructor":
        model.set_params(**params)
        params = {}
    with pytest.raises(error, match=message):
        model.fit(X, y, **params)
    assert started == []


def test_unfitted_old_model_that_is_not_asked(wine):
    with pytest.raises(NotFittedError, match="PCA is not fitted"):
        CompatibleEmbedder(LEARNERS["net"], old_model=PCA(), method="independent").fit(
            *wine
        )
    assert started == []


def test_other_column_names(wine):
    X, y = wine
    table = pd.DataFrame(X, columns=[f"column {i}" for i in range(13)])
    old = PCA(3).fit(table)
    model = CompatibleEmbedder(LEARNERS["regression"], old_model=old)
    with pytest.raises(
        ValueError, match=r"missing 'column 12' and unknown 'other'.*old_embeddings="
    ):
        model.fit(table.rename(columns={"column 12": "other"}), y)
    with pytest.raises(ValueError, match="they come in another order"):
        model.fit(table.iloc[:, ::-1], y)
    assert started == []


def test_vectors_of_another_width_than_the_old_models(wine, old_embedder):
    X, y = wine
    for method in ("focal", "independent"):
        model = CompatibleEmbedder(
            LEARNERS["pipeline with net"], old_model=old_embedder, method=method
        )
        with pytest.raises(
            ValueError, match=r"old_embeddings has width 13, but .* have width 4"
        ):
            model.fit(X, y, old_embeddings=X)
    assert started == []


@pytest.mark.parametrize("learner", ["pipeline with net", "regression"])
def test_labels_of_another_kind_than_the_old_models(wine, old_embedder, learner):
    X, y = wine
    model = CompatibleEmbedder(LEARNERS[learner], old_model=old_embedder)
    with pytest.raises(ValueError, match="old_model holds numbers, y holds strings"):
        model.fit(X, y.astype(str))
    assert started == []


CONSTRUCTORS = {
    "unknown method": (
        "net",
        {"method": "vocal"},
        ValueError,
        "Unknown method 'vocal'; known are bct, bt2",
    ),
    "method of no kind": (
        "net",
        {"method": 3},
        TypeError,
        "method must be a name or a Compatibility, got int",
    ),
    "parameter of a method": (
        "pipeline with net",
        {"method": Focal(mu=-1)},
        ValueError,
        "Focal: mu must be a number in",
    ),
    "width 0": (
        "net",
        {"embedding_dim": 0},
        ValueError,
        "embedding_dim must be an integer >= 1, got 0",
    ),
    "half a width": (
        "pipeline with net",
        {"embedding_dim": 2.5},
        ValueError,
        "embedding_dim must be an integer >= 1, got 2.5",
    ),
    "width of no kind": (
        "linear",
        {"embedding_dim": "wide"},
        ValueError,
        "embedding_dim must be an integer >= 1, got 'wide'",
    ),
    "regressor of another width": (
        "regression",
        {"embedding_dim": 9},
        ValueError,
        "embedding_dim is 9, but Regression learns vectors .* of width 4",
    ),
    "classifier of another width": (
        "linear",
        {"embedding_dim": 3},
        ValueError,
        "embedding_dim is 3, but Linear learns vectors .* of width 4",
    ),
    "more extra dimensions than there are": (
        "pipeline with net",
        {"method": BT2(extra_dims=6), "embedding_dim": 6},
        ValueError,
        "BT2: embedding_dim is 6, but of that 6 are extra_dims",
    ),
    "simplex of another width": (
        "pipeline with net",
        {"method": Simplex(n_classes=9), "embedding_dim": 6},
        ValueError,
        r"Simplex\(n_classes=9\) has width 8, but the embedding_dim is 6",
    ),
    "simplex of too few vertices": (
        "pipeline with net",
        {"method": Simplex(n_classes=2)},
        ValueError,
        r"Simplex\(n_classes=2\) has no vertex left for 3 classes",
    ),
    "class weights of another shape": (
        "pipeline with net",
        {"method": BCT(head=np.ones((2, 4)))},
        ValueError,
        r"head has shape \(2, 4\), but there are 3 classes",
    ),
    "class weights of another shape, classifier": (
        "linear",
        {"method": BCT(head=np.ones((3, 5)))},
        ValueError,
        r"head has shape \(3, 5\), .* the old space has 4 dimensions",
    ),
    "class weights that the old model has not": (
        "pipeline with net",
        {"method": BCT(head="old")},
        ValueError,
        "head='old' needs an old model that is a CompatibleEmbedder",
    ),
    **{
        f"{method} without a network, {learner}": (
            learner,
            {"method": method},
            ValueError,
            "is a loss that only a network can be trained on. For a regressor use",
        )
        for method in ("lce", "contrastive", "simplex", "bt2")
        for learner in ("regression", "linear")
    },
    "bct for a regressor": (
        "regression",
        {"method": "bct"},
        ValueError,
        "BCT is a loss that only a network",
    ),
    "l2 for a classifier": (
        "linear",
        {"method": "l2"},
        ValueError,
        "L2 is a loss that only a network",
    ),
    "clusterer": (
        "clusters",
        {},
        TypeError,
        "estimator must be a skorch net, a regressor .* got KMeans",
    ),
    "pipeline without a learner": (
        "step",
        {},
        TypeError,
        "estimator must be a skorch net, a regressor .* got Step",
    ),
    "classifier without probabilities": (
        "without probabilities",
        {},
        TypeError,
        "a classifier with predict_proba.* got Perceptron",
    ),
}


@pytest.mark.parametrize(
    ("learner", "params", "error", "message"), CONSTRUCTORS.values(), ids=CONSTRUCTORS
)
def test_bad_constructor_argument(wine, old, learner, params, error, message):
    with pytest.raises(error, match=message):
        CompatibleEmbedder(LEARNERS[learner], old_model=old, **params).fit(*wine)
    assert started == []


def test_simplex_beside_an_old_space_of_another_width(wine, old_embedder):
    model = CompatibleEmbedder(
        LEARNERS["pipeline with net"],
        old_model=old_embedder,
        method=Simplex(n_classes=9),
    )
    with pytest.raises(ValueError, match="has width 8, but the old width is 4"):
        model.fit(*wine)
    assert started == []


def test_weights_for_a_learner_that_takes_none(wine, old):
    X, y = wine
    model = CompatibleEmbedder(LEARNERS["neighbours"], old_model=old)
    with pytest.raises(TypeError, match=r"Neighbours\.fit takes no sample_weight"):
        model.fit(X, y, sample_weight=y + 1.0)
    assert started == []
    assert model.fit(X, y).transform(X).shape == (178, 4)


@pytest.mark.parametrize("learner", [None, "net"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_net_refuses_nan_and_infinity(wine, learner, bad):
    X, y = wine
    estimator = None if learner is None else LEARNERS[learner]
    stored = np.ones((178, 2))
    with pytest.raises(ValueError, match=r"X contains (NaN|infinity)"):
        CompatibleEmbedder(estimator).fit(
            replaced(X, (2, 4), bad), y, old_embeddings=stored
        )
    assert started == []


def test_net_after_a_step_that_lets_nan_through(wine):
    X, y = wine
    X = replaced(X, (2, 4), np.nan)
    with pytest.raises(ValueError, match="X contains NaN"):
        CompatibleEmbedder(LEARNERS["pipeline with net"]).fit(X, y)
    assert "net" not in started


def test_fitted_embedder_refuses_other_columns(wine):
    X, y = wine
    for learner in ("regression", "net"):
        model = CompatibleEmbedder(LEARNERS[learner]).fit(X.copy(), y)
        with pytest.raises(ValueError, match=r"12 features, but .* expecting 13"):
            model.transform(X[:, 1:])


def test_unfitted_embedder():
    for ask in (
        lambda model: model.transform([[1.0]]),
        lambda model: model.old_view([[1.0]]),
    ):
        with pytest.raises(NotFittedError, match="CompatibleEmbedder instance is not"):
            ask(CompatibleEmbedder())
