"""The old model sees every row once, and what is remembered is never stale."""

import gc
import pickle
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import _num_samples
from torch import nn

from sklearn_graceful.reference import ReferenceModel
from sklearn_graceful.reference._memory import RowMemory

X, y = load_iris(return_X_y=True)
X = np.unique(X, axis=0)  # no row twice
y = (X[:, 2] > 2.5).astype(int) + (X[:, 2] > 4.9)


class Counting(GaussianNB):
    """Notes the rows it is asked about, as any logging model would."""

    _predicts_most_probable = True

    def predict(self, X):
        raise AssertionError("read off the probabilities instead")

    def predict_proba(self, X):
        self.asked_ = (*getattr(self, "asked_", ()), X.shape[0])
        return super().predict_proba(X)

    @property
    def rows_asked(self):
        return sum(self.asked_)


@pytest.fixture
def model():
    """Return a fitted model that counts."""
    return Counting().fit(X, y)


def shuffled(seed):
    return np.random.default_rng(seed).permutation(y)


def counting_function():
    asked = []

    def count(rows):
        asked.append(rows)
        return np.zeros((_num_samples(rows), 2))

    return ReferenceModel(count), asked


EXPECTED = GaussianNB().fit(X, y).predict_proba(X)


def test_across_methods_and_requests(model):
    handle = ReferenceModel(model)
    proba = handle.predict_proba(X)
    for rows in (X, X[::-1], X[20:40], X[[3, 3, 5]]):
        handle.predict(rows)
    assert_array_equal(handle.predict_proba(X[::-1]), proba[::-1])
    assert model.rows_asked == len(X)


def test_only_new_rows_are_asked_in_one_call_and_equal_ones_once(model):
    handle = ReferenceModel(model)
    order = np.random.default_rng(0).integers(0, 60, size=400)
    assert_array_equal(handle.predict_proba(X[order]), EXPECTED[order])
    assert_array_equal(handle.predict_proba(X), EXPECTED)
    assert len(model.asked_) == 2
    assert model.rows_asked == len(X)


@pytest.mark.parametrize("wrap", [lambda model: model, FrozenEstimator, make_pipeline])
def test_across_handles_of_one_model(wrap, model):
    wrapped = wrap(model)
    first, second = ReferenceModel(wrapped), ReferenceModel(wrapped)
    first.predict(X)
    second.predict_proba(X)
    assert clone(first) is first
    assert model.rows_asked == len(X)


def test_answers_of_another_width_are_refused():
    handle = ReferenceModel(lambda rows: np.zeros((len(rows), len(rows))))
    handle.transform(X[:2])
    with pytest.raises(ValueError, match=r"shape \(2,\) before and of shape \(3,\)"):
        handle.transform(X[:5])


def test_across_threads(model):
    handle = ReferenceModel(model)
    starts = list(range(0, 60, 5)) * 4
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: handle.predict_proba(X[i : i + 80]), starts))
    for start, proba in zip(starts, found, strict=True):
        assert_array_equal(proba, EXPECTED[start : start + 80])
    assert model.rows_asked == len(np.unique([range(i, i + 80) for i in set(starts)]))


def test_torch_modules_see_every_row_once_by_any_method():
    asked = []
    module = nn.Linear(4, 3)
    module.register_forward_hook(lambda _, args, out: asked.append(len(args[0])))
    handle = ReferenceModel(module, classes=[0, 1, 2])
    for name in ("predict", "predict_proba", "logits", "transform"):
        getattr(handle, name)(X)
    assert sum(asked) == len(X)


FRAME = pd.DataFrame(X, columns=list("abcd")).assign(
    text=[f"item {i % 7}" for i in range(len(X))],
    mixed=[(1, "1", None, 1.0, True)[i % 5] for i in range(len(X))],
    kind=pd.Categorical(np.array(["u", "v"])[np.arange(len(X)) % 2]),
    nullable=pd.array([None if i % 3 else i for i in range(len(X))], dtype="Int64"),
    day=pd.date_range("2020-01-01", periods=len(X)),
    small=np.arange(len(X), dtype=np.int8),
)

CONTAINERS = {
    "float64": X,
    "float32": X.astype(np.float32),
    "fortran": np.asfortranarray(X),
    "images": X.reshape(-1, 1, 2, 2),
    "strings": FRAME["text"].to_numpy(dtype="U8") + [str(i) for i in range(len(X))],
    "objects": FRAME[["a", "text", "mixed", "small"]].to_numpy(dtype=object),
    "frame": FRAME,
    "numeric frame": FRAME[list("abcd")],
    "series": FRAME["day"],
    "csr": sparse.csr_array(np.where(X > 3, X, 0) * np.arange(1, len(X) + 1)[:, None]),
    "csc": sparse.csc_matrix(X),
    "list of rows": X.tolist(),
    "list of texts": [f"text {i}" for i in range(len(X))],
    "tensor": torch.tensor(X),
}


@pytest.mark.parametrize("rows", CONTAINERS.values(), ids=CONTAINERS)
def test_every_container_keeps_its_type_and_its_rows_apart(rows):
    handle, asked = counting_function()
    part = rows.iloc[:50] if hasattr(rows, "iloc") else rows[:50]
    for some in (part, rows, rows):
        handle.transform(some)
    assert list(map(_num_samples, asked)) == [50, len(X) - 50]
    assert all(getattr(a, "dtype", None) is not None for a in asked) or all(
        type(a) is type(rows) for a in asked
    )


UNTELLABLE = np.array([[object()], [object()]], dtype=object)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.array([[1, 2]]), np.array([[1.0, 2.0]])),
        (np.zeros((1, 2, 3)), np.zeros((1, 3, 2))),
        (np.array([[1, "1"]], dtype=object), np.array([["1", 1]], dtype=object)),
        ([["a", "b"]], [["a, b"]]),
        (pd.DataFrame({"a": [1.0]}), pd.DataFrame({"b": [1.0]})),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": ["1"]})),
        (
            pd.DataFrame({"a": pd.Categorical(["u"], ["u", "v"])}),
            pd.DataFrame({"a": pd.Categorical(["u"], ["v", "u"])}),
        ),
        (sparse.csr_array([[1.0, 0]]), sparse.csr_array([[0, 1.0]])),
        (sparse.csr_array([[1.0, 0]]), sparse.csr_array([[1.0, 0, 0]])),
        (UNTELLABLE, UNTELLABLE),  # which is therefore asked every time
    ],
)
def test_rows_that_a_model_could_tell_apart_are_told_apart(one, other):
    handle, asked = counting_function()
    handle.transform(one)
    handle.transform(other)
    assert len(asked) == 2


class TestRefitted:
    @pytest.mark.parametrize(
        ("model", "refit"),
        [
            # Freed arrays must not pass for new ones.
            (LogisticRegression(), lambda m, i: m.fit(X, shuffled(i))),
            (SGDClassifier("log_loss"), lambda m, _: m.partial_fit(X[:50], y[:50])),
            (
                RandomForestClassifier(3, warm_start=True),
                lambda m, i: m.set_params(n_estimators=9 + i).fit(X, y),
            ),
        ],
        ids=["fit", "partial_fit", "warm start"],
    )
    def test_estimator(self, model, refit):
        model.set_params(random_state=0).fit(X, y)
        handle = ReferenceModel(model)
        handle.predict(X)
        for i in range(5):
            refit(model, i)
            assert_array_equal(handle.predict_proba(X), model.predict_proba(X))

    @pytest.mark.parametrize("wrap", [lambda m: m, FrozenEstimator, lambda m: [m]])
    def test_nested_estimator(self, wrap):
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
        handle = ReferenceModel(wrap(model))
        handle.predict(X)
        model[0].fit(X * 5)
        assert_array_equal(handle.logits(X), model.decision_function(X))

    def test_optimizer_step(self):
        module = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
        handle = ReferenceModel(module, classes=[0, 1, 2])
        before = handle.logits(X)
        optimizer = torch.optim.SGD(module.parameters(), lr=0.5)
        inputs = torch.tensor(X, dtype=torch.float32)
        nn.functional.cross_entropy(module(inputs), torch.tensor(y)).backward()
        optimizer.step()
        after = handle.logits(X)
        assert np.abs(after - before).min() > 0
        module[1].running_mean += 1
        assert np.abs(handle.logits(X) - after).min() > 0

    def test_module_inside_a_closure_method_or_partial(self):
        module = nn.Linear(4, 3)

        def embed(rows, factor=1):
            with torch.no_grad():
                return factor * module(torch.tensor(rows, dtype=torch.float32))

        class Holder:
            def __init__(self):
                self.module = module

            def embed(self, rows):
                return embed(rows)

        models = embed, partial(embed, factor=2), Holder().embed
        handles = list(map(ReferenceModel, models))
        before = [handle.transform(X) for handle in handles]
        with torch.no_grad():
            module.weight.mul_(2)
        for handle, old in zip(handles, before, strict=True):
            assert np.abs(handle.transform(X) - old).max() > 0

    def test_without_a_request_in_between_that_could_be_remembered(self):
        """A request without memory must not hide that the model changed."""
        model = GaussianNB().fit(X, y)
        handle = ReferenceModel(model)
        handle.predict_proba(X)
        model.fit(X, y[::-1])
        handle.predict_proba(np.ma.masked_array(X))
        assert_array_equal(handle.predict_proba(X), model.predict_proba(X))


def test_memory_is_bounded(monkeypatch, model):
    handle = ReferenceModel(model)
    room = 60 * (3 * 8 + 160)  # for 60 rows
    monkeypatch.setattr(RowMemory, "max_bytes", room)
    for start in (0, 30, 60, 90, 0):
        part = slice(start, start + 40)
        assert_array_equal(handle.predict_proba(X[part]), EXPECTED[part])
        assert 0 < handle._memory.nbytes <= 1.25 * room
    # More than there is room for is answered all the same.
    assert_array_equal(handle.predict_proba(X), EXPECTED)
    assert handle._memory.nbytes <= 1.25 * room


def test_memory_and_model_die_with_the_last_handle():
    model = Counting().fit(X, y)  # a fixture would keep it alive
    handle, second = ReferenceModel(model), ReferenceModel(model)
    handle.predict(X)
    memory, ghost = weakref.ref(handle._memory), weakref.ref(model)
    del model, handle
    second.predict(X)
    assert ghost().rows_asked == len(X)
    del second
    gc.collect()
    assert memory() is None
    assert ghost() is None


def test_pickles_hold_the_model_but_no_memory(tmp_path):
    handle = ReferenceModel(GaussianNB().fit(X, y), classes=["u", "v", "w"])
    fresh = pickle.dumps(handle)
    handle.predict(X)
    stored = pickle.dumps(handle)
    assert len(stored) == len(fresh)
    joblib.dump(handle, tmp_path / "handle")
    for again in (pickle.loads(stored), joblib.load(tmp_path / "handle")):
        assert_array_equal(again.predict_proba(X), handle.predict_proba(X))
        assert_array_equal(again.predict(X), handle.predict(X))


def test_travels_to_worker_processes():
    handle = ReferenceModel(lambda rows: rows[:, :2] * 2)
    transform = joblib.delayed(handle.transform)
    found = joblib.Parallel(n_jobs=2)(map(transform, (X[:5], X[5:9])))
    assert_array_equal(np.concatenate(found), X[:9, :2] * 2)
