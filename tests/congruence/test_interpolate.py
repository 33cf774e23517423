"""Weight interpolation: what is averaged, how the share is chosen, what is refused."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from torch import nn

from sklearn_graceful import FlipControlledClassifier, PCClassifier, ReferenceModel
from sklearn_graceful.congruence import Interpolate, InterpolationPath
from sklearn_graceful.nn import InMemoryClassifier, mlp_net

NET = mlp_net((16,), max_epochs=5, lr=5e-3)
PIPELINE = make_pipeline(StandardScaler(), NET)


@pytest.fixture(scope="module")
def old(digits):
    X, y = digits
    return PCClassifier(PIPELINE, random_state=0).fit(X[:300], y[:300])


def fit(X, y, old, estimator=PIPELINE, **params):
    model = PCClassifier(estimator, method=Interpolate(**params), old_model=old)
    return model.set_params(random_state=1).fit(X[300:900], y[300:900])


def trained(net, X, y):
    """A skorch net of its own, always the same."""
    return PCClassifier(net, method="none", random_state=0).fit(X, y).estimator_


def weights(model):
    return model.estimator_[-1].module_.state_dict()


# What is averaged


def test_ends_and_middle_of_the_line(digits, old):
    """Without a choice all three fine-tune alike."""
    X, y = digits
    new, third, all_old = (fit(X, y, old, old_share=a) for a in (0.0, 0.3, 1.0))
    for name, tensor in weights(third).items():
        expected = 0.3 * weights(old)[name] + 0.7 * weights(new)[name]
        torch.testing.assert_close(tensor, expected)
        assert torch.equal(weights(all_old)[name], weights(old)[name])
        assert not torch.equal(weights(new)[name], weights(old)[name])
    np.testing.assert_array_equal(all_old.predict_proba(X), old.predict_proba(X))


def test_fine_tuning_starts_from_the_old_weights(digits, old):
    X, y = digits
    still = clone(PIPELINE).set_params(inmemoryclassifier__max_epochs=0)
    untrained = fit(X, y, old, still, old_share=0.0)
    np.testing.assert_array_equal(untrained.predict_proba(X), old.predict_proba(X))


class Counted(nn.Linear):
    """Counts its steps of training."""

    def __init__(self, n_features, n_classes):
        super().__init__(n_features, n_classes)
        self.register_buffer("steps", torch.tensor(0))

    def forward(self, X):
        self.steps += self.training
        return super().forward(X)


@pytest.mark.parametrize(("share", "end"), [(0.0, "new"), (0.25, "new"), (1.0, "old")])
def test_counters_are_not_averaged(digits, share, end):
    X, y = digits
    net = InMemoryClassifier(Counted, batch_size=300, train_split=None, verbose=0)
    old = trained(net.set_params(max_epochs=3), X[:300], y[:300])
    mixed = fit(X, y, old, net.set_params(max_epochs=5), old_share=share)
    steps = {"old": 3, "new": 3 + 2 * 5}
    assert mixed.estimator_.module_.steps.item() == steps[end]


class Normalised(nn.Sequential):
    def __init__(self, n_features, n_classes):
        super().__init__(
            nn.BatchNorm1d(n_features),
            nn.Linear(n_features, 8),
            nn.BatchNorm1d(8),
            nn.ReLU(),
            nn.Linear(8, n_classes),
        )


def test_batch_statistics_are_those_of_the_averaged_network(digits):
    X, y = digits
    net = InMemoryClassifier(
        Normalised, lr=0.1, max_epochs=3, batch_size=600, train_split=None, verbose=0
    )
    old = PCClassifier(net, random_state=0).fit(X[:300] + 5, y[:300])
    new = fit(X, y, old, net, old_share=0.5)
    first, linear, second = list(new.estimator_.module_)[:3]
    rows = torch.tensor(X[300:900], dtype=torch.float32)
    close = {"rtol": 1e-4, "atol": 1e-4}
    torch.testing.assert_close(first.running_mean, rows.mean(dim=0), **close)
    torch.testing.assert_close(first.running_var, rows.var(dim=0), **close)
    with torch.no_grad():
        first.train()
        hidden = linear(first(rows))
    torch.testing.assert_close(second.running_mean, hidden.mean(dim=0), **close)
    assert second.momentum == 0.1
    # The old end of the line keeps its own statistics.
    all_old = fit(X, y, old, net, old_share=1.0)
    np.testing.assert_array_equal(all_old.predict_proba(X), old.predict_proba(X))


def test_fitted_preprocessing_of_the_old_model_is_kept(digits, old):
    X, y = digits
    new = fit(X, y, old)
    np.testing.assert_array_equal(new.estimator_[0].mean_, old.estimator_[0].mean_)
    assert not np.allclose(new.estimator_[0].mean_, X[300:900].mean(axis=0))
    assert new.estimator_[0] is not old.estimator_[0]


def test_nested_pipelines_and_steps_that_pass_through(digits):
    X, y = digits
    nested = make_pipeline("passthrough", MinMaxScaler(), PIPELINE)
    old = PCClassifier(nested, random_state=0).fit(X[:300], y[:300])
    flat = make_pipeline(MinMaxScaler(), StandardScaler(), NET)
    both = [fit(X, y, old, learner, old_share=0.4) for learner in (nested, flat)]
    np.testing.assert_array_equal(*(model.predict_proba(X) for model in both))


# The choice


def test_choice_by_hand():
    path = InterpolationPath(
        old_share=np.array([0.0, 0.2, 0.4, 0.6]),
        error=np.array([0.10, 0.09, 0.09, 0.15]),
        nfr=np.array([0.04, 0.02, 0.02, 0.0]),
    )
    assert path.choose(0.0) == 0.2  # a tie: the smaller share of the old weights
    assert path.choose(0.05) == 0.6
    assert path.choose(0.04) == 0.2


def test_the_chosen_mixing_is_the_paths(digits, old):
    X, y = digits
    new = fit(X, y, old, tolerance=0.02)
    path = new.interpolation_path_
    np.testing.assert_allclose(path.old_share, np.arange(11) / 10)
    assert path.nfr[-1] == 0 < path.nfr[0]
    assert new.method_.old_share == path.choose(0.02) > 0
    assert new.method.old_share is None
    fixed = fit(X, y, old, old_share=0.5)
    assert fixed.method_.old_share == 0.5
    assert not hasattr(fixed, "interpolation_path_")


@pytest.mark.filterwarnings("ignore:The old model is right on")
def test_held_out_rows_are_not_trained_on(digits, old):
    """With labels that nothing but memory can tell, the held-out error is chance."""
    X, y = digits
    y = np.random.default_rng(1).integers(10, size=len(y))
    net = clone(PIPELINE).set_params(
        inmemoryclassifier__max_epochs=60,
        inmemoryclassifier__module__hidden_sizes=(256,),
    )
    first = PCClassifier(net, method="none", random_state=0).fit(X[:300], y[:300])
    new = fit(X, y, first, net, validation_fraction=0.3)
    assert new.interpolation_path_.error[0] > 0.7


def test_all_rows_train_after_the_choice(digits, old):
    X, y = digits
    chosen = fit(X, y, old, tolerance=0.02)
    net = Counting(**clone(NET).get_params(deep=False))
    Counting.rows.clear()
    learner = make_pipeline(StandardScaler(), net)
    same = fit(X, y, old, learner, tolerance=0.02)
    assert Counting.rows[1] == 600 > Counting.rows[0] > 450
    np.testing.assert_array_equal(same.predict_proba(X), chosen.predict_proba(X))
    assert len(chosen.history_) == 5


class Counting(InMemoryClassifier):
    rows = []

    def fit(self, X, y, **fit_params):
        self.rows.append(len(y))
        return super().fit(X, y, **fit_params)


def test_more_tolerance_never_flips_more(digits, old):
    X, y = digits
    nfr = []
    for tolerance in (0.0, 0.02, 1.0):
        new = fit(X, y, old, tolerance=tolerance)
        path = new.interpolation_path_
        nfr.append(path.nfr[np.isclose(path.old_share, new.method_.old_share)][0])
    assert nfr == sorted(nfr, reverse=True)
    assert nfr[-1] == 0


def test_weights_of_rows_count_in_training_and_choice(digits, old):
    X, y = digits
    X, y = X[300:700], y[300:700]
    weight = np.where(y < 5, 1.0, 0.0)
    model = PCClassifier(PIPELINE, method="interpolate", old_model=old, random_state=0)
    new, seen = (
        clone(model).fit(X, labels, sample_weight=weight)
        for labels in (y, np.where(y < 5, y, (y + 1) % 5 + 5))
    )
    np.testing.assert_array_equal(new.predict_proba(X), seen.predict_proba(X))
    assert new.interpolation_path_.nfr.tolist() == seen.interpolation_path_.nfr.tolist()


# Every door and every kind of old network


def as_pipeline(old):
    pipeline = clone(PIPELINE)
    pipeline.steps = [(name, step) for name, step in old.estimator_.steps]
    return pipeline


@pytest.mark.parametrize(
    "wrap",
    [
        lambda old: old,
        ReferenceModel,
        FrozenEstimator,
        lambda old: ReferenceModel(old.estimator_),
        as_pipeline,
        lambda old: make_pipeline(
            "passthrough", old.estimator_[0], FrozenEstimator(old.estimator_[1])
        ),
    ],
    ids=["PCClassifier", "handle", "frozen", "Pipeline", "own Pipeline", "in parts"],
)
def test_every_kind_of_old_network_is_the_same_one(digits, old, wrap):
    X, y = digits
    expected = fit(X, y, old).predict_proba(X)
    np.testing.assert_array_equal(fit(X, y, wrap(old)).predict_proba(X), expected)


def test_torch_modules_and_bare_nets(digits):
    X, y = digits
    X = X / 16
    net = trained(NET, X[:300], y[:300])
    module = ReferenceModel(net.module_, classes=range(10))
    both = [
        fit(X, y, old, NET, old_share=0.5).predict_proba(X) for old in (net, module)
    ]
    np.testing.assert_array_equal(*both)


def test_default_learner_with_an_old_pipeline_of_named_columns(digits):
    X, y = digits
    table = pd.DataFrame(X).add_prefix("pixel")
    old = trained(
        make_pipeline(StandardScaler(), mlp_net(max_epochs=9)), table[:300], y[:300]
    )
    new = PCClassifier(method="interpolate", old_model=old, random_state=0)
    assert new.fit(table[300:900], y[300:900]).score(table[900:], y[900:]) > 0.8


def test_labels_are_names(digits, old):
    X, y = digits
    names = np.array(list("abcdefghij"))
    named_old = PCClassifier(PIPELINE, random_state=0).fit(X[:300], names[y[:300]])
    named = fit(X, names[y], named_old)
    assert (named.predict(X) == names[fit(X, y, old).predict(X)]).all()


def test_search_over_the_mixing(digits, old):
    X, y = digits
    model = PCClassifier(PIPELINE, method=Interpolate(), random_state=0)
    search = GridSearchCV(model, {"method__old_share": [0.0, 1.0]}, cv=2)
    search.fit(X[300:500], y[300:500], old_model=old)
    expected = old.score(X[300:500], y[300:500])
    assert search.cv_results_["mean_test_score"][1] == pytest.approx(expected)


def test_old_model_stays_bit_identical(digits, old):
    X, y = digits
    before = pickle.dumps(old)
    fit(X, y, old).predict(X)
    assert pickle.dumps(old) == before


def test_refit_forgets_the_path(digits, old):
    X, y = digits
    new = fit(X, y, old)
    assert hasattr(new, "interpolation_path_")
    new.set_params(method="none").fit(X[:300], y[:300])
    assert not hasattr(new, "interpolation_path_")


# What is refused, before anything is trained


class Untrainable(InMemoryClassifier):
    def train_step(self, *args, **kwargs):
        raise AssertionError("trained")


REFUSED = {
    "trees": (
        lambda X, y: HistGradientBoostingClassifier(max_iter=2).fit(X, y),
        TypeError,
        "must be a skorch net.* got HistGradientBoostingClassifier",
    ),
    "two models": (
        lambda X, y: FlipControlledClassifier(LogisticRegression(max_iter=9999)).fit(
            X / 16, y
        ),
        TypeError,
        "got FlipControlledClassifier",
    ),
    "ensemble": (lambda X, y: [trained(NET, X, y)] * 2, TypeError, "got list"),
    "width": (
        lambda X, y: trained(mlp_net((5,), max_epochs=20, lr=5e-3), X, y),
        ValueError,
        r"architecture.*shape \(5,\) in the old one and \(16,\) in the new",
    ),
    "depth": (
        lambda X, y: trained(mlp_net((16, 16), max_epochs=20, lr=5e-3), X, y),
        ValueError,
        r"architecture.*2.bias has shape \(16,\) in the old one and \(10,\) in the new",
    ),
    "classes": (
        lambda X, y: PCClassifier(NET).fit(X[y < 8], y[y < 8]),
        ValueError,
        r"they are \[0, 1, 2, 3, 4, 5, 6, 7\]",
    ),
    "order of classes": (
        lambda X, y: ReferenceModel(trained(NET, X, y), classes=range(9, -1, -1)),
        ValueError,
        "in sorted order",
    ),
    "unknown classes": (
        lambda X, y: trained(NET, X, y).module_,
        ValueError,
        "ReferenceModel",
    ),
    "preprocessing": (
        lambda X, y: PCClassifier(PIPELINE).fit(X, y),
        ValueError,
        r"the old one has \['StandardScaler'\], the new one \[\]",
    ),
}


@pytest.mark.parametrize(("make", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_other_old_models_are_refused(digits, make, error, message):
    X, y = digits
    old = make(X[:300], y[:300])
    net = Untrainable(**clone(NET).get_params(deep=False))
    with pytest.raises(error, match=message):
        fit(X, y, old, net)


def test_stored_outputs_alone_are_refused(digits, old):
    X, y = digits
    model = PCClassifier(PIPELINE, method="interpolate")
    with pytest.raises(ValueError, match=r"interpolate .* pass old_model="):
        model.fit(X, y, old_proba=old.predict_proba(X))


@pytest.mark.parametrize(
    "learner", [LogisticRegression(), HistGradientBoostingClassifier()]
)
def test_other_learners_are_refused(digits, old, learner):
    with pytest.raises(ValueError, match="weights of two networks"):
        fit(*digits, old, learner)


def test_nothing_to_choose_on(digits, old):
    X, y = digits
    two_of_each = np.concatenate([np.flatnonzero(y == k)[:2] for k in range(10)])
    model = PCClassifier(PIPELINE, method="interpolate", old_model=old)
    with pytest.raises(ValueError, match="holds out no row"):
        model.fit(X[two_of_each], y[two_of_each])


@pytest.mark.parametrize(
    "params", [{"old_share": 1.5}, {"validation_fraction": 1.0}, {"tolerance": -0.1}]
)
def test_parameters_out_of_bounds(digits, old, params):
    with pytest.raises(ValueError, match=next(iter(params))):
        fit(*digits, old, **params)
