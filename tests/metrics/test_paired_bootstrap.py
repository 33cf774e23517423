"""Bootstrap of paired values: the exact spread, both ways of drawing, bad input."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.exceptions import UndefinedMetricWarning

from sklearn_graceful.metrics import (
    _paired_bootstrap,
    compatibility_tax,
    paired_bootstrap,
    update_gain,
)
from sklearn_graceful.metrics._paired_bootstrap import _draws, difference


def values(n=4000, binary=False):
    rng = np.random.default_rng(0)
    shared = rng.normal(size=n)
    old, new, paragon = (shared + 0.3 * rng.normal(size=n) + s for s in (0, 0.1, 0.3))
    if binary:
        return [(column > 0).astype(float) for column in (old, new, paragon)]
    return [old, new, paragon]


@pytest.mark.parametrize("binary", [False, True])
def test_the_width_is_that_of_the_mean_of_differences(binary):
    old, new, _ = values(binary=binary)
    estimate, low, high = paired_bootstrap(old, new, n_resamples=9000, random_state=0)
    assert estimate == pytest.approx((new - old).mean())
    # Pairing shows: the columns' own spread is three times that of their difference.
    half = norm.ppf(0.975) * (new - old).std() / np.sqrt(len(old))
    np.testing.assert_allclose(
        [low, high], [estimate - half, estimate + half], atol=half / 10
    )


@pytest.mark.parametrize(
    ("statistic", "n_columns"),
    [(difference, 2), (compatibility_tax, 2), (update_gain, 3)],
)
def test_drawing_counts_is_drawing_queries(statistic, n_columns, monkeypatch):
    columns = np.stack(values(500, binary=True)[:n_columns])
    by_counts = _draws(columns, statistic, 20_000, np.random.default_rng(0))
    monkeypatch.setattr(_paired_bootstrap, "FEW_KINDS", 0)
    by_queries = _draws(columns, statistic, 20_000, np.random.default_rng(0))
    assert by_counts.shape == by_queries.shape == (20_000,)
    shares = [0.05, 0.5, 0.95]
    tolerance = by_queries.std() / 5
    np.testing.assert_allclose(
        np.quantile(by_counts, shares), np.quantile(by_queries, shares), atol=tolerance
    )


def test_gain_and_tax_by_hand():
    old, cross, paragon = np.repeat([[0, 0, 1], [0, 1, 1], [1, 1, 1]], 50, axis=0).T
    gain = paired_bootstrap(old, cross, paragon, statistic=update_gain, random_state=0)
    assert gain.estimate == pytest.approx(0.5)
    assert gain.low < 0.5 < gain.high
    tax = paired_bootstrap(paragon, cross, statistic=compatibility_tax, random_state=0)
    assert tax.estimate == pytest.approx(1 / 3)


def test_the_seed_decides_and_numpy_is_left_alone(random_states):
    old, new, _ = values(2000)
    before = random_states()
    first = paired_bootstrap(old, new, random_state=1)
    assert first == paired_bootstrap(old, new, random_state=1)
    assert first != paired_bootstrap(old, new, random_state=2)
    assert random_states() == before


def test_queries_without_a_relevant_item_are_left_out():
    old, new, _ = values(300)
    with_gaps = [np.append(column, [np.nan] * 9) for column in (old, new)]
    expected = paired_bootstrap(old, new, random_state=0)
    assert paired_bootstrap(*with_gaps, random_state=0) == expected


def test_identical_systems_differ_by_nothing():
    old, _, _ = values(300)
    assert paired_bootstrap(old, old, random_state=0) == (0, 0, 0)


def test_what_is_undefined_is_left_out_or_nan_with_a_warning():
    # A third of the draws of these three queries have no possible improvement.
    old, new = [0, 1, 1], [1, 1, 1]
    gain = paired_bootstrap(old, new, new, statistic=update_gain, random_state=0)
    assert gain == (1, 1, 1)
    with pytest.warns(UndefinedMetricWarning, match="of these queries is nan"):
        gain = paired_bootstrap(old, old, old, statistic=update_gain)
    assert np.isnan(gain).all()
    with pytest.warns(UndefinedMetricWarning, match="no query has defined values"):
        assert np.isnan(paired_bootstrap([np.nan], [np.nan])).all()


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        (([0, 1], [0, 1, 1]), {}, r"one length, got the shapes \[\(2,\), \(3,\)\]"),
        (([[0, 1]], [[0, 1]]), {}, "1-D"),
        (([0, np.nan], [0, 1]), {}, "nan in different queries"),
        (([0, np.inf], [0, 1]), {}, "must not be infinite"),
        (
            ([0, 1], [0, 1]),
            {"confidence": 95},
            r"confidence must be a number in \(0, 1\)",
        ),
        (
            ([0, 1], [0, 1]),
            {"n_resamples": 0},
            "n_resamples must be a whole number from 1 on",
        ),
    ],
)
def test_bad_input_is_refused(columns, options, message):
    with pytest.raises(ValueError, match=message):
        paired_bootstrap(*columns, **options)
