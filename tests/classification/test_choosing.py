"""The default method chooses its strength on rows that it was not trained on."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_digits
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from torch import nn

from sklearn_graceful import PCClassifier, ReferenceModel
from sklearn_graceful._method import as_method
from sklearn_graceful.congruence import (
    METHODS,
    Congruence,
    Focal,
    FocalKL,
    FocalLM,
    Match,
    Naive,
    NoCongruence,
    _choice_by_labels,
)
from sklearn_graceful.congruence import _focal as focal_module
from sklearn_graceful.congruence._choice import _weights
from sklearn_graceful.congruence._choice_by_labels import compare_labels
from sklearn_graceful.nn import InMemoryClassifier, copy_weights, mlp_net
from sklearn_graceful.training import (
    HeldOutFigures,
    PlainModels,
    Training,
    paired_difference,
    strongest_allowed,
)
from sklearn_graceful.training._cross_fit import CrossFit

X, y = load_digits(return_X_y=True)
X_train, y_train, X_test, y_test = X[:900], y[:900], X[900:], y[900:]


@pytest.fixture(scope="module")
def old():
    return GaussianNB(var_smoothing=1e-3).fit(X[:150], y[:150])


def learner():
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))


NET = make_pipeline(StandardScaler(), mlp_net((16,), max_epochs=15, lr=0.01))


def test_one_of_the_candidates_is_chosen_by_its_figures_on_held_out_rows(old):
    model = PCClassifier(learner(), old_model=old, random_state=0)
    model.fit(X_train, y_train)
    figures = model.choice_
    assert isinstance(figures[0].method, NoCongruence)
    assert [f.method.flip_cost for f in figures[1:]] == [3, 10]
    assert repr(model.method_) in [repr(f.method) for f in figures]
    errors = [f.error - figures[0].error for f in figures]
    assert [f.error_increase for f in figures] == pytest.approx(errors)


def test_held_out_figures_are_of_rows_that_nothing_was_trained_on(old):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 10, 900)  # nothing to learn: only training rows are known
    model = PCClassifier(
        DecisionTreeClassifier(),
        old_model=GaussianNB(var_smoothing=0.1).fit(X_train[:50], noise[:50]),
        method=Focal(validation_fraction=0.3),
        random_state=0,
    ).fit(X_train, noise)
    assert model.score(X_train, noise) > 0.5
    assert min(f.error for f in model.choice_) > 0.8


def figures_of(*points):
    """Held-out figures, in points: error, NFR, increase, standard error."""
    return [
        HeldOutFigures(f"m{k}", *(x / 100 for x in p)) for k, p in enumerate(points)
    ]


class TestStrongestAllowed:
    plain = (10, 3, 0, 0)

    @pytest.mark.parametrize(
        ("points", "allowed", "chosen"),
        [
            # The second costs 0.5 points with a standard error of 0.6.
            ([(9.8, 2, -0.2, 0.5), (10.5, 1, 0.5, 0.6)], 0, 2),
            ([(9.8, 2, -0.2, 0.5), (10.7, 1, 0.7, 0.6)], 0, 1),
            ([(9.8, 2, -0.2, 0.5), (10.7, 1, 0.7, 0.6)], 0.2, 2),
            ([(11, 2, 1.0, 0.5), (12, 1, 2, 0.6)], 0, 0),
            # More flips, and more errors; or as many flips.
            ([(9.8, 2, -0.2, 0.5), (10.5, 3.1, 0.5, 0.6)], 0, 1),
            ([(9.8, 2, -0.2, 0.5), (10.5, 3, 0.5, 0.6)], 0, 2),
            # No fewer flips, but no more errors either: stronger is stronger.
            ([(9.8, 3, -0.2, 0.5), (9.9, 3, -0.1, 0.6)], 0, 2),
            # By chance the stronger one has fewer errors: their mean, 0.5, counts.
            ([(11, 2, 1.0, 0.4), (10, 1, 0, 0.4)], 0, 0),
            ([(11, 2, 1.0, 0.4), (10, 1, 0, 0.6)], 0, 2),
        ],
    )
    def test_by_hand(self, points, allowed, chosen):
        figures = figures_of(self.plain, *points)
        assert strongest_allowed(figures, allowed / 100) == chosen


@pytest.mark.parametrize(
    ("error", "spread", "chosen"),
    [(0.6, None, 0), (0.6, 10, 0), (0.6, 0.5, 1), (0.3, 0.5, 0), (1.2, 0.5, 1)],
)
def test_few_rows_speak_less_against_what_is_believed(error, spread, chosen):
    """An increase of 0.9 points: allowed are 0.6 * sqrt(1 + (0.6 / 0.5)²) = 0.94."""
    figures = figures_of((10, 3, 0, 0), (10.9, 1, 0.9, error))
    spread = None if spread is None else spread / 100
    assert strongest_allowed(figures, 0, spread) == chosen


@pytest.mark.parametrize(("increase", "chosen"), [(1.6, 1), (1.7, 0)])
def test_what_may_be_lost_is_compared_with_what_is_believed(increase, chosen):
    """Of the increase 1 / (1 + 1.2²) = 0.41 is heard: allowed are 0.3 + 0.64 * 0.6."""
    figures = figures_of((10, 3, 0, 0), (10 + increase, 1, increase, 0.6))
    assert strongest_allowed(figures, 0.003, spread=0.005) == chosen


def test_paired_difference_by_hand():
    first, second = np.array([1, 1, 0, 0]), np.array([0, 1, 0, 0])
    mean, error = paired_difference(first, second)
    assert mean == 0.25
    assert error == pytest.approx(np.sqrt((0.75**2 + 3 * 0.25**2) / 16))
    # Rows of weight 0 do not count.
    assert paired_difference(first, second, np.array([0, 1, 1, 1])) == (0, 0)


def test_a_higher_error_may_be_allowed(old):
    """With all errors allowed, the strongest is taken that has fewer flips."""
    model = PCClassifier(
        learner(), old_model=old, method=Focal(max_error_increase=1), random_state=0
    )
    plain, *others = model.fit(X_train, y_train).choice_
    fewer = [f.method for f in others if f.nfr <= plain.nfr or f.error <= plain.error]
    assert repr(model.method_) == repr([plain.method, *fewer][-1])


def test_nothing_is_chosen_on_a_handful_of_rows(old):
    model = PCClassifier(learner(), old_model=old, random_state=0)
    model.fit(X_train[:300], y_train[:300])
    assert not hasattr(model, "choice_")
    assert model.method_.flip_cost == 3


def test_a_refit_forgets_the_choice(old):
    model = PCClassifier(learner(), old_model=old, random_state=0)
    model.fit(X_train, y_train)
    assert not hasattr(model.set_params(old_model=None).fit(X, y), "choice_")


@pytest.mark.parametrize(
    ("estimator", "kind"),
    [
        (None, FocalLM),
        (learner(), FocalKL),
        (HistGradientBoostingClassifier(max_iter=5), Naive),
    ],
)
def test_stored_outputs_get_the_focal_terms(old, estimator, kind):
    model = PCClassifier(estimator, random_state=0)
    model.fit(X_train[:200], y_train[:200], old_proba=old.predict_proba(X_train[:200]))
    assert isinstance(model.method_, kind)


@pytest.mark.parametrize(
    ("estimator", "rows", "kind"),
    [
        (learner(), X_train[:200], Match),
        (learner(), X_train[:200].tolist(), Match),
        (LogisticRegression(max_iter=300), sparse.csr_array(X_train[:200]), FocalKL),
        (LinearSVC(), X_train[:200], FocalKL),  # has no probabilities to mix
    ],
)
def test_focal_matches_where_rows_and_learner_allow_it(old, estimator, rows, kind):
    def answers(X):
        return old.predict_proba(X.toarray() if sparse.issparse(X) else X)

    handle = ReferenceModel(answers, classes=np.arange(10))
    model = PCClassifier(estimator, old_model=handle, random_state=0)
    assert isinstance(model.fit(rows, y_train[:200]).method_, kind)


TEXTS = ["a warm day", "a warm sun", "cold snow falls", "cold rain falls"] * 30
KINDS = np.array(["summer", "summer", "winter", "winter"] * 30)


@pytest.mark.parametrize(
    "texts",
    [pd.Series(TEXTS), TEXTS, np.array(TEXTS), np.array(TEXTS, dtype=object)],
    ids=["series", "list", "array", "array of objects"],
)
def test_texts_have_no_features_to_swap(texts):
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression())
    old = clone(pipeline).fit(texts[:40], KINDS[:40])
    model = PCClassifier(pipeline, old_model=old, random_state=0).fit(texts, KINDS)
    assert isinstance(model.method_, FocalKL)
    np.testing.assert_array_equal(model.predict(texts), KINDS)


def test_a_frame_of_one_column_of_texts_is_a_table():
    frame = pd.DataFrame({"text": TEXTS})
    pipeline = make_pipeline(
        make_column_transformer((TfidfVectorizer(), "text")), LogisticRegression()
    )
    old = clone(pipeline).fit(frame[:40], KINDS[:40])
    model = PCClassifier(pipeline, old_model=old, random_state=0).fit(frame, KINDS)
    assert isinstance(model.method_, Match)
    np.testing.assert_array_equal(model.predict(frame), KINDS)


def test_a_learner_without_weights_is_refused(old):
    with pytest.raises(TypeError, match="sample_weight"):
        PCClassifier(KNeighborsClassifier(), old_model=old).fit(X_train, y_train)


def test_a_given_strength_leaves_no_choice(old):
    model = PCClassifier(learner(), old_model=old, method=Focal(strength=0.07))
    model.fit(X_train, y_train)
    assert model.method_.strength == 0.07
    assert not hasattr(model, "choice_")


def test_weights_of_held_out_rows_count(old):
    """Rows of weight 0 are not there: their labels may be anything."""
    weight = np.arange(900) % 3 != 0
    wrong = np.where(weight, y_train, (y_train + 1) % 10)
    figures = [
        clone(PCClassifier(learner(), old_model=old, random_state=0))
        .fit(X_train, labels, sample_weight=weight)
        .choice_
        for labels in (y_train, wrong)
    ]
    assert figures[0][0].error == pytest.approx(figures[1][0].error, abs=0.02)


def test_nothing_is_chosen_on_rows_of_weight_0(old):
    """180 rows are held out; it takes 100 of them that count."""
    rng = np.random.default_rng(0)
    for share, is_chosen in ((0.3, False), (0.9, True)):
        weight = (rng.random(900) < share).astype(float)
        model = PCClassifier(learner(), old_model=old, random_state=0)
        model.fit(X_train, y_train, sample_weight=weight)
        assert hasattr(model, "choice_") == is_chosen


class Recorder(GaussianNB):
    """Remembers, in a class attribute, on which rows it was fitted."""

    fitted_on = []

    def fit(self, X, y, sample_weight=None):
        type(self).fitted_on.append({row.tobytes() for row in X})
        return super().fit(X, y, sample_weight)


def test_held_out_rows_may_all_be_of_weight_0(old):
    Recorder.fitted_on.clear()
    model = PCClassifier(Recorder(var_smoothing=0.1), old_model=old, random_state=0)
    assert hasattr(model.fit(X_train, y_train), "choice_")
    # The first of all fits tells whether it weighs rows.
    seen = np.array([row.tobytes() in Recorder.fitted_on[1] for row in X_train])
    assert 0 < (~seen).sum() <= 180
    model.fit(X_train, y_train, sample_weight=seen.astype(float))
    assert not hasattr(model, "choice_")


@pytest.mark.parametrize("n_stored", [0, 100, 200, 201, 300])
def test_rows_that_the_old_model_was_trained_on_do_not_count(old, n_stored):
    """There the stored answers, out of fold, are not those that it gives now."""
    rows, labels = X_train[:300], y_train[:300]
    proba, weight = old.predict_proba(rows), np.linspace(1, 2, 300)
    proba[:n_stored] = 0.5 * proba[:n_stored] + 0.05
    held_out = Training(
        learner(),
        rows,
        rows,
        labels,
        reference=ReferenceModel(old),
        old_proba=proba,
        sample_weight=weight,
    )
    # It takes 100 of the others.
    if n_stored <= 200:
        weight[:n_stored] = 0
    np.testing.assert_array_equal(_weights(held_out), weight)


def test_all_held_out_rows_count_where_nothing_tells_them_apart(old):
    """Stored outputs alone, or an old model alone."""
    proba = old.predict_proba(X_train)
    for answers in ({"old_proba": proba}, {"reference": ReferenceModel(old)}):
        held_out = Training(learner(), X_train, X_train, y_train, **answers)
        np.testing.assert_array_equal(_weights(held_out), np.ones(900))


@pytest.mark.parametrize("stored", ["rounded", "labels", "out-of-fold"])
def test_rows_that_the_old_model_is_sure_of_are_not_taken_for_new_ones(stored):
    """Their answers are the same although all others differ."""
    sure = GaussianNB().fit(X_train, y_train)
    proba = sure.predict_proba(X_train)
    answers = {
        "rounded": proba.round(2),
        "labels": sure.predict(X_train),
        "out-of-fold": "out-of-fold",
    }
    assert np.mean(proba.max(axis=1) > 0.9999) > 0.5
    held_out = Training(
        learner(),
        X_train,
        X_train,
        y_train,
        reference=ReferenceModel(sure),
        old_proba=answers[stored],
    )
    np.testing.assert_array_equal(_weights(held_out), np.ones(900))


def test_the_choice_is_made_on_rows_that_the_old_model_was_not_trained_on(old):
    """The labels of the others, a third, may be anything."""
    proba, known = old.predict_proba(X_train), np.arange(900) % 3 == 0
    proba[known] = 0.5 * proba[known] + 0.05
    labels = np.where(known, np.random.default_rng(0).integers(10, size=900), y_train)
    model = PCClassifier(learner(), old_model=old, random_state=0)
    plain, *_ = model.fit(X_train, labels, old_proba=proba).choice_
    assert plain.error < 0.25  # of all rows 30 % have a label that is not theirs


@pytest.mark.parametrize("estimator", [learner(), NET], ids=["linear", "net"])
def test_critical_rows_are_lost_less_often(old, estimator):
    """Twins with another label cost right answers; weight brings them back."""
    critical = old.predict(X_train) == y_train
    rows = np.concatenate([X_train, *[X_train[critical]] * 2])
    labels = np.concatenate([y_train, *[(y_train[critical] + 1) % 10] * 2])
    critical = np.concatenate([critical, np.zeros(len(rows) - 900, dtype=bool)])
    lost = []
    for weight in (0, 10):
        model = PCClassifier(estimator, old_model=old, random_state=0)
        model.fit(rows, labels, critical=weight * critical)
        wrong = critical & (model.predict(rows) != labels)
        assert model.critical_flips_ == (wrong.sum() if weight else 0)
        lost.append(wrong.sum())
    assert lost[1] < lost[0] / 3


@pytest.mark.parametrize(
    "method",
    [Focal(max_error_increase=-1), Focal(validation_fraction=0), Focal(strength=-1)],
)
def test_bad_parameters_are_refused(method):
    with pytest.raises(ValueError, match="Focal: "):
        as_method(method, Congruence, METHODS)


class Normed(nn.Sequential):
    """Has statistics of batches."""

    def __init__(self):
        super().__init__(
            nn.Linear(64, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 10)
        )


NORMED = InMemoryClassifier(Normed, max_epochs=10, lr=0.05, train_split=None, verbose=0)


# Networks that are given stored answers: what they would be taught out of fold


def test_labels_that_candidates_would_teach_by_hand(monkeypatch):
    """Two models, four kinds of rows, fifty each; half of a flip's cost counts."""
    labels = np.repeat([0, 1, 1, 0], 50)
    new = np.repeat([[0.6, 0.4], [0.6, 0.4], [0.1, 0.9], [0.9, 0.1]], 50, axis=0)
    old = np.repeat([[0.1, 0.9], [0.3, 0.7], [0.2, 0.8], [0.8, 0.2]], 50, axis=0)
    rows = np.zeros((200, 2))
    training = Training(mlp_net(), rows, rows, labels, old_proba=old)
    # The new models' word for class 0 of the first two, with a tenth of the old one's,
    # is stronger by 1.5 ** 0.9 * (1 / 9) ** 0.1 = 1.16, and by
    # 1.5 ** 0.9 * (3 / 7) ** 0.1 = 1.32.
    fit = CrossFit(PlainModels([{}], [9]), np.arange(200), np.log(new))
    monkeypatch.setattr(training, "cross_fit", lambda: fit)
    monkeypatch.setattr(_choice_by_labels, "calibrate", lambda *_: (0.1, 1.0))
    plain, weak, middle, strong = compare_labels(
        [Match(0.3), Match(0.4), Match(1.2)], training
    )
    for figures in (plain, weak):
        assert (figures.error, figures.nfr) == (1 / 4, 1 / 4)
    assert (middle.error, middle.nfr) == (2 / 4, 1 / 4)
    assert (strong.error, strong.nfr) == (1 / 4, 0)
    assert strong.error_increase == pytest.approx(0, abs=1e-12)
    assert strong.standard_error == pytest.approx(np.sqrt(100) / 200)
    assert {f.n_rows for f in (plain, weak, middle, strong)} == {200}
    assert (strong.method.flip_cost, strong.method.n_teachers) == (1.2, 9)


def test_mixtures_are_as_sure_as_they_are_right(old):
    rows, labels = X_train[:650], y_train[:650].copy()
    labels[::3] = np.random.default_rng(0).integers(10, size=217)
    proba = old.predict_proba(rows)
    for answers, share in ((None, {0.1}), (proba, None)):
        model = PCClassifier(NET, old_model=old, random_state=0)
        others = model.fit(rows, labels, old_proba=answers).choice_[1:]
        # A third of the labels are noise, and a net that learnt them is too sure.
        assert {f.method.sharpness for f in others} == {others[0].method.sharpness}
        assert others[0].method.sharpness < 0.8
        shares = {f.method.old_share for f in others}
        assert shares == share if share else 0 <= shares.pop() <= 0.5


def test_stored_answers_let_a_network_choose_on_all_rows(old):
    rows, labels = X_train[:404], y_train[:404]
    model = PCClassifier(NET, old_model=old, random_state=0)
    model.fit(rows, labels, old_proba=old.predict_proba(rows))
    assert {f.n_rows for f in model.choice_} == {400}
    assert model.update_path_.n_rows == 400
    assert model.method_.n_teachers == 9
    plain = PCClassifier(NET, method="none", random_state=0).fit(rows, labels)
    np.testing.assert_array_equal(
        model.at_flip_cost(0).predict_proba(X_test), plain.predict_proba(X_test)
    )


@pytest.mark.parametrize(
    ("estimator", "stored", "n_rows"),
    [
        (NET, "nothing", 650),  # it may have been trained on them
        (NET, "labels", 650),
        (NET, "proba", 90),  # too few
        (NORMED, "proba", 650),  # it cannot be trained in a pack
    ],
)
def test_otherwise_rows_are_held_out(old, estimator, stored, n_rows):
    rows, labels = X_train[:n_rows], y_train[:n_rows]
    answers = {
        "nothing": None, "labels": old.predict(rows), "proba": old.predict_proba(rows),
    }[stored]  # fmt: skip
    model = PCClassifier(estimator, old_model=old, random_state=0)
    model.fit(rows, labels, old_proba=answers)
    if n_rows < 100:
        assert not hasattr(model, "choice_")
    else:
        assert 100 < model.choice_[0].n_rows < 0.2 * n_rows + 1


# A network's path of strengths


def with_path(old, estimator=NET):
    model = PCClassifier(estimator, old_model=old, random_state=0)
    return model.fit(X_train[:650], y_train[:650])


@pytest.fixture(scope="module")
def on_path(old):
    return with_path(old)


def weights_of(model):
    learner = getattr(model.estimator_, "steps", [(None, model.estimator_)])[-1][1]
    return copy_weights(learner.module_)


def assert_equal_weights(first, second):
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        np.testing.assert_allclose(tensor, second[name], rtol=1e-6, atol=1e-7)


def test_the_points_of_the_path_are_the_candidates(on_path):
    path, figures = on_path.update_path_, on_path.choice_
    assert path.flip_cost.tolist() == [0, 0.3, 0.6, 0.9]
    for name in ("error", "nfr", "error_increase", "standard_error"):
        assert getattr(path, name).tolist() == [getattr(f, name) for f in figures]
    assert path.chosen == strongest_allowed(figures, 0, spread=0.005)
    assert repr(figures[path.chosen].method) == repr(on_path.method_)


def test_the_chosen_point_is_what_was_fitted(on_path):
    path = on_path.update_path_
    chosen = path.flip_cost[path.chosen]
    assert_equal_weights(path.weights_at(chosen), weights_of(on_path))
    same = on_path.at_flip_cost(chosen)
    assert same is not on_path
    np.testing.assert_array_equal(
        same.predict_proba(X_test), on_path.predict_proba(X_test)
    )


@pytest.mark.parametrize("estimator", [NET, NORMED], ids=["net", "batch norm"])
def test_the_path_begins_at_the_plain_fit(old, estimator):
    model = with_path(old, estimator)
    plain = PCClassifier(estimator, old_model=old, method="none", random_state=0)
    plain.fit(X_train[:650], y_train[:650])
    np.testing.assert_array_equal(
        model.at_flip_cost(0).predict_proba(X_test), plain.predict_proba(X_test)
    )


def test_a_path_goes_on_where_the_plain_network_is_kept(old, monkeypatch):
    monkeypatch.setattr(focal_module, "strongest_allowed", lambda *_: 0)
    kept = with_path(old)
    assert kept.method_.name == "none"
    plain, strongest = (kept.at_flip_cost(cost).predict(X_test) for cost in (0, 0.9))
    np.testing.assert_array_equal(plain, kept.predict(X_test))
    y_old = old.predict(X_test)
    assert (strongest != y_old).sum() < (plain != y_old).sum()


def test_the_more_a_flip_costs_the_nearer_is_the_old_model(old, on_path):
    nfr = []
    for flip_cost in (0, 0.9):
        y_new = on_path.at_flip_cost(flip_cost).predict(X_test)
        nfr.append(np.mean((old.predict(X_test) == y_test) & (y_new != y_test)))
    assert nfr[1] < nfr[0]


def test_between_two_points_lie_the_weights_between_theirs(on_path):
    path = on_path.update_path_
    assert path.chosen in (0, 3)  # of the networks between, none is trained
    low, high = (path.weights_at(cost) for cost in (0, 0.9))
    # 1 + flip_cost goes from 1 to 1.9, and is half-way at its root.
    between = weights_of(on_path.at_flip_cost(np.sqrt(1.9) - 1))
    middle = {name: (low[name] + high[name]) / 2 for name in low}
    assert_equal_weights(between, middle)


def test_moving_on_the_path_changes_nothing_else(on_path):
    before = on_path.predict_proba(X_test)
    path, method = on_path.update_path_, repr(on_path.method_)
    other = on_path.at_flip_cost(0.6)
    assert not np.array_equal(other.predict_proba(X_test), before)
    np.testing.assert_array_equal(on_path.predict_proba(X_test), before)
    # And there is a way back.
    assert other.update_path_ is path
    assert repr(other.method_) == method
    back = other.at_flip_cost(path.flip_cost[path.chosen])
    np.testing.assert_array_equal(back.predict_proba(X_test), before)


@pytest.mark.parametrize("flip_cost", [-1, 1.0, np.nan])
def test_what_is_not_on_the_path_is_refused(on_path, flip_cost):
    with pytest.raises(ValueError, match=r"flip_cost must be in \[0, 0.9\]"):
        on_path.at_flip_cost(flip_cost)


def test_statistics_of_batches_are_known_at_the_points_only(old):
    model = with_path(old, NORMED)
    for flip_cost in model.update_path_.flip_cost:
        assert model.at_flip_cost(flip_cost).score(X_test, y_test) > 0.7
    with pytest.raises(
        ValueError, match=r"batch normalisation .*\[0.0, 0.3, 0.6, 0.9\]"
    ):
        model.at_flip_cost(0.5)


def test_a_pickle_has_the_path(on_path):
    restored = pickle.loads(pickle.dumps(on_path))
    for flip_cost in (0, 0.5):
        np.testing.assert_array_equal(
            *(
                model.at_flip_cost(flip_cost).predict_proba(X_test)
                for model in (on_path, restored)
            )
        )


def test_only_networks_whose_strength_was_chosen_have_a_path(old, on_path):
    assert hasattr(on_path, "at_flip_cost")
    rows, labels = X_train[:650], y_train[:650]
    linear = PCClassifier(learner(), old_model=old).fit(rows, labels)
    few = PCClassifier(NET, old_model=old).fit(rows[:200], labels[:200])
    stored = PCClassifier(NET).fit(rows, labels, old_proba=old.predict_proba(rows))
    refitted = clone(on_path).fit(rows, labels).set_params(method="none")
    for model in (linear, few, stored, refitted.fit(rows, labels)):
        assert not hasattr(model, "at_flip_cost")
        assert not hasattr(model, "update_path_")


# Out-of-fold answers


@pytest.mark.parametrize(
    ("old", "known"),
    [(KNeighborsClassifier(1), 10), (GaussianNB(var_smoothing=1e-2), 7)],
)
def test_out_of_fold_answers_are_those_of_clones_that_never_saw_the_row(old, known):
    """Rows of classes that it does not know are asked of the old model as it is."""
    seen = y_train < known
    old = clone(old).fit(X_train[seen], y_train[seen])
    proba = old.predict_proba(X_train)
    proba[seen] = cross_val_predict(
        clone(old),
        X_train[seen],
        y_train[seen],
        cv=StratifiedKFold(5),
        method="predict_proba",
    )
    model = PCClassifier(
        learner(), old_model=old, method=FocalKL(strength=0.3), random_state=0
    )
    by_keyword, by_hand = (
        model.fit(X_train, y_train, old_proba=answers).predict_proba(X_test)
        for answers in ("out-of-fold", pd.DataFrame(proba, columns=old.classes_))
    )
    assert by_keyword.shape[1] == 10
    np.testing.assert_array_equal(by_keyword, by_hand)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"old_proba": "in fold"}, ValueError, "out-of-fold"),
        ({"old_proba": "out-of-fold", "old_model": None}, ValueError, "old_model="),
        (
            {"old_proba": "out-of-fold", "old_model": lambda X: X},
            TypeError,
            "clones of the old model",
        ),
    ],
)
def test_out_of_fold_is_refused_where_it_cannot_be(old, arguments, error, message):
    arguments = {"old_model": old, **arguments}
    with pytest.raises(error, match=message):
        PCClassifier(learner()).fit(X_train, y_train, **arguments)


class Counted(GaussianNB):
    """Counts how often it is fitted, in a class attribute."""

    fits = 0

    def fit(self, X, y, sample_weight=None):
        type(self).fits += 1
        return super().fit(X, y, sample_weight)


def test_out_of_fold_answers_are_found_once_for_teachers_and_student():
    old = Counted(var_smoothing=1e-2).fit(X_train, y_train)
    critical = np.arange(900) % 7 == 0
    model = PCClassifier(learner(), old_model=old, method=Match(), random_state=0)
    Counted.fits = 0
    model.fit(X_train, y_train, old_proba="out-of-fold", critical=critical)
    assert Counted.fits == 5
