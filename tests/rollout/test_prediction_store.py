"""The prediction store: Bayes by hand, laws of its posterior, orders, bad input."""

import pickle
import subprocess
import sys
from functools import partial
from itertools import permutations

import joblib
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.metrics import confusion_matrix

import sklearn_graceful
from benchmarks.prediction_store import majority
from sklearn_graceful.rollout import (
    LabelChanges,
    PredictionStore,
    _prediction_store,
    confusion_probabilities,
)
from sklearn_graceful.rollout._labelled_rows import LabelledRows

CLASSES = np.array(["c", "a", "b"])  # not sorted, on purpose
CONFUSIONS = {
    "v1": [[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.2, 0.2, 0.6]],
    "v2": [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.3, 0.1, 0.6]],
    "v3": [[0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.05, 0.05, 0.9]],
}


def simulate(n_rows, confusions, seed=0):
    """Labels, and predictions that are independent given the label, as codes."""
    rng = np.random.default_rng(seed)
    y = rng.integers(len(confusions[0]), size=n_rows)
    draw = rng.random((len(confusions), n_rows, 1))
    predictions = [
        (u > np.cumsum(confusion, axis=1)[y]).sum(axis=1)
        for u, confusion in zip(draw, confusions, strict=True)
    ]
    return y, predictions


def look(store, version, predictions, confusion=None):
    """Let a new version look at all rows."""
    confusion = CONFUSIONS[version] if confusion is None else confusion
    store.register(version, confusion=confusion)
    return store.update(np.arange(store.n_rows), predictions)


def filled(predictions, *, order=tuple(CONFUSIONS), then=None, **params):
    """Make a store in which each version has looked at all rows, and one at none."""
    store = PredictionStore(len(predictions["v1"]), classes=CLASSES, **params)
    for version in order:
        look(store, version, predictions[version])
    if then is not None:
        store.register(then, confusion=CONFUSIONS[then])
    return store


def abc_store(**params):
    return PredictionStore(**{"n_rows": 4, "classes": ["a", "b", "c"], **params})


@pytest.fixture(scope="module")
def world():
    y, codes = simulate(400, list(CONFUSIONS.values()))
    return CLASSES[y], dict(zip(CONFUSIONS, CLASSES[codes], strict=True))


@pytest.fixture(scope="module")
def predictions(world):
    return world[1]


# The posterior


def test_bayes_by_hand():
    store = PredictionStore(1, classes=["ill", "well"], prior=[0.1, 0.9])
    store.register("v1", confusion=[[0.8, 0.2], [0.3, 0.7]])
    store.register("v2", confusion=[[0.9, 0.1], [0.2, 0.8]])
    store.update([0], ["ill"], version="v1")
    np.testing.assert_allclose(store.posterior(), [[0.08 / 0.35, 0.27 / 0.35]])
    store.update([0], ["ill"], version="v2")
    # .1 * .8 * .9 = .072 against .9 * .3 * .2 = .054
    np.testing.assert_allclose(store.posterior(), [[0.072 / 0.126, 0.054 / 0.126]])
    p = 0.072 / 0.126
    expected = -p * np.log(p) - (1 - p) * np.log(1 - p)
    np.testing.assert_allclose(store.entropy(), [expected])


@pytest.mark.parametrize("correlation", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("order", list(permutations(CONFUSIONS)))
def test_posterior_by_the_formula_in_any_order(predictions, correlation, order):
    prior = np.array([0.5, 0.3, 0.2])
    store = filled(predictions, order=order, prior=prior, correlation=correlation)
    share = 1 / (1 + 2 * correlation)
    for row, found in enumerate(store.posterior()):
        expected = prior.copy()
        for version, confusion in CONFUSIONS.items():
            column = CLASSES.tolist().index(predictions[version][row])
            expected *= np.array(confusion)[:, column] ** share
        np.testing.assert_allclose(found, expected / expected.sum())


def test_parts_of_rows_in_any_order_are_all_rows(predictions, monkeypatch):
    expected = filled(predictions, cost_ratio=2)
    monkeypatch.setattr(_prediction_store, "_CHUNK_CELLS", 21)
    store = PredictionStore(400, classes=CLASSES, cost_ratio=2)
    rows = np.random.default_rng(0).permutation(400)
    for version, confusion in CONFUSIONS.items():
        store.register(version, confusion=confusion)
        for part in (rows[:150], rows[150:], rows[:0]):
            store.update(part, predictions[version][part])
    np.testing.assert_array_equal(store.posterior(), expected.posterior())
    np.testing.assert_array_equal(store.entropy(), expected.entropy())
    np.testing.assert_array_equal(store.labels, expected.labels)


@pytest.mark.parametrize(
    ("order", "correlation", "confusion"),
    [
        # A version at chance; a copy of the only one at correlation one.
        (["v2", "v1", "v3"], 0.0, np.full((3, 3), 1 / 3)),
        (["v2"], 1.0, CONFUSIONS["v2"]),
    ],
)
def test_what_says_nothing_new_changes_nothing(
    predictions, order, correlation, confusion
):
    store = filled(predictions, order=order, correlation=correlation)
    before, labels = store.posterior(), store.labels
    changes = look(store, "more", predictions["v2"], confusion)
    np.testing.assert_allclose(store.posterior(), before)
    np.testing.assert_array_equal(store.labels, labels)
    assert len(changes) == 0


# Reported labels


@pytest.mark.parametrize(
    ("prior", "cost_ratio", "label"),
    # .8 * .6 = .48 against .2 * .9 = .18
    [([0.5, 0.5], 1, "yes"), ([0.8, 0.2], 1, "no"), ([0.8, 0.2], 3, "yes")],
)
def test_a_first_prediction_for_another_class_gives_way_by_the_same_rule(
    prior, cost_ratio, label
):
    classes = ["no", "yes"]
    store = PredictionStore(1, classes=classes, prior=prior, cost_ratio=cost_ratio)
    # "no" is rarely said, "yes" says little.
    assert len(look(store, "v1", ["yes"], [[0.4, 0.6], [0.1, 0.9]])) == 0
    assert store.labels == [label]


@pytest.mark.parametrize("cost_ratio", [1, 2, 5.5, 1e6])
def test_labels_by_the_rule_row_by_row(predictions, cost_ratio):
    store = PredictionStore(400, classes=CLASSES, cost_ratio=cost_ratio)
    expected = predictions["v1"].copy()
    for version in CONFUSIONS:
        changes = look(store, version, predictions[version])
        before = expected.copy()
        proba = store.posterior()
        for row in range(400):
            p = dict(zip(CLASSES, proba[row], strict=True))
            best = max(p, key=p.get)
            if p[best] > cost_ratio * p[expected[row]]:
                expected[row] = best
        np.testing.assert_array_equal(store.labels, expected)
        # None for v1: each of its columns peaks at its label, which is reported.
        moved = np.flatnonzero(before != expected)
        np.testing.assert_array_equal(changes.rows, moved)
        np.testing.assert_array_equal(changes.before, before[moved])
        np.testing.assert_array_equal(changes.after, expected[moved])
        assert store.changes[-1] is changes
    if cost_ratio == 1:
        np.testing.assert_array_equal(store.labels, CLASSES[proba.argmax(axis=1)])
    if cost_ratio == 1e6:
        np.testing.assert_array_equal(store.labels, predictions["v1"])


def test_labels_change_only_where_a_version_has_looked(predictions):
    store = filled(predictions, order=["v1"], then="v3")
    rows = store.order(0.25, random_state=0)
    changes = store.update(rows, predictions["v3"][rows])
    others = np.setdiff1d(np.arange(400), rows)
    np.testing.assert_array_equal(store.labels[others], predictions["v1"][others])
    assert 0 < len(changes) <= 100
    assert set(changes.rows) <= set(rows)
    assert (store.n_predictions[rows] == 2).all()
    assert (store.n_predictions[others] == 1).all()


def test_flips_are_as_many_as_foretold_where_versions_are_independent():
    y, codes = simulate(40_000, list(CONFUSIONS.values()), seed=1)
    store = PredictionStore(len(y), classes=range(3), cost_ratio=1.5)
    for version, predictions in zip(CONFUSIONS, codes, strict=True):
        changes = look(store, version, predictions)
        for foretold, happened in (
            (changes.negative_flip_probability, changes.before == y[changes.rows]),
            (changes.positive_flip_probability, changes.after == y[changes.rows]),
        ):
            spread = np.sqrt((foretold * (1 - foretold)).sum())
            assert abs(foretold.sum() - happened.sum()) <= 4 * spread
    assert sum(map(len, store.changes)) > 5000


# Confusion matrices


def test_confusion_by_hand():
    # 7 of 10 right, so a = 8 / 12; two pseudo-rows for every label.
    counts = [[4, 0, 0], [1, 3, 2], [0, 0, 0]]
    expected = [
        [(4 + 4 / 3) / 6, (1 / 3) / 6, (1 / 3) / 6],
        [(1 + 1 / 3) / 8, (3 + 4 / 3) / 8, (2 + 1 / 3) / 8],
        [1 / 6, 1 / 6, 2 / 3],
    ]
    np.testing.assert_allclose(confusion_probabilities(counts, smoothing=2), expected)


def test_smoothing_goes_from_frequencies_to_one_accuracy():
    counts = np.array([[30, 10], [5, 55]])
    exact = counts / counts.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(confusion_probabilities(counts, smoothing=1e-9), exact)
    even = confusion_probabilities(counts, smoothing=1e12)
    a = 86 / 102
    np.testing.assert_allclose(even, [[a, 1 - a], [1 - a, a]])


def test_labelled_rows_and_their_table_say_the_same(world):
    y, predictions = world

    def confusion(rows, sample_weight=None):
        store = abc_store(classes=CLASSES, smoothing=3)
        labelled = y[rows], predictions["v1"][rows]
        store.register("v1", *labelled, sample_weight=sample_weight)
        return store.confusions["v1"]

    counts = confusion_matrix(y, predictions["v1"], labels=CLASSES)
    expected = confusion_probabilities(counts, smoothing=3)
    np.testing.assert_allclose(confusion(np.arange(400)), expected)
    weighted = confusion(np.arange(400), sample_weight=(y == "a") * 2)
    doubled = confusion(np.repeat(np.flatnonzero(y == "a"), 2))
    np.testing.assert_allclose(weighted, doubled)


def test_a_class_that_only_later_versions_know():
    """Old predictions for its rows are recognised as the old version's mistakes."""
    y = np.repeat(["old1", "old2", "new"], 40)
    store = PredictionStore(3, classes=["old1", "old2", "new"])
    store.register("v1", y, np.where(y == "new", "old2", y))
    store.update([0, 1, 2], ["old1", "old2", "old2"])
    assert store.labels.tolist() == ["old1", "old2", "old2"]
    np.testing.assert_allclose(*store.posterior([1])[:, 1:].T, rtol=0.2)
    store.register("v2", y, y)
    assert set(store.order(2, random_state=0)) == {1, 2}
    store.update([1, 2], ["old2", "new"])
    assert store.labels.tolist() == ["old1", "old2", "new"]


def test_prior_from_the_first_labelled_rows():
    store = PredictionStore(1, classes=["a", "b"], prior="labelled")
    np.testing.assert_allclose(store.posterior(), [[0.5, 0.5]])
    store.register("v1", ["a", "a", "b"], ["a", "a", "b"])
    np.testing.assert_allclose(store.prior_, [3 / 5, 2 / 5])
    store.register("v2", ["b", "b", "b"], ["b", "b", "b"])
    np.testing.assert_allclose(store.prior_, [3 / 5, 2 / 5])


# Correlation


@pytest.mark.parametrize("weighted", [False, True])
def test_leaving_a_row_out_by_taking_it_out(weighted):
    y, (y_pred,) = simulate(60, [CONFUSIONS["v1"]], seed=2)
    weight = np.random.default_rng(0).random(60) if weighted else None
    w = np.ones(60) if weight is None else weight
    labelled = LabelledRows(np.arange(3), y, y_pred, weight)
    found = labelled.left_out_log_likelihood(y_pred, smoothing=2.0)
    accuracy = (w[y == y_pred].sum() + 1) / (w.sum() + 2)
    for row in range(60):
        keep = np.arange(60) != row
        for k in range(3):
            # Other labels' counts do not hold the row in the first place.
            of_label = keep & (y == k)
            same = w[of_label & (y_pred == y_pred[row])].sum()
            towards = accuracy if k == y_pred[row] else (1 - accuracy) / 2
            expected = (same + 2 * towards) / (w[of_label].sum() + 2)
            assert found[row, k] == pytest.approx(np.log(expected))


def test_correlation_tells_copies_from_independent_versions():
    y, codes = simulate(4000, [CONFUSIONS["v2"]] * 4, seed=3)

    def correlation(predictions):
        labelled, *others = (LabelledRows(np.arange(3), y, p) for p in predictions)
        for other in others:
            labelled.add(other)
        return labelled.correlation(np.full(3, 1 / 3), smoothing=1.0)

    assert correlation(codes) < 0.03
    assert correlation([codes[0]] * 4) > 0.97
    half = [np.where(np.arange(4000) % 2 == 0, codes[0], code) for code in codes]
    assert 0.1 < correlation(half) < 0.9
    assert correlation(codes[:1]) == 0


def test_auto_makes_a_posterior_of_copies_that_is_no_surer_than_it_should_be():
    y, (once,) = simulate(3000, [CONFUSIONS["v2"]], seed=4)
    y_target, (target,) = simulate(3000, [CONFUSIONS["v2"]], seed=5)
    believed = {}
    for correlation in (0.0, "auto"):
        store = PredictionStore(3000, classes=range(3), correlation=correlation)
        for version in range(4):
            store.register(version, y, once)
            store.update(np.arange(3000), target)
        believed[correlation] = store.posterior().max(axis=1).mean()
    accuracy = (store.labels == y_target).mean()
    assert believed["auto"] == pytest.approx(accuracy, abs=0.03)
    assert believed[0.0] > accuracy + 0.15


# Orders


@pytest.mark.parametrize("strategy", ["entropy", "information_gain"])
def test_order_is_descending_and_leaves_out_what_was_looked_at(predictions, strategy):
    store = filled(predictions, order=["v1", "v2"], then="v3")
    urgency = store.entropy()
    if strategy == "information_gain":  # the entropy that is expected to go
        for row, p in enumerate(store.posterior()):
            after = p[:, np.newaxis] * np.array(CONFUSIONS["v3"])
            urgency[row] += (after * np.log(after / after.sum(axis=0))).sum()
    how = {"strategy": strategy, "random_state": 0}
    rows = store.order(**how)
    assert sorted(rows) == list(range(400))
    assert (np.diff(urgency[rows]) <= 1e-12).all()
    first = store.order(30, **how)
    np.testing.assert_array_equal(first, rows[:30])
    np.testing.assert_array_equal(store.order(0.075, **how), rows[:30])
    store.update(first, predictions["v3"][first])
    assert not set(store.order(**how)) & set(first)
    assert len(store.order(400, **how)) == 370
    assert len(store.order(version="v2", strategy=strategy)) == 0


def test_information_gain_passes_over_what_the_version_cannot_tell_apart():
    store = abc_store(n_rows=2)
    confusion = [[0.5, 0.4, 0.1], [0.4, 0.5, 0.1], [0.3, 0.1, 0.6]]
    look(store, "v1", ["b", "c"], confusion)
    confusion = [[0.49, 0.49, 0.02], [0.49, 0.49, 0.02], [0.02, 0.02, 0.96]]
    store.register("v2", confusion=confusion)
    # Row 0 is a or b, and v2 will never tell which.
    assert store.order(1, strategy="entropy").tolist() == [0]
    assert store.order(1, strategy="information_gain").tolist() == [1]


def test_information_gain_prefers_rows_that_few_correlated_versions_have_seen():
    def order(correlation):
        store = PredictionStore(2, classes=["a", "b"], correlation=correlation)
        for version in ("v1", "v2", "v3"):
            store.register(version, confusion=[[0.8, 0.2], [0.2, 0.8]])
        store.update([0, 1], ["a", "a"], version="v1")
        store.update([0], ["b"], version="v2")
        return store.order(1, strategy="information_gain", version="v3").tolist()

    assert order(0.0) == [0]
    assert order(0.9) == [1]


def test_random_order_depends_on_its_seed_only(predictions, random_states):
    store = filled(predictions, order=["v1"], then="v2")
    before = random_states()
    rows, again, other = (
        store.order(50, strategy="random", random_state=seed) for seed in (3, 3, 4)
    )
    assert random_states() == before
    np.testing.assert_array_equal(rows, again)
    assert set(rows) != set(other)
    assert len(set(rows)) == 50


@pytest.mark.parametrize("strategy", ["entropy", "information_gain", "random"])
def test_added_rows_come_first(predictions, strategy):
    prior = [0.7, 0.15, 0.15]  # so that an empty row is surer than some others
    store = filled(predictions, order=["v1"], prior=prior)
    np.testing.assert_array_equal(store.add_rows(3), [400, 401, 402])
    np.testing.assert_allclose(store.posterior([401]), [prior])
    with pytest.raises(NotFittedError, match="3 of 403 rows have no prediction"):
        store.labels  # noqa: B018
    assert set(store.order(3, version="v1", random_state=0)) == {400, 401, 402}
    store.register("v2", confusion=CONFUSIONS["v2"])
    rows = store.order(3, strategy=strategy, random_state=0)
    assert set(rows) == {400, 401, 402}
    store.update(rows, ["a", "a", "a"])
    assert store.labels[401] == "a"
    np.testing.assert_array_equal(store.predictions("v2")[0], [400, 401, 402])


# What it keeps


@pytest.mark.parametrize("n_classes", [2, 128, 129, 300])
def test_predictions_come_back_whatever_the_number_of_classes(n_classes):
    classes = np.arange(n_classes) * 3
    store = PredictionStore(3, classes=classes)
    counts = 50 * np.eye(n_classes)
    store.register("v1", confusion=confusion_probabilities(counts))
    store.update([2, 1], classes[[-1, -2]])
    rows, predictions = store.predictions("v1")
    assert rows.tolist() == [1, 2]
    np.testing.assert_array_equal(predictions, classes[-2:])


@pytest.mark.parametrize("module", [pickle, joblib])
def test_a_stored_store_goes_on_where_it_was(predictions, tmp_path, module):
    store = filled(predictions, order=["v1", "v2"], then="v3", cost_ratio=2)
    with (tmp_path / "store").open("w+b") as file:
        module.dump(store, file)
        file.seek(0)
        other = module.load(file)
    for each in (store, other):
        rows = each.order(0.5, random_state=0)
        each.update(rows, predictions["v3"][rows])
    np.testing.assert_array_equal(store.labels, other.labels)
    np.testing.assert_array_equal(store.posterior(), other.posterior())
    assert [len(c) for c in store.changes] == [len(c) for c in other.changes]
    assert isinstance(other.changes[-1], LabelChanges)


def test_it_is_at_the_top_level_and_says_what_it_holds():
    store = sklearn_graceful.PredictionStore(5, classes=[1, 2], cost_ratio=2)
    store.register("v1", confusion=[[0.9, 0.1], [0.1, 0.9]])
    assert repr(store) == (
        "PredictionStore(5, classes=[1, 2], cost_ratio=2.0, versions=['v1'])"
    )


def test_importing_the_store_imports_no_torch():
    code = "import sys, sklearn_graceful.rollout; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# Bad input


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_rows": 0}, "n_rows must be an int of at least 1, got 0"),
        ({"n_rows": 2.0}, "n_rows must be an int"),
        ({"classes": ["a"]}, "classes must be 1-D with 2 labels or more"),
        ({"classes": [["a", "b"]]}, "classes must be 1-D"),
        ({"classes": ["a", "b", "a"]}, "classes repeats a label"),
        ({"classes": [0.0, np.nan]}, "classes holds NaN"),
        ({"classes": np.array(["a", 1], object)}, "all strings or all numbers"),
        ({"cost_ratio": 0.99}, "cost_ratio must be finite and at least 1, got 0.99"),
        ({"cost_ratio": np.nan}, "cost_ratio must be finite"),
        ({"cost_ratio": np.inf}, "cost_ratio must be finite"),
        ({"prior": "even"}, "prior must be 'uniform', 'labelled' or"),
        ({"prior": [0.5, 0.5]}, r"prior has shape \(2,\), but there are 3 classes"),
        ({"prior": [0.5, 0.5, 0.5]}, "prior must be positive and sum to 1"),
        ({"prior": [0.5, 0.5, 0.0]}, "prior must be positive and sum to 1"),
        ({"correlation": 1.1}, "correlation must be between 0 and 1, got 1.1"),
        ({"correlation": np.nan}, "correlation must be between 0 and 1"),
        ({"correlation": "fit"}, "correlation must be a number or 'auto'"),
        ({"smoothing": 0}, "smoothing must be finite and above 0, got 0"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        abc_store(**params)


ROW = {"y_true": ["a"], "y_pred": ["a"]}
GOOD = [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "Give either y_true and y_pred, or confusion"),
        ({"y_true": ["a"]}, "y_true and y_pred must be given together"),
        ({**ROW, "confusion": GOOD}, "Give either"),
        ({"y_true": ["a"], "y_pred": ["a", "b"]}, "y_pred has 2 rows but y_true has 1"),
        ({"y_true": [], "y_pred": []}, "y_true is empty"),
        ({"y_true": ["a"], "y_pred": ["d"]}, r"y_pred holds .* classes.*: \['d'\]"),
        ({"y_true": [1], "y_pred": ["a"]}, "Class labels of different kinds"),
        ({"y_true": [["a"]], "y_pred": ["a"]}, "y_true must be 1-D"),
        ({**ROW, "sample_weight": [-1]}, "sample_weight must be finite and not negat"),
        ({**ROW, "sample_weight": [0]}, "sample_weight is 0 on all"),
        ({"confusion": GOOD, "sample_weight": [1]}, "sample_weight needs labelled"),
        ({"confusion": GOOD[:2]}, "confusion must be of shape"),
        ({"confusion": [[0.5, 0.5], [0.5, 0.5]]}, "confusion is for 2 classes"),
        ({"confusion": np.eye(3)}, "confusion must be positive everywhere"),
        ({"confusion": 9 * np.array(GOOD)}, "every row must sum to 1"),
        ({"confusion": -np.array(GOOD)}, "finite and not negative"),
        ({"confusion": [["x"] * 3] * 3}, "confusion must hold numbers"),
    ],
)
def test_bad_versions(arguments, message):
    store = abc_store()
    with pytest.raises(ValueError, match=message):
        store.register("v1", **arguments)
    assert store.versions == []
    store.register("v1", confusion=GOOD)
    with pytest.raises(ValueError, match="Version 'v1' is registered already"):
        store.register("v1", confusion=GOOD)


def test_auto_needs_the_same_labelled_rows():
    store = abc_store(correlation="auto")
    with pytest.raises(ValueError, match="'auto' needs labelled rows of every version"):
        store.register("v1", confusion=GOOD)
    store.register("v1", ["a", "b"], ["a", "b"])
    for y_true, weight, message in (
        (["a", "b", "c"], None, "y_true has 3 rows, the versions before had 2"),
        (["a", "c"], None, "y_true or sample_weight differs"),
        (["a", "b"], [1, 2], "y_true or sample_weight differs"),
    ):
        with pytest.raises(ValueError, match=message):
            store.register("v2", y_true, y_true, sample_weight=weight)
    assert store.versions == ["v1"]


@pytest.mark.parametrize(
    ("rows", "predictions", "message"),
    [
        ([0], ["b"], "Version 'v1' has looked at 1 of these rows before, row 0"),
        ([4], ["a"], r"rows holds 4, but the store has rows 0\.\.3"),
        ([-1], ["a"], "rows holds -1"),
        ([1, 1], ["a", "a"], "rows names a row more than once"),
        ([[1]], [["a"]], "rows must be 1-D"),
        ([1.0], ["a"], "rows must hold row positions"),
        ([False, True], ["a"], "np.flatnonzero turns a mask into them"),
        ([1, 2], ["a"], r"predictions has shape \(1,\), rows has \(2,\)"),
        ([1], ["d"], r"predictions holds labels .* store: \['d'\]"),
        ([1], [0], "Class labels of different kinds never match"),
    ],
)
def test_bad_updates_change_nothing(rows, predictions, message):
    store = abc_store()
    store.register("v1", confusion=GOOD)
    store.update([0], ["a"])
    before = pickle.dumps(store)
    with pytest.raises(ValueError, match=message):
        store.update(rows, predictions)
    assert pickle.dumps(store) == before


def test_bad_orders_and_unknown_versions():
    store = abc_store()
    calls = [store.order, partial(store.update, [0], ["a"])]
    for call in calls:
        with pytest.raises(NotFittedError, match="No version is registered"):
            call()
    store.register("v1", confusion=GOOD)
    for call in (*calls, store.predictions):
        with pytest.raises(ValueError, match="Version 'v2' is not registered"):
            call(version="v2")
    for budget in (0, -1, 0.0, 1.5, True, "all", np.nan):
        with pytest.raises(ValueError, match="budget must be"):
            store.order(budget)
    with pytest.raises(ValueError, match=r"strategy must be one of .*'margin'"):
        store.order(strategy="margin")
    with pytest.raises(ValueError, match="rows holds 9"):
        store.posterior([9])
    with pytest.raises(ValueError, match="n_rows must be an int"):
        store.add_rows(0)


# The benchmark's rival


def test_majority_and_its_ties():
    predictions = np.array(
        [[0, 0, 0, 2], [1, 1, 1, -1], [2, 0, 1, -1], [-1, 1, -1, -1]]
    )
    # Row 0: three tie, the newest is 2. Row 1: two against two, the newest is 1.
    assert majority(predictions, 3).tolist() == [2, 1, 1, 2]
