"""Exact neighbours: ids, ties, old views, precision; the ranks behind all figures."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from torch.nn.functional import pad

from sklearn_graceful.metrics import retrieval_outcomes
from sklearn_graceful.search import (
    _ranks,
    _search,
    first_coordinates,
    highest,
    nearest,
)


def embeddings(n, width=5, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, width)) + np.eye(4, width)[rng.integers(0, 4, n)]


def assert_same(found, expected, rtol=1e-7):
    """Both are pairs of indices and scores."""
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_allclose(found[1], expected[1], rtol=rtol)


# Order and ties


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nearest_agrees_with_a_full_sort(dtype):
    queries, gallery = (embeddings(n, seed=n).astype(dtype) for n in (40, 90))
    scores = 1 - cdist(queries, gallery, "cosine")
    indices, found = nearest(queries, gallery, 7)
    np.testing.assert_array_equal(indices, np.argsort(-scores, axis=1)[:, :7])
    np.testing.assert_allclose(found, -np.sort(-scores, axis=1)[:, :7], atol=1e-6)
    assert found.dtype == dtype


@given(
    st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=60),
    st.sampled_from([0, 64]),
)
def test_equal_scores_rank_in_gallery_order(items, few):
    scores, is_relevant = np.array(items, dtype=float).T
    relevant = np.flatnonzero(is_relevant)
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


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=90), st.data())
def test_the_highest_of_tied_scores_come_in_gallery_order(scores, data):
    k = data.draw(st.integers(1, len(scores)))
    scores = np.array(scores, dtype=float)
    scores[scores == -3] = -np.inf
    expected = np.argsort(-scores, kind="stable")[:k]
    assert highest(scores, k).tolist() == expected.tolist()


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_size_of_a_block_changes_nothing(metric, monkeypatch):
    vectors = embeddings(70)
    labels = {"query_labels": np.arange(70) % 4, "metric": metric}
    whole = nearest(vectors, k=5, metric=metric)
    outcomes = retrieval_outcomes(vectors, **labels)
    monkeypatch.setattr(_search, "BLOCK_BYTES", 70 * 8 * 9)
    assert_same(nearest(vectors, k=5, metric=metric), whole)
    again = retrieval_outcomes(vectors, **labels)
    np.testing.assert_array_equal(again.first_rank, outcomes.first_rank)
    np.testing.assert_array_equal(again.average_precision, outcomes.average_precision)


# Ids


def test_searching_oneself_is_searching_a_copy_with_ids():
    vectors, ids = embeddings(90, width=33), np.arange(90)
    copy = nearest(vectors, vectors, 5, query_ids=ids, gallery_ids=ids)
    assert_same(nearest(vectors, k=5), copy, rtol=0)


def test_a_row_that_is_searched_by_itself_is_not_found_but_its_twin_is():
    vectors = embeddings(50)
    indices, _ = nearest(vectors, k=49)
    assert all(sorted([*found, i]) == [*range(50)] for i, found in enumerate(indices))
    # The twin is another item at distance 0.
    twins = np.vstack([vectors, vectors])
    indices, scores = nearest(twins, k=1, metric="euclidean")
    assert indices[:, 0].tolist() == [*range(50, 100), *range(50)]
    np.testing.assert_allclose(scores, 0, atol=1e-6)
    # Ids leave out the twins too.
    ids = np.tile(np.arange(50), 2)
    indices, _ = nearest(twins, k=1, query_ids=ids)
    assert (indices[:, 0] % 50 != ids).all()


def test_unsigned_and_signed_ids_are_compared_exactly():
    huge = np.array([2**63 - 1, 2**63 - 2, 2**63 - 3])
    ids = {"query_ids": huge, "gallery_ids": huge.astype(np.uint64)}
    found, _ = nearest(np.eye(3), np.eye(3), **ids)
    assert found[:, 0].tolist() == [1, 0, 0]


# Old views


@pytest.mark.parametrize("dim", [2, 5, 8])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_first_coordinates_are_those_of_torch_for_arrays_and_tensors(dim, dtype):
    vectors = embeddings(20).astype(dtype)
    tensor = torch.tensor(vectors, requires_grad=True)
    expected = pad(tensor, (0, max(dim - 5, 0)))[:, :dim]
    found = first_coordinates(tensor, dim)
    assert torch.equal(found, expected)
    view = first_coordinates(vectors, dim)
    np.testing.assert_array_equal(view, expected.detach().numpy())
    assert view.dtype == dtype
    weight = torch.arange(20 * dim, dtype=tensor.dtype).reshape(20, dim)
    gradients = [
        torch.autograd.grad((v * weight).sum(), tensor) for v in (found, expected)
    ]
    assert torch.equal(gradients[0][0], gradients[1][0])


def test_a_wider_query_is_compared_through_its_old_view():
    new, old = embeddings(20, width=8, seed=1), embeddings(30, width=5, seed=2)
    view = new[:, :5] / np.linalg.norm(new[:, :5], axis=1, keepdims=True)
    assert_same(nearest(new, old, 30, old_view=True), nearest(view, old, 30))
    with pytest.raises(ValueError, match="queries: row 0 is 0 in the 2 coord"):
        nearest([[0.0, 0.0, 1.0]], [[1.0, 0.0]], old_view=True)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_a_narrower_query_is_padded_with_zeros(metric):
    narrow, wide = embeddings(20, width=5, seed=1), embeddings(30, width=8, seed=2)
    _, scores = nearest(narrow, wide, 1, metric=metric, old_view=True)
    padded = np.hstack([narrow, np.zeros((20, 3))])
    distances = cdist(padded, wide, metric).min(axis=1)
    expected = 1 - distances if metric == "cosine" else -distances
    np.testing.assert_allclose(scores[:, 0], expected)


# Precision


@pytest.mark.parametrize(
    ("dtype", "scale"),
    [*product([np.float32], [1e-30, 1e30]), *product([float], [1e200, 1e-200, 1e-300])],
)
def test_the_length_of_vectors_changes_no_cosine(dtype, scale):
    vectors = embeddings(20).astype(dtype)
    rtol = 1e-4 if dtype is np.float32 else 1e-9
    assert_same(nearest(vectors * dtype(scale), k=3), nearest(vectors, k=3), rtol)


def test_distances_survive_a_large_offset():
    vectors = embeddings(30)
    moved = nearest(vectors + 1e6, k=3, metric="euclidean")
    assert_same(moved, nearest(vectors, k=3, metric="euclidean"), rtol=1e-6)
