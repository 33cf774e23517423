"""The picture shows each network of a search by its cost and quality, and the front."""

import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from sklearn_graceful import CompatibleEmbedder
from sklearn_graceful.inspection import ParetoDisplay
from sklearn_graceful.model_selection import (
    Candidate,
    CompatibleSearchCV,
    pareto_front,
)
from sklearn_graceful.nn import ModelCost, embedding_net

NAN = float("nan")
# By multiply-adds: cross-test, self-test and rows. The third and the fifth are beaten
# by the second and the fourth in the cross-test; the fifth has the best self-test.
FIGURES = {
    100: (0.2, 0.30, 60),
    200: (0.5, 0.60, 180),
    400: (0.5, 0.55, 60),
    800: (0.9, 0.80, 540),
    1600: (0.7, 0.95, 540),
}


def candidate(macs, cross=NAN, own=NAN, n_resources=0):
    cost = ModelCost(macs, 2 * macs, 8 * macs, macs / 1e6)
    return Candidate({"width": macs}, cost, cross * own, cross, own, n_resources)


CANDIDATES = [candidate(macs, *figures) for macs, figures in FIGURES.items()]


@pytest.fixture(scope="module")
def search():
    X, y = load_digits(return_X_y=True)
    large = CompatibleEmbedder(embedding_dim=8, random_state=0).fit(X[:400], y[:400])
    small = CompatibleEmbedder(embedding_net(max_epochs=3), random_state=0)
    sizes = [(4,), (8,), (16,), (200,)]
    return CompatibleSearchCV(
        small,
        {"estimator__module__hidden_sizes": sizes},
        old_model=large,
        max_params=2000,
        cv=2,
        random_state=0,
    ).fit(X[400:1000], y[400:1000])


def legend(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


@pytest.mark.parametrize(
    ("cost", "scale"), [("macs", 1), ("params", 2), ("bytes", 8), ("latency", 1e-3)]
)
@pytest.mark.parametrize("figure", ["score", "cross", "self_test"])
def test_each_candidate_is_a_dot_at_its_cost_and_figure(cost, scale, figure):
    display = ParetoDisplay(CANDIDATES, cost=cost, figure=figure).plot()
    dots = np.vstack([dots.get_xydata() for dots in display.dots_.values()])
    expected = [
        [scale * c.cost.macs, getattr(c, figure)]
        for c in sorted(CANDIDATES, key=lambda c: -c.n_resources)
    ]
    np.testing.assert_allclose(dots, expected)
    assert display.ax_.get_xscale() == "log"


def test_dots_are_the_fainter_the_fewer_rows_they_had():
    display = ParetoDisplay(CANDIDATES).plot()
    assert list(display.dots_) == [540, 180, 60]
    alphas = [dots.get_alpha() for dots in display.dots_.values()]
    assert alphas == sorted(alphas, reverse=True)
    assert len(set(alphas)) == 3
    said = ["reached 540 rows", "dropped at 180 rows", "dropped at 60 rows"]
    assert legend(display)[1:] == said
    epochs = ParetoDisplay(CANDIDATES, resource="estimator__max_epochs").plot()
    assert legend(epochs)[1] == "reached max_epochs=540"


@pytest.mark.parametrize(
    ("figure", "on_front"),
    [("cross", [0, 1, 3]), ("self_test", [0, 1, 3, 4]), ("score", [0, 1, 3])],
)
def test_front_steps_through_those_that_no_other_one_beats(figure, on_front):
    display = ParetoDisplay(CANDIDATES[::-1], figure=figure).plot()
    expected = [(c.cost.macs, getattr(c, figure)) for c in CANDIDATES]
    np.testing.assert_array_equal(
        display.line_front_.get_xydata(), [expected[place] for place in on_front]
    )
    assert display.line_front_.get_drawstyle() == "steps-post"


def test_front_is_that_of_the_search_whatever_ties_there_are():
    rng = np.random.default_rng(0)
    drawn = rng.integers(1, 6, size=(50, 8, 2)).tolist()
    for figures in drawn:
        some = [candidate(macs, q / 10, 1.0) for macs, q in figures]
        display = ParetoDisplay(some).plot()
        expected = [(c.cost.macs, c.score) for c in pareto_front(some)]
        np.testing.assert_array_equal(display.line_front_.get_xydata(), expected)
        plt.close(display.figure_)


def test_chosen_one_is_ringed_and_named():
    best = CANDIDATES[3]
    large = ModelCost(5e6, 0, 0)
    display = ParetoDisplay(CANDIDATES, best=best, old_self=1.0, old_cost=large).plot()
    np.testing.assert_array_equal(display.point_best_.get_xydata(), [[800, best.score]])
    assert display.ax_.get_title(loc="left").splitlines() == [
        "chosen: width=800",
        "800 multiply-adds (large model 5 M), cross-test 90.0 %, self-test 80.0 %",
    ]
    display = ParetoDisplay(CANDIDATES).plot()
    assert display.point_best_ is None
    assert display.ax_.get_title(loc="left") == "3 of 5 are the best at their cost"


@pytest.mark.parametrize(
    ("figure", "objective", "level"),
    [
        ("score", "product", 0.81),
        ("score", "cross", 0.9),
        ("score", lambda cross, own: cross + 2 * own, 2.7),
        ("cross", "product", 0.9),
        ("self_test", "product", 0.9),
    ],
)
def test_large_model_is_measured_by_the_figure_that_is_drawn(figure, objective, level):
    large = ModelCost(10_000, 0, 0)
    options = {"figure": figure, "objective": objective, "old_self": 0.9}
    display = ParetoDisplay(CANDIDATES, old_cost=large, **options).plot()
    assert display.line_old_self_.get_ydata() == pytest.approx([level] * 2)
    np.testing.assert_allclose(display.point_old_.get_xydata(), [[10_000, level]])
    display = ParetoDisplay(CANDIDATES, **options).plot()
    assert display.line_old_self_ is not None
    assert display.point_old_ is None


def test_budget_and_those_without_a_figure():
    failed, over = candidate(300), [candidate(2200), candidate(10**7)]
    options = {"over_budget": over, "budget": 2e-3, "cost": "latency"}
    display = ParetoDisplay([failed, *CANDIDATES], **options).plot()
    # In ms.
    assert set(display.line_budget_.get_xdata()) == {2.0}
    np.testing.assert_allclose(display.ticks_.get_xdata(), [2.2, 10_000])
    np.testing.assert_allclose(display.crosses_.get_xdata(), [0.3])
    assert legend(display)[-2:] == [
        "1 failed",
        "2 over the budget, not trained (1 out of view)",
    ]
    low, high = display.ax_.get_xlim()
    assert low < 0.1
    assert 2.2 < high < 10


def test_no_words_overlap_each_other_or_the_legend():
    options = {"best": CANDIDATES[3], "old_self": 0.97, "budget": 2000}
    display = ParetoDisplay(CANDIDATES, **options).plot()
    display.figure_.canvas.draw()
    ax = display.ax_
    words = [*ax.texts, ax.get_legend(), ax.xaxis.label]
    boxes = [artist.get_window_extent() for artist in words]
    for number, box in enumerate(boxes):
        assert box.count_overlaps(boxes[number + 1 :]) == 0
    budget = display.line_budget_.get_window_extent()
    assert all(box.count_overlaps([budget]) == 0 for box in boxes)


@pytest.mark.parametrize("figure", ["score", "cross"])
def test_from_estimator_shows_what_the_search_found(search, figure):
    display = ParetoDisplay.from_estimator(search, figure=figure, old_self=0.9)
    assert display.candidates is search.candidates_
    assert display.over_budget is search.over_budget_
    assert (display.cost, display.budget) == ("params", 2000)
    assert (display.objective, display.measure) == ("product", "recall@1")
    assert display.best.params == search.best_params_
    best = getattr(display.best, figure)
    assert best == search.cv_results_[f"mean_test_{figure}"][search.best_index_]
    assert list(display.ticks_.get_xdata()) == [
        c.cost.params for c in search.over_budget_
    ]
    if figure == "score":
        expected = [(c.cost.params, c.score) for c in search.pareto_front_]
        np.testing.assert_array_equal(display.line_front_.get_xydata(), expected)


def test_from_estimator_by_another_cost_has_no_budget(search):
    other = search.candidates_[0]
    display = ParetoDisplay.from_estimator(search, cost="macs", best=other)
    assert display.line_budget_ is None
    assert display.point_best_.get_xdata() == [other.cost.macs]


def test_it_draws_into_a_given_ax(search):
    figure, (left, right) = plt.subplots(1, 2)
    display = ParetoDisplay.from_estimator(search, ax=right)
    assert display.ax_ is right
    assert display.figure_ is figure
    assert not left.has_data()


def test_importing_it_imports_neither_matplotlib_nor_torch():
    module = "sklearn_graceful.inspection._pareto_display"
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert not {b"matplotlib", b"torch"} & set(done.stdout.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cost": "flops"}, "cost must be one of .*macs.*, .*params.*got 'flops'"),
        ({"figure": "self"}, "figure must be one of .*score.*cross.*got 'self'"),
        ({"candidates": [candidate(9)]}, "None of 1 candidates has a score"),
        ({"candidates": []}, "None of 0 candidates has a score"),
        ({"candidates": [candidate(0, 0.5, 0.5)]}, "cost='macs' is 0 for a network"),
        ({"best": candidate(9)}, "best has no score"),
        ({"old_cost": ModelCost(1, 1, 1)}, "old_cost needs old_self"),
        (
            {"old_cost": ModelCost(1, 1, 1), "old_self": 0.9, "cost": "latency"},
            "latency was not measured",
        ),
    ],
)
def test_bad_input(options, message):
    with pytest.raises(ValueError, match=message):
        ParetoDisplay(**{"candidates": CANDIDATES, **options}).plot()


def test_what_is_no_fitted_search_is_refused(search):
    with pytest.raises(NotFittedError, match="CompatibleSearchCV"):
        ParetoDisplay.from_estimator(CompatibleSearchCV(None, {}, old_model=None))
    other = LogisticRegression().fit([[0], [1]], [0, 1])
    with pytest.raises(TypeError, match="CompatibleSearchCV, got LogisticRegression"):
        ParetoDisplay.from_estimator(other)
    with pytest.raises(ValueError, match="latency was not measured"):
        ParetoDisplay.from_estimator(search, cost="latency")
