"""The heat map says what the matrix says."""

import builtins

import matplotlib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from sklearn_graceful import ModelHistory
from sklearn_graceful.inspection import FlipMatrixDisplay
from sklearn_graceful.metrics import flip_matrix

matplotlib.use("Agg")

Y = np.repeat(["cat", "dog"], 50)
MATRIX = np.array([[0, 0.02, 0.03], [0.05, 0, 0.01], [0.07, 0.02, 0]])


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    matplotlib.pyplot.close("all")


@pytest.fixture
def predictions():
    """Return three versions with 40, 25 and 10 of 100 rows wrong."""
    rng = np.random.default_rng(0)
    made = {}
    for name, n_wrong in {"May": 40, "June": 25, "July": 10}.items():
        made[name] = Y.copy()
        wrong = rng.choice(100, n_wrong, replace=False)
        made[name][wrong] = np.where(Y[wrong] == "cat", "dog", "cat")
    return made


def texts(display):
    return [
        [None if text is None else text.get_text() for text in row]
        for row in display.text_
    ]


def tick_labels(axis):
    return [tick.get_text() for tick in axis.get_ticklabels()]


def test_matrix_is_that_of_the_metric(predictions):
    weight = np.arange(100)
    display = FlipMatrixDisplay.from_predictions(Y, predictions, sample_weight=weight)
    np.testing.assert_array_equal(
        display.matrix, flip_matrix(Y, predictions, sample_weight=weight)
    )
    assert tick_labels(display.ax_.xaxis) == ["May", "June", "July"]
    assert tick_labels(display.ax_.yaxis) == ["May", "June", "July"]


def test_cells_are_rates_in_percent():
    display = FlipMatrixDisplay(MATRIX).plot()
    assert texts(display) == [
        [None, "2.0", "3.0"],
        ["5.0", None, "1.0"],
        ["7.0", "2.0", None],
    ]
    assert display.ax_.get_title(loc="left") == "NFR in %, of updates up to 3.0"
    assert tick_labels(display.ax_.yaxis) == ["v1", "v2", "v3"]


def test_rows_are_left_and_columns_are_moved_to():
    display = FlipMatrixDisplay(MATRIX).plot()
    assert display.ax_.get_ylabel() == "from this version"
    assert display.ax_.get_xlabel() == "to this version"
    assert display.text_[0, 2].get_position() == (2, 0)  # x is the column
    low, high = sorted(display.ax_.get_ylim())
    assert display.ax_.get_ylim() == (high, low)  # the first row is on top


def test_only_updates_have_a_colour():
    display = FlipMatrixDisplay(MATRIX).plot()
    coloured = ~np.ma.getmaskarray(display.im_.get_array())
    np.testing.assert_array_equal(coloured, np.triu(np.ones((3, 3), dtype=bool), k=1))
    # Rollbacks do not set the scale.
    assert display.im_.get_clim() == (0, 0.03)


def test_figures_are_readable_on_their_cells():
    display = FlipMatrixDisplay(MATRIX).plot()
    assert display.text_[0, 2].get_color() == "white"
    assert display.text_[1, 2].get_color() == "black"


@pytest.mark.parametrize(
    ("highest", "expected"), [(0.5, "50.0"), (0.005, "0.50"), (0.00025, "0.025")]
)
def test_small_rates_keep_two_digits(highest, expected):
    display = FlipMatrixDisplay([[0, highest], [0, 0]]).plot()
    assert display.text_[0, 1].get_text() == expected


def test_no_flips_at_all():
    display = FlipMatrixDisplay.from_predictions(Y, [Y, Y])
    assert texts(display) == [[None, "0.0"], ["0.0", None]]
    assert display.im_.get_clim()[1] > 0


def test_undefined_rates():
    display = FlipMatrixDisplay(np.full((2, 2), np.nan)).plot()
    assert texts(display) == [[None, "nan"], ["nan", None]]
    display.figure_.canvas.draw()


@pytest.mark.parametrize("n_versions", [2, 6, 12])
def test_cells_of_many_versions_keep_their_size(n_versions):
    display = FlipMatrixDisplay(np.zeros((n_versions, n_versions))).plot()
    display.figure_.canvas.draw()
    box = display.ax_.get_window_extent()
    inches = box.width / display.figure_.dpi / n_versions
    assert 0.4 < inches < 1.8
    assert box.height == pytest.approx(box.width, rel=0.2)
    # Nothing is cut off.
    whole = display.figure_.get_tightbbox()
    width, height = display.figure_.get_size_inches()
    assert whole.x0 > -0.05
    assert whole.x1 < width + 0.05
    assert whole.y0 > -0.05
    assert whole.y1 < height + 0.05


def test_draws_into_a_given_ax():
    figure, (left, right) = matplotlib.pyplot.subplots(1, 2)
    display = FlipMatrixDisplay(MATRIX).plot(ax=right)
    assert display.ax_ is right
    assert display.figure_ is figure
    assert not left.has_data()


def test_from_estimator_asks_every_version(wine):
    X, y = wine
    tree = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X[::2], y[::2])
    linear = LogisticRegression(max_iter=5000).fit(X[::2], y[::2])
    X, y = X[1::2], y[1::2]
    expected = flip_matrix(y, [tree.predict(X), linear.predict(X)])
    assert expected[1, 0] > 0
    for versions, names in (
        ([tree, linear], ["v1", "v2"]),
        (ModelHistory([tree, linear]), ["v1", "v2"]),
        ({"tree": tree, "linear": linear}, ["tree", "linear"]),
    ):
        display = FlipMatrixDisplay.from_estimator(versions, X, y)
        np.testing.assert_array_equal(display.matrix, expected)
        assert tick_labels(display.ax_.xaxis) == names
    display = FlipMatrixDisplay.from_estimator(
        {"tree": tree, "linear": linear}, X, y, display_labels=["a", "b"]
    )
    assert tick_labels(display.ax_.xaxis) == ["a", "b"]


def test_bad_input(wine, predictions):
    X, y = wine
    with pytest.raises(ValueError, match=r"two versions.*\(1, 1\)"):
        FlipMatrixDisplay.from_predictions(Y, [Y])
    with pytest.raises(ValueError, match=r"two versions.*\(2, 3\)"):
        FlipMatrixDisplay(np.zeros((2, 3))).plot()
    with pytest.raises(ValueError, match="no versions"):
        FlipMatrixDisplay.from_predictions(Y, [])
    with pytest.raises(ValueError, match="2 names for 3 versions"):
        FlipMatrixDisplay.from_predictions(Y, predictions, display_labels=["a", "b"])
    with pytest.raises(ValueError, match="different kinds"):
        FlipMatrixDisplay.from_predictions(Y, [Y, np.arange(100)])
    with pytest.raises(TypeError, match="got LogisticRegression"):
        FlipMatrixDisplay.from_estimator(LogisticRegression(), X, y)
    with pytest.raises(TypeError, match="a version is None"):
        FlipMatrixDisplay.from_estimator([None], X, y)


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    real_import = builtins.__import__

    def no_matplotlib(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ModuleNotFoundError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_matplotlib)
    with pytest.raises(ImportError, match=r"pip install sklearn-graceful\[plot\]"):
        FlipMatrixDisplay(MATRIX).plot()
