"""Bad input raises an error that names it, before any training starts.

One file for all estimators that replace an old model: what is wrong with an argument
is wrong for each of them, and one message says so.
"""

import pickle
from functools import wraps

import numpy as np
import pandas as pd
import pytest
from hosts import REPLACEMENTS
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNet
from torch import nn

from sklearn_graceful import (
    CompatibleEmbedder,
    PCClassifier,
    ReferenceModel,
)
from sklearn_graceful.compatibility import BCT, BT2, Focal, Simplex
from sklearn_graceful.congruence import ELODI, Congruence, Distill, FocalKL, FocalLM
from sklearn_graceful.metrics import negative_flip_rate
from sklearn_graceful.model_selection import BestUnderBudget, flip_scorer, update_scorer
from sklearn_graceful.nn import MLP, EmbeddingMLP, InMemoryClassifier, embedding_net

started = []


def recorded(kind, *args, **params):
    """An estimator of this kind that says when its training starts."""

    class Recorded(kind):
        @wraps(kind.fit)
        def fit(self, *args, **params):
            started.append(kind.__name__)
            return super().fit(*args, **params)

    Recorded.__name__ = kind.__name__
    return Recorded(*args, **params)


def classifier_net():
    return recorded(InMemoryClassifier, MLP, max_epochs=1, train_split=None, verbose=0)


def encoder():
    options = {"criterion": nn.Identity, "train_split": None, "verbose": 0}
    return recorded(NeuralNet, EmbeddingMLP, max_epochs=1, **options)


def after_scaler(learner):
    return make_pipeline(recorded(StandardScaler), learner)


class Labeller(ClassifierMixin, BaseEstimator):
    """A classifier that says labels and nothing else."""

    def fit(self, X, y):
        raise AssertionError("trained")


LEARNERS = {
    "linear": after_scaler(recorded(LogisticRegression)),
    "forest": recorded(RandomForestClassifier, 5, random_state=0),
    "net": classifier_net(),
    "scaled net": after_scaler(classifier_net()),
    "encoder": encoder(),
    "scaled encoder": after_scaler(encoder()),
    "ridge": after_scaler(recorded(Ridge)),
    "neighbours": after_scaler(recorded(KNeighborsClassifier)),
    "mean of neighbours": after_scaler(recorded(KNeighborsRegressor)),
    "regression": recorded(LinearRegression),
    "clusters": KMeans(),
    "nothing": (),
    "step": after_scaler(recorded(StandardScaler)),
    "without probabilities": Perceptron(),
    "labels": Labeller(),
    "scaled labels": after_scaler(Labeller()),
    "unfitted, frozen": FrozenEstimator(RandomForestClassifier()),
}
# Of each estimator: its old model, and learners of every kind that it takes.
SUBJECTS = {
    "PCClassifier": ("pipeline", ["linear", "forest", "net", "scaled net"]),
    "FlipControlledClassifier": ("pipeline", ["linear", "forest"]),
    "CompatibleEmbedder": ("pca", ["encoder", "scaled encoder", "ridge", "linear"]),
}
CLASSIFIERS = ["PCClassifier", "FlipControlledClassifier"]
NETS = [
    ("PCClassifier", "net", "scaled net"),
    ("CompatibleEmbedder", "encoder", "scaled encoder"),
]


@pytest.fixture(autouse=True)
def nothing_started():
    started.clear()


@pytest.fixture
def old(wine, name):
    """A fitted old model for the estimator."""
    return REPLACEMENTS[name].old(SUBJECTS[name][0], *wine)


@pytest.fixture
def good(wine, name, old):
    """Arguments of a fit that works."""
    (X, y), replacement = wine, REPLACEMENTS[name]
    arguments = {
        "X": X,
        "y": y,
        replacement.stored: replacement.answer(old, X),
        "old_model": None if replacement.stored_alone else old,
        "sample_weight": np.ones(len(y)),
    }
    if name in CLASSIFIERS:
        arguments["critical"] = np.zeros(len(y), dtype=bool)
    return arguments


def new(name, learner=None, **params):
    """The estimator as it comes, but for its learner."""
    estimator = LEARNERS.get(learner)
    return REPLACEMENTS[name].kind(estimator=estimator, **params)


def replaced(values, position, value):
    values = np.array(values, dtype=np.float64)
    values[position] = value
    return values


@pytest.mark.parametrize(
    ("name", "learner"), [(n, ln) for n, (_, lns) in SUBJECTS.items() for ln in lns]
)
def test_without_a_fault_training_starts(name, good, learner):
    new(name, learner, **REPLACEMENTS[name].params).fit(
        **{**good, "X": good["X"].copy()}
    )
    assert started


# Arguments of fit. Each row is a fault: the argument, what is done to one that works,
# and what the ValueError must name; STORED is the name of stored answers.

OF_EVERY_ESTIMATOR = [
    ("y", lambda y: y[:-1], "y has 177 rows, X has 178"),
    ("y", lambda y: replaced(y, 3, np.nan), "y contains NaN"),
    ("y", lambda y: replaced(y, 3, np.inf), "y contains infinity"),
    ("y", lambda y: y + 0.5, "continuous"),
    ("y", lambda y: np.where(y, y.astype(str), None), "y holds NaN, None or pd.NA"),
    ("STORED", lambda old: old[:-1], "STORED has 177 rows, X has 178"),
    ("STORED", lambda old: old[:1], "STORED has 1 rows, X has 178"),
    ("STORED", lambda old: 0.5, "STORED must have one entry for each of 178 rows"),
    ("STORED", lambda old: old.astype(str), "STORED must hold numbers"),
    ("sample_weight", lambda w: w[:-1], "sample_weight has 177 rows, X has 178"),
    ("sample_weight", lambda w: 2.0, "sample_weight must have one entry for each of"),
    ("sample_weight", lambda w: replaced(w, 0, -1), "sample_weight"),
    ("sample_weight", lambda w: replaced(w, 0, np.nan), "sample_weight contains NaN"),
]
ONE_WEIGHT = "critical must be one bool or one finite weight >= 0"
NOT_LABELS = "one-dimensional old_proba holds .*labels"
OF_CLASSIFIERS = [
    ("old_proba", lambda old: old - 0.25, "negative values, down to -0.2"),
    ("old_proba", lambda old: np.full((178, 3), np.nan), "old_proba contains NaN"),
    ("old_proba", lambda old: np.full((178, 3), 0.5), "old_proba must sum to 1; row 0"),
    ("old_proba", lambda old: np.full((178, 4), 0.25), "4 columns but y has 3 classes"),
    ("old_proba", lambda old: np.full((178, 2), 0.5), "2 columns but y has 3 classes"),
    ("old_proba", lambda old: old[:, :, None], r"\(n, n_classes\), got \(\d+, 3, 1\)"),
    (
        "old_proba",
        lambda old: old.argmax(axis=1).astype(str),
        "old_proba holds strings",
    ),
    ("old_proba", lambda old: pd.DataFrame(old, columns=[*"abc"]), "y holds numbers"),
    # Its exact zeros and ones look like labels.
    ("old_proba", lambda old: np.round(old[:, 1], 1), NOT_LABELS),
    ("old_proba", lambda old: old.argmax(axis=1) * np.nan, NOT_LABELS),
    (
        "old_proba",
        lambda old: old.argmax(axis=1) + 7,
        r"share no class: old_proba holds the labels \[7, 8, 9\], y has \[0, 1, 2\]",
    ),
    (
        "old_proba",
        lambda old: pd.DataFrame(old, columns=[7, 8, 9]),
        r"share no class: \[7, 8, 9\] and \[0, 1, 2\]",
    ),
    ("y", lambda y: None, "requires y to be passed, but the target y is None"),
    ("critical", lambda rows: rows[:-1], "critical has 177 rows, X has 178"),
    ("critical", lambda rows: True, "critical must have one entry for each of 178"),
    ("critical", lambda rows: replaced(rows, 0, -1), ONE_WEIGHT),
    ("critical", lambda rows: replaced(rows, 0, np.nan), ONE_WEIGHT),
    ("critical", lambda rows: np.full(178, "yes"), ONE_WEIGHT),
    ("critical", lambda rows: np.ones((178, 2)), ONE_WEIGHT),
]
# Where the old model's answers on every row are used, one row is enough.
OF_CLASSIFIERS_OF_EVERY_ROW = [
    ("old_proba", lambda old: replaced(old, (5, 1), np.nan), "old_proba contains NaN"),
    ("old_proba", lambda old: replaced(old, 7, 0.5), "sum to 1; row 7 sums to 1.5"),
    ("old_proba", lambda old: replaced(old.argmax(axis=1), 0, np.nan), NOT_LABELS),
]
FOUND_USELESS = "old_embeddings contains (NaN|infinity)"
OF_EMBEDDERS = [
    ("old_embeddings", lambda old: old[:, 0], r"shape \(n, dim\), got \(178,\)"),
    ("old_embeddings", lambda old: old[:, :, None], r"\(n, dim\), got \(178, 4, 1\)"),
    ("old_embeddings", lambda old: old[:, :0], r"\(n, dim\), got \(178, 0\)"),
    ("old_embeddings", lambda old: replaced(old, 5, np.nan), FOUND_USELESS),
    ("old_embeddings", lambda old: replaced(old, 5, np.inf), FOUND_USELESS),
    ("old_embeddings", lambda old: replaced(old, 7, 0), "old_embeddings: row 7 is 0"),
    ("y", lambda y: np.column_stack([y, y]), "1d array"),
    ("y", lambda y: np.zeros(178), "rows of two classes or more, got 1 class"),
    (
        "y",
        lambda y: None,
        "y is None: Focal learns from labels. 'l2' and 'contrastive'",
    ),
]


def with_every_learner(faults_of):
    """Each fault of an estimator, with each learner that it takes."""
    return [
        pytest.param(name, learner, *fault, id=f"{name}-{learner}-{fault[-1]}")
        for name, (_, learners) in SUBJECTS.items()
        for fault in faults_of(name)
        for learner in learners
    ]


def faults_of_arguments(name):
    own = OF_CLASSIFIERS if name in CLASSIFIERS else OF_EMBEDDERS
    by_row = OF_CLASSIFIERS_OF_EVERY_ROW if name == "PCClassifier" else []
    return OF_EVERY_ESTIMATOR + own + by_row


@pytest.mark.parametrize(
    ("name", "learner", "argument", "change", "message"),
    with_every_learner(faults_of_arguments),
)
def test_bad_argument_of_fit(name, good, learner, argument, change, message):
    stored = REPLACEMENTS[name].stored
    argument, message = (text.replace("STORED", stored) for text in (argument, message))
    with pytest.raises(ValueError, match=message):
        new(name, learner).fit(**{**good, argument: change(good[argument])})
    assert started == []


@pytest.mark.parametrize(
    ("name", "left_out", "message"),
    [
        ("PCClassifier", ["old_proba"], "critical needs an old model: old_model= or"),
        (
            "FlipControlledClassifier",
            ["old_model"],
            "old_proba needs the old model too",
        ),
        (
            "FlipControlledClassifier",
            ["old_model", "old_proba"],
            "critical needs the old model too",
        ),
        (
            "CompatibleEmbedder",
            ["y", "old_embeddings"],
            "y is None: without old embeddings there is nothing else to learn from",
        ),
    ],
)
def test_what_arguments_are_nothing_without(name, good, left_out, message):
    for learner in SUBJECTS[name][1]:
        with pytest.raises(ValueError, match=message):
            new(name, learner).fit(**{**good, **dict.fromkeys(left_out)})
    assert started == []


# Old models. Each row makes one of a good one and the rows, and has the error.


class WithoutAnswers:
    """Neither a method that answers nor a call."""


def saying(answer):
    """Make an old model that answers every row alike."""

    def answers(rows):
        return np.tile(answer, (len(rows), *[1] * np.ndim(answer)))

    return lambda old, X, y: answers


def on(change_X, change_y):
    """Make the old model anew, of other rows and labels."""
    return lambda old, X, y: clone(old).fit(change_X(X), change_y(y))


def same(values):
    return values


NO_OLD_MODEL_OF_ANY = [
    (
        lambda old, X, y: clone(old),
        NotFittedError,
        r"(Pipeline|PCA) is not fitted. `clone`.*ReferenceModel\(fitted_model\)",
    ),
    (
        lambda old, X, y: ReferenceModel(LogisticRegression()),
        NotFittedError,
        "LogisticRegression is not fitted. `clone`",
    ),
    (lambda old, X, y: WithoutAnswers(), TypeError, "WithoutAnswers .* not callable"),
    (lambda old, X, y: 3, TypeError, "type int cannot be used"),
    (lambda old, X, y: "model.pkl", TypeError, "'model.pkl'; load the model"),
    (lambda old, X, y: PCA, TypeError, "got the class PCA"),
    (
        on(lambda X: X[:, :5], same),
        ValueError,
        r"X has 13 features.*(Pipeline|PCA) was fitted on 5.*STORED=",
    ),
]
OF_ANOTHER_KIND = (
    "old_model holds strings, y holds numbers. .*"
    r"ReferenceModel\(old_model, classes=\[...\]\)"
)
NO_OLD_CLASSIFIER = [
    (lambda old, X, y: StandardScaler().fit(X), TypeError, "Scaler has no predict"),
    (on(same, lambda y: y.astype(str)), ValueError, OF_ANOTHER_KIND),
    (
        on(same, lambda y: y + 7),
        ValueError,
        r"share no class: \[7, 8, 9\] and \[0, 1, 2\]",
    ),
    (saying(7), ValueError, r"share no class: .*\[7\](, y has| and) \[0, 1, 2\]"),
    (saying("a"), ValueError, OF_ANOTHER_KIND),
    (
        lambda old, X, y: ReferenceModel(old.predict_proba),
        ValueError,
        r"classes=\[...\]",
    ),
    (
        lambda old, X, y: ReferenceModel(
            lambda X: -np.ones((len(X), 3)), classes=range(3)
        ),
        ValueError,
        "negative",
    ),
]
NO_OLD_EMBEDDER = [
    (
        lambda old, X, y: CompatibleEmbedder(),
        NotFittedError,
        "CompatibleEmbedder is not fitted. `clone`",
    ),
    (lambda old, X, y: Ridge().fit(X, y), TypeError, "Ridge has no transform"),
    (saying(0.0), ValueError, r"must be 2-D numbers, got shape \(178,\)"),
    (saying([np.nan] * 3), ValueError, "embeddings of .* contain NaN"),
    (saying([0.0] * 3), ValueError, "The old model's embeddings: row 0 is 0"),
    (lambda old, X, y: lambda rows: np.ones((len(rows) - 1, 3)), ValueError, "177"),
]


def faults_of_old_models(name):
    own = NO_OLD_CLASSIFIER if name in CLASSIFIERS else NO_OLD_EMBEDDER
    return NO_OLD_MODEL_OF_ANY + own


@pytest.mark.parametrize("door", ["constructor", "fit"])
@pytest.mark.parametrize(
    ("name", "learner", "make", "error", "message"),
    with_every_learner(faults_of_old_models),
)
def test_bad_old_model(wine, name, old, door, learner, make, error, message):
    X, y = wine
    message = message.replace("STORED", REPLACEMENTS[name].stored)
    bad = {"old_model": make(old, X, y)}
    by_constructor, by_fit = (bad, {}) if door == "constructor" else ({}, bad)
    with pytest.raises(error, match=message):
        new(name, learner, **by_constructor).fit(X, y, **by_fit)
    assert started == []


@pytest.mark.parametrize("name", SUBJECTS)
def test_other_column_names(wine, name, old):
    X, y = wine
    stored, learner = REPLACEMENTS[name].stored, SUBJECTS[name][1][-1]
    table = pd.DataFrame(X, columns=[f"column {i}" for i in range(13)])
    model = new(name, learner, old_model=clone(old).fit(table, y))
    with pytest.raises(
        ValueError, match=rf"missing 'column 12' and unknown 'other'.*{stored}="
    ):
        model.fit(table.rename(columns={"column 12": "other"}), y)
    with pytest.raises(ValueError, match="they come in another order"):
        model.fit(table.iloc[:, ::-1], y)
    assert started == []


# Parameters of estimators: the learner, the parameters, and what the error must name


ONLY_A_NETWORK = "matches logits, which only a network can do"
NO_LOSS_FOR_IT = "is a loss that only a network can be trained on. For a regressor use"
BAD_VALUES = {
    "PCClassifier": [
        ("linear", {"method": "vocal"}, "method 'vocal'; known are conditional"),
        ("linear", {"random_state": "a"}, "random_state must be an int from 0 to"),
        ("forest", {"random_state": -1}, "random_state must be an int from 0 to"),
        ("net", {"random_state": 1.5}, "random_state must be an int from 0 to"),
        ("linear", {"verbose": "much"}, "verbose must be a whole number from 0 on"),
        ("forest", {"verbose": -1}, "verbose must be a whole number from 0 on"),
        ("forest", {"method": "focal_lm"}, f"focal_lm {ONLY_A_NETWORK}"),
        ("linear", {"method": FocalLM(strength=0.1)}, f"focal_lm {ONLY_A_NETWORK}"),
        ("forest", {"method": "ldi"}, f"The method {ONLY_A_NETWORK}"),
        ("linear", {"method": "elodi"}, f"The method {ONLY_A_NETWORK}"),
        ("linear", {"method": "conditional"}, "conditional looks at .* model's loss"),
        ("forest", {"method": "muscle"}, "muscle looks at the new model's mistakes"),
        ("linear", {"method": ELODI(n_teachers=0.5)}, "ELODI: n_teachers must be a"),
        ("forest", {"method": Distill(temperature=4)}, r"ture=4\) needs a network"),
        ("linear", {"method": FocalKL(temperature=9)}, r"ture=9\) needs a network"),
    ],
    "FlipControlledClassifier": [
        ("linear", {"max_nfr": 1.0}, r"max_nfr must be a number in \[0, 1\), got 1.0"),
        ("linear", {"max_nfr": -0.1}, "max_nfr"),
        ("linear", {"max_nfr": np.nan}, "max_nfr"),
        (
            "linear",
            {"max_nfr": "few"},
            r"max_nfr must be a number in \[0, 1\), got 'few'",
        ),
        (
            "linear",
            {"max_nfr": True},
            r"max_nfr must be a number in \[0, 1\), got True",
        ),
        (
            "linear",
            {"max_nfr": None},
            r"max_nfr must be a number in \[0, 1\), got None",
        ),
        (
            "linear",
            {"max_nfr": np.full(2, 0.1)},
            r"max_nfr must be a number in \[0, 1\), got",
        ),
        ("linear", {"max_critical_nfr": 2}, "max_critical_nfr"),
        (
            "linear",
            {"confidence": "high"},
            r"confidence must be a number in \(0, 1\), got",
        ),
        ("linear", {"route": ["mixing"]}, "route must be one of"),
        (
            "linear",
            {"temperature_scaling": "no"},
            "temperature_scaling must be True or",
        ),
        ("linear", {"strict": 1}, "strict must be True or False"),
        ("linear", {"calibration": True}, "calibration"),
        ("linear", {"calibration": "a"}, "Got a"),
        ("linear", {"calibration": [([0, 1], [500])]}, "speaks of row 500, X has 178"),
        ("linear", {"calibration": [(["a"], ["b"])]}, "must yield pairs of positions"),
        ("linear", {"calibration": [([], [0, 1])]}, "must leave rows to train on"),
        ("linear", {"calibration": []}, "must leave rows to train on"),
        ("linear", {"random_state": "a"}, "random_state must be an int from 0 to"),
        ("linear", {"guarantee": "certain"}, "guarantee must be one of"),
        ("linear", {"route": "detour"}, "route must be one of"),
        ("linear", {"within_budget": "nearest"}, "within_budget must be one of"),
        ("linear", {"confidence": 1.0}, "confidence"),
        ("linear", {"calibration": 0.0}, "calibration"),
        ("linear", {"calibration": 1.5}, "calibration"),
        ("linear", {"calibration": 1}, "calibration"),
        ("unfitted, frozen", {}, "This RandomForestClassifier instance is not fitted"),
    ],
    "CompatibleEmbedder": [
        ("encoder", {"method": "vocal"}, "Unknown method 'vocal'; known are bct, bt2"),
        (
            "scaled encoder",
            {"method": Focal(pull=-1)},
            "Focal: pull must be a number in",
        ),
        ("encoder", {"embedding_dim": 0}, "must be an integer >= 1, got 0"),
        ("scaled encoder", {"embedding_dim": 2.5}, "must be an integer >= 1, got 2.5"),
        ("linear", {"embedding_dim": "wide"}, "must be an integer >= 1, got 'wide'"),
        ("ridge", {"embedding_dim": 9}, "9, but Ridge learns vectors .* of width 4"),
        ("linear", {"embedding_dim": 3}, "3, but LogisticRegression learns .* width 4"),
        (
            "scaled encoder",
            {"method": BT2(extra_dims=6), "embedding_dim": 6},
            "BT2: embedding_dim is 6, but of that 6 are extra_dims",
        ),
        (
            "scaled encoder",
            {"method": Simplex(n_classes=9), "embedding_dim": 6},
            r"Simplex\(n_classes=9\) has width 8, but the embedding_dim is 6",
        ),
        ("scaled encoder", {"method": Simplex(n_classes=2)}, "no vertex left for 3"),
        (
            "scaled encoder",
            {"method": BCT(head=np.ones((2, 4)))},
            "there are 3 classes",
        ),
        ("linear", {"method": BCT(head=np.ones((3, 5)))}, "old space has 4 dimensions"),
        (
            "scaled encoder",
            {"method": BCT(head="old")},
            "'old' needs an old model that",
        ),
        *(
            (learner, {"method": method}, NO_LOSS_FOR_IT)
            for method in ("lce", "contrastive", "simplex", "bt2")
            for learner in ("ridge", "linear")
        ),
        ("ridge", {"method": "bct"}, "BCT is a loss that only a network"),
        ("linear", {"method": "l2"}, "L2 is a loss that only a network"),
    ],
}
A_CLASSIFIER = "estimator must be a classifier, .* got"
A_NET_OR_MORE = "estimator must be a skorch net, a regressor .* got"
BAD_KINDS = {
    "PCClassifier": [
        ("linear", {"method": 3}, "method must be a name or a Congruence, got int"),
        (
            "neighbours",
            {},
            "KNeighborsClassifier.fit takes no sample_weight.*FlipControlledClassifier",
        ),
        ("regression", {}, f"{A_CLASSIFIER} LinearRegression"),
        ("clusters", {}, f"{A_CLASSIFIER} KMeans"),
        ("step", {}, f"{A_CLASSIFIER} StandardScaler"),
    ],
    "FlipControlledClassifier": [
        ("regression", {}, "must be a classifier"),
        ("labels", {}, "neither predict_proba nor decision_function"),
        ("scaled labels", {}, "Labeller has neither"),
    ],
    "CompatibleEmbedder": [
        ("encoder", {"method": 3}, "must be a name or a Compatibility, got int"),
        ("clusters", {}, f"{A_NET_OR_MORE} KMeans"),
        ("step", {}, f"{A_NET_OR_MORE} StandardScaler"),
        ("nothing", {}, f"{A_NET_OR_MORE} tuple"),
        ("without probabilities", {}, "with predict_proba.* got Perceptron"),
    ],
}


@pytest.mark.parametrize(
    ("name", "learner", "params", "error", "message"),
    [
        (name, learner, params, error, message)
        for table, error in ((BAD_VALUES, ValueError), (BAD_KINDS, TypeError))
        for name, rows in table.items()
        for learner, params, message in rows
    ],
)
def test_bad_parameter(wine, name, old, learner, params, error, message):
    with pytest.raises(error, match=message):
        new(name, learner, old_model=old, **params).fit(*wine)
    assert started == []


# Learners that have needs of their own


@pytest.mark.parametrize(
    ("name", "learner", "may_learn"),
    [
        ("PCClassifier", "neighbours", {"method": "none"}),
        ("PCClassifier", "neighbours", {"old_model": None}),
        ("FlipControlledClassifier", "neighbours", {"max_nfr": 0.1}),
        ("CompatibleEmbedder", "mean of neighbours", {}),
    ],
)
def test_weights_for_a_learner_that_takes_none(wine, name, old, learner, may_learn):
    X, y = wine
    model = new(name, learner, **{"old_model": old, **may_learn})
    with pytest.raises(TypeError, match=r"KNeighbors\w+\.fit takes no sample_weight"):
        model.fit(X, y, sample_weight=y + 1.0)
    assert started == []
    answers = REPLACEMENTS[name].answer(model.fit(X, y), X)
    assert answers.shape == (178, 3 if name in CLASSIFIERS else 4)
    if name == "PCClassifier":
        plain = clone(LEARNERS["neighbours"]).fit(X, y)
        np.testing.assert_array_equal(answers, plain.predict_proba(X))


@pytest.mark.parametrize(("name", "net", "behind_a_step"), NETS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_net_refuses_nan_and_infinity(wine, name, good, net, behind_a_step, bad):
    X, y = wine
    stored = good[REPLACEMENTS[name].stored]
    classes = [0, 1, 2] if name in CLASSIFIERS else None
    old = ReferenceModel(lambda rows: stored[: len(rows)], classes=classes)
    for learner in (None, net):
        with pytest.raises(ValueError, match=r"X contains (NaN|infinity)"):
            new(name, learner, old_model=old).fit(replaced(X, (2, 4), bad), y)
    assert started == []
    # A step that lets NaN through is trained before it can be seen.
    if np.isnan(bad):
        with pytest.raises(ValueError, match="X contains NaN"):
            new(name, behind_a_step).fit(replaced(X, (2, 4), bad), y)
        assert set(started) <= {"StandardScaler"}


def test_trees_may_have_nan(wine):
    X, y = wine
    X = replaced(X, (slice(None, None, 3), 3), np.nan)
    old = HistGradientBoostingClassifier(max_iter=2, max_leaf_nodes=3).fit(X, y)
    learner = HistGradientBoostingClassifier(max_iter=5)
    assert PCClassifier(learner, old_model=old).fit(X, y).score(X, y) > 0.9


@pytest.mark.parametrize("learner", [None, "net", "scaled net"])
def test_net_refuses_a_single_class(wine, learner):
    X, y = wine
    with pytest.raises(ValueError, match="rows of two classes or more, got 1 class"):
        new("PCClassifier", learner).fit(X, np.zeros_like(y))
    assert started == []


def test_flip_control_of_rows_with_nan(wine):
    X, y = wine
    old = REPLACEMENTS["FlipControlledClassifier"].old("pipeline", X, y)
    model = new("FlipControlledClassifier", "forest", old_model=old)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(replaced(X, (slice(None), 0), np.nan), y)
    assert started == []


def test_method_without_a_divergence(wine, old_model):
    class Unfinished(Congruence):
        def old_weight(self, old_right):
            return np.ones(len(old_right))

    model = new("PCClassifier", "scaled net", old_model=old_model, method=Unfinished())
    with pytest.raises(NotImplementedError, match="Unfinished defines no divergence"):
        model.fit(*wine)


# Fitted and unfitted estimators


ASKED = {
    "PCClassifier": ["predict", "predict_proba"],
    "FlipControlledClassifier": ["predict", "predict_proba"],
    "CompatibleEmbedder": ["transform", "old_view"],
}


@pytest.mark.parametrize(
    ("name", "learner"), [(n, ln) for n, (_, lns) in SUBJECTS.items() for ln in lns]
)
def test_fitted_estimator_refuses_other_columns(wine, name, learner):
    X, y = wine
    model = new(name, learner).fit(X.copy(), y)
    for ask in set(ASKED[name]) - {"old_view"}:
        with pytest.raises(ValueError, match=r"12 features, but .* expecting 13"):
            getattr(model, ask)(X[:, 1:])


@pytest.mark.parametrize(
    ("name", "ask"), [(name, ask) for name, asks in ASKED.items() for ask in asks]
)
def test_unfitted_estimator(name, ask):
    with pytest.raises(NotFittedError, match=f"{name} instance is not fitted"):
        getattr(new(name, "forest"), ask)([[1.0]])


# Old embedders and their vectors


@pytest.fixture(scope="module")
def old_embedder(wine):
    learner = make_pipeline(StandardScaler(), embedding_net((8,), max_epochs=3))
    return CompatibleEmbedder(learner, embedding_dim=4, random_state=0).fit(*wine)


NOT_USED = [{"method": "independent"}, {"method": Simplex(n_classes=5)}]


@pytest.mark.parametrize("params", NOT_USED, ids=repr)
def test_old_embeddings_that_are_not_used_are_looked_at(wine, params):
    X, y = wine
    model = new("CompatibleEmbedder", "encoder", **params)
    with pytest.raises(ValueError, match="old_embeddings has 177 rows, X has 178"):
        model.fit(X, y, old_embeddings=X[:-1])
    with pytest.raises(NotFittedError, match="PCA is not fitted"):
        model.fit(X, y, old_model=PCA())
    assert started == []


@pytest.mark.parametrize("method", ["focal", "independent"])
def test_vectors_of_another_width_than_the_old_models(wine, old_embedder, method):
    X, y = wine
    model = new("CompatibleEmbedder", "scaled encoder", method=method)
    with pytest.raises(
        ValueError, match=r"old_embeddings has width 13, but .* have width 4"
    ):
        model.fit(X, y, old_model=old_embedder, old_embeddings=X)
    assert started == []


@pytest.mark.parametrize("learner", ["scaled encoder", "ridge"])
def test_labels_of_another_kind_than_the_old_models(wine, old_embedder, learner):
    X, y = wine
    model = new("CompatibleEmbedder", learner, old_model=old_embedder)
    with pytest.raises(ValueError, match="old_model holds numbers, y holds strings"):
        model.fit(X, y.astype(str))
    assert started == []


def test_simplex_beside_an_old_space_of_another_width(wine, old_embedder):
    model = new("CompatibleEmbedder", "scaled encoder", method=Simplex(n_classes=9))
    with pytest.raises(ValueError, match="has width 8, but the old width is 4"):
        model.fit(*wine, old_model=old_embedder)
    assert started == []


# Scorers and budgets


@pytest.mark.parametrize("max_nfr", [-0.01, 1, 1.5, np.nan, np.inf])
def test_budget_outside_its_range(max_nfr):
    with pytest.raises(ValueError, match=r"max_nfr must be a number in \[0, 1\), got"):
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


def test_a_refused_argument_comes_back_from_another_process():
    with pytest.raises(ValueError, match="max_nfr") as caught:
        BestUnderBudget(max_nfr=2)
    error = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(error, TypeError)
    assert str(error) == str(caught.value)
