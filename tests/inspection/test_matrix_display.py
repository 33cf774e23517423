"""Laws of both displays of a value for each pair of versions."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import NotFittedError

from sklearn_graceful import ModelHistory
from sklearn_graceful.inspection import CompatibilityMatrixDisplay, FlipMatrixDisplay
from sklearn_graceful.metrics import compatibility_matrix, flip_matrix

DISPLAYS = [CompatibilityMatrixDisplay, FlipMatrixDisplay]
each_display = pytest.mark.parametrize("Display", DISPLAYS)


@pytest.fixture
def versions(wine):
    """Return two models that predict and embed, the first by a single column."""
    X, y = wine
    first = LinearDiscriminantAnalysis(n_components=1).fit(X[::9], y[::9])
    return first, LinearDiscriminantAnalysis().fit(X[::2], y[::2])


@each_display
def test_rows_are_the_first_of_the_pair_and_on_top(Display):
    display = Display(np.arange(9).reshape(3, 3) / 9).plot()
    assert display.text_[0, 2].get_position() == (2, 0)  # x is the column
    low, high = sorted(display.ax_.get_ylim())
    assert display.ax_.get_ylim() == (high, low)
    words = {
        CompatibilityMatrixDisplay: ("queries of", "gallery of"),
        FlipMatrixDisplay: ("from this version", "to this version"),
    }
    assert (display.ax_.get_ylabel(), display.ax_.get_xlabel()) == words[Display]


@pytest.mark.parametrize(
    ("Display", "dark", "light"),
    [
        # Half better than the self-test, and as good as that.
        (CompatibilityMatrixDisplay, (1, 0), (2, 1)),
        (FlipMatrixDisplay, (0, 2), (1, 2)),
    ],
)
def test_figures_are_readable_on_their_cells(Display, dark, light):
    display = Display([[0, 0.1, 0.3], [0.5, 0, 0], [0.1, 0, 0]]).plot()
    assert display.text_[dark].get_color() == "white"
    assert display.text_[light].get_color() == "black"


@each_display
@pytest.mark.parametrize("n_versions", [2, 6, 12])
@pytest.mark.parametrize("name", ["v{}", "release of month {}"])
def test_cells_of_many_versions_keep_their_size(Display, n_versions, name):
    names = [name.format(number) for number in range(n_versions)]
    display = Display(np.tri(n_versions), display_labels=names).plot()
    display.figure_.canvas.draw()
    box = display.ax_.get_window_extent()
    assert 0.4 < box.width / display.figure_.dpi / n_versions < 1.8
    assert box.height == pytest.approx(box.width, rel=0.2)
    # Nothing is cut off.
    whole = display.figure_.get_tightbbox()
    width, height = display.figure_.get_size_inches()
    assert min(whole.x0, whole.y0) > -0.05
    assert whole.x1 < width + 0.05
    assert whole.y1 < height + 0.05


@pytest.mark.parametrize(
    ("named", "names"),
    [
        (list, ["v1", "v2"]),
        (lambda versions: ModelHistory(list(versions)), ["v1", "v2"]),
        (lambda versions: dict(zip("ab", versions, strict=True)), ["a", "b"]),
    ],
)
def test_from_estimator_asks_every_version(wine, versions, tick_labels, named, names):
    X, y = wine
    display = FlipMatrixDisplay.from_estimator(named(versions), X, y)
    expected = flip_matrix(y, [version.predict(X) for version in versions])
    assert expected[1, 0] > 0
    np.testing.assert_array_equal(display.matrix, expected)
    assert tick_labels(display.ax_.yaxis) == names

    queries, gallery = (X[1::4], y[1::4]), (X[3::4], y[3::4])
    options = {"metric": "euclidean", "measure": "recall@5", "old_view": True}
    display = CompatibilityMatrixDisplay.from_estimator(
        named(versions), *queries, X_gallery=gallery[0], y_gallery=gallery[1], **options
    )
    expected = compatibility_matrix(
        [version.transform(queries[0]) for version in versions],
        labels=queries[1],
        gallery_by_version=[version.transform(gallery[0]) for version in versions],
        gallery_labels=gallery[1],
        **options,
    )
    np.testing.assert_array_equal(display.values, expected.values)
    assert tick_labels(display.ax_.xaxis) == names


def test_without_a_gallery_each_query_searches_the_others(wine, versions):
    X, y = wine
    display = CompatibilityMatrixDisplay.from_estimator(versions, X, y, old_view=True)
    embeddings = [version.transform(X) for version in versions]
    expected = compatibility_matrix(embeddings, labels=y, old_view=True).values
    np.testing.assert_array_equal(display.values, expected)


@each_display
def test_display_labels_go_before_the_keys_of_a_dict(
    wine, versions, tick_labels, Display
):
    named = dict(zip("ab", versions, strict=True))
    by_width = {"old_view": True} if Display is CompatibilityMatrixDisplay else {}
    display = Display.from_estimator(
        named, *wine, display_labels=["old", "new"], **by_width
    )
    assert tick_labels(display.ax_.xaxis) == ["old", "new"]


@each_display
def test_what_is_no_matrix_of_versions_is_refused(Display):
    with pytest.raises(ValueError, match=r"(values|matrix) must.*two versions.*\(2, 3"):
        Display(np.zeros((2, 3))).plot()
    with pytest.raises(ValueError, match=r"two versions.*\(1, 1\)"):
        Display(np.zeros((1, 1))).plot()
    with pytest.raises(ValueError, match="3 names for 2 versions"):
        Display(np.eye(2), display_labels=["a", "b", "c"]).plot()


@each_display
def test_what_is_no_collection_of_fitted_models_is_refused(wine, Display):
    unfitted, name = LinearDiscriminantAnalysis(), "LinearDiscriminantAnalysis"
    message = f"{Display.__name__} needs a dict, a list or a ModelHistory.* got {name}"
    with pytest.raises(TypeError, match=message):
        Display.from_estimator(unfitted, *wine)
    with pytest.raises(TypeError, match=f"{Display.__name__}: a version is None"):
        Display.from_estimator([None], *wine)
    with pytest.raises(NotFittedError):
        Display.from_estimator([unfitted, unfitted], *wine)
