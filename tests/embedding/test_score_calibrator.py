"""Old thresholds on a new model's scores."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import normalize

from sklearn_graceful.embedding import ScoreCalibrator
from sklearn_graceful.embedding._non_matching_pairs import (
    draw_non_matching_pairs,
    pair_scores,
)

scores = arrays(
    float,
    st.integers(1, 60),
    # Multiples of 2^-6, so that the knots of tied scores are exact.
    elements=st.integers(-64, 64).map(lambda k: k / 64),
)


def knots(calibrator):
    return np.array([calibrator.new_knots_, calibrator.old_knots_])


@pytest.fixture(scope="module")
def impostors():
    """Return a million scores of non-matching pairs by the new and by the old model."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=1_000_000)
    return np.tanh(0.1 * z + 0.4), 0.2 * z


@pytest.fixture(scope="module")
def calibrator(impostors):
    return ScoreCalibrator().fit(*impostors)


def test_every_old_threshold_keeps_its_false_accept_rate(calibrator):
    far = np.array([0.5, 0.1, 1e-2, 1e-3, 1e-4])
    own = calibrator.threshold(0.2 * norm.isf(far))
    # Of the distribution, which the pairs are a sample of: 100 beyond the last.
    assert_allclose(norm.sf((np.arctanh(own) - 0.4) / 0.1), far, rtol=0.1)


def test_the_map_between_known_distributions(calibrator):
    z = np.linspace(-3, 3.7, 50)
    mapped = calibrator.transform(np.tanh(0.1 * z + 0.4))
    assert_allclose(mapped, 0.2 * z, atol=0.002)


def test_only_the_order_of_scores_by_either_model_counts():
    rng = np.random.default_rng(0)
    new, old = rng.normal(size=500), rng.normal(size=900)
    fitted = ScoreCalibrator(n_knots=20).fit(new, old)
    again = ScoreCalibrator(n_knots=20).fit(new[::-1], rng.permutation(old))
    assert_array_equal(knots(fitted), knots(again))
    assert fitted.n_pairs_ == 500


@given(scores, scores, st.integers(2, 12), st.integers(1, 12))
def test_increasing_and_invertible_whatever_the_scores(new, old, n_knots, tail_size):
    fitted = ScoreCalibrator(n_knots=n_knots, tail_size=tail_size).fit(new, old)
    assert (np.diff(knots(fitted)) > 0).all()
    assert knots(fitted).shape[1] <= n_knots
    grid = np.linspace(-3, 3, 61)
    mapped = fitted.transform(grid)
    assert (np.diff(mapped) > 0).all()
    assert_allclose(fitted.inverse_transform(mapped), grid, atol=1e-9)


@given(scores, st.floats(-2, 2), st.floats(0.1, 10))
def test_a_model_that_only_rescales_its_scores(old, shift, scale):
    new = scale * old + shift
    fitted = ScoreCalibrator(tail_size=2).fit(new, old)
    if len(fitted.old_knots_) > 1:
        grid = np.linspace(-2, 2, 9)
        assert_allclose(fitted.transform(scale * grid + shift), grid, atol=1e-6)


def test_beyond_the_knots_it_goes_straight_on(calibrator):
    new, old = calibrator.new_knots_, calibrator.old_knots_
    for end, step in ((0, -1), (-1, 1)):
        outside = new[end] + step * np.array([0.0, 1.0, 2.0])
        mapped = calibrator.transform(outside)
        assert mapped[0] == old[end]
        assert mapped[2] - mapped[1] == pytest.approx(mapped[1] - mapped[0])


def test_a_few_wrong_labels_do_not_bend_the_tail(impostors, calibrator):
    new, old = (column.copy() for column in impostors)
    new[:5] = 1e3  # matching pairs that are labelled as others
    bent = ScoreCalibrator().fit(new, old)
    assert bent.threshold(0.8) == pytest.approx(calibrator.threshold(0.8), abs=0.02)


def test_thresholds_that_too_few_pairs_support(impostors):
    new, old = (column[:1000] for column in impostors)
    fitted = ScoreCalibrator().fit(new, old)
    assert fitted.min_far_ == 0.01
    assert np.count_nonzero(old >= fitted.max_threshold_) == 10
    with pytest.warns(UserWarning, match="fewer than 10 of 1000 non-matching pairs"):
        beyond = fitted.threshold(fitted.max_threshold_ + 0.01)
    supported = fitted.threshold([fitted.max_threshold_, -5.0])
    assert beyond > supported[0] > supported[1]
    # Matching pairs score there as a rule: no news.
    fitted.transform([0.9])


def test_a_handful_of_pairs_gives_a_shift_and_a_warning():
    fitted = ScoreCalibrator().fit([0.3, 0.4, 0.5], [0.0, 0.2, 0.1])
    with pytest.warns(UserWarning, match="extrapolated"):
        assert fitted.threshold(0.2) == pytest.approx(0.5)


def test_thresholds_come_back_in_their_shape(calibrator):
    assert type(calibrator.threshold(0.2)) is float
    assert calibrator.threshold([[0.1, 0.2]]).shape == (1, 2)
    assert calibrator.transform([[0.1], [0.2]]).shape == (2,)
    assert calibrator.threshold(0.2) == calibrator.inverse_transform([0.2])[0]


def test_clone_round_trip_and_size_whatever_the_number_of_pairs(impostors, calibrator):
    with pytest.raises(NotFittedError):
        clone(calibrator).threshold(0.1)
    few = ScoreCalibrator().fit(*(column[:5000] for column in impostors))
    stored = pickle.dumps(calibrator)
    assert len(stored) == pytest.approx(len(pickle.dumps(few)), abs=9)
    assert len(stored) < 5000
    assert pickle.loads(stored).threshold(0.1) == calibrator.threshold(0.1)


@pytest.mark.parametrize(
    ("params", "new", "old", "message"),
    [
        ({}, [], [0.1], "new_scores|minimum of 1"),
        ({}, [0.1], [np.nan], "old_scores contains NaN"),
        ({}, [np.inf], [0.1], "new_scores contains infinity"),
        ({}, [[0.1, 0.2]], [0.1], r"new_scores must be 1-D.*\(1, 2\)"),
        ({"n_knots": 1}, [0.1], [0.1], "n_knots must be a whole number from 2, got 1"),
        ({"tail_size": 0.5}, [0.1], [0.1], "tail_size must be a whole number"),
    ],
)
def test_scores_and_parameters_that_are_none(params, new, old, message):
    with pytest.raises(ValueError, match=message):
        ScoreCalibrator(**params).fit(new, old)


def test_threshold_must_be_finite(calibrator):
    with pytest.raises(ValueError, match="old_threshold must be finite"):
        calibrator.threshold([0.1, np.nan])


# Pairs


@given(st.lists(st.integers(0, 3), min_size=2, max_size=12), st.integers(1, 200))
def test_pairs_are_of_other_classes_and_drawn_once(labels, n_pairs):
    labels = np.array(labels)
    every = np.argwhere(labels[:, np.newaxis] != labels)
    if len(every):
        pairs = np.column_stack(draw_non_matching_pairs(labels, n_pairs, 0))
        assert (labels[pairs[:, 0]] != labels[pairs[:, 1]]).all()
        assert len(np.unique(pairs, axis=0)) == min(n_pairs, len(every))
        if n_pairs >= len(every):
            assert_array_equal(np.unique(pairs, axis=0), every)


def test_every_pair_is_as_likely():
    labels = np.array(list("aaaaaaab"))
    counts = np.zeros((8, 8))
    for seed in range(2000):
        first, second = draw_non_matching_pairs(labels, 2, seed)
        np.add.at(counts, (first, second), 1)
    # 14 pairs, 4,000 draws: 286 each, give or take 16.
    drawn = counts[counts > 0]
    assert len(drawn) == 14
    assert abs(drawn - 4000 / 14).max() < 75


def test_scores_of_pairs_by_hand():
    rng = np.random.default_rng(0)
    queries, gallery = rng.normal(size=(2, 50, 3))
    first, second = rng.integers(0, 50, (2, 40_000))
    by_hand = [queries[i] @ gallery[j] for i, j in zip(first, second, strict=True)]
    assert_allclose(pair_scores(queries, gallery, first, second), by_hand)


# fit_embeddings


@pytest.fixture(scope="module")
def embedders():
    """Return old and new embeddings of 4,000 items of 40 classes, and labels.

    The first five of nine new coordinates are the old ones, with less noise, and moved.
    """
    rng = np.random.default_rng(2)
    y = np.arange(4000) % 40
    places = rng.normal(size=(40, 9))
    old = normalize(places[y, :5] + 0.8 * rng.normal(size=(4000, 5)))
    new = normalize(places[y] + 0.3 * rng.normal(size=(4000, 9)) + 3)
    return old, new, y


def impostor_scores(old, new, y, gallery):
    """Score all non-matching pairs by the old and by the new model."""
    other = y[:, np.newaxis] != y
    queries, searched = (normalize(new[:, :5]), old) if gallery == "old" else (new, new)
    return (old @ old.T)[other], (queries @ searched.T)[other]


@pytest.mark.parametrize("gallery", ["old", "new"])
def test_false_accepts_on_other_items(embedders, gallery):
    old, new, y = embedders
    chosen = (array[:2000] for array in embedders)
    fitted = ScoreCalibrator().fit_embeddings(*chosen, gallery=gallery, old_view=True)
    by_old, by_new = impostor_scores(old[2000:], new[2000:], y[2000:], gallery)
    threshold = np.quantile(by_old, 0.99)
    before = np.mean(by_new >= threshold)
    after = np.mean(by_new >= fitted.threshold(threshold))
    assert after == pytest.approx(0.01, rel=0.2)
    assert abs(before - 0.01) > 0.003


def test_embeddings_or_scores_of_the_same_pairs(embedders):
    old, new, y = (array[:60] for array in embedders)
    fitted = ScoreCalibrator().fit_embeddings(7 * old, 3 * new, y, old_view=True)
    by_old, by_new = impostor_scores(old, new, y, "old")
    assert fitted.n_pairs_ == len(by_old)
    by_hand = ScoreCalibrator().fit(by_new, by_old)
    assert_allclose(knots(fitted), knots(by_hand))


def test_the_seed_decides_which_pairs(embedders):
    first, again, other = (
        knots(
            ScoreCalibrator().fit_embeddings(
                *embedders, old_view=True, n_pairs=5000, random_state=i
            )
        )
        for i in (0, 0, 1)
    )
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": [0, 0, 0]}, "labels holds one class only"),
        ({"labels": [0, 1]}, "old_embeddings has 3 rows but labels has 2"),
        (
            {"new_embeddings": np.ones((3, 1))},
            "new_embeddings has width 1, but old_emb",
        ),
        ({"new_embeddings": np.zeros((3, 2))}, r"new_embeddings: .* one of 3"),
        ({"gallery": "mixed"}, "gallery must be one of"),
        ({"n_pairs": 0}, "n_pairs must be a whole number from 1, got 0"),
    ],
)
def test_embeddings_that_give_no_pairs(changes, message):
    same = dict.fromkeys(("old_embeddings", "new_embeddings"), np.ones((3, 2)))
    with pytest.raises(ValueError, match=message):
        ScoreCalibrator().fit_embeddings(**same | {"labels": [0, 1, 1]} | changes)


def test_a_narrower_model_needs_its_own_gallery():
    arguments = (np.eye(3), np.eye(3)[:, :2] + 1, [0, 1, 2])
    assert ScoreCalibrator().fit_embeddings(*arguments, gallery="new").n_pairs_ == 6


def test_no_warning_while_fitting(embedders):
    ScoreCalibrator().fit_embeddings(
        *embedders, old_view=True, n_pairs=1
    )  # it would be an error
