"""A search for small query models of a large gallery model."""

import pickle

import numpy as np
import pytest
from scipy.stats import randint
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import FitFailedWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_graceful import CompatibleEmbedder
from sklearn_graceful.compatibility import Focal
from sklearn_graceful.metrics import compatibility_matrix
from sklearn_graceful.model_selection import (
    Candidate,
    CompatibleSearchCV,
    pareto_front,
)
from sklearn_graceful.nn import ModelCost, embedding_net, model_cost

X, y = load_digits(return_X_y=True)
X, y = X[:600] / 16, y[:600]
SIZES = "estimator__module__hidden_sizes"
GRID = {SIZES: [(2,), (4,), (8,), (16,), (300,)]}


@pytest.fixture(scope="module")
def large():
    net = embedding_net(max_epochs=20)
    return CompatibleEmbedder(net, embedding_dim=8, random_state=0).fit(X, y)


@pytest.fixture
def small():
    return CompatibleEmbedder(embedding_net(max_epochs=3, lr=0.01), random_state=0)


@pytest.fixture
def search(small, large):
    return CompatibleSearchCV(
        small, GRID, old_model=large, max_macs=2000, cv=2, random_state=0
    )


def test_only_what_is_affordable_is_trained(search, monkeypatch):
    trained = []
    fit = CompatibleEmbedder.fit

    def spy(self, X, y, **params):
        trained.append(self.get_params()[SIZES])
        return fit(self, X, y, **params)

    monkeypatch.setattr(CompatibleEmbedder, "fit", spy)
    search.fit(X, y)
    assert set(trained) == {(2,), (4,), (8,), (16,)}
    (over,) = search.over_budget_
    assert over.params == {SIZES: (300,)}
    assert over.cost.macs == 64 * 300 + 300 * 8


def test_it_is_a_search_like_any_other(search, small):
    assert search.fit(X, y) is search
    results = search.cv_results_
    assert results["n_resources"].tolist() == [200] * 4 + [600] * 2
    assert search.n_candidates_ == [4, 2]
    last = results["mean_test_score"][4:]
    assert search.best_score_ == last.max()
    assert search.best_index_ == 4 + last.argmax()
    assert search.best_params_ == results["params"][search.best_index_]
    best = clone(search.best_estimator_)
    assert best.get_params()[SIZES] == search.best_params_[SIZES]
    np.testing.assert_array_equal(
        search.transform(X), search.best_estimator_.transform(X)
    )
    assert len(search.get_feature_names_out()) == 8
    assert search.n_features_in_ == 64
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(search)).transform(X), search.transform(X)
    )
    assert not hasattr(small, "estimator_")


def test_the_objective_rewards_both_qualities(search, large):
    search.fit(X, y)
    for name in ("split0", "split1"):
        figures = [search.cv_results_[f"{name}_test_{f}"] for f in ("cross", "self")]
        product = search.cv_results_[f"{name}_test_score"]
        np.testing.assert_allclose(product, figures[0] * figures[1])
    versions = [large.transform(X), search.transform(X)]
    values = compatibility_matrix(versions, labels=y, measure="recall@1").values
    assert search.score(X, y) == pytest.approx(values[1].prod())
    for objective, expected in {
        "cross": values[1, 0],
        "self": values[1, 1],
        max: values[1].max(),
    }.items():
        search.objective = objective
        assert search.score(X, y) == pytest.approx(expected)


def test_what_each_costs_and_which_are_not_beaten(search):
    search.fit(X, y)
    macs = {size: 64 * size[0] + 8 * size[0] for size in GRID[SIZES]}
    for candidate in search.candidates_:
        assert candidate.cost.macs == macs[candidate.params[SIZES]]
        assert candidate.n_resources in (200, 600)
    sizes = [params[SIZES] for params in search.cv_results_["params"]]
    assert search.cv_results_["macs"].tolist() == [macs[size] for size in sizes]
    best = max(search.candidates_, key=lambda c: c.score)
    assert search.pareto_front_[-1].params == best.params
    assert search.cost_ == "macs"
    chosen = search.best_candidate_
    assert (chosen.params, chosen.score) == (search.best_params_, search.best_score_)
    # The large model was trained on these rows.
    assert search.old_self_ > chosen.cross


def test_the_front():
    def candidate(macs, score):
        return Candidate({}, ModelCost(macs, -macs, 0), score)

    few = [candidate(*pair) for pair in [(2, 0.4), (1, 0.3), (3, 0.4), (2, 0.2)]]
    lost = candidate(1, float("nan"))
    front = pareto_front([*few, lost])
    assert [(c.cost.macs, c.score) for c in front] == [(1, 0.3), (2, 0.4)]
    front = pareto_front(few, cost="params")
    assert [(c.cost.macs, c.score) for c in front] == [(3, 0.4)]
    assert pareto_front([lost]) == []
    # One that failed, and is the cheapest, hides no other.
    assert len(pareto_front([lost, few[0]])) == 1
    with pytest.raises(ValueError, match="latency of a candidate was not measured"):
        pareto_front(few, cost="latency")


def test_more_epochs_as_the_resource_and_no_refit(search):
    search.set_params(
        resource="estimator__max_epochs", max_resources=6, factor=2, refit=False
    ).fit(X, y)
    assert search.cv_results_["n_resources"].tolist() == [1] * 4 + [2] * 2 + [4]
    assert search.best_index_ == 6
    assert search.best_params_["estimator__max_epochs"] == 4
    assert not hasattr(search, "best_estimator_")
    assert [c.n_resources for c in search.candidates_].count(4) == 1


def test_sampled_architectures_of_a_pipeline(small, large):
    pipeline = make_pipeline(StandardScaler(), small.estimator)
    small.set_params(estimator=pipeline)
    names = [f"estimator__neuralnet__{n}" for n in ("lr", "batch_size")]
    search = CompatibleSearchCV(
        small,
        {names[0]: [0.003, 0.01], names[1]: randint(32, 200)},
        old_model=large,
        n_candidates=3,
        max_latency=10,
        cv=2,
        random_state=0,
    ).fit(X, y, sample_weight=np.ones(len(y)))
    assert len(search.candidates_) == 3
    assert all(candidate.cost.latency > 0 for candidate in search.candidates_)
    assert search.cost_ == "latency"
    again = clone(search).fit(X, y)
    assert again.best_params_ == search.best_params_


def test_weights_count_in_the_score(search, small, large):
    score, weak = (
        search._scorer(),
        small.set_params(old_model=large).fit(X[:90], y[:90]),
    )
    by_class = [
        score(weak, X, y, sample_weight=(y == label).astype(float))["cross"]
        for label in range(10)
    ]
    assert len(set(by_class)) > 1  # else the weights had no say
    whole = np.average(by_class, weights=np.bincount(y))
    assert score(weak, X, y)["cross"] == pytest.approx(whole)


def test_not_everything_is_drawn_where_nothing_is_affordable(search):
    many = {SIZES: [(n,) for n in range(100, 1100)]}
    search.set_params(param_distributions=many, max_macs=10, n_candidates=2)
    with pytest.raises(ValueError, match="None of 40 architectures"):
        search.fit(X, y)


def test_a_candidate_that_fails_gets_the_error_score(search):
    methods = [Focal(), Focal(scale=1e9)]
    search.set_params(param_distributions={"method": methods}, error_score="raise")
    search.set_params(max_macs=None)
    with pytest.raises(ValueError, match="scale"):
        search.fit(X, y)
    search.set_params(error_score=0.0)
    with pytest.warns(FitFailedWarning):
        search.fit(X, y)
    assert search.best_params_ == {"method": methods[0]}
    assert sorted(c.score for c in search.candidates_)[0] == 0


def test_workers_find_the_same(search):
    alone, together = clone(search).fit(X, y), clone(search).set_params(n_jobs=2)
    together.fit(X, y)
    np.testing.assert_array_equal(
        alone.cv_results_["mean_test_score"], together.cv_results_["mean_test_score"]
    )


def test_clones_share_the_old_model(search, large):
    copies = [clone(search), clone(clone(search))]
    assert all(copy.old_model is search._shared_reference() for copy in copies)


@pytest.mark.parametrize(
    ("params", "error", "match"),
    [
        ({"max_macs": 10}, ValueError, r"None of 5 .* max_macs=10.* cheapest .*\(2,\)"),
        ({"estimator": embedding_net()}, TypeError, "CompatibleEmbedder"),
        ({"old_model": None}, ValueError, "needs old_model"),
        ({"objective": "best"}, ValueError, "objective must be"),
        ({"n_candidates": 0}, ValueError, "n_candidates"),
        ({"max_params": -1}, ValueError, "max_params"),
    ],
)
def test_what_cannot_be_searched(search, params, error, match):
    with pytest.raises(error, match=match):
        search.set_params(**params).fit(X, y)
    assert not hasattr(search, "cv_results_")


def test_the_cost_is_that_of_what_comes_out(search):
    search.fit(X, y)
    macs = search.cv_results_["macs"][search.best_index_]
    assert model_cost(search, X, latency=False).macs == macs
