"""Data frames of R's packages, read without R."""

import gzip
import lzma
import re
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sklearn_graceful.datasets._packages import find_file, import_extra

_LIBRARIES = (
    "/usr/lib/R/site-library",
    "/usr/local/lib/R/site-library",
    "/usr/lib/R/library",
)
# How R writes a pair of integers (type 13, length 2) and a name in ASCII.
_PAIR = re.compile(rb"\x00{3}\x0d\x00{3}\x02(.{4})(.{4})", re.DOTALL)
_NAME = re.compile(rb"\x00\x04\x00\x09\x00{3}.([\w.]+)", re.DOTALL)


def read_rda(package, frame, path=None):
    """Data frame of a package that keeps each in a file of its own."""
    return _read(_find(package, f"{frame}.rda", path), frame)


def read_lazy_load(package, frame, path=None):
    """Data frame of a package that keeps all in one lazy-load file, Rdata.rdb."""
    objects = _find(package, "Rdata.rdb", path)
    places = _places(objects.with_suffix(".rdx").read_bytes())
    if frame not in places:
        raise ValueError(f"{objects} has no data frame {frame}.")
    start, length = places[frame]
    content = _decompress(objects.read_bytes()[start : start + length])
    with TemporaryDirectory() as folder:
        file = Path(folder, f"{frame}.rds")
        file.write_bytes(content)
        return _read(file, None)


def as_numbers(column, *, one_hot=True):
    """Column of a data frame as numbers; with `one_hot`, a column for each category.

    Of two categories the second is enough.
    """
    if not (one_hot and hasattr(column, "cat")):
        return column.to_numpy().astype(np.float64)
    # In the order of the categories, which sorting as text would lose.
    categories = np.asarray(column.cat.categories, dtype=str)
    if len(categories) == 2:
        categories = categories[1:]
    return (column.to_numpy(dtype=str)[:, None] == categories).astype(np.float64)


def _find(package, name, path):
    folders = [f"{library}/{package}/data" for library in _LIBRARIES]
    return find_file(name, package=f"r-cran-{package}", folders=folders, path=path)


def _read(file, frame):
    pyreadr = import_extra("pyreadr", "R's files are read with pyreadr")
    return pyreadr.read_r(str(file))[frame]


def _places(index):
    """Start and length of each object by its name, from the bytes of an .rdx file."""
    content = gzip.decompress(index)
    # The index is a list of pairs, then the word "names", then the names.
    pairs = [tuple(int.from_bytes(n) for n in pair) for pair in _PAIR.findall(content)]
    names = [name.decode() for name in _NAME.findall(content)[1:]]
    return dict(zip(names, pairs, strict=False))


def _decompress(stored):
    """Content of an object: four bytes of its length, then a compressed stream."""
    length, stream = int.from_bytes(stored[:4]), stored[4:]
    if stream.startswith(b"Z"):
        filters = [{"id": lzma.FILTER_LZMA2, "preset": 6}]
        content = lzma.decompress(stream[1:], lzma.FORMAT_RAW, filters=filters)
    else:
        content = zlib.decompress(stream)
    if len(content) != length:
        raise ValueError(f"An object has {len(content)} bytes instead of {length}.")
    return content
