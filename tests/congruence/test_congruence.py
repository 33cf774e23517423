"""Every loss against a per-sample reference written from its formula."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from sklearn_graceful import PCClassifier, compatibility
from sklearn_graceful._method import as_method
from sklearn_graceful.congruence import (
    ELODI,
    LDI,
    METHODS,
    Conditional,
    Congruence,
    Distill,
    Focal,
    FocalKL,
    FocalLM,
    Muscle,
    Naive,
    NoCongruence,
)
from sklearn_graceful.nn import mlp_net
from sklearn_graceful.training import PlainModels, Training

rng = np.random.default_rng(0)
N, K = 40, 5
Z_NEW, Z_OLD, Z_TEACHER = rng.normal(scale=3, size=(3, N, K))
Y = rng.integers(K, size=N)
OLD_RIGHT = Z_OLD.argmax(axis=1) == Y


class Row(NamedTuple):
    """Logits of the new, the old and the teachers' mean model, and the rest."""

    new: np.ndarray
    old: np.ndarray
    teacher: np.ndarray
    y: int
    ok: bool  # the old model is right

    @property
    def label(self):
        return cross_entropy(self.new, self.y)


def log_softmax(z):
    z = z - max(z)
    return z - np.log(sum(np.exp(z)))


def cross_entropy(z, y):
    return -log_softmax(z)[y]


def tempered_kl(z_old, z_new, temperature):
    p, q = log_softmax(z_old / temperature), log_softmax(z_new / temperature)
    return temperature**2 * sum(np.exp(p) * (p - q))


def squared_distance(z_old, z_new):
    return sum((z_new - z_old) ** 2) / len(z_new) / 2


def inhibited(z_ref, z_new, xi, p):
    terms = (max(abs(a - b) - xi, 0) ** p for a, b in zip(z_new, z_ref, strict=True))
    return sum(terms) / len(z_new)


def conditional(r):
    if cross_entropy(r.old, r.y) >= r.label:
        return r.label
    return 0.6 * r.label + 0.4 * tempered_kl(r.old, r.new, 2)


def muscle(r):
    is_wrong = list(r.new).index(max(r.new)) != r.y
    divergence = tempered_kl(r.old if is_wrong else r.teacher, r.new, 2)
    return 0.3 * r.label + 0.7 * divergence


# One row's loss, from the method's formula.
REFERENCES = [
    (NoCongruence(), lambda r: r.label),
    (Naive(strength=2.0), lambda r: r.label * (1 + 2 * r.ok)),
    (
        Distill(old_share=0.3, temperature=2.0),
        lambda r: 0.7 * r.label + 0.3 * tempered_kl(r.old, r.new, 2),
    ),
    (
        FocalKL(strength=0.5, alpha=1, beta=5, temperature=100.0),
        lambda r: r.label + 0.5 * (1 + 5 * r.ok) * tempered_kl(r.old, r.new, 100),
    ),
    (
        FocalLM(strength=0.1, alpha=2, beta=3),
        lambda r: r.label + 0.1 * (2 + 3 * r.ok) * squared_distance(r.old, r.new),
    ),
    (
        FocalLM(strength=0.02, alpha=1, beta=5),
        lambda r: r.label + 0.02 * (1 + 5 * r.ok) * squared_distance(r.old, r.new),
    ),
    (
        LDI(strength=0.2, p=3.0, xi=0.7),
        lambda r: r.label + 0.2 * inhibited(r.old, r.new, 0.7, 3),
    ),
    (LDI(strength=0.2), lambda r: r.label + 0.2 * inhibited(r.old, r.new, 0.5, 2)),
    (Conditional(old_share=0.4, temperature=2.0), conditional),
    (
        ELODI(teacher_share=0.7),
        lambda r: 0.3 * r.label + 0.7 * inhibited(r.teacher, r.new, 0, 2),
    ),
    (
        ELODI(teacher_share=0.7, p=1.5, xi=0.2),
        lambda r: 0.3 * r.label + 0.7 * inhibited(r.teacher, r.new, 0.2, 1.5),
    ),
    (Muscle(reference_share=0.7, temperature=2.0), muscle),
]
METHOD_OBJECTS = [method for method, _ in REFERENCES]


def references(method, old, teacher):
    """What a method compares with, of the two."""
    if isinstance(method, Muscle):
        return [old, teacher]
    return [teacher if isinstance(method, ELODI) else old]


@pytest.mark.parametrize(("method", "reference"), REFERENCES, ids=lambda m: str(m)[:20])
def test_loss_equals_the_per_sample_reference(method, reference):
    rows = zip(Z_NEW, Z_OLD, Z_TEACHER, Y, OLD_RIGHT, strict=True)
    expected = [reference(Row(*row)) for row in rows]
    new, old, teacher = map(torch.tensor, (Z_NEW, Z_OLD, Z_TEACHER))
    compared = references(method, old, teacher)
    loss = method.loss(new, torch.tensor(Y), compared, OLD_RIGHT)
    assert loss.shape == (N,)
    np.testing.assert_allclose(loss.numpy(), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("method", METHOD_OBJECTS, ids=str)
def test_loss_passes_gradcheck(method):
    z_new = torch.tensor(Z_NEW[:6], requires_grad=True)
    old, teacher = torch.tensor(Z_OLD[:6]), torch.tensor(Z_TEACHER[:6])
    rest = torch.tensor(Y[:6]), references(method, old, teacher), OLD_RIGHT[:6]
    assert torch.autograd.gradcheck(lambda z: method.loss(z, *rest), (z_new,))


def test_focal_kl_at_temperature_100_keeps_its_factor():
    # T^2 KL tends to half the squared distance of centred logits over K as T grows.
    centred = (Z_NEW - Z_OLD) - (Z_NEW - Z_OLD).mean(axis=1, keepdims=True)
    method = FocalKL().suited_to("net")
    assert method.temperature == 100
    divergence = method.divergence(
        torch.tensor(Z_NEW), method.target(torch.tensor(Z_OLD)), torch.tensor(Y)
    )
    np.testing.assert_allclose(divergence, (centred**2).mean(axis=1) / 2, rtol=0.1)


def centred(logits):
    return logits - logits.mean(axis=1, keepdims=True)


class Teacher:
    """A plain new model that says what it is told to."""

    def predict_proba(self, X):
        return np.exp(Z_TEACHER)


def training(known=None, **weights):
    """What methods train a net with; the old model knows all or some classes."""
    known = np.ones(K, dtype=bool) if known is None else known
    proba = torch.softmax(torch.tensor(Z_OLD[:, known]), dim=1).numpy()
    old_proba = pd.DataFrame(proba, columns=np.flatnonzero(known))
    X = np.arange(N)[:, None]
    return Training(mlp_net(), X, X, Y, old_proba=old_proba, **weights)


class Caught(Exception):
    """Holds the objective that a net would have been trained on."""


def objective(method, training):
    def catch(loss=None, name=None):
        raise Caught(training.plain_loss(training.labels) if loss is None else loss)

    training.fit = catch
    if not isinstance(method, NoCongruence):  # it trains a plain model of its own
        training.plain = lambda number: PlainModels([{"estimator_": Teacher()}], [1])
    with pytest.raises(Caught) as caught:
        method.train(training)
    objective = caught.value.args[0]
    objective.criterion = torch.nn.CrossEntropyLoss()
    return objective


ROWS = torch.tensor([3, 0, 17, 39])


@pytest.mark.filterwarnings("ignore:The old model is right on")
@pytest.mark.parametrize("sample_weight", [None, rng.uniform(0.5, 2, size=N)])
@pytest.mark.parametrize("method", METHOD_OBJECTS, ids=str)
def test_net_objective_is_the_weighted_mean_of_the_loss(method, sample_weight):
    given = training(sample_weight=sample_weight)
    z_new, y = torch.tensor(Z_NEW, dtype=torch.float32), torch.tensor(Y)
    log_proba = np.array([log_softmax(z) for z in Z_OLD])
    old, teacher = (
        torch.tensor(centred(z)).float()
        for z in (np.maximum(log_proba, np.log(1e-6)), Z_TEACHER)
    )
    loss = method.loss(z_new, y, references(method, old, teacher), OLD_RIGHT)
    if sample_weight is not None:
        loss = loss * torch.tensor(sample_weight)
    shares = objective(method, given)(z_new[ROWS], y[ROWS], ROWS)
    torch.testing.assert_close(shares, loss[ROWS].float() / 4, rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:The old model is right on")
@pytest.mark.parametrize(
    "method",
    [
        Conditional(old_share=0.4),
        Muscle(reference_share=0.7),
        LDI(strength=0.2),
        ELODI(teacher_share=0.7),
    ],
)
def test_what_the_old_model_never_knew_takes_no_part(method):
    """Labels are found among the classes that the old model knows."""
    known = np.array([True, False, True, True, False])
    given = training(known)
    loss = objective(method, given)
    rows = torch.tensor(np.flatnonzero(known[Y]))
    z_new, y = torch.tensor(Z_NEW).float()[rows], torch.tensor(Y)[rows]
    penalty = loss(z_new, y, rows)
    loss.old_weight = None
    penalty = penalty - loss(z_new, y, rows)
    columns = np.ones(K, dtype=bool) if isinstance(method, ELODI) else known
    names = np.cumsum(columns) - 1
    old, teacher = (
        torch.tensor(centred(z[:, columns])).float()
        for z in (given.old.log_proba(), Z_TEACHER)
    )
    target = method.target(*references(method, old, teacher))[rows]
    divergence = method.divergence(
        z_new[:, columns], target, torch.tensor(names[Y])[rows]
    )
    strength = method.old_weight(given.old.right)[0]
    expected = strength * divergence / len(rows)
    torch.testing.assert_close(penalty, expected, rtol=1e-4, atol=1e-5)


class CountsTwiceWhereRight(Congruence):
    """A method of one's own, registered nowhere."""

    def label_weight(self, old_right):
        return np.where(old_right, 2.0, 1.0)

    def old_weight(self, old_right):
        return np.full(len(old_right), 5.0)

    def divergence(self, new_logits, target, y):
        return (new_logits - target).abs().mean(dim=1)


def test_a_method_of_ones_own_is_one_class():
    X, y = load_iris(return_X_y=True)
    X = ((X - X.mean(axis=0)) / X.std(axis=0)).astype(np.float32)
    old = LogisticRegression(C=0.01).fit(X[::3], y[::3])
    method = CountsTwiceWhereRight()
    net = mlp_net((16,), lr=0.01, max_epochs=30)
    plain, own = (
        PCClassifier(net, method=m, random_state=0).fit(X, y, old_model=old)
        for m in ("none", method)
    )
    assert isinstance(own.method_, CountsTwiceWhereRight)
    assert own.method_ is not method

    def distance(model):
        return np.abs(model.predict_proba(X) - old.predict_proba(X)).mean()

    assert distance(own) < 0.5 * distance(plain)


def test_a_divergence_that_is_no_number_a_row_is_refused():
    class Column(CountsTwiceWhereRight):
        def divergence(self, new_logits, target, y):
            return super().divergence(new_logits, target, y)[:, None]

    z_new, y = torch.tensor(Z_NEW).float()[ROWS], torch.tensor(Y)[ROWS]
    with pytest.raises(ValueError, match=r"one number a row, .*got shape \(4, 1\)"):
        objective(Column(), training())(z_new, y, ROWS)


def test_logistic_regression_finds_the_minimum_of_the_congruent_loss():
    X, y = load_iris(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    old = LogisticRegression(C=0.01).fit(X[::3], y[::3])
    method = FocalKL(strength=0.5, temperature=1.0)
    model = PCClassifier(LogisticRegression(C=1e4, max_iter=5000), method=method)
    model.fit(X, y, old_model=old)

    def loss(coef, intercept):
        z, z_old = X @ coef.T + intercept, old.predict_log_proba(X)
        right = old.predict(X) == y
        parts = torch.tensor(z), torch.tensor(y), [torch.tensor(z_old)], right
        return method.loss(*parts).sum().item()

    inner = model.estimator_
    least = loss(inner.coef_, inner.intercept_)
    for _ in range(20):
        nudge = rng.normal(scale=0.05, size=inner.coef_.shape)
        assert loss(inner.coef_ + nudge, inner.intercept_) > least


# What a learner without soft labels is given: weighted copies of rows


class Told(ClassifierMixin, BaseEstimator):
    """Learns nothing, and keeps what it is given."""

    def fit(self, X, y, sample_weight=None):
        self.rows, self.labels, self.weight = X[:, 0], y, sample_weight
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def told(method, old_proba, y, **params):
    """The weight that is put on each class (n, n_classes) of each row."""
    model = PCClassifier(Told(), method=method)
    model.fit(np.arange(len(y))[:, None], y, old_proba=old_proba, **params)
    learner, classes = model.estimator_, np.unique(y)
    weight = np.zeros((len(y), len(classes)))
    places = learner.rows, np.searchsorted(classes, learner.labels)
    np.add.at(weight, places, learner.weight)
    return weight


@pytest.mark.filterwarnings("ignore:The old model is right on")
@pytest.mark.parametrize(
    "method",
    [
        Distill(old_share=0.4),
        FocalKL(strength=0.3, temperature=1.0),
        Focal(strength=0.2),
    ],
)
def test_soft_labels_equal_the_loss_up_to_a_constant(method):
    z_old = Z_OLD / 4  # no class so unlikely that it is dropped
    weight = told(method, torch.softmax(torch.tensor(z_old), dim=1).numpy(), Y)
    if isinstance(method, Focal):
        method = FocalKL(strength=0.2, temperature=1.0)

    def by_labels(z):
        return -sum(weight[row] @ log_softmax(z[row]) for row in range(N))

    def direct(z):
        z, old = torch.tensor(z), torch.tensor(z_old)
        return method.loss(z, torch.tensor(Y), [old], OLD_RIGHT).sum().item()

    other = rng.normal(size=(N, K))
    assert by_labels(Z_NEW) - by_labels(other) == pytest.approx(
        direct(Z_NEW) - direct(other)
    )


FOCUSED = FocalKL(strength=1, alpha=1, beta=5, temperature=1.0)
SOFT_LABELS = {
    "a small class is dropped, and the row keeps its weight": (
        FOCUSED,
        [[0.9995, 0.0005, 0.0], [0.2, 0.3, 0.5], [0.0, 1.0, 0.0]],
        [0, 2, 1],
        [[7.0, 0.0, 0.0], [6 * 0.2, 6 * 0.3, 1 + 6 * 0.5], [0.0, 7.0, 0.0]],
    ),
    "a row of a class new to the old model learns from its label alone": (
        Distill(old_share=0.25),
        pd.DataFrame([[0.7, 0.3], [0.4, 0.6], [0.5, 0.5]]),
        [0, 1, 2],
        [[0.75 + 0.175, 0.075, 0], [0.1, 0.75 + 0.15, 0], [0, 0, 1]],
    ),
    # Row 0: the old model said "c", so it was wrong, also if "a" leads the rest.
    "a class that only the old model knew is kept out of the targets": (
        FOCUSED,
        pd.DataFrame([[0.2, 0.2, 0.6], [0.1, 0.9, 0], [0, 0, 1.0]], columns=[*"abc"]),
        ["a", "b", "a"],
        [[1 + 0.5, 0.5], [6 * 0.1, 1 + 6 * 0.9], [1, 0]],
    ),
}


@pytest.mark.filterwarnings("ignore:The old model is right on 33.3%")
@pytest.mark.parametrize(
    ("method", "old_proba", "y", "expected"), SOFT_LABELS.values(), ids=SOFT_LABELS
)
def test_soft_labels_by_hand(method, old_proba, y, expected):
    np.testing.assert_allclose(told(method, old_proba, np.array(y)), expected)


def test_critical_rows_weigh_more_only_where_the_old_model_is_right():
    proba, y = np.eye(2)[[0, 1, 0, 1, 1]], np.array([0, 0, 0, 1, 1])
    weight = told("none", proba, y, critical=np.array([4.0, 4.0, 0.0, 0.0, 0.0]))
    np.testing.assert_array_equal(weight, [[5, 0], [1, 0], [1, 0], [0, 1], [0, 1]])


def test_names_give_methods_of_ones_own():
    for name, kind in METHODS.items():
        assert isinstance(as_method(name, Congruence, METHODS), kind)
    method = FocalLM(strength=3)
    own = as_method(method, Congruence, METHODS)
    assert own is not method
    assert own.strength == 3


@pytest.mark.parametrize(
    ("methods", "page"), [(METHODS, "methods"), (compatibility.METHODS, "embedders")]
)
def test_every_method_has_its_line_in_the_guide(methods, page):
    text = (Path(__file__).parents[2] / "doc" / f"{page}.rst").read_text()
    assert not [name for name in methods if f'``"{name}"``' not in text]


@pytest.mark.parametrize("name", METHODS)
def test_methods_are_cloned_with_their_parameters(name):
    method = METHODS[name]()
    for parameter in method.get_params():
        method.set_params(**{parameter: 0.125})
    assert clone(method).get_params() == method.get_params()


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (
            Distill(old_share=1.5),
            r"Distill: old_share must be a number in \[0, 1\], got 1.5",
        ),
        (FocalKL(temperature=0), "temperature"),
        (FocalLM(beta=-1), "beta"),
        (Naive(strength=float("nan")), "strength"),
        (Focal(alpha="strong"), "alpha"),
        (LDI(p=0.5), r"LDI: p must be a number in \[1, inf\)"),
        (LDI(xi=-0.1), "xi"),
        (ELODI(teacher_share=1.2), "teacher_share"),
        (ELODI(n_teachers=0), "n_teachers"),
        (ELODI(n_teachers=2.5), "ELODI: n_teachers must be whole, got 2.5"),
        (Muscle(n_teachers=1.5), "whole"),
        (Muscle(reference_share=-1), "reference_share"),
        (Conditional(old_share=2), "old_share"),
        (Conditional(temperature=0), "temperature"),
    ],
)
def test_parameters_out_of_bounds_are_refused(method, message):
    with pytest.raises(ValueError, match=message):
        as_method(method, Congruence, METHODS)


def test_parameters_without_meaning_for_boosted_trees_are_refused():
    X, y = load_iris(return_X_y=True)
    old = LogisticRegression(max_iter=1000).fit(X[::3], y[::3])
    trees = PCClassifier(HistGradientBoostingClassifier(max_iter=3), old_model=old)
    fitted = trees.set_params(method=Focal(strength=2.0)).fit(X, y)
    assert fitted.method_.strength == 2.0
    with pytest.raises(ValueError, match="alpha and beta"):
        trees.set_params(method=Focal(beta=10)).fit(X, y)
