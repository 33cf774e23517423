"""Points on the arc between two directions."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_graceful.embedding import slerp


def units(n, d, seed=0):
    X = np.random.default_rng(seed).normal(size=(n, d))
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def angle(A, B):
    apart, together = (np.linalg.norm(C, axis=1) for C in (A - B, A + B))
    return 2 * np.arctan2(apart, together)


def test_hand_computed():
    right = slerp([[1.0, 0.0]] * 3, [[0.0, 1.0]] * 3, [1 / 3, 1 / 2, 2 / 3])
    half, high = np.sqrt(0.5), np.sqrt(0.75)
    expected = [[high, 0.5], [half, half], [0.5, high]]
    assert_allclose(right, expected, atol=1e-15)
    # A quarter of 120 degrees is 30 degrees; lengths of the input do not matter.
    obtuse = slerp([[5.0, 0.0]], [[-0.5, high]], 0.25)
    assert_allclose(obtuse, [[high, 0.5]], atol=1e-15)


@pytest.mark.parametrize("d", [2, 3, 64])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_unit_length_and_an_angle_in_proportion(d, share):
    U, V = units(50, d), units(50, d, 1)
    fused = slerp(U, V, share)
    assert_allclose(np.linalg.norm(fused, axis=1), 1, atol=1e-15)
    assert_allclose(angle(U, fused), share * angle(U, V), atol=1e-14)
    assert_allclose(angle(fused, V), (1 - share) * angle(U, V), atol=1e-14)
    assert_allclose(fused, slerp(V, U, 1 - share), atol=1e-14)


def test_the_textbook_formula():
    U, V = units(20, 5), units(20, 5, 1)
    theta = np.arccos((U * V).sum(axis=1))[:, None]
    expected = (np.sin(0.7 * theta) * U + np.sin(0.3 * theta) * V) / np.sin(theta)
    assert_allclose(slerp(U, V, 0.3), expected, atol=1e-13)


def test_the_ends_are_exact():
    U, V = np.eye(4)[[0, 1, 2]], np.eye(4)[[1, 3, 2]] * [[1], [-1], [-1]]
    assert_array_equal(slerp(U, V, 0), U)
    assert_array_equal(slerp(U, V, 1), V)
    U, V, W = units(9, 5), units(9, 5, 1), units(9, 5, 2)
    assert_array_equal(slerp(U, V, 0), slerp(W, U, 1))


@pytest.mark.parametrize("away", [1e-3, 1e-8, 1e-12, 1e-15])
@pytest.mark.parametrize("start", [0.0, np.pi])
def test_nearly_parallel_and_nearly_opposite(away, start):
    # Along the axes the vector at this angle is known to the last digit.
    sign = 1.0 if start == 0 else -1.0
    U, V = [[1.0, 0.0, 0.0]], [[sign * np.cos(away), np.sin(away), 0.0]]
    theta = away if start == 0 else np.pi - away
    for share in (0.25, 0.5):
        expected = [[np.cos(share * theta), np.sin(share * theta), 0.0]]
        assert_allclose(slerp(U, V, share), expected, rtol=1e-12)


def test_equal_vectors_stay_and_opposite_ones_take_one_arc():
    U = units(30, 4)
    assert_allclose(slerp(U, U, 0.4), U, atol=1e-15)
    fused = slerp(U, -U, 0.25)
    assert_allclose(np.linalg.norm(fused, axis=1), 1)
    assert_allclose(angle(U, fused), np.pi / 4)
    assert_array_equal(fused, slerp(U, -U, 0.25))
    # On a line there is no arc, only two directions.
    assert_array_equal(slerp([[2.0]], [[-1.0]], 0.4), [[1.0]])
    assert_array_equal(slerp([[2.0]], [[-1.0]], 0.6), [[-1.0]])


def test_one_share_a_row_and_single_precision():
    U, V = units(5, 3), units(5, 3, 1)
    shares = np.linspace(0, 1, 5)
    expected = [slerp(U[[i]], V[[i]], share)[0] for i, share in enumerate(shares)]
    assert_array_equal(slerp(U, V, shares), expected)
    single = slerp(U.astype("float32"), V.astype("float32"), 0.5)
    assert single.dtype == np.float32
    assert_allclose(single, slerp(U, V, 0.5), atol=1e-6)


@pytest.mark.parametrize(
    ("U", "V", "share", "message"),
    [
        ([[1.0, 0.0]], [[1.0, 0.0, 0.0]], 0.5, r"shape \(1, 2\) but V has \(1, 3\)"),
        ([[1.0, 0.0]], [[1.0, 0.0]] * 2, 0.5, r"shape \(1, 2\) but V has \(2, 2\)"),
        ([[0.0, 0.0]], [[1.0, 0.0]], 0.5, "U: row 0 is 0 in the 2 coordinates"),
        ([[1.0, 0.0]], [[np.nan, 0.0]], 0.5, "V contains NaN"),
        ([[1.0, 0.0]], [[1.0, 0.0]], 1.5, "between 0 and 1, got 1.5"),
        ([[1.0, 0.0]], [[1.0, 0.0]], np.nan, "between 0 and 1, got nan"),
        ([[1.0, 0.0]], [[1.0, 0.0]], [0.1, 0.2], r"each of 1 rows, got shape \(2,\)"),
    ],
)
def test_bad_input(U, V, share, message):
    with pytest.raises(ValueError, match=message):
        slerp(U, V, share)
