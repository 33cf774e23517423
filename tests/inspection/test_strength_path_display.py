"""The picture shows the path by flip cost, what chance does, and the choice."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.naive_bayes import GaussianNB

from sklearn_graceful import FlipControlledClassifier, PCClassifier
from sklearn_graceful.congruence import StrengthPath
from sklearn_graceful.inspection import StrengthPathDisplay, UpdatePathDisplay
from sklearn_graceful.metrics import flip_counts
from sklearn_graceful.nn import mlp_net

PATH = StrengthPath(
    flip_cost=np.array([0.0, 1.0, 3.0]),
    error=np.array([0.10, 0.09, 0.11]),
    nfr=np.array([0.03, 0.02, 0.01]),
    error_increase=np.array([0.0, -0.01, 0.01]),
    standard_error=np.array([0.0, 0.01, 0.005]),
    chosen=2,
)


@pytest.fixture(scope="module")
def fitted():
    X, y = load_digits(return_X_y=True)
    old = GaussianNB(var_smoothing=0.1).fit(X[:200], y[:200])
    net = mlp_net((16,), max_epochs=10, lr=0.01)
    model = PCClassifier(net, old_model=old, random_state=0)
    return model.fit(X[200:800], y[200:800]), old, X[800:], y[800:]


def title(display):
    return display.ax_.get_title(loc="left")


def test_held_out_rows(fitted):
    model, *_ = fitted
    display = StrengthPathDisplay.from_estimator(model)
    path = model.update_path_
    assert display.path is path
    np.testing.assert_array_equal(display.line_error_.get_ydata(), path.error)
    np.testing.assert_array_equal(display.line_nfr_.get_ydata(), path.nfr)
    assert path.n_rows == model.choice_[0].n_rows
    assert path.error * path.n_rows == pytest.approx(np.rint(path.error * path.n_rows))
    assert f"({path.n_rows} held-out rows)" in title(display)


def test_given_rows(fitted):
    model, old, X, y = fitted
    display = StrengthPathDisplay.from_estimator(model, X, y)
    answers = [model.at_flip_cost(c).predict(X) for c in display.path.flip_cost]
    counts = [flip_counts(y, new, y_old=old.predict(X)) for new in answers]
    errors = [1 - c.acc_new for c in counts]
    np.testing.assert_allclose(display.line_error_.get_ydata(), errors)
    nfr = [c.negative_flip_rate for c in counts]
    np.testing.assert_allclose(display.line_nfr_.get_ydata(), nfr)
    apart = (answers[-1] != y) * 1.0 - (answers[0] != y)
    assert display.path.error_increase[-1] == pytest.approx(apart.mean())
    error = apart.std() / np.sqrt(len(y))
    assert display.path.standard_error[-1] == pytest.approx(error)
    assert model.score(X, y) == pytest.approx(1 - errors[display.path.chosen])
    assert "(997 given rows)" in title(display)


def test_a_path_on_given_rows_can_be_moved_on(fitted):
    model, _, X, y = fitted
    on_rows, own = model.update_path(X, y), model.update_path_
    for name, weight in on_rows.weights_at(0.5).items():
        np.testing.assert_array_equal(weight, own.weights_at(0.5)[name])


def test_costs_name_their_places():
    display = StrengthPathDisplay(PATH).plot()
    ax = display.ax_nfr_
    np.testing.assert_allclose(ax.get_xticks(), np.log([1, 2, 4]))
    assert [t.get_text() for t in ax.get_xticklabels()] == ["plain", "1", "3"]
    np.testing.assert_array_equal(display.line_nfr_.get_xdata(), ax.get_xticks())


def test_choice_is_marked_on_both_curves():
    display = StrengthPathDisplay(PATH, rows="40 rows").plot()
    assert title(display) == "flip cost 3: NFR 1.0 %, error 11.0 % (40 rows)"
    marked = [point.get_xydata()[0] for point in display.points_]
    np.testing.assert_allclose(marked, [[np.log(4), 0.11], [np.log(4), 0.01]])
    display = StrengthPathDisplay(replace(PATH, chosen=0)).plot()
    assert title(display) == "plain: NFR 3.0 %, error 10.0 %"


def test_a_bar_that_reaches_the_plain_line_is_within_one_standard_error():
    display = StrengthPathDisplay(PATH).plot()
    assert set(display.line_plain_.get_ydata()) == {0.1}
    (bars,) = display.bars_.lines[2]
    ends = [segment[:, 1] for segment in bars.get_segments()]
    np.testing.assert_allclose(ends, [[0.08, 0.10], [0.105, 0.115]])


def test_bad_input(fitted):
    model, _, X, y = fitted
    with pytest.raises(ValueError, match="give X and y"):
        StrengthPathDisplay.from_estimator(model, X)
    with pytest.raises(ValueError, match="has 997 rows but y has 3"):
        StrengthPathDisplay.from_estimator(model, X, y[:3])
    with pytest.raises(ValueError, match="kinds"):
        StrengthPathDisplay.from_estimator(model, X, y.astype(str))


def test_who_has_no_such_path_is_told_so(fitted):
    model, _, X, y = fitted
    trees = PCClassifier(GaussianNB(), method="none").fit(X, y)
    for estimator in (trees, FlipControlledClassifier(GaussianNB()).fit(X, y)):
        name = type(estimator).__name__
        with pytest.raises(ValueError, match=f"This {name} has no update_path_"):
            StrengthPathDisplay.from_estimator(estimator)
    assert not hasattr(trees, "update_path")
    with pytest.raises(TypeError, match="PCClassifier there is StrengthPathDisplay"):
        UpdatePathDisplay.from_estimator(model)
