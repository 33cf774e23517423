"""ONNX sessions: every output form of a converted classifier, and plain tensors."""

import pickle
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from sklearn_graceful import PCClassifier
from sklearn_graceful.reference import ReferenceModel

X, y = load_iris(return_X_y=True)
names = load_iris().target_names[y]


class Session:
    """What the handle uses of ``onnxruntime.InferenceSession``."""

    def __init__(self, run, outputs, inputs=(("X", "tensor(float)", [None, 4]),)):
        keys = ("name", "type", "shape")
        parts = [
            [SimpleNamespace(**dict(zip(keys, part, strict=False))) for part in some]
            for some in (inputs, outputs)
        ]
        self.get_inputs, self.get_outputs = (lambda some=some: some for some in parts)
        self._run, self.rows = run, 0

    def run(self, names, feed):
        self.rows += len(next(iter(feed.values())))
        return self._run(feed)


def classifier_session(model, zipmap):
    """Like a LogisticRegression that went through skl2onnx."""

    def run(feed):
        assert feed["X"].dtype == np.float32
        proba = model.predict_proba(feed["X"]).astype(np.float32)
        if zipmap:
            classes = model.classes_.tolist()
            proba = [dict(zip(classes, row, strict=True)) for row in proba.tolist()]
        return [model.predict(feed["X"]), proba]

    kind = "tensor(string)" if model.classes_.dtype.kind == "U" else "tensor(int64)"
    scores = "seq(map(string,tensor(float)))" if zipmap else "tensor(float)"
    return Session(run, [("label", kind), ("probabilities", scores)])


@pytest.mark.parametrize("target", [y, names], ids=["integers", "strings"])
@pytest.mark.parametrize("zipmap", [False, True])
def test_label_and_probabilities_from_one_run(target, zipmap):
    model = LogisticRegression(max_iter=500).fit(X, target)
    session = classifier_session(model, zipmap)
    handle = ReferenceModel(session, classes=None if zipmap else model.classes_)
    assert_array_equal(handle.classes_, model.classes_)
    session.rows = 0
    rows = np.unique(X, axis=0)
    assert_array_equal(handle.predict(rows[:60]), model.predict(rows[:60]))
    proba = handle.predict_proba(rows)
    assert_allclose(proba, model.predict_proba(rows), atol=1e-6)
    assert_allclose(handle.logits(rows), np.log(np.maximum(proba, 1e-7)), atol=1e-6)
    assert session.rows == len(rows)


def test_a_label_output_is_respected_and_needs_no_classes():
    model = LogisticRegression(max_iter=500).fit(X, names)
    handle = ReferenceModel(classifier_session(model, zipmap=False))
    assert handle.classes_ is None
    assert_array_equal(handle.predict(X), model.predict(X))
    with pytest.raises(ValueError, match="classes="):
        handle.predict_proba(X)


def test_label_alone_gives_one_hot_probabilities():
    session = Session(lambda feed: [feed["X"][:, :1] > 6], [("label", "tensor(int64)")])
    proba = ReferenceModel(session, classes=[0, 1]).predict_proba(X)
    assert_array_equal(proba[:, 1], X[:, 0].astype(np.float32) > 6)


def test_classes_relabel_a_zipmap():
    model = LogisticRegression(max_iter=500).fit(X, y)
    labels = np.array(["u", "v", "w"])
    handle = ReferenceModel(classifier_session(model, zipmap=True), classes=labels)
    assert_array_equal(handle.predict(X), labels[model.predict(X)])


def test_one_input_per_column():
    inputs = (("a", "tensor(float)", [None, 1]), ("s", "tensor(string)", [None, 1]))
    session = Session(
        lambda feed: [np.hstack([feed["a"], feed["s"] == "x"])],
        [("embedding", "tensor(float)")],
        inputs,
    )
    frame = pd.DataFrame({"s": ["x", "y"], "a": [1.0, 2.0]})
    handle = ReferenceModel(session)
    assert_array_equal(handle.transform(frame), [[1, 1], [2, 0]])
    with pytest.raises(TypeError, match=r"\['a', 's'\]: X must be a DataFrame"):
        handle.transform(frame.to_numpy())


def real_session(nodes, outputs, initializers=()):
    onnx = pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    graph = onnx.helper.make_graph(
        nodes(onnx.helper.make_node),
        "graph",
        [onnx.helper.make_tensor_value_info("X", onnx.TensorProto.FLOAT, [None, 4])],
        outputs(onnx),
        [onnx.numpy_helper.from_array(value, name) for name, value in initializers],
    )
    versions = [("", 13), ("ai.onnx.ml", 1)]
    model = onnx.helper.make_model(
        graph,
        opset_imports=[onnx.helper.make_opsetid(*version) for version in versions],
        ir_version=8,
    )
    return runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )


def test_real_session_of_a_converted_classifier():
    model = LogisticRegression(max_iter=500).fit(X, names)

    def nodes(make_node):
        shared = {
            "domain": "ai.onnx.ml",
            "classlabels_strings": model.classes_.tolist(),
        }
        linear = {
            "coefficients": model.coef_.ravel().tolist(),
            "intercepts": model.intercept_.tolist(),
            "post_transform": "SOFTMAX",
            "multi_class": 1,
        }
        return [
            make_node(
                "LinearClassifier", ["X"], ["label", "scores"], **linear, **shared
            ),
            make_node("ZipMap", ["scores"], ["probabilities"], **shared),
        ]

    def outputs(onnx):
        value = onnx.TypeProto()
        value.sequence_type.elem_type.map_type.key_type = onnx.TensorProto.STRING
        value.sequence_type.elem_type.map_type.value_type.CopyFrom(
            onnx.helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, None)
        )
        label = onnx.helper.make_tensor_value_info(
            "label", onnx.TensorProto.STRING, [None]
        )
        return [label, onnx.helper.make_value_info("probabilities", value)]

    handle = ReferenceModel(real_session(nodes, outputs))
    assert_array_equal(handle.classes_, model.classes_)
    assert_array_equal(handle.predict(X), model.predict(X))
    assert_allclose(handle.predict_proba(X), model.predict_proba(X), atol=1e-5)


def test_real_session_of_a_network():
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(4, 3)).astype(np.float32)
    session = real_session(
        lambda make_node: [make_node("MatMul", ["X", "weight"], ["scores"])],
        lambda onnx: [
            onnx.helper.make_tensor_value_info(
                "scores", onnx.TensorProto.FLOAT, [None, 3]
            )
        ],
        [("weight", weight)],
    )
    handle = ReferenceModel(session, classes=["u", "v", "w"])
    expected = X.astype(np.float32) @ weight
    assert_allclose(handle.logits(X), expected, rtol=1e-4)
    assert_allclose(handle.transform(X), expected, rtol=1e-4)
    assert_allclose(handle.predict_proba(X), softmax(expected, axis=1), atol=1e-5)


@pytest.fixture
def opened(monkeypatch):
    """A session in place of onnxruntime's, which need not be there."""

    model = LogisticRegression(max_iter=500).fit(X, y)

    class InferenceSession(Session):
        def __init__(self, content, providers=("CPU",)):
            scale = float(content) if isinstance(content, bytes) else 1.0
            super().__init__(
                lambda feed: [scale * model.decision_function(feed["X"])],
                [("out", "tensor(float)")],
            )
            # What onnxruntime keeps: the content, or the path of a file.
            self._model_bytes = content if isinstance(content, bytes) else None
            self.get_providers = lambda: list(providers)

        def __reduce__(self):
            raise TypeError("cannot pickle 'InferenceSession' object")

    monkeypatch.setitem(
        sys.modules, "onnxruntime", SimpleNamespace(InferenceSession=InferenceSession)
    )
    return InferenceSession


def test_a_handle_pickles_the_bytes_of_its_session(opened):
    session = opened(b"2.0", providers=["CUDA", "CPU"])
    for model in (session, [session, session]):
        handle = ReferenceModel(model, classes=[0, 1, 2])
        restored = pickle.loads(pickle.dumps(handle))
        assert_array_equal(restored.predict_proba(X), handle.predict_proba(X))
        assert handle.model is model
    assert restored.model[0].get_providers() == ["CUDA", "CPU"]
    # So do estimators, and processes of a search get them.
    new = PCClassifier(LogisticRegression(), old_model=session)
    restored = pickle.loads(pickle.dumps(new)).old_model
    assert_array_equal(restored.transform(X), ReferenceModel(session).transform(X))
    assert new.old_model is session


def test_a_session_from_a_path_says_what_to_do_when_it_is_pickled(opened):
    old = ReferenceModel(opened("model.onnx"), classes=[0, 1, 2])
    with pytest.raises(TypeError, match=r"read_bytes.*old_proba=.*standalone\(\)"):
        pickle.dumps(old)
    new = PCClassifier(GaussianNB(), method="naive", old_model=old)
    alone = new.fit(X, y).standalone()
    assert_array_equal(
        pickle.loads(pickle.dumps(alone)).predict_proba(X), new.predict_proba(X)
    )
