"""The same vectors, labels and ids in any container give the same figures."""

import ml_dtypes
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_graceful import Gallery, metrics
from sklearn_graceful.embedding import EmbeddingAdapter, ScoreCalibrator, slerp
from sklearn_graceful.inspection import CompatibilityMatrixDisplay


def read_only(vectors):
    vectors = vectors.copy()
    vectors.flags.writeable = False
    return vectors


def arrow_table(vectors):
    return pa.table({f"x{i}": column for i, column in enumerate(vectors.T)})


def arrow_lists(vectors):
    return pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), len(vectors.T))


# Whole numbers that a byte holds, and so any of these exactly.
VECTORS = {
    "list": np.ndarray.tolist,
    "list of arrays": list,
    "list of tensors": lambda V: [torch.tensor(row).half() for row in V],
    "integers": lambda V: V.astype(np.int8),
    "half": lambda V: V.astype(np.float16),
    "single": lambda V: V.astype(np.float32),
    "brain floats": lambda V: V.astype(ml_dtypes.bfloat16),
    "objects": lambda V: V.astype(object),
    "read-only": read_only,
    "not contiguous": lambda V: np.repeat(V, 2, axis=1)[:, ::2],
    "backwards": lambda V: np.asfortranarray(V[::-1])[::-1],
    "big-endian": lambda V: V.astype(">f4"),
    "tensor": torch.tensor,
    "tensor with a gradient": lambda V: torch.tensor(V, requires_grad=True),
    "tensor of brain floats": lambda V: torch.tensor(V).bfloat16(),
    "pandas": pd.DataFrame,
    "pandas, nullable": lambda V: pd.DataFrame(V).convert_dtypes(),
    "pandas, a column of arrays": lambda V: pd.Series(
        list(V), index=range(7, 7 + len(V))
    ),
    "pandas, a column of lists": lambda V: pd.Series(V.tolist()),
    "pandas, a table of one column": lambda V: pd.DataFrame({"vector": list(V)}),
    "pandas, a column of Arrow lists": lambda V: pd.Series(
        V.tolist(), dtype=pd.ArrowDtype(pa.list_(pa.float64()))
    ),
    "polars": pl.DataFrame,
    "polars, a column of lists": lambda V: pl.Series(V.tolist()),
    "polars, a column of arrays": lambda V: pl.Series(
        V.tolist(), dtype=pl.Array(pl.Float32, len(V.T))
    ),
    "polars, a table of one column": lambda V: pl.DataFrame({"vector": V.tolist()}),
    "Arrow table": arrow_table,
    "Arrow lists": arrow_lists,
    "Arrow chunks": lambda V: pa.chunked_array([V[:2].tolist(), V[2:].tolist()]),
    "Arrow table of one column": lambda V: pa.table({"vector": V.tolist()}),
}
COLUMNS = {
    "list": np.ndarray.tolist,
    "tuple": tuple,
    "objects": lambda column: column.astype(object),
    "pandas": lambda column: pd.Series(column, index=np.arange(len(column))[::-1]),
    "pandas, nullable": lambda column: pd.Series(column).convert_dtypes(),
    "categories": lambda column: pd.Categorical(column),
    "polars": lambda column: pl.Series(column.tolist()),
    "Arrow": lambda column: pa.array(column.tolist()),
    "Arrow chunks": lambda column: pa.chunked_array([column.tolist()]),
    "Arrow dictionary": lambda column: pa.array(column.tolist()).dictionary_encode(),
}
NAMES = np.array(["ash", "birch", "elm"])


def figures(vectors, labels, ids):
    """Return a figure of every kind, of vectors that search themselves."""
    searched = {"query_labels": labels, "query_ids": ids}
    galleries = {"gallery": vectors, "gallery_labels": labels, "gallery_ids": ids}
    found = metrics.retrieval_outcomes(vectors, **searched, **galleries)
    matrix = metrics.compatibility_matrix([vectors, vectors], labels=labels)
    curve = metrics.backfill_curve(
        vectors, vectors, vectors, **searched, gallery_labels=labels, gallery_ids=ids
    )
    update = metrics.clustering_update(vectors, vectors, labels, centroids=vectors)
    return [
        found.first_rank,
        found.average_precision,
        metrics.nearest(vectors, k=2, metric="euclidean")[0],
        metrics.tar_at_far(vectors, query_labels=labels, far=0.3),
        matrix.values,
        curve.quality,
        metrics.assign_to_centroids(vectors, vectors),
        update.unchanged_share,
        metrics.b_cubed(labels, ids),
    ]


@st.composite
def searches(draw):
    """Vectors of whole numbers that a byte holds, with labels and ids."""
    n, width = draw(st.integers(4, 8)), draw(st.integers(3, 5))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    vectors = rng.integers(-127, 128, (n, width)).astype(float)
    return vectors, np.arange(n) % 2, np.arange(n)


@settings(max_examples=30, deadline=None)
@given(
    searches(),
    st.sampled_from(list(VECTORS)),
    st.sampled_from(list(COLUMNS)),
    st.booleans(),
)
def test_the_same_figures_in_any_container(search, vectors, column, named):
    expected, labels, ids = search
    if named:
        labels = NAMES[labels]
    given = COLUMNS[column](labels), COLUMNS[column](ids.astype(str) if named else ids)
    # Single and half precision are computed in single.
    tolerance = {"rtol": 1e-5, "atol": 1e-6}
    for one, other in zip(
        figures(VECTORS[vectors](expected), *given),
        figures(expected, labels, ids),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, **tolerance)


@pytest.mark.parametrize("container", VECTORS)
def test_what_takes_vectors_of_two_models(container):
    rng = np.random.default_rng(0)
    old, new = rng.integers(-4, 5, (2, 30, 3)).astype(float)
    old[:, 0], new[:, 0] = 5, 5  # none is 0
    labels, held = np.arange(30) % 3, VECTORS[container]
    adapters = [
        EmbeddingAdapter(compare=False).fit(*pair)
        for pair in ((held(new), held(old)), (new, old))
    ]
    one, other = adapters[0].transform(held(new)), adapters[1].transform(new)
    np.testing.assert_allclose(one, other, atol=1e-6)
    fused = slerp(held(new), held(old), 0.3)
    np.testing.assert_allclose(fused, slerp(new, old, 0.3), atol=1e-6)
    thresholds = [
        ScoreCalibrator().fit_embeddings(*pair, labels, random_state=0).threshold(0.5)
        for pair in ((held(old), held(new)), (old, new))
    ]
    assert thresholds[0] == pytest.approx(thresholds[1], abs=1e-4)


@pytest.mark.parametrize("container", VECTORS)
def test_a_gallery_takes_and_finds_them(container):
    vectors = np.random.default_rng(0).integers(1, 5, (20, 3)).astype(float)
    held, galleries = VECTORS[container], []
    for same in (held(vectors), vectors):
        galleries.append(Gallery(fingerprint="v1"))
        galleries[-1].add(range(20), vectors=same)
    found = galleries[0].search(vectors=held(vectors), k=3)
    expected = galleries[1].search(vectors=vectors, k=3)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_allclose(found[1], expected[1], atol=1e-6)


@pytest.mark.parametrize("container", COLUMNS)
@pytest.mark.parametrize("ids", [np.arange(5), np.array(list("abcde"))])
def test_a_gallery_takes_ids_of_any_column(container, ids):
    gallery = Gallery(fingerprint="v1")
    gallery.add(COLUMNS[container](ids), vectors=np.eye(5))
    found, _ = gallery.search(vectors=np.eye(5), k=1, among=COLUMNS[container](ids[1:]))
    assert found[1:, 0].tolist() == ids[1:].tolist()
    gallery.delete(COLUMNS[container](ids[:2]))
    assert gallery.ids().tolist() == ids[2:].tolist()


def test_a_display_takes_columns_of_vectors():
    vectors = np.eye(3)[np.arange(6) % 3] + 0.1
    columns = pd.DataFrame({"May": list(vectors), "June": list(vectors)})
    display = CompatibilityMatrixDisplay.from_embeddings(
        {name: columns[name] for name in columns}, labels=np.arange(6) % 3
    )
    np.testing.assert_array_equal(display.values, np.ones((2, 2)))


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (pd.Series([[1, 2], None, [3, 4]]), "queries: row 1 holds no vector: None"),
        (pl.Series([[1, 2], None, [3, 4]]), "queries: row 1 holds no vector: None"),
        (pd.Series([[1, 2], [3, 4, 5], [6]]), "queries .* widths from 1 to 3"),
        ([[1, 2], [3, 4, 5], [6]], "queries must hold vectors of one width"),
        (pa.array([[1, 2], [3, None], [5, 6]]), "queries contains NaN"),
        (np.ma.masked_equal([[1, 2], [3, 4], [5, 6]], 3), "queries has 1 masked"),
        (torch.tensor([[1.0, 2], [torch.inf, 4], [5, 6]]), "queries contains infinity"),
        (pd.Series([1.0, 2.0, 3.0]), r"queries must have shape \(n, dim\), got \(3,\)"),
        (pd.Series(["a", "b", "c"]), "queries must hold numbers"),
        ([["a", "b"], ["c", "d"]], "queries must hold numbers"),
        (np.zeros((0, 2)), r"queries must have shape .* got \(0, 2\)"),
        ([], r"queries must have shape .* got \(0,\)"),
        (np.zeros((3, 2)), "queries: row 0 is 0 in the 2"),
    ],
)
def test_what_is_no_matrix_is_named(vectors, message):
    with pytest.raises(ValueError, match=message):
        metrics.nearest(vectors, np.eye(3, 2) + 1)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (pd.Series([0, None, 1], dtype="Int64"), "query_labels"),
        (pl.Series([0, None, 1]), "query_labels holds NaN"),
        (pa.array(["a", None, "b"]), "query_labels holds NaN, None"),
        (np.ma.masked_equal([0, 1, 2], 1), "query_labels has masked values"),
        (["a", 1, "b"], "query_labels .*number"),
        ([["a"], ["b"], ["c", "d"]], "query_labels must be 1-D"),
        (pd.DataFrame({"label": [0, 0, 1]}), "query_labels must be 1-D"),
    ],
)
def test_labels_that_are_none_are_named(labels, message):
    with pytest.raises(ValueError, match=message):
        metrics.recall_at_k(np.eye(3), query_labels=labels)
