"""Function matching: the rows it makes, the labels they get, what it needs."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_digits, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_validate
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from sklearn_graceful import PCClassifier
from sklearn_graceful.congruence import Match
from sklearn_graceful.congruence._mixture import Mixture, calibrate
from sklearn_graceful.metrics import churn_rate
from sklearn_graceful.nn import mlp_net
from sklearn_graceful.training._synthetic_rows import one_hot_groups, synthetic_rows

X, y = load_wine(return_X_y=True)


@pytest.fixture(scope="module")
def old():
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.01)).fit(
        X[::3], y[::3]
    )


@pytest.fixture(scope="module")
def digits():
    return load_digits(return_X_y=True)


def weak(digits, n):
    """An old model that knows n rows."""
    X, y = digits
    return LogisticRegression(max_iter=2000).fit(X[:n], y[:n])


def churn(digits, estimator, **params):
    """The share of later rows on which a matched model differs from a weak one."""
    X, y = digits
    old = weak(digits, 60)
    model = PCClassifier(estimator, method=Match(**params), random_state=0)
    model.fit(X[:500], y[:500], old_model=old)
    return churn_rate(y[500:], model.predict(X[500:]), y_old=old.predict(X[500:]))


def make(X, seed=0, **params):
    return next(synthetic_rows(X, np.random.RandomState(seed), 1, **params))


class TestSyntheticRows:
    def test_every_feature_comes_from_one_of_two_rows(self):
        numbers = np.arange(200.0).reshape(50, 4)
        rows = make(numbers)
        # A value tells its row and its column.
        np.testing.assert_array_equal(rows % 4, np.tile(np.arange(4.0), (50, 1)))
        owners = rows // 4
        assert all(len(set(row)) <= 2 for row in owners)
        assert 0 < np.mean(owners != np.arange(50)[:, None]) < 0.5

    def test_a_rate_of_zero_changes_nothing(self):
        np.testing.assert_array_equal(make(X, swap_rate=0.0), X)

    def test_groups_change_hands_together(self):
        numbers = np.arange(200.0).reshape(50, 4)
        rows = make(numbers, groups=[[0, 3]], swap_rate=1.0)
        np.testing.assert_array_equal(rows[:, 3], rows[:, 0] + 3)

    def test_one_hot_columns_stay_one_hot(self):
        codes = np.random.default_rng(0).integers(3, size=(2, 100))
        table = np.hstack([np.eye(3)[codes[0]], X[:100], np.eye(3)[codes[1]]])
        rows = make(table, swap_rate=1.0)
        assert (rows[:, :3].sum(axis=1) == 1).all()
        assert (rows[:, -3:].sum(axis=1) == 1).all()

    def test_one_hot_groups_are_told_from_other_binary_columns(self):
        both = np.array([[1, 0, 1, 0, 0, 1], [1, 1, 0, 0, 1, 0], [0, 0, 1, 1, 0, 0]])
        # Column 0 is alone; 1 and 2 belong together; so do 3, 4 and 5.
        assert one_hot_groups(both) == [[1, 2], [3, 4, 5]]

    def test_data_frames_keep_their_columns_and_types(self):
        frame = pd.DataFrame(
            {"n": np.arange(20), "c": pd.Categorical(list("abcd") * 5), "s": ["x"] * 20}
        )
        rows = make(frame, swap_rate=1.0)
        assert rows.dtypes.equals(frame.dtypes)
        assert not rows["n"].equals(frame["n"])
        assert set(rows["c"]) <= set("abcd")

    def test_images_are_weighted_means(self):
        images = np.stack([np.full((1, 4, 4), k, dtype="float32") for k in range(9)])
        rows = make(images)
        assert rows.dtype == np.float32
        assert (rows == rows[:, :, :1, :1]).all()
        assert 0 <= rows.min() <= rows.max() <= 8

    @pytest.mark.parametrize("dtype", ["uint8", "int64"])
    def test_images_of_whole_numbers_are_rounded_means(self, dtype):
        images = np.random.default_rng(0).integers(256, size=(9, 1, 4, 4))
        rows = make(images.astype(dtype))
        assert rows.dtype == dtype
        assert (rows != images).any()
        np.testing.assert_array_equal(rows, np.rint(make(images.astype(float))))

    def test_images_are_blended_patched_and_shifted_in_turn(self):
        images = np.zeros((6, 1, 20, 20)) + np.arange(1.0, 7)[:, None, None, None]
        images[:, :, 10, 10] = 100
        made = synthetic_rows(images, np.random.RandomState(0), 4)
        blended, patched, shifted, again = made
        assert (blended == blended[:, :, :1, :1]).mean() > 0.99
        assert set(np.unique(patched)) <= {1, 2, 3, 4, 5, 6, 100}
        # A patch is a rectangle of at most half of the image.
        for new, own in zip(patched, images, strict=True):
            other = (new != own)[0]
            assert other.sum() <= 210
            patch = other[np.ix_(other.any(axis=1), other.any(axis=0))]
            assert patch.sum() >= patch.size - 1  # but for the bright pixel
        # One bright pixel each, moved by at most one (.07 of 20).
        where = np.argwhere(shifted == 100)
        assert len(where) == 6
        assert abs(where[:, 2:] - 10).max() == 1
        assert not np.array_equal(again, blended)

    def test_sparse_rows_are_refused(self, old):
        model = PCClassifier(LogisticRegression(), old_model=old, method="match")
        with pytest.raises(TypeError, match="dense"):
            model.fit(sparse.csr_matrix(X), y)


class TestMixture:
    def test_by_hand(self):
        mixture = Mixture.of(
            np.log([[0.9, 0.1]]), np.array([[0.2, 0.8]]), np.array([True, True]), 0.25
        )
        mixed = np.array([0.9**0.75 * 0.2**0.25, 0.1**0.75 * 0.8**0.25])
        assert mixture.old_label == [1]
        np.testing.assert_allclose(mixture.soft_labels(0.0), [mixed / mixed.sum()])
        # At a cost of 2 a new error that was none counts as much as 3 others.
        mixed[1] *= 3
        np.testing.assert_allclose(mixture.soft_labels(2.0), [mixed / mixed.sum()])

    def test_the_likeliest_answer_has_the_least_expected_cost(self):
        rng = np.random.default_rng(0)
        teacher, old = rng.dirichlet(np.ones(4), size=(2, 500))
        mixture = Mixture.of(np.log(teacher), old, np.ones(4, bool), 0.3)
        proba, old_label = mixture.soft_labels(0.0), old.argmax(axis=1)
        flip_cost = 2.5
        # An answer k is wrong with probability 1 - p(k), and a flip where the old label
        # is the true one and k is another one.
        cost = 1 - proba
        right = np.take_along_axis(proba, old_label[:, None], axis=1)
        cost += flip_cost * right * (np.arange(4) != old_label[:, None])
        np.testing.assert_array_equal(
            mixture.soft_labels(flip_cost).argmax(axis=1), cost.argmin(axis=1)
        )

    def test_about_a_new_class_the_new_models_word_counts_alone(self):
        mixture = Mixture.of(
            np.log([[0.2, 0.1, 0.7]]),
            np.array([[0.5, 0.5, 0.0]]),
            np.array([True, True, False]),
            1.0,
        )
        np.testing.assert_allclose(mixture.soft_labels(0.0), [[0.15, 0.15, 0.7]])

    def test_a_label_that_is_no_class_any_more_binds_nobody(self):
        """The old model gives .6 to a class that the new model does not know."""
        mixture = Mixture.of(
            np.log([[0.5, 0.5]]), np.array([[0.3, 0.1]]), np.array([True, True]), 0.0
        )
        np.testing.assert_allclose(mixture.soft_labels(9.0), [[0.5, 0.5]])

    def test_a_sharper_one_is_a_power(self):
        arguments = np.log([[0.9, 0.1]]), np.array([[0.2, 0.8]]), np.ones(2, bool), 0.25
        plain, sharp = (Mixture.of(*arguments, sharpness=t) for t in (1.0, 2.0))
        squared = plain.soft_labels(0.0) ** 2
        expected = squared / squared.sum()
        np.testing.assert_allclose(sharp.soft_labels(0.0), expected)


class TestCalibrate:
    """Rows whose labels are drawn from what the models say, or from some power."""

    known, weight = np.ones(3, bool), np.ones(20_000)

    def opinions(self, new_power, old_power):
        rng = np.random.default_rng(0)
        new, old = (np.log(rng.dirichlet(np.ones(3), size=20_000)) for _ in range(2))
        truth = new_power * new + old_power * old
        truth = np.exp(truth - np.logaddexp.reduce(truth, axis=1, keepdims=True))
        y = (rng.random((20_000, 1)) > truth.cumsum(axis=1)).sum(axis=1).clip(0, 2)
        return new, np.exp(old), y

    @pytest.mark.parametrize(("new", "old"), [(0.9, 0.1), (0.3, 0.2), (1.5, 0)])
    def test_finds_the_powers_of_both(self, new, old):
        log_new, proba, y = self.opinions(new, old)
        share, sharpness = calibrate(log_new, proba, self.known, y, self.weight)
        assert share == pytest.approx(old / (new + old), abs=0.03)
        assert sharpness == pytest.approx(new + old, rel=0.05)

    def test_finds_the_sharpness_at_a_given_share(self):
        log_new, proba, y = self.opinions(0.6, 0.2)
        found = calibrate(log_new, proba, self.known, y, self.weight, 0.25)
        assert found == (0.25, pytest.approx(0.8, rel=0.05))

    def test_an_old_model_that_is_always_right_gets_half_at_most(self):
        log_new, _, y = self.opinions(1, 0)
        by_heart = np.eye(3)[y]
        share, _ = calibrate(log_new, by_heart, self.known, y, self.weight)
        assert share == 0.5

    def test_rows_of_weight_0_do_not_count(self):
        log_new, proba, y = self.opinions(0.5, 0.5)
        weight = np.arange(20_000) % 2 == 0
        twisted = np.where(weight, y, (y + 1) % 3)
        first, second = (
            calibrate(log_new, proba, self.known, labels, weight.astype(float))
            for labels in (y, twisted)
        )
        assert first == second


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(StandardScaler(), mlp_net((32,), max_epochs=40, lr=5e-3)),
        HistGradientBoostingClassifier(max_iter=15),
        RandomForestClassifier(50),
    ],
    ids=["net", "boosting", "forest"],
)
def test_the_more_a_flip_costs_the_less_changes(digits, estimator):
    change = [
        churn(digits, estimator, flip_cost=cost, label_share=0.3)
        for cost in (0.0, 100.0)
    ]
    assert change[1] < change[0] - 0.01


def test_a_net_matched_to_the_old_model_alone_becomes_it(digits):
    (X, y), old = digits, weak(digits, 100)
    method = Match(old_share=1.0, label_share=0.0, tuning_share=2.0)
    new = PCClassifier(method=method, random_state=0)
    new.fit(X[:900], y[:900], old_model=old)
    agreement = np.mean(new.predict(X[900:]) == old.predict(X[900:]))
    # Their labels would have told them apart: the old model is wrong on many rows.
    assert agreement > max(0.9, old.score(X[900:], y[900:]))


def test_new_classes_are_learnt(old):
    two = y != 2
    first = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[two], y[two])
    new = PCClassifier(method="match", old_model=first, random_state=0).fit(X, y)
    assert np.mean(new.predict(X[y == 2]) == 2) > 0.9


@pytest.mark.parametrize(
    ("n_rows", "n_synthetic"), [(5_000, 8), (10_000, 4), (20_000, 2), (100_000, 1)]
)
def test_a_network_is_told_of_40000_synthetic_rows_at_most(n_rows, n_synthetic):
    training = SimpleNamespace(y=np.zeros(n_rows), learner=mlp_net())
    teachers = SimpleNamespace(n_epochs=50)
    n_epochs, found = Match().suited_to("net")._length(training, teachers)
    assert found == n_synthetic
    # It looks at as many rows, however often at each.
    assert n_epochs * (1 + found) == pytest.approx(1.6 * 50, abs=found)


def test_mixed_columns_are_swapped_before_the_preprocessing():
    frame = pd.DataFrame(X[:, :4], columns=list("abcd"))
    frame["kind"] = np.where(X[:, 9] > 5, "dark", "light")
    pipeline = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["kind"]), remainder="passthrough"),
        StandardScaler(),
        LogisticRegression(),
    )
    old = pipeline.fit(frame[::3], y[::3])
    new = PCClassifier(pipeline, method="match", old_model=old, random_state=0)
    assert new.fit(frame, y).score(frame, y) > 0.8
    scores = cross_validate(new, frame, y, cv=2, error_score="raise")["test_score"]
    assert np.isfinite(scores).all()


def test_several_teachers_and_the_same_seed(old):
    method = Match(n_teachers=2, n_synthetic=1)
    models = [
        PCClassifier(mlp_net((8,), max_epochs=3), method=method, random_state=5)
        for _ in range(2)
    ]
    first, second = (
        m.fit(X, y, old_model=old, critical=y == 0).predict_proba(X) for m in models
    )
    np.testing.assert_array_equal(first, second)


def test_the_users_method_keeps_its_open_choices(old):
    method = Match()
    new = PCClassifier(mlp_net((8,), max_epochs=1), method=method, old_model=old)
    assert new.fit(X, y).method_.n_synthetic == 8
    assert method.n_synthetic is None
    assert method.suited_to("net").n_synthetic == 8
    assert method.suited_to("net").flip_cost == 1
    assert method.suited_to("boosting").flip_cost == 3
    assert method.suited_to("boosting").n_synthetic == 3


@pytest.mark.parametrize(
    ("learner", "lacks"),
    [(KNeighborsClassifier(), "sample_weight"), (LinearSVC(), "predict_proba")],
)
def test_other_learners_are_refused_before_training(old, learner, lacks):
    with pytest.raises(TypeError, match=lacks):
        PCClassifier(learner, method="match").fit(X, y, old_model=old)


def test_stored_outputs_do_not_do(old):
    with pytest.raises(ValueError, match="old_model="):
        PCClassifier(method="match").fit(X, y, old_proba=old.predict_proba(X))


def test_labels_that_count_for_nothing_leave_the_mixture_alone(digits):
    """Also where probabilities cannot be learnt, `label_share` weighs real labels."""
    nothing, much = (
        churn(digits, RandomForestClassifier(50), old_share=1.0, label_share=share)
        for share in (0.0, 100.0)
    )
    assert nothing < much - 0.01


@pytest.mark.parametrize("parameter", ["n_synthetic", "n_teachers"])
def test_counts_must_be_whole(parameter):
    with pytest.raises(ValueError, match="whole"):
        PCClassifier(method=Match(**{parameter: 1.5})).fit(X, y)


def test_an_old_model_of_labels_is_as_sure_as_it_is_right(digits):
    """Its labels at probability 1 would outvote the new model everywhere."""
    (X, y), old = digits, weak(digits, 30)
    learner = LogisticRegression(max_iter=2000)
    accuracy = [
        PCClassifier(learner, method=method, random_state=0)
        .fit(X[60:900], y[60:900], old_model=old.predict)
        .score(X[900:], y[900:])
        for method in ("none", Match(label_share=1.0))
    ]
    assert 0.7 < old.score(X[900:], y[900:]) < 0.8
    assert accuracy[1] > accuracy[0] - 0.02
