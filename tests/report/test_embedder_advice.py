"""The verdict on a new embedder, from hand-made outcomes."""

import subprocess
import sys

import numpy as np
import pytest

from sklearn_graceful.metrics import paired_bootstrap
from sklearn_graceful.report import advise_embedder_update


def outcomes(*kinds):
    """Columns old self, cross, new self of `kinds`: ((old, cross, new), how many)."""
    rows, counts = zip(*kinds, strict=True)
    return np.repeat(rows, counts, axis=0).T


UPGRADE = outcomes(((0, 1, 1), 150), ((1, 0, 1), 50), ((1, 1, 1), 300))
RE_INDEX = outcomes(((0, 0, 1), 150), ((1, 0, 1), 50), ((1, 1, 0), 50))
KEEP = outcomes(((1, 0, 0), 150), ((0, 1, 1), 50), ((1, 1, 1), 300))
UNDECIDED = outcomes(((1, 0, 0), 26), ((0, 1, 1), 30), ((1, 1, 1), 300))


def advise(columns, **options):
    return advise_embedder_update(*columns, **{"random_state": 0, **options})


@pytest.mark.parametrize(
    ("columns", "verdict"),
    [
        (UPGRADE, "upgrade"),
        (RE_INDEX, "re-index"),
        (KEEP, "keep the old one"),
        (UNDECIDED, "undecided"),
    ],
)
def test_each_verdict_has_its_figures(columns, verdict):
    advice = advise(columns)
    assert advice.verdict == verdict
    means = (advice.old_self, advice.cross, advice.new_self)
    np.testing.assert_allclose(means, columns.mean(axis=1))
    for difference, new in [
        (advice.cross_difference, advice.cross),
        (advice.reindex_difference, advice.new_self),
    ]:
        assert difference.estimate == pytest.approx(new - advice.old_self)
        assert difference.low < difference.estimate < difference.high


def test_the_criterion_is_the_interval_and_not_the_mean():
    # Better by 4 in 356 on average, which means nothing.
    advice = advise(UNDECIDED)
    assert advice.cross > advice.old_self
    assert advice.cross_difference.low < 0 < advice.cross_difference.high
    # The same shares in ten times as many queries say more, in a hundred enough.
    assert advise(np.repeat(UNDECIDED, 100, axis=1)).verdict == "upgrade"


# Of a cross-test that is as good as the old self-test, and of gains of .2 and .4.
NO_BETTER = outcomes(((0, 1, 1), 20), ((1, 0, 1), 20), ((0, 0, 1), 60))
GAINS = outcomes(((0, 1, 1), 200), ((0, 0, 1), 200), ((1, 1, 1), 600))


@pytest.mark.parametrize(
    ("columns", "options", "verdict"),
    [
        # An adapter may help where the new embedder alone does not.
        (outcomes(((0, 1, 0), 60), ((1, 1, 0), 60)), {}, "upgrade"),
        (NO_BETTER, {}, "re-index"),
        # An update must be worth its trouble.
        (GAINS, {"min_gain": 0.1}, "upgrade"),
        (GAINS, {"min_gain": 0.3}, "re-index"),
        (GAINS, {"min_gain": 0.4}, "undecided"),
        (GAINS, {"min_gain": 0.5}, "keep the old one"),
        # A new embedder that finds the same is not needed.
        (np.tile(np.arange(40) % 2, (3, 1)), {}, "keep the old one"),
        # A few queries that agree prove nothing.
        (outcomes(((0, 1, 1), 5)), {}, "undecided"),
        (outcomes(((0, 1, 1), 6)), {}, "upgrade"),
        (outcomes(((0, 1, 1), 7)), {"confidence": 0.99}, "undecided"),
    ],
)
def test_the_verdict(columns, options, verdict):
    assert advise(columns, **options).verdict == verdict


def better_by(n):
    """The cross-test of `UPGRADE`, with `n` of the queries right that it has wrong."""
    moved = UPGRADE[1].copy()
    moved[np.flatnonzero(moved == 0)[:n]] = 1
    return moved


@pytest.mark.parametrize(
    ("columns", "moved", "verdict"),
    [
        # Where the cross-test is no gain, moved vectors may be.
        (RE_INDEX, RE_INDEX[2], "move"),
        (RE_INDEX, RE_INDEX[1], "re-index"),
        # Where both are, moved ones must be better: they have to be written.
        (UPGRADE, UPGRADE[1], "upgrade"),
        (UPGRADE, UPGRADE[2], "move"),
        (UPGRADE, UPGRADE[0], "upgrade"),
        # Five more queries are no proof, six are.
        (UPGRADE, better_by(5), "upgrade"),
        (UPGRADE, better_by(6), "move"),
        (KEEP, KEEP[1], "keep the old one"),
    ],
)
def test_vectors_that_were_moved(columns, moved, verdict):
    advice = advise(columns, moved=moved)
    assert advice.verdict == verdict
    assert advice.moved == pytest.approx(moved.mean())
    assert advice.moved_difference.estimate == pytest.approx(
        moved.mean() - columns[0].mean()
    )
    without = advise(columns)
    assert without.cross_difference == advice.cross_difference
    assert (without.moved, without.moved_difference) == (None, None)
    *_, of_moved, last = str(advice).splitlines()
    assert of_moved.startswith(f"vectors moved {moved.mean():.3f}  ")
    assert last.startswith("new self-test")


def test_average_precisions_are_outcomes_too():
    rng = np.random.default_rng(0)
    old_self = rng.uniform(0, 0.8, 200)
    new_self = old_self + rng.uniform(-0.1, 0.2, 200)
    advice = advise((old_self, old_self - 0.1, new_self))
    assert advice.verdict == "re-index"
    expected = paired_bootstrap(old_self, new_self, n_resamples=9999, random_state=1)
    np.testing.assert_allclose(advice.reindex_difference, expected, atol=2e-3)
    assert advice.cross_difference == pytest.approx((-0.1, -0.1, -0.1))


def test_queries_without_a_relevant_item_do_not_count():
    columns = np.hstack([RE_INDEX, np.full((3, 99), np.nan)])
    assert advise(columns) == advise(RE_INDEX)
    assert advise(columns).n_queries == 250


def test_the_same_seed_gives_the_same_intervals(random_states):
    before = random_states()
    assert advise(UNDECIDED) == advise(UNDECIDED)
    assert advise(UNDECIDED) != advise(UNDECIDED, random_state=1)
    assert random_states() == before


def test_the_advice_prints_its_reason_and_all_figures():
    advice = advise(RE_INDEX, confidence=0.9)
    reason, old, cross, new = str(advice).splitlines()
    assert reason == f"re-index: {advice.reason}."
    assert old == "old self-test 0.400  (250 queries, intervals at 90 %)"
    assert cross.startswith("cross-test    0.200  -0.200 [-0.2")
    assert new.startswith("new self-test 0.800  +0.400 [+0.3")


COLUMNS = {"old_self": [1, 0, 1], "cross": [1, 0, 1], "new_self": [1, 1, 1]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cross": [1, 0]}, r"old_self \(3,\), cross \(2,\), new_self \(3,\)"),
        ({"cross": [[1], [0], [1]]}, r"cross \(3, 1\)"),
        ({"new_self": [1, np.inf, 0]}, "new_self holds infinite"),
        ({"cross": [1, np.nan, 0]}, r"different queries: \[0, 1, 0\] times"),
        ({"min_gain": -0.1}, "min_gain must be finite and not negative, got -0.1"),
        ({"min_gain": np.nan}, "min_gain .* got nan"),
        ({"confidence": 1}, r"confidence must be a number in \(0, 1\), got 1"),
        ({"n_resamples": 0}, "n_resamples must be a whole number from 1 on, got 0"),
        ({"moved": [1, 0]}, r"new_self \(3,\), moved \(2,\)"),
        ({name: [] for name in COLUMNS}, "hold no outcome of any query"),
        ({name: [np.nan] for name in COLUMNS}, "hold no outcome of any query"),
    ],
)
def test_bad_input_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        advise_embedder_update(**{**COLUMNS, **change})


def test_the_advice_needs_no_torch():
    code = "import sys, sklearn_graceful.report; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
