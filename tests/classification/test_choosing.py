"""The default method chooses its strength on rows that it was not trained on."""

from types import SimpleNamespace

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
)
from sklearn_graceful.training import cheapest

X, y = load_digits(return_X_y=True)
X_train, y_train, X_test, y_test = X[:900], y[:900], X[900:], y[900:]


@pytest.fixture(scope="module")
def old():
    return GaussianNB(var_smoothing=1e-3).fit(X[:150], y[:150])


def learner():
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))


def test_the_cheapest_on_held_out_rows_is_trained_on_all_rows(old):
    model = PCClassifier(learner(), old_model=old, random_state=0)
    model.fit(X_train, y_train)
    figures = model.choice_
    assert isinstance(figures[0].method, NoCongruence)
    assert [f.method.old_share for f in figures[1:]] == [0.2, 0.3, 0.45, 0.6]
    assert any(model.method_ is f.method for f in figures)
    # It is the model that its method makes when no choice is left.
    same = PCClassifier(learner(), old_model=old, method=model.method_, random_state=0)
    np.testing.assert_array_equal(
        same.fit(X_train, y_train).predict_proba(X_test), model.predict_proba(X_test)
    )
    assert not hasattr(same, "choice_")


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


def test_the_default_is_kept_against_chance():
    default, better = np.repeat([1.0, 0.0], [20, 80]), np.repeat([1.0, 0.0], [12, 88])
    worse = np.repeat([1.0, 0.0], [30, 70])
    # A gain of 8 of 100 rows, with a standard error of 2.7.
    assert cheapest(np.array([worse, better, default]), default=2) == 1
    # As many rows get worse as 2 less than get better: 2 of 100, standard error 4.
    mixed = np.roll(default, 19)
    mixed[:3] = 0
    assert cheapest(np.array([worse, mixed, default]), default=2) == 2
    # Rows of weight 0 do not count.
    weight = np.repeat([1.0, 0.0, 1.0], [12, 8, 80])
    assert cheapest(np.array([worse, better, default]), 2, weight) == 2


class Known(Congruence):
    """Trains nothing, and is wrong on chosen rows of the 400 that are held out."""

    def __init__(self, wrong=()):
        self.wrong = wrong

    def train(self, training):
        return {"estimator_": self.wrong}


FEW = Known([*range(4), *range(200, 216)])  # 4 flips, 16 other mistakes
NO_FLIPS = Known([*range(200, 240)])  # 40 other mistakes


class Rows:
    """A training in two parts; the old model has the first 200 rows right."""

    y = np.zeros(400)
    old = SimpleNamespace(right=np.arange(400) < 200)
    sample_weight = None

    def __init__(self, critical):
        self.critical = critical

    def hold_out(self, share):
        return self, self

    def plain_loss(self):
        return None

    def fit(self, loss):
        return {"estimator_": [*range(10)]}  # 10 flips

    def is_wrong(self, wrong):
        return np.isin(np.arange(400), wrong)


def choose_among_known(flip_cost, critical=None):
    focal = Focal(flip_cost=flip_cost)
    return focal._choose([FEW, NO_FLIPS], FEW, Rows(critical))


@pytest.mark.parametrize(
    ("flip_cost", "expected"),
    [
        (0, None),  # plain: costs 10, 20 and 40: 10 less, standard error 4.7
        (1, FEW),  # costs 20, 24 and 40: 4 less, standard error 6.3
        (1000, NO_FLIPS),  # costs 10010, 4020 and 40: 3980 less, standard error 1992
    ],
)
def test_flip_cost_decides(flip_cost, expected):
    figures, chosen = choose_among_known(flip_cost)
    assert isinstance(chosen, NoCongruence) if expected is None else chosen is expected
    assert [f.error for f in figures] == [0.025, 0.05, 0.1]
    assert [f.nfr for f in figures] == [0.025, 0.01, 0]


def test_flips_of_critical_rows_cost_more():
    old_right = np.arange(400) < 200
    for critical, expected in ((old_right, NO_FLIPS), (~old_right, FEW)):
        figures, chosen = choose_among_known(1, critical=999.0 * critical)
        assert chosen is expected
        # A flip is one flip among those that are counted.
        assert [f.nfr for f in figures] == [0.025, 0.01, 0]


def test_nothing_is_chosen_on_a_handful_of_rows(old):
    model = PCClassifier(learner(), old_model=old, random_state=0)
    model.fit(X_train[:300], y_train[:300])
    assert not hasattr(model, "choice_")
    assert model.method_.old_share == 0.45


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
    seen = np.array([row.tobytes() in Recorder.fitted_on[0] for row in X_train])
    assert 0 < (~seen).sum() <= 180
    model.fit(X_train, y_train, sample_weight=seen.astype(float))
    assert not hasattr(model, "choice_")


@pytest.mark.parametrize(
    "method", [Focal(flip_cost=-1), Focal(validation_fraction=0), Focal(strength=-1)]
)
def test_bad_parameters_are_refused(method):
    with pytest.raises(ValueError, match="Focal: "):
        as_method(method, Congruence, METHODS)


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
