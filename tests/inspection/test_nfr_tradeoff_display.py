"""NFRTradeoffDisplay: the points are those of the search."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.tree import DecisionTreeClassifier

from sklearn_graceful.inspection import NFRTradeoffDisplay
from sklearn_graceful.model_selection import BestUnderBudget, flip_scorer, update_scorer

X, Y = load_iris(return_X_y=True)
OLD = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X[::3], Y[::3])
BOTH = {"accuracy": "accuracy", "neg_nfr": flip_scorer(OLD)}


def fitted(scoring, refit=False, grid=None):
    grid = {"C": [0.001, 0.1, 10.0]} if grid is None else grid
    model = LogisticRegression(max_iter=2000)
    return GridSearchCV(model, grid, scoring=scoring, refit=refit).fit(X, Y)


def points(line):
    return np.column_stack(line.get_data())


def title(display):
    return display.ax_.get_title(loc="left")


def test_dots_are_error_against_nfr_of_each_candidate():
    search = fitted(BOTH, refit=BestUnderBudget(max_nfr=0.04))
    display = NFRTradeoffDisplay.from_estimator(search)
    results = search.cv_results_
    nfr, error = -results["mean_test_neg_nfr"], 1 - results["mean_test_accuracy"]
    np.testing.assert_allclose(points(display.dots_), np.column_stack([nfr, error]))
    best = search.best_index_
    np.testing.assert_allclose(
        points(display.point_chosen_), [[nfr[best], error[best]]]
    )
    assert display.line_budget_.get_xdata()[0] == 0.04
    assert title(display) == (
        f"chosen: C={search.best_params_['C']}\n"
        f"NFR {100 * nfr[best]:.1f} %, error {100 * error[best]:.1f} %"
    )


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
@pytest.mark.parametrize("given", [False, True])
def test_the_old_model_stands_where_the_scores_say_it_does(given):
    scoring = {"accuracy": "accuracy", "neg_nfr": flip_scorer(OLD)}
    scoring["pfr"] = flip_scorer(OLD, "pfr")
    expected = 1 - OLD.score(X, Y)  # folds are of one size
    for search in (fitted(scoring), fitted(update_scorer(OLD))):
        old_error = 0.5 if given else None
        display = NFRTradeoffDisplay.from_estimator(search, old_error=old_error)
        at = 0.5 if given else expected
        np.testing.assert_allclose(points(display.point_old_), [[0, at]])


def test_without_scores_that_tell_it_there_is_no_old_model_nor_anything_else():
    display = NFRTradeoffDisplay.from_estimator(fitted(BOTH))
    marks = ("old", "plain", "chosen")
    assert [getattr(display, f"point_{mark}_") for mark in marks] == [None] * 3
    assert display.line_budget_ is None
    n_front = len(display.line_front_.get_xdata())
    assert title(display) == f"{n_front} of 3 have the fewest flips at their error"


def test_the_plain_model_is_the_best_candidate_with_its_parameters():
    grid = {"C": [0.001, 0.1, 10.0], "fit_intercept": [True, False]}
    search = fitted(BOTH, grid=grid)
    plain = {"fit_intercept": False}
    display = NFRTradeoffDisplay.from_estimator(search, plain=plain)
    accuracy = search.cv_results_["mean_test_accuracy"][1::2]
    assert points(display.point_plain_)[0, 1] == pytest.approx(1 - accuracy.max())
    with pytest.raises(ValueError, match="No candidate of the search has"):
        NFRTradeoffDisplay.from_estimator(search, plain={"C": 3})


def test_the_front_has_what_no_other_candidate_beats():
    nfr = [0.05, 0.01, 0.03, 0.03, 0.02, 0.01]
    error = [0.04, 0.09, 0.06, 0.05, 0.09, 0.10]
    display = NFRTradeoffDisplay(nfr, error).plot()
    expected = [[0.01, 0.09], [0.03, 0.05], [0.05, 0.04]]
    np.testing.assert_allclose(points(display.line_front_), expected)


def test_a_failed_candidate_is_counted_and_not_drawn():
    display = NFRTradeoffDisplay([0.1, np.nan], [0.2, 0.0]).plot()
    assert display.dots_.get_label() == "candidates (1 failed)"
    np.testing.assert_allclose(points(display.line_front_), [[0.1, 0.2]])
    with pytest.raises(ValueError, match="None of 1 candidates"):
        NFRTradeoffDisplay([np.nan], [0.0]).plot()
    with pytest.raises(ValueError, match="chosen is candidate 1"):
        NFRTradeoffDisplay([0.1, np.nan], [0.2, 0.0], chosen=1).plot()


def test_another_score_is_named_and_the_old_model_unknown():
    scoring = BOTH | {"balanced": "balanced_accuracy", "pfr": flip_scorer(OLD, "pfr")}
    refit = BestUnderBudget(max_nfr=0.5, score="balanced")
    search = fitted(scoring, refit=refit)
    display = NFRTradeoffDisplay.from_estimator(search)
    assert display.ax_.get_ylabel() == "1 - balanced"
    assert display.point_old_ is None
    model = LogisticRegression(max_iter=2000, C=0.001)
    score = cross_val_score(model, X, Y, scoring="balanced_accuracy").mean()
    assert points(display.dots_)[0, 1] == pytest.approx(1 - score)


def test_stored_results_are_enough():
    search = fitted(BOTH, refit="accuracy")
    stored = {
        name: list(values)
        for name, values in search.cv_results_.items()
        if name == "params" or name.startswith("mean_test")
    }
    best = search.best_index_
    display = NFRTradeoffDisplay.from_cv_results(stored, chosen=best, max_nfr=0.1)
    whole = NFRTradeoffDisplay.from_estimator(search, max_nfr=0.1)
    assert title(display) == title(whole)
    np.testing.assert_array_equal(points(display.dots_), points(whole.dots_))


def test_what_is_no_such_search():
    with pytest.raises(NotFittedError):
        NFRTradeoffDisplay.from_estimator(GridSearchCV(OLD, {}))
    with pytest.raises(TypeError, match="DecisionTreeClassifier"):
        NFRTradeoffDisplay.from_estimator(OLD)
    with pytest.raises(ValueError, match="no score 'neg_nfr'"):
        NFRTradeoffDisplay.from_estimator(fitted({"accuracy": "accuracy"}))
    with pytest.raises(ValueError, match="nfr has 2, error has 1"):
        NFRTradeoffDisplay([0.1, 0.2], [0.1]).plot()
