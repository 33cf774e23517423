"""Plain new models: how many are trained, and what they say together."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from torch import nn

from sklearn_graceful.nn import InMemoryClassifier, isolated_randomness, mlp_net
from sklearn_graceful.training import PlainModels, Training

X, y = load_iris(return_X_y=True)


class Dropping(nn.Sequential):
    """Draws random numbers, so that it cannot be packed."""

    def __init__(self):
        super().__init__(nn.Linear(4, 8), nn.Dropout(0.2), nn.ReLU(), nn.Linear(8, 3))


TREE = DecisionTreeClassifier(max_features=1, max_depth=3)
PACKED = make_pipeline(StandardScaler(), mlp_net((4,), max_epochs=3))
APART = InMemoryClassifier(Dropping, max_epochs=3, train_split=None, verbose=0)
LEARNERS = {"trees": TREE, "packed nets": PACKED, "nets apart": APART}

every_learner = pytest.mark.parametrize("learner", LEARNERS.values(), ids=LEARNERS)


def training(learner, seed=0):
    return Training(learner, X, X, y, seed=seed)


class Says(ClassifierMixin, BaseEstimator):
    """Has one answer for every row."""

    def __init__(self, proba):
        self.proba = proba

    def predict_proba(self, X):
        return np.tile(self.proba, (len(X), 1))


def test_mean_logits_by_hand():
    """Three models in one count three times."""
    one, three = (
        PlainModels([{"estimator_": Says(proba)}], [size])
        for proba, size in (([0.2, 0.8], 1), ([0.4, 0.6], 3))
    )
    both = one + three
    assert (len(both), both.sizes) == (4, [1, 3])
    assert both.first is one.first
    expected = (np.log([0.2, 0.8]) + 3 * np.log([0.4, 0.6])) / 4
    np.testing.assert_allclose(both.mean_logits(X[:2]), [expected, expected])


@pytest.mark.parametrize(
    ("learner", "apart", "sizes"),
    [
        (TREE, None, [1, 1, 1, 1]),
        (TREE, 2, [1, 1]),
        (PACKED, None, [1, 3]),
        (PACKED, 2, [1, 3]),  # together they cost little
        (APART, None, [1, 1, 1, 1]),
        (APART, 2, [1, 1]),
    ],
)
def test_the_first_stays_when_more_are_asked_for(learner, apart, sizes):
    found = training(learner)
    one = found.plain(1)
    assert one.sizes == [1]
    four = found.plain(4, apart)
    assert four.sizes == sizes
    assert four.fitted[0] is one.fitted[0]
    for number in (1, 2, 4):
        assert found.plain(number, apart) is four


@every_learner
def test_none_is_trained_where_none_is_asked_for(learner):
    assert len(training(learner).plain(0)) == 0


@every_learner
def test_they_differ_in_their_seeds(learner):
    found = training(learner)
    with found.own_randomness():
        models = found.plain(3).fitted
    answers = [fitted["estimator_"].predict_proba(X) for fitted in models]
    for i, one in enumerate(answers):
        assert not any(np.array_equal(one, other) for other in answers[:i])


@every_learner
@pytest.mark.parametrize("make_seed", [int, np.random.RandomState, lambda: None])
def test_the_first_is_what_the_fit_would_train_alone(learner, make_seed):
    """Whatever was drawn before it, and however many are asked for."""
    found = training(learner, make_seed())
    with isolated_randomness(9):
        first = found.plain(3).first
    with found.own_randomness():
        alone = found.fit()["estimator_"]
    np.testing.assert_array_equal(first.predict_proba(X), alone.predict_proba(X))


def test_length_of_a_network():
    assert training(PACKED).plain(2).n_epochs == 3
