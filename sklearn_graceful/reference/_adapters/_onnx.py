"""ONNX sessions: label and probability outputs of classifiers, or one plain tensor."""

from functools import cached_property

import numpy as np

from sklearn_graceful._containers import as_array
from sklearn_graceful._frames import column_names, columns_of
from sklearn_graceful.reference._adapters._base import Adapter
from sklearn_graceful.reference._adapters._raw_scores import RawScoresAdapter

_DTYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
    "tensor(string)": object,
}
_LABEL_TYPES = ("tensor(int64)", "tensor(string)")


def onnx_adapter(model, classes):
    """Adapter of a session, by its first output: labels or scores."""
    is_classifier = model.get_outputs()[0].type in _LABEL_TYPES
    return (OnnxClassifier if is_classifier else OnnxScores)(model, classes)


class OnnxScores(RawScoresAdapter):
    """A session with one plain tensor."""

    def answer(self, question, X):
        return np.asarray(self.model.run(None, _feed(self.model, X))[0])


class OnnxClassifier(Adapter):
    """A session that yields a label, with or without its probabilities."""

    @cached_property
    def own_classes(self):
        outputs = self.model.get_outputs()
        if not any(output.type.startswith("seq(map") for output in outputs):
            return None
        # One dictionary of probabilities per row, whose keys are the classes.
        rows = self.model.run(None, _zeros(self.model.get_inputs()))[1]
        return np.array(list(rows[0]))

    def answer(self, question, X):
        outputs = self.model.run(None, _feed(self.model, X))
        labels = np.asarray(outputs[0]).reshape(-1)
        if len(outputs) == 1:
            return labels
        # One run gives both, so both are remembered together.
        return _records(labels, _score_columns(outputs[1], self.own_classes))

    def labels(self, ask, X):
        answers = ask("run", X)
        labels = answers if answers.dtype.names is None else answers["label"]
        return self.relabel(labels)

    def probabilities(self, ask, X):
        self.need_classes()  # before the model is asked in vain
        answers = ask("run", X)
        if answers.dtype.names is None:
            return self.one_hot(answers)
        return self.check_probabilities(answers["scores"])

    def embeddings(self, ask, X):
        raise self.lacks("output of embeddings")


def _feed(session, X):
    """One array, or a column of its own for every input."""
    inputs = session.get_inputs()
    if len(inputs) == 1:
        return {inputs[0].name: as_array(X).astype(_DTYPES[inputs[0].type])}
    names = column_names(X)
    if names is None:
        raise TypeError(
            f"The ONNX model has the inputs {[item.name for item in inputs]}: X must "
            "be a DataFrame with these columns."
        )
    columns = dict(zip(names, columns_of(X), strict=True))
    return {
        item.name: as_array(columns[item.name])[:, None].astype(_DTYPES[item.type])
        for item in inputs
    }


def _zeros(inputs):
    feed = {}
    for item in inputs:
        shape = [size if isinstance(size, int) else 1 for size in item.shape]
        nothing = "" if item.type == "tensor(string)" else 0
        feed[item.name] = np.full([1, *shape[1:]], nothing, _DTYPES[item.type])
    return feed


def _score_columns(scores, classes):
    if isinstance(scores, list):
        return np.array([[row[label] for label in classes.tolist()] for row in scores])
    return np.asarray(scores)


def _records(labels, scores):
    kind = [("label", labels.dtype), ("scores", scores.dtype, scores.shape[1:])]
    records = np.empty(len(labels), dtype=kind)
    records["label"], records["scores"] = labels, scores
    return records
