"""The benchmark of embedders counts and splits as it says."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.embeddings import characters
from benchmarks.embeddings.data import growing_rows, split
from benchmarks.embeddings.strengths import best_of
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
    (X_old, y_old), (X, y) = rows.parts
    assert len(y_old) == int(0.1 * len(y))
    assert set(y) == set(rows.y_test) == set(range(10))
    train, test = ({row.tobytes() for row in X} for X in (X, rows.X_test))
    assert not train & test
    assert {row.tobytes() for row in X_old} <= train
    held_out = split("digits", seed, share_old=0.1, held_out_classes=True)
    assert not set(held_out.parts[-1][1]) & set(held_out.y_test)
    fewer = split("digits", seed, share_old=0.3, old_classes=0.5)
    assert len(set(fewer.parts[0][1])) == 5
    assert set(fewer.parts[-1][1]) == set(range(10))


def test_releases_grow():
    rows = growing_rows("digits", 0)
    sizes = [len(y) for _, y in rows.parts]
    assert sizes == [119, 299, 599, 1198]
    assert len(rows.dims) == 4


@pytest.mark.parametrize("seed", range(3))
def test_what_is_searched_nobody_has_learned(seed, monkeypatch):
    numbers = [part.ravel() for part in np.indices((2000, 32))]
    images = np.zeros((len(numbers[0]), 1, 1), np.uint8)
    data = SimpleNamespace(images=images, characters=numbers[0], fonts=numbers[1])
    monkeypatch.setattr(characters, "render", lambda script: data)
    rows = characters.draw_releases("kanji", seed)
    known = [set(y) for _, y in rows.parts]
    assert [len(y) for y in known] == [100, 200, 300, 400]
    assert [len(y) for _, y in rows.parts] == [1500, 4000, 7500, 12_000]
    assert known[0] < known[1] < known[2] < known[3]
    assert not known[-1] & set(rows.y_test)
    assert len(rows.y_test) == 400 * 20
    development = characters.draw_releases("kanji", seed, development=True)
    chosen_on = set(development.y_test) | set(development.parts[-1][1])
    assert not chosen_on & (known[-1] | set(rows.y_test))


def test_best_strength_is_that_of_the_best_cross_test_within_the_tax():
    def runs(cross, new):
        both = {"old": 0.5, "paragon": 0.9, "cross": cross, "new": new}
        return [{k: {"recall@1": v, "map": v} for k, v in both.items()}]

    weak, strong, too_strong = runs(0.6, 0.9), runs(0.7, 0.895), runs(0.8, 0.88)
    by_method = {"weak": weak, "strong": strong, "too strong": too_strong}
    assert best_of(by_method) == "strong"
    # Where all cost more, the best cross-test.
    assert best_of({"a": runs(0.6, 0.8), "b": runs(0.7, 0.7)}) == "b"
