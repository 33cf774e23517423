"""The picture of galleries and queries says what the matrix says."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from sklearn_graceful.inspection import CompatibilityMatrixDisplay
from sklearn_graceful.metrics import compatibility_matrix

# Below the diagonal: one better than .80, one equal to .90, one worse than .80.
VALUES = np.array([[0.8, 0.3, 0.2], [0.85, 0.9, 0.4], [0.76, 0.9, 0.95]])


@pytest.fixture
def display():
    return CompatibilityMatrixDisplay(VALUES, measure="map").plot()


def marks(display):
    """Vertices of the mark in each cell: 3 of a tick, 4 of a cross."""
    return [
        [0 if mark is None else len(mark.get_paths()[0].vertices) for mark in row]
        for row in display.marks_
    ]


def test_cells_are_percent(display, texts, tick_labels):
    assert texts(display.text_) == [
        ["80.0", "30.0", "20.0"],
        ["85.0", "90.0", "40.0"],
        ["76.0", "90.0", "95.0"],
    ]
    assert tick_labels(display.ax_.yaxis) == ["v1", "v2", "v3"]


def test_the_legend_says_what_the_marks_mean(display, texts):
    assert texts([display.ax_.get_legend().get_texts()]) == [
        ["better than the self-test of its column", "not better"]
    ]


def test_colours_are_changes_against_the_self_test(display):
    change = display.im_.get_array()
    np.testing.assert_array_equal(
        ~np.ma.getmaskarray(change), np.tril(np.ones((3, 3), dtype=bool), k=-1)
    )
    np.testing.assert_allclose(change.compressed(), [0.05, -0.04, 0], atol=1e-12)
    # No change is in the middle.
    np.testing.assert_allclose(display.im_.get_clim(), (-0.05, 0.05))


@pytest.mark.parametrize(
    ("missing", "marked", "said"),
    [
        ([], [[0, 0, 0], [3, 0, 0], [4, 4, 0]], "33 % (1 of 3 cross-tests), AM 86.0"),
        (
            # A cross-test, and one that does not count anyway.
            [(2, 0), (0, 2)],
            [[0, 0, 0], [3, 0, 0], [0, 4, 0]],
            "50 % (1 of 2 cross-tests), AM 88.0",
        ),
        (
            # A self-test: its column has no verdict.
            [(0, 0)],
            [[0, 0, 0], [0, 0, 0], [0, 4, 0]],
            "0 % (0 of 1 cross-tests), AM 87.2",
        ),
        (
            list(np.ndindex(3, 3)),
            [[0, 0, 0]] * 3,
            "undefined (0 of 0 cross-tests), AM undefined",
        ),
    ],
)
def test_missing_cells_are_blank_and_do_not_count(missing, marked, said):
    values = VALUES.copy()
    for cell in missing:
        values[cell] = np.nan
    display = CompatibilityMatrixDisplay(values, measure="map").plot()
    assert marks(display) == marked
    assert display.ax_.get_title(loc="left") == f"mAP in %\nAC {said}"
    blank = [cell for cell in np.ndindex(3, 3) if display.text_[cell] is None]
    assert blank == sorted(missing)
    display.figure_.canvas.draw()


def test_it_agrees_with_the_metric(tick_labels):
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 20)
    old = np.eye(3)[labels] + rng.normal(0, 0.6, (60, 3))
    new = np.hstack([np.eye(3)[labels], rng.normal(0, 0.1, (60, 2))])
    embeddings = {"May": old, "June": new + rng.normal(0, 0.2, (60, 5))}
    options = {"labels": labels, "measure": "ndcg", "old_view": True}
    matrix = compatibility_matrix(embeddings, **options)
    display = CompatibilityMatrixDisplay.from_embeddings(embeddings, **options)
    np.testing.assert_array_equal(display.values, matrix.values)
    assert matrix.average_compatibility == 1
    mean = 100 * matrix.average_multimodel_accuracy
    assert display.ax_.get_title(loc="left").splitlines() == [
        "nDCG in %",
        f"AC 100 % (1 of 1 cross-tests), AM {mean:.1f}",
    ]
    assert tick_labels(display.ax_.xaxis) == ["May", "June"]


def test_bad_input(wine):
    X, y = wine
    with pytest.raises(ValueError, match="no versions"):
        CompatibilityMatrixDisplay.from_embeddings([], labels=y)
    with pytest.raises(ValueError, match="give X_gallery and y_gallery, or neither"):
        CompatibilityMatrixDisplay.from_estimator([PCA()], X, y, X_gallery=X)
