"""The picture says what the counts say."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from sklearn_graceful.inspection import FlipDisplay
from sklearn_graceful.metrics import FlipCounts, flip_counts, flip_interval

Y_TRUE = np.repeat(["cat", "dog", "owl"], [4, 4, 2])
Y_OLD = np.array(["cat"] * 4 + ["dog", "dog", "cat", "cat"] + ["owl", "dog"])
Y_NEW = np.array(["cat", "dog", "owl", "cat"] + ["dog"] * 4 + ["dog", "dog"])


@pytest.fixture
def display():
    return FlipDisplay.from_predictions(Y_TRUE, Y_NEW, y_old=Y_OLD)


def _bars(display):
    names = [tick.get_text() for tick in display.ax_by_class_.get_yticklabels()]
    lengths = [bar.get_width() for bar in display.bars_]
    return dict(zip(names, lengths, strict=True))


def _random_labels(n_rows, n_classes):
    rng = np.random.default_rng(0)
    y, wrong = rng.integers(n_classes, size=(2, n_rows))
    y[:n_classes] = np.arange(n_classes)
    old, new = (np.where(rng.random(n_rows) < right, y, wrong) for right in (0.7, 0.8))
    return y, old, new


def test_counts_are_those_of_the_metric_and_of_each_class(display):
    assert display.counts == flip_counts(Y_TRUE, Y_NEW, y_old=Y_OLD)
    # cat: 2 kept, 2 lost; dog: 2 kept, 2 won; owl: 1 lost, 1 wrong alike.
    cells = [[2, 2, 0, 0, 0], [2, 0, 2, 0, 0], [0, 1, 0, 1, 0]]
    np.testing.assert_array_equal(np.transpose(display.by_class.cells), cells)
    assert list(display.display_labels) == ["cat", "dog", "owl"]


def test_cells_name_outcome_share_and_rows(display, texts):
    assert texts(display.text_) == [
        ["both right\n40.0 %\n4", "negative flips\n30.0 %\n3"],
        ["positive flips\n20.0 %\n2", "both wrong\n10.0 %\n1"],
    ]


def test_title_gives_nfr_interval_and_both_accuracies(display):
    _, low, high = flip_interval(Y_TRUE, Y_NEW, y_old=Y_OLD)
    assert display.ax_.get_title(loc="left") == (
        f"NFR 30.0 % (95 % interval {100 * low:.1f} % to {100 * high:.1f} %)\n"
        "accuracy 70.0 % → 60.0 %"
    )


def test_negative_flips_stand_out_in_greyscale(display):
    def brightness(patch):
        return patch.get_facecolor()[:3] @ np.array([0.299, 0.587, 0.114])

    shades = [brightness(patch) for patch in display.ax_.patches]
    assert np.argmin(shades) == 1
    assert np.sort(shades)[1] - shades[1] > 0.3


def test_longest_bar_comes_first(display, texts):
    assert _bars(display) == {"cat": 2, "owl": 1, "dog": 0}
    assert next(iter(_bars(display))) == "cat"
    assert texts([display.ax_by_class_.texts]) == [["2 of 4", "1 of 2", "0 of 4"]]


def test_rate_is_within_the_class():
    y, y_new = list("aaaaaaaaaabb"), list("bbbaaaaaaaab")
    display = FlipDisplay.from_predictions(y, y_new, y_old=y, rate=True)
    assert _bars(display) == {"b": 0.5, "a": 0.3}


def test_classes_beyond_the_limit_are_summed_up():
    y, old, new = _random_labels(3000, 100)
    display = FlipDisplay.from_predictions(y, new, y_old=old, max_classes=7)
    shown = sum(bar.get_width() for bar in display.bars_)
    rest = display.counts.negative_flips - shown
    assert len(display.bars_) == 7
    assert f"(93 more classes: {rest:.0f} " in display.ax_by_class_.get_xlabel()


def test_long_names_keep_both_ends():
    y, old, new = _random_labels(50, 2)
    names = [f"a very long name of a class that ends in {k}" for k in range(2)]
    display = FlipDisplay.from_predictions(y, new, y_old=old, display_labels=names)
    shown = sorted(_bars(display), key=lambda name: name[-1])
    assert [name[-1] for name in shown] == ["0", "1"]
    assert all(len(name) < 30 and name.startswith("a very") for name in shown)


def test_weight_is_a_repeated_row():
    weight = np.arange(10) % 3
    draw = FlipDisplay.from_predictions
    weighted = draw(Y_TRUE, Y_NEW, y_old=Y_OLD, sample_weight=weight)
    y, new, old = (np.repeat(labels, weight) for labels in (Y_TRUE, Y_NEW, Y_OLD))
    repeated = draw(y, new, y_old=old)
    assert weighted.counts == repeated.counts
    assert _bars(weighted) == _bars(repeated)
    assert weighted.ax_.get_title(loc="left") == repeated.ax_.get_title(loc="left")


def test_fractional_weights_have_a_bootstrap_interval():
    y, old, new = _random_labels(300, 4)
    weight = np.random.default_rng(0).random(300)
    options = {"y_old": old, "sample_weight": weight, "random_state": 0}
    display = FlipDisplay.from_predictions(y, new, **options)
    assert display.nfr_interval == flip_interval(y, new, **options)
    rows = (old == y) & (new != y)
    assert display.counts.negative_flips == pytest.approx(weight[rows].sum())


def test_single_class_without_flips():
    display = FlipDisplay.from_predictions([1, 1], [1, 1], y_old=[1, 1])
    assert _bars(display) == {"1": 0}
    assert "NFR 0.0 %" in display.ax_.get_title(loc="left")


def test_table_alone(display):
    _, ax = matplotlib.pyplot.subplots()
    display.plot(ax=ax, show_classes=False)
    assert display.ax_by_class_ is None
    assert display.bars_ is None
    assert ax.figure.axes == [ax]


def test_stored_counts_need_no_rows_and_many_rows_get_more_digits():
    display = FlipDisplay(FlipCounts(900, 10, 50, 30, 10)).plot()
    assert display.ax_.get_title(loc="left") == "NFR 1.0 %\naccuracy 91.0 % → 95.0 %"
    assert display.ax_by_class_ is None
    display = FlipDisplay(FlipCounts(999_000, 123, 877, 0, 0)).plot()
    assert "\n0.012 %\n" in display.text_[0, 1].get_text()


def test_from_estimator_gives_both_pipelines_raw_rows():
    iris = load_iris(as_frame=True)
    X = iris.data.assign(size=np.where(iris.data.iloc[:, 2] > 3, "large", "small"))
    y = pd.Series(iris.target_names[iris.target])
    encode = make_column_transformer(
        (OneHotEncoder(), ["size"]), remainder="passthrough"
    )
    old = make_pipeline(encode, DecisionTreeClassifier(max_depth=2, random_state=0))
    new = make_pipeline(encode, LogisticRegression(max_iter=5000))
    old.fit(X[::2], y[::2])
    new.fit(X[::2], y[::2])
    X, y = X[1::2], y[1::2]
    display = FlipDisplay.from_estimator(new, X, y, old_model=old)
    assert display.counts == flip_counts(y, new.predict(X), y_old=old.predict(X))
    assert set(_bars(display)) == set(iris.target_names)


def test_no_old_model():
    new = DecisionTreeClassifier()
    with pytest.raises(TypeError, match="old model"):
        FlipDisplay.from_estimator(new, [[1.0]], [1], old_model=None)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"y_old": np.arange(10)}, "number"),
        ({"y_old": Y_OLD[:3]}, "3 rows"),
        ({"y_old": Y_OLD, "max_classes": 0}, "max_classes"),
        ({"y_old": Y_OLD, "display_labels": ["cat", "dog"]}, "2 names for 3 classes"),
    ],
)
def test_bad_input(wrong, message):
    with pytest.raises(ValueError, match=message):
        FlipDisplay.from_predictions(Y_TRUE, Y_NEW, **wrong)
