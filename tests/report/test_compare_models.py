"""compare_models: verdicts, figures and slices, by hand and by what a user notices."""

from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.stats import binomtest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from sklearn_graceful import compare_models
from sklearn_graceful.metrics import FlipCounts, flip_interval


def rows_of(both, lost, won, same, different):
    """Labels with these counts: y, old, new."""
    cells = (both, lost, won, same, different)
    names = np.array(["right", "wrong", "other"])
    y = np.repeat(names[0], sum(cells))
    return (
        y,
        names[np.repeat([0, 0, 1, 1, 1], cells)],
        names[np.repeat([0, 1, 0, 1, 2], cells)],
    )


def of_cells(*cells, **settings):
    y, old, new = rows_of(*cells)
    return compare_models(old, new, y=y, **settings)


def check_of(report, name):
    (found,) = [check for check in report.checks if check.name == name]
    return found


def test_counts_figures_and_the_test_of_equal_accuracy_are_those_of_the_metrics():
    cells = (900, 10, 50, 30, 10)
    report = of_cells(*cells)
    y, old, new = rows_of(*cells)
    assert report.counts == FlipCounts(*cells)
    assert report.figures["negative_flip_rate"] == flip_interval(y, new, y_old=old)
    assert report.mcnemar_pvalue < 1e-6
    assert report.n_rows == 1000


@pytest.mark.parametrize(
    ("lost", "verdict"), [(2, "pass"), (9, "undecided"), (30, "fail")]
)
def test_the_budget_is_judged_by_the_bounds_of_clopper_and_pearson(lost, verdict):
    report = of_cells(900, lost, 60, 10, 10, max_nfr=0.01)
    check = check_of(report, "negative flips")
    interval = binomtest(lost, 980 + lost).proportion_ci(0.90, "exact")
    low, high = (f"{100 * end:.2f} %" for end in interval)
    expected = {
        "pass": f"at most {high}",
        "fail": f"at least {low}",
        "undecided": f"between {low} and {high}",
    }
    assert check.verdict == verdict
    assert expected[verdict] in check.reason


def test_so_many_further_rows_decide_and_fewer_do_not():
    cells = np.array([940, 2, 30, 20, 8])
    further = check_of(of_cells(*cells, max_nfr=0.005), "negative flips").further_rows

    def verdict(n_rows):  # with the same rate of flips
        test = binomtest(round(n_rows * 0.002), n_rows)
        return "pass" if test.proportion_ci(0.9, "exact").high <= 0.005 else "undecided"

    enough = 1000 + further
    assert verdict(int(np.ceil(enough / 500) * 500)) == "pass"
    assert verdict(int(enough // 500 - 1) * 500) == "undecided"


def test_a_rate_at_the_budget_is_never_decided():
    check = check_of(of_cells(960, 10, 10, 10, 10, max_nfr=0.01), "negative flips")
    assert (check.verdict, check.further_rows) == ("undecided", None)


@pytest.mark.parametrize(
    ("min_gain", "max_nfr", "verdict"),
    [
        (None, None, "undecided"),  # asked for a gain of 0
        (None, 0.5, "pass"),  # only a sure loss counts
        (-0.02, None, "pass"),
        (0.03, None, "fail"),
    ],
)
def test_what_is_asked_of_the_accuracy(min_gain, max_nfr, verdict):
    report = of_cells(900, 20, 24, 30, 26, min_gain=min_gain, max_nfr=max_nfr)
    assert check_of(report, "accuracy").verdict == verdict


def test_a_sure_loss_of_accuracy_fails_without_being_asked_for():
    report = of_cells(900, 60, 10, 20, 10, max_nfr=0.5)
    assert check_of(report, "accuracy").verdict == report.verdict == "fail"


def test_further_rows_of_the_gain_follow_from_its_interval():
    report = of_cells(9000, 200, 230, 300, 270)
    check = check_of(report, "accuracy")
    gain, low, high = flip_interval(
        *(rows := rows_of(9000, 200, 230, 300, 270))[::2],
        y_old=rows[1],
        metric="accuracy_difference",
        confidence=0.9,
    )
    factor = ((high - low) / 2 / gain) ** 2
    assert check.further_rows == pytest.approx((factor - 1) * 10_000, abs=1)


def test_a_lost_critical_row_fails_whatever_else_is_won():
    y, old, new = rows_of(900, 3, 90, 4, 3)
    critical = np.zeros(1000)
    critical[899:901] = 5.0  # a row that both have right, and one that is lost
    report = compare_models(old, new, y=y, max_nfr=0.1, critical=critical)
    assert report.verdict == check_of(report, "critical rows").verdict == "fail"
    assert "1 of 2 critical rows" in check_of(report, "critical rows").reason
    assert [flip.id for flip in report.flips if flip.is_critical] == [900]
    assert report.flips[0].is_critical
    kept = compare_models(old, new, y=y, max_nfr=0.1, critical=~(old != new))
    assert kept.verdict == "pass"


# Slices


def table_with_a_broken_slice(seed, n=6000, broken=0.6):
    """An update with more accuracy and one slice of 4 % in which it fails."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "age": rng.integers(0, 100, n),
            "region": rng.choice(["north", "south", "west"], n),
            "income": rng.normal(size=n),
        },
        index=[f"id{i}" for i in range(n)],
    )
    y = rng.choice(["cat", "dog", "owl"], n)

    def guess(labels, accuracy):
        wrong = rng.random(n) > accuracy
        return np.where(wrong, rng.choice(["cat", "dog", "owl"], n), labels)

    old = guess(y, 0.8)
    new = np.where(old == y, guess(y, 0.98), guess(y, 0.5))
    in_slice = ((X["age"] >= 88) & (X["region"] == "west")).to_numpy()
    new = np.where(in_slice & (rng.random(n) < broken), "nothing", new)
    return X, y, old, new, in_slice


@pytest.mark.parametrize("seed", range(5))
def test_a_broken_slice_fails_a_better_model_and_is_named_first(seed):
    X, y, old, new, in_slice = table_with_a_broken_slice(seed)
    assert 0.03 < in_slice.mean() < 0.05
    assert (new == y).mean() > (old == y).mean() + 0.02
    report = compare_models(old, new, X, y)
    assert report.verdict == "fail"
    worst = report.slices[0]
    assert worst.has_lost
    assert worst.kind == "found"
    assert "age > " in worst.name
    assert "region = west" in worst.name
    listed = [flip.id for flip in report.flips if worst.name in flip.slices]
    assert len(listed) == worst.n_flips
    assert np.isin(listed, X.index[in_slice]).mean() > 0.9
    assert report.flips[0].slices


def test_figures_of_a_found_slice_are_of_rows_that_it_was_not_found_on():
    X, y, old, new, in_slice = table_with_a_broken_slice(0)
    worst = compare_models(old, new, X, y).slices[0]
    # A half of the rows.
    assert worst.n_rows < 0.6 * in_slice.sum()
    assert worst.counts.total == worst.n_rows


@pytest.mark.parametrize("seed", range(10))
def test_another_seed_of_a_forest_is_no_lost_slice(seed):
    X, y = load_iris(return_X_y=True)
    rng = np.random.default_rng(seed)
    X = np.repeat(X, 20, axis=0) + rng.normal(scale=0.3, size=(3000, 4))
    y = np.repeat(y, 20)
    old, new = (
        RandomForestClassifier(10, max_depth=5, random_state=one).fit(X[::3], y[::3])
        for one in (2 * seed, 2 * seed + 1)
    )
    rest = np.arange(3000) % 3 > 0
    report = compare_models(old, new, X[rest], y[rest])
    assert not report.lost_slices


def test_columns_that_are_named_are_cut_into_slices():
    X, y, old, new, _ = table_with_a_broken_slice(0)
    report = compare_models(old, new, X, y, slices=["region", "age"])
    names = {part.name for part in report.slices if part.kind == "given"}
    cuts = np.quantile(X["age"], [0.25, 0.5, 0.75])
    assert names == {
        *(f"region = {name}" for name in ("north", "south", "west")),
        f"age <= {cuts[0]:g}",
        *(f"age > {low:g} and age <= {high:g}" for low, high in pairwise(cuts)),
        f"age > {cuts[2]:g}",
    }
    by_name = {part.name: part for part in report.slices}
    assert by_name["region = west"].n_rows == (X["region"] == "west").sum()
    assert sum(by_name[name].n_rows for name in names if name.startswith("age")) == 6000


def test_masks_and_columns_that_x_lacks_can_be_slices_too():
    _, y, old, new, in_slice = table_with_a_broken_slice(1)
    slices = {"the west's old": in_slice, "even": np.arange(6000) % 2 == 0}
    report = compare_models(old, new, y=y, slices=slices)
    assert report.slices[0].name == "the west's old"
    assert report.slices[0].has_lost
    assert [part.name for part in report.lost_slices] == ["the west's old"]


def test_a_slice_with_few_rows_is_not_judged():
    y, old, new = rows_of(900, 30, 60, 5, 5)
    lost = (old == y) & (new != y)
    report = compare_models(
        old, new, y=y, slices={"all that is lost": lost}, min_slice_rows=31
    )
    (given,) = [part for part in report.slices if part.kind == "given"]
    assert np.isnan(given.pvalue)
    assert not given.has_lost
    assert any(
        "1 classes or slices with fewer than 31" in s for s in report.not_checked
    )
    tested = compare_models(old, new, y=y, slices={"all": lost}, min_slice_rows=30)
    assert tested.slices[0].has_lost


def test_rows_of_weight_zero_make_no_slice():
    _, y, old, new, in_slice = table_with_a_broken_slice(0)
    for hidden in (in_slice, y == "cat"):
        report = compare_models(
            old, new, y=y, slices={"hidden": hidden}, sample_weight=1.0 - hidden
        )
        kept = compare_models(old[~hidden], new[~hidden], y=y[~hidden], slices=[])
        names = [[part.name for part in r.slices] for r in (report, kept)]
        assert names[0] == names[1]


def test_a_loss_within_the_tolerance_is_none():
    y, old, new = rows_of(80_000, 1200, 400, 9200, 9200)
    for tolerance, expected in ((0.0, 1), (0.02, 0)):
        report = compare_models(old, new, y=y, slice_tolerance=tolerance)
        assert len(report.lost_slices) == expected


# Predictions, models, rows


def test_models_and_their_predictions_give_the_same_report():
    X, y = load_iris(return_X_y=True, as_frame=True)
    y = y.map({0: "setosa", 1: "versicolor", 2: "virginica"})
    old = LogisticRegression(max_iter=30, C=0.01).fit(X[::5], y[::5])
    new = RandomForestClassifier(random_state=0).fit(X[::3], y[::3])
    asked = compare_models(old, new, X, y)
    stored = compare_models(
        *(pd.DataFrame(m.predict_proba(X), columns=m.classes_) for m in (old, new)),
        X,
        y,
    )
    assert asked.to_json() == stored.to_json()
    labels = compare_models(old.predict(X), new.predict(X).tolist(), X, y)
    assert labels.counts == asked.counts
    assert labels.calibration == {"old": None, "new": None}
    ordered = compare_models(old.predict_proba(X), new.predict_proba(X), X, y)
    assert ordered.to_json() == stored.to_json()


@pytest.mark.parametrize("table", [pl.from_pandas, pa.Table.from_pandas])
@pytest.mark.parametrize("slices", [None, ["region", "age"]])
def test_tables_of_any_library_give_the_same_report(table, slices):
    X, y, old, new, _ = table_with_a_broken_slice(0)
    X = X.reset_index(drop=True)
    proba = pd.DataFrame({name: 0.2 + 0.4 * (old == name) for name in np.unique(y)})
    expected = compare_models(proba, new, X, y, slices=slices)
    column = pl.Series(new)
    found = compare_models(table(proba), column, table(X), pl.Series(y), slices=slices)
    assert found.to_json() == expected.to_json()


def test_nullable_answers_are_read_and_missing_ones_named():
    y = pd.array([0, 1, 1, 0], dtype="Int64")
    new = pd.array([0, 1, 0, 0], dtype="Int64")
    assert compare_models(y, new, y=y).counts.negative_flips == 1
    new[1] = pd.NA
    with pytest.raises(ValueError, match="new holds NaN"):
        compare_models(y, new, y=y)


def test_calibration_by_hand():
    y = np.array(["a", "a", "b", "b"])
    proba = pd.DataFrame({"b": [0.2, 0.4, 0.9, 0.3], "a": [0.8, 0.6, 0.1, 0.7]})
    found = compare_models(y, proba, y=y).calibration["new"]
    # Right: .8, .6, .9; wrong: .7; each row is a bin of its own.
    assert found.calibration_error == pytest.approx((0.2 + 0.4 + 0.1 + 0.7) / 4)
    assert found.log_loss == pytest.approx(-np.log([0.8, 0.6, 0.9, 0.3]).mean())
    squares = 2 * np.array([0.2, 0.4, 0.1, 0.7]) ** 2
    assert found.brier_score == pytest.approx(squares.mean())


def test_a_model_without_probabilities_is_not_said_to_have_any():
    X, y = load_iris(return_X_y=True)
    model = LinearSVC(random_state=0).fit(X[::2], y[::2])
    report = compare_models(model, model, X, y)
    assert report.calibration == {"old": None, "new": None}
    assert report.flips == ()
    assert any("calibrated the old model" in said for said in report.not_checked)


def test_classes_may_differ():
    X, y = load_iris(return_X_y=True)
    old = LogisticRegression(max_iter=500).fit(X[y < 2], y[y < 2])
    new = LogisticRegression(max_iter=500).fit(X[y > 0], y[y > 0])
    report = compare_models(old, new, X, y)
    # What only one of them knows, and what else one of them has wrong.
    assert report.counts.negative_flips >= 50
    assert report.counts.positive_flips >= 45
    assert "The old model does not know the classes [2]." in report.not_checked
    assert "The new model does not know the classes [0]." in report.not_checked


def test_the_seed_floor_is_the_rate_between_two_runs():
    y, old, new = rows_of(900, 10, 50, 30, 10)
    again = new.copy()
    again[:7] = "wrong"  # the new model has these right
    again[905:909] = "right"  # and has these wrong
    report = compare_models(old, new, y=y, reference=again)
    assert report.seed_floor.estimate == 4 / 1000


def test_whole_weights_count_like_repeated_rows():
    y, old, new = rows_of(90, 5, 8, 3, 4)
    weight = np.arange(110) % 3
    report = compare_models(old, new, y=y, sample_weight=weight)
    repeated = compare_models(
        *(np.repeat(a, weight) for a in (old, new)), y=np.repeat(y, weight)
    )
    assert report.counts == repeated.counts
    assert (
        report.figures["negative_flip_rate"] == repeated.figures["negative_flip_rate"]
    )


def test_rows_that_flip_together_say_less():
    y, old, new = rows_of(900, 10, 60, 20, 10)
    alone, singles, tens = (
        compare_models(old, new, y=y, max_nfr=0.02, groups=groups)
        for groups in (None, np.arange(1000), np.arange(1000) // 10)
    )
    assert alone.verdict == "pass"
    assert singles.power.ruled_out_nfr == pytest.approx(alone.power.ruled_out_nfr)
    # All ten flips are one group's: 100 rows' worth, one of them flipped.
    high = binomtest(1, 100).proportion_ci(0.90, "exact").high
    assert tens.power.ruled_out_nfr == pytest.approx(high, rel=0.02)
    assert tens.verdict == "undecided"
    assert tens.mcnemar_pvalue is None


def test_ids_are_the_index_unless_they_are_given():
    y, old, new = rows_of(30, 2, 3, 1, 1)
    X = pd.DataFrame({"x": range(37)}, index=[f"row {i}" for i in range(37)])
    assert {f.id for f in compare_models(old, new, X, y).flips} == {"row 30", "row 31"}
    given = compare_models(old, new, X, y, ids=np.arange(37) + 100)
    assert {f.id for f in given.flips} == {130, 131}


def test_old_rows_that_are_all_right_are_said_to_be_suspicious():
    y = ["a", "b"] * 100
    said = compare_models(y, ["a", "a"] * 100, y=y).not_checked
    assert any("100.0 % of the rows right. If it was trained" in s for s in said)


def test_the_same_rows_give_the_same_report():
    X, y, old, new, _ = table_with_a_broken_slice(0, n=1000)
    weight = np.random.default_rng(0).random(1000)
    first, second = (compare_models(old, new, X, y, sample_weight=weight) for _ in "ab")
    assert first.to_json() == second.to_json()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"y": None}, "pass y"),
        ({"y": ["a", None, "b", "a"]}, "y"),
        ({"old": ["a", "b"]}, "old: There are 2 predictions for 4 rows"),
        ({"new": [1, 2, 3, 4]}, "new holds numbers"),
        ({"new": np.full((4, 3), 1 / 3)}, "new: There are 3 columns .* 2 classes in y"),
        ({"new": np.full((4, 2), 0.7)}, "new: Probabilities .* sum to 1"),
        ({"new": LogisticRegression()}, "new: A model needs the rows: pass X"),
        ({"X": [[1], [2]]}, "X has 2 rows"),
        ({"max_nfr": 1.5}, r"max_nfr must be a number in \[0, 1\), got 1.5"),
        ({"confidence": 0.2}, "confidence"),
        ({"critical": [True]}, "critical has 1 rows"),
        ({"critical": ["a"] * 4}, "critical must hold"),
        ({"sample_weight": [-1, 1, 1, 1]}, "sample_weight"),
        ({"sample_weight": [0, 0, 0, 0]}, "sample_weight is 0"),
        ({"groups": [1]}, "groups has 1 rows"),
        ({"ids": [1]}, "ids has 1 rows"),
        ({"slices": ["age"]}, "slices names 'age', which is no column of X"),
        ({"slices": {"s": [True]}}, "Slice 's' must have one entry for each of 4 rows"),
    ],
)
def test_what_cannot_be_compared_is_named(changed, message):
    rows = {"y": list("abba"), "old": list("abaa"), "new": list("abbb")} | changed
    with pytest.raises(ValueError, match=message):
        compare_models(rows.pop("old"), rows.pop("new"), **rows)


def test_a_number_is_asked_for():
    with pytest.raises(TypeError, match=r"max_nfr must be a number in .* got '1 %'"):
        compare_models(["a"], ["a"], y=["a"], max_nfr="1 %")


def test_gains_that_differ_between_parts_hide_no_lost_slice():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.random((1200, 8)), columns=[*"abcdefgh"])
    y = np.repeat("right", 1200)
    # The update helps where a is large, the more the larger it is.
    old = np.where(rng.random(1200) < X["a"] ** 2 / 2, "wrong", y)
    lost = X["b"] > 0.94
    new = np.where(lost & (rng.random(1200) < 0.6), "wrong", y)
    report = compare_models(old, new, X, y)
    assert report.verdict == "fail"
    assert report.lost_slices[0].name.startswith("b > 0.9")
    fair = np.where(rng.random(1200) < 0.02, "wrong", y)
    assert compare_models(old, fair, X, y).lost_slices == ()
