"""Methods that learn from plain new models of their own."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_graceful import PCClassifier
from sklearn_graceful.congruence import ELODI, Muscle
from sklearn_graceful.metrics import churn_rate
from sklearn_graceful.nn import mlp_net

X, y = load_digits(return_X_y=True)
X_train, y_train, X_test, y_test = X[:600], y[:600], X[600:], y[600:]


@pytest.fixture(scope="module")
def old():
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return model.fit(X_train[:150], y_train[:150])


def pipeline():
    return make_pipeline(StandardScaler(), mlp_net((32,), max_epochs=40, batch_size=32))


def fit(method, seed=0, **params):
    model = PCClassifier(pipeline(), method=method, random_state=seed)
    return model.fit(X_train, y_train, **params)


def test_elodi_needs_no_old_model_and_listens_to_none(old):
    alone, with_old, with_proba = (
        fit("elodi"),
        fit("elodi", old_model=old),
        fit("elodi", old_proba=old.predict_proba(X_train)),
    )
    assert isinstance(alone.method_, ELODI)
    assert with_old.reference_.model is old
    for model in (with_old, with_proba):
        np.testing.assert_array_equal(
            alone.predict_proba(X_test), model.predict_proba(X_test)
        )


def test_two_releases_by_elodi_differ_less_than_two_plain_ones():
    churn = {}
    for method in ("none", ELODI(teacher_share=0.95)):
        labels = [fit(method, seed).predict(X_test) for seed in (0, 1, 2)]
        churn[str(method)] = np.mean(
            [
                churn_rate(y_test, labels[i], y_old=labels[j])
                for i, j in ((0, 1), (0, 2), (1, 2))
            ]
        )
    plain, held = churn.values()
    assert held < 0.8 * plain


def test_elodi_flips_of_critical_rows_are_counted(old):
    model = fit("elodi", old_model=old, critical=y_train == 3)
    lost = (y_train == 3) & (old.predict(X_train) == 3) & (model.predict(X_train) != 3)
    assert model.critical_flips_ == lost.sum()


def test_elodi_learns_a_class_that_the_old_model_never_knew(old):
    few = y_train[:150] < 9
    first = make_pipeline(StandardScaler(), LogisticRegression()).fit(
        X_train[:150][few], y_train[:150][few]
    )
    model = fit("elodi", old_model=first, critical=y_train == 0)
    assert np.mean(model.predict(X_test[y_test == 9]) == 9) > 0.8


def test_muscle_listens_to_old_model_and_teacher(old):
    plain = fit("none", old_model=old)
    muscle = fit(Muscle(reference_share=1.0), old_model=old)
    assert muscle.score(X_test, y_test) > old.score(X_test, y_test)
    assert not np.allclose(plain.predict_proba(X_test), muscle.predict_proba(X_test))


@pytest.mark.parametrize("method", ["elodi", "muscle", Muscle(n_teachers=2)])
def test_same_seed_same_predictions(method, old):
    first, second = (fit(method, 3, old_model=old) for _ in range(2))
    np.testing.assert_array_equal(
        first.predict_proba(X_test), second.predict_proba(X_test)
    )
