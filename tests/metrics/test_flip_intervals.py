"""Intervals and tests: published values, brute force, coverage, degenerate counts."""

import math
from decimal import Decimal
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import binom, norm
from sklearn.exceptions import UndefinedMetricWarning

from sklearn_graceful.metrics import (
    FLIP_FIGURES,
    FlipCounts,
    flip_interval,
    interval_from_counts,
    mcnemar_from_counts,
    mcnemar_test,
    rows_to_certify,
    win_loss_ratio,
)
from sklearn_graceful.metrics._intervals import METHODS
from sklearn_graceful.metrics._resampling import (
    resample_groups,
    resample_rows,
    resample_weights,
)

CELLS = st.tuples(*[st.integers(0, 60)] * 5).filter(lambda cells: sum(cells) > 0)


def rows_of(counts):
    """Rows that have these counts: y_true, y_new, y_old."""
    n = [int(cell) for cell in counts.cells]
    y_old = np.repeat([0, 0, 1, 1, 1], n)
    y_new = np.repeat([0, 1, 0, 1, 2], n)
    return np.zeros(sum(n), dtype=int), y_new, y_old


def of_rows(counts, **settings):
    y_true, y_new, y_old = rows_of(counts)
    return flip_interval(y_true, y_new, y_old=y_old, **settings)


def of_cells(*cells, **settings):
    return interval_from_counts(FlipCounts(*cells), **settings)


def of_difference(*cells, method):
    return of_cells(*cells, metric="accuracy_difference", method=method)


@pytest.mark.parametrize(
    ("k", "n"), [(0, 10), (3, 50), (50, 50), (123, 4567), (9, 10**8)]
)
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_proportions_end_where_their_test_starts_to_reject(k, n, confidence):
    tail = (1 - confidence) / 2
    exact, wilson = (
        of_cells(n - k, k, 0, 0, 0, confidence=confidence, method=method)
        for method in ("clopper-pearson", "wilson")
    )
    # Nothing below 0 and above 1 is left to reject.
    left = binom.sf(k - 1, n, exact.low), binom.cdf(k, n, exact.high)
    expected = tail if exact.low > 0 else 1, tail if exact.high < 1 else 1
    assert left == pytest.approx(expected, rel=1e-4)
    assert (exact.low == 0, exact.high == 1) == (k == 0, k == n)
    for p in {wilson.low, wilson.high} - {0, 1}:
        score = abs(k / n - p) / math.sqrt(p * (1 - p) / n)
        assert score == pytest.approx(norm.isf(tail), rel=1e-6)


# Newcombe: Statistics in Medicine 17 (1998), 2635-2650, table of examples. The others:
# Fagerland, Lydersen and Laake, Statistics in Medicine 33 (2014), 2850-2875.
@pytest.mark.parametrize(
    ("method", "cells", "low", "high"),
    [
        ("newcombe", (36, 2, 12, 0), 0.0569, 0.3404),
        ("newcombe", (1, 1, 7, 12), 0.026, 0.507),
        ("tango", (1, 1, 7, 12), 0.026, 0.517),
        ("newcombe", (59, 6, 16, 80), 0.0046, 0.1186),
        ("tango", (59, 6, 16, 80), 0.0054, 0.1240),
    ],
)
def test_paired_differences_agree_with_published_examples(method, cells, low, high):
    _, *ends = of_difference(*cells, 0, method=method)
    digits = 5e-4 if low == 0.026 else 5e-5
    np.testing.assert_allclose(ends, [low, high], atol=digits)


@pytest.mark.parametrize(
    "cells", [(70, 4, 9, 20), (5, 0, 0, 5), (80, 0, 6, 14), (0, 0, 8, 0), (3, 40, 2, 9)]
)
def test_tango_ends_where_the_score_test_starts_to_reject(cells):
    _, b, c, _ = cells
    n = sum(cells)

    def score(difference):
        """Test statistic, the nuisance parameter maximised numerically."""

        def minus_log_likelihood(p):
            q = p + difference
            terms = ((b, p), (c, q), (n - b - c, 1 - p - q))
            return -sum(k * math.log(max(x, 1e-300)) for k, x in terms if k)

        bounds = (max(0, -difference), (1 - difference) / 2)
        options = {"xatol": 1e-12}
        p = minimize_scalar(minus_log_likelihood, bounds=bounds, options=options).x
        variance = (2 * p + difference - difference**2) / n
        return ((c - b) / n - difference) / math.sqrt(variance)

    _, low, high = of_difference(*cells, 0, method="tango")
    z = norm.ppf(0.975)
    if low > -1:
        assert score(low) == pytest.approx(z, abs=1e-3)
    if high < 1:
        assert score(high) == pytest.approx(-z, abs=1e-3)


@given(CELLS, st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_intervals_contain_their_estimate_and_grow_with_confidence(cells, confidence):
    for metric, method in [
        *product(["negative_flip_rate", "churn_rate"], ["wilson", "clopper-pearson"]),
        *product(["accuracy_difference"], ["newcombe", "tango"]),
    ]:
        settings = {"metric": metric, "method": method}
        estimate, low, high = of_cells(*cells, confidence=confidence, **settings)
        assert low <= estimate <= high
        assert -1 <= low < high <= 1
        wider = of_cells(*cells, confidence=0.9999, **settings)
        assert wider.low <= low + 1e-12
        assert wider.high >= high - 1e-12


@given(CELLS)
def test_swapping_the_models_mirrors_the_accuracy_difference(cells):
    n11, b, c, same, different = cells
    for method in ("newcombe", "tango"):
        _, low, high = of_difference(*cells, method=method)
        _, *swapped = of_difference(n11, c, b, same, different, method=method)
        np.testing.assert_allclose(swapped, [-high, -low], atol=1e-9)


@pytest.mark.parametrize("metric", FLIP_FIGURES)
def test_every_figure_has_a_bootstrap_that_contains_it(metric):
    counts = FlipCounts(700, 30, 60, 150, 60)
    settings = {"metric": metric, "random_state": 0}
    estimate, low, high = interval_from_counts(counts, method="bootstrap", **settings)
    assert low < estimate < high
    assert estimate == pytest.approx(getattr(counts, metric))
    automatic = interval_from_counts(counts, **settings)
    np.testing.assert_allclose(automatic[1:], [low, high], atol=0.15 * (high - low))
    assert of_rows(counts, **settings) == automatic


def test_the_bootstrap_is_the_bootstrap_of_rows():
    """Mean and covariance of the drawn cells against resampled row indices."""
    counts = FlipCounts(60, 8, 12, 15, 5)
    rng = np.random.default_rng(0)
    cell_of_row = np.repeat(np.arange(5), counts.cells)
    resampled = rng.choice(cell_of_row, size=(20_000, 100))
    by_rows = np.stack([(resampled == cell).sum(1) for cell in range(5)])
    by_counts = np.stack(resample_rows(counts, 20_000, rng).cells)
    np.testing.assert_allclose(by_counts.mean(1), by_rows.mean(1), atol=0.2)
    np.testing.assert_allclose(np.cov(by_counts), np.cov(by_rows), atol=0.8)


def test_the_weighted_bootstrap_is_the_poisson_bootstrap_of_rows():
    rng = np.random.default_rng(0)
    cell_of_row = np.repeat(np.arange(5), (60, 8, 12, 15, 5))
    weight = rng.gamma(2, size=100)
    in_cell = (cell_of_row == np.arange(5)[:, np.newaxis]).astype(float)
    repeats = rng.poisson(1, size=(20_000, 100))
    by_rows = (repeats * weight) @ in_cell.T
    sums = FlipCounts(*(in_cell @ weight)), FlipCounts(*(in_cell @ weight**2))
    by_cells = np.stack(resample_weights(*sums, 20_000, rng).cells, axis=1)
    np.testing.assert_allclose(by_cells.mean(0), by_rows.mean(0), rtol=0.02)
    np.testing.assert_allclose(by_cells.var(0), by_rows.var(0), rtol=0.05)


def test_the_bootstrap_of_groups_draws_groups():
    rng = np.random.default_rng(0)
    tables = rng.poisson([6, 1, 2, 1, 1], size=(30, 5))
    drawn = rng.integers(30, size=(20_000, 30))
    by_groups = tables[drawn].sum(axis=1)
    by_tables = np.stack(resample_groups(tables, 20_000, rng).cells, axis=1)
    np.testing.assert_allclose(by_tables.mean(0), by_groups.mean(0), rtol=0.01)
    np.testing.assert_allclose(np.cov(by_tables.T), np.cov(by_groups.T), atol=8)


def test_groups_of_rows_that_flip_together_widen_the_interval():
    y_true, y_new, y_old = rows_of(FlipCounts(850, 50, 60, 30, 10))
    alone = flip_interval(
        y_true, y_new, y_old=y_old, method="bootstrap", random_state=0
    )
    ten_each = flip_interval(
        y_true, y_new, y_old=y_old, groups=np.arange(1000) // 10, random_state=0
    )
    one_each = flip_interval(
        y_true, y_new, y_old=y_old, groups=np.arange(1000), random_state=0
    )
    assert ten_each.estimate == alone.estimate == 0.05
    assert ten_each.high - ten_each.low > 2.5 * (alone.high - alone.low)
    assert one_each.high == pytest.approx(alone.high, abs=0.002)


def test_groups_leave_no_method_but_the_bootstrap():
    y_true, y_new, y_old = rows_of(FlipCounts(85, 5, 6, 3, 1))
    groups = np.arange(100) // 10
    with pytest.raises(ValueError, match="independent rows, but there are groups"):
        flip_interval(y_true, y_new, y_old=y_old, groups=groups, method="wilson")
    with pytest.raises(ValueError, match="groups has 99 rows but y_true has 100"):
        flip_interval(y_true, y_new, y_old=y_old, groups=groups[1:])


def coverage(metric, method, truth, n, repeats, seed):
    """How often the interval of n rows drawn from `truth` contains its figure."""
    target = getattr(FlipCounts(*truth), metric)
    tables = np.random.default_rng(seed).multinomial(n, truth, size=repeats)
    settings = {"metric": metric, "method": method, "n_bootstrap": 400}
    intervals = [
        of_cells(*table.tolist(), random_state=draw, **settings)
        for draw, table in enumerate(tables)
    ]
    return np.mean([low <= target <= high for _, low, high in intervals])


TRUTH = (0.75, 0.03, 0.06, 0.1, 0.06)


@pytest.mark.parametrize(
    ("metric", "method", "n"),
    [
        ("negative_flip_rate", "wilson", 300),
        ("negative_flip_impact", "wilson", 300),
        ("accuracy_difference", "newcombe", 300),
        ("accuracy_difference", "tango", 300),
        ("relative_negative_flip_rate", "bootstrap", 1000),
        ("win_loss_ratio", "bootstrap", 2000),
        ("backward_trust_compatibility", "bootstrap", 1000),
    ],
)
def test_coverage_is_near_nominal(metric, method, n):
    assert 0.92 <= coverage(metric, method, TRUTH, n, 1000, seed=0) <= 0.98


def test_clopper_pearson_never_covers_less_than_it_says():
    n, p = 80, 0.02
    intervals = [
        of_cells(n - k, k, 0, 0, 0, method="clopper-pearson") for k in range(n + 1)
    ]
    covered = [low <= p <= high for _, low, high in intervals]
    assert binom.pmf(np.arange(n + 1), n, p)[covered].sum() >= 0.95


class TestWeights:
    counts = FlipCounts(70, 3, 6, 15, 6)

    @pytest.mark.parametrize("metric", FLIP_FIGURES)
    def test_weight_k_is_a_row_repeated_k_times(self, metric):
        settings = {"metric": metric, "random_state": 0}
        repeated = interval_from_counts(self.counts + self.counts, **settings)
        for weight in (2, 2.0, Decimal(2)):
            weights = np.full(100, weight)
            weighted = of_rows(self.counts, sample_weight=weights, **settings)
            assert weighted == pytest.approx(repeated)

    @pytest.mark.parametrize("metric", FLIP_FIGURES)
    def test_methods_that_count_rows_refuse_other_weights(self, metric):
        settings = {"metric": metric, "sample_weight": np.full(100, 0.5)}
        for method in METHODS[FLIP_FIGURES[metric].kind]:
            with pytest.raises(ValueError, match="not whole numbers"):
                of_rows(self.counts, method=method, **settings)

    def test_other_weights_have_no_scale(self):
        weight = np.random.default_rng(0).gamma(2, size=100)
        one, tenth = (
            of_rows(self.counts, sample_weight=weight * scale, random_state=0)
            for scale in (1, 0.1)
        )
        assert one == pytest.approx(tenth)
        assert one.low < one.estimate < one.high

    def test_constant_weights_tell_what_no_weights_do(self):
        counts = FlipCounts(7000, 300, 600, 1500, 600)
        weighted = of_rows(counts, sample_weight=np.full(10_000, 0.3), random_state=0)
        np.testing.assert_allclose(weighted, of_rows(counts), atol=4e-4)


def test_undefined_figures_have_no_interval():
    with pytest.warns(UndefinedMetricWarning, match="win_loss_ratio is 0/0"):
        interval = flip_interval([0, 1], [0, 1], y_old=[0, 1], metric="win_loss_ratio")
    assert np.isnan(interval).all()
    with pytest.warns(UndefinedMetricWarning, match="negative_flip_rate is 0/0"):
        interval = flip_interval([0, 1], [0, 1], y_old=[0, 1], sample_weight=[0, 0])
    assert np.isnan(interval).all()


def test_a_bootstrap_without_width_is_no_evidence():
    with pytest.warns(UndefinedMetricWarning, match="no evidence") as caught:
        interval = flip_interval(
            [0, 0, 0], [0, 1, 0], y_old=[1, 1, 0], metric="relative_negative_flip_rate"
        )
    assert (interval.low, interval.high) == (0, 0)
    assert caught[0].filename == __file__
    # A proportion keeps its honest width.
    assert flip_interval([0, 0, 0], [0, 0, 0], y_old=[1, 0, 0]).high > 0.5


def test_a_ratio_may_be_infinite():
    interval = of_cells(90, 1, 9, 0, 0, metric="win_loss_ratio", random_state=0)
    assert interval.estimate == 9
    assert 0 < interval.low < 9
    assert interval.high == math.inf == win_loss_ratio([0, 0], [0, 0], y_old=[0, 1])


def test_same_seed_same_interval_and_global_state_untouched(random_states):
    before, settings = random_states(), {"metric": "win_loss_ratio"}
    counts = FlipCounts(70, 3, 6, 15, 6)
    first = interval_from_counts(counts, random_state=3, **settings)
    assert first == interval_from_counts(counts, random_state=3, **settings)
    seeded = np.random.RandomState(3)
    assert interval_from_counts(counts, random_state=seeded, **settings).high > 0
    interval_from_counts(counts, **settings)
    assert random_states() == before


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"metric": "accuracy"}, "metric must be one of .*'accuracy'"),
        ({"method": "wald"}, "method must be one of .*'wald'"),
        (
            {"method": "newcombe"},
            "method must be one of .* for negative_flip_rate, got 'newcombe'",
        ),
        (
            {"metric": "win_loss_ratio", "method": "wilson"},
            "method must be one of .*'wilson'",
        ),
        ({"confidence": 95}, r"confidence must be a number in \(0, 1\), got 95"),
        ({"n_bootstrap": 0}, "n_bootstrap must be a whole number from 1 on"),
    ],
)
def test_bad_settings_are_named(bad, message):
    with pytest.raises(ValueError, match=message):
        flip_interval([0, 1], [0, 0], y_old=[0, 1], **bad)


@pytest.mark.parametrize("cells", [(9, 0.5, 0, 0, 0), (9, 0, 1.5, 0, 0)])
def test_stored_counts_must_be_counts(cells):
    for read in (interval_from_counts, mcnemar_from_counts):
        with pytest.raises(ValueError, match="whole numbers"):
            read(FlipCounts(*cells))
    with pytest.raises(ValueError, match="none negative"):
        of_cells(5, -1, 0, 0, 0)


def test_no_flips_certify_one_percent_from_299_rows():
    assert rows_to_certify(0.01) == 299
    for n, certified in ((298, False), (299, True)):
        # One-sided at 95 % is the upper end at 90 %.
        settings = {"confidence": 0.9, "method": "clopper-pearson"}
        _, _, high = of_cells(n, 0, 0, 0, 0, **settings)
        assert (high <= 0.01) is certified
    assert rows_to_certify(0.5, confidence=0.75) == 2
    with pytest.raises(ValueError, match="max_nfr"):
        rows_to_certify(0)
    with pytest.raises(ValueError, match="confidence"):
        rows_to_certify(0.01, confidence=1)


def test_mcnemar_agrees_with_a_published_example():
    # Fagerland, Lydersen and Laake (2014): mid-p 0.0347.
    y_true, y_new, y_old = rows_of(FlipCounts(59, 6, 16, 80, 0))
    result = mcnemar_test(y_true, y_new, y_old=y_old)
    assert result.statistic == 6
    assert result.pvalue == pytest.approx(0.03469, abs=5e-6)


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_the_sum_over_outcomes(b, c):
    """Outcomes rarer than the one seen count in full, equally rare ones half."""
    n = b + c
    weights = [math.comb(n, k) for k in range(n + 1)]
    rarer = sum(w for w in weights if w < weights[b])
    equal = sum(w for w in weights if w == weights[b])
    if b == c:  # The middle outcome is its own mirror image and counts in full.
        equal *= 2
    pvalue = mcnemar_from_counts(FlipCounts(9, b, c, 9, 0)).pvalue
    assert pvalue == pytest.approx((rarer + equal / 2) / 2**n, rel=1e-9)
