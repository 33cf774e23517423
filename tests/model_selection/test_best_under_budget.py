"""The choice within a flip budget: by hand, nothing within it, bad names, a search."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

from sklearn_graceful.model_selection import BestUnderBudget, flip_scorer


def results(accuracy, neg_nfr, **others):
    scores = {"accuracy": accuracy, "neg_nfr": neg_nfr, **others}
    return {f"mean_test_{name}": np.array(values) for name, values in scores.items()}


@pytest.mark.parametrize(
    ("accuracy", "neg_nfr", "best"),
    [
        pytest.param([0.9, 0.8, 0.7], [-0.02, -0.01, 0.0], 1, id="best within budget"),
        pytest.param([0.9, 0.8, 0.7], [-0.001, 0.0, 0.0], 0, id="all within budget"),
        pytest.param([0.9, 0.8, 0.8], [-0.02, -0.01, 0.0], 2, id="tie: fewest flips"),
        pytest.param([0.9, 0.8, 0.8], [-0.02, 0.0, 0.0], 1, id="tie: listed first"),
        pytest.param([0.9, 0.8, 0.7], [-0.02, np.nan, 0.0], 2, id="nan flips"),
        pytest.param([np.nan, 0.8, 0.7], [-0.0, 0.0, 0.0], 1, id="nan score"),
        pytest.param([0.9, 0.8], [-0.1 / 10 - 1e-16, 0.0], 0, id="rounding"),
    ],
)
def test_best_under_budget_by_hand(accuracy, neg_nfr, best):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        choice = BestUnderBudget(max_nfr=0.01)(results(accuracy, neg_nfr))
    assert choice == best
    assert type(choice) is int
    assert BestUnderBudget(max_nfr=0)(results([0.9, 0.8], [-0.001, 0.0])) == 1


@pytest.mark.parametrize(
    ("accuracy", "neg_nfr", "best", "figure"),
    [
        ([0.9, 0.8, 0.7], [-0.3, -0.2, -0.25], 1, "0.2000"),
        ([0.9, 0.8, 0.85], [-0.3, -0.2, -0.2], 2, "0.2000"),
        ([0.9, 0.8, 0.7], [-0.3, np.nan, -0.25], 2, "0.2500"),
        ([0.9, np.nan, 0.7], [-0.3, -0.2, -0.25], 2, "0.2500"),
    ],
)
def test_nothing_within_budget(accuracy, neg_nfr, best, figure):
    with pytest.warns(UserWarning, match=rf"within 0.01; .*fewest flips, {figure}"):
        choice = BestUnderBudget(max_nfr=0.01)(results(accuracy, neg_nfr))
    assert choice == best


def test_no_candidate_with_scores():
    with pytest.raises(ValueError, match=r"No candidate has both scores.*nan"):
        BestUnderBudget()(results([np.nan, 0.9], [-0.1, np.nan]))


def test_other_names():
    choose = BestUnderBudget(max_nfr=0.05, score="f1", nfr="flips")
    scores = results([0.1, 0.2], [0.0, 0.0], f1=[0.9, 0.8], flips=[-0.1, -0.05])
    assert choose(scores) == 1


@pytest.mark.parametrize("names", [{"score": "f1"}, {"nfr": "f1"}])
def test_missing_names(names):
    message = r"no score 'f1', only \['accuracy', 'neg_nfr'\]"
    with pytest.raises(ValueError, match=message):
        BestUnderBudget(**names)(results([0.9], [0.0]))


def test_budget_pickles_clones_and_compares():
    budget = BestUnderBudget(max_nfr=0.02, score="f1")
    assert pickle.loads(pickle.dumps(budget)) == budget
    search = GridSearchCV(DecisionTreeClassifier(), {}, refit=budget)
    assert clone(search).refit == budget
    assert repr(budget).startswith("BestUnderBudget(max_nfr=0.02, score='f1', ")


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_budget_chooses_in_a_search(wine, n_jobs):
    X, y = wine
    X = X[:, :1]
    old = DecisionTreeClassifier(max_depth=1, random_state=0).fit(X[::2], y[::2])
    search = GridSearchCV(
        DecisionTreeClassifier(random_state=0),
        {"max_depth": [1, 2, 3, 6]},
        scoring={"accuracy": "accuracy", "neg_nfr": flip_scorer(old)},
        cv=3,
        n_jobs=n_jobs,
    )
    accuracy, neg_nfr = (
        search.set_params(refit=name).fit(X, y).cv_results_[f"mean_test_{name}"]
        for name in ("accuracy", "neg_nfr")
    )
    # A budget that shuts out the most accurate candidate, but not all.
    most_accurate = accuracy.argmax()
    within = np.flatnonzero(neg_nfr > neg_nfr[most_accurate])
    assert within.size
    budget = (-neg_nfr[within]).max()
    search.set_params(refit=BestUnderBudget(max_nfr=float(budget))).fit(X, y)
    assert search.best_index_ == within[accuracy[within].argmax()]
    assert search.best_params_ == search.cv_results_["params"][search.best_index_]
    assert search.predict(X).shape == y.shape


def test_a_strict_budget_is_kept_or_raises():
    strict = BestUnderBudget(max_nfr=0.01, strict=True)
    assert strict(results([0.9, 0.8], [-0.02, -0.01])) == 1
    with pytest.raises(ValueError, match=r"within 0.01; the lowest is 0.0200"):
        strict(results([0.9, 0.8], [-0.02, -0.03]))
    with pytest.raises(ValueError, match="strict must be True or False"):
        BestUnderBudget(strict="yes")
