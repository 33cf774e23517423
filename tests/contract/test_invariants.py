"""Laws of the new model that hold whatever the method's form for a learner."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_graceful import PCClassifier
from sklearn_graceful.congruence import METHODS, Distill, Focal
from sklearn_graceful.nn import mlp_net

LEARNERS = {
    "linear": LogisticRegression(C=100, max_iter=2000),
    "trees": HistGradientBoostingClassifier(max_iter=20),
    "net": mlp_net((16,), max_epochs=40, lr=0.01),
}
NETS_ONLY = ("focal_lm", "conditional", "muscle", "ldi", "elodi")
METHOD_LEARNERS = [
    (method, learner)
    for method in METHODS
    for learner in LEARNERS
    if (learner == "net" or method not in NETS_ONLY)
    # Its old model is a network; tests/congruence/test_interpolate.py has its laws.
    and method != "interpolate"
]


@pytest.fixture(scope="module")
def old(scaled):
    X, y = scaled
    # Half of the columns, so that there is something to gain on it.
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    return model.fit(np.where(np.arange(13) < 4, X, 0)[::4], y[::4])


@pytest.fixture
def warn_always():
    """Warn at each occasion: torch warns of some things once in a process."""
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(before)


def fit(learner, X, y, *, method="focal", old=None, **params):
    model = PCClassifier(LEARNERS[learner], old_model=old, method=method)
    return model.set_params(random_state=0).fit(X, y, **params)


@pytest.mark.parametrize(("method", "learner"), METHOD_LEARNERS)
def test_every_method_learns_on_every_learner(scaled, old, method, learner):
    X, y = scaled
    model = fit(learner, X[::2], y[::2], method=method, old=old)
    assert model.score(X[1::2], y[1::2]) > old.score(X[1::2], y[1::2])
    proba = model.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(model.predict(X), proba.argmax(axis=1))


@pytest.mark.parametrize("method", sorted(METHODS.keys() - {"none", "elodi"}))
def test_without_an_old_model_a_method_is_a_plain_fit(scaled, method):
    """But for one that holds a release to others of its own kind."""
    X, y = scaled
    without, plain = (fit("net", X, y, method=kind) for kind in (method, "none"))
    np.testing.assert_array_equal(without.predict_proba(X), plain.predict_proba(X))


@pytest.mark.parametrize("learner", ["linear", "net"])
def test_distilling_alone_copies_the_old_model(scaled, old, learner):
    """At a share of 1 labels have no say; the more weight, the fewer changes."""
    X, y = scaled
    old_labels = old.predict(X)
    assert (old_labels != y).sum() > 10
    changed = [
        np.sum(
            fit(learner, X, y, method=Distill(share), old=old).predict(X) != old_labels
        )
        for share in (0.0, 0.5, 1.0)
    ]
    assert changed[0] > changed[1] > changed[2]
    assert changed[2] <= 2


@pytest.mark.parametrize("method", ["naive", "distill", Focal(strength=0.1)])
def test_weight_k_is_a_row_k_times(scaled, old, method):
    """For a learner for which the loss is exact, with the old model in the loss."""
    X, y = scaled
    weight = 1 + np.arange(len(y)) % 3
    critical = np.arange(len(y)) % 2 * 1.5
    weighted = fit(
        "linear", X, y, method=method, old=old, sample_weight=weight, critical=critical
    )
    repeated = fit(
        "linear",
        np.repeat(X, weight, axis=0),
        np.repeat(y, weight),
        method=method,
        old=old,
        critical=np.repeat(critical, weight),
    )
    np.testing.assert_allclose(
        weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-3
    )


@pytest.mark.parametrize("learner", LEARNERS)
def test_critical_rows_are_lost_less_often(scaled, old, learner):
    """Rows with the wrong label cost the old model's right answer on their like; with
    weight on the rows that may not be lost, fewer are."""
    X, y = scaled
    right = np.flatnonzero(old.predict(X) == y)
    critical = np.zeros(len(y), dtype=bool)
    critical[right[::5]] = True
    # Each critical row has two twins that say otherwise.
    twins = np.repeat(np.flatnonzero(critical), 2)
    X, y = np.concatenate([X, X[twins]]), np.concatenate([y, (y[twins] + 1) % 3])
    critical = np.concatenate([critical, np.zeros(len(twins), dtype=bool)])
    lost = {}
    for weight in (0, 10):
        model = fit(learner, X, y, method="naive", old=old, critical=weight * critical)
        wrong = critical & (model.predict(X) != y)
        lost[weight] = wrong.sum()
        assert model.critical_flips_ == (wrong.sum() if weight else 0)
    assert lost[10] < lost[0] / 3
    marked = fit(learner, X, y, method="naive", old=old, critical=critical)
    assert marked.critical_flips_ == lost[10]  # True counts as 10


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_row_is_predicted_alike_in_any_company(scaled, old, learner):
    X, y = scaled
    model = fit(learner, X, y, old=old)
    proba = model.predict_proba(X)
    rng = np.random.default_rng(0)
    for _ in range(20):
        order = rng.permutation(len(X))
        np.testing.assert_array_equal(model.predict_proba(X[order]), proba[order])
    single = np.concatenate([model.predict_proba(row[None]) for row in X[:20]])
    np.testing.assert_allclose(single, proba[:20], rtol=1e-5)


@pytest.mark.parametrize("learner", LEARNERS)
def test_read_only_rows(scaled, old, learner, warn_always):
    """Memory-mapped data, and what joblib hands to its workers, cannot be written."""
    X, y = scaled
    read_only = X.copy()
    read_only.flags.writeable = False
    model = fit(learner, read_only, y, old=old)
    expected = fit(learner, X, y, old=old)
    np.testing.assert_array_equal(
        model.predict_proba(read_only), expected.predict_proba(X)
    )


@pytest.mark.parametrize("learner", LEARNERS)
def test_single_and_double_precision_rows(scaled, old, learner):
    X, y = scaled
    model = fit(learner, X.astype(np.float32), y, old=old)
    expected = fit(learner, X, y, old=old)
    assert np.mean(model.predict(X.astype(np.float32)) == expected.predict(X)) > 0.97


def test_a_chain_of_updates(scaled, old):
    """A new model is the next one's old model, twice, however it is stored."""
    X, y = scaled
    second = fit("linear", X[::3], y[::3], old=old)
    third = fit("trees", X[1::3], y[1::3], old=second)
    fourth = PCClassifier(LEARNERS["trees"], old_model=third, method="distill")
    fourth = clone(fourth).fit(X[2::3], y[2::3])
    assert fourth.old_model.model is third
    assert third.reference_.model is second
    assert second.reference_.model is old
    assert fourth.score(X, y) > old.score(X, y)
