"""The benchmark of embedders counts and splits as it says."""

import numpy as np
import pytest

from benchmarks.embeddings.data import split
from benchmarks.embeddings.tables import gains, holds, taxes
from benchmarks.embeddings.trial import searches


def record(old, cross, new, paragon):
    figures = {"old": old, "cross": cross, "new": new, "paragon": paragon}
    return {name: {"recall@1": value} for name, value in figures.items()}


def test_figures_of_records():
    records = [
        record(old=0.5, cross=0.8, new=0.85, paragon=0.9),
        record(old=0.5, cross=0.5, new=0.95, paragon=0.9),
        # Nothing to gain: the share of it is not defined.
        record(old=0.9, cross=0.95, new=0.9, paragon=0.9),
    ]
    np.testing.assert_allclose(gains(records, "recall@1"), [0.75, 0, np.nan])
    np.testing.assert_allclose(taxes(records, "recall@1"), [5, -5, 0], atol=1e-12)
    # A cross-test that equals the old self-test does not hold.
    assert holds(records, "recall@1") == 2


def test_no_item_finds_itself():
    vectors = np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]])
    assert searches(vectors, vectors, np.array([0, 0, 1, 1]))["recall@1"] == 1
    assert searches(vectors, vectors, np.array([0, 1, 0, 1]))["recall@1"] == 0


@pytest.mark.parametrize("seed", range(3))
def test_rows_of_the_parts(seed):
    rows = split("digits", seed, share_old=0.1)
    assert len(rows.y_old) == int(0.1 * len(rows.y))
    assert set(rows.y) == set(rows.y_test) == set(range(10))
    train, test = ({row.tobytes() for row in X} for X in (rows.X, rows.X_test))
    assert not train & test
    assert {row.tobytes() for row in rows.X_old} <= train
    held_out = split("digits", seed, share_old=0.1, held_out_classes=True)
    assert not set(held_out.y) & set(held_out.y_test)
    fewer = split("digits", seed, share_old=0.3, old_classes=0.5)
    assert len(set(fewer.y_old)) == 5
    assert set(fewer.y) == set(range(10))
