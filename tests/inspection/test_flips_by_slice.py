"""FlipDisplay.from_report: both flip rates of every slice."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sklearn_graceful import compare_models
from sklearn_graceful.inspection import FlipDisplay
from sklearn_graceful.metrics import flip_interval

RNG = np.random.default_rng(0)
Y = RNG.choice(["cat", "dog"], 2000)
OLD = np.where(RNG.random(2000) < 0.8, Y, "owl")
NEW = np.where(RNG.random(2000) < 0.9, Y, "owl")
REGION = RNG.choice(["north", "south", "west"], 2000)
NEW[(REGION == "west") & (RNG.random(2000) < 0.7)] = "owl"


@pytest.fixture(scope="module")
def report():
    return compare_models(OLD, NEW, y=Y, slices={"region": REGION})


def _names(display):
    ticks = display.ax_by_slice_.get_yticklabels()
    return [tick.get_text().replace("\n", " ") for tick in ticks]


def test_every_slice_has_both_rates_with_the_intervals_of_its_rows(report):
    display = FlipDisplay.from_report(report)
    names = [part.name for part in report.slices]
    for name, rows in {
        "region = west": REGION == "west",
        "class 'cat'": Y == "cat",
    }.items():
        at = names.index(name)
        for rate, metric in {
            "nfr": "negative_flip_rate",
            "pfr": "positive_flip_rate",
        }.items():
            expected = flip_interval(Y[rows], NEW[rows], y_old=OLD[rows], metric=metric)
            points, _, (bar,) = display.bars_[rate]
            assert points.get_xdata()[at] == pytest.approx(expected.estimate)
            drawn = bar.get_segments()[at][:, 0]
            np.testing.assert_allclose(drawn, expected[1:])


def test_lost_slices_come_first_and_are_called_so(report):
    names = _names(FlipDisplay.from_report(report))
    assert report.slices[0].has_lost
    rows = f"{np.sum(REGION == 'west')} rows"
    assert names[0] == f"region = west, lost, {rows}"
    assert [" lost, " in name for name in names] == [
        part.has_lost for part in report.slices
    ]


def test_the_table_is_that_of_all_rows(report):
    display = FlipDisplay.from_report(report)
    plain = FlipDisplay.from_predictions(Y, NEW, y_old=OLD)
    assert display.counts == plain.counts
    assert display.ax_.get_title(loc="left") == plain.ax_.get_title(loc="left")
    assert display.ax_by_class_ is None
    assert display.plot(show_classes=False).ax_by_slice_ is None


def test_slices_beyond_the_limit_are_told_of(report):
    display = FlipDisplay.from_report(report, max_slices=2)
    assert len(_names(display)) == 2
    assert "(3 more" in display.ax_by_slice_.get_xlabel()
    with pytest.raises(ValueError, match="max_slices must be a whole number from 1 on"):
        FlipDisplay.from_report(report, max_slices=0)


def test_long_names_take_some_lines_and_lose_their_middle(report):
    names = [
        "a column of long name > 0.125 and it <= 7",
        "a column of a name so long that no three lines of the picture can hold all of "
        "it, however wide",
    ]
    slices = [replace(report.slices[0], name=name) for name in names]
    display = FlipDisplay(report.counts, slices=slices).plot()
    ticks = [tick.get_text() for tick in display.ax_by_slice_.get_yticklabels()]
    assert [tick.count("\n") for tick in ticks] == [1, 1]
    assert "<= 7, lost" in _names(display)[0]
    assert "…" in _names(display)[1]


def test_slices_that_are_found_are_drawn_too():
    report = compare_models(OLD, NEW, pd.DataFrame({"region": REGION}), Y)
    assert _names(FlipDisplay.from_report(report))[0].startswith("region = west")
