"""Plain networks of folds: what they say of rows that they never saw, and who may."""

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, TargetEncoder
from torch import nn

from sklearn_graceful.nn import InMemoryClassifier, mlp_net
from sklearn_graceful.training import Training

X, y = load_iris(return_X_y=True)
NET = mlp_net((16,), max_epochs=40, lr=0.02, batch_size=16)
SCALED = make_pipeline(StandardScaler(), NET)


class Normed(nn.Sequential):
    """Has statistics of batches, so that it cannot be packed."""

    def __init__(self, n_features, n_classes):
        super().__init__(nn.BatchNorm1d(n_features), nn.Linear(n_features, n_classes))


def cross_fit(estimator, X=X, y=y):
    training = Training(estimator, X, X, y, seed=0)
    with training.own_randomness():
        return training.cross_fit(), training


def test_rows_are_judged_by_networks_that_did_not_see_them():
    noise = np.random.default_rng(0).integers(3, size=150)  # nothing to learn
    spread = np.random.default_rng(1).normal(size=(150, 4))
    net = mlp_net((64,), max_epochs=150, lr=0.02, batch_size=16)
    fit, _ = cross_fit(net, spread, noise)
    by_heart = fit.models.mean_logits(spread).argmax(axis=1)
    assert np.mean(by_heart == noise) > 0.8
    out_of_fold = fit.log_proba.argmax(axis=1)
    assert np.mean(out_of_fold == noise[fit.rows]) < 0.5


def test_all_rows_but_a_handful_are_judged_once():
    fit, _ = cross_fit(SCALED)
    assert len(fit.rows) == 144  # eight equal folds
    assert len(np.unique(fit.rows)) == 144
    assert np.bincount(y[fit.rows]).min() >= 44
    np.testing.assert_allclose(np.exp(fit.log_proba).sum(axis=1), 1, rtol=1e-5)
    assert np.mean(fit.log_proba.argmax(axis=1) == y[fit.rows]) > 0.9


def test_they_are_the_teachers_from_then_on_beside_the_plain_fit():
    fit, training = cross_fit(SCALED)
    assert fit.models.sizes == [1, 8]
    assert training.plain(4) is fit.models
    alone = Training(SCALED, X, X, y, seed=0)
    with alone.own_randomness():
        plain = alone.plain(1).first
    np.testing.assert_array_equal(
        fit.models.first.predict_proba(X), plain.predict_proba(X)
    )


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(),
        InMemoryClassifier(Normed, train_split=None, verbose=0),
        make_pipeline(SelectKBest(k=2), NET),
        make_pipeline(make_column_transformer((TargetEncoder(), [0])), NET),
    ],
    ids=["no network", "batch norm", "looks at labels", "an inner step does"],
)
def test_others_have_none(estimator):
    assert cross_fit(estimator)[0] is None


def test_few_rows_have_none():
    assert cross_fit(NET, X[48:54], y[48:54])[0] is None
