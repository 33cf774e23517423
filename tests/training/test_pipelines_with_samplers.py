"""Pipelines of imbalanced-learn: rows that a step makes or drops."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline as plain_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_graceful import (
    CompatibleEmbedder,
    FlipControlledClassifier,
    PCClassifier,
)
from sklearn_graceful.nn import mlp_net

SMOTE = pytest.importorskip("imblearn.over_sampling").SMOTE
Under = pytest.importorskip("imblearn.under_sampling").RandomUnderSampler
make_pipeline = pytest.importorskip("imblearn.pipeline").make_pipeline


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    y = np.repeat(["rare", "often"], [40, 200])
    X = rng.normal(size=(240, 4)) + (y == "rare")[:, None]
    order = rng.permutation(240)
    return X[order], y[order]


@pytest.fixture(scope="module")
def old(rows):
    return LogisticRegression().fit(rows[0][::3], rows[1][::3])


def smote():
    return SMOTE(random_state=0)


PIPELINES = {
    "sampler first": lambda: make_pipeline(
        smote(), StandardScaler(), LogisticRegression()
    ),
    "sampler last": lambda: make_pipeline(
        StandardScaler(), smote(), LogisticRegression()
    ),
    "rows dropped": lambda: make_pipeline(
        StandardScaler(), Under(random_state=0), LogisticRegression()
    ),
    "inside a Pipeline": lambda: plain_pipeline(
        StandardScaler(), make_pipeline(smote(), LogisticRegression())
    ),
}


@pytest.mark.parametrize("make", PIPELINES.values(), ids=PIPELINES)
def test_labels_alone_are_learned_as_by_the_pipeline(rows, old, make):
    plain = make().fit(*rows).predict_proba(rows[0])
    new = PCClassifier(make(), old_model=old, method="none").fit(*rows)
    np.testing.assert_allclose(new.predict_proba(rows[0]), plain)
    first_release = PCClassifier(make()).fit(*rows)
    np.testing.assert_allclose(first_release.predict_proba(rows[0]), plain)


def test_steps_are_kept_in_a_cache(rows, tmp_path):
    steps = StandardScaler(), smote(), LogisticRegression()
    plain = make_pipeline(*steps).fit(*rows).predict_proba(rows[0])
    cached = make_pipeline(*steps, memory=str(tmp_path))
    for _ in range(2):
        new = PCClassifier(cached, method="none").fit(*rows)
        np.testing.assert_allclose(new.predict_proba(rows[0]), plain)


def test_flip_control_trains_on_resampled_labels(rows, old):
    make = PIPELINES["rows dropped"]
    new = FlipControlledClassifier(make(), calibration=3, random_state=0)
    new.fit(*rows, old_model=old)
    plain = make().fit(*rows).predict_proba(rows[0])
    np.testing.assert_allclose(new.estimator_.predict_proba(rows[0]), plain)


def test_a_network_sees_as_many_of_each_class(rows):
    net = make_pipeline(StandardScaler(), Under(), mlp_net((8,), batch_size=1))
    net.set_params(inmemoryclassifier__max_epochs=1)
    new = PCClassifier(net, method="none", random_state=0).fit(*rows)
    assert new.estimator_[-1].n_steps_ == 2 * 40


@pytest.mark.parametrize("method", ["focal", "focal_kl", "naive", "match"])
def test_weights_and_old_answers_do_not_part_from_rows(rows, old, method):
    new = PCClassifier(PIPELINES["sampler first"](), old_model=old, method=method)
    with pytest.raises(ValueError, match="SMOTE makes or drops rows"):
        new.fit(*rows)


@pytest.mark.parametrize("method", ["elodi", "interpolate", "focal_lm"])
def test_neither_do_they_of_a_network(rows, old, method):
    net = make_pipeline(smote(), mlp_net((8,)))
    with pytest.raises(ValueError, match="SMOTE makes or drops rows"):
        PCClassifier(net, old_model=old, method=method).fit(*rows)


def fit_weighted(rows):
    new = PCClassifier(PIPELINES["rows dropped"](), method="none")
    new.fit(*rows, sample_weight=np.arange(240) + 1)


def fit_weighted_under_control(rows):
    new = FlipControlledClassifier(PIPELINES["rows dropped"]())
    new.fit(*rows, sample_weight=np.arange(240) + 1)


def fit_embedder(rows):
    new = CompatibleEmbedder(PIPELINES["rows dropped"]())
    new.fit(*rows, old_embeddings=rows[0][:, :2])


@pytest.mark.parametrize(
    "fit", [fit_weighted, fit_weighted_under_control, fit_embedder]
)
def test_what_else_belongs_to_rows(rows, fit):
    with pytest.raises(ValueError, match="RandomUnderSampler makes or drops rows"):
        fit(rows)


def test_an_old_network_behind_a_sampler(rows):
    """Rows pass a sampler untouched where they are predicted."""
    net = make_pipeline(
        StandardScaler(), smote(), mlp_net((8,), max_epochs=40, lr=0.05)
    )
    old = PCClassifier(net, method="none", random_state=0).fit(*rows)
    net = plain_pipeline(StandardScaler(), mlp_net((8,), max_epochs=2))
    new = PCClassifier(net, old_model=old, method="interpolate", random_state=0)
    assert new.fit(*rows).score(*rows) > 0.5
