"""The picture of galleries and queries says what the matrix says."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from sklearn_graceful.inspection import CompatibilityMatrixDisplay
from sklearn_graceful.metrics import compatibility_matrix

# Below the diagonal: one better than .80, one equal to .90, one worse than .80.
VALUES = np.array([[0.8, 0.3, 0.2], [0.85, 0.9, 0.4], [0.76, 0.9, 0.95]])


@pytest.fixture
def embeddings():
    """Return items of three classes as two versions see them, the new one better."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 20)
    old = np.eye(3)[labels] + rng.normal(0, 0.6, (60, 3))
    wider = np.hstack([np.eye(3)[labels], rng.normal(0, 0.1, (60, 2))])
    return {"May": old, "June": wider + rng.normal(0, 0.2, (60, 5))}, labels


def marks(display):
    """Vertices of the mark in each cell: 3 of a tick, 4 of a cross."""
    return [
        [0 if mark is None else len(mark.get_paths()[0].vertices) for mark in row]
        for row in display.marks_
    ]


def title(display):
    return display.ax_.get_title(loc="left").splitlines()


def test_cells_are_percent(texts, tick_labels):
    display = CompatibilityMatrixDisplay(VALUES).plot()
    assert texts(display.text_) == [
        ["80.0", "30.0", "20.0"],
        ["85.0", "90.0", "40.0"],
        ["76.0", "90.0", "95.0"],
    ]
    assert tick_labels(display.ax_.yaxis) == ["v1", "v2", "v3"]


def test_marks_tell_the_criterion_without_colour():
    display = CompatibilityMatrixDisplay(VALUES).plot()
    assert marks(display) == [[0, 0, 0], [3, 0, 0], [4, 4, 0]]
    shown = display.ax_.get_legend().get_texts()
    assert [text.get_text() for text in shown] == [
        "better than the self-test of its column",
        "not better",
    ]


def test_colours_are_changes_against_the_self_test():
    display = CompatibilityMatrixDisplay(VALUES).plot()
    change = display.im_.get_array()
    np.testing.assert_array_equal(
        ~np.ma.getmaskarray(change), np.tril(np.ones((3, 3), dtype=bool), k=-1)
    )
    np.testing.assert_allclose(change.compressed(), [0.05, -0.04, 0], atol=1e-12)
    # No change is in the middle.
    np.testing.assert_allclose(display.im_.get_clim(), (-0.05, 0.05))


def test_title_says_average_compatibility_and_accuracy():
    display = CompatibilityMatrixDisplay(VALUES, measure="map").plot()
    mean = (0.8 + 0.85 + 0.9 + 0.76 + 0.9 + 0.95) / 6
    assert title(display) == [
        "mAP in %",
        f"AC 33 % (1 of 3 cross-tests), AM {100 * mean:.1f}",
    ]


def test_title_agrees_with_the_metric(embeddings, tick_labels):
    by_version, labels = embeddings
    matrix = compatibility_matrix(by_version, labels=labels, measure="ndcg")
    display = CompatibilityMatrixDisplay.from_embeddings(
        by_version, labels=labels, measure="ndcg"
    )
    np.testing.assert_array_equal(display.values, matrix.values)
    assert matrix.average_compatibility == 1
    mean = 100 * matrix.average_multimodel_accuracy
    assert title(display) == [
        "nDCG in %",
        f"AC 100 % (1 of 1 cross-tests), AM {mean:.1f}",
    ]
    assert tick_labels(display.ax_.xaxis) == ["May", "June"]


def test_missing_cells_are_blank_and_do_not_count():
    values = VALUES.copy()
    values[2, 0] = values[0, 2] = np.nan
    display = CompatibilityMatrixDisplay(values).plot()
    assert display.text_[2, 0] is display.text_[0, 2] is None
    assert marks(display) == [[0, 0, 0], [3, 0, 0], [0, 4, 0]]
    mean = (0.8 + 0.85 + 0.9 + 0.9 + 0.95) / 5
    assert title(display)[1] == f"AC 50 % (1 of 2 cross-tests), AM {100 * mean:.1f}"


def test_a_lost_self_test_leaves_its_column_without_a_verdict():
    values = VALUES.copy()
    values[0, 0] = np.nan
    display = CompatibilityMatrixDisplay(values).plot()
    assert marks(display) == [[0, 0, 0], [0, 0, 0], [0, 4, 0]]
    assert display.text_[1, 0].get_text() == "85.0"


def test_nothing_known(texts):
    display = CompatibilityMatrixDisplay(np.full((2, 2), np.nan)).plot()
    assert texts(display.text_) == [[None, None], [None, None]]
    assert title(display)[1] == "AC undefined (0 of 0 cross-tests), AM undefined"
    display.figure_.canvas.draw()


def test_figures_are_readable_on_their_cells():
    display = CompatibilityMatrixDisplay(VALUES).plot()
    assert display.text_[1, 0].get_color() == "white"
    assert display.text_[2, 1].get_color() == "black"


def test_bad_input(wine, embeddings):
    X, y = wine
    by_version, labels = embeddings
    with pytest.raises(ValueError, match=r"two versions.*\(1, 1\)"):
        CompatibilityMatrixDisplay.from_embeddings([X], labels=y)
    with pytest.raises(ValueError, match="no versions"):
        CompatibilityMatrixDisplay.from_embeddings([], labels=y)
    with pytest.raises(ValueError, match="3 names for 2 versions"):
        CompatibilityMatrixDisplay.from_embeddings(
            by_version, labels=labels, display_labels=["a", "b", "c"]
        )
    with pytest.raises(ValueError, match="give X_gallery and y_gallery, or neither"):
        CompatibilityMatrixDisplay.from_estimator([PCA()], X, y, X_gallery=X)
