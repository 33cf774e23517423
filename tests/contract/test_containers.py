"""Whatever holds rows or answers: it works as an array does, or is refused."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sklearn
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.utils import _safe_indexing

from sklearn_graceful import (
    CompatibleEmbedder,
    FlipControlledClassifier,
    LQFClassifier,
    PCClassifier,
    ReferenceModel,
)
from sklearn_graceful.congruence import Match
from sklearn_graceful.embedding import EmbeddingAdapter
from sklearn_graceful.inspection import FlipDisplay
from sklearn_graceful.metrics import flip_counts
from sklearn_graceful.model_selection import update_scorer
from sklearn_graceful.nn import embedding_net, mlp_net

# The first is what an old model that was fitted on arrays says of every table.
pytestmark = [
    pytest.mark.filterwarnings("ignore:X has feature names"),
    pytest.mark.filterwarnings(
        "ignore::sklearn_graceful.exceptions.OldModelMismatchWarning"
    ),
]

NAMES = ["a", "b", "c", "d"]
N = 120
RNG = np.random.default_rng(0)
Y = np.arange(N) % 2
# Multiples of 1/8: the same in every precision.
X = np.round(8 * (RNG.normal(size=(N, 4)) + Y[:, None])) / 8
OLD = LogisticRegression(C=0.1).fit(X[:40], Y[:40])


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


TABLES = {
    "pandas": lambda X: pd.DataFrame(X, columns=NAMES),
    "nullable": lambda X: pd.DataFrame(X, columns=NAMES).astype("Float64"),
    "arrow-backed": lambda X: pd.DataFrame(X, columns=NAMES).astype("double[pyarrow]"),
    "polars": lambda X: pl.DataFrame(X, schema=NAMES),
    "pyarrow": lambda X: pa.table(dict(zip(NAMES, np.copy(X.T), strict=True))),
}
ROWS = TABLES | {
    "fortran": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "backwards": lambda X: X[::-1].copy()[::-1],
    "read-only": read_only,
    "big-endian": lambda X: X.astype(">f8"),
    "half": lambda X: X.astype(np.float16),
    "objects": lambda X: X.astype(object),
    "lists": lambda X: X.tolist(),
    "record batch": lambda X: TABLES["pyarrow"](X).to_batches()[0],
    "tensor": torch.as_tensor,
    "brain float": lambda X: torch.as_tensor(X).bfloat16(),
    "with gradient": lambda X: torch.as_tensor(X).clone().requires_grad_(),
}


def retrain(method):
    def predict(rows):
        learner = LogisticRegression(C=10.0)
        model = PCClassifier(learner, old_model=OLD, method=method, random_state=0)
        return model.fit(rows, Y).predict_proba(rows)

    return predict


def control(rows):
    model = FlipControlledClassifier(
        LogisticRegression(), old_model=OLD, max_nfr=0.1, random_state=0
    ).fit(rows, Y)
    return np.append(model.predict_proba(rows), model.update_path(rows, Y).nfr)


def embed(rows):
    weight = (np.arange(N) % 3 > 0) * 1.0
    model = CompatibleEmbedder(Ridge(), random_state=0)
    model.fit(rows, Y, old_embeddings=X[:, :3], sample_weight=weight)
    return model.transform(rows)


def adapt(rows):
    adapter = EmbeddingAdapter(compare=False, random_state=0)
    adapter.fit(rows, rows)
    return adapter.fuse(rows, rows)


def ask_old(rows):
    return np.column_stack([OLD_HANDLE.predict_proba(rows), OLD_HANDLE.logits(rows)])


def fine_tune(rows):
    net = torch.nn.Linear(4, 2)
    with torch.no_grad():
        net.weight[:], net.bias[:] = torch.eye(2, 4), torch.zeros(2)
    model = LQFClassifier(old_model=ReferenceModel(net, classes=[0, 1]), random_state=0)
    return model.fit(rows, Y).predict_proba(rows)


OLD_HANDLE = ReferenceModel(OLD)
DOORS = {
    "match": retrain("match"),
    "focal_kl": retrain("focal_kl"),
    "control": control,
    "embedder": embed,
    "adapter": adapt,
    "old model": ask_old,
    "fine-tuning": fine_tune,
}


@pytest.mark.parametrize("container", ROWS)
@pytest.mark.parametrize("door", DOORS)
def test_same_rows_in_any_container_give_the_same(door, container):
    answer = DOORS[door]
    np.testing.assert_allclose(answer(ROWS[container](X)), answer(X), atol=1e-4)


COLUMN_TYPES = ["int8", "uint16", "int64", "float32", "float64", "bool"]
TABLES_OF_COLUMNS = {
    "pandas": pd.DataFrame,
    "nullable": lambda columns: pd.DataFrame(columns).convert_dtypes(),
    "arrow-backed": lambda columns: pd.DataFrame(columns).convert_dtypes(
        dtype_backend="pyarrow"
    ),
    "polars": pl.DataFrame,
    "pyarrow": pa.table,
}


@given(
    container=st.sampled_from(sorted(TABLES_OF_COLUMNS)),
    types=st.lists(st.sampled_from(COLUMN_TYPES), min_size=4, max_size=4),
    seed=st.integers(0, 2**16),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_columns_of_any_types_are_read_as_their_numbers(container, types, seed):
    drawn = np.random.default_rng(seed).integers(0, 9, (40, 4)) / 2
    columns = {name: drawn[:, i].astype(types[i]) for i, name in enumerate(NAMES)}
    rows = TABLES_OF_COLUMNS[container](columns)
    array = np.column_stack(list(columns.values())).astype(np.float64)
    y = (drawn.sum(axis=1) > 8) | (np.arange(40) < 2)
    y[0] = False
    old = LogisticRegression(C=0.1).fit(array, y)
    learner = LogisticRegression()
    new = PCClassifier(learner, old_model=old, method="naive").fit(rows, y)
    by_array = PCClassifier(learner, old_model=old, method="naive").fit(array, y)
    expected = by_array.predict_proba(array)
    # A table without float64 is learned in float32.
    np.testing.assert_allclose(new.predict_proba(rows), expected, atol=2e-3)
    figures = update_scorer(old)(new, rows, y)
    assert figures == pytest.approx(update_scorer(old)(by_array, array, y), nan_ok=True)


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "dia", "bsr", "lil", "dok"])
@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csr_array])
@pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")
def test_every_sparse_format(kind, form):
    rows, dense = kind(X).asformat(form), sparse.csr_array(X)
    for answer in (retrain("naive"), control, embed, ask_old):
        np.testing.assert_allclose(answer(rows), answer(dense), atol=1e-6)
    model = PCClassifier(LogisticRegression(), old_model=OLD, method="naive")
    by_fold = model.fit(rows, Y, old_proba="out-of-fold", critical=Y == 1)
    assert by_fold.predict(rows).shape == (N,)


@pytest.mark.parametrize("container", [*TABLES, "tensor", "lists"])
def test_scorer_and_display_read_any_container(container):
    new, rows = LogisticRegression().fit(X, Y), ROWS[container](X)
    scorer = update_scorer(OLD)
    assert scorer(new, rows, Y) == pytest.approx(scorer(new, X, Y), nan_ok=True)
    display = FlipDisplay.from_estimator(new, rows, Y, old_model=OLD)
    expected = flip_counts(Y, new.predict(X), y_old=OLD.predict(X))
    assert display.counts == expected


@pytest.mark.parametrize("container", TABLES)
def test_an_old_model_is_asked_about_a_row_once(container):
    calls = []

    def old(rows):
        calls.append(len(rows))
        return OLD.predict(np.asarray(rows, dtype=float))

    handle, rows = ReferenceModel(old), TABLES[container](X)
    assert (handle.predict(rows) == handle.predict(rows)).all()
    assert calls == [len(np.unique(X, axis=0))]


@pytest.mark.parametrize("container", ["pandas", "polars", "pyarrow", "tensor"])
def test_an_old_model_gets_rows_in_the_container_that_was_given(container):
    kinds = set()

    def old(rows):
        kinds.add((type(rows), getattr(rows, "dtype", None)))
        return OLD.predict_proba(np.asarray(rows, dtype=float))

    rows = ROWS[container](X)
    handle = ReferenceModel(old, classes=[0, 1])
    model = PCClassifier(LogisticRegression(), old_model=handle, method="match")
    model.fit(rows, Y)
    assert kinds == {(type(rows), getattr(rows, "dtype", None))}


@pytest.mark.parametrize("container", ["pandas", "polars", "pyarrow"])
def test_synthetic_rows_keep_names_and_types(container):
    frame = pd.DataFrame(X, columns=NAMES).assign(city=np.where(X[:, 0] > 0, "x", "y"))
    frame["size"] = pd.Categorical(RNG.choice(list("sml"), N))
    make = {
        "pandas": lambda: frame,
        "polars": lambda: pl.from_pandas(frame),
        "pyarrow": lambda: pa.Table.from_pandas(frame),
    }
    by_name = make_column_transformer(
        (StandardScaler(), NAMES), (OneHotEncoder(), ["city", "size"])
    )
    learner = make_pipeline(by_name, LogisticRegression())
    rows = make[container]()
    old = sklearn.clone(learner).fit(_safe_indexing(rows, np.arange(60)), Y[:60])
    model = PCClassifier(learner, old_model=old, random_state=0).fit(rows, Y)
    expected = PCClassifier(learner, old_model=old, random_state=0).fit(frame, Y)
    assert type(model.method_) is type(expected.method_)
    np.testing.assert_allclose(
        model.predict_proba(rows), expected.predict_proba(frame), atol=1e-6
    )


BRIEF = Match(tuning_share=0.01, n_teachers=1, n_synthetic=1)


def net_pipeline(net):
    return make_pipeline(StandardScaler(), PCA(3, random_state=0), net)


@pytest.fixture(params=["set_output", "configuration"])
def yields_tables(request):
    """Return a function that makes steps before a Pipeline's last yield tables."""

    def ask(pipeline, library):
        if request.param == "set_output":
            pipeline[:-1].set_output(transform=library)
        else:
            sklearn.set_config(transform_output=library)
        return pipeline

    yield ask
    sklearn.set_config(transform_output="default")


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("kind", ["match", "interpolate", "control", "embedder", "lqf"])
def test_transformers_may_yield_tables_to_nets(kind, library, yields_tables):
    def fit(ask):
        torch.manual_seed(0)
        old = ask(net_pipeline(mlp_net((4,), max_epochs=1, lr=0.01))).fit(X, Y)
        if kind == "embedder":
            learner = ask(net_pipeline(embedding_net((4,), max_epochs=1)))
            model = CompatibleEmbedder(learner, random_state=0)
            embeddings = model.fit(X, Y, old_embeddings=X[:, :3]).transform(X)
            return np.asarray(embeddings)
        learner = ask(net_pipeline(mlp_net((4,), max_epochs=1)))
        model = {
            "control": lambda: FlipControlledClassifier(learner, max_nfr=0.1),
            "lqf": LQFClassifier,
            "match": lambda: PCClassifier(learner, method=BRIEF),
        }.get(kind, lambda: PCClassifier(learner, method=kind))()
        model.set_params(old_model=old, random_state=0)
        return model.fit(X, Y).predict_proba(X)

    expected = fit(lambda pipeline: pipeline)
    tables = fit(lambda pipeline: yields_tables(pipeline, library))
    np.testing.assert_allclose(tables, expected, atol=1e-5)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_default_estimator_under_a_configuration(library):
    with sklearn.config_context(transform_output=library):
        model = PCClassifier(method="none", random_state=0).fit(X, Y)
        assert model.score(X, Y) > 0.7


LABELS = {
    "list": list,
    "objects": lambda y: np.array(y, dtype=object),
    "pandas": pd.Series,
    "category": lambda y: pd.Series(y, dtype="category"),
    "polars": pl.Series,
    "pyarrow": pa.array,
    "chunked": lambda y: pa.chunked_array([y[:1], y[1:]]),
}
OF_KIND = {
    "numbers": {
        "Int64": lambda y: pd.Series(y, dtype="Int64"),
        "arrow-backed": lambda y: pd.Series(y, dtype="int64[pyarrow]"),
        "big-endian": lambda y: np.array(y, dtype=">i8"),
        "tensor": torch.tensor,
        "brain float": lambda y: torch.tensor(y).bfloat16(),
    },
    "truth values": {
        "boolean": lambda y: pd.Series(y, dtype="boolean"),
        "arrow-backed": lambda y: pd.Series(y, dtype="bool[pyarrow]"),
        "tensor": torch.tensor,
    },
    "strings": {
        "string": lambda y: pd.Series(y, dtype="string"),
        "StringDType": lambda y: np.array(y, dtype=np.dtypes.StringDType()),
        "dictionary": lambda y: pa.array(y).dictionary_encode(),
        "categorical": lambda y: pl.Series(y, dtype=pl.Categorical),
        "enum": lambda y: pl.Series(y, dtype=pl.Enum(["no", "yes"])),
    },
}
ALPHABETS = {"numbers": (0, 1), "truth values": (False, True), "strings": ("no", "yes")}
ALL_LABELS = [
    (kind, name, make)
    for kind, more in OF_KIND.items()
    for name, make in (LABELS | more).items()
]
BITS = st.lists(st.tuples(*[st.integers(0, 1)] * 3), min_size=2, max_size=20)


@pytest.mark.parametrize(
    ("kind", "make"),
    [pytest.param(kind, make, id=f"{kind}-{name}") for kind, name, make in ALL_LABELS],
)
@settings(max_examples=10, deadline=None, derandomize=True)
@given(rows=BITS)
def test_labels_in_any_container_count_the_same(kind, make, rows):
    columns = np.transpose([[ALPHABETS[kind][bit] for bit in row] for row in rows])
    y_true, y_pred, y_old = (make(column.tolist()) for column in columns)
    expected = flip_counts(columns[0], columns[1], y_old=columns[2])
    assert flip_counts(y_true, y_pred, y_old=y_old) == expected


@pytest.mark.parametrize(
    ("kind", "make"),
    [pytest.param(kind, make, id=f"{kind}-{name}") for kind, name, make in ALL_LABELS],
)
def test_estimators_learn_labels_of_any_container(kind, make):
    y = np.array(ALPHABETS[kind])[Y]
    labels = make(y.tolist())
    old = LogisticRegression(C=0.1).fit(X[:40], y[:40])
    new = PCClassifier(LogisticRegression(), old_model=old, method="focal_kl")
    assert (new.fit(X, labels).predict(X) == new.fit(X, y).predict(X)).all()
    stored = make(old.predict(X).tolist())
    new.set_params(old_model=None).fit(X, labels, old_proba=stored)
    assert set(new.classes_.tolist()) == set(ALPHABETS[kind])
    controlled = FlipControlledClassifier(
        LogisticRegression(), old_model=old, max_nfr=0.1, random_state=0
    ).fit(X, labels)
    nfr = controlled.update_path(X, labels).nfr
    assert (nfr == controlled.update_path(X, y).nfr).all()


@pytest.mark.parametrize(
    "y",
    [
        ["no", "yes", None] * 40,
        ["no", "yes", np.nan] * 40,
        pd.Series([0, 1, None] * 40, dtype="Int64"),
        pd.Series([True, False, None] * 40, dtype="boolean"),
        pd.Series(["no", "yes", None] * 40, dtype="string"),
        pd.Series(["no", "yes", None] * 40, dtype="category"),
        pl.Series(["no", "yes", None] * 40),
        pl.Series([True, False, None] * 40),
        pa.array(["no", "yes", None] * 40),
        np.ma.masked_array(Y, Y == 0),
    ],
    ids=lambda y: f"{type(y).__module__}-{getattr(y, 'dtype', '')}",
)
def test_a_missing_label_is_refused_by_name(y):
    with pytest.raises(ValueError, match=r"\by\b.*(NaN|masked)"):
        PCClassifier(LogisticRegression()).fit(X, y)
    with pytest.raises(ValueError, match=r"y_old.*(NaN|masked)"):
        flip_counts(Y, Y, y_old=y)


def test_masked_rows_are_refused():
    with pytest.raises(ValueError, match="X has 1 masked entries"):
        PCClassifier(LogisticRegression()).fit(np.ma.masked_equal(X, X.max()), Y)


PROBA = np.round(64 * OLD.predict_proba(X)) / 64
STORED = {
    "lists": PROBA.tolist(),
    "half": PROBA.astype(np.float16),
    "brain float": torch.as_tensor(PROBA).bfloat16(),
    "sparse": sparse.coo_array(PROBA),
    "nullable": pd.DataFrame(PROBA).astype("Float64"),
    "arrow-backed": pd.DataFrame(PROBA).astype("double[pyarrow]"),
    "pandas, another order": pd.DataFrame(PROBA[:, ::-1], columns=[1, 0]),
    "polars": pl.DataFrame(PROBA, schema=["0", "1"]),
    "polars, another order": pl.DataFrame(PROBA[:, ::-1].copy(), schema=["1", "0"]),
    "pyarrow": pa.table({"0": PROBA[:, 0].copy(), "1": PROBA[:, 1].copy()}),
}


@pytest.mark.parametrize("container", STORED)
def test_stored_answers_in_any_container(container):
    model = PCClassifier(LogisticRegression(), old_model=OLD, random_state=0)
    controlled = FlipControlledClassifier(
        LogisticRegression(), old_model=OLD, max_nfr=0.1, random_state=0
    )
    for estimator in (model, controlled):
        expected = estimator.fit(X, Y, old_proba=PROBA).predict_proba(X)
        given = estimator.fit(X, Y, old_proba=STORED[container]).predict_proba(X)
        np.testing.assert_allclose(given, expected, atol=1e-6)


@pytest.mark.parametrize("make", [*LABELS.values(), *OF_KIND["numbers"].values()])
def test_weights_in_any_container(make):
    numbers = [1, 3] * (N // 2)
    model = PCClassifier(LogisticRegression(), old_model=OLD, method="naive")
    expected = model.fit(X, Y, sample_weight=numbers, critical=numbers)
    expected = expected.predict_proba(X)
    model.fit(X, Y, sample_weight=make(numbers), critical=make(numbers))
    np.testing.assert_allclose(model.predict_proba(X), expected)


@pytest.mark.parametrize("make", [*LABELS.values(), *OF_KIND["truth values"].values()])
def test_critical_rows_in_any_container(make):
    critical = [True, False] * (N // 2)
    model = PCClassifier(LogisticRegression(), old_model=OLD, method="naive")
    expected = model.fit(X, Y, critical=critical).predict_proba(X)
    given = model.fit(X, Y, critical=make(critical)).predict_proba(X)
    np.testing.assert_allclose(given, expected)


@pytest.mark.parametrize("make", [list, *LABELS.values(), *OF_KIND["strings"].values()])
def test_texts_in_any_container(make):
    texts = [f"{'good' if label else 'bad'} word{k % 7}" for k, label in enumerate(Y)]
    if make in (OF_KIND["strings"]["enum"],):
        pytest.skip("its strings are fixed")
    learner = make_pipeline(CountVectorizer(), LogisticRegression())
    old = sklearn.clone(learner).fit(texts[:10], Y[:10])
    model = PCClassifier(learner, old_model=old, method="focal_kl")
    expected = model.fit(texts, Y).predict_proba(texts)
    rows = make(texts)
    np.testing.assert_allclose(model.fit(rows, Y).predict_proba(rows), expected)


def unpacked(frame):
    return np.stack([np.asarray(cell) for cell in frame["vector"]])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_column_of_vectors_is_for_the_transformer_to_unpack(library):
    cells = {"vector": list(X)}
    rows = pd.DataFrame(cells) if library == "pandas" else pl.DataFrame(cells)
    learner = make_pipeline(FunctionTransformer(unpacked), LogisticRegression())
    old = sklearn.clone(learner).fit(rows[:40], Y[:40])
    model = PCClassifier(learner, old_model=old, method="match", random_state=0)
    assert model.fit(rows, Y).score(rows, Y) > 0.7


@pytest.mark.parametrize("container", ["big-endian", "objects", *TABLES])
def test_a_net_alone_takes_what_holds_numbers(container):
    rows = ROWS[container](X)
    torch.manual_seed(0)
    net = mlp_net((4,), max_epochs=1).fit(X, Y)
    np.testing.assert_allclose(net.predict_proba(rows), net.predict_proba(X), atol=1e-6)
    asked = ReferenceModel(net).predict_proba(rows)
    np.testing.assert_allclose(asked, net.predict_proba(X), atol=1e-6)


def test_a_net_refuses_sparse_rows_in_a_sentence():
    net = mlp_net((4,), max_epochs=1)
    learner = make_pipeline(StandardScaler(with_mean=False), net)
    model = FlipControlledClassifier(learner, old_model=OLD, max_nfr=0.1)
    with pytest.raises(TypeError, match="Sparse data was passed for X"):
        model.fit(sparse.csr_array(X), Y)


@pytest.mark.parametrize("container", ["polars", "pyarrow"])
def test_boosting_learns_soft_labels_of_any_table(container):
    rows = TABLES[container](X)
    learner = HistGradientBoostingClassifier(max_iter=2, random_state=0)
    model = PCClassifier(learner, old_model=OLD, random_state=0, method="match")
    expected = model.fit(X, Y).predict_proba(X)
    np.testing.assert_allclose(model.fit(rows, Y).predict_proba(rows), expected)
