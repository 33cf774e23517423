"""A fitted embedder as an ONNX model, for devices without Python."""

import copy
import logging
import warnings
from contextlib import contextmanager
from importlib import import_module

import numpy as np
import torch
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.validation import check_is_fitted
from skorch import NeuralNet
from skorch.dataset import unpack_data
from torch import nn

from sklearn_graceful._wrappers import last_step, transform_before_last
from sklearn_graceful.embedding._compatible_embedder import CompatibleEmbedder
from sklearn_graceful.embedding._learner import embeddings_of, unit_length
from sklearn_graceful.nn import first_output, shallow_copy
from sklearn_graceful.search import first_coordinates

# What torch writes unasked; skl2onnx is told to write the same.
_OPSET = 20
# By which coordinates of the model and of the embedder may differ.
_TOLERANCE = 1e-3
# Warnings of what the exporter itself does: it uses what torch has deprecated, and
# recurrent layers keep their weights twice.
_OF_TORCH_ITSELF = [
    (r"`isinstance\(treespec, LeafSpec\)` is deprecated", FutureWarning),
    (r"_check_is_size will be removed", FutureWarning),
    (r"The tensor attributes? .*\b_flat_weights\b", UserWarning),
]


def to_onnx(embedder, X, *, version=None):
    """Convert a fitted embedder to an ONNX model.

    The model does what ``transform`` does, where there is an ONNX runtime and nothing
    else: preprocessing, network and scaling to unit length are in it. Steps before the
    network are converted by ``skl2onnx``, the network by ``torch.onnx``. The embedder
    stays as it is, whatever device its network is on.

    Parameters
    ----------
    embedder : CompatibleEmbedder or Pipeline
        Fitted, with a network as its learner; a Pipeline ends in such an embedder.
        Steps before the network must be such as skl2onnx converts.
    X : array-like of shape (n, n_features), or (n, ...) for a net
        A few rows. They fix the shape of a row and the type of its numbers: a model
        that is to take float32 needs rows of float32 here, and skl2onnx converts the
        most steps for these. The number of rows stays free. The model is compared with
        `embedder` on them.
    version : int, default=None
        Position in ``versions_``, -1 is the old model: yield what searches that
        version's gallery, ``old_view(transform(X), version)``. None: whole embeddings.

    Returns
    -------
    model : onnx.ModelProto
        Of one input, "X", and one output, "embeddings": float32 of shape (n, width),
        as long as those of `embedder`. ``model.SerializeToString()`` is what a file
        holds. It refuses no values: NaN yields NaN, and a vector that is 0 stays 0.

    Raises
    ------
    ImportError
        If onnx, onnxruntime, onnxscript or skl2onnx is not installed.
    NotFittedError
        If `embedder` is not fitted.
    TypeError
        If `embedder` is something else or its learner no network, X holds no numbers of
        one type, or skl2onnx does not convert a step, or torch the network.
    ValueError
        If rows of X are not as wide as in training, or there is no such version.
    RuntimeError
        If the model does not run, or yields other vectors than `embedder`.

    Examples
    --------
    >>> import onnxruntime
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_graceful import CompatibleEmbedder
    >>> from sklearn_graceful.embedding import to_onnx
    >>> X, y = load_digits(return_X_y=True)
    >>> X = X.astype("float32")
    >>> embedder = CompatibleEmbedder(embedding_dim=8, random_state=0)
    >>> embedder = embedder.fit(X[:200], y[:200])
    >>> model = to_onnx(embedder, X[:5])
    >>> session = onnxruntime.InferenceSession(model.SerializeToString())
    >>> (embeddings,) = session.run(None, {"X": X})
    >>> bool(abs(embeddings - embedder.transform(X)).max() < 1e-5)
    True
    """
    own = _fitted_embedder(embedder)
    dim, length = own.embedding_dim_, 1.0
    if version is not None:
        # What any embedding becomes.
        view = own.old_view(np.eye(1, dim), version)
        dim, length = view.shape[1], float(np.linalg.norm(view))
    _check_installed()
    numbers = _numbers(X)
    rows = own._check_X(transform_before_last(embedder, X))
    estimator = _on_cpu(own.estimator_)
    made = first_coordinates(embeddings_of(estimator, rows), dim)
    expected = np.float32(length) * unit_length(made)
    network = _Network(estimator, rows, dim, length)
    steps = _before_last(embedder, estimator)
    if steps:
        start = _converted(steps, numbers)
        model = _merged(start, _exported(network, _output_type(start)))
    else:
        model = _exported(network, numbers.dtype)
    _compare(model, numbers, expected)
    return model


def _fitted_embedder(embedder):
    """The embedder at the end of a Pipeline, if it is one that can be exported."""
    own = last_step(embedder)
    if not isinstance(own, CompatibleEmbedder):
        raise TypeError(
            "embedder must be a CompatibleEmbedder, or a Pipeline that ends in one, "
            f"got {type(own).__name__}."
        )
    check_is_fitted(own, "estimator_")
    learner = last_step(own.estimator_)
    if not isinstance(learner, NeuralNet):
        raise TypeError(
            "Only an embedder with a network can be exported: its learner must be a "
            f"skorch net, got {type(learner).__name__}."
        )
    return own


def _check_installed():
    for module in ("onnx", "onnxruntime", "onnxscript", "skl2onnx"):
        try:
            import_module(module)
        except ImportError as error:
            raise ImportError(
                f"to_onnx needs {module}, which is not installed: "
                "pip install 'sklearn-graceful[onnx]'"
            ) from error


def _numbers(X):
    """Rows as an array of numbers, of the type that the model takes."""
    numbers = np.asarray(X)
    if numbers.dtype.kind not in "biuf":
        raise TypeError(f"X must hold numbers of one type, got dtype {numbers.dtype}.")
    return numbers


def _before_last(*estimators):
    """Steps before the last one, of Pipelines that follow each other."""
    steps = []
    for estimator in estimators:
        while isinstance(estimator, Pipeline):
            steps += [step for _, step in estimator.steps[:-1]]
            estimator = estimator.steps[-1][1]
    return [step for step in steps if step not in (None, "passthrough")]


def _on_cpu(estimator):
    """The same fitted steps before a copy of their net, to evaluate on the CPU."""
    net = last_step(estimator)
    own = shallow_copy(net)
    vars(own).update(device="cpu", autocast=False)
    for name in (f"{module}_" for module in net._modules):
        vars(own)[name] = copy.deepcopy(getattr(net, name)).cpu().eval()
    return make_pipeline(*_before_last(estimator), own)


class _Network(nn.Module):
    """A net and what makes embeddings of its vectors: a width, and a length."""

    def __init__(self, estimator, rows, dim, length):
        super().__init__()
        self._net, self._dim, self._length = last_step(estimator), dim, length
        names = [f"{module}_" for module in self._net._modules]
        self.parts = nn.ModuleList(getattr(self._net, name) for name in names)
        # Rows as the module gets them.
        rows = np.asarray(transform_before_last(estimator, rows))
        batches = self._net.get_iterator(self._net.get_dataset(rows))
        self.rows, _ = unpack_data(next(iter(batches)))

    def forward(self, X):
        vectors = first_output(self._net.infer(X.to(self.rows.dtype))).float()
        vectors = first_coordinates(vectors, self._dim)
        # First by the largest entry: squares of huge or tiny numbers leave the range.
        largest = vectors.abs().amax(dim=1, keepdim=True)
        vectors = vectors / torch.where(largest > 0, largest, 1)
        lengths = torch.linalg.vector_norm(vectors, dim=1, keepdim=True)
        return vectors * (self._length / torch.where(lengths > 0, lengths, 1))


def _converted(steps, numbers):
    """Steps as an ONNX model that takes "X", of the type of `numbers`."""
    import onnx
    import skl2onnx

    # scikit-learn computes in these two as well.
    dtype = np.float32 if numbers.dtype in (np.float16, np.float32) else np.float64
    try:
        model = skl2onnx.to_onnx(
            make_pipeline(*steps), numbers[:1].astype(dtype), target_opset=_OPSET
        )
    except RuntimeError as error:
        raise TypeError(
            "skl2onnx does not convert the steps before the network for X of "
            f"{numbers.dtype}; it converts the most for float32. {error}"
        ) from error
    model = onnx.compose.add_prefix(model, "steps/")
    (entry,) = model.graph.input
    kind = entry.type.tensor_type
    cast = onnx.helper.make_node("Cast", ["X"], [entry.name], to=kind.elem_type)
    model.graph.node.insert(0, cast)
    entry.name = "X"
    kind.elem_type = onnx.helper.np_dtype_to_tensor_dtype(numbers.dtype)
    kind.shape.dim[0].dim_param = "n"
    return model


def _output_type(model):
    from onnx.helper import tensor_dtype_to_np_dtype

    return tensor_dtype_to_np_dtype(model.graph.output[0].type.tensor_type.elem_type)


def _exported(network, dtype):
    """A network as an ONNX model that takes "X" of a dtype and yields "embeddings"."""
    # Of a sample of one row, torch would take the number of rows for a constant.
    sample = np.zeros((2, *network.rows.shape[1:]), dtype)
    try:
        with _silent_exporter():
            program = torch.onnx.export(
                network.eval().requires_grad_(False),
                (torch.from_numpy(sample),),
                input_names=["X"],
                output_names=["embeddings"],
                dynamic_shapes=({0: torch.export.Dim("n")},),
                opset_version=_OPSET,
                verbose=False,
            )
    except torch.onnx.errors.OnnxExporterError as error:
        raise TypeError(f"torch.onnx does not convert the network: {error}") from error
    model = program.model_proto
    if not model.graph.input[0].type.tensor_type.shape.dim[0].dim_param:
        raise TypeError(
            "torch.onnx takes the number of rows for a constant of the network, as it "
            "does with len(X) in a forward method: write X.shape[0] there."
        )
    return model


@contextmanager
def _silent_exporter():
    # It tells at each export that there is no torchvision, of which it needs nothing.
    registry = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = registry.level
    registry.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            for message, category in _OF_TORCH_ITSELF:
                warnings.filterwarnings("ignore", message, category)
            yield
    finally:
        registry.setLevel(level)


def _merged(start, end):
    """The model of the steps, then that of the network."""
    import onnx

    end = onnx.compose.add_prefix(end, "network/", rename_outputs=False)
    graph = onnx.compose.merge_graphs(
        start.graph,
        end.graph,
        io_map=[(start.graph.output[0].name, end.graph.input[0].name)],
        name="embedder",
        doc_string="",
    )
    opsets = {item.domain: item for part in (start, end) for item in part.opset_import}
    return onnx.helper.make_model(
        graph,
        functions=[*start.functions, *end.functions],
        opset_imports=list(opsets.values()),
        ir_version=max(start.ir_version, end.ir_version),
        producer_name="sklearn_graceful",
    )


def _compare(model, numbers, expected):
    """Refuse a model that does not run, or yields other embeddings of the rows."""
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        (embeddings,) = session.run(None, {"X": numbers})
    except Exception as error:
        raise RuntimeError(
            f"The model does not run for X of {numbers.dtype}; skl2onnx converts the "
            f"most steps for float32. {error}"
        ) from error
    difference = np.abs(embeddings - expected).max()
    # Written so that NaN fails it.
    if not difference <= _TOLERANCE:
        raise RuntimeError(
            "The model yields other embeddings than the embedder: coordinates differ "
            f"by up to {difference:.2g} on the rows of X."
        )
