"""Matrix of versions, gain, tax: values by hand, laws, undefined cases, bad input."""

import math
from itertools import product

import numpy as np
import pytest
from sklearn.exceptions import UndefinedMetricWarning

from sklearn_graceful.metrics import (
    CompatibilityMatrix,
    RetrievalOutcomes,
    compatibility_matrix,
    compatibility_tax,
    paired_bootstrap,
    retrieval_outcomes,
    update_gain,
)


def versions(n=40, widths=(3, 5, 4)):
    """Embeddings of the same items, each version closer to the labels."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, n)
    return labels, {
        f"v{step}": np.eye(3, width)[labels] * step + rng.normal(size=(n, width))
        for step, width in enumerate(widths, start=1)
    }


LABELS, VERSIONS = versions()
MATRIX = compatibility_matrix(VERSIONS, old_view=True, labels=LABELS)


def test_summaries_by_hand():
    values = [[0.5, 0.9, 0.9], [0.5, 0.6, 0.9], [0.6, 0.0, 0.8]]
    outcomes, nan = {}, np.full(100, np.nan)
    for place, value in np.ndenumerate(values):
        first = np.where(np.arange(100) < round(100 * value), 1, 2)
        outcomes[place] = RetrievalOutcomes(first, nan, nan, first > 0, 9)
    matrix = CompatibilityMatrix(("v0", "v1", "v2"), outcomes, "recall@1")
    np.testing.assert_allclose(matrix.values, values)
    # Equal is not better; what is above the diagonal does not count.
    assert np.argwhere(matrix.criterion).tolist() == [[2, 0]]
    assert matrix.average_compatibility == pytest.approx(1 / 3)
    # The true 0 counts.
    assert matrix.average_multimodel_accuracy == pytest.approx(3.0 / 6)
    assert matrix.update_gain(0.9) == pytest.approx((0.0 - 0.6) / (0.9 - 0.6))
    assert matrix.update_gain(0.9, pair=("v2", "v0")) == pytest.approx(0.25)
    assert matrix.tax(0.9) == pytest.approx(0.1)
    assert matrix.tax(0.9, pair=("v1", "v0")) == pytest.approx(0.3)


def test_cells_are_searches_that_leave_out_the_item_itself():
    assert MATRIX.versions == ("v1", "v2", "v3")
    items = {"query_labels": LABELS, "gallery_labels": LABELS}
    items |= {"query_ids": range(40), "gallery_ids": range(40)}
    for (i, new), (j, old) in product(enumerate(VERSIONS.values()), repeat=2):
        expected = retrieval_outcomes(new, old, old_view=True, **items)
        assert MATRIX.values[i, j] == expected.recall_at(1)
        found = MATRIX.outcomes[i, j].first_rank
        np.testing.assert_array_equal(found, expected.first_rank)
    self_test = retrieval_outcomes(VERSIONS["v2"], query_labels=LABELS)
    assert MATRIX.values[1, 1] == self_test.recall_at(1)
    pairs = compatibility_matrix(
        VERSIONS, old_view=True, labels=LABELS, query_ids=np.arange(40) // 2
    )
    assert pairs.outcomes[2, 0].gallery_size == 38


def test_a_gallery_of_its_own_and_other_measures():
    queries = {version: rows[:15] for version, rows in VERSIONS.items()}
    gallery = {version: rows[15:] for version, rows in VERSIONS.items()}
    items = {"gallery_by_version": gallery, "gallery_labels": LABELS[15:]}
    matrix = compatibility_matrix(queries, old_view=True, labels=LABELS[:15], **items)
    labels = {"query_labels": LABELS[:15], "gallery_labels": LABELS[15:]}
    expected = retrieval_outcomes(queries["v3"], gallery["v1"], **labels, old_view=True)
    for measure in ("map", "ndcg", "recall@5"):
        cell = matrix.with_measure(measure).values[2, 0]
        assert cell == expected.mean(measure)
        again = compatibility_matrix(
            queries, labels=LABELS[:15], measure=measure, old_view=True, **items
        )
        assert again.values[2, 0] == cell


def test_identical_versions_are_not_compatible():
    same = [VERSIONS["v1"]] * 3
    matrix = compatibility_matrix(same, labels=LABELS, measure="map")
    assert len(np.unique(matrix.values)) == 1
    assert matrix.average_compatibility == 0
    assert not matrix.criterion.any()
    assert matrix.average_multimodel_accuracy == pytest.approx(matrix.values[0, 0])


def test_gain_of_outcomes_has_an_interval():
    labels, by_version = versions(n=300)
    matrix = compatibility_matrix(by_version, old_view=True, labels=labels)
    paragon = matrix.outcomes[2, 2]
    gain = matrix.update_gain(paragon, pair=("v2", "v1"))
    outcomes = matrix.outcomes[0, 0], matrix.outcomes[1, 0], paragon
    columns = [found.values("recall@1") for found in outcomes]
    interval = paired_bootstrap(*columns, statistic=update_gain, random_state=0)
    assert interval.estimate == pytest.approx(gain)
    assert interval.low < gain < interval.high


def test_plain_functions_by_hand():
    assert update_gain(39.5, 46.8, 66.3) == pytest.approx(0.2724, abs=1e-4)
    assert compatibility_tax(66.3, 55.6) == pytest.approx(10.7)
    np.testing.assert_allclose(update_gain([0.5, 0.5], [0.5, 0.4], 0.7), [0, -0.5])
    assert type(update_gain(0, 1, 2)) is float
    with pytest.warns(UndefinedMetricWarning, match="paragon equals old_self"):
        gains = update_gain([0.5, 0.5], 0.6, [0.5, 0.7])
    np.testing.assert_allclose(gains, [np.nan, 0.5])


def test_a_single_version_has_no_average_compatibility():
    matrix = compatibility_matrix([VERSIONS["v1"]], labels=LABELS)
    with pytest.warns(UndefinedMetricWarning, match="single version"):
        assert math.isnan(matrix.average_compatibility)
    assert matrix.average_multimodel_accuracy == matrix.values[0, 0]
    with pytest.raises(ValueError, match="pair must name"):
        matrix.update_gain(0.9)


def test_queries_without_a_relevant_item_give_one_warning():
    labels = [9, *LABELS[1:]]
    with pytest.warns(UndefinedMetricWarning, match="1 of 40 queries") as caught:
        matrix = compatibility_matrix(VERSIONS, old_view=True, labels=labels)
    assert len(caught) == 1
    assert not np.isnan(matrix.values).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": [0, 1]}, r"labels has 2 rows but embeddings_by_version\['v1'\]"),
        ({"labels": None}, "labels is missing"),
        ({"embeddings_by_version": {}}, "there are no versions"),
        ({"embeddings_by_version": [np.eye(40), np.eye(4, 40)]}, "version.*has 4"),
        ({"measure": "accuracy"}, "Unknown measure 'accuracy'"),
        ({"measure": "recall@40"}, "k must be between 1 and 39"),
        ({"metric": "dot"}, "metric must be one of .*'dot'"),
        ({"gallery_labels": [0]}, "gallery_labels without gallery_by_version"),
        ({"gallery_ids": [0]}, "gallery_ids without gallery_by_version"),
        ({"gallery_by_version": {"v1": np.eye(3)}}, "versions"),
        ({"gallery_by_version": VERSIONS}, "gallery_labels is missing"),
    ],
)
def test_bad_input_is_refused(change, message):
    given = {"embeddings_by_version": VERSIONS, "labels": LABELS, "old_view": True}
    with pytest.raises(ValueError, match=message):
        compatibility_matrix(**given | change)


@pytest.mark.parametrize("pair", [("v1", "v9"), ("v1",), "v1", ("v1", "v2", "v3")])
def test_an_unknown_pair_is_refused(pair):
    with pytest.raises(ValueError, match="pair must name the new and the old"):
        MATRIX.tax(0.5, pair=pair)
