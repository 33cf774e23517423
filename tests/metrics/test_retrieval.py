"""Retrieval figures: values by hand, per-query references, laws, bad input."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import label_ranking_average_precision_score, ndcg_score

from sklearn_graceful import metrics
from sklearn_graceful.metrics import retrieval_flips, retrieval_outcomes

# At 0, 34, 63 and 90 degrees.
VECTORS = [[1, 0], [3, 2], [1, 2], [0, 1]]
LABELS = [0, 0, 1, 1]
THREE = [[1, 0], [2, 1], [0, 1]]


def embeddings(n, width=5, seed=0, n_labels=4):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_labels, n)
    return rng.normal(size=(n, width)) + np.eye(n_labels, width)[labels], labels


def reference(scores, relevant, left_out):
    """First rank, average precision and nDCG of one query, from the formulas."""
    items = [i for i in range(len(scores)) if i not in left_out]
    items.sort(key=lambda i: (-scores[i], i))
    hits = [relevant[i] for i in items]
    if not any(hits):
        return 0, math.nan, math.nan
    precision = [sum(hits[: r + 1]) / (r + 1) for r in range(len(hits)) if hits[r]]
    gain = sum(hit / math.log2(rank + 2) for rank, hit in enumerate(hits))
    ideal = sum(1 / math.log2(rank + 2) for rank in range(sum(hits)))
    return hits.index(True) + 1, sum(precision) / len(precision), gain / ideal


def assert_matches_reference(outcomes, *of_queries):
    expected = [reference(*of_query) for of_query in zip(*of_queries, strict=True)]
    first, precision, gain = np.transpose(expected)
    np.testing.assert_array_equal(outcomes.first_rank, first)
    np.testing.assert_allclose(outcomes.average_precision, precision, rtol=1e-12)
    np.testing.assert_allclose(outcomes.ndcg, gain, rtol=1e-12)
    np.testing.assert_array_equal(outcomes.has_match, first > 0)


def test_values_by_hand():
    # The second row finds the third, of another label, before the first.
    outcomes = retrieval_outcomes(VECTORS, query_labels=LABELS)
    assert outcomes.first_rank.tolist() == [1, 2, 1, 1]
    assert outcomes.average_precision.tolist() == [1, 0.5, 1, 1]
    np.testing.assert_allclose(outcomes.ndcg, [1, 1 / math.log2(3), 1, 1])
    assert outcomes.recall_at(1) == 0.75
    assert outcomes.cmc.tolist() == [0.75, 1, 1]
    assert outcomes.mean_average_precision == 0.875
    assert outcomes.gallery_size == 3
    assert outcomes.values("recall@1").tolist() == [1, 0, 1, 1]
    assert outcomes.mean_ndcg == outcomes.ndcg.mean()


def galleries(n_queries=40, n_gallery=400, n_labels=4):
    """Queries and a gallery, their labels, which pairs match, and the cosines."""
    (queries, query_labels), (gallery, gallery_labels) = (
        embeddings(n, seed=seed, n_labels=n_labels)
        for n, seed in ((n_queries, 1), (n_gallery, 2))
    )
    labels = {"query_labels": query_labels, "gallery_labels": gallery_labels}
    relevant = query_labels[:, None] == gallery_labels
    return queries, gallery, labels, relevant, 1 - cdist(queries, gallery, "cosine")


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("n_labels", [2, 4, 5])
def test_outcomes_agree_with_a_reference_written_query_by_query(metric, n_labels):
    queries, gallery, labels, relevant, _ = galleries(30, 300, n_labels)
    outcomes = retrieval_outcomes(queries, gallery, metric=metric, **labels)
    scores = -cdist(queries, gallery, metric)
    assert_matches_reference(outcomes, scores, relevant, [()] * 30)


def test_outcomes_agree_with_sklearn():
    queries, gallery, labels, relevant, scores = galleries()
    outcomes = retrieval_outcomes(queries, gallery, **labels)
    assert outcomes.mean_average_precision == pytest.approx(
        label_ranking_average_precision_score(relevant, scores), abs=1e-12
    )
    assert outcomes.mean_ndcg == pytest.approx(ndcg_score(relevant, scores), abs=1e-12)


def test_ids_leave_out_every_item_with_the_id_of_the_query():
    queries, labels = embeddings(20, seed=1)
    gallery, twice = np.vstack([queries, queries + 0.01]), np.tile(labels, 2)
    of_items = {"query_labels": labels, "gallery_labels": twice}
    of_items |= {"query_ids": range(20), "gallery_ids": np.tile(range(20), 2)}
    outcomes = retrieval_outcomes(queries, gallery, **of_items)
    assert outcomes.gallery_size == 38
    scores = 1 - cdist(queries, gallery, "cosine")
    left_out = [(i, i + 20) for i in range(20)]
    assert_matches_reference(outcomes, scores, labels[:, None] == twice, left_out)


def test_new_queries_search_the_old_vectors_of_the_other_items():
    old, labels = embeddings(25, seed=1)
    new, _ = embeddings(25, width=7, seed=2)
    of_items = {"query_labels": labels, "gallery_labels": labels}
    ids = [f"item {i}" for i in range(25)]
    of_items |= {"query_ids": ids, "gallery_ids": ids}
    outcomes = retrieval_outcomes(new, old, old_view=True, **of_items)
    scores = 1 - cdist(new[:, :5], old, "cosine")
    left_out = [(i,) for i in range(25)]
    assert_matches_reference(outcomes, scores, labels[:, None] == labels, left_out)
    # With twins in the gallery, other items at distance 0, nobody misses.
    twins = np.vstack([old, old])
    assert metrics.recall_at_k(twins, query_labels=np.tile(labels, 2)) == 1


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_equal_items_are_found_in_gallery_order(metric):
    gallery = [[0, 1], [1, 0], [0, 1], [1, 0], [1, 0]]
    for k in (1, 2, 4, 5):
        indices, _ = metrics.nearest([[1, 0]], gallery, k, metric=metric)
        assert indices[0].tolist() == [1, 3, 4, 0, 2][:k]
    labels = {"query_labels": [7], "gallery_labels": [7, 8, 8, 7, 8]}
    outcomes = retrieval_outcomes([[1, 0]], gallery, metric=metric, **labels)
    assert outcomes.first_rank.tolist() == [2]
    assert outcomes.mean_average_precision == pytest.approx((1 / 2 + 2 / 4) / 2)


@given(st.integers(0, 2**32 - 1))
def test_the_order_of_rows_changes_nothing(seed):
    vectors, labels = embeddings(30, seed=seed)
    order = np.random.default_rng(seed).permutation(30)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        given_order = retrieval_outcomes(vectors, query_labels=labels)
        shuffled = retrieval_outcomes(vectors[order], query_labels=labels[order])
    np.testing.assert_array_equal(shuffled.first_rank, given_order.first_rank[order])
    np.testing.assert_allclose(shuffled.ndcg, given_order.ndcg[order])


def test_single_figures_are_those_of_the_outcomes():
    vectors, labels = embeddings(60)
    search = {"queries": vectors, "query_labels": labels}
    outcomes = retrieval_outcomes(**search)
    for k in (1, 5, 59):
        recall = metrics.recall_at_k(k=k, **search)
        assert recall == outcomes.recall_at(k) == outcomes.cmc[k - 1]
    curve = metrics.cmc_curve(k_max=10, **search)
    np.testing.assert_array_equal(curve, outcomes.cmc[:10])
    assert metrics.mean_average_precision(**search) == outcomes.mean_average_precision
    assert metrics.ndcg(**search) == outcomes.mean_ndcg


def test_depth_counts_the_first_items_only():
    queries, gallery, labels, relevant, scores = galleries()
    found = metrics.ndcg(queries, gallery, k=10, **labels)
    assert found == pytest.approx(ndcg_score(relevant, scores, k=10), abs=1e-12)
    whole = retrieval_outcomes(queries, gallery, **labels)
    cut = retrieval_outcomes(queries, gallery, depth=3, **labels)
    np.testing.assert_array_equal(cut.first_rank, whole.first_rank)
    top = np.take_along_axis(relevant, np.argsort(-scores, axis=1)[:, :3], axis=1)
    precision = (top * np.cumsum(top, axis=1) / [1, 2, 3]).sum(axis=1) / 3
    np.testing.assert_allclose(cut.average_precision, precision)


def test_queries_without_a_relevant_item_are_undefined_and_left_out():
    for figure in (metrics.recall_at_k, retrieval_outcomes):
        with pytest.warns(UndefinedMetricWarning, match="1 of 3 queries") as caught:
            outcomes = figure(THREE, query_labels=list("aab"))
        assert [warning.filename for warning in caught] == [__file__]
    assert outcomes.first_rank.tolist() == [1, 1, 0]
    assert outcomes.has_match.tolist() == [True, True, False]
    assert np.isnan([outcomes.average_precision[2], outcomes.ndcg[2]]).all()
    assert np.isnan(outcomes.values("recall@1")[2])
    assert outcomes.recall_at(1) == outcomes.mean_average_precision == 1
    assert retrieval_flips(outcomes, outcomes).cells == (2, 0, 0, 0, 0)


def test_no_relevant_item_at_all_is_nan_with_a_warning():
    with pytest.warns(UndefinedMetricWarning, match="2 of 2 queries"):
        outcomes = retrieval_outcomes(np.eye(2), query_labels=[0, 1])
    for figure in ("mean_average_precision", "mean_ndcg", "cmc"):
        with pytest.warns(UndefinedMetricWarning, match="no query has"):
            assert np.isnan(getattr(outcomes, figure)).all()
    with pytest.warns(UndefinedMetricWarning, match="no query has"):
        assert np.isnan(outcomes.recall_at(1))
    with pytest.raises(ValueError, match="No query of old and new"):
        retrieval_flips(outcomes, outcomes)


NAN = [[1.0, np.nan]] * 4
GALLERY = {"gallery": VECTORS, "gallery_labels": LABELS}
ZERO = [[1.0, 0.0], [0.0, 0.0], [1.0, 1.0], [2.0, 1.0]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"query_labels": [0, 1]}, "query_labels has 2 rows but queries has 4"),
        ({"query_labels": None}, "query_labels is missing"),
        ({"query_labels": [0, 1, np.nan, 1]}, "query_labels holds NaN"),
        ({"query_labels": [LABELS]}, "query_labels must be 1-D"),
        ({"queries": NAN}, "queries contains NaN"),
        ({"queries": ZERO}, "queries: row 1 is 0"),
        ({"queries": [1.0, 2.0]}, r"queries must have shape .* got \(2,\)"),
        ({"metric": "cosin"}, "metric must be one of .*'cosin'"),
        ({"gallery_labels": LABELS}, "gallery_labels without gallery"),
        ({"gallery_ids": LABELS}, "gallery_ids without gallery"),
        (GALLERY | {"gallery_labels": None}, "gallery_labels is missing"),
        (GALLERY | {"gallery": NAN}, "gallery contains NaN"),
        (GALLERY | {"gallery": ZERO}, "gallery: row 1 is 0"),
        (GALLERY | {"gallery_labels": [0]}, "has 1 rows but gallery has 4"),
        (GALLERY | {"gallery_labels": list("aabb")}, "query_labels"),
        (GALLERY | {"query_ids": LABELS}, "gallery_ids is missing"),
        ({"query_ids": [1]}, "query_ids has 1 rows but queries has 4"),
        ({"depth": 0}, "depth must be between 1 and 3"),
        ({"depth": 4}, "depth must be between 1 and 3"),
    ],
)
def test_bad_input_is_refused(change, message):
    arguments = {"queries": VECTORS, "query_labels": LABELS, **change}
    with pytest.raises(ValueError, match=message):
        retrieval_outcomes(**arguments)


@pytest.mark.parametrize("k", [0, 4, -1])
def test_a_k_that_is_out_of_range_is_refused(k):
    search = {"queries": VECTORS, "query_labels": LABELS}
    outcomes = retrieval_outcomes(**search)
    for refused in (
        lambda: metrics.recall_at_k(k=k, **search),
        lambda: metrics.ndcg(k=k, **search),
        lambda: metrics.nearest(VECTORS, k=k),
        lambda: outcomes.recall_at(k),
        lambda: retrieval_flips(outcomes, outcomes, k=k),
    ):
        with pytest.raises(ValueError, match="k must be between 1 and 3"):
            refused()
    with pytest.raises(ValueError, match="k_max must be between 1 and 3"):
        metrics.cmc_curve(k_max=k, **search)


@pytest.mark.parametrize("measure", ["recall", "recall@0", "recall@9", "mAP", None])
def test_an_unknown_measure_is_refused(measure):
    outcomes = retrieval_outcomes(VECTORS, query_labels=LABELS)
    with pytest.raises(ValueError, match="measure"):
        outcomes.values(measure)


@pytest.mark.parametrize("k", [1, 3])
def test_flips_of_retrieval_obey_the_laws_of_classification(k):
    (old, labels), (new, _) = embeddings(80, seed=1), embeddings(80, seed=2)
    old, new = (retrieval_outcomes(v, query_labels=labels) for v in (old, new))
    counts = retrieval_flips(old, new, k=k)
    gained = new.recall_at(k) - old.recall_at(k)
    assert counts.total == 80
    assert counts.accuracy_difference == pytest.approx(gained)
    assert counts.acc_old == old.recall_at(k)
    lost = (old.first_rank <= k) & (new.first_rank > k)
    assert counts.negative_flips == np.count_nonzero(lost)
    rate, low, high = metrics.interval_from_counts(counts)
    assert low <= rate <= high
    assert 0 < metrics.mcnemar_from_counts(counts).pvalue <= 1
    assert retrieval_flips(old, old, k=k).negative_flips == 0


def test_flips_of_other_queries_are_refused():
    outcomes = retrieval_outcomes(VECTORS, query_labels=LABELS)
    shorter = retrieval_outcomes(VECTORS[:3], query_labels=[0, 0, 0])
    with pytest.raises(ValueError, match="old has 4 queries but new has 3"):
        retrieval_flips(outcomes, shorter)
    with pytest.warns(UndefinedMetricWarning):
        other = retrieval_outcomes(VECTORS, query_labels=[0, 0, 1, 2])
    with pytest.raises(ValueError, match="2 of 4 queries"):
        retrieval_flips(outcomes, other)
