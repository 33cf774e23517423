"""ONNX sessions: label and probability outputs of classifiers, or one plain tensor."""

import numpy as np
from scipy import sparse

from sklearn_graceful.reference._adapters._raw_scores import RawScoresAdapter
from sklearn_graceful.reference._kinds import is_data_frame
from sklearn_graceful.reference._scores import check_probabilities, one_hot

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


class OnnxAdapter(RawScoresAdapter):
    """A session, by its outputs: a label, a label and its probabilities, or scores."""

    question = "run"

    def __init__(self, model, classes):
        self._names_classes = None
        self._output_types = [output.type for output in model.get_outputs()]
        super().__init__(model, classes)

    @property
    def own_classes(self):
        if not any(kind.startswith("seq(map") for kind in self._output_types):
            return None
        if self._names_classes is None:
            # One dictionary of probabilities per row, whose keys are the classes.
            rows = self.model.run(None, _zeros(self.model.get_inputs()))[1]
            self._names_classes = np.array(list(rows[0]))
        return self._names_classes

    def answer(self, question, X):
        outputs = self.model.run(None, _feed(self.model.get_inputs(), X))
        if not self._has_label:
            return np.asarray(outputs[0])
        labels = np.asarray(outputs[0]).reshape(-1)
        if len(outputs) == 1:
            return labels
        # One run gives both, so both are remembered together.
        return _records(labels, _score_columns(outputs[1], self.own_classes))

    def labels(self, ask, X):
        if not self._has_label:
            return super().labels(ask, X)
        answers = ask(self.question, X)
        labels = answers if answers.dtype.names is None else answers["label"]
        return self.relabel(labels)

    def probabilities(self, ask, X):
        if not self._has_label:
            return super().probabilities(ask, X)
        classes = self.need_classes()
        answers = ask(self.question, X)
        if answers.dtype.names is None:
            return one_hot(answers, classes)
        return check_probabilities(answers["scores"], classes, self.name)

    def logits(self, ask, X):
        if not self._has_label:
            return super().logits(ask, X)
        return super(RawScoresAdapter, self).logits(ask, X)

    def embeddings(self, ask, X):
        if self._has_label:
            raise self.lacks("output of embeddings")
        return super().embeddings(ask, X)

    @property
    def _has_label(self):
        return self._output_types[0] in _LABEL_TYPES


def _feed(inputs, X):
    """What `run` takes: one array, or a column of its own for every input."""
    if len(inputs) == 1:
        X = X.toarray() if sparse.issparse(X) else np.asarray(X)
        return {inputs[0].name: X.astype(_DTYPES[inputs[0].type])}
    if not is_data_frame(X):
        raise TypeError(
            f"The ONNX model has the inputs {[item.name for item in inputs]}: X must "
            "be a DataFrame with these columns."
        )
    return {
        item.name: X[[item.name]].to_numpy().astype(_DTYPES[item.type])
        for item in inputs
    }


def _zeros(inputs):
    feed = {}
    for item in inputs:
        shape = [size if isinstance(size, int) else 1 for size in item.shape]
        feed[item.name] = np.zeros([1, *shape[1:]], dtype=_DTYPES[item.type])
        if item.type == "tensor(string)":
            feed[item.name][:] = ""
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
