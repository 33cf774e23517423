"""The benchmark of flips: no test row chooses anything, and its figures are right."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

from benchmarks.flips import trial
from benchmarks.flips.both_models import mixture, overruled_prediction
from benchmarks.flips.compact import print_compact
from benchmarks.flips.grids import GRIDS, strengths
from benchmarks.flips.learners import LEARNERS, Learner, train_plain
from benchmarks.flips.methods import parts
from benchmarks.flips.operating_point import choose, chosen
from benchmarks.flips.over_sets import (
    interval,
    mean_difference,
    mean_ratio,
    pooled_ratio,
)
from benchmarks.flips.records import Records
from benchmarks.flips.sets import load_set, split_set
from benchmarks.flips.summary import print_strengths, print_summary
from benchmarks.flips.tables import mean_and_half_width, print_tables
from benchmarks.flips.trial import Trial, reason_to_skip, run_trial
from benchmarks.flips.updates import UPDATES, train_old
from sklearn_graceful.congruence import METHODS

WINE = Trial("wine", "more-data", "logistic", seed=0, rows=3000)


def candidate(flips, both_wrong=0, *, test_flips=0, total=100):
    """Flip counts of a candidate, whose error is flips + both_wrong of total."""

    def cells(negative):
        return [total - negative - both_wrong, negative, 0, both_wrong, 0]

    return {
        "params": {},
        "seconds": 2.0,
        "validation": cells(flips),
        "test": cells(test_flips),
    }


def test_fewest_validation_flips_win_if_the_error_allows():
    plain = candidate(4)
    fewer, fewest_but_wrong = candidate(2, 2), candidate(0, 5)
    assert choose(plain, [fewest_but_wrong, fewer], 0.002) is fewer
    assert choose(plain, [fewest_but_wrong, fewer], 0.01) is fewest_but_wrong


def test_ties_go_to_the_lower_error_and_else_to_the_plain_model():
    plain, better = candidate(2, 3), candidate(2, 1)
    assert choose(plain, [candidate(2, 3)] * 2, 0.002) is plain
    assert choose(plain, [candidate(2, 3), better], 0.002) is better
    assert choose(plain, [candidate(0, 9)] * 2, 0.002) is plain


def test_one_candidate_is_no_choice():
    only = candidate(9, 9)
    assert choose(candidate(2, 3), [only], 0.002) is only


def test_test_rows_choose_nothing():
    plain = candidate(4)
    good_on_test, good_on_validation = candidate(3), candidate(2, test_flips=50)
    assert choose(plain, [good_on_test, good_on_validation], 0) is good_on_validation


def test_the_mean_mixes_log_probabilities():
    new, old = np.array([[0.6, 0.4]]), np.array([[0.2, 0.8]])
    # log-odds of the first class: .405 new, -1.386 old; they cancel at .226 old.
    for old_weight, expected in ((0, 0), (0.22, 0), (0.24, 1), (1, 1)):
        assert mixture(new, old, [0, 1], old_weight).argmax() == expected


def test_in_the_mean_the_old_model_is_silent_on_classes_it_never_knew():
    new = np.array([[0.1, 0.1, 0.8], [0.5, 0.3, 0.2]])
    old = np.array([[0.0, 1.0], [0.1, 0.9]])
    scores = mixture(new, old, [0, 1], 0.5)
    np.testing.assert_array_equal(scores.argmax(axis=1), [2, 1])


def test_the_old_label_stands_below_the_ratio():
    new = np.array([[0.6, 0.4], [0.8, 0.2], [0.3, 0.7]])
    y_old = np.array([1, 1, 1])
    for ratio, expected in ((1.0, [0, 0, 1]), (2.0, [1, 0, 1]), (5.0, [1, 1, 1])):
        found = overruled_prediction(np.log(new), y_old, ratio)
        np.testing.assert_array_equal(found, expected)


def test_a_method_is_a_new_model_and_maybe_a_rule():
    assert parts("naive") == ("naive", None)
    assert parts("mean") == ("none", "mean")
    assert parts("match + cost-ratio") == ("match", "cost-ratio")


def test_the_old_model_can_be_kept_beside_any_new_one():
    methods = ["match + cost-ratio", "ensemble"]
    *_, kept, ensemble = run_trial(WINE, [], methods)
    assert len(kept["candidates"]) == 12
    assert "no ensemble" in ensemble["skipped"]


def test_old_outputs_on_its_own_rows_are_out_of_fold():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 4)), rng.integers(0, 3, 300)  # nothing to learn
    memory = Learner(lambda: KNeighborsClassifier(1), "any")
    old = train_old(UPDATES["same-data"], memory, X, y, seed=0)
    assert old.model.score(X, y) == 1
    assert (old.proba.argmax(axis=1) == y).mean() < 0.5


def test_old_models_saw_what_their_update_says():
    X, y = load_set("wine")
    logistic = LEARNERS["logistic"]
    known = [
        train_old(UPDATES[update], logistic, X, y, seed=0).model.classes_.tolist()
        for update in ("more-data", "new-classes")
    ]
    assert known[0] == [0, 1, 2]
    assert len(known[1]) == 2


def test_parts_are_disjoint_capped_and_only_the_test_rows_do_not_depend_on_the_seed():
    split = split_set("digits", 0, max_rows=300)
    parts = [X for X, _ in (split.train, split.validation, split.test)]
    assert [len(X) for X in parts] == [300, 300, 539]
    assert len(np.unique(np.vstack(parts), axis=0)) == 300 + 300 + 539
    assert np.bincount(split.train[1]).min() >= 28
    again, other = (split_set("digits", seed, max_rows=300) for seed in (0, 1))
    np.testing.assert_array_equal(again.train[0], split.train[0])
    np.testing.assert_array_equal(other.test[0], split.test[0])
    assert (other.train[0] != split.train[0]).any()
    assert (other.validation[0] != split.validation[0]).any()


def test_test_rows_are_those_that_nothing_was_chosen_on():
    X, y = load_set("digits")
    rows, n = np.arange(len(y)), int(0.3 * len(y))
    _, test = train_test_split(rows, test_size=n, stratify=y, random_state=0)
    np.testing.assert_array_equal(split_set("digits", 3, max_rows=400).test[0], X[test])


@pytest.mark.parametrize("kind", ["net", "boosting", "linear"])
@pytest.mark.parametrize("method", METHODS)
def test_grids_hold_parameters_that_the_methods_take(method, kind):
    grid = strengths(method, kind)
    assert grid
    for params in grid:
        METHODS[method](**params).check_parameters()


def test_combinations_without_sense_are_refused_with_a_reason():
    assert "images" in reason_to_skip("wine", "more-data", "conv")
    assert "same model" in reason_to_skip("wine", "same-data", "boosting")
    assert "two classes" in reason_to_skip("breast-cancer", "new-classes", "mlp")
    assert reason_to_skip("digits", "same-data", "conv") is None


def test_learners_that_are_not_installed_are_named(monkeypatch):
    missing = replace(LEARNERS["lightgbm"], package="no_such_package")
    monkeypatch.setitem(LEARNERS, "lightgbm", missing)
    reason = reason_to_skip("wine", "more-data", "lightgbm")
    assert reason == "no_such_package is not installed"


@pytest.mark.parametrize("learner", ["lightgbm", "xgboost"])
def test_boosting_of_other_packages_learns(learner):
    pytest.importorskip(learner)
    X, y = load_set("wine")
    model = train_plain(LEARNERS[learner].make, X, y, seed=0)
    assert model.score(X, y) > 0.9


FEW = ["naive", "focal_lm"]
FEW_STRENGTHS = {
    "none": [{}],
    "mean": [{"old_weight": 0.2}, {"old_weight": 0.5}],
    "cost-ratio": [{"ratio": 2.0}, {"ratio": 3.0}],
    "naive": [{"strength": 1.0}, {"strength": 2.0}],
    "naive + cost-ratio": [{"ratio": r, "strength": 2.0} for r in (2.0, 3.0)],
}


def figures(records):
    """Records as JSON knows them, without what a rerun changes."""

    def without_seconds(mapping):
        return {k: v for k, v in mapping.items() if k != "seconds"}

    return json.loads(json.dumps(records), object_hook=without_seconds)


def test_trials_repeat_and_continue(tmp_path):
    records = run_trial(WINE, [], FEW)
    assert [r["method"] for r in records] == ["none", "mean", "naive", "focal_lm"]
    assert "only a network" in records[3]["skipped"]

    file = tmp_path / "flips.jsonl"
    Records(file).append([r for r in records if r["method"] != "naive"])
    rest = run_trial(WINE, Records(file).of_trial(WINE), FEW)
    assert figures(rest) == figures([records[2]])

    Records(file).append(rest)
    assert run_trial(WINE, Records(file).of_trial(WINE), FEW) == []
    assert len(Records(file).all()) == 4


def test_a_method_costs_all_its_new_models_and_keeping_the_old_one_nothing(monkeypatch):
    monkeypatch.setattr(trial, "strengths", lambda name, kind: FEW_STRENGTHS[name])
    records = {r["method"]: r for r in run_trial(WINE, [], [*FEW_STRENGTHS])}
    plain, naive = records["none"], records["naive"]
    assert plain["seconds"] > 0
    for rule in ("mean", "cost-ratio"):
        assert records[rule]["seconds"] == plain["seconds"]
    assert naive["seconds"] == sum(c["seconds"] for c in naive["candidates"])
    kept = records["naive + cost-ratio"]
    assert kept["seconds"] == naive["candidates"][1]["seconds"]


def test_a_grid_that_changed_is_run_again(monkeypatch):
    records = run_trial(WINE, [], FEW)
    monkeypatch.setitem(GRIDS, "naive", {"strength": [9.0]})
    (again,) = run_trial(WINE, records, FEW)
    assert [c["params"] for c in again["candidates"]] == [{"strength": 9.0}]


def test_ratios_pool_the_seeds():
    assert pooled_ratio([0, 1, 0], [4, 3, 2]) == 1.5 / 9.5
    assert pooled_ratio([0, 0], [0, 0]) == 1


def test_means_over_sets_and_their_intervals():
    # Half and twice the flips, whatever seeds are drawn.
    sets = [([49.5, 49.5], [99.5, 99.5]), ([9.5], [4.5])]
    assert mean_ratio(sets) == pytest.approx(np.sqrt(99.5 / 199.5 * 10 / 5))
    assert mean_difference(sets) == pytest.approx((-50 + 5) / 2)
    np.testing.assert_allclose(interval(mean_difference, sets), -22.5)
    # Of two seeds both are drawn twice in a quarter of the resamples.
    low, high = interval(mean_difference, [([0.0, 2.0], [1.0, 1.0])])
    assert (low, high) == (-1, 1)


def test_half_width_is_that_of_the_t_interval():
    mean, half = mean_and_half_width([1, 2, 3, np.nan])
    assert mean == 2
    assert half == pytest.approx(4.302653 / np.sqrt(3))
    assert np.isnan(mean_and_half_width([1.0])[1])


def hand_made_records():
    """Two sets, two seeds; `naive` has half the flips, the mean a quarter or more."""
    flips = {"none": (8, 8), "naive": (4, 4), "mean": (2, 6), "focal": (4, 2)}
    seconds = {"none": 2.0, "naive": 8.0, "mean": 2.0, "focal": 11.0}
    return [
        {
            "set": name,
            "update": "more-data",
            "learner": "mlp",
            "seed": seed,
            "rows": 3000,
            "method": method,
            "seconds": seconds[method],
            "floor": candidate(0, test_flips=3)["test"],
            "candidates": [candidate(n[seed] // scale, test_flips=n[seed] // scale)],
        }
        for name, scale in (("letter", 1), ("wine", 4))
        for seed in (0, 1)
        for method, n in flips.items()
    ]


def test_the_summary_states_ratio_cost_and_contest(capsys):
    print_summary(hand_made_records(), 0.002)
    text = capsys.readouterr().out
    naive = next(line for line in text.splitlines() if line.startswith("naive"))
    # (8 + .5) / (16 + .5); wine has four plain flips only and is left out.
    assert "0.52 [0.52, 0.52], error -4.00 points" in naive
    assert "letter 0.52, wine* 0.56" in naive
    assert "4.0 plain fits" in naive
    assert "beats the mean 1 of 4 (1 ties)" in naive
    # Eight flips over both seeds are as many as the mean has, which is not fewer.
    assert "fewer flips than the mean at no higher error: 0 of 2 sets" in naive
    focal = next(line for line in text.splitlines() if line.startswith("focal"))
    assert "fewer flips than the mean at no higher error: 1 of 2 sets" in focal
    assert "fewer than 10 plain flips" in text
    assert "plain model chosen, of 4: naive 0, mean 0, focal 0" in text


def test_fewer_flips_at_a_higher_error_do_not_count_as_better(capsys):
    records = hand_made_records()
    for record in records:
        if record["method"] == "focal":
            # No flip, but nine rows that both models have wrong.
            record["candidates"] = [{**candidate(0), "test": [91, 0, 0, 9, 0]}]
    print_summary(records, 0.002)
    lines = capsys.readouterr().out.splitlines()
    focal = next(line for line in lines if line.startswith("focal"))
    assert "beats the mean 3 of 4 (1 ties)" in focal
    assert "at no higher error: 0 of 2 sets" in focal


def test_the_compact_table_has_a_line_a_set(capsys):
    print_compact(hand_made_records())
    lines = capsys.readouterr().out.splitlines()
    letter = next(line for line in lines if line.startswith("letter"))
    # (6 + .5) / (16 + .5); all errors are flips.
    assert letter.split() == ["letter", "8.00", "3.00", "8.00", "3.00", "0.39"]
    assert any(line.startswith("wine*") for line in lines)
    # Both seeds can be the better one, with (4 + .5) flips, or the worse one.
    assert "geometric mean of ratios 0.39 [0.27, 0.52]" in lines
    assert "mean difference of errors -5.00 [-6.00, -4.00] points" in lines
    assert "cost of focal: 5.5 plain fits" in lines


def test_strengths_are_listed_one_by_one_with_nothing_chosen(capsys):
    records = hand_made_records()
    for record in records:
        if record["method"] == "naive":
            weak = {**candidate(8, test_flips=8), "params": {"lam": 1.0}}
            strong = {**candidate(90, test_flips=2), "params": {"lam": 2.0}}
            record["candidates"] = [weak, strong]
    print_strengths(records)
    text = capsys.readouterr().out
    weak, strong = (ln for ln in text.splitlines() if ln.startswith("naive lam"))
    assert "lam=1.0 " in weak
    assert "1.00 [1.00, 1.00], error +0.00 points, 1.0 plain fits |" in weak
    assert "0.27 [0.27, 0.27], error -6.00 points, 1.0 plain fits |" in strong


def test_the_table_states_error_flips_and_floor(capsys):
    print_tables(hand_made_records(), 0.002)
    text = capsys.readouterr().out
    assert "letter, more-data, mlp: 100 test rows, 2 seeds" in text
    assert "floor 3.00 +- 0.00" in text
    (mean,) = (line for line in text.split("\nwine")[0].splitlines() if "mean" in line)
    assert mean.split()[:4] == ["mean", "4.00", "+-", "25.41"]


def test_what_was_not_run_is_named(capsys):
    records = hand_made_records()
    records[1] = {**records[1], "skipped": "not for trees"}
    group = chosen(records, 0.002)["more-data", "mlp"]
    assert list(group.counts["letter"]["naive"]) == [1]
    print_tables(records, 0.002)
    assert "naive was not run: not for trees" in capsys.readouterr().out
