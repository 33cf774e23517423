"""Backfill curve: values by hand, one mixed gallery a fraction, bad input."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.exceptions import UndefinedMetricWarning

from sklearn_graceful.metrics import BackfillCurve, backfill_curve, retrieval_outcomes
from sklearn_graceful.search import _search


def update(n_queries=25, n_gallery=60):
    rng = np.random.default_rng(0)
    query_labels, gallery_labels = (
        rng.integers(0, 3, n) for n in (n_queries, n_gallery)
    )
    queries = 3 * np.eye(3, 6)[query_labels] + rng.normal(size=(n_queries, 6))
    old = np.eye(3, 4)[gallery_labels] + rng.normal(size=(n_gallery, 4))
    new = 3 * np.eye(3, 6)[gallery_labels] + rng.normal(size=(n_gallery, 6))
    labels = {"query_labels": query_labels, "gallery_labels": gallery_labels}
    return queries, old, new, labels


@pytest.mark.parametrize("measure", ["recall@1", "recall@3", "map", "ndcg"])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_each_fraction_is_a_ranking_of_old_and_new_vectors(
    measure, metric, monkeypatch
):
    monkeypatch.setattr(_search, "BLOCK_BYTES", 60 * 8 * 7)
    queries, old, new, labels = update()
    order = np.random.default_rng(1).permutation(60)
    fractions = [0, 0.1, 0.35, 1]
    settings = {"order": order, "fractions": fractions, "metric": metric, **labels}
    curve = backfill_curve(
        queries, old, new, old_view=True, measure=measure, **settings
    )
    for fraction, quality in zip(fractions, curve.quality, strict=True):
        re_embedded = np.isin(np.arange(60), order[: round(60 * fraction)])
        before, after = cdist(queries[:, :4], old, metric), cdist(queries, new, metric)
        scores = -np.where(re_embedded, after, before)
        # Distances on the line to items that stand where these scores put them.
        line = {"gallery_labels": labels["gallery_labels"], "metric": "euclidean"}
        expected = [
            retrieval_outcomes([[0]], -row[:, None], query_labels=[label], **line)
            for row, label in zip(scores, labels["query_labels"], strict=True)
        ]
        values = [outcomes.mean(measure) for outcomes in expected]
        assert quality == pytest.approx(np.mean(values))


def test_the_ends_are_the_cross_test_and_the_new_self_test():
    queries, old, new, labels = update()
    ids = {"query_ids": np.arange(25), "gallery_ids": np.arange(60)}
    curve = backfill_curve(
        queries, old, new, old_view=True, random_state=0, **labels, **ids
    )
    for gallery, quality in ((old, curve.quality[0]), (new, curve.quality[-1])):
        outcomes = retrieval_outcomes(queries, gallery, **labels, **ids, old_view=True)
        assert quality == outcomes.recall_at(1)
    np.testing.assert_allclose(curve.fraction, np.linspace(0, 1, 11))


def test_the_random_order_is_that_of_the_seed():
    queries, old, new, labels = update()
    first, again, other = (
        backfill_curve(
            queries, old, new, old_view=True, random_state=s, measure="map", **labels
        )
        for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.quality, again.quality)
    assert (first.quality != other.quality).any()
    order = np.random.default_rng(0).permutation(60)
    given = backfill_curve(
        queries, old, new, old_view=True, order=order, measure="map", **labels
    )
    np.testing.assert_array_equal(first.quality, given.quality)


def test_summaries_by_hand():
    curve = BackfillCurve(
        np.array([0, 0.2, 0.6, 1]), np.array([0.6, 0.8, 0.4, 0.8]), "map"
    )
    assert curve.area == pytest.approx(0.2 * 0.7 + 0.4 * 0.6 + 0.4 * 0.6)
    assert curve.minimum == 0.4
    # Good enough at 0.2, but not from there on.
    assert curve.fraction_needed(0.95) == 1
    assert curve.fraction_needed(0.5) == 0
    assert curve.fraction_needed(1) == 1
    with pytest.raises(ValueError, match=r"share must be a number in \[0, 1\]"):
        curve.fraction_needed(95)


def test_queries_without_a_relevant_item_give_one_warning():
    queries, old, new, labels = update()
    labels["query_labels"][0] = 9
    with pytest.warns(UndefinedMetricWarning, match="1 of 25 queries") as caught:
        curve = backfill_curve(queries, old, new, old_view=True, **labels)
    assert len(caught) == 1
    assert not np.isnan(curve.quality).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"order": np.zeros(60, int)}, "order must name each of the 60"),
        ({"order": np.arange(59)}, "order must name each of the 60"),
        ({"fractions": [0, 0.5]}, "fractions must rise from 0 to 1"),
        ({"fractions": [0, 0.5, 0.5, 1]}, "fractions must rise from 0 to 1"),
        ({"fractions": [0, np.nan, 1]}, "fractions must rise from 0 to 1"),
        ({"fractions": 1.0}, "fractions must rise from 0 to 1"),
        ({"measure": "auc"}, "Unknown measure 'auc'"),
        ({"measure": "recall@61"}, "k must be between 1 and 60"),
        ({"new_gallery": np.ones((59, 6))}, "new_gallery has 59 rows but old_gal"),
        ({"new_gallery": np.zeros((60, 6))}, "new_gallery: row 0 is 0"),
        ({"old_gallery": np.full((60, 4), np.inf)}, "old_gallery contains infinity"),
        ({"gallery_labels": [0]}, "gallery_labels has 1 rows but old_gallery has 60"),
    ],
)
def test_bad_input_is_refused(change, message):
    queries, old, new, labels = update()
    arguments = {"queries": queries, "old_gallery": old, "new_gallery": new, **labels}
    arguments["old_view"] = True
    with pytest.raises(ValueError, match=message):
        backfill_curve(**{**arguments, **change})
