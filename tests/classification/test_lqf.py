"""LQFClassifier: exact updates of a linearised network, and what it refuses."""

import time

import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from sklearn_graceful import (
    LQFClassifier,
    OldModelMismatchWarning,
    PCClassifier,
    ReferenceModel,
)
from sklearn_graceful.classification._lqf import _dual
from sklearn_graceful.classification._lqf._anchoring import expected_loss
from sklearn_graceful.classification._lqf._choice import LeftOut
from sklearn_graceful.classification._lqf._dual import Dual, SharedKernel
from sklearn_graceful.classification._lqf._folds import _least_share
from sklearn_graceful.metrics import negative_flip_rate
from sklearn_graceful.nn import (
    FrozenTrunk,
    LinearizedModule,
    TangentKernel,
    kronecker_curvature,
    mlp_net,
    to_leaky_relu,
)

# The result of least squares in double precision.
EXACT = {"ridge": 0.3, "dtype": "float64"}


@pytest.fixture(scope="module")
def rows(digits):
    """Scaled rows and labels: old, new, further and test rows."""
    X, y = digits[0] / 16, digits[1]
    parts = np.split(np.arange(1000), [150, 250, 320])
    return [(X[part], y[part]) for part in parts]


@pytest.fixture(scope="module")
def old(rows):
    """A small network on 150 rows, and what a new one starts from."""
    return PCClassifier(mlp_net((8,), max_epochs=60, lr=0.01), random_state=0).fit(
        *rows[0]
    )


@pytest.fixture(scope="module")
def module(old):
    return old.estimator_.module_


@pytest.fixture(scope="module")
def deep(rows):
    """A network with two hidden layers on the same rows."""
    net = mlp_net((12, 8), max_epochs=60, lr=0.01)
    return PCClassifier(net, random_state=0).fit(*rows[0])


@pytest.fixture(scope="module")
def first(rows, old):
    """An update that an anchor of the next one stands for."""
    return LQFClassifier(old_model=old).fit(*rows[0])


@pytest.fixture(name="without_trunk")
def _without_trunk(monkeypatch):
    """Return a function from which on no network has a frozen trunk."""
    return lambda: monkeypatch.setattr(FrozenTrunk, "of", lambda *args: None)


def joined(*parts):
    return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))


def dense_problem(model, X, y, change=None):
    """Jacobian, targets and basis, by torch's own jacobian; before it: `change`."""
    linear, x = model.linear_, torch.as_tensor(X)
    weights = {name: linear.module.get_parameter(name) for name in linear.names}
    jacobian = torch.func.jacrev(
        lambda w: torch.func.functional_call(linear.module, w, (x,))
    )(weights)
    jacobian = torch.cat([part.flatten(2) for part in jacobian.values()], dim=2)
    start = linear.module(x)
    if change is not None:
        start = start + jacobian @ change
    basis = linear.module.basis
    y = torch.as_tensor(np.searchsorted(model.classes_, y))
    logits = start @ basis
    own = logits[torch.arange(len(y)), y]
    others = logits.where(nn.functional.one_hot(y, len(basis.T)) == 0, -torch.inf)
    lacking = (model.target_scale_ - own + others.max(1).values).clamp(min=0)
    return jacobian, lacking[:, None] * basis.T[y], basis


def by_hand(model, X, y, X_test, *, ridge, stay=0.0, right=None):
    """Logits of test rows by scipy-like least squares of the stacked problem."""
    jacobian, target, _ = dense_problem(model, X, y)
    stay = np.zeros(len(y)) if right is None else stay * right
    stacked = [jacobian.flatten(0, 1)]
    stacked.append(
        (jacobian * torch.as_tensor(stay)[:, None, None].sqrt()).flatten(0, 1)
    )
    n_params = jacobian.shape[2]
    stacked.append(ridge**0.5 * torch.eye(n_params, dtype=jacobian.dtype))
    zeros = torch.zeros(target.numel() + n_params, dtype=target.dtype)
    right_side = torch.cat([target.flatten(), zeros])
    update = torch.linalg.lstsq(torch.cat(stacked), right_side[:, None]).solution[:, 0]
    x = torch.as_tensor(X_test)
    moved = dense_problem(model, X_test, y[:1].repeat(len(X_test)))[0] @ update
    outputs = model.linear_.module(x) + moved
    return (outputs @ model.linear_.module.basis).numpy()


# One solution


@pytest.mark.parametrize("solver", ["cholesky", "dual", "cg"])
def test_every_solver_finds_the_least_squares(solver, rows, old):
    (X, y), (X_test, _) = rows[1], rows[3]
    model = LQFClassifier(
        old_model=old, solver=solver, flip_weight=2.0, max_iter=3000, **EXACT
    ).fit(X, y)
    right = old.predict(X) == y
    with torch.no_grad():
        expected = by_hand(model, X, y, X_test, ridge=0.3, stay=2.0, right=right)
    np.testing.assert_allclose(model.decision_function(X_test), expected, atol=1e-8)


def test_batches_come_near_it(rows, old):
    (X, y), (X_test, y_test) = rows[1], rows[3]
    params = {"old_model": old, "ridge": 3.0}
    exact = LQFClassifier(solver="dual", **params).fit(X, y)
    near = LQFClassifier(solver="sgd", max_iter=200, random_state=0, **params).fit(X, y)
    off = near.decision_function(X_test) - exact.decision_function(X_test)
    assert abs(off).mean() < 0.1 * abs(exact.decision_function(X_test)).mean()
    assert abs(near.score(X_test, y_test) - exact.score(X_test, y_test)) < 0.02
    assert near.n_iter_ == 200


def test_the_result_depends_on_neither_order_nor_seed(rows, old):
    (X, y), (X_test, _) = rows[1], rows[3]
    order = np.random.default_rng(0).permutation(len(y))
    model = LQFClassifier(old_model=old, random_state=0, **EXACT)
    first = model.fit(X, y).decision_function(X_test)
    other = clone(model).set_params(random_state=1).fit(X[order], y[order])
    np.testing.assert_allclose(first, other.decision_function(X_test), atol=1e-8)


@pytest.mark.parametrize("solver", ["cholesky", "dual"])
def test_a_weight_counts_as_so_many_rows(solver, rows, old):
    (X, y), (X_test, _) = rows[1], rows[3]
    weight = np.arange(len(y)) % 3
    model = LQFClassifier(old_model=old, solver=solver, **EXACT)
    weighted = model.fit(X, y, sample_weight=weight).decision_function(X_test)
    repeated = clone(model).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(weighted, repeated.decision_function(X_test), atol=1e-8)


# The kernel of rows


@pytest.mark.parametrize("params", ["last", "all"])
def test_one_kernel_is_enough_where_outputs_share_it(params, rows, old):
    (X, y), model = rows[1], LQFClassifier(old_model=old, params=params, **EXACT)
    if params == "all":  # of two classes there is one output
        X, y = X[y < 2], y[y < 2]
        of_two = mlp_net((8,), max_epochs=20, lr=0.01).fit(X, y)
        model.set_params(old_model=of_two)
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y))
    fit = model.fit(X, y, sample_weight=weight)._fit
    left_out = []
    for kind in (Dual, SharedKernel):
        solver = kind(fit.design)
        solver.add(fit.rows)
        asked = fit.rows, fit.prior, [5.0, 7.0], (0.1, 1.0, 10.0)
        left_out.append(solver.left_out(*asked))
    torch.testing.assert_close(*left_out, atol=1e-6, rtol=1e-6)


def test_it_is_the_same_in_small_blocks(rows, old, monkeypatch):
    (X, y), (X_test, _) = rows[1], rows[3]
    model = LQFClassifier(old_model=old, solver="dual", dtype="float64")
    model.fit(X[:40], y[:40])
    whole, influence = model.decision_function(X_test), model.influence(X_test[:9])
    asked, derivatives = [], TangentKernel.derivatives

    def recorded(kernel, x):
        asked.append(len(x))
        return derivatives(kernel, x)

    monkeypatch.setattr(TangentKernel, "derivatives", recorded)
    kernel = model._fit.design.tangent_kernel(
        model._fit.prior.groups, torch.eye(9).double(), torch.as_tensor(X[:2]).double()
    )
    monkeypatch.setattr(_dual, "MAX_NUMBERS", 7 * kernel.row_size)
    model.fit(X[:40], y[:40])
    np.testing.assert_allclose(model.decision_function(X_test), whole, atol=1e-8)
    np.testing.assert_allclose(model.influence(X_test[:9]), influence, atol=1e-8)
    assert max(asked) == 7


# How freely layers before a new last one move


class Rescaled(nn.Module):
    """A layer whose weights are kept a number of times as large as they act."""

    def __init__(self, layer, times):
        super().__init__()
        self.weight = nn.Parameter(times * layer.weight.detach())
        self.bias = nn.Parameter(times * layer.bias.detach())
        self.times = times

    def forward(self, x):
        weights = (weight / self.times for weight in (self.weight, self.bias))
        return nn.functional.linear(x, *weights)


@pytest.mark.parametrize("solver", ["cholesky", "dual"])
def test_it_does_not_depend_on_the_units_of_their_weights(solver, rows, deep):
    (X, y), (X_test, _) = rows[1], rows[3]
    module = deep.estimator_.module_
    layers = [
        Rescaled(layer, 30) if isinstance(layer, nn.Linear) else layer
        for layer in list(module)[:-1]
    ]
    found = [
        LQFClassifier(of, solver=solver, dtype="float64")
        .fit(X, y)
        .decision_function(X_test)
        for of in (module, nn.Sequential(*layers, list(module)[-1]))
    ]
    np.testing.assert_allclose(*found, atol=1e-6)


def test_they_move_only_where_rows_say_so_clearly():
    # Of two shares with two ridges each, losses of four rows; the last counts nothing.
    weight = np.array([1.0, 1.0, 1.0, 0.0])
    small = [[0.5, 0.5, 0.5, 0.0], [0.9, 0.9, 0.9, 0.0]]
    unsure = [[0.6, 0.6, 0.6, 9.0], [0.0, 0.7, 0.5, 9.0]]
    sure = [[0.6, 0.6, 0.6, 9.0], [0.4, 0.4, 0.4, 9.0]]
    assert _least_share(np.array(small + unsure), weight, 2) == 0
    assert _least_share(np.array(small + sure), weight, 2) == 3
    assert _least_share(np.array(sure + small), weight, 2) == 1


# The layers before the weights that change


@pytest.mark.parametrize("start", ["old network", "module"])
@pytest.mark.parametrize("params", ["last", "^[24][.]"])
def test_the_frozen_trunk_changes_nothing(start, params, rows, deep, without_trunk):
    (X, y), (X_test, _) = rows[1], rows[3]
    starts = {"old_model": deep}
    if start == "module":
        starts = {"module": deep.estimator_.module_}
    model = LQFClassifier(params=params, dtype="float64", **starts)

    def answers(model):
        yield model.fit(X[:50], y[:50]).decision_function(X_test)
        yield model.partial_fit(X[50:], y[50:]).decision_function(X_test)
        yield model.forget(X[50:], y[50:]).decision_function(X_test)

    found = list(answers(model))
    assert model.linear_.module.trunk.shape[-1] == (8 if params == "last" else 12)
    np.testing.assert_allclose(found[2], found[0], atol=1e-8)
    without_trunk()
    other = clone(model)
    np.testing.assert_allclose(found, list(answers(other)), atol=1e-8)
    assert other.linear_.module.trunk is None


@pytest.mark.parametrize("params", ["all", "last"])
def test_rows_of_an_update_of_other_layers(params, rows, deep, without_trunk):
    (X, y), (X_test, _) = rows[1], rows[3]
    earlier = LQFClassifier(old_model=deep, params=params, **EXACT).fit(X[:40], y[:40])
    model = LQFClassifier(
        old_model=earlier, params="^[24][.]", anchor="data", solver="dual", **EXACT
    )
    found = model.fit(X[40:80], y[40:80]).decision_function(X_test)
    assert model.linear_.module.trunk.shape[-1] == 12
    without_trunk()
    other = clone(model).fit(X[40:80], y[40:80])
    np.testing.assert_allclose(found, other.decision_function(X_test), atol=1e-8)


class Counted(nn.Linear):
    """Counts how often it runs, its copies included."""

    n_runs = 0

    def forward(self, x):
        Counted.n_runs += 1
        return super().forward(x)


def test_the_frozen_trunk_runs_once(rows, deep):
    frozen, *behind = deep.estimator_.module_.children()
    counted = Counted(64, 12)
    counted.load_state_dict(frozen.state_dict())
    old = ReferenceModel(nn.Sequential(counted, *behind).eval(), classes=np.arange(10))
    runs, steps = [], []
    for ridge in (0.3, 30.0):
        Counted.n_runs = 0
        model = LQFClassifier(
            old_model=old, params="^[24][.]", solver="cg", ridge=ridge
        ).fit(*rows[1])
        runs.append(Counted.n_runs)
        steps.append(model.n_iter_)
    assert max(runs) < 10 < steps[1] < steps[0], (runs, steps)


# From the old model and back


@pytest.mark.parametrize(
    "kind", ["PCClassifier", "Pipeline", "module", "LQFClassifier"]
)
def test_at_step_0_it_is_the_old_model(kind, rows, old, module):
    (X, y), (X_test, _) = rows[1], rows[3]
    if kind == "Pipeline":
        old = make_pipeline(StandardScaler(), mlp_net((8,), max_epochs=60, lr=0.01))
        old.fit(*rows[0])
    elif kind == "module":
        old = ReferenceModel(module, classes=np.arange(10))
    elif kind == "LQFClassifier":
        old = LQFClassifier(old_model=old).fit(X[:60], y[:60])
    new = LQFClassifier(old_model=old).fit(X, y)
    assert (new.predict(X_test) != old.predict(X_test)).any()
    new.set_step(0)
    assert (new.predict(X_test) == old.predict(X_test)).all()


def test_the_old_network_as_the_module_is_the_old_network(rows, old, module):
    (X, y), (X_test, _) = rows[1], rows[3]
    new = LQFClassifier(module, old_model=old).fit(X, y)
    expected = LQFClassifier(old_model=old).fit(X, y)
    np.testing.assert_array_equal(
        new.decision_function(X_test), expected.decision_function(X_test)
    )
    assert (new.set_step(0).predict(X_test) == old.predict(X_test)).all()


def test_the_old_weights_in_other_layers_are_refused(rows, old, module):
    with pytest.raises(ValueError, match="answers are not the old model's"):
        LQFClassifier(to_leaky_relu(module), old_model=old).fit(*rows[1])


def test_it_is_affine_in_the_step(rows, old):
    (X, y), (X_test, _) = rows[1], rows[3]
    model = LQFClassifier(old_model=old, **EXACT).fit(X, y)
    at = {t: model.set_step(t).decision_function(X_test) for t in (0, 0.25, 1)}
    np.testing.assert_allclose(at[0.25], 0.75 * at[0] + 0.25 * at[1], atol=1e-10)


def test_flips_never_decrease_along_the_way(rows, old):
    (X, y), (X_test, y_test) = rows[1], rows[3]
    model = LQFClassifier(old_model=old).fit(X, y)
    path = model.update_path(X_test, y_test)
    assert (np.diff(path.nfr) >= 0).all()
    assert path.nfr[0] == 0 < path.nfr[-1]
    y_old = old.predict(X_test)
    for t in (0.3, 1.0):
        nfr = negative_flip_rate(y_test, model.set_step(t).predict(X_test), y_old=y_old)
        assert nfr == path.nfr[np.flatnonzero(path.t == t)[0]]


def test_staying_with_the_old_model_costs_fewer_flips(rows, old):
    (X, y), (X_test, y_test) = rows[1], rows[3]
    y_old = old.predict(X_test)
    flips = [
        negative_flip_rate(
            y_test,
            LQFClassifier(old_model=old, ridge=0.3, flip_weight=weight)
            .fit(X, y)
            .predict(X_test),
            y_old=y_old,
        )
        for weight in (0, 100)
    ]
    assert flips[1] < flips[0]


def test_critical_rows_are_kept(rows, old):
    X, y = rows[1]
    right = np.flatnonzero(old.predict(X) == y)
    hardest = right[old.predict_proba(X[right]).max(axis=1).argmin()]
    critical = np.arange(len(y)) == hardest
    model = LQFClassifier(old_model=old, ridge=30.0)
    plain, kept = (
        model.fit(X, y, critical=marks).predict_proba(X[[hardest]])[0, y[hardest]]
        for marks in (None, 100.0 * critical)
    )
    assert kept > plain


# Exact updates


@pytest.mark.parametrize("solver", ["cholesky", "dual", "cg"])
def test_partial_fit_equals_a_fit_of_all_and_forget_takes_it_back(solver, rows, old):
    new, further, (X_test, _) = rows[1:]
    model = LQFClassifier(
        old_model=old, solver=solver, flip_weight=0.5, max_iter=3000, **EXACT
    )
    before = model.fit(*new).decision_function(X_test)
    after = model.partial_fit(*further).decision_function(X_test)
    whole = clone(model).set_params(target_scale=model.target_scale_)
    whole.fit(*joined(new, further))
    np.testing.assert_allclose(after, whole.decision_function(X_test), atol=1e-8)
    model.forget(*further)
    np.testing.assert_allclose(before, model.decision_function(X_test), atol=1e-8)


def test_forgotten_rows_leave_no_trace(rows, old):
    new, further, _ = rows[1:]
    model = LQFClassifier(old_model=old, solver="dual").fit(*joined(new, further))
    model.forget(*further)
    known = model._fit.rows.X.numpy()
    assert len(known) == len(new[0])
    with pytest.raises(
        ValueError, match=f"^{len(further[0])} of {len(further[0])} rows"
    ):
        model.forget(*further)


def test_what_was_never_learned_cannot_be_forgotten(rows, old):
    X, y = rows[1]
    model = LQFClassifier(old_model=old, solver="cholesky", ridge=1.0).fit(X, y)
    before = model.decision_function(X)
    for wrong in ((X[:1], (y[:1] + 1) % 10), (rows[2][0][:1], rows[2][1][:1])):
        with pytest.raises(ValueError, match="1 of 1 rows were never learned"):
            model.forget(*wrong)
    with pytest.raises(ValueError, match="1 of 2 rows were never learned"):
        model.forget(X[[0, 0]], y[[0, 0]])
    with pytest.raises(ValueError, match="1 of 1 rows were never learned"):
        model.forget(X[:1], y[:1], sample_weight=[2.0])
    with pytest.raises(ValueError, match="none would be left"):
        model.forget(X, y)
    np.testing.assert_array_equal(model.decision_function(X), before)


def test_the_first_partial_fit_can_name_all_classes(rows, old):
    (X, y), further = rows[1], rows[2]
    few = y < 4
    model = LQFClassifier(mlp_net((8,), max_epochs=9), ridge=0.01, random_state=0)
    with pytest.raises(ValueError, match="y has classes that were unknown"):
        clone(model).partial_fit(X[few], y[few]).partial_fit(*further)
    model.partial_fit(X[few], y[few], classes=np.arange(10)).partial_fit(*further)
    assert model.predict_proba(X).shape == (len(y), 10)
    assert set(model.predict(further[0])) - {0, 1, 2, 3}


# Each row


@pytest.mark.parametrize("solver", ["cholesky", "dual"])
def test_left_out_predictions_and_influence_equal_refits(solver, rows, old):
    (X, y), (X_test, _) = rows[1], rows[3]
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y))
    model = LQFClassifier(
        old_model=old, solver=solver, flip_weight=0.5, target_scale=5.0, **EXACT
    ).fit(X, y, sample_weight=weight)
    left_out, influence = model.loo_predict_proba(), model.influence(X_test[:4])
    whole = model.decision_function(X_test[:4])
    for row in (0, 33, 99):
        rest = np.arange(len(y)) != row
        refit = clone(model).fit(X[rest], y[rest], sample_weight=weight[rest])
        logits = refit.decision_function(X[[row]]) / model.temperature_
        np.testing.assert_allclose(left_out[[row]], softmax(logits, axis=1), atol=1e-8)
        moved = whole - refit.decision_function(X_test[:4])
        np.testing.assert_allclose(influence[:, row], moved, atol=1e-8)


def test_the_ridge_is_the_one_with_the_best_left_out_predictions(rows, old):
    X, y = rows[1]
    model = LQFClassifier(old_model=old, solver="cholesky", dtype="float64").fit(X, y)

    def errors(ridge, scale):
        fixed = clone(model).set_params(ridge=ridge, target_scale=scale).fit(X, y)
        return np.mean(fixed.loo_predict_proba().argmax(axis=1) != y)

    best = model.ridge_, model.target_scale_
    assert errors(*best) == np.mean(model.loo_predict_proba().argmax(axis=1) != y)
    others = [(r * best[0], s * best[1]) for r, s in ((0.001, 1), (30, 1), (1, 0.5))]
    assert all(errors(*best) <= errors(*other) for other in others)
    assert max(errors(*other) for other in others) > errors(*best)


def test_of_equally_few_errors_those_with_few_flips_are_chosen(rows, old, monkeypatch):
    fit = LQFClassifier(old_model=old, **EXACT).fit(*rows[1])._fit
    wrong = np.array([[0.100, 0.103, 0.2], [0.103, 0.106, 0.1]])
    lost = np.array([[0.050, 0.020, 0.0], [0.020, 0.001, 0.03]])
    off = np.array([[1.0, 5.0, 1.0], [1.0, 1.0, 1.0]])
    judge = LeftOut(fit.design, fit.rows, fit.solver)
    monkeypatch.setattr(judge, "errors", lambda *args: (wrong, lost, off))
    prior, scale = judge.choose(fit.prior, [3.0, 6.0], [0.1, 1.0, 10.0])
    # Within half a point: not the row of .106; of two with .02 the smaller scale.
    assert (prior.multiple, scale) == (1.0, 3.0)


def test_the_scale_is_a_margin_of_the_old_network_or_a_few(rows, old):
    (X, y), weight = rows[1], np.arange(1.0, 101.0)
    own = np.abs(margins(LQFClassifier(old_model=old).fit(X, y).set_step(0), X, y))
    order = own.argsort()
    half = np.searchsorted(weight[order].cumsum(), weight.sum() / 2)
    model = LQFClassifier(old_model=old, ridge=1.0).fit(X, y, sample_weight=weight)
    assert model.target_scale_ == pytest.approx(own[order][half], rel=1e-4)
    found = model.set_params(ridge="loo").fit(X, y, sample_weight=weight).target_scale_
    times = found / own[order][half]
    assert min(abs(times - known) for known in (1, 2, 4, 8)) < 1e-3
    # Rows of some classes cannot tell how far others may be outdone.
    few = y < 5
    model.fit(X[few], y[few])
    assert model.target_scale_ == pytest.approx(np.sort(own[few])[(few.sum() - 1) // 2])


def test_both_exact_solvers_choose_the_same_ridge(rows, old):
    ridges = [
        LQFClassifier(old_model=old, solver=solver).fit(*rows[1]).ridge_
        for solver in ("cholesky", "dual")
    ]
    np.testing.assert_allclose(ridges[0], ridges[1], rtol=1e-4)


def test_probabilities_are_as_sure_as_they_are_right(rows, old):
    (X, y), (X_test, y_test) = joined(*rows[1:3]), rows[3]
    proba = LQFClassifier(old_model=old).fit(X, y).predict_proba(X_test)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    sure = proba.max(axis=1).mean()
    assert abs(sure - (proba.argmax(axis=1) == y_test).mean()) < 0.08


# What earlier rows have taught


def half_update(old, rows, **params):
    """Accuracy on all classes before and after an update on half of them."""
    (X, y), (X_test, y_test) = joined(*rows[1:3]), rows[3]
    half = y < 5
    new = LQFClassifier(old_model=old, **params).fit(X[half], y[half])
    return old.score(X_test, y_test), new.score(X_test, y_test), new


@pytest.mark.parametrize("anchor", ["kfac", "data"])
def test_an_update_on_half_of_the_classes_forgets_less(anchor, rows, old):
    first = LQFClassifier(old_model=old).fit(*rows[0])
    far = {"target_scale": 15.0, "ridge": 0.3}
    before, without, _ = half_update(first, rows, anchor=None, **far)
    _, anchored, _ = half_update(first, rows, anchor=anchor, **far)
    assert without < before - 0.1
    assert anchored > without + 0.05


HALVES = {
    "low": lambda y: y < 5,
    "high": lambda y: y >= 5,
    "even": lambda y: y % 2 == 0,
}


def margins(model, X, y):
    """By how much each row's logit exceeds the largest of the others."""
    logits, own = model.decision_function(X), np.eye(10, dtype=bool)[y]
    return logits[own] - np.where(own, -np.inf, logits).max(axis=1)


@pytest.mark.parametrize("half", HALVES)
def test_anchored_classes_that_rows_do_not_show_are_kept(half, rows, first):
    (X, y), (X_test, y_test) = joined(*rows[1:3]), rows[3]
    shown = HALVES[half](y)
    new = LQFClassifier(old_model=first).fit(X[shown], y[shown])
    assert new.score(X_test, y_test) >= first.score(X_test, y_test) - 0.02
    y_old, y_new = first.predict(X_test), new.predict(X_test)
    assert negative_flip_rate(y_test, y_new, y_old=y_old) <= 0.03
    assert new.anchor_strength_ > 1
    # And those of the others came nearer to what they shall be.
    lacking = [
        np.maximum(new.target_scale_ - margins(model, X[shown], y[shown]), 0).sum()
        for model in (first, new)
    ]
    assert lacking[1] < 0.99 * lacking[0]


@pytest.mark.parametrize("params", ["last", "weight$", "bias$"])
def test_the_anchor_of_fewer_weights_is_a_part_of_it(params, rows, first):
    second = LQFClassifier(old_model=first, params=params).fit(*rows[1])
    whole, found = first._fit.curvature(), second._fit.prior.curvature
    where = np.concatenate([np.r_[whole.slices[name]] for name in second.linear_.names])
    dense = whole.multiply(torch.eye(whole.n_params, dtype=torch.float64))
    torch.testing.assert_close(
        found.multiply(torch.eye(len(where), dtype=torch.float64)),
        dense[where][:, where],
    )


def test_an_anchor_that_knows_none_of_the_weights_holds_nothing(rows, old):
    first = LQFClassifier(old_model=old, params="^0[.]").fit(*rows[1])
    again = {"old_model": first, "params": "last"}
    np.testing.assert_array_equal(
        LQFClassifier(**again).fit(*rows[2]).decision_function(rows[3][0]),
        LQFClassifier(anchor=None, **again).fit(*rows[2]).decision_function(rows[3][0]),
    )


def test_the_curvature_of_another_network_is_refused(rows, old):
    other = LinearizedModule(nn.Sequential(nn.Linear(64, 10)))
    curvature = kronecker_curvature(other, [torch.zeros(2, 64)])
    with pytest.raises(ValueError, match="the curvature of another network"):
        LQFClassifier(old_model=old, anchor=curvature).fit(*rows[1])


def test_what_lies_behind_the_last_linear_layer_may_change_alone(
    rows, module, without_trunk
):
    scaled = nn.Sequential(module, nn.BatchNorm1d(10)).eval()
    model = LQFClassifier(scaled, params="^1[.]", ridge=1.0, dtype="float64")
    found = clone(model).fit(*rows[1]).decision_function(rows[3][0])
    without_trunk()
    expected = model.fit(*rows[1]).decision_function(rows[3][0])
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_a_longer_update_is_expected_to_lose_more(rows, first):
    model = LQFClassifier(old_model=first).fit(*rows[1])
    curvature = model._fit.curvature()
    losses = [
        expected_loss(model._design, model._fit.rows, curvature, t * model._update)
        for t in (0.0, 1.0, 10.0, 100.0, 1e6)
    ]
    assert losses[0] == 0
    assert (np.diff(losses) > 0).all()
    assert losses[-1] == pytest.approx(0.5, abs=1e-3)  # of two logits, either


def test_anchored_by_data_a_second_update_equals_one_of_all_rows(rows, old):
    first_rows, second_rows = rows[1:3]
    params = {"target_scale": 5.0, **EXACT}
    first = LQFClassifier(old_model=old, **params).fit(*first_rows)
    second = LQFClassifier(old_model=first, anchor="data", **params).fit(*second_rows)
    # Least squares around the first solution: the outputs on the first rows stay.
    d = first.linear_.change.detach()
    J, _, _ = dense_problem(second, first_rows[0], first_rows[1])
    K, target, _ = dense_problem(second, *second_rows, change=d)
    stacked = torch.cat(
        [J.flatten(0, 1), K.flatten(0, 1), 0.3**0.5 * torch.eye(len(d)).double()]
    )
    right = torch.cat(
        [torch.zeros(J.shape[0] * J.shape[1]), target.flatten(), 0 * d]
    ).double()
    update = torch.linalg.lstsq(stacked, right[:, None]).solution[:, 0]
    torch.testing.assert_close(
        second.linear_.change.detach(), d + update, atol=1e-8, rtol=1e-6
    )


@pytest.mark.parametrize("solver", ["cholesky", "dual", "cg"])
def test_solvers_agree_under_an_anchor(solver, rows, old):
    first = LQFClassifier(old_model=old, **EXACT).fit(*rows[1])
    params = {"old_model": first, "max_iter": 3000, **EXACT}
    exact = LQFClassifier(solver="cholesky", **params).fit(*rows[2])
    other = LQFClassifier(solver=solver, **params).fit(*rows[2])
    X_test = rows[3][0]
    np.testing.assert_allclose(
        exact.decision_function(X_test), other.decision_function(X_test), atol=1e-7
    )


def test_an_anchor_of_rows_of_ones_own(rows, old):
    plain = LinearizedModule(old.estimator_.module_)
    X = torch.as_tensor(rows[0][0], dtype=torch.float32)
    curvature = kronecker_curvature(plain, [X])
    far = {"target_scale": 15.0, "ridge": 0.3}
    before, without, _ = half_update(old, rows, **far)
    _, anchored, _ = half_update(old, rows, anchor=curvature, **far)
    assert without < before - 0.1
    assert anchored > without + 0.05


def test_a_standalone_copy_still_anchors_the_next_update(rows, old):
    first = LQFClassifier(old_model=old).fit(*rows[0])
    alone = first.standalone()
    X_test = rows[3][0]
    np.testing.assert_array_equal(
        alone.predict_proba(X_test), first.predict_proba(X_test)
    )
    _, from_first, _ = half_update(first, rows)
    _, from_alone, _ = half_update(alone, rows)
    assert from_first == from_alone
    with pytest.raises(ValueError, match="does not know what it has learned"):
        alone.partial_fit(*rows[1])
    before = first.predict_proba(X_test)
    assert alone.set_step(0.5).step_ == 0.5
    np.testing.assert_array_equal(first.predict_proba(X_test), before)


# New classes


def test_new_classes_are_learned_and_old_ones_stay(rows, module):
    X, y = joined(*rows[:3])
    X_test, y_test = rows[3]
    known = y < 8
    old = PCClassifier(mlp_net((16,), max_epochs=60, lr=0.01), random_state=0)
    old.fit(X[known], y[known])
    new = LQFClassifier(old_model=old).fit(X, y)
    np.testing.assert_array_equal(new.classes_, np.arange(10))
    assert new.score(X_test[y_test >= 8], y_test[y_test >= 8]) > 0.6
    new.set_step(0)
    np.testing.assert_array_equal(new.predict(X_test), old.predict(X_test))


def test_a_class_is_added_under_an_anchor(rows):
    X, y = joined(*rows[:3])
    X_test, y_test = rows[3]
    known, seen = y < 9, y_test < 9
    old = PCClassifier(mlp_net((16,), max_epochs=60, lr=0.01), random_state=0)
    old.fit(X[known], y[known])
    first = LQFClassifier(old_model=old).fit(X[known], y[known])
    second = LQFClassifier(old_model=first).fit(X[~known], y[~known])
    # Nothing but rows of the new class was shown.
    assert second.score(X_test[~seen], y_test[~seen]) > 0.3
    lost = negative_flip_rate(
        y_test[seen], second.predict(X_test[seen]), y_old=first.predict(X_test[seen])
    )
    assert lost < 0.1


def test_critical_rows_of_new_classes_only(rows):
    X, y = joined(*rows[:3])
    known = y < 9
    old = PCClassifier(mlp_net((8,), max_epochs=60, lr=0.01), random_state=0)
    old.fit(X[known], y[known])
    marks = {"critical": np.ones(np.sum(~known), dtype=bool)}
    model = LQFClassifier(old_model=old, ridge=1.0)
    np.testing.assert_array_equal(
        clone(model).fit(X[~known], y[~known], **marks).decision_function(X),
        clone(model).fit(X[~known], y[~known]).decision_function(X),
    )
    model.fit(X, y).partial_fit(X[~known], y[~known], **marks)
    without = LQFClassifier(old.estimator_.module_).fit(X, y)
    with pytest.raises(ValueError, match="critical needs an old model"):
        without.partial_fit(X[:1], y[:1], critical=[True])


def test_a_pattern_of_weights_may_hold_a_set(rows, old):
    model = LQFClassifier(old_model=old, params="^2[.][^w]", ridge=1.0).fit(*rows[1])
    assert model.linear_.names == ["module.2.bias"]


def test_two_classes_of_one_output_become_three(wine):
    X, y = StandardScaler().fit_transform(wine[0]).astype("float32"), wine[1]
    margin = nn.Linear(13, 1)
    two = LogisticRegression().fit(X[y < 2], y[y < 2])
    with torch.no_grad():
        margin.weight.copy_(torch.as_tensor(two.coef_))
        margin.bias.copy_(torch.as_tensor(two.intercept_))
    old = ReferenceModel(margin, classes=[0, 1])
    new = LQFClassifier(old_model=old).fit(X, y)
    assert new.score(X, y) > 0.9
    new.set_step(0)
    np.testing.assert_array_equal(new.predict(X), old.predict(X))


def test_string_labels(rows, old):
    (X, y), (X_test, _) = rows[1], rows[3]
    names = np.array(list("jihgfedcba"))
    torch_module = old.estimator_.module_
    named = ReferenceModel(torch_module, classes=names)
    by_name = LQFClassifier(old_model=named).fit(X, names[y])
    by_number = LQFClassifier(old_model=old).fit(X, y)
    np.testing.assert_array_equal(
        by_name.predict(X_test), names[by_number.predict(X_test)]
    )


def test_many_classes_of_few_rows():
    rng, y = np.random.default_rng(0), np.repeat(np.arange(60), 3)
    centres = 2 * rng.normal(size=(60, 20))
    X, X_next, X_test = (
        (centres[y] + rng.normal(size=(len(y), 20))).astype("float32") for _ in range(3)
    )
    torch.manual_seed(0)
    backbone = nn.Sequential(nn.Linear(20, 64), nn.Tanh(), nn.Linear(64, 5))
    old = PCClassifier(mlp_net((64,), max_epochs=40, lr=0.01), random_state=0)
    old.fit(X, y)
    start = time.process_time()
    for model in (LQFClassifier(backbone), LQFClassifier(old_model=old)):
        assert model.fit(X_next, y).score(X_test, y) > 0.9
    assert time.process_time() - start < 10


# Without an old network


def test_a_pretrained_module_gets_a_new_last_layer(rows, module):
    (X, y), (X_test, y_test) = rows[1], rows[3]
    two = y < 2
    model = LQFClassifier(module).fit(X[two], np.array(["a", "b"])[y[two]])
    assert model.predict_proba(X_test).shape == (len(X_test), 2)
    of_two = y_test < 2
    assert (
        model.predict(X_test[of_two]) == np.array(["a", "b"])[y_test[of_two]]
    ).mean() > 0.95


def test_with_one_row_a_class_only_the_last_layer_moves(rows, module):
    X, y = rows[1]
    _, first = np.unique(y, return_index=True)
    model = LQFClassifier(module).fit(X[first], y[first])
    probe = LQFClassifier(module, params="last").fit(X[first], y[first])
    X_test = rows[3][0]
    np.testing.assert_allclose(
        model.decision_function(X_test), probe.decision_function(X_test), atol=1e-4
    )


def test_another_old_model_makes_its_rows_count_more(rows, module):
    (X, y), (X_test, _) = rows[1], rows[3]
    linear = LogisticRegression().fit(*rows[0])
    model = LQFClassifier(module, old_model=linear, flip_weight=5.0).fit(X, y)
    weight = 1 + 5.0 * (linear.predict(X) == y)
    weighted = LQFClassifier(module).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(
        model.decision_function(X_test), weighted.decision_function(X_test), rtol=1e-4
    )
    with pytest.raises(ValueError, match="no old network to go back to"):
        model.set_step(0.5)


def test_the_module_is_never_changed(rows, module):
    before = [p.clone() for p in module.parameters()]
    model = LQFClassifier(module).fit(*rows[1])
    clone(model).fit(*rows[2])
    for now, then in zip(module.parameters(), before, strict=True):
        assert torch.equal(now, then)


def test_clones_keep_a_fitted_module_and_copy_an_unfitted_one(rows, old):
    net = old.estimator_
    assert clone(LQFClassifier(net)).module is net
    unfitted = mlp_net((8,), max_epochs=5)
    model = LQFClassifier(unfitted, ridge=1.0)
    search = GridSearchCV(model, {"module__lr": [0.001, 0.01]}, cv=2).fit(*rows[1])
    assert unfitted.lr == 0.001
    assert search.best_estimator_.module is not unfitted


# A budget of flips


def test_a_budget_is_kept_with_one_network(rows, old):
    (X, y), (X_test, y_test) = rows[3], joined(*rows[1:3])
    model = LQFClassifier(
        old_model=old,
        ridge=0.3,
        target_scale=50.0,
        max_nfr=0.03,
        calibration=0.5,
        random_state=0,
    ).fit(X, y)
    assert 0 < model.step_ < 1
    flips = np.isfinite(model.flip_times_) & (model.flip_times_ <= model.step_)
    assert (flips.sum() + 1) / (len(flips) + 1) <= 0.03
    model.partial_fit(X_test, y_test)
    assert (np.sum(model.flip_times_ <= model.step_) + 1) / (len(flips) + 1) <= 0.03


@pytest.mark.slow
def test_over_draws_the_budget_holds_on_average(digits, old):
    X, y = digits[0][150:] / 16, digits[1][150:]
    y_old, found = old.predict(X), []
    train, rest = slice(200), np.arange(200, len(y))
    model = LQFClassifier(old_model=old, ridge=0.3, target_scale=50.0)
    model.fit(X[train], y[train])
    for seed in range(300):
        drawn = np.random.default_rng(seed).permutation(rest)
        held_out, new = drawn[:150], drawn[150:]
        model._calibration_rows = model._design.rows(
            torch.as_tensor(X[held_out], dtype=torch.float32),
            torch.as_tensor(y[held_out]),
            torch.ones(150),
            torch.ones(150),
        )
        model.max_nfr = 0.02
        model._take_solution()
        found.append(
            negative_flip_rate(y[new], model.predict(X[new]), y_old=y_old[new])
        )
    error = np.std(found) / np.sqrt(len(found))
    assert np.mean(found) <= 0.02 + 2 * error
    assert np.mean(found) > 0.01


# What it refuses


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"ridge": -1.0}, "ridge must be positive or 'loo', got -1.0"),
        ({"ridge": "auto"}, "ridge must be positive"),
        ({"target_scale": 0}, "target_scale must be positive or 'auto'"),
        ({"anchor": "both"}, "anchor must be 'kfac', 'data'"),
        ({"solver": "lbfgs"}, "solver must be one of"),
        ({"dtype": "float16"}, "dtype must be one of"),
        ({"flip_weight": -1}, "flip_weight must be >= 0"),
        ({"max_iter": 0}, "max_iter must be 1 or more"),
        ({"max_nfr": 1.0}, r"max_nfr must be a number in \[0, 1\)"),
        ({"max_nfr": 0.1, "calibration": 1.5}, "calibration must be"),
        ({"max_nfr": 0.1, "calibration": 5}, r"calibration must be a share in"),
        ({"params": "tail"}, "params='tail' means no parameter"),
    ],
)
def test_bad_parameters(params, message, rows, old):
    with pytest.raises(ValueError, match=message):
        LQFClassifier(old_model=old, **params).fit(*rows[1])


def test_an_old_model_that_is_no_network(rows):
    linear = LogisticRegression().fit(*rows[0])
    with pytest.raises(TypeError, match=r"The old model is no network .* module="):
        LQFClassifier(old_model=linear).fit(*rows[1])
    with pytest.raises(TypeError, match="module must be a torch module"):
        LQFClassifier(linear).fit(*rows[1])


def test_a_budget_needs_the_old_network(rows, module):
    with pytest.raises(ValueError, match="FlipControlledClassifier controls any two"):
        LQFClassifier(module, max_nfr=0.1).fit(*rows[1])


def test_what_needs_an_exact_solver_says_so(rows, old):
    model = LQFClassifier(old_model=old, solver="cg", ridge=10.0).fit(*rows[1])
    for ask in (model.loo_predict_proba, lambda: model.influence(rows[3][0][:1])):
        with pytest.raises(ValueError, match="needs solver='cholesky' or 'dual'"):
            ask()


def test_new_classes_need_a_linear_last_layer(wine):
    X, y = wine[0].astype("float32"), wine[1]
    old = nn.Sequential(nn.Linear(13, 2), nn.Softmax(dim=1))
    with torch.no_grad():  # it is right on the more frequent of the two
        old[0].weight.zero_()
        old[0].bias.copy_(torch.tensor([0.0, 1.0]))
    with (
        pytest.warns(OldModelMismatchWarning),
        pytest.raises(ValueError, match="last linear layer yields one logit a class"),
    ):
        LQFClassifier(old_model=ReferenceModel(old, classes=[0, 1])).fit(X, y)


def test_too_small_a_number_of_steps_is_said(rows, old):
    with pytest.warns(UserWarning, match="not converged in max_iter=2 steps"):
        LQFClassifier(old_model=old, solver="cg", ridge=0.1, max_iter=2).fit(*rows[1])
