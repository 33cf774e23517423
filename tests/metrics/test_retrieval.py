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
from sklearn_graceful.metrics import retrieval_flips
from sklearn_graceful.search import _nearest, _ranks, _search

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


def assert_matches_reference(outcomes, scores, relevant, left_out):
    expected = [
        reference(*of_query)
        for of_query in zip(scores, relevant, left_out, strict=True)
    ]
    first, precision, gain = np.transpose(expected)
    np.testing.assert_array_equal(outcomes.first_rank, first)
    np.testing.assert_allclose(outcomes.average_precision, precision, rtol=1e-12)
    np.testing.assert_allclose(outcomes.ndcg, gain, rtol=1e-12)
    np.testing.assert_array_equal(outcomes.has_match, first > 0)


def test_values_by_hand():
    # The second row finds the third, of another label, before the first.
    outcomes = metrics.retrieval_outcomes(VECTORS, query_labels=LABELS)
    assert outcomes.first_rank.tolist() == [1, 2, 1, 1]
    assert outcomes.average_precision.tolist() == [1, 0.5, 1, 1]
    np.testing.assert_allclose(outcomes.ndcg, [1, 1 / math.log2(3), 1, 1])
    assert outcomes.recall_at(1) == 0.75
    assert outcomes.cmc.tolist() == [0.75, 1, 1]
    assert outcomes.mean_average_precision == 0.875
    assert outcomes.gallery_size == 3
    assert outcomes.values("recall@1").tolist() == [1, 0, 1, 1]
    assert outcomes.mean_ndcg == outcomes.ndcg.mean()


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("n_labels", [2, 4, 40])
def test_outcomes_agree_with_a_reference_written_query_by_query(metric, n_labels):
    queries, query_labels = embeddings(30, seed=1, n_labels=min(n_labels, 5))
    gallery, gallery_labels = embeddings(300, seed=2, n_labels=min(n_labels, 5))
    query_labels, gallery_labels = query_labels % n_labels, gallery_labels % n_labels
    outcomes = metrics.retrieval_outcomes(
        queries,
        gallery,
        query_labels=query_labels,
        gallery_labels=gallery_labels,
        metric=metric,
    )
    relevant = query_labels[:, None] == gallery_labels
    scores = -cdist(queries, gallery, metric)
    assert_matches_reference(outcomes, scores, relevant, [()] * 30)


def test_outcomes_agree_with_sklearn():
    queries, query_labels = embeddings(40, seed=1)
    gallery, gallery_labels = embeddings(500, seed=2)
    outcomes = metrics.retrieval_outcomes(
        queries, gallery, query_labels=query_labels, gallery_labels=gallery_labels
    )
    relevant = query_labels[:, None] == gallery_labels
    scores = 1 - cdist(queries, gallery, "cosine")
    assert outcomes.mean_average_precision == pytest.approx(
        label_ranking_average_precision_score(relevant, scores), abs=1e-12
    )
    assert outcomes.mean_ndcg == pytest.approx(ndcg_score(relevant, scores), abs=1e-12)


def test_ids_leave_out_every_item_with_the_id_of_the_query():
    queries, labels = embeddings(20, seed=1)
    gallery = np.vstack([queries, queries + 0.01])
    query_ids, gallery_ids = np.arange(20), np.tile(np.arange(20), 2)
    outcomes = metrics.retrieval_outcomes(
        queries,
        gallery,
        query_labels=labels,
        gallery_labels=np.tile(labels, 2),
        query_ids=query_ids,
        gallery_ids=gallery_ids,
    )
    assert outcomes.gallery_size == 38
    scores = 1 - cdist(queries, gallery, "cosine")
    relevant = labels[:, None] == np.tile(labels, 2)
    left_out = [(i, i + 20) for i in range(20)]
    assert_matches_reference(outcomes, scores, relevant, left_out)


def test_new_queries_search_the_old_vectors_of_the_other_items():
    old, labels = embeddings(25, seed=1)
    new, _ = embeddings(25, width=7, seed=2)
    ids = [f"item {i}" for i in range(25)]
    outcomes = metrics.retrieval_outcomes(
        new,
        old,
        query_labels=labels,
        gallery_labels=labels,
        query_ids=ids,
        gallery_ids=ids,
    )
    scores = 1 - cdist(new[:, :5], old, "cosine")
    left_out = [(i,) for i in range(25)]
    assert_matches_reference(outcomes, scores, labels[:, None] == labels, left_out)


def test_a_row_that_is_searched_by_itself_is_not_found():
    vectors, labels = embeddings(50)
    indices, _ = metrics.nearest(vectors, k=49)
    assert all(sorted([*found, i]) == [*range(50)] for i, found in enumerate(indices))
    # Its twin, another item at distance 0, is.
    twins = np.vstack([vectors, vectors])
    indices, scores = metrics.nearest(twins, k=1, metric="euclidean")
    assert indices[:, 0].tolist() == [*range(50, 100), *range(50)]
    np.testing.assert_allclose(scores, 0, atol=1e-6)
    assert metrics.recall_at_k(twins, query_labels=np.tile(labels, 2)) == 1


def test_searching_oneself_is_searching_a_copy_with_ids():
    vectors, _ = embeddings(90, width=33)
    ids = np.arange(90)
    own = metrics.nearest(vectors, k=5)
    copy = metrics.nearest(vectors, vectors, 5, query_ids=ids, gallery_ids=ids)
    for expected, found in zip(own, copy, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_ids_of_a_self_search_leave_out_the_twins_too():
    vectors, _ = embeddings(50)
    twins, ids = np.vstack([vectors, vectors]), np.tile(np.arange(50), 2)
    indices, _ = metrics.nearest(twins, k=1, query_ids=ids)
    assert (indices[:, 0] % 50 != ids).all()


def test_unsigned_and_signed_ids_are_compared_exactly():
    huge = np.array([2**63 - 1, 2**63 - 2, 2**63 - 3])
    found, _ = metrics.nearest(
        np.eye(3), np.eye(3), query_ids=huge, gallery_ids=huge.astype(np.uint64)
    )
    assert found[:, 0].tolist() == [1, 0, 0]


def test_a_wider_query_is_compared_through_its_old_view():
    new, _ = embeddings(20, width=8, seed=1)
    old, _ = embeddings(30, width=5, seed=2)
    view = new[:, :5] / np.linalg.norm(new[:, :5], axis=1, keepdims=True)
    indices, scores = metrics.nearest(new, old, 30)
    expected_indices, expected_scores = metrics.nearest(view, old, 30)
    np.testing.assert_array_equal(indices, expected_indices)
    np.testing.assert_allclose(scores, expected_scores)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_a_narrower_query_is_padded_with_zeros(metric):
    narrow, _ = embeddings(20, width=5, seed=1)
    wide, _ = embeddings(30, width=8, seed=2)
    _, scores = metrics.nearest(narrow, wide, 1, metric=metric)
    padded = np.hstack([narrow, np.zeros((20, 3))])
    distances = cdist(padded, wide, metric).min(axis=1)
    expected = 1 - distances if metric == "cosine" else -distances
    np.testing.assert_allclose(scores[:, 0], expected)


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=60).flatmap(
        lambda scores: st.tuples(
            st.just(scores), st.sets(st.integers(0, len(scores) - 1))
        )
    ),
    st.sampled_from([0, 64]),
)
def test_equal_scores_rank_in_gallery_order(case, few):
    scores, relevant = np.array(case[0], dtype=float), np.array(sorted(case[1]), int)
    order = np.argsort(-scores, kind="stable")
    expected = 1 + np.flatnonzero(np.isin(order, relevant))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_ranks, "FEW", few)
        for depth in (None, 1, len(scores)):
            ranks = _ranks.relevant_ranks(scores, relevant, depth)
            within = expected[expected <= (depth or len(scores))]
            assert ranks.tolist() == within.tolist()
    first = expected[0] if len(expected) else 0
    assert _ranks.first_rank(scores, relevant) == first


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_equal_items_are_found_in_gallery_order(metric):
    gallery = [[0, 1], [1, 0], [0, 1], [1, 0], [1, 0]]
    for k in (1, 2, 4, 5):
        indices, _ = metrics.nearest([[1, 0]], gallery, k, metric=metric)
        assert indices[0].tolist() == [1, 3, 4, 0, 2][:k]
    outcomes = metrics.retrieval_outcomes(
        [[1, 0]],
        gallery,
        query_labels=[7],
        gallery_labels=[7, 8, 8, 7, 8],
        metric=metric,
    )
    assert outcomes.first_rank.tolist() == [2]
    assert outcomes.mean_average_precision == pytest.approx((1 / 2 + 2 / 4) / 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nearest_agrees_with_a_full_sort(dtype):
    queries, gallery = (embeddings(n, seed=n)[0].astype(dtype) for n in (40, 90))
    scores = 1 - cdist(queries, gallery, "cosine")
    indices, found = metrics.nearest(queries, gallery, 7)
    np.testing.assert_array_equal(indices, np.argsort(-scores, axis=1)[:, :7])
    np.testing.assert_allclose(found, -np.sort(-scores, axis=1)[:, :7], atol=1e-6)
    assert found.dtype == dtype


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=90), st.data())
def test_the_highest_of_tied_scores_come_in_gallery_order(scores, data):
    k = data.draw(st.integers(1, len(scores)))
    scores = np.array(scores, dtype=float)
    scores[scores == -3] = -np.inf
    expected = np.argsort(-scores, kind="stable")[:k]
    assert np.atleast_1d(_nearest._highest(scores, k)).tolist() == expected.tolist()


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_size_of_a_block_changes_nothing(metric, monkeypatch):
    vectors, labels = embeddings(70)

    def figures():
        outcomes = metrics.retrieval_outcomes(
            vectors, query_labels=labels, metric=metric
        )
        indices, _ = metrics.nearest(vectors, k=5, metric=metric)
        return outcomes.first_rank, outcomes.average_precision, indices

    whole = figures()
    monkeypatch.setattr(_search, "BLOCK_BYTES", 70 * 8 * 9)
    for expected, found in zip(whole, figures(), strict=True):
        np.testing.assert_array_equal(found, expected)


@given(st.integers(0, 2**32 - 1))
def test_the_order_of_rows_changes_nothing(seed):
    vectors, labels = embeddings(30, seed=seed)
    order = np.random.default_rng(seed).permutation(30)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        given_order = metrics.retrieval_outcomes(vectors, query_labels=labels)
        shuffled = metrics.retrieval_outcomes(
            vectors[order], query_labels=labels[order]
        )
    np.testing.assert_array_equal(shuffled.first_rank, given_order.first_rank[order])
    np.testing.assert_allclose(shuffled.ndcg, given_order.ndcg[order])


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_the_length_of_vectors_changes_no_cosine(scale):
    vectors = embeddings(20)[0].astype(np.float32)
    indices, scores = metrics.nearest(vectors * np.float32(scale), k=3)
    expected_indices, expected_scores = metrics.nearest(vectors, k=3)
    np.testing.assert_array_equal(indices, expected_indices)
    np.testing.assert_allclose(scores, expected_scores, rtol=1e-4)


def test_distances_survive_a_large_offset():
    vectors, _ = embeddings(30)
    indices, scores = metrics.nearest(vectors + 1e6, k=3, metric="euclidean")
    expected_indices, expected_scores = metrics.nearest(
        vectors, k=3, metric="euclidean"
    )
    np.testing.assert_array_equal(indices, expected_indices)
    np.testing.assert_allclose(scores, expected_scores, rtol=1e-6)


def test_single_figures_are_those_of_the_outcomes():
    vectors, labels = embeddings(60)
    outcomes = metrics.retrieval_outcomes(vectors, query_labels=labels)
    for k in (1, 5, 59):
        recall = metrics.recall_at_k(vectors, k=k, query_labels=labels)
        assert recall == outcomes.recall_at(k) == outcomes.cmc[k - 1]
    curve = metrics.cmc_curve(vectors, k_max=10, query_labels=labels)
    np.testing.assert_array_equal(curve, outcomes.cmc[:10])
    precision = metrics.mean_average_precision(vectors, query_labels=labels)
    assert precision == outcomes.mean_average_precision
    assert metrics.ndcg(vectors, query_labels=labels) == outcomes.mean_ndcg


def test_depth_counts_the_first_items_only():
    queries, query_labels = embeddings(40, seed=1)
    gallery, gallery_labels = embeddings(400, seed=2)
    labels = {"query_labels": query_labels, "gallery_labels": gallery_labels}
    relevant = query_labels[:, None] == gallery_labels
    scores = 1 - cdist(queries, gallery, "cosine")
    found = metrics.ndcg(queries, gallery, k=10, **labels)
    assert found == pytest.approx(ndcg_score(relevant, scores, k=10), abs=1e-12)
    whole = metrics.retrieval_outcomes(queries, gallery, **labels)
    cut = metrics.retrieval_outcomes(queries, gallery, depth=3, **labels)
    np.testing.assert_array_equal(cut.first_rank, whole.first_rank)
    top = np.take_along_axis(relevant, np.argsort(-scores, axis=1)[:, :3], axis=1)
    precision = (top * np.cumsum(top, axis=1) / [1, 2, 3]).sum(axis=1) / 3
    np.testing.assert_allclose(cut.average_precision, precision)


def test_queries_without_a_relevant_item_are_undefined_and_left_out():
    with pytest.warns(UndefinedMetricWarning, match="1 of 3 queries") as caught:
        outcomes = metrics.retrieval_outcomes(THREE, query_labels=list("aab"))
    assert len(caught) == 1
    assert outcomes.first_rank.tolist() == [1, 1, 0]
    assert outcomes.has_match.tolist() == [True, True, False]
    assert np.isnan([outcomes.average_precision[2], outcomes.ndcg[2]]).all()
    assert np.isnan(outcomes.values("recall@1")[2])
    assert outcomes.recall_at(1) == outcomes.mean_average_precision == 1


def test_no_relevant_item_at_all_is_nan_with_a_warning():
    with pytest.warns(UndefinedMetricWarning, match="2 of 2 queries"):
        outcomes = metrics.retrieval_outcomes(np.eye(2), query_labels=[0, 1])
    for read in (
        lambda: outcomes.recall_at(1),
        lambda: outcomes.mean_average_precision,
        lambda: outcomes.mean_ndcg,
        lambda: outcomes.cmc[0],
    ):
        with pytest.warns(UndefinedMetricWarning, match="no query has"):
            assert np.isnan(read())


NAN = [[1.0, np.nan]] * 4
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
        ({"queries": [1.0, 2.0]}, "Expected 2D array"),
        ({"metric": "cosin"}, "Unknown metric 'cosin'"),
        ({"gallery_labels": LABELS}, "gallery_labels without gallery"),
        ({"gallery_ids": LABELS}, "gallery_ids without gallery"),
        ({"gallery": VECTORS}, "gallery_labels is missing"),
        ({"gallery": NAN, "gallery_labels": LABELS}, "gallery contains NaN"),
        ({"gallery": ZERO, "gallery_labels": LABELS}, "gallery: row 1 is 0"),
        (
            {"gallery": VECTORS, "gallery_labels": [0]},
            "gallery_labels has 1 rows but gallery has 4",
        ),
        ({"gallery": VECTORS, "gallery_labels": list("aabb")}, "query_labels"),
        (
            {"gallery": VECTORS, "gallery_labels": LABELS, "query_ids": LABELS},
            "gallery_ids is missing",
        ),
        ({"query_ids": [1]}, "query_ids has 1 rows but queries has 4"),
        ({"depth": 0}, "depth must be between 1 and 3"),
        ({"depth": 4}, "depth must be between 1 and 3"),
    ],
)
def test_bad_input_is_refused(change, message):
    arguments = {"queries": VECTORS, "query_labels": LABELS, **change}
    with pytest.raises(ValueError, match=message):
        metrics.retrieval_outcomes(**arguments)


def test_a_wider_query_whose_old_view_is_zero_is_refused():
    with pytest.raises(ValueError, match="queries: row 0 is 0 in the 2 coord"):
        metrics.nearest([[0.0, 0.0, 1.0]], [[1.0, 0.0]])


@pytest.mark.parametrize("k", [0, 4, -1])
def test_a_k_that_is_out_of_range_is_refused(k):
    with pytest.raises(ValueError, match="k must be between 1 and 3"):
        metrics.recall_at_k(VECTORS, k=k, query_labels=LABELS)
    with pytest.raises(ValueError, match="k must be between 1 and 3"):
        metrics.nearest(VECTORS, k=k)
    with pytest.raises(ValueError, match="k_max must be between 1 and 3"):
        metrics.cmc_curve(VECTORS, k_max=k, query_labels=LABELS)
    with pytest.raises(ValueError, match="k must be between 1 and 3"):
        metrics.ndcg(VECTORS, k=k, query_labels=LABELS)
    outcomes = metrics.retrieval_outcomes(VECTORS, query_labels=LABELS)
    with pytest.raises(ValueError, match="k must be between 1 and 3"):
        outcomes.recall_at(k)


@pytest.mark.parametrize("measure", ["recall", "recall@0", "recall@9", "mAP", None])
def test_an_unknown_measure_is_refused(measure):
    outcomes = metrics.retrieval_outcomes(VECTORS, query_labels=LABELS)
    with pytest.raises(ValueError, match="measure"):
        outcomes.values(measure)


@pytest.mark.parametrize("k", [1, 3])
def test_flips_of_retrieval_obey_the_laws_of_classification(k):
    (old, labels), (new, _) = embeddings(80, seed=1), embeddings(80, seed=2)
    old, new = (metrics.retrieval_outcomes(v, query_labels=labels) for v in (old, new))
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


def test_flips_leave_out_queries_without_a_relevant_item():
    with pytest.warns(UndefinedMetricWarning):
        outcomes = metrics.retrieval_outcomes(THREE, query_labels=list("aab"))
    assert retrieval_flips(outcomes, outcomes).cells == (2, 0, 0, 0, 0)


def test_flips_of_other_queries_are_refused():
    outcomes = metrics.retrieval_outcomes(VECTORS, query_labels=LABELS)
    shorter = metrics.retrieval_outcomes(VECTORS[:3], query_labels=[0, 0, 0])
    with pytest.raises(ValueError, match="old has 4 queries but new has 3"):
        retrieval_flips(outcomes, shorter)
    with pytest.warns(UndefinedMetricWarning):
        other = metrics.retrieval_outcomes(VECTORS, query_labels=[0, 0, 1, 2])
    with pytest.raises(ValueError, match="2 of 4 queries"):
        retrieval_flips(outcomes, other)
    with pytest.raises(ValueError, match="k must be between 1 and 3"):
        retrieval_flips(outcomes, outcomes, k=4)


@pytest.mark.parametrize("size", [1e200, 1e-200, 1e-300])
def test_vectors_of_any_length_have_a_direction(size):
    vectors = np.random.default_rng(0).normal(size=(20, 3))
    indices, scores = metrics.nearest(vectors, k=3)
    found, cosines = metrics.nearest(size * vectors, k=3)
    np.testing.assert_array_equal(found, indices)
    np.testing.assert_allclose(cosines, scores, rtol=1e-9)
