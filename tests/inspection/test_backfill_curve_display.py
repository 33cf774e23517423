"""The picture of a backfill says what its curves say."""

import numpy as np
import pytest

from sklearn_graceful.inspection import BackfillCurveDisplay
from sklearn_graceful.metrics import BackfillCurve, backfill_curve, retrieval_outcomes

FRACTION = [0.0, 0.25, 0.5, 1.0]
# The second reaches 95 % of .8 = .76 at a half and loses it nowhere.
CURVES = {
    "late": BackfillCurve(FRACTION, [0.6, 0.6, 0.6, 0.8], "recall@1"),
    "early": BackfillCurve(FRACTION, [0.6, 0.7, 0.78, 0.8], "recall@1"),
}


@pytest.fixture
def gallery():
    """Return arguments of a backfill: 30 queries, 60 items, old and new vectors."""
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 3
    old = np.eye(3)[labels] + rng.normal(0, 0.6, (90, 3))
    new = np.hstack([np.eye(3)[labels], np.zeros((90, 1))])
    new += rng.normal(0, 0.3, (90, 4))
    return {
        "queries": new[:30],
        "old_gallery": old[30:],
        "new_gallery": new[30:],
        "query_labels": labels[:30],
        "gallery_labels": labels[30:],
        "old_view": True,
    }, old[:30]


def test_curves_are_drawn_as_they_are():
    display = BackfillCurveDisplay(CURVES).plot()
    assert list(display.lines_) == ["late", "early"]
    for name, line in display.lines_.items():
        np.testing.assert_array_equal(line.get_xdata(), FRACTION)
        np.testing.assert_array_equal(line.get_ydata(), CURVES[name].quality)


def test_rings_are_where_the_quality_suffices():
    display = BackfillCurveDisplay(CURVES).plot()
    rings = {name: ring.get_xydata()[0] for name, ring in display.rings_.items()}
    np.testing.assert_allclose(rings["late"], [1, 0.8])
    np.testing.assert_allclose(rings["early"], [0.5, 0.78])
    display = BackfillCurveDisplay(CURVES, share=0.85).plot()
    np.testing.assert_allclose(display.rings_["early"].get_xydata(), [[0.25, 0.7]])


def test_legend_gives_area_and_share(texts):
    display = BackfillCurveDisplay(CURVES).plot()
    # Trapezoids: .25 * .65 + .25 * .74 + .5 * .79 = .7425.
    assert texts([display.ax_.get_legend().get_texts()]) == [
        [
            "late: area 65.0, 95 % at 100 %",
            "early: area 74.2, 95 % at 50 %",
            "95 % of the full re-index",
        ]
    ]


def test_levels_of_old_and_new_self_test(texts):
    display = BackfillCurveDisplay(CURVES, old_self=0.5).plot()
    assert set(display.line_old_self_.get_ydata()) == {0.5}
    assert set(display.line_new_self_.get_ydata()) == {0.8}
    levels = ["full re-index 80.0 %", "old self-test 50.0 %"]
    assert texts([display.ax_.texts]) == [levels]
    assert (
        display.ax_.get_title(loc="left")
        == "recall@1 from 60.0 % (cross-test) to 80.0 % (all re-embedded)"
    )
    display = BackfillCurveDisplay(CURVES).plot()
    assert display.line_old_self_ is None
    assert texts([display.ax_.texts]) == [levels[:1]]


def test_curves_are_told_apart_without_colour():
    curves = {name: CURVES["early"] for name in "abcde"}
    display = BackfillCurveDisplay(curves).plot()
    marks = {line.get_marker() for line in display.lines_.values()}
    assert len(marks) == 5


@pytest.mark.parametrize("old_self", [None, 0.3, 0.58, 0.7])
@pytest.mark.parametrize("n_curves", [1, 2, 5])
def test_legend_covers_no_line(n_curves, old_self):
    curves = {f"order number {k}": CURVES["late"] for k in range(n_curves)}
    display = BackfillCurveDisplay(curves, old_self=old_self).plot()
    display.figure_.canvas.draw()
    top = display.ax_.get_legend().get_window_extent().y1
    lowest = min(0.6, 0.6 if old_self is None else old_self)
    assert display.ax_.transData.transform((0, lowest))[1] > top


def test_names_of_levels_keep_clear_of_the_curves():
    # At the left the curves begin above the old self-test; a bad update crosses it.
    for old_self, side in ((0.5, "left"), (0.7, "right")):
        display = BackfillCurveDisplay(CURVES, old_self=old_self).plot()
        assert display.ax_.texts[1].get_horizontalalignment() == side


def test_a_single_curve_needs_no_name():
    display = BackfillCurveDisplay(CURVES["early"]).plot()
    assert list(display.lines_) == ["backfill"]


def test_from_embeddings_measures_every_order(gallery):
    given, old_queries = gallery
    orders = {"by lot": None, "backwards": np.arange(60)[::-1]}
    options = {"fractions": [0, 0.5, 1], "measure": "map", "random_state": 3}
    display = BackfillCurveDisplay.from_embeddings(
        **given, old_queries=old_queries, orders=orders, **options
    )
    for name, order in orders.items():
        expected = backfill_curve(**given, order=order, **options).quality
        np.testing.assert_array_equal(display.lines_[name].get_ydata(), expected)
    labels = {name: given[name] for name in ("query_labels", "gallery_labels")}
    outcomes = retrieval_outcomes(old_queries, given["old_gallery"], **labels)
    assert display.old_self == outcomes.mean("map")
    assert display.ax_.get_ylabel() == "mAP"


def test_by_default_one_random_order_in_tenths(gallery):
    given, _ = gallery
    display = BackfillCurveDisplay.from_embeddings(**given, random_state=0)
    assert list(display.lines_) == ["random order"]
    tenths = display.lines_["random order"].get_xdata()
    np.testing.assert_allclose(tenths, np.linspace(0, 1, 11))
    assert display.line_old_self_ is None


def test_bad_input(gallery):
    given, _ = gallery
    with pytest.raises(ValueError, match="no curve"):
        BackfillCurveDisplay({}).plot()
    with pytest.raises(ValueError, match="no curve"):
        BackfillCurveDisplay.from_embeddings(**given, orders={})
    with pytest.raises(ValueError, match=r"share must be a number in \[0, 1\], got 95"):
        BackfillCurveDisplay(CURVES, share=95).plot()
    other = BackfillCurve(FRACTION, CURVES["early"].quality, "map")
    with pytest.raises(ValueError, match=r"one measure.*'recall@1'.*'b' has 'map'"):
        BackfillCurveDisplay({"a": CURVES["early"], "b": other}).plot()
    other = BackfillCurve(FRACTION, [0.6, 0.7, 0.8, 0.9], "recall@1")
    with pytest.raises(ValueError, match=r"one update.*0\.6 to 0\.8.*0\.6 to 0\.9"):
        BackfillCurveDisplay({"a": CURVES["early"], "b": other}).plot()
    with pytest.raises(TypeError, match="dict of orders by name, got list"):
        BackfillCurveDisplay.from_embeddings(**given, orders=[np.arange(60)])
    with pytest.raises(ValueError, match="order must name each of the 60"):
        BackfillCurveDisplay.from_embeddings(**given, orders={"a": np.arange(59)})
