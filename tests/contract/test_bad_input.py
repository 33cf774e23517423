"""Bad input raises an error that names it, before any training starts."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_graceful import OldModelMismatchWarning, PCClassifier, ReferenceModel
from sklearn_graceful.congruence import ELODI, Congruence, Distill, FocalKL, FocalLM
from sklearn_graceful.metrics import negative_flip_rate
from sklearn_graceful.model_selection import BestUnderBudget, flip_scorer, update_scorer
from sklearn_graceful.nn import MLP, InMemoryClassifier

started = []


class Step(StandardScaler):
    def fit(self, X, y=None, sample_weight=None):
        started.append("step")
        return super().fit(X, y)


class Linear(LogisticRegression):
    def fit(self, X, y, sample_weight=None):
        started.append("linear")
        return super().fit(X, y, sample_weight)


class Forest(RandomForestClassifier):
    def fit(self, X, y, sample_weight=None):
        started.append("forest")
        return super().fit(X, y, sample_weight)


class Neighbours(KNeighborsClassifier):
    def fit(self, X, y):
        started.append("neighbours")
        return super().fit(X, y)


class Net(InMemoryClassifier):
    def fit(self, X, y, **fit_params):
        started.append("net")
        return super().fit(X, y, **fit_params)


class Regression(LinearRegression):
    def fit(self, X, y, sample_weight=None):
        started.append("regression")
        return super().fit(X, y, sample_weight)


LEARNERS = {
    "linear": make_pipeline(Step(), Linear()),
    "forest": Forest(5, random_state=0),
    "neighbours": make_pipeline(Step(), Neighbours()),
    "net": Net(MLP, max_epochs=1, train_split=None, verbose=0),
    "pipeline with net": make_pipeline(
        Step(), Net(MLP, max_epochs=1, train_split=None, verbose=0)
    ),
    "regression": Regression(),
    "clusters": KMeans(),
    "step": make_pipeline(Step(), Step()),
}


@pytest.fixture(autouse=True)
def nothing_started():
    started.clear()


@pytest.fixture
def good(wine, old_model):
    """Return arguments of a fit that works."""
    X, y = wine
    return {
        "X": X,
        "y": y,
        "old_proba": old_model.predict_proba(X),
        "old_model": None,
        "sample_weight": np.ones(len(y)),
        "critical": np.zeros(len(y), dtype=bool),
    }


def replaced(values, position, value):
    values = np.array(values, dtype=np.float64)
    values[position] = value
    return values


@pytest.mark.parametrize("learner", ["linear", "forest", "net", "pipeline with net"])
def test_without_a_fault_training_starts(good, learner):
    X, y = good.pop("X"), good.pop("y")
    PCClassifier(LEARNERS[learner]).fit(X.copy(), y, **good)
    assert started


# One row for each fault: what is changed in a fit that works, the error, and what its
# message must name. Every row is tried with every learner that it does not name.
ARGUMENTS = {
    "y of another length": (
        lambda good: {"y": good["y"][:-1]},
        ValueError,
        "y has 177 rows, X has 178",
    ),
    "old_proba of another length": (
        lambda good: {"old_proba": good["old_proba"][:-1]},
        ValueError,
        "old_proba has 177 rows, X has 178",
    ),
    "old_proba of one row": (
        lambda good: {"old_proba": good["old_proba"][:1]},
        ValueError,
        "old_proba has 1 rows, X has 178",
    ),
    "critical of another length": (
        lambda good: {"critical": good["critical"][:-1]},
        ValueError,
        "critical has 177 rows, X has 178",
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
    "scalar critical": (
        lambda good: {"critical": True},
        ValueError,
        "critical must have one entry for each of 178 rows",
    ),
    "scalar old_proba": (
        lambda good: {"old_proba": 0.5},
        ValueError,
        "old_proba must have one entry for each of 178 rows",
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
    "negative probabilities": (
        lambda good: {"old_proba": good["old_proba"] - 0.25},
        ValueError,
        "old_proba contains negative values, down to -0.2",
    ),
    "NaN in old_proba": (
        lambda good: {"old_proba": replaced(good["old_proba"], (5, 1), np.nan)},
        ValueError,
        "old_proba contains NaN",
    ),
    "old_proba that does not sum to 1": (
        lambda good: {"old_proba": replaced(good["old_proba"], 7, 0.5)},
        ValueError,
        "old_proba must sum to 1; row 7 sums to 1.5",
    ),
    "old_proba with too many columns": (
        lambda good: {"old_proba": np.full((178, 4), 0.25)},
        ValueError,
        "old_proba has 4 columns but y has 3 classes",
    ),
    "old_proba with too few columns": (
        lambda good: {"old_proba": np.full((178, 2), 0.5)},
        ValueError,
        "old_proba has 2 columns but y has 3 classes",
    ),
    "old_proba with three axes": (
        lambda good: {"old_proba": np.full((178, 3, 1), 1 / 3)},
        ValueError,
        r"old_proba must have shape \(n, n_classes\), got \(178, 3, 1\)",
    ),
    "strings as old_proba": (
        lambda good: {"old_proba": good["old_proba"].astype(str)},
        ValueError,
        "old_proba must hold numbers",
    ),
    "labels of another kind as old_proba": (
        lambda good: {"old_proba": good["y"].astype(str)},
        ValueError,
        "old_proba holds strings, y holds numbers",
    ),
    "column names of another kind": (
        lambda good: {"old_proba": pd.DataFrame(good["old_proba"], columns=[*"abc"])},
        ValueError,
        "old_proba holds strings, y holds numbers",
    ),
    "one column of probabilities as old_proba": (
        # Its exact zeros and ones look like labels.
        lambda good: {"old_proba": np.round(good["old_proba"][:, 1], 1)},
        ValueError,
        "one-dimensional old_proba holds .*labels",
    ),
    "labels with NaN as old_proba": (
        lambda good: {"old_proba": replaced(good["y"], 0, np.nan)},
        ValueError,
        "one-dimensional old_proba holds .*labels",
    ),
    "no shared class in labels": (
        lambda good: {"old_proba": good["y"] + 7},
        ValueError,
        r"share no class: old_proba holds the labels \[7, 8, 9\], y has \[0, 1, 2\]",
    ),
    "no shared class in columns": (
        lambda good: {"old_proba": pd.DataFrame(good["old_proba"], columns=[7, 8, 9])},
        ValueError,
        r"share no class: \[7, 8, 9\] and \[0, 1, 2\]",
    ),
    "negative critical": (
        lambda good: {"critical": replaced(good["critical"], 0, -1)},
        ValueError,
        "critical must be one bool or one finite weight >= 0",
    ),
    "NaN in critical": (
        lambda good: {"critical": replaced(good["critical"], 0, np.nan)},
        ValueError,
        "critical must be one bool or one finite weight >= 0",
    ),
    "strings as critical": (
        lambda good: {"critical": np.full(178, "yes")},
        ValueError,
        "critical must be one bool or one finite weight >= 0",
    ),
    "table as critical": (
        lambda good: {"critical": np.ones((178, 2))},
        ValueError,
        "critical must be one bool or one finite weight >= 0",
    ),
    "critical without an old model": (
        lambda good: {"old_proba": None},
        ValueError,
        "critical needs an old model: old_model= or old_proba=",
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


@pytest.mark.parametrize("learner", ["linear", "forest", "net", "pipeline with net"])
@pytest.mark.parametrize(
    ("change", "error", "message"), ARGUMENTS.values(), ids=ARGUMENTS
)
def test_bad_argument_of_fit(good, learner, change, error, message):
    arguments = {**good, **change(good)}
    X, y = arguments.pop("X"), arguments.pop("y")
    with pytest.raises(error, match=message):
        PCClassifier(LEARNERS[learner]).fit(X, y, **arguments)
    assert started == []


class WithoutAnswers:
    """Neither a method that answers nor a call."""


OLD_MODELS = {
    "unfitted": (
        lambda old, X, y: clone(old),
        NotFittedError,
        r"Pipeline is not fitted. `clone`.*ReferenceModel\(fitted_model\)",
    ),
    "unfitted inside a handle": (
        lambda old, X, y: ReferenceModel(LogisticRegression()),
        NotFittedError,
        "LogisticRegression is not fitted. `clone`",
    ),
    "no method and no call": (
        lambda old, X, y: WithoutAnswers(),
        TypeError,
        "WithoutAnswers cannot be used.* not callable",
    ),
    "a number": (lambda old, X, y: 3, TypeError, "type int cannot be used"),
    "a path": (lambda old, X, y: "model.pkl", TypeError, "'model.pkl'; load the model"),
    "a class": (
        lambda old, X, y: LogisticRegression,
        TypeError,
        "got the class LogisticRegression",
    ),
    "a transformer": (
        lambda old, X, y: StandardScaler().fit(X),
        TypeError,
        "StandardScaler has no predict",
    ),
    "other number of columns": (
        lambda old, X, y: clone(old).fit(X[:, :5], y),
        ValueError,
        r"X has 13 features.*Pipeline was fitted on 5.*old_proba=",
    ),
    "other kind of labels": (
        lambda old, X, y: clone(old).fit(X, y.astype(str)),
        ValueError,
        "old_model holds strings, y holds numbers",
    ),
    "no shared class": (
        lambda old, X, y: clone(old).fit(X, y + 7),
        ValueError,
        r"share no class: \[7, 8, 9\] and \[0, 1, 2\]",
    ),
    "no shared class, labels only": (
        lambda old, X, y: ReferenceModel(lambda rows: np.full(len(rows), 7)),
        ValueError,
        r"share no class: old_model holds the labels \[7\], y has \[0, 1, 2\]",
    ),
    "labels of another kind, labels only": (
        lambda old, X, y: ReferenceModel(lambda rows: np.full(len(rows), "a")),
        ValueError,
        "old_model holds strings, y holds numbers",
    ),
    "unnamed columns": (
        lambda old, X, y: ReferenceModel(old.predict_proba),
        ValueError,
        r"classes=\[...\]",
    ),
    "no probabilities": (
        lambda old, X, y: ReferenceModel(
            lambda rows: np.full((len(rows), 3), -1.0), classes=[0, 1, 2]
        ),
        ValueError,
        "negative",
    ),
}


@pytest.mark.parametrize("learner", ["linear", "net"])
@pytest.mark.parametrize("door", ["constructor", "fit"])
@pytest.mark.parametrize(
    ("make", "error", "message"), OLD_MODELS.values(), ids=OLD_MODELS
)
def test_bad_old_model(wine, old_model, learner, door, make, error, message):
    X, y = wine
    old = make(old_model, X, y)
    model = PCClassifier(LEARNERS[learner])
    params = {"old_model": old}
    if door == "constructor":
        model.set_params(**params)
        params = {}
    with pytest.raises(error, match=message):
        model.fit(X, y, **params)
    assert started == []


def test_other_column_names(wine, old_model):
    X, y = wine
    table = pd.DataFrame(X, columns=[f"column {i}" for i in range(13)])
    old = clone(old_model).fit(table, y)
    with pytest.raises(
        ValueError, match=r"missing 'column 12' and unknown 'other'.*old_proba="
    ):
        PCClassifier(LEARNERS["linear"], old_model=old).fit(
            table.rename(columns={"column 12": "other"}), y
        )
    with pytest.raises(ValueError, match="they come in another order"):
        PCClassifier(LEARNERS["linear"], old_model=old).fit(table.iloc[:, ::-1], y)
    assert started == []


CONSTRUCTORS = {
    "unknown method": (
        "linear",
        {"method": "vocal"},
        ValueError,
        "Unknown method 'vocal'; known are conditional, distill",
    ),
    "method of no kind": (
        "linear",
        {"method": 3},
        TypeError,
        "method must be a name or a Congruence, got int",
    ),
    "logit matching without logits": (
        "forest",
        {"method": "focal_lm"},
        ValueError,
        "focal_lm matches logits, which only a network can do",
    ),
    "logit matching without logits, object": (
        "linear",
        {"method": FocalLM(lam=0.1)},
        ValueError,
        "focal_lm matches logits, which only a network can do",
    ),
    "logit difference without logits": (
        "forest",
        {"method": "ldi"},
        ValueError,
        "The method matches logits, which only a network can do",
    ),
    "an ensemble's logits without logits": (
        "linear",
        {"method": "elodi"},
        ValueError,
        "The method matches logits, which only a network can do",
    ),
    "conditional distillation without a network": (
        "linear",
        {"method": "conditional"},
        ValueError,
        "conditional looks at the new model's loss while it is trained",
    ),
    "muscle without a network": (
        "forest",
        {"method": "muscle"},
        ValueError,
        "muscle looks at the new model's mistakes while it is trained",
    ),
    "half a teacher": (
        "linear",
        {"method": ELODI(n_teachers=0.5)},
        ValueError,
        "ELODI: n_teachers must be a number in",
    ),
    "temperature without logits": (
        "forest",
        {"method": Distill(temperature=4)},
        ValueError,
        r"Distill\(temperature=4\) needs a network",
    ),
    "focal temperature without logits": (
        "linear",
        {"method": FocalKL(temperature=100)},
        ValueError,
        r"FocalKL\(temperature=100\) needs a network",
    ),
    "learner without sample weights": (
        "neighbours",
        {},
        TypeError,
        "Neighbours.fit takes no sample_weight",
    ),
    "regressor": (
        "regression",
        {},
        TypeError,
        "estimator must be a classifier, .* got Regression",
    ),
    "clusterer": (
        "clusters",
        {},
        TypeError,
        "estimator must be a classifier, .* got KMeans",
    ),
    "pipeline without a classifier": (
        "step",
        {},
        TypeError,
        "estimator must be a classifier, .* got Step",
    ),
}


@pytest.mark.parametrize(
    ("learner", "params", "error", "message"), CONSTRUCTORS.values(), ids=CONSTRUCTORS
)
def test_bad_constructor_argument(wine, old_model, learner, params, error, message):
    with pytest.raises(error, match=message):
        PCClassifier(LEARNERS[learner], old_model=old_model, **params).fit(*wine)
    assert started == []


def test_learner_without_sample_weights_is_fine_where_none_are_needed(wine, old_model):
    X, y = wine
    plain = clone(LEARNERS["neighbours"]).fit(X, y).predict(X)
    for params in ({"method": "none", "old_model": old_model}, {}):
        model = PCClassifier(LEARNERS["neighbours"], **params).fit(X, y)
        np.testing.assert_array_equal(model.predict(X), plain)
    with pytest.raises(TypeError, match="takes no sample_weight"):
        PCClassifier(LEARNERS["neighbours"]).fit(X, y, sample_weight=y + 1.0)


@pytest.mark.parametrize("learner", [None, "net"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_net_refuses_nan_and_infinity(wine, old_model, learner, bad):
    X, y = wine
    X = replaced(X, (2, 4), bad)
    estimator = None if learner is None else LEARNERS[learner]
    old = ReferenceModel(lambda rows: y[: len(rows)])
    with pytest.raises(ValueError, match=r"X contains (NaN|infinity)"):
        PCClassifier(estimator, old_model=old).fit(X, y)
    assert started == []


def test_net_after_a_step_that_lets_nan_through(wine):
    X, y = wine
    with pytest.raises(ValueError, match="X contains NaN"):
        PCClassifier(LEARNERS["pipeline with net"]).fit(replaced(X, (2, 4), np.nan), y)
    assert "net" not in started


def test_trees_may_have_nan(wine):
    X, y = wine
    X = replaced(X, (slice(None, None, 3), 3), np.nan)
    old = HistGradientBoostingClassifier(max_iter=2, max_leaf_nodes=3).fit(X, y)
    learner = HistGradientBoostingClassifier(max_iter=5)
    assert PCClassifier(learner, old_model=old).fit(X, y).score(X, y) > 0.9


@pytest.mark.parametrize("learner", [None, "net", "pipeline with net"])
def test_net_refuses_a_single_class(wine, learner):
    X, y = wine
    estimator = None if learner is None else LEARNERS[learner]
    with pytest.raises(ValueError, match="rows of two classes or more, got 1 class"):
        PCClassifier(estimator).fit(X, np.zeros_like(y))
    assert started == []


def test_fitted_estimator_refuses_other_columns(wine):
    X, y = wine
    for learner in ("linear", "net"):
        model = PCClassifier(LEARNERS[learner]).fit(X.copy(), y)
        with pytest.raises(ValueError, match=r"12 features, but .* expecting 13"):
            model.predict(X[:, 1:])
        with pytest.raises(ValueError, match=r"12 features, but .* expecting 13"):
            model.predict_proba(X[:, 1:])


def test_unfitted_estimator():
    with pytest.raises(NotFittedError, match="PCClassifier instance is not fitted"):
        PCClassifier().predict([[1.0]])


def test_method_without_a_divergence(wine, old_model):
    class Unfinished(Congruence):
        def old_weight(self, old_right):
            return np.ones(len(old_right))

    with pytest.raises(NotImplementedError, match="Unfinished defines no divergence"):
        PCClassifier(
            LEARNERS["pipeline with net"], old_model=old_model, method=Unfinished()
        ).fit(*wine)


# Old models that answer, but nothing of use


def test_warning_when_the_old_model_is_no_better_than_guessing(wine, old_model):
    X, y = wine
    # The most frequent class is 1, in 71 of 178 rows.
    guess = ReferenceModel(lambda rows: np.ones(len(rows), dtype=int))
    with pytest.warns(OldModelMismatchWarning, match=r"39.9% .*frequent class \(39.9%"):
        PCClassifier(LEARNERS["linear"], old_model=guess).fit(X, y)
    wrong = np.roll(np.eye(3)[y], 1, axis=1)
    with pytest.warns(OldModelMismatchWarning, match=r"0.0% .*frequent class \(39.9%"):
        PCClassifier(LEARNERS["linear"]).fit(X, y, old_proba=wrong)
    with pytest.warns(OldModelMismatchWarning, match=r"0.0% .*frequent class \(39.9%"):
        PCClassifier(LEARNERS["linear"]).fit(X, y, old_proba=(y + 1) % 3)


def test_warning_points_at_the_users_own_line(wine):
    X, y = wine
    with pytest.warns(OldModelMismatchWarning) as caught:
        PCClassifier(LEARNERS["linear"]).fit(X, y, old_proba=(y + 1) % 3)
    assert caught[0].filename == __file__


def test_one_row_better_than_guessing_does_not_warn(wine):
    X, y = wine
    labels = np.ones(len(y), dtype=int)
    labels[np.flatnonzero(y == 0)[0]] = 0
    PCClassifier(LEARNERS["linear"]).fit(X, y, old_proba=labels)


def test_classes_new_to_the_old_model_are_not_held_against_it(wine, old_model):
    X, y = wine
    known = y < 2
    old = clone(old_model).fit(X[known], y[known])
    # It cannot be right on a row of class 2, which are 75 % of these.
    rows = np.concatenate([np.flatnonzero(known)[::8], np.flatnonzero(y == 2)])
    assert old.score(X[rows], y[rows]) < (y[rows] == 2).mean()
    PCClassifier(LEARNERS["linear"], old_model=old).fit(X[rows], y[rows])


@pytest.mark.parametrize(
    "make",
    [
        lambda forest: forest,
        ReferenceModel,
        lambda forest: make_pipeline(StandardScaler(), forest),
    ],
    ids=["bare", "handle", "in a pipeline"],
)
def test_warning_when_a_forest_knows_its_training_rows_by_heart(wine, make):
    X, y = wine
    forest = make(RandomForestClassifier(20, random_state=0))
    getattr(forest, "model", forest).fit(X, y)
    with pytest.warns(OldModelMismatchWarning, match=r"100.0% .*by heart.*old_proba"):
        PCClassifier(LEARNERS["linear"], old_model=forest).fit(X, y)
    # What the warning says to do.
    proba = cross_val_predict(
        clone(getattr(forest, "model", forest)), X, y, method="predict_proba"
    )
    PCClassifier(LEARNERS["linear"]).fit(X, y, old_proba=proba)


def test_a_linear_model_that_is_always_right_has_memorised_nothing(wine, old_model):
    X, y = wine
    old = clone(old_model).set_params(logisticregression__C=100).fit(X, y)
    assert old.score(X, y) == 1
    PCClassifier(LEARNERS["linear"], old_model=old).fit(X, y)


def test_no_warning_where_the_old_models_outputs_are_not_used(wine):
    X, y = wine
    forest = RandomForestClassifier(20, random_state=0).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        PCClassifier(LEARNERS["linear"], old_model=forest, method="none").fit(X, y)
    with pytest.raises(NotFittedError, match="is not fitted"):
        PCClassifier(LEARNERS["linear"], old_model=clone(forest), method="none").fit(
            X, y
        )


# Scorers and budgets


@pytest.mark.parametrize("max_nfr", [-0.01, 1, 1.5, np.nan, np.inf])
def test_budget_outside_its_range(max_nfr):
    with pytest.raises(ValueError, match=r"max_nfr must be in \[0, 1\), got"):
        BestUnderBudget(max_nfr=max_nfr)


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("nfr", "Unknown metric 'nfr'; known are accuracy, .*Did you mean 'neg_nfr'"),
        ("negative_flip_rate", "Unknown metric 'negative_flip_rate'; known are"),
    ],
)
def test_unknown_metric_of_a_scorer(old_model, metric, message):
    with pytest.raises(ValueError, match=message):
        flip_scorer(old_model, metric)


@pytest.mark.parametrize("make", [flip_scorer, update_scorer])
def test_scorer_of_a_bad_old_model(wine, old_model, make):
    X, y = wine
    new = LogisticRegression(max_iter=10_000).fit(X[:, :1], y)
    with pytest.raises(TypeError, match="needs an old model, got None"):
        make(None)
    with pytest.raises(TypeError, match="cannot be used"):
        make(WithoutAnswers())
    with pytest.raises(NotFittedError, match="Pipeline is not fitted"):
        make(clone(old_model))(new, X[:, :1], y)
    with pytest.raises(ValueError, match=r"X has 1 features.*fitted on 13"):
        make(old_model)(new, X[:, :1], y)


def test_scorer_of_labels_of_another_kind(wine, old_model):
    X, y = wine
    old = clone(old_model).fit(X, y.astype(str))
    with pytest.raises(ValueError, match="y_old holds strings"):
        flip_scorer(old)(old_model, X, y)
    with pytest.raises(ValueError, match="y_old holds strings"):
        negative_flip_rate(y, y, y_old=old.predict(X))
