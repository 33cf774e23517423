"""Scorers with the old model in view: values, one prediction per row, searches."""

import pickle

import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    StratifiedKFold,
    cross_val_score,
    cross_validate,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from sklearn_graceful import PCClassifier, ReferenceModel, metrics
from sklearn_graceful.congruence import Focal
from sklearn_graceful.model_selection import BestUnderBudget, flip_scorer, update_scorer


class Lookup(ClassifierMixin, BaseEstimator):
    """Predicts column `column` of X."""

    def __init__(self, column=0):
        self.column = column

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.asarray(X)[:, self.column].astype(int)


# Ten rows: the columns are the predictions of the old and the new model. Both right on
# 4 rows, 1 negative flip, 2 positive flips, both wrong alike on 1 and apart on 2.
Y = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 2])
OLD = np.array([0, 0, 0, 1, 1, 0, 2, 0, 0, 1])
NEW = np.array([0, 0, 0, 1, 0, 1, 1, 0, 1, 0])
X10 = np.column_stack([OLD, NEW])
# The negative flip has weight 3, one positive flip 2, a row that both have wrong 0.
WEIGHT = np.array([1, 1, 1, 1, 3, 2, 1, 0, 1, 1])
# Without and with these weights.
BY_HAND = {
    "accuracy": (6 / 10, 7 / 12),
    "accuracy_difference": (1 / 10, 0.0),
    "neg_nfr": (-1 / 10, -3 / 12),
    "pfr": (2 / 10, 3 / 12),
    "neg_relative_nfr": (-(1 / 10) / (5 / 10 * 4 / 10), -(3 / 12) / (7 / 12 * 5 / 12)),
    "neg_avoidable_nfr": (-1 / 10, -3 / 12),
    "neg_nfi": (-1 / 4, -3 / 5),
    "btc": (4 / 5, 4 / 7),
    "bec": (3 / 4, 2 / 5),
    "neg_churn": (-5 / 10, -8 / 12),
    "win_loss": (2.0, 1.0),
}


def tree(max_depth):
    return DecisionTreeClassifier(max_depth=max_depth, random_state=0)


OLD_MODEL, NEW_MODEL = Lookup(0).fit(X10, Y), Lookup(1).fit(X10, Y)


# Values


def test_scores_by_hand():
    every = update_scorer(OLD_MODEL)
    for weight, column in ((None, 0), (WEIGHT, 1)):
        expected = {name: values[column] for name, values in BY_HAND.items()}
        scores = every(NEW_MODEL, X10, Y, sample_weight=weight)
        assert scores == pytest.approx(expected)
        for name in BY_HAND:
            alone = flip_scorer(OLD_MODEL, name)(
                NEW_MODEL, X10, Y, sample_weight=weight
            )
            assert alone == scores[name]
    assert flip_scorer(OLD_MODEL)(NEW_MODEL, X10, Y) == -0.1


def test_undefined_figures_are_nan_and_the_perfect_score_is_zero():
    perfect = Lookup(0).fit(Y[:, None], Y)
    same = update_scorer(perfect)(perfect, Y[:, None], Y)
    undefined = {name for name, value in same.items() if np.isnan(value)}
    assert undefined == {"neg_relative_nfr", "neg_nfi", "bec", "win_loss"}
    assert str(same["neg_nfr"]) == "0.0"


def test_more_is_better_for_every_scorer():
    """A model that differs from the old one where it is wrong only beats one that
    differs where it is right only."""
    better, worse = OLD.copy(), OLD.copy()
    better[5:7] = Y[5:7]
    worse[0:2] = 1
    X = np.column_stack([OLD, better, worse])
    scorer = update_scorer(OLD_MODEL)
    good, bad = (scorer(Lookup(column).fit(X, Y), X, Y) for column in (1, 2))
    # As many predictions changed, and no flip could have been avoided by another.
    same = {"neg_churn", "neg_avoidable_nfr"}
    assert {name for name in good if good[name] > bad[name]} == set(good) - same
    assert all(good[name] == bad[name] for name in same)


def test_string_labels():
    names = np.array(["a", "b", "c"])

    class Named(Lookup):
        def predict(self, X):
            return names[super().predict(X)]

    named_old, named_new = Named(0).fit(X10, names[Y]), Named(1).fit(X10, names[Y])
    scores = update_scorer(named_old)(named_new, X10, names[Y])
    assert scores == update_scorer(OLD_MODEL)(NEW_MODEL, X10, Y)


# One handle, one prediction per row


class Counting(LogisticRegression):
    """Keeps how many rows it was asked about, by question; refuses a row twice."""

    def predict(self, X):
        self.count("predict", X)
        return super().predict(X)

    def predict_proba(self, X):
        self.count("predict_proba", X)
        return super().predict_proba(X)

    def count(self, question, X):
        seen = self.__dict__.setdefault("seen", {}).setdefault(question, set())
        rows = {row.tobytes() for row in np.asarray(X)}
        assert not seen & rows
        seen |= rows

    def rows_seen(self):
        return {question: len(rows) for question, rows in self.seen.items()}


@pytest.fixture
def data(wine):
    X, y = wine
    return X[:, [0, 6, 9]].copy(), y


@pytest.fixture
def counting(data):
    X, y = data
    return Counting(max_iter=2000).fit(X[::6], y[::6])


LEARNER = HistGradientBoostingClassifier(max_iter=2)


@pytest.mark.parametrize("wrap", [lambda model: model, ReferenceModel])
def test_old_model_predicts_each_row_once_in_a_search(data, counting, wrap):
    X, y = data
    n_rows = len(np.unique(X, axis=0))
    names = ("neg_nfr", "neg_churn")
    scorers = {name: flip_scorer(wrap(counting), name) for name in names}
    search = GridSearchCV(
        PCClassifier(LEARNER, old_model=wrap(counting)),
        {"method": ["naive", "distill", Focal(strength=0.5)]},
        scoring={"accuracy": "accuracy", **scorers},
        refit=BestUnderBudget(max_nfr=0.5),
        cv=3,
        error_score="raise",
    )
    search.fit(X, y)
    assert counting.rows_seen() == {"predict": n_rows, "predict_proba": n_rows}
    # Nor does another search with the same old model ask again.
    scorer = update_scorer(wrap(counting))
    cross_validate(LEARNER, X, y, cv=5, scoring=scorer, error_score="raise")
    assert counting.rows_seen() == {"predict": n_rows, "predict_proba": n_rows}


def test_scorers_alone_ask_for_labels_only(data, counting):
    X, y = data
    cross_val_score(LEARNER, X, y, cv=5, scoring=flip_scorer(counting))
    assert counting.rows_seen() == {"predict": len(np.unique(X, axis=0))}


def test_clone_shares_the_old_model(data, counting):
    scorer = flip_scorer(counting)
    search = GridSearchCV(LEARNER, {"max_iter": [2]}, scoring=scorer)
    for _ in range(2):
        search = clone(search)
    assert search.scoring.reference is scorer.reference
    assert search.scoring.reference.model is counting
    several = clone(GridSearchCV(LEARNER, {}, scoring={"nfr": scorer}, refit="nfr"))
    assert several.scoring["nfr"].reference.model is counting
    assert search.fit(*data).best_score_ == pytest.approx(
        cross_val_score(LEARNER, *data, scoring=scorer).mean()
    )


@pytest.mark.parametrize("make", [flip_scorer, update_scorer])
def test_pickle(make):
    scorer = make(OLD_MODEL)
    restored = pickle.loads(pickle.dumps(scorer))
    assert restored(NEW_MODEL, X10, Y) == scorer(NEW_MODEL, X10, Y)
    assert repr(restored) == repr(scorer)


def test_remembered_answers_do_not_travel(data, counting):
    X, y = data
    scorer = flip_scorer(DummyClassifier(strategy="prior").fit(X, y))
    before = len(pickle.dumps(scorer))
    scorer(Lookup(0).fit(X, y), np.repeat(X, 20, axis=0), np.repeat(y, 20))
    assert len(pickle.dumps(scorer)) == before


def test_old_model_answers_raw_rows_while_the_new_one_gets_few(data):
    """The scorer sees the X of the search, not what a Pipeline makes of it."""
    X, y = data
    old = KNeighborsClassifier(3).fit(X, y)
    score = flip_scorer(old, "accuracy_difference")
    new = sklearn.pipeline.make_pipeline(
        sklearn.preprocessing.FunctionTransformer(lambda X: X[:, :1]),
        tree(2),
    ).fit(X, y)
    assert score(new, X, y) == pytest.approx(new.score(X, y) - old.score(X, y))


# In searches


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_update_scorer_in_cross_validate(data, n_jobs):
    X, y = data
    old, cv = tree(1).fit(X, y), StratifiedKFold(3)
    settings = {"cv": cv, "scoring": update_scorer(old), "n_jobs": n_jobs}
    scores = cross_validate(tree(2), X, y, **settings)
    for fold, (train, test) in enumerate(cv.split(X, y)):
        y_new = tree(2).fit(X[train], y[train]).predict(X[test])
        y_old = old.predict(X[test])
        flips = np.mean((y_old == y[test]) & (y_new != y[test]))
        gains = np.mean((y_old != y[test]) & (y_new == y[test]))
        assert scores["test_neg_nfr"][fold] == pytest.approx(-flips)
        assert scores["test_pfr"][fold] == pytest.approx(gains)
        assert scores["test_accuracy_difference"][fold] == pytest.approx(gains - flips)
        assert scores["test_accuracy"][fold] == pytest.approx(np.mean(y_new == y[test]))
    assert {name[5:] for name in scores if name.startswith("test_")} == set(BY_HAND)


def test_update_scorer_in_grid_search(data):
    X, y = data
    old, depths = tree(1).fit(X, y), {"max_depth": [1, 2]}
    settings = {"cv": 3, "scoring": update_scorer(old), "refit": "accuracy"}
    search = GridSearchCV(tree(None), depths, **settings).fit(X, y)
    assert search.best_params_ == {"max_depth": 2}
    expected = cross_val_score(
        search.best_estimator_, X, y, cv=3, scoring=flip_scorer(old, "pfr")
    )
    assert search.cv_results_["mean_test_pfr"][1] == pytest.approx(expected.mean())


def test_halving_search_with_a_single_scorer(data):
    X, y = data
    search = HalvingGridSearchCV(
        tree(None),
        {"max_depth": [1, 2]},
        factor=2,
        min_resources=80,
        cv=2,
        random_state=0,
        scoring=flip_scorer(tree(2).fit(X, y), "neg_nfr"),
        error_score="raise",
    ).fit(X, y)
    # A stump cannot know three classes: it loses one of those that the old tree has.
    assert search.best_params_ == {"max_depth": 2}
    assert search.n_iterations_ == 2
    stump = search.cv_results_["params"].index({"max_depth": 1})
    assert search.cv_results_["mean_test_score"][stump] < -0.2


def test_fold_weights_reach_the_scorer_under_routing(data):
    X, y = data
    old, cv = tree(2).fit(X, y), StratifiedKFold(3)
    weight = np.where(y == 0, 5.0, 1.0)
    requests = {"yes": True, "no": False, "alias": "weight"}
    with sklearn.config_context(enable_metadata_routing=True):
        new = tree(1).set_fit_request(sample_weight=False)
        scorers = {
            name: flip_scorer(old).set_score_request(sample_weight=request)
            for name, request in requests.items()
        }
        params = {"sample_weight": weight, "weight": weight}
        scores = cross_validate(new, X, y, cv=cv, scoring=scorers, params=params)
        del params["weight"]
        unset = sklearn.exceptions.UnsetMetadataPassedError
        with pytest.raises(unset, match="sample_weight"):
            cross_validate(new, X, y, scoring=flip_scorer(old), params=params)
    for fold, (train, test) in enumerate(cv.split(X, y)):
        y_new = tree(1).fit(X[train], y[train]).predict(X[test])
        weighted, plain = (
            -metrics.negative_flip_rate(
                y[test], y_new, y_old=old.predict(X[test]), sample_weight=weights
            )
            for weights in (weight[test], None)
        )
        assert weighted != plain
        assert scores["test_yes"][fold] == pytest.approx(weighted)
        assert scores["test_alias"][fold] == pytest.approx(weighted)
        assert scores["test_no"][fold] == pytest.approx(plain)


def test_scorer_needs_no_request_under_routing(data):
    X, y = data
    scorer = flip_scorer(tree(2).fit(X, y))
    off = cross_val_score(LEARNER, X, y, scoring=scorer)
    with sklearn.config_context(enable_metadata_routing=True):
        on = cross_val_score(LEARNER, X, y, scoring=scorer)
    np.testing.assert_array_equal(on, off)
