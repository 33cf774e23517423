"""Fit parameters reach the learner, groups the splitter, with routing on and off."""

import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_classification
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    HalvingGridSearchCV,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_graceful import FlipControlledClassifier, PCClassifier, ReferenceModel
from sklearn_graceful.congruence import Match, NoCongruence
from sklearn_graceful.nn import mlp_net
from tests.training.boosters import booster

X, y = make_classification(
    500, 6, n_informative=3, flip_y=0.2, n_classes=2, random_state=0
)
A, b, X_VALID, Y_VALID = X[:400], y[:400], X[400:], y[400:]
OLD = LogisticRegression().fit(X[:60], y[:60])
GROUPS = np.arange(400) // 10
MANY = 300


def stopping(name):
    """A booster that stops early, with what its fit must be given."""
    eval_set = {"eval_set": [(X_VALID, Y_VALID)]}
    if name == "lightgbm":
        lightgbm = pytest.importorskip("lightgbm")
        callbacks = [lightgbm.early_stopping(5, verbose=False)]
        return booster(name, n_estimators=MANY), eval_set | {"callbacks": callbacks}
    if name == "xgboost":
        learner = booster(name, n_estimators=MANY, early_stopping_rounds=5)
        return learner, eval_set | {"verbose": False}
    if name == "catboost":
        learner = booster(name, iterations=MANY, learning_rate=0.3)
        return learner, eval_set | {"early_stopping_rounds": 5}
    few = {"max_leaf_nodes": 4, "learning_rate": 0.3, "n_iter_no_change": 5}
    learner = booster(name, max_iter=MANY, early_stopping=True, **few)
    return learner, {"X_val": X_VALID, "y_val": Y_VALID}


def n_trees(name, fitted):
    return {
        "hist": lambda: fitted.n_iter_,
        "lightgbm": lambda: fitted.best_iteration_,
        "xgboost": lambda: fitted.best_iteration + 1,
        "catboost": lambda: fitted.tree_count_,
    }[name]()


every_booster = pytest.mark.parametrize(
    "name", ["hist", "lightgbm", "xgboost", "catboost"]
)


@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")
@every_booster
class TestEarlyStopping:
    @pytest.mark.parametrize("method", ["naive", "distill", Match(n_synthetic=1)])
    def test_against_an_old_model(self, name, method):
        learner, params = stopping(name)
        model = PCClassifier(learner, old_model=OLD, method=method, random_state=0)
        model.fit(A, b, **params)
        assert n_trees(name, model.estimator_) < MANY / 2
        assert model.score(X_VALID, Y_VALID) > 0.7

    def test_a_plain_fit_is_the_learners_own(self, name):
        learner, params = stopping(name)
        model = PCClassifier(learner, method="none", random_state=0)
        proba = model.fit(A, b, **params).predict_proba(X_VALID)
        learner, params = stopping(name)
        own = learner.fit(A, b, **params)
        np.testing.assert_array_equal(proba, own.predict_proba(X_VALID))

    def test_it_stops_where_the_rows_say(self, name):
        """Neither before nor after the least log-loss on them, but for its patience."""
        learner, params = stopping(name)
        new = PCClassifier(learner, old_model=OLD, method="distill", random_state=0)
        fitted, found = new.fit(A, b, **params).estimator_, {}
        n = n_trees(name, fitted)
        for steps in {n, max(n - 10, 1)}:
            sized = {"iterations" if name == "catboost" else "n_estimators": steps}
            if name == "hist":
                sized = {"max_iter": steps, "early_stopping": False}
            if name == "xgboost":
                sized["early_stopping_rounds"] = None
            again = clone(new)
            again.estimator.set_params(**sized)
            kept = {"eval_set": params["eval_set"]} if "eval_set" in params else {}
            proba = again.fit(A, b, **kept).predict_proba(X_VALID)
            found[steps] = log_loss(Y_VALID, proba)
        assert found[n] <= min(found.values()) + 0.005

    def test_in_a_pipeline_by_the_plain_name(self, name):
        learner, params = stopping(name)
        scaled = make_pipeline(FunctionTransformer(), learner)
        new = PCClassifier(scaled, old_model=OLD, method="naive", random_state=0)
        fitted = new.fit(A, b, **params).estimator_[-1]
        assert n_trees(name, fitted) < MANY / 2

    def test_of_a_controlled_classifier(self, name):
        learner, params = stopping(name)
        model = FlipControlledClassifier(
            learner, old_model=OLD, max_nfr=0.1, random_state=0
        )
        assert n_trees(name, model.fit(A, b, **params).estimator_) < MANY / 2


@pytest.mark.parametrize("kind", [PCClassifier, FlipControlledClassifier])
@pytest.mark.parametrize(
    ("name", "parameter"),
    [("lightgbm", "early_stopping_round"), ("xgboost", "early_stopping_rounds")],
)
def test_no_rows_to_stop_by(kind, name, parameter):
    learner = booster(name, **{parameter: 5})
    with pytest.raises(ValueError, match=rf"{parameter}=5\) stops by .* eval_set="):
        kind(learner, old_model=OLD).fit(A, b)


class Recorder(ClassifierMixin, BaseEstimator):
    """Remembers what its fit was given; guesses the first class."""

    seen = []

    def fit(self, X, y, sample_weight=None, by_row=None, whole=None):
        self.classes_, self.n_features_in_ = np.unique(y), X.shape[1]
        Recorder.seen.append({"rows": X[:, 0], "by_row": by_row, "whole": whole})
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])

    def predict_proba(self, X):
        return np.tile([0.6, 0.4], (len(X), 1))


@pytest.fixture
def numbered():
    """Rows whose first feature is their number."""
    Recorder.seen.clear()
    return np.column_stack([np.arange(400.0), A[:, 1:]])


def test_what_goes_by_row_is_sliced_with_the_rows(numbered):
    old = LogisticRegression(max_iter=2000).fit(numbered, b)
    new = FlipControlledClassifier(
        Recorder(), old_model=old, calibration=2, max_nfr=0.1, random_state=0
    )
    new.fit(numbered, b, by_row=np.arange(400) * 2, whole="word")
    *folds, last = Recorder.seen
    assert [len(fold["rows"]) for fold in folds] == [200, 200]
    assert len(last["rows"]) == 400
    for given in Recorder.seen:
        np.testing.assert_array_equal(given["by_row"], 2 * given["rows"])
        assert given["whole"] == "word"


@pytest.mark.filterwarnings("ignore:The old model is right on")
def test_what_goes_by_row_needs_a_plain_fit(numbered):
    by_row = np.arange(400)
    for method in ("naive", Match(), "focal"):
        new = PCClassifier(Recorder(), old_model=OLD, method=method)
        with pytest.raises(
            ValueError, match="by_row has one entry for each of the 400"
        ):
            new.fit(numbered, b, by_row=by_row)
    assert not Recorder.seen
    for plain in (PCClassifier(Recorder()), new.set_params(method="none")):
        plain.fit(numbered, b, by_row=by_row)
        assert Recorder.seen[-1]["by_row"] is by_row


@pytest.mark.parametrize("kind", [PCClassifier, FlipControlledClassifier])
@pytest.mark.parametrize(
    ("learner", "message"),
    [
        (Recorder(), "Recorder.fit takes no eval_set"),
        (make_pipeline(StandardScaler(), Recorder()), "Recorder.fit takes no eval_set"),
        (mlp_net(), "a network, whose fit takes nothing further, got eval_set"),
    ],
)
def test_a_learner_that_takes_no_such_thing(numbered, kind, learner, message):
    with pytest.raises(TypeError, match=message):
        kind(learner, old_model=OLD).fit(numbered, b, eval_set=[(A, b)])
    assert not Recorder.seen


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


class TestRouting:
    def test_requested_by_the_learner(self, routing, numbered):
        learner = Recorder().set_fit_request(whole=True, by_row="aliased")
        new = PCClassifier(learner, old_model=OLD, method="none")
        params = {"whole": "word", "aliased": np.arange(400) * 2}
        cross_validate(new, numbered, b, cv=2, params=params, error_score="raise")
        for given in Recorder.seen:
            np.testing.assert_array_equal(given["by_row"], 2 * given["rows"])
            assert given["whole"] == "word"

    def test_nothing_is_passed_on_that_nobody_asked_for(self, routing, numbered):
        new = PCClassifier(Recorder())
        with pytest.raises(UnsetMetadataPassedError, match=r"\[whole\] are passed"):
            new.fit(numbered, b, whole="word")
        with pytest.raises(TypeError, match="unexpected argument"):
            new.fit(numbered, b, another="word")

    @pytest.mark.parametrize("asks", [True, False, "weight"])
    def test_weights_are_asked_for_by_either(self, routing, asks):
        """The estimator and its learner are as one about them."""
        weight = np.random.default_rng(0).uniform(0.1, 5, 400)
        own = PCClassifier(LogisticRegression()).set_fit_request(sample_weight=asks)
        inner = PCClassifier(LogisticRegression().set_fit_request(sample_weight=asks))
        used = {"sample_weight": weight} if asks is not False else {}
        params = {"weight" if asks == "weight" else "sample_weight": weight}
        expected = PCClassifier(LogisticRegression()).fit(A, b, **used)
        for model in (own, inner):
            if asks is False:  # somebody else asks
                model = make_pipeline(FunctionTransformer(), model)
                with pytest.raises(TypeError, match="unexpected argument"):
                    model.fit(A, b, **params)
                continue
            grid = GridSearchCV(model, {"random_state": [0]}, cv=2, scoring=zero)
            found = grid.fit(A, b, **params).best_estimator_
            np.testing.assert_array_equal(
                found.predict_proba(A), expected.predict_proba(A)
            )


def zero(estimator, X, y):
    return 0.0


# All that goes by row arrives with its row, whoever fits.


class Aligned(NoCongruence):
    """Checks that what it trains with belongs to its rows, then trains plainly."""

    seen = []

    def train(self, training):
        number = training.X[:, 0]
        if training.old_proba is not None:
            np.testing.assert_allclose(training.old_proba[:, 1], number / 400)
            Aligned.seen.append("old_proba")
        if training.critical is not None:
            np.testing.assert_allclose(training.critical, number % 7)
            Aligned.seen.append("critical")
        if training.sample_weight is not None:
            np.testing.assert_allclose(training.sample_weight, number + 1)
            Aligned.seen.append("sample_weight")
        Aligned.seen += ["old_model"] * (training.reference is not None)
        return super().train(training)


NUMBERS = np.arange(400.0)
BY_ROW = {
    "old_proba": np.column_stack([1 - NUMBERS / 400, NUMBERS / 400]),
    "critical": NUMBERS % 7,
    "sample_weight": NUMBERS + 1,
    "old_model": ReferenceModel(lambda X: np.where(X[:, 1] > 0, 1, 0), classes=[0, 1]),
}
HOSTS = {
    "search": lambda m: GridSearchCV(m, {"random_state": [0]}, cv=2, scoring=zero),
    "halving": lambda m: HalvingGridSearchCV(
        m, {"random_state": [0]}, cv=2, scoring=zero, min_resources=200
    ),
    "pipeline": lambda m: make_pipeline(FunctionTransformer(), m),
    "bagging": lambda m: BaggingClassifier(m, n_estimators=2, random_state=0),
}


@pytest.mark.filterwarnings("ignore:The old model is right on")
@pytest.mark.filterwarnings("ignore:The scoring .* does not support sample_weight")
@pytest.mark.parametrize(
    ("host", "argument"),
    # Bagging weighs rows by how often it has drawn them, too.
    [(h, a) for h in HOSTS for a in BY_ROW if (h, a) != ("bagging", "sample_weight")],
)
@pytest.mark.parametrize("routed", [True, False], ids=["routing", ""])
def test_every_argument_meets_its_row(numbered, host, argument, routed):
    Aligned.seen.clear()
    inner = PCClassifier(GaussianNB(), method=Aligned())
    if argument == "critical":
        inner.set_params(old_model=BY_ROW["old_model"])
    with sklearn.config_context(enable_metadata_routing=routed):
        if routed and argument == "sample_weight":
            inner.set_fit_request(sample_weight=True)
        name = argument
        if host == "pipeline" and not routed:
            name = f"pcclassifier__{argument}"
        fit = HOSTS[host](inner).fit
        if host == "bagging" and not routed:
            with pytest.raises(ValueError, match="only supported if enable_metadata"):
                fit(numbered, b, **{name: BY_ROW[argument]})
            return
        fit(numbered, b, **{name: BY_ROW[argument]})
    assert argument in Aligned.seen


# Groups


class Grouped(Recorder):
    """Says so if a group is on both sides."""

    def predict_proba(self, X):
        trained = set(Recorder.seen[-1]["rows"] // 10)
        assert not trained & set(X[:, 0] // 10)
        return super().predict_proba(X)


@pytest.mark.filterwarnings("ignore:The old model is right on")
@pytest.mark.parametrize("routed", [True, False], ids=["routing", ""])
@pytest.mark.parametrize(
    "splitter",
    [GroupKFold(3), GroupShuffleSplit(1, test_size=0.3, random_state=0)],
    ids=["folds", "share"],
)
class TestGroups:
    def new(self, splitter):
        return FlipControlledClassifier(
            Grouped(),
            old_model=BY_ROW["old_model"],
            calibration=splitter,
            max_nfr=0.1,
            random_state=0,
        )

    def test_reach_the_splitter(self, numbered, splitter, routed):
        with sklearn.config_context(enable_metadata_routing=routed):
            self.new(splitter).fit(numbered, b, groups=GROUPS)
        assert len(Recorder.seen) > 0

    def test_reach_it_through_a_search(self, numbered, splitter, routed):
        with sklearn.config_context(enable_metadata_routing=routed):
            search = GridSearchCV(
                self.new(splitter), {"max_nfr": [0.1]}, cv=GroupKFold(2), scoring=zero
            )
            if routed:
                search.fit(numbered, b, groups=GROUPS)
                return
            # Without routing they are the search's own splitter's, as ever.
            with pytest.raises(ValueError, match="'groups' parameter should not be"):
                search.set_params(error_score="raise").fit(numbered, b, groups=GROUPS)


@pytest.mark.parametrize(
    ("learner", "calibration", "what"),
    [
        (Recorder(), 0.2, "calibration=0.2"),
        (Recorder(), 3, "calibration=3"),
        (FrozenEstimator(Recorder().fit(A, b)), 0.2, "a frozen estimator"),
    ],
)
def test_groups_that_nothing_is_split_by(learner, calibration, what):
    new = FlipControlledClassifier(learner, old_model=OLD, calibration=calibration)
    with pytest.raises(ValueError, match=f"groups is for a CV splitter, and {what}"):
        new.fit(A, b, groups=GROUPS)
