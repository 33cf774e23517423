"""The table of counts: hand-computed cells, chunk edges, weights, groups, bad rows."""

import pickle
import subprocess
import sys
import tracemalloc
from functools import reduce
from operator import add

import numpy as np
import pandas as pd
import pytest

from sklearn_graceful import metrics
from sklearn_graceful.metrics import (
    FlipCounts,
    flip_counts,
    flip_matrix,
    is_negative_flip,
    mcnemar_test,
)
from sklearn_graceful.metrics._flip_counts import count_flips
from sklearn_graceful.search._columns import CHUNK_BYTES, MAX_CHUNK_ROWS


def masks_by_hand(y_true, y_pred, y_old, weight):
    """The five cells, one whole-array mask after another."""
    right_old, right_new, same = y_old == y_true, y_pred == y_true, y_pred == y_old
    masks = (
        right_old & right_new,
        right_old & ~right_new,
        ~right_old & right_new,
        ~right_old & ~right_new & same,
        ~right_old & ~right_new & ~same,
    )
    return tuple(weight[mask].sum() for mask in masks)


def random_labels(n, dtype=np.int64, seed=0):
    return np.random.default_rng(seed).integers(0, 3, (3, n)).astype(dtype)


def test_cells_by_hand():
    counts = flip_counts(list("aabbc"), list("abbba"), y_old=list("aaabb"))
    assert counts == FlipCounts(2, 1, 1, 0, 1)
    assert (counts.total, counts.both_wrong, counts.changed) == (5, 1, 3)
    assert (counts.acc_old, counts.acc_new) == (3 / 5, 3 / 5)
    assert (counts.err_old, counts.err_new) == (2 / 5, 2 / 5)
    assert all(type(cell) is int for cell in counts.cells)


@pytest.mark.parametrize("dtype", [np.int64, np.int8])
@pytest.mark.parametrize("chunks", [1, 2])
@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_chunk_edges_lose_no_row(dtype, chunks, extra):
    rows = min(CHUNK_BYTES // np.dtype(dtype).itemsize, MAX_CHUNK_ROWS)
    y_true, y_pred, y_old = random_labels(chunks * rows + extra, dtype)
    ones = np.ones(len(y_true), dtype=int)
    by_hand = masks_by_hand(y_true, y_pred, y_old, ones)
    assert flip_counts(y_true, y_pred, y_old=y_old).cells == by_hand
    flipped = is_negative_flip(y_old == y_true, y_pred == y_true)
    assert np.count_nonzero(flipped) == by_hand[1]
    weight = np.random.default_rng(1).random(len(y_true))
    weighted = flip_counts(y_true, y_pred, y_old=y_old, sample_weight=weight).cells
    expected = masks_by_hand(y_true, y_pred, y_old, weight)
    np.testing.assert_allclose(weighted, expected, rtol=1e-12)
    (grouped,) = flip_counts(y_true, y_pred, y_old=y_old, by=ones).values()
    assert grouped.cells == by_hand
    matrix = flip_matrix(y_true, [y_old, y_pred], normalize=False)
    assert (matrix[0, 1], matrix[1, 0]) == by_hand[1:3]


@pytest.mark.parametrize("weight", [None, np.random.default_rng(1).random(1000)])
@pytest.mark.parametrize("names", [np.array(["c", "a", "b"]), np.array([7, 3, 5])])
def test_groups_are_counted_as_if_they_were_alone_and_add_up(weight, names):
    labels = names[random_labels(1000)]
    by = names[np.random.default_rng(2).integers(0, 3, 1000)]
    tables = flip_counts(*labels[:2], y_old=labels[2], sample_weight=weight, by=by)
    assert list(tables) == sorted(names.tolist())
    for group, counts in tables.items():
        y_true, y_pred, y_old = labels[:, by == group]
        weights = None if weight is None else weight[by == group]
        alone = flip_counts(y_true, y_pred, y_old=y_old, sample_weight=weights)
        np.testing.assert_allclose(counts.cells, alone.cells, rtol=1e-12)
        assert type(counts.total) is (int if weight is None else float)
    together = flip_counts(*labels[:2], y_old=labels[2], sample_weight=weight)
    np.testing.assert_allclose(reduce(add, tables.values()).cells, together.cells)


def test_groups_may_be_of_another_kind_than_the_labels():
    counts = flip_counts([0, 1], [1, 1], y_old=[0, 1], by=["old", "young"])
    assert counts["old"] == FlipCounts(0, 1, 0, 0, 0)
    with pytest.raises(ValueError, match="by has 1 rows but y_true has 2"):
        flip_counts([0, 1], [1, 1], y_old=[0, 1], by=[0])


def test_tables_of_arrays_compare_and_pickle():
    counts = FlipCounts(*np.arange(10).reshape(5, 2))
    assert counts == pickle.loads(pickle.dumps(counts))
    assert counts != FlipCounts(*np.arange(10).reshape(5, 2)[::-1])
    assert counts != FlipCounts(*np.arange(5))
    assert counts != counts.cells
    assert hash(FlipCounts(1, 2, 3, 4, 5)) == hash(FlipCounts(1, 2, 3, 4, 5))


def test_counting_needs_no_memory_of_the_size_of_the_rows():
    labels = random_labels(2_000_000, np.int8)
    count_flips(*labels)
    tracemalloc.start()
    count_flips(*labels)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000 / 4


@pytest.mark.parametrize(
    "convert",
    [
        list,
        pd.Series,
        lambda labels: pd.Series(labels, index=range(5, 0, -1)),
        pd.Categorical,
        lambda labels: np.array(labels, dtype=object),
        lambda labels: np.array(labels, dtype="T"),
        lambda labels: np.repeat(labels, 2)[::2],
    ],
)
def test_containers_of_labels(convert):
    y_true, y_pred, y_old = (convert(list(s)) for s in ("aabbc", "abbba", "aaabb"))
    assert flip_counts(y_true, y_pred, y_old=y_old).cells == (2, 1, 1, 0, 1)


def test_mixed_number_types_match_by_value():
    y_old = np.array([np.int64(1), 0, True, 1.0], dtype=object)
    counts = flip_counts([1, 0, 0, 0], np.array([1.0, 0, 0, 1]), y_old=y_old)
    assert counts.cells == (2, 0, 1, 1, 0)


GOOD = {"y_true": [0, 1, 1], "y_pred": [0, 1, 0], "y_old": [0, 0, 1]}
STRINGS = {"y_true": list("011"), "y_pred": list("010")}
WEIGHT = "sample_weight"


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"y_pred": [0, 1]}, "y_pred has 2 rows but y_true has 3"),
        ({"y_old": [0, 1, 1, 0]}, "y_old has 4 rows but y_true has 3"),
        ({WEIGHT: [1, 1]}, "sample_weight has 2 rows but y_true has 3"),
        ({"y_pred": [[0], [1], [0]]}, r"y_pred must be 1-D, got shape \(3, 1\)"),
        ({"y_old": None}, "y_old must be 1-D"),
        ({"y_true": 1}, "y_true must be 1-D"),
        ({"y_true": []}, "y_true is empty"),
        ({"y_old": ["0", "0", "1"]}, "y_old holds strings"),
        (STRINGS | {"y_old": [b"0", b"0", b"1"]}, "y_old holds byte strings"),
        (STRINGS | {"y_old": np.array([b"0"] * 3, "O")}, "y_old holds byte strings"),
        ({"y_true": np.array(["0", "1", "1"], dtype=object)}, "y_true holds strings"),
        ({"y_old": [0, np.nan, 1]}, "y_old holds NaN"),
        ({"y_old": np.array([0, np.nan, 1], dtype=object)}, "y_old holds NaN"),
        ({"y_old": np.array([0, None, 1])}, "y_old holds NaN, None"),
        ({"y_old": pd.array([0, None, 1], dtype="Int64")}, "y_old holds NaN"),
        ({WEIGHT: [1, -1, 1]}, "not negative"),
        ({WEIGHT: [1, np.nan, 1]}, "finite"),
        ({WEIGHT: [1, np.inf, 1]}, "finite"),
        ({WEIGHT: ["a", "b", "c"]}, "must hold numbers"),
        ({WEIGHT: [[1], [1], [1]]}, "sample_weight must be 1-D"),
        ({WEIGHT: 2.0}, "sample_weight must be 1-D"),
    ],
)
@pytest.mark.parametrize(
    "function", ["flip_counts", "negative_flip_rate", "churn_rate", "flip_interval"]
)
def test_bad_rows_are_named(function, bad, message):
    with pytest.raises(ValueError, match=message):
        getattr(metrics, function)(**GOOD | bad)


def test_bad_rows_are_refused_by_the_other_doors():
    with pytest.raises(ValueError, match="y_old has 1 rows"):
        mcnemar_test([0, 1], [0, 1], y_old=[0])
    with pytest.raises(ValueError, match=r"predictions_by_version\['new'\] has 1 rows"):
        flip_matrix([0, 1], {"old": [0, 1], "new": [1]})
    with pytest.raises(ValueError, match=r"predictions_by_version\[1\] holds strings"):
        flip_matrix([0, 1], [[0, 1], ["0", "1"]])
    with pytest.raises(ValueError, match="no versions"):
        flip_matrix([0, 1], {})


@pytest.mark.parametrize("folder", ["metrics", "search", "model_selection"])
def test_importing_what_reads_results_imports_no_torch(folder):
    code = f"import sys, sklearn_graceful.{folder}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
