"""Maps between two embedders that exist."""

import pickle
import tracemalloc
from unittest.mock import patch

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetRegressor

from sklearn_graceful.embedding import EmbeddingAdapter, _maps
from sklearn_graceful.embedding._maps import AUTO_ALPHAS, nearest_rotation

all_kinds = pytest.mark.parametrize("kind", ["procrustes", "ridge", "mlp"])


def units(X):
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def pairs(n, d_source, d_target, *, noise=0.1, seed=0):
    """Vectors of two embedders that see the same five things in their own way."""
    rng = np.random.default_rng(seed)
    things = rng.normal(size=(n, 5))
    return tuple(
        things @ rng.normal(size=(5, d)) + noise * rng.normal(size=(n, d)) + 1
        for d in (d_source, d_target)
    )


def rotation(d, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))[0]


def mean_cosine(A, B):
    return (units(A) * units(B)).sum(axis=1).mean()


def fit(X, Y, kind="procrustes", **params):
    params = {"max_epochs": 3, "random_state": 0} | params
    return EmbeddingAdapter(kind, **params).fit(X, Y)


def both_ways(adapter, X, Y):
    """List map, mapping, source and target of each direction."""
    return (
        (adapter.map_, adapter.transform, X, Y),
        (adapter.inverse_map_, adapter.inverse_transform, Y, X),
    )


# Procrustes


@pytest.mark.parametrize(("d_source", "d_target"), [(6, 6), (4, 9), (9, 4)])
@pytest.mark.parametrize("n", [1, 3, 6, 50])
def test_rotation_is_orthonormal_and_the_best_one(d_source, d_target, n):
    X, Y = pairs(n, d_source, d_target)
    R = nearest_rotation(X, Y)
    product = R @ R.T if d_source <= d_target else R.T @ R
    assert_allclose(product, np.eye(min(d_source, d_target)), atol=1e-12)
    # No orthonormal matrix makes more of the trace than the singular values' sum.
    best = np.linalg.svd(X.T @ Y, compute_uv=False).sum()
    assert_allclose(np.trace(R.T @ X.T @ Y), best)


def test_rotation_by_hand():
    # Half a turn in the first plane; nothing is said of the third axis.
    X = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    Y = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    expected = [[0, 1, 0], [-1, 0, 0], [0, 0, 1]]
    assert_allclose(nearest_rotation(X, Y), expected, atol=1e-15)


def test_with_few_pairs_the_rotation_is_the_one_nearest_to_the_identity():
    d, n = 7, 3
    X, Y = pairs(n, d, d)
    R = nearest_rotation(X, Y)
    distance = np.linalg.norm(R - np.eye(d))
    # All others that fit as well differ by a rotation of what the pairs do not show.
    hidden = np.linalg.svd(Y.T @ X)[0][:, n:]
    for seed in range(20):
        turn = np.eye(d) + hidden @ (rotation(d - n, seed) - np.eye(d - n)) @ hidden.T
        other = R @ turn
        fits, best = (np.trace(Q.T @ X.T @ Y) for Q in (other, R))
        assert fits == pytest.approx(best, rel=1e-10)
        assert np.linalg.norm(other - np.eye(d)) > distance
    # Where the pairs say that nothing has changed, nothing does.
    assert_allclose(nearest_rotation(X, X), np.eye(d), atol=1e-12)


@pytest.mark.parametrize(("d_source", "d_target"), [(6, 6), (4, 9)])
def test_there_and_back(d_source, d_target):
    X, Y = pairs(60, d_source, d_target)
    adapter = fit(X, Y, center=False)
    mapped = adapter.transform(X)
    assert_allclose(adapter.inverse_transform(mapped), units(X), atol=1e-12)
    assert_array_equal(adapter.inverse_map_.coef, adapter.map_.coef.T)
    # Cosines between vectors are those of the source.
    assert_allclose(mapped @ mapped.T, units(X) @ units(X).T, atol=1e-12)


def test_a_rotated_space_is_found_exactly():
    X = np.random.default_rng(0).normal(size=(200, 10))
    Y = X @ rotation(10)
    adapter = fit(X[:40], Y[:40], center=False)
    for _, answer, source, target in both_ways(adapter, X, Y):
        assert_allclose(answer(source), units(target), atol=1e-12)
    shifted = fit(X[:40], Y[:40] + 3, normalize=False)
    assert_allclose(shifted.transform(X), Y + 3, atol=1e-12)


# Ridge


@pytest.mark.parametrize("n", [8, 100])
@pytest.mark.parametrize("center", [True, False])
def test_ridge_is_the_formula(n, center):
    X, Y = map(units, pairs(n, 12, 7))
    adapter = fit(X, Y, "ridge", alpha=0.3, center=center)
    for map_, answer, source, target in both_ways(adapter, X, Y):
        a, b = (center * A.mean(axis=0) for A in (source, target))
        gram = (source - a).T @ (source - a) + 0.3 * np.eye(source.shape[1])
        B = np.linalg.solve(gram, (source - a).T @ (target - b))
        assert_allclose(map_.coef, B, atol=1e-12)
        assert_allclose(answer(source), units((source - a) @ B + b), atol=1e-12)
        assert map_.alpha == 0.3


def test_alpha_is_chosen_by_leaving_one_out():
    X, Y = map(units, pairs(30, 12, 7, noise=0.5))
    adapter = fit(X, Y, "ridge", alpha="auto")
    for map_, _, source, target in both_ways(adapter, X, Y):
        loss = {"cv": 30, "scoring": "neg_mean_squared_error"}
        scores = [
            cross_val_score(Ridge(alpha), source, target, **loss).sum()
            for alpha in AUTO_ALPHAS
        ]
        assert map_.alpha == AUTO_ALPHAS[np.argmax(scores)]


# The network


def curved_pairs(n, seed=0):
    rng = np.random.default_rng(seed)
    X = units(rng.normal(size=(n, 6)))
    first, second = (np.random.default_rng(1).normal(size=s) for s in ((6, 8), (8, 6)))
    return X, np.sin(2 * X @ first) @ second


@pytest.mark.parametrize(("n", "lr"), [(2, 0.003), (3, 0.003), (9, 0.003), (40, 1e-30)])
def test_a_network_that_cannot_learn_leaves_the_better_linear_map(n, lr):
    X, Y = pairs(n, 10, 8)
    start = fit(X, Y, "mlp", lr=lr)
    assert start.map_.layers == ()
    assert start.map_.n_epochs == 0
    linear = fit(X, Y, start.map_.start_kind)
    assert_allclose(start.transform(X), linear.transform(X), atol=1e-14)


@pytest.mark.parametrize("normalize", [True, False])
def test_the_network_learns_what_no_linear_map_can(normalize):
    X, Y = curved_pairs(600)
    X_new, Y_new = curved_pairs(500, seed=5)
    params = {"alpha": "auto", "lr": 0.01, "max_epochs": 60, "normalize": normalize}
    mlp, ridge = (fit(X, Y, kind, **params) for kind in ("mlp", "ridge"))
    assert mlp.map_.n_epochs > 0
    gained = mean_cosine(mlp.transform(X_new), Y_new)
    assert gained > mean_cosine(ridge.transform(X_new), Y_new) + 0.05
    assert mlp.comparison_.best() == "mlp"


@pytest.mark.parametrize("seed", range(5))
def test_the_network_is_never_worse_on_the_pairs_it_saw(seed):
    X, Y = map(units, pairs(24, 10, 8, noise=1, seed=seed))
    adapter = fit(X, Y, "mlp", lr=0.1, max_epochs=20, random_state=seed)
    for map_, _, source, target in both_ways(adapter, X, Y):
        start = mean_cosine(map_.start(source), target)
        assert mean_cosine(map_(source), target) >= start


# All kinds


@all_kinds
@pytest.mark.parametrize(("d_source", "d_target"), [(5, 12), (12, 5), (8, 8)])
@pytest.mark.parametrize("n", [2, 4, 40])
def test_any_widths_and_any_number_of_pairs(kind, d_source, d_target, n):
    X, Y = pairs(n, d_source, d_target)
    adapter = fit(X, Y, kind)
    for _, answer, source, target in both_ways(adapter, X, Y):
        mapped = answer(source)
        assert mapped.shape == target.shape
        assert_allclose(np.linalg.norm(mapped, axis=1), 1)
    assert (adapter.n_features_in_, adapter.n_features_out_) == (d_source, d_target)


@all_kinds
def test_few_pairs_are_better_than_none(kind):
    X, Y = pairs(300, 24, 20, noise=0.3)
    adapter = fit(X[:12], Y[:12], kind, alpha="auto", max_epochs=20)
    for _, answer, source, target in both_ways(adapter, X, Y):
        centre = units(target[:12]).mean(axis=0)
        mapped, centred = answer(source) - centre, units(target) - centre
        assert mean_cosine(mapped[12:], centred[12:]) > 0.6


@all_kinds
def test_lengths_do_not_matter_unless_they_are_meant_to(kind):
    X, Y = pairs(40, 8, 6)
    lengths = np.linspace(0.1, 9, 40)[:, None]
    adapter, scaled = fit(X, Y, kind), fit(lengths * X, lengths[::-1] * Y, kind)
    assert_allclose(scaled.transform(lengths * X), adapter.transform(X))
    free = fit(X, Y, kind, normalize=False)
    assert np.ptp(np.linalg.norm(free.transform(X), axis=1)) > 0.1


@all_kinds
def test_precision_of_the_vectors_is_kept(kind):
    X, Y = curved_pairs(100)
    adapter = fit(X, Y, kind, max_epochs=20)
    for _, answer, rows, _ in both_ways(adapter, X, Y):
        single = answer(rows.astype("float32"))
        assert single.dtype == np.float32
        assert_allclose(single, answer(rows), atol=1e-5)


@all_kinds
def test_seed(kind, random_states):
    X, Y = curved_pairs(150)
    before = random_states()
    first, second, other = (
        fit(X, Y, kind, max_epochs=10, random_state=seed) for seed in (3, 3, None)
    )
    assert random_states() == before
    assert_array_equal(first.transform(X), second.transform(X))
    assert first.comparison_ == second.comparison_
    assert first.comparison_ != other.comparison_
    assert np.array_equal(first.transform(X), other.transform(X)) == (kind != "mlp")


@all_kinds
def test_nothing_of_the_pairs_is_kept(kind):
    sizes = []
    for n in (300, 1500):
        adapter = fit(*curved_pairs(n), kind, lr=0.01, max_epochs=20, compare=False)
        assert getattr(adapter.map_, "n_epochs", 1) > 0
        sizes.append(len(pickle.dumps(adapter)))
    assert abs(sizes[1] - sizes[0]) < 1000


def skops_round_trip(adapter, file):
    sio = pytest.importorskip("skops.io")
    sio.dump(adapter, file)
    untrusted = sio.get_untrusted_types(file=file)
    home = "sklearn_graceful.embedding."
    assert {name.removeprefix(home) for name in untrusted} <= {
        "_adapter.EmbeddingAdapter",
        "_comparison.AdapterComparison",
        "_comparison.MapFigures",
        "_maps.LinearMap",
        "_maps.ResidualMap",
    }
    return sio.load(file, trusted=untrusted)


def joblib_round_trip(adapter, file):
    joblib.dump(adapter, file)
    return joblib.load(file)


@all_kinds
@pytest.mark.parametrize("round_trip", [joblib_round_trip, skops_round_trip])
def test_round_trip(kind, round_trip, tmp_path):
    X, Y = curved_pairs(300)
    adapter = fit(X, Y, kind, lr=0.01, max_epochs=20)
    restored = round_trip(adapter, tmp_path / "adapter")
    assert_array_equal(restored.transform(X), adapter.transform(X))
    assert_array_equal(restored.inverse_transform(Y), adapter.inverse_transform(Y))
    assert restored.comparison_ == adapter.comparison_


@all_kinds
def test_first_step_of_a_pipeline_and_pandas(kind):
    X, Y = pairs(30, 8, 6)
    table = pd.DataFrame(X, columns=[f"column {i}" for i in range(8)])
    adapter = EmbeddingAdapter(kind, max_epochs=3, random_state=0)
    pipeline = make_pipeline(adapter, StandardScaler()).set_output(transform="pandas")
    answer = pipeline.fit(table, Y).transform(table)
    assert list(answer.columns) == [f"embeddingadapter{i}" for i in range(6)]
    expected = StandardScaler().fit_transform(fit(X, Y, kind).transform(X))
    assert_allclose(answer, expected, atol=1e-10)
    assert list(pipeline[0].feature_names_in_) == list(table.columns)


# The comparison


def entries(comparison, direction="transform"):
    return {e.kind: e for e in comparison.figures if e.direction == direction}


def test_comparison_is_of_pairs_that_the_maps_have_not_seen():
    X, Y = pairs(200, 30, 30, noise=0.5)
    # Nothing can be learnt of targets in another order.
    shuffled = Y[np.random.default_rng(0).permutation(200)] - Y.mean(axis=0)
    adapter = fit(X, shuffled, "ridge", alpha=1e-3)
    assert mean_cosine(adapter.transform(X), shuffled) > 0.2
    ridge = [entry for entry in adapter.comparison_.figures if entry.kind == "ridge"]
    assert max(entry.recall for entry in ridge) < 0.1
    assert abs(ridge[0].cosine) < 0.15


def test_comparison_by_hand():
    X = np.random.default_rng(0).normal(size=(100, 6))
    same = fit(X, X).comparison_
    assert (same.n_pairs, same.cross_fitted) == (20, False)
    assert same.best() == same.best("inverse_transform", by="recall") == "identity"
    for entry in same.figures:
        assert entry.recall == 1 or entry.kind == "ridge"
    for entry in map(entries(same).get, ("identity", "procrustes")):
        assert [entry.cosine, entry.cosine_error] == pytest.approx([1, 0], abs=1e-9)
    # The opposite direction: no map is as wrong as can be, a rotation is right.
    opposite = fit(X, -X).comparison_
    assert_allclose(entries(opposite)["identity"].cosine, -1)
    assert_allclose(entries(opposite)["procrustes"].cosine, 1)
    assert opposite.best() == "procrustes"
    # Two distinct rows, ten times each: one of ten equally near ones is the own one.
    twice = np.repeat(np.eye(4)[:2], 10, axis=0)
    ties = fit(twice, twice).comparison_
    assert_allclose(entries(ties)["identity"].recall, 0.1)


def test_figures_are_those_of_an_adapter_fitted_on_the_other_pairs():
    X, Y = pairs(150, 8, 6, noise=0.5)
    comparison = fit(X, Y, random_state=4).comparison_
    seed = np.random.RandomState(4).randint(2**31 - 1)
    order = np.random.RandomState(seed).permutation(150)
    held_out, rest = order[:30], order[30:]
    adapter = fit(X[rest], Y[rest])
    for _, answer, source, target in both_ways(adapter, X[held_out], Y[held_out]):
        entry = entries(comparison, answer.__name__)["procrustes"]
        mapped, true = answer(source), units(target)
        cosine = (mapped * true).sum(axis=1)
        hit = (mapped @ true.T).argmax(axis=1) == np.arange(30)
        for name, values in {"cosine": cosine, "recall": hit}.items():
            error = values.std(ddof=1) / np.sqrt(30)
            assert getattr(entry, name) == pytest.approx(values.mean())
            assert getattr(entry, f"{name}_error") == pytest.approx(error)


@pytest.mark.parametrize(
    ("n", "fraction", "n_pairs", "cross_fitted"),
    [
        (99, 0.2, 99, True),
        (100, 0.2, 20, False),
        (3, 0.5, 3, True),
        (60, 0.5, 30, False),
    ],
)
def test_how_many_pairs_are_held_out(n, fraction, n_pairs, cross_fitted):
    comparison = fit(*pairs(n, 5, 4), validation_fraction=fraction).comparison_
    assert (comparison.n_pairs, comparison.cross_fitted) == (n_pairs, cross_fitted)


@all_kinds
def test_baselines_stand_beside_every_kind(kind):
    comparison = fit(*pairs(30, 5, 4), kind).comparison_
    shown = ["identity", "procrustes", "ridge"] + ["mlp"] * (kind == "mlp")
    for direction in ("transform", "inverse_transform"):
        assert list(entries(comparison, direction)) == shown
    title, *lines = str(comparison).splitlines()
    assert title == "30 cross-fitted pairs, mean +- standard error"
    assert lines[0].split() == ["direction", "kind", "cosine", "recall@1"]
    first = comparison.figures[0]
    assert f"{first.cosine:.3f} +- {first.cosine_error:.3f}" in lines[1]
    assert len(lines) == 1 + 2 * len(shown)
    with pytest.raises(ValueError, match="by must be 'cosine' or 'recall', got 'mse'"):
        comparison.best(by="mse")
    with pytest.raises(ValueError, match=r"direction must be .* got 'there'"):
        comparison.best("there")


def spy(home, name):
    return patch.object(home, name, autospec=True, side_effect=getattr(home, name))


@pytest.mark.parametrize(
    ("kind", "n_linear", "n_networks"),
    [("procrustes", 1, 0), ("ridge", 2, 0), ("mlp", 6, 2)],
)
def test_without_a_comparison_only_one_kind_is_fitted(kind, n_linear, n_networks):
    X, Y = curved_pairs(200)
    adapter = fit(X, Y, kind, lr=1e-30)
    compared = adapter.transform(X)
    with (
        spy(_maps, "nearest_rotation") as rotations,
        spy(Ridge, "fit") as ridges,
        spy(NeuralNetRegressor, "fit") as networks,
    ):
        adapter.set_params(compare=False).fit(X, Y)
    assert rotations.call_count + ridges.call_count == n_linear
    assert networks.call_count == n_networks
    assert not hasattr(adapter, "comparison_")  # nor that of the fit before
    assert_array_equal(adapter.transform(X), compared)


# Fusion


@pytest.fixture(scope="module")
def halves(digits):
    """Return two embedders of digits, each blind to half of the image, and labels."""
    X, y = digits[0][:900] + 0.1, digits[1][:900]
    return X[:, :40], X[:, 24:] @ rotation(40), y


def test_fusion_goes_from_the_target_to_the_mapped_source(halves):
    source, target, _ = halves
    adapter = fit(source[:300], target[:300])
    X, Y = source[300:], target[300:]
    mapped = adapter.transform(X)
    assert_allclose(adapter.fuse(X, Y, share=0), units(Y))
    assert_allclose(adapter.fuse(X, Y, share=1), mapped)
    assert_allclose(adapter.fuse(X, Y), units(units(Y) + mapped), atol=1e-12)
    by_row = adapter.fuse(X, Y, share=np.linspace(0, 1, len(X)))
    assert_allclose(by_row[[0, -1]], [units(Y)[0], mapped[-1]])


def test_share_is_chosen_on_labelled_rows(halves):
    source, target, y = halves
    adapter = fit(source[:300], target[:300], "ridge", alpha="auto")
    X, Y, labels = source[300:600], target[300:600], y[300:600]
    choice = adapter.choose_share(X, Y, labels)
    assert_allclose(choice.shares, np.linspace(0, 1, 21))
    for share, recall in zip(choice.shares[::5], choice.recall[::5], strict=True):
        scores = adapter.fuse(X, Y, share=share) @ units(Y).T
        np.fill_diagonal(scores, -np.inf)
        assert recall == (labels[scores.argmax(axis=1)] == labels).mean()
    assert choice.recall[choice.shares == choice.share] == choice.recall.max()
    # With a gallery of its own, nothing is left out.
    stored = {"gallery": target[600:], "gallery_labels": y[600:]}
    choice = adapter.choose_share(X, Y, labels, shares=[1, 0.3], **stored)
    assert_array_equal(choice.shares, [0.3, 1])
    scores = adapter.fuse(X, Y, share=0.3) @ units(target[600:]).T
    assert choice.recall[0] == (y[600:][scores.argmax(axis=1)] == labels).mean()


def test_a_source_that_is_noise_gets_no_share(halves):
    _, target, y = halves
    noise = np.random.default_rng(0).normal(size=(900, 30))
    adapter = fit(noise[:300], target[:300])
    rest = noise[300:], target[300:], y[300:]
    assert adapter.choose_share(*rest, shares=[0, 0.5, 1]).share == 0


# Bad input


X, Y = pairs(12, 5, 4)
ROWS = range(12)
ZERO_ROW = np.where(np.arange(12)[:, None] == 3, 0, X)


@pytest.mark.parametrize(
    ("params", "X", "y", "message"),
    [
        ({"kind": "cca"}, X, Y, r"kind must be one of .*mlp.* got 'cca'"),
        ({"alpha": 0}, X, Y, "alpha must be positive or 'auto', got 0"),
        ({"alpha": "best"}, X, Y, "alpha must be positive or 'auto', got 'best'"),
        ({"alpha": np.ones(2)}, X, Y, "alpha must be positive or 'auto', got array"),
        ({"validation_fraction": 1.0}, X, Y, "validation_fraction must be .* got 1.0"),
        ({"hidden_sizes": ()}, X, Y, r"hidden_sizes must be .* got \(\)"),
        ({"hidden_sizes": 64}, X, Y, "hidden_sizes must be .* got 64"),
        ({"max_epochs": 0}, X, Y, "max_epochs must be a positive integer, got 0"),
        ({"batch_size": 1.5}, X, Y, "batch_size must be a positive integer, got 1.5"),
        ({"patience": -1}, X, Y, "patience must be a positive integer, got -1"),
        ({"lr": np.nan}, X, Y, "lr must be positive, got nan"),
        ({"weight_decay": -0.1}, X, Y, "weight_decay must not be negative, got -0.1"),
        ({}, X[:0], Y[:0], "0 sample"),
        ({}, X[:1], Y[:1], "1 sample.* minimum of 2"),
        ({}, X, Y[:9], r"inconsistent numbers of samples: \[12, 9\]"),
        ({}, X, None, "requires y to be passed"),
        ({}, X, np.nan * Y, "y contains NaN"),
        ({}, X, 0 * Y, "12 of 12 pairs hold a zero vector"),
        ({}, X, np.array(["a", "b"] * 6), "y must hold numbers"),
    ],
)
def test_fit_refuses(params, X, y, message):
    with pytest.raises(ValueError, match=message):
        EmbeddingAdapter(**params).fit(X, y)


def test_pairs_without_direction_teach_nothing():
    kept = np.arange(12) != 3
    expected = fit(X[kept], Y[kept])
    for source, target in ((ZERO_ROW, Y), (X, np.where(kept[:, None], Y, 0))):
        with pytest.warns(UserWarning, match="1 of 12 pairs hold a zero vector"):
            adapter = fit(source, target)
        assert_array_equal(adapter.transform(X), expected.transform(X))


def test_labels_in_place_of_vectors_are_pointed_out():
    with pytest.warns(UserWarning, match=r"shape \(12,\) is taken for vectors of wid"):
        adapter = fit(X, np.arange(12), normalize=False)
    assert adapter.transform(X).shape == (12, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a: a.inverse_transform(X), "Y has 5 features, .* 4 features"),
        (lambda a: a.fuse(X, ZERO_ROW[:, :4]), "Y: row 3 is 0 in the 4 coordinates"),
        (lambda a: a.inverse_transform(np.nan * Y), "Y contains NaN"),
        (lambda a: a.fuse(X, Y[:5]), "X has 12 rows but Y has 5"),
        (lambda a: a.fuse(X, X), "Y has 5 features, .* 4 features"),
        (lambda a: a.fuse(X, Y, share=-0.1), "share must be between 0 and 1, got -0.1"),
        (lambda a: a.fuse(X, Y, share=[0.5, 0.5]), r"12 rows, got shape \(2,\)"),
        (lambda a: a.choose_share(X, Y, [0, 1]), r"inconsistent .*\[12, 2\]"),
        (lambda a: a.choose_share(X, Y, X[:, 0] > 0, gallery=Y), "given together"),
        (lambda a: a.choose_share(X[:1], Y[:1], [0]), "One row has no gallery"),
        (lambda a: a.choose_share(X, Y, ROWS, shares=[2]), "between 0 and 1"),
        (
            lambda a: a.choose_share(X, Y, ROWS, gallery=X, gallery_labels=ROWS),
            "gallery has 5 features, .* 4 features",
        ),
    ],
)
def test_a_fitted_adapter_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call(fit(X, Y))


def test_many_held_out_pairs_do_not_take_their_square_in_memory():
    X, Y = pairs(4000, 6, 6)
    tracemalloc.start()
    comparison = fit(X, Y, validation_fraction=0.9).comparison_
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert comparison.n_pairs == 2000
    # A matrix of all scores is 32 MB.
    assert peak < 12e6
