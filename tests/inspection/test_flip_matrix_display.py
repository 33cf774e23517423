"""The heat map says what the matrix says."""

import numpy as np
import pytest

from sklearn_graceful.inspection import FlipMatrixDisplay
from sklearn_graceful.metrics import flip_matrix

Y = np.repeat(["cat", "dog"], 50)
MATRIX = np.array([[0, 0.02, 0.03], [0.05, 0, 0.01], [0.07, 0.02, 0]])


def test_matrix_is_that_of_the_metric(tick_labels):
    rng = np.random.default_rng(0)
    names = {"May": 0.4, "June": 0.25, "July": 0.1}
    wrong = {name: rng.random(100) < share for name, share in names.items()}
    predictions = {k: np.where(v, Y[::-1], Y) for k, v in wrong.items()}
    weight = np.arange(100)
    display = FlipMatrixDisplay.from_predictions(Y, predictions, sample_weight=weight)
    expected = flip_matrix(Y, predictions, sample_weight=weight)
    assert (expected > 0).sum() == 6
    np.testing.assert_array_equal(display.matrix, expected)
    assert tick_labels(display.ax_.xaxis) == list(names)
    assert tick_labels(display.ax_.yaxis) == list(names)


def test_cells_are_rates_in_percent(texts, tick_labels):
    display = FlipMatrixDisplay(MATRIX).plot()
    assert texts(display.text_) == [
        [None, "2.0", "3.0"],
        ["5.0", None, "1.0"],
        ["7.0", "2.0", None],
    ]
    assert display.ax_.get_title(loc="left") == "NFR in %, of updates up to 3.0"
    assert tick_labels(display.ax_.yaxis) == ["v1", "v2", "v3"]


def test_only_updates_have_a_colour():
    display = FlipMatrixDisplay(MATRIX).plot()
    coloured = ~np.ma.getmaskarray(display.im_.get_array())
    np.testing.assert_array_equal(coloured, np.triu(np.ones((3, 3), dtype=bool), k=1))
    # Rollbacks do not set the scale.
    assert display.im_.get_clim() == (0, 0.03)


@pytest.mark.parametrize(
    ("highest", "expected"), [(0.5, "50.0"), (0.005, "0.50"), (0.00025, "0.025")]
)
def test_small_rates_keep_two_digits(highest, expected):
    display = FlipMatrixDisplay([[0, highest], [0, 0]]).plot()
    assert display.text_[0, 1].get_text() == expected


def test_no_flips_at_all(texts):
    display = FlipMatrixDisplay.from_predictions(Y, [Y, Y])
    assert texts(display.text_) == [[None, "0.0"], ["0.0", None]]
    assert display.im_.get_clim()[1] > 0


def test_undefined_rates(texts):
    display = FlipMatrixDisplay(np.full((2, 2), np.nan)).plot()
    assert texts(display.text_) == [[None, "nan"], ["nan", None]]
    display.figure_.canvas.draw()


def test_bad_input():
    with pytest.raises(ValueError, match="no versions"):
        FlipMatrixDisplay.from_predictions(Y, [])
    with pytest.raises(ValueError, match="different kinds"):
        FlipMatrixDisplay.from_predictions(Y, [Y, np.arange(100)])
