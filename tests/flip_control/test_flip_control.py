"""Flip times, risk control and paths: laws, brute force and numbers by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import log_softmax
from scipy.stats import binom, binomtest

from sklearn_graceful.flip_control import (
    ROUTES,
    Arbiter,
    CostRatio,
    allowed_flips,
    fit_temperature,
    flip_times,
    largest_new_share,
    log_scores,
    mix,
    risk_bound,
    rows_needed,
    trace_path,
)


def random_pair(n_rows, n_classes, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(n_classes, size=n_rows)
    target = 2 * np.eye(n_classes)[y]
    old, new = (target + rng.normal(0, 1.5, target.shape) for _ in range(2))
    return old, new, y


def margin(scores, y):
    own = np.eye(scores.shape[1], dtype=bool)[y]
    return scores[own] - np.where(own, -np.inf, scores).max(axis=1)


# Flip times


@pytest.mark.parametrize(
    ("old", "new", "time"),
    [
        ([1.0, 0.0], [-1.0, 0.0], 1 / 2),
        ([3.0, 0.0], [-1.0, 0.0], 3 / 4),
        ([1.0, 0.0], [0.0, 3.0], 1 / 4),
        ([2.0, 0.0, 1.0], [0.0, 2.0, 4.0], 1 / 5),  # class 1 at 1/2, class 2 first
        ([1.0, 0.0], [5.0, 0.0], math.inf),  # the margin grows
        ([5.0, 0.0], [1.0, 0.0], math.inf),  # it shrinks, but never to 0
        ([0.0, 1.0], [1.0, 0.0], math.inf),  # the old model is wrong
        ([1.0, 0.0], [0.0, 0.0], 1.0),  # a tie at t = 1 counts as lost
        ([1.0, 1.0], [0.0, 1.0], 0.0),  # a tie that the new model parts wrongly
        ([1.0, 1.0], [1.0, 0.0], math.inf),  # and one that it parts rightly
        ([1.0, 1.0], [2.0, 2.0], math.inf),  # and one that it keeps
    ],
)
def test_flip_time_by_hand(old, new, time):
    found = flip_times(np.array([old]), np.array([new]), np.array([0]))
    assert found[0] == pytest.approx(time, abs=1e-12)


@pytest.mark.parametrize("shape", [(3, 1), (0, 2)])
def test_one_class_and_no_rows(shape):
    scores, y = np.zeros(shape), np.zeros(shape[0], int)
    assert_array_equal(flip_times(scores, scores, y), np.inf * np.ones(len(y)))


score = st.one_of(st.integers(-3, 3).map(float), st.floats(-20, 20, allow_nan=False))
scores = arrays(np.float64, (12, 3), elements=score)
any_pair = given(
    old=scores, new=scores, y=arrays(np.int64, 12, elements=st.integers(0, 2))
)


@settings(max_examples=300, deadline=None)
@any_pair
def test_no_row_flips_before_its_time(old, new, y):
    """Also at the last floating-point number before it, and at random ones."""
    times = flip_times(old, new, y)
    right = old.argmax(axis=1) == y
    assert (times[~right] == np.inf).all()
    grid = np.r_[np.linspace(0, 1, 41), 1e-300, 1e-17, 1e-9, 1 - 2**-53]
    before = np.nextafter(np.minimum(times, np.nextafter(1, 2)), 0)
    for t in np.r_[grid, before[before >= 0], before[before >= 0] / 3]:
        kept = right & (t < times)
        predicted = mix(old, new, t).argmax(axis=1)
        assert_array_equal(predicted[kept], y[kept])


@settings(max_examples=200, deadline=None)
@any_pair
def test_every_row_is_lost_or_tied_after_its_time(old, new, y):
    times = flip_times(old, new, y)
    # Ties but for rounding count as lost at once, even where the new model is right.
    clear = margin(old, y) > 1e-12
    for t in np.linspace(0, 1, 41)[1:]:
        assert (margin(mix(old, new, t), y)[clear & (times <= t)] <= 1e-12).all()


def test_times_agree_with_a_fine_grid():
    old, new, y = random_pair(500, 4, seed=0)
    times = flip_times(old, new, y)
    grid = np.linspace(0, 1, 10_001)
    right = np.array([mix(old, new, t).argmax(axis=1) == y for t in grid])
    for i in range(500):
        lost = np.flatnonzero(~right[:, i])
        if not right[0, i] or not len(lost):
            assert times[i] == np.inf
            continue
        assert grid[lost[0] - 1] <= times[i] <= grid[lost[0]]
        assert not right[lost[0] :, i].any()  # once lost, lost for good


@pytest.mark.parametrize("seed", range(5))
def test_a_temperature_for_each_model_only_renames_the_shares(seed):
    """So it can change neither the labels nor, with its own rows, the guarantee."""
    old, new, y = random_pair(300, 4, seed)
    cool, hot = 0.4, 3.0
    t = largest_new_share(flip_times(old, new, y), 5)
    scaled_t = largest_new_share(flip_times(old / hot, new / cool, y), 5)
    scaled = mix(old / hot, new / cool, scaled_t)
    labels = mix(old, new, t).argmax(axis=1)
    assert_array_equal(labels, scaled.argmax(axis=1))
    assert scaled_t == pytest.approx(t / hot / ((1 - t) / cool + t / hot))


# The routes on which one of the two answers


@pytest.mark.parametrize(
    ("route", "new", "times", "answering"),
    [
        # At 1/2 the surer one answers: the old model in rows 0 and 2.
        (Arbiter(), [[0.3, 0.7], [0.2, 0.8], [0.8, 0.2]], [0.6, 0.4, np.inf], "ono"),
        # The new one must be twice as sure of another label: it is in row 0. Where both
        # agree the old model answers; the label is the same.
        (
            CostRatio(),
            [[0.2, 0.8], [0.4, 0.6], [0.8, 0.2]],
            [1 / 4, 2 / 3, np.inf],
            "noo",
        ),
    ],
)
def test_switches_by_hand(route, new, times, answering):
    old, new = np.log([[0.9, 0.1], [0.6, 0.4], [0.9, 0.1]]), np.log(new)
    found = route.flip_times(old, new, np.array([0, 0, 0]))
    assert_allclose(found, times)
    answers = [{"o": old, "n": new}[who][row] for row, who in enumerate(answering)]
    assert_array_equal(route.scores(old, new, 0.5), answers)


def test_cost_ratio_is_the_cheapest_rule_if_the_new_model_knows_the_probabilities():
    rng = np.random.default_rng(0)
    old, new = (np.log(rng.dirichlet(np.ones(4), 500)) for _ in range(2))
    extra = 2.0  # what a negative flip costs on top of the error
    p, label = np.exp(new), old.argmax(axis=1)
    rows = np.arange(500)
    flips = (label[:, None] != np.arange(4)) * p[rows, label][:, None]
    cost = 1 - p + extra * flips  # of each answer
    answers = CostRatio().scores(old, new, 1 / (1 + extra)).argmax(axis=1)
    assert_allclose(cost[rows, answers], cost.min(axis=1))


@pytest.mark.parametrize("route", [Arbiter(), CostRatio()])
@pytest.mark.parametrize("seed", range(5))
def test_switches_lose_each_row_once(seed, route):
    old, new, y = random_pair(400, 4, seed)
    old, new = log_softmax(old, axis=1), log_softmax(new, axis=1)
    times = route.flip_times(old, new, y)
    right_old = old.argmax(axis=1) == y
    for t in np.r_[np.linspace(0, 1, 101), times[times <= 1]]:
        lost = right_old & (route.scores(old, new, t).argmax(axis=1) != y)
        assert_array_equal(lost, times <= t)


# Scores


def test_scores_are_finite_and_keep_the_order():
    proba = np.array([[0.0, 0.3, 0.7, 0.0], [0.25, 0.25, 0.25, 0.25], [1, 0, 0, 0]])
    found = log_scores(proba)
    assert np.isfinite(found).all()
    assert_array_equal(found.argsort(kind="stable"), proba.argsort())
    assert_allclose(np.exp(found), proba, atol=1e-4)
    assert_allclose(np.exp(found).sum(axis=1), 1)


@pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES)
def test_ends_of_the_way_are_the_models_bit_by_bit(route):
    old, new = (log_softmax(z, axis=1) for z in random_pair(100, 5, seed=1)[:2])
    assert_array_equal(route.scores(old, new, 0.0), old)
    assert_array_equal(route.scores(old, new, 1.0), new)


# Risk control


@pytest.mark.parametrize("n_rows", [1, 7, 98, 99, 100, 299])
@pytest.mark.parametrize("budget", [0.0, 1e-4, 0.01, 0.05, 0.07, 0.29, 0.5, 0.999])
def test_allowed_flips_by_brute_force(n_rows, budget):
    certified = [k for k in range(n_rows + 1) if (k + 1) / (n_rows + 1) <= budget]
    assert allowed_flips(n_rows, budget) == max(certified, default=-1)
    tests = [binomtest(k, n_rows, alternative="less") for k in range(n_rows + 1)]
    for confidence in (0.5, 0.9, 0.95):
        # Clopper and Pearson's, whose last one is 1.
        bounds = [test.proportion_ci(confidence).high for test in tests[:-1]] + [1.0]
        certified = [k for k, bound in enumerate(bounds) if bound <= budget]
        certificate = {"guarantee": "high-probability", "confidence": confidence}
        allowed = allowed_flips(n_rows, budget, **certificate)
        assert allowed == max(certified, default=-1)


@pytest.mark.parametrize("guarantee", ["expectation", "high-probability"])
@pytest.mark.parametrize("budget", [0.001, 0.01, 0.02, 0.1, 0.3])
def test_rows_needed_is_where_certification_begins(guarantee, budget):
    n_rows = rows_needed(budget, guarantee=guarantee)
    assert allowed_flips(n_rows, budget, guarantee=guarantee) == 0
    assert allowed_flips(n_rows - 1, budget, guarantee=guarantee) == -1
    assert rows_needed(0, guarantee=guarantee) == math.inf


@pytest.mark.parametrize("guarantee", ["expectation", "high-probability"])
def test_risk_bound_is_the_least_budget_that_allows_the_flips(guarantee):
    for flips, n_rows in [(0, 10), (3, 200), (199, 200)]:
        bound = risk_bound(flips, n_rows, guarantee=guarantee)
        assert allowed_flips(n_rows, bound + 1e-9, guarantee=guarantee) == flips
        assert allowed_flips(n_rows, bound - 1e-9, guarantee=guarantee) == flips - 1
    assert risk_bound(5, 5, guarantee=guarantee) == 1


@pytest.mark.parametrize("seed", range(5))
def test_largest_new_share_by_brute_force(seed):
    old, new, y = random_pair(200, 3, seed)
    times = flip_times(old, new, y)
    grid = np.union1d(np.linspace(0, 1, 1001), times[times <= 1])
    for allowed in (0, 1, 5, 20, 200):
        t = largest_new_share(times, allowed)
        assert (times <= t).sum() <= allowed
        assert all((times <= s).sum() > allowed for s in grid[grid > t])
        lost = (old.argmax(axis=1) == y) & (mix(old, new, t).argmax(axis=1) != y)
        assert lost.sum() <= allowed


def test_largest_new_share_at_the_edges():
    never = np.full(3, np.inf)
    assert largest_new_share(never, 0) == 1
    assert largest_new_share(never, -1) == 0
    assert largest_new_share(np.array([0.0, 0.4]), 0) == 0
    for times, allowed, next_loss in [([1.0, np.inf], 0, 1), ([0.4, 0.4, 0.8], 1, 0.4)]:
        t = largest_new_share(np.array(times), allowed)
        assert next_loss - 2e-9 < t < next_loss
    assert largest_new_share(np.array([]), 0) == 1


def true_flip_rates(n_rows, allowed):
    """NFR where 30 % of the rows have a uniform flip time, for 4,000 draws."""
    rng = np.random.default_rng(0)
    for _ in range(4000):
        times = np.where(rng.random(n_rows) < 0.3, rng.random(n_rows), np.inf)
        yield 0.3 * largest_new_share(times, allowed)


@pytest.mark.parametrize(("n_rows", "budget"), [(150, 0.02), (400, 0.01), (1000, 0.05)])
def test_mean_rate_keeps_to_the_budget_and_uses_it(n_rows, budget):
    allowed = allowed_flips(n_rows, budget)
    rates = list(true_flip_rates(n_rows, allowed))
    error = np.std(rates) / len(rates) ** 0.5
    exact = (allowed + 1) / (n_rows + 1)  # the mean of an order statistic
    assert exact <= budget
    assert np.mean(rates) == pytest.approx(exact, abs=4 * error)


@pytest.mark.parametrize(("n_rows", "budget"), [(300, 0.01), (1000, 0.02)])
def test_high_probability_exceeds_the_budget_as_rarely_as_promised(n_rows, budget):
    allowed = allowed_flips(n_rows, budget, guarantee="high-probability")
    exceeded = np.mean([rate > budget for rate in true_flip_rates(n_rows, allowed)])
    exact = binom.cdf(allowed, n_rows, budget)
    assert exact <= 0.05
    assert exceeded == pytest.approx(exact, abs=0.02)


# Path


def test_path_is_what_prediction_does():
    old, new, y = random_pair(300, 4, seed=3)
    path = trace_path(old, new, y, chosen=0.123)
    assert path.t[0] == 0
    assert path.t[-1] == 1
    assert 0.123 in path.t
    right_old = old.argmax(axis=1) == y
    times = flip_times(old, new, y)
    for t, nfr, accuracy in zip(path.t, path.nfr, path.accuracy, strict=True):
        right = mix(old, new, t).argmax(axis=1) == y
        assert accuracy == right.mean()
        assert nfr == (right_old & ~right).mean() == (times <= t).mean()
    assert (np.diff(path.nfr) >= 0).all()


# Temperature


@pytest.mark.parametrize("true_temperature", [0.3, 1.0, 4.0])
def test_temperature_is_found(true_temperature):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 3))
    scores = logits * true_temperature
    y = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    assert fit_temperature(scores, y) == pytest.approx(true_temperature, rel=0.05)


def test_few_rows_have_no_temperature():
    assert fit_temperature(np.ones((49, 2)), np.zeros(49, int)) == 1
