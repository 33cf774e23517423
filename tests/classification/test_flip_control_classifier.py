"""FlipControlledClassifier: what it chooses, predicts, refuses and leaves alone."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    FixedThresholdClassifier,
    KFold,
    PredefinedSplit,
    ShuffleSplit,
    StratifiedShuffleSplit,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC

from sklearn_graceful import (
    FlipControlledClassifier,
    OldModelMismatchWarning,
    PCClassifier,
    ReferenceModel,
)
from sklearn_graceful.flip_control import allowed_flips
from sklearn_graceful.metrics import flip_counts
from sklearn_graceful.nn import mlp_net

FOREST = RandomForestClassifier(20, random_state=0)


@pytest.fixture(scope="module")
def models(digits):
    """Old and new model, fitted on the first 300 rows; the new one flips 5 %."""
    X, y = digits
    old = GaussianNB(var_smoothing=0.1).fit(X[:300], y[:300])
    new = RandomForestClassifier(5, max_depth=6, random_state=0)
    return old, new.fit(X[:300], y[:300])


@pytest.fixture(scope="module")
def fresh(digits):
    X, y = digits
    return X[300:], y[300:]


def controlled(models, learner=None, **params):
    """Make one of two fitted models, or of the old one and an unfitted learner."""
    learner = FrozenEstimator(models[1]) if learner is None else learner
    params = {"old_model": models[0], "max_nfr": 0.02, "random_state": 0, **params}
    return FlipControlledClassifier(learner, **params)


def flips(model, X, y, old):
    return flip_counts(y, model.predict(X), y_old=old.predict(X)).negative_flips


# The choice


@pytest.mark.parametrize("max_nfr", [0.001, 0.005, 0.01, 0.02, 0.04])
@pytest.mark.parametrize("guarantee", ["expectation", "high-probability"])
@pytest.mark.parametrize("route", ["mixing", "arbiter"])
def test_flips_of_the_calibration_rows_are_what_is_allowed(
    models, fresh, max_nfr, guarantee, route
):
    X, y = fresh
    model = controlled(models, max_nfr=max_nfr, guarantee=guarantee, route=route)
    certificate = {"guarantee": guarantee, "confidence": model.confidence}
    allowed = allowed_flips(len(y), max_nfr, **certificate)
    if allowed < 0:
        with pytest.warns(UserWarning, match=r"1497 calibration rows cannot certify"):
            model.fit(X, y)
        assert model.new_share_ == 0
        return
    model.fit(X, y)
    times = model.flip_times_
    assert 0 < model.new_share_ < 1
    assert (times <= model.new_share_).sum() <= allowed
    assert (times <= model.new_share_ + 2e-9).sum() > allowed
    # Those rows are lost, and none before its time.
    lost = (models[0].predict(X) == y) & (model.predict(X) != y)
    np.testing.assert_array_equal(lost, times <= model.new_share_)


def test_more_budget_goes_further_to_the_new_model(models, fresh):
    budgets = [0.0, 0.001, 0.005, 0.01, 0.02, 0.04, 0.5]
    with pytest.warns(
        UserWarning,
        match="max_nfr=0.0, which takes more than any number; the least .* 0.0007",
    ):
        fits = [controlled(models, max_nfr=b).fit(*fresh) for b in budgets]
    shares = [model.new_share_ for model in fits]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == 1
    X, _ = fresh
    np.testing.assert_array_equal(fits[0].predict(X), models[0].predict(X))
    np.testing.assert_array_equal(fits[-1].predict(X), models[1].predict(X))


def test_high_probability_is_stricter(models, fresh):
    mean = controlled(models).fit(*fresh)
    sure = controlled(models, guarantee="high-probability").fit(*fresh)
    surer = controlled(models, guarantee="high-probability", confidence=0.99)
    assert surer.fit(*fresh).new_share_ < sure.new_share_ < mean.new_share_


@pytest.mark.parametrize("max_nfr", [0.005, 0.02, 0.5])
@pytest.mark.parametrize("route", ["mixing", "arbiter"])
def test_most_accurate_mixing_within_the_budget(models, fresh, max_nfr, route):
    X, y = fresh
    params = {"max_nfr": max_nfr, "route": route}
    far = controlled(models, **params).fit(X, y)
    best = controlled(models, within_budget="most-accurate", **params).fit(X, y)
    assert best.new_share_ <= far.new_share_
    within = far.path_.t <= far.new_share_
    assert best.score(X, y) == far.path_.accuracy[within].max() >= far.score(X, y)
    # Every smaller one of the path is less accurate.
    earlier = best.path_.t < best.new_share_
    assert (best.path_.accuracy[earlier] < best.score(X, y)).all()
    assert flips(best, X, y, models[0]) <= flips(far, X, y, models[0])


def test_most_accurate_mixing_heeds_critical_rows(models, digits, fresh):
    X, y = fresh
    better = clone(FOREST).fit(digits[0][:300], digits[1][:300])
    models = models[1], better  # the best mixing loses some rows
    params = {"max_nfr": 0.5, "within_budget": "most-accurate"}
    free = controlled(models, **params).fit(X, y)
    lost = (models[0].predict(X) == y) & (free.predict(X) != y)
    held = controlled(models, **params).fit(X, y, critical=lost)
    assert lost.any()
    assert held.new_share_ < free.new_share_
    assert held.critical_flips_ == 0
    assert (held.predict(X[lost]) == y[lost]).all()


def test_an_old_model_that_cannot_be_beaten_stays(models, fresh):
    X, y = fresh
    model = controlled(models, max_nfr=0.5, within_budget="most-accurate")
    assert model.fit(X, y, old_proba=np.eye(10)[y]).new_share_ == 0


def test_too_few_rows_keep_the_old_model(models, fresh):
    X, y = fresh
    with pytest.warns(UserWarning, match=r"48 .*max_nfr=0.02, .*takes 49 or more"):
        model = controlled(models).fit(X[:48], y[:48])
    assert model.new_share_ == 0
    np.testing.assert_array_equal(model.predict(X), models[0].predict(X))
    np.testing.assert_allclose(
        model.predict_proba(X), models[0].predict_proba(X), atol=1e-4
    )
    controlled(models).fit(X[:49], y[:49])  # no warning


def test_path_tells_what_other_budgets_bring(models, digits, fresh):
    X, y = fresh
    model = controlled(models).fit(X[:700], y[:700])
    path = model.path_
    assert (np.diff(path.nfr) >= 0).all()
    assert model.new_share_ in path.t
    old, new = models
    for part, end in ((0, old), (-1, new)):
        assert path.accuracy[part] == pytest.approx(end.score(X[:700], y[:700]))
    on_others = model.update_path(X[700:], y[700:])
    chosen = np.searchsorted(on_others.t, model.new_share_)
    counts = flip_counts(y[700:], model.predict(X[700:]), y_old=old.predict(X[700:]))
    assert on_others.nfr[chosen] == counts.negative_flip_rate
    assert on_others.accuracy[chosen] == pytest.approx(counts.acc_new)


def test_new_model_equal_to_the_old_one(models, fresh):
    old, _ = models
    model = controlled((old, old), max_nfr=0.01).fit(*fresh)
    assert model.new_share_ == 1
    np.testing.assert_array_equal(model.predict(fresh[0]), old.predict(fresh[0]))


def test_arbiter_answers_like_one_of_the_two(models, fresh):
    X, y = fresh
    model = controlled(models, route="arbiter", temperature_scaling=False).fit(X, y)
    assert 0 < model.new_share_ < 1
    old, new = (end.predict_proba(X) for end in models)
    lead = old.max(axis=1) - new.max(axis=1)
    clear = np.abs(lead - (2 * model.new_share_ - 1)) > 1e-3  # else smoothing decides
    answer = np.where((lead > 2 * model.new_share_ - 1)[:, None], old, new)
    np.testing.assert_allclose(model.predict_proba(X)[clear], answer[clear], atol=1e-4)
    np.testing.assert_array_equal(model.predict(X)[clear], answer.argmax(axis=1)[clear])
    assert (np.diff(model.path_.nfr) >= 0).all()
    chosen = np.searchsorted(model.path_.t, model.new_share_)
    assert model.path_.accuracy[chosen] == pytest.approx(model.score(X, y))


def test_stack_of_both_models_is_a_new_model_like_any_other(models, fresh):
    X, y = fresh
    both = [(str(n), FrozenEstimator(model)) for n, model in enumerate(models)]
    stack = StackingClassifier(both, LogisticRegression(max_iter=500), cv="prefit")
    model = controlled(models, stack, calibration=0.4, max_nfr=0.01)
    model.fit(X[:1000], y[:1000])
    assert (model.flip_times_ <= model.new_share_).sum() <= allowed_flips(400, 0.01)
    assert model.score(X[1000:], y[1000:]) > models[0].score(X[1000:], y[1000:])


# Where the calibration rows come from


def hold_out(held):
    """Make a splitter of one split, which holds out the rows where `held` is true."""
    return PredefinedSplit(np.where(held, 0, -1))


class Recorder(LogisticRegression):
    """Remembers, in a class attribute, on which rows it was fitted."""

    fitted_on = []

    def fit(self, X, y, sample_weight=None):
        type(self).fitted_on.append((np.array(X), sample_weight))
        return super().fit(X, y, sample_weight)


@pytest.fixture
def recorded():
    Recorder.fitted_on.clear()
    return Recorder.fitted_on


def test_share_is_held_out_of_training(digits, fresh, models, recorded):
    X, y = fresh
    X = np.c_[X, np.arange(len(X))]  # no two rows alike
    old = ReferenceModel(
        lambda X: models[0].predict_proba(X[:, :-1]), classes=range(10)
    )
    weight = np.arange(len(y)) + 1.0
    model = controlled((old,), make_pipeline(StandardScaler(), Recorder()))
    model.fit(X, y, sample_weight=weight)
    trained, seen_weight = recorded[-1]  # before, a few rows tell that it weighs rows
    assert len(model.flip_times_) == 300
    assert len(trained) == len(y) - 300
    rows = model.estimator_[0].inverse_transform(trained)[:, -1].round().astype(int)
    assert len(set(rows)) == len(trained)
    np.testing.assert_array_equal(seen_weight, weight[rows])


def test_folds_use_every_row_twice(fresh, models, recorded):
    X, y = fresh
    learner = Recorder(max_iter=5000, C=0.001)
    model = controlled(models, learner, calibration=KFold(3)).fit(X, y)
    assert [len(trained) for trained, _ in recorded] == [998, 998, 998, 1497]
    assert len(model.flip_times_) == 1497
    # Flip times are those of the clones that have not seen the rows.
    train, test = next(KFold(3).split(X))
    part = clone(model).set_params(calibration=hold_out(np.isin(np.arange(1497), test)))
    part.fit(X, y)
    np.testing.assert_array_equal(part.flip_times_, model.flip_times_[: len(test)])
    assert len(recorded) == 5  # one split: no second fit
    np.testing.assert_array_equal(recorded[-1][0], X[train])


def test_splits_that_share_rows_are_refused(fresh, models, recorded):
    splitter = ShuffleSplit(3, random_state=0)
    with pytest.raises(ValueError, match="only once"):
        controlled(models, Recorder(), calibration=splitter).fit(*fresh)
    assert not recorded


@pytest.mark.parametrize(
    ("calibration", "held_out"),
    [(2, 1497), (StratifiedShuffleSplit(1, test_size=0.3, random_state=0), 450)],
    ids=["folds", "split by class"],
)
def test_number_of_folds_or_a_splitter(fresh, models, calibration, held_out):
    trees = HistGradientBoostingClassifier(max_iter=2)
    model = controlled(models, trees, calibration=calibration).fit(*fresh)
    assert len(model.flip_times_) == held_out


def test_frozen_estimator_is_not_trained_and_all_rows_calibrate(models, fresh):
    before = pickle.dumps(models[1])
    model = controlled(models).fit(*fresh)
    assert len(model.flip_times_) == len(fresh[1])
    assert pickle.dumps(models[1]) == before
    assert model.estimator_.estimator is models[1]
    again = controlled(models).fit(*fresh, sample_weight=np.ones(len(fresh[1])))
    assert again.new_share_ == model.new_share_


def test_the_old_model_is_asked_for_calibration_rows_only(models, fresh):
    X, y = fresh
    asked = []

    def old(X):
        asked.append(len(X))
        return models[0].predict_proba(X)

    handle = ReferenceModel(old, classes=range(10))
    model = controlled((handle,), FOREST).fit(X, y)
    assert asked == [300]
    model.new_share_ = 1.0
    model.predict(X)
    assert asked == [300]


# Estimators of many kinds


@pytest.mark.parametrize(
    "estimator",
    [
        FOREST,
        HistGradientBoostingClassifier(max_iter=3),
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
        make_pipeline(StandardScaler(), RidgeClassifier()),
        make_pipeline(StandardScaler(), LinearSVC()),
        PCClassifier(
            make_pipeline(StandardScaler(), mlp_net((32,), max_epochs=30, lr=0.01))
        ),
        PCClassifier(make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))),
    ],
    ids=lambda estimator: str(estimator)[:40],
)
def test_every_kind_of_estimator_keeps_to_its_allowance(estimator, models, fresh):
    X, y = fresh
    model = controlled(models, estimator, calibration=0.4).fit(X[:800], y[:800])
    assert (model.flip_times_ <= model.new_share_).sum() <= allowed_flips(320, 0.02)
    assert model.new_share_ > 0
    assert model.score(X[800:], y[800:]) > models[0].score(X[800:], y[800:])
    again = clone(model).fit(X[:800], y[:800])
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_binary_margin():
    X, y = load_breast_cancer(return_X_y=True)
    old = GaussianNB().fit(X[:100, :5], y[:100])
    handle = ReferenceModel(lambda X: old.predict_proba(X[:, :5]), classes=[0, 1])
    ridge = make_pipeline(StandardScaler(), RidgeClassifier())
    model = controlled((handle,), ridge, calibration=0.5, max_nfr=0.4)
    model.fit(X[100:], y[100:])
    assert model.new_share_ == 1
    np.testing.assert_array_equal(model.predict(X), model.estimator_.predict(X))


def test_pc_classifier_learns_from_the_same_old_model(models, fresh):
    X, y = fresh
    learner = PCClassifier(LogisticRegression(C=0.001, max_iter=10_000), random_state=0)
    handle = ReferenceModel(models[0])
    train = np.arange(1497) % 5 != 4
    by_row = {"old_proba": models[0].predict_proba(X), "critical": y == 3}
    model = controlled((handle,), learner, calibration=hold_out(~train))
    model.fit(X, y, **by_row)
    assert model.estimator_.reference_ is handle
    of_train = {name: values[train] for name, values in by_row.items()}
    expected = clone(learner).fit(X[train], y[train], old_model=handle, **of_train)
    np.testing.assert_allclose(
        model.estimator_.predict_proba(X), expected.predict_proba(X), atol=1e-6
    )
    # One with an old model of its own keeps it.
    other = clone(models[0]).fit(X[:200], y[:200])
    model = FlipControlledClassifier(clone(learner).set_params(old_model=other))
    model.fit(X, y, old_model=handle)
    assert model.estimator_.reference_.model is other


# Classes


def test_class_new_to_the_old_model_can_be_predicted_before_the_end(digits):
    X, y = digits
    known = y[:300] < 8
    old = LogisticRegression(max_iter=10_000).fit(X[:300][known], y[:300][known])
    new = LogisticRegression(max_iter=10_000).fit(X[:300], y[:300])
    model = controlled((old, new), max_nfr=0.008).fit(X[300:], y[300:])
    assert 0 < model.new_share_ < 1
    recall = (model.predict(X) == y)[300:][y[300:] >= 8].mean()
    assert recall > 0.5
    np.testing.assert_array_equal(model.classes_, np.arange(10))
    assert (np.diff(model.path_.nfr) >= 0).all()
    assert model.flip_times_[y[300:] >= 8].min() == np.inf


def test_class_that_only_the_old_model_knew_stays(digits, models):
    X, y = digits
    X_kept, y_kept = X[y < 8], y[y < 8]
    seen = (y[:300] < 8).sum()
    new = LogisticRegression(max_iter=10_000).fit(X_kept[:seen], y_kept[:seen])
    left = X_kept[seen:], y_kept[seen:]
    with pytest.warns(UserWarning, match="cannot certify"):
        model = controlled((models[0], new), max_nfr=1e-4).fit(*left)
    np.testing.assert_array_equal(model.classes_, np.arange(10))
    np.testing.assert_array_equal(model.predict(X), models[0].predict(X))
    model = controlled((models[0], new), max_nfr=0.01).fit(*left)
    assert model.predict_proba(X).shape == (len(X), 10)


def test_old_model_that_only_says_labels(models, fresh):
    X, y = fresh
    handle = ReferenceModel(lambda X: models[0].predict(X))
    model = controlled((handle, models[1])).fit(X, y)
    assert 0 < model.new_share_ < 1
    assert (model.flip_times_ <= model.new_share_).sum() <= allowed_flips(1497, 0.02)
    model.classes_[-1] = 99  # as if no row of the fit had shown it a 9
    with pytest.raises(ValueError, match=r"ReferenceModel\(old_model, classes="):
        model.predict(X)


def test_tuned_threshold_is_warned_of():
    X, y = load_breast_cancer(return_X_y=True)
    linear = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[:100], y[:100])
    old = FixedThresholdClassifier(FrozenEstimator(linear), threshold=0.8).fit(X, y)
    with pytest.warns(UserWarning, match="not its most probable class"):
        controlled((old,), FOREST, max_nfr=0.05).fit(X[100:], y[100:])


def test_wrong_input_for_the_old_model_is_warned_of(models, fresh):
    erase = FunctionTransformer(lambda X: 0 * X)
    with pytest.warns(OldModelMismatchWarning, match="wrap the Pipeline"):
        make_pipeline(erase, controlled(models, FOREST)).fit(*fresh)


# Critical rows


@pytest.mark.parametrize("kind", [bool, float])
def test_no_critical_calibration_row_is_lost(models, fresh, kind):
    X, y = fresh
    free = controlled(models, max_nfr=0.04).fit(X, y)
    critical = y == 3
    held = controlled(models, max_nfr=0.04).fit(X, y, critical=critical.astype(kind))
    assert 0 < held.new_share_ < free.new_share_
    assert held.new_share_ == pytest.approx(held.flip_times_[critical].min())
    assert held.critical_flips_ == 0
    assert held.critical_bound_ == 1 / (critical.sum() + 1)
    before = (models[0].predict(X) == y) & critical
    assert (held.predict(X)[before] == y[before]).all()


def test_critical_rows_with_a_budget(models, fresh):
    X, y = fresh
    critical = y == 3
    model = controlled(models, max_nfr=0.4, max_critical_nfr=0.03)
    model.fit(X, y, critical=critical)
    allowed = allowed_flips(critical.sum(), 0.03)
    assert model.critical_flips_ == allowed > 0
    assert model.critical_bound_ == (allowed + 1) / (critical.sum() + 1) <= 0.03
    strict = clone(model).set_params(guarantee="high-probability")
    assert strict.fit(X, y, critical=critical).new_share_ < model.new_share_


def test_critical_rows_that_are_too_few(models, fresh):
    X, y = fresh
    critical = np.arange(len(y)) < 5
    model = controlled(models, max_critical_nfr=0.01)
    with pytest.warns(UserWarning, match=r"5 critical .*max_critical_nfr=0.01"):
        model.fit(X, y, critical=critical)
    assert model.new_share_ == 0
    assert model.critical_flips_ == 0


def test_critical_rows_outside_calibration_are_warned_of(models, fresh):
    X, y = fresh
    split = hold_out(np.arange(len(y)) % 5 == 4)
    model = controlled(models, FOREST, calibration=split)
    with pytest.warns(UserWarning, match="None of the 1 critical rows"):
        model.fit(X, y, critical=np.arange(len(y)) == 0)
    assert model.critical_bound_ == 1
    model.fit(X, y, critical=np.zeros(len(y), bool))  # none marked, nothing to say


# Probabilities


def test_temperature_helps_and_changes_no_label(models, digits, fresh):
    X, y = fresh
    forest = clone(FOREST).fit(digits[0][:300], digits[1][:300])  # never sure enough
    pair = models[0], forest
    warm = controlled(pair).fit(X[:700], y[:700])
    plain = controlled(pair, temperature_scaling=False).fit(X[:700], y[:700])
    assert plain.temperature_ == 1 != warm.temperature_
    assert warm.new_share_ == plain.new_share_
    np.testing.assert_array_equal(warm.predict(X), plain.predict(X))
    for model in (warm, plain):
        proba = model.predict_proba(X)
        np.testing.assert_allclose(proba.sum(axis=1), 1)
        np.testing.assert_array_equal(proba.argmax(axis=1), model.predict(X))
    losses = [log_loss(y[700:], m.predict_proba(X[700:])) for m in (warm, plain)]
    assert losses[0] < 0.8 * losses[1]


# Without an old model


@pytest.mark.parametrize(
    "estimator", [FOREST, FixedThresholdClassifier(GaussianNB(), threshold=0.99)]
)
def test_without_an_old_model_it_is_the_plain_fit(estimator):
    X, y = load_breast_cancer(return_X_y=True)
    model = FlipControlledClassifier(estimator, random_state=0).fit(X, y)
    plain = clone(estimator).fit(X, y)
    assert model.new_share_ == 1
    assert model.reference_ is None
    np.testing.assert_array_equal(model.predict(X), plain.predict(X))
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))
    with pytest.raises(ValueError, match="no path"):
        model.update_path(X, y)


# Input of other kinds, and state


def test_sparse_rows_and_labels_in_a_series(models, fresh):
    X, y = fresh
    handle = ReferenceModel(
        lambda X: models[0].predict_proba(X.toarray()), classes=range(10)
    )
    sparse = controlled((handle,), FOREST).fit(csr_array(X), pd.Series(y))
    dense = controlled(models, FOREST).fit(X, y)
    np.testing.assert_allclose(
        sparse.predict_proba(csr_array(X)), dense.predict_proba(X)
    )


def test_it_can_be_the_old_model_of_the_next_release(models, fresh):
    X, y = fresh
    first = controlled(models).fit(X[:500], y[:500])
    second = controlled((first,), FOREST, calibration=0.5)
    second.fit(X[500:1200], y[500:1200])
    assert second.new_share_ > 0
    # 350 calibration rows allow 6 flips; 297 other rows are close to that.
    assert flips(second, X[1200:], y[1200:], first) <= 15


# Strict


def test_a_strict_budget_is_certified_or_raises(models, fresh):
    few, labels = fresh[0][:50], fresh[1][:50]
    model = controlled(models, max_nfr=0.01, strict=True).fit(*fresh)
    share = model.new_share_
    assert share == controlled(models, max_nfr=0.01).fit(*fresh).new_share_
    with pytest.raises(ValueError, match=r"50 .* takes 99 or more; .* can is 0.0197"):
        model.fit(few, labels)
    assert model.new_share_ == share
    critical = np.zeros(len(fresh[1]), dtype=bool)
    critical[:5] = True
    model.set_params(max_critical_nfr=0.1)
    with pytest.raises(ValueError, match="5 critical calibration rows cannot certify"):
        model.fit(*fresh, critical=critical)
    # The least that they can certify is certified.
    controlled(models, max_nfr=0.0197, strict=True).fit(few, labels)


def test_strict_about_critical_rows_that_are_not_held_out(models, fresh):
    X, y = fresh
    critical = np.arange(len(y)) == 0
    new = controlled(models, GaussianNB(), calibration=0.2, max_nfr=0.1, strict=True)
    with pytest.raises(ValueError, match="None of the 1 critical rows is a calibrat"):
        new.fit(X, y, critical=critical)
