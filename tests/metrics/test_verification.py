"""Acceptance rates: values by hand, counting all pairs, exactness, bad input."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.exceptions import UndefinedMetricWarning

from sklearn_graceful.metrics import _verification, tar_at_far, verification_rates

# Cosines of neighbours: 0.83, 0.87, 0.89.
VECTORS = [[1, 0], [3, 2], [1, 2], [0, 1]]
LABELS = [0, 0, 1, 1]


def embeddings(n, dtype=float, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    vectors = rng.normal(size=(n, 4)) + np.eye(3, 4)[labels]
    return vectors.astype(dtype), labels


def test_rates_by_hand():
    rates = verification_rates(VECTORS, query_labels=LABELS, threshold=0.85)
    assert rates == (0.5, 0.25)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("part_size", [1, 200, 10**6])
def test_rates_count_all_pairs(metric, part_size, monkeypatch):
    monkeypatch.setattr(_verification, "PART_SIZE", part_size)
    (queries, query_labels), (gallery, gallery_labels) = (
        embeddings(n, seed=n) for n in (30, 50)
    )
    query_ids, gallery_ids = np.arange(30), np.arange(50) // 2
    kept = query_ids[:, None] != gallery_ids
    same = query_labels[:, None] == gallery_labels
    scores = cdist(queries, gallery, metric)
    scores = 1 - scores if metric == "cosine" else -scores
    search = {"query_labels": query_labels, "gallery_labels": gallery_labels}
    search |= {"query_ids": query_ids, "gallery_ids": gallery_ids, "metric": metric}
    for threshold in np.quantile(scores, [0.1, 0.5, 0.99]):
        rates = verification_rates(queries, gallery, threshold=threshold, **search)
        accepted = scores >= threshold
        expected = accepted[same & kept].mean(), accepted[~same & kept].mean()
        assert rates == pytest.approx(expected)
    for far in (0, 0.01, 0.3, 0.9):
        tar, threshold = tar_at_far(queries, gallery, far=far, **search)
        others = np.sort(scores[~same & kept])[::-1]
        refused = others[math.floor(far * len(others))]
        assert tar == (scores[same & kept] > refused).mean()
        assert threshold == pytest.approx(refused, abs=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("far", [0, 0.001, 0.05, 0.5, 0.999, 1])
def test_the_threshold_reproduces_the_rate_and_none_lower_does(dtype, metric, far):
    vectors, labels = embeddings(80, dtype)
    search = {"queries": vectors, "query_labels": labels, "metric": metric}
    tar, threshold = tar_at_far(far=far, **search)
    rates = verification_rates(threshold=threshold, **search)
    assert rates.tar == tar
    assert rates.far <= far
    if far < 1:
        precision = dtype if metric == "cosine" else np.float64
        lower = np.nextafter(precision(threshold), precision(-np.inf))
        assert verification_rates(threshold=lower, **search).far > far


@given(
    st.lists(st.floats(width=32, allow_nan=False), min_size=2, max_size=30),
    st.sampled_from([np.float32, np.float64]),
)
def test_keys_have_the_order_of_the_scores(scores, dtype):
    scores = np.array(scores, dtype)
    keys = _verification._keys(scores)
    for relation in (np.less, np.equal):
        np.testing.assert_array_equal(
            relation.outer(keys, keys), relation.outer(scores, scores)
        )
    back = [_verification._score_of(int(key), scores.dtype) for key in keys]
    np.testing.assert_array_equal(back, scores)


def test_ties_at_the_threshold_are_refused_together():
    vectors = [[1, 0], [1, 0], [1, 0], [0, 1]]
    tar, threshold = tar_at_far(vectors, query_labels=[0, 0, 1, 2], far=0.1)
    # Four of ten non-matching pairs have a cosine of 1: none fits into one in ten.
    assert tar == 0
    assert threshold == np.nextafter(1, 2)


def test_rates_without_pairs_are_nan_with_a_warning():
    with pytest.warns(UndefinedMetricWarning, match="FAR is 0/0"):
        rates = verification_rates(VECTORS, query_labels=[0] * 4, threshold=-1)
    np.testing.assert_equal(rates, (1, math.nan))
    with pytest.warns(UndefinedMetricWarning, match="TAR is 0/0"):
        rates = verification_rates(VECTORS, query_labels=range(4), threshold=0.5)
    assert math.isnan(rates.tar)
    with pytest.warns(UndefinedMetricWarning, match="TAR at a FAR is 0/0"):
        assert np.isnan(tar_at_far(VECTORS, query_labels=[0] * 4)).all()
    with pytest.warns(UndefinedMetricWarning, match="TAR is 0/0"):
        assert math.isnan(tar_at_far(VECTORS, query_labels=range(4)).tar)


def test_bad_thresholds_are_refused():
    with pytest.raises(ValueError, match="threshold must be a number"):
        verification_rates(VECTORS, query_labels=LABELS, threshold=math.nan)
    for far in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match=r"far must be a number in \[0, 1\]"):
            tar_at_far(VECTORS, query_labels=LABELS, far=far)
    with pytest.raises(ValueError, match="query_labels has 1 rows"):
        tar_at_far(VECTORS, query_labels=[0])
