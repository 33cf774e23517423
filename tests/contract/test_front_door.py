"""What all estimators that replace a model owe their users, whatever the method."""

import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.preprocessing import normalize

from sklearn_graceful import (
    CompatibleEmbedder,
    FlipControlledClassifier,
    OldModelMismatchWarning,
    PCClassifier,
)
from sklearn_graceful.compatibility import BT2
from sklearn_graceful.nn import embedding_net, mlp_net


@pytest.fixture(scope="module")
def old(scaled):
    X, y = scaled
    return LogisticRegression().fit(X[::3], y[::3])


ESTIMATORS = {
    "PCClassifier": lambda old: PCClassifier(LogisticRegression(), method="naive"),
    "FlipControlledClassifier": lambda old: FlipControlledClassifier(
        LogisticRegression(), old_model=old, max_nfr=0.1, random_state=0
    ),
    "CompatibleEmbedder": lambda old: CompatibleEmbedder(
        LogisticRegression(), random_state=0
    ),
}
estimators = pytest.mark.parametrize("make", ESTIMATORS.values(), ids=ESTIMATORS)


@estimators
def test_a_failed_refit_leaves_the_estimator_as_it_was(scaled, old, make):
    X, y = scaled
    estimator = make(old).fit(X, y)
    before = dict(vars(estimator))
    with pytest.raises(ValueError, match="NaN"):
        estimator.fit(X[:, :5], np.full(len(y), np.nan))
    assert vars(estimator).keys() == before.keys()
    assert all(vars(estimator)[name] is before[name] for name in before)
    assert estimator.n_features_in_ == 13


@estimators
def test_a_refit_forgets_the_fit_before(scaled, old, make):
    X, y = scaled
    estimator = make(old).fit(X, y)
    estimator.from_an_earlier_fit_ = True
    estimator.set_params(old_model=None).fit(X[:, :5], y)
    assert not hasattr(estimator, "from_an_earlier_fit_")
    assert estimator.n_features_in_ == 5


@pytest.mark.parametrize("model", [mlp_net(), PCClassifier(mlp_net()), PCClassifier()])
def test_one_dimensional_rows_are_refused_in_a_sentence(scaled, model):
    X, y = scaled
    with pytest.raises(ValueError, match=r"[Rr]eshape"):
        model.fit(X[:, 0], y)


def random_directions(n):
    """Old vectors that say nothing of any class."""
    return normalize(np.random.default_rng(0).normal(size=(n, 2)))


def test_warnings_point_at_the_line_that_fits(scaled, old):
    X, y = scaled
    useless = LogisticRegression().fit(X, np.roll(y, 60))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        PCClassifier(LogisticRegression(), old_model=useless, method="naive").fit(X, y)
        FlipControlledClassifier(
            LogisticRegression(), old_model=old, max_nfr=0.001, random_state=0
        ).fit(X, y)
        CompatibleEmbedder(LogisticRegression()).fit(
            X, y, old_embeddings=random_directions(len(y))
        )
    assert len(caught) == 3
    assert {warning.filename for warning in caught} == {__file__}


class Asked(LogisticRegression):
    """Counts the rows that it is asked about."""

    rows = 0

    def predict_proba(self, X):
        type(self).rows += len(X)
        return super().predict_proba(X)


def test_a_controlled_classifier_is_asked_once_a_row(scaled, old):
    X, y = scaled
    controlled = FlipControlledClassifier(
        Asked(), old_model=old, max_nfr=0.2, random_state=0
    ).fit(X, y)
    assert 0 < controlled.new_share_ <= 1
    Asked.rows = 0
    PCClassifier(LogisticRegression(), old_model=controlled, method="naive").fit(X, y)
    assert Asked.rows == len(X)


def test_a_threshold_of_the_old_models_own_is_respected(scaled):
    """Labels are then not read off the probabilities."""
    X, y = scaled[0], scaled[1] == 0
    likely = LogisticRegression().fit(X[::3], y[::3])
    strict = FixedThresholdClassifier(likely, threshold=0.9).fit(X[::3], y[::3])
    assert (strict.predict(X) != likely.predict(X)).any()
    model = PCClassifier(LogisticRegression(), old_model=strict, method="naive")
    model.fit(X, y)
    np.testing.assert_array_equal(model.reference_.predict(X), strict.predict(X))


def test_useless_old_vectors_are_warned_of_once(scaled):
    X, y = scaled
    useless = random_directions(len(y))
    embedder = CompatibleEmbedder(
        embedding_net((8,), max_epochs=1), method=BT2(extra_dims=2), random_state=0
    )
    with pytest.warns(OldModelMismatchWarning) as caught:
        embedder.fit(X, y, old_embeddings=useless)
    assert len(caught) == 1
