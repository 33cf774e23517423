"""The picture shows the path, the choice and the budget."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.naive_bayes import GaussianNB

from sklearn_graceful import FlipControlledClassifier
from sklearn_graceful.flip_control import UpdatePath
from sklearn_graceful.inspection import UpdatePathDisplay
from sklearn_graceful.metrics import flip_counts

PATH = UpdatePath(
    t=np.array([0.0, 0.5, 1.0]),
    nfr=np.array([0.0, 0.01, 0.04]),
    accuracy=np.array([0.90, 0.93, 0.92]),
)


@pytest.fixture(scope="module")
def fitted():
    X, y = load_digits(return_X_y=True)
    old = GaussianNB(var_smoothing=0.1).fit(X[:300], y[:300])
    new = RandomForestClassifier(5, random_state=0).fit(X[:300], y[:300])
    model = FlipControlledClassifier(FrozenEstimator(new), old_model=old)
    return model.fit(X[300:1000], y[300:1000]), old, X[1000:], y[1000:]


def test_calibration_rows(fitted):
    model, *_ = fitted
    display = UpdatePathDisplay.from_estimator(model)
    assert display.path is model.path_
    np.testing.assert_array_equal(display.line_nfr_.get_ydata(), model.path_.nfr)
    accuracy = display.line_accuracy_.get_ydata()
    np.testing.assert_array_equal(accuracy, model.path_.accuracy)
    assert set(display.line_budget_.get_ydata()) == {0.01}
    assert "(700 calibration rows)" in display.ax_.get_title(loc="left")


def test_given_rows(fitted):
    model, old, X, y = fitted
    display = UpdatePathDisplay.from_estimator(model, X, y)
    counts = flip_counts(y, model.predict(X), y_old=old.predict(X))
    accuracy, nfr = (point.get_xydata()[0] for point in display.points_)
    np.testing.assert_allclose(accuracy, [model.new_share_, counts.acc_new])
    np.testing.assert_allclose(nfr, [model.new_share_, counts.negative_flip_rate])
    assert "(797 given rows)" in display.ax_.get_title(loc="left")


def test_stored_path_alone():
    display = UpdatePathDisplay(PATH).plot()
    assert display.points_ == []
    assert display.line_budget_ is None
    assert display.ax_.get_title(loc="left") == "from old to new model"


def test_choice_between_points_is_on_the_step():
    display = UpdatePathDisplay(PATH, new_share=0.7).plot()
    title = display.ax_.get_title(loc="left")
    assert title == "t = 0.70: NFR 1.0 %, accuracy 93.0 %"
    np.testing.assert_allclose(display.points_[1].get_xydata(), [[0.7, 0.01]])


@pytest.mark.parametrize(("nfr", "max_nfr"), [(np.zeros(3), 0.0), (PATH.nfr, 0.2)])
def test_budget_is_always_in_view(nfr, max_nfr):
    path = UpdatePath(PATH.t, nfr, PATH.accuracy)
    display = UpdatePathDisplay(path, new_share=1.0, max_nfr=max_nfr).plot()
    assert display.ax_nfr_.get_ylim()[1] > max_nfr


def test_bad_input(fitted):
    model, _, X, y = fitted
    with pytest.raises(ValueError, match="give X and y"):
        UpdatePathDisplay.from_estimator(model, X)
    with pytest.raises(ValueError, match="3 rows"):
        UpdatePathDisplay.from_estimator(model, X, y[:3])
    with pytest.raises(ValueError, match="kinds"):
        UpdatePathDisplay.from_estimator(model, X, y.astype(str))
    plain = FlipControlledClassifier(GaussianNB()).fit(X, y)
    with pytest.raises(ValueError, match="no path"):
        UpdatePathDisplay.from_estimator(plain)
