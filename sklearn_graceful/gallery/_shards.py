"""Vectors made elsewhere, piece by piece, in files of their own."""

import json
import os
import zlib
from pathlib import Path

import numpy as np

from sklearn_graceful.exceptions import DamagedGalleryError
from sklearn_graceful.gallery._ids import as_ids, ids_as_bytes, ids_from_bytes, kind_of
from sklearn_graceful.gallery._sources import batches
from sklearn_graceful.reference import as_reference, fingerprint_of


def embed_shard(
    embedder, ids, source, path, *, fingerprint=None, batch_size=1024, overwrite=False
):
    """Make the vectors of some items and write them to a file.

    A plain function without any gallery, for a loop, joblib, or another machine: each
    task writes a file of its own, and :meth:`Gallery.backfill` takes the files. A file
    that is there already, whole, of this model and of these ids, is not made again, so
    that a run that was broken off can simply be run again.

    Parameters
    ----------
    embedder : object
        The fitted model that the gallery is upgraded to.
    ids : array-like of shape (n,)
        Of :meth:`Gallery.shards`.
    source : callable, (ids, X) or iterator of (ids, X)
        As for :meth:`Gallery.backfill`.
    path : path-like
        Of the file. It appears when it is whole.
    fingerprint : str, default=None
        As given to :meth:`Gallery.upgrade`.
    batch_size : int, default=1024
        Items at once.
    overwrite : bool, default=False
        Whether to make a file again that is there.

    Returns
    -------
    path : Path

    Raises
    ------
    ValueError
        If the source lacks an item.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from sklearn_graceful.gallery import embed_shard
    >>> X = np.random.default_rng(0).normal(size=(10, 4))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = embed_shard(PCA(2).fit(X), range(5), (range(10), X), f"{folder}/0")
    ...     file.name
    '0'
    """
    path, ids = Path(path), as_ids(ids)
    embedder = as_reference(embedder)
    fingerprint = fingerprint or fingerprint_of(embedder)
    if not overwrite and path.exists():
        try:
            known, _ = read_shard(path, fingerprint)
        except (DamagedGalleryError, ValueError):
            known = ids[:0]
        if np.array_equal(known, ids):
            return path
    vectors = [
        embedder.transform(X, remember=False)
        for _, X in batches(source, ids, batch_size)
    ]
    _write(path, fingerprint, ids, np.concatenate(vectors).astype(np.float32))
    return path


def read_shard(path, fingerprint):
    """Ids and vectors of a file, checked.

    Raises
    ------
    DamagedGalleryError
        If it is not what was written.
    ValueError
        If its vectors are of another model.
    """
    first, _, content = Path(path).read_bytes().partition(b"\n")
    try:
        header = json.loads(first)
        whole = header["crc"] == zlib.crc32(content)
    except (ValueError, TypeError, KeyError):
        whole = False
    if not whole:
        raise DamagedGalleryError(f"{path} is damaged, or no file of embed_shard.")
    if header["fingerprint"] != fingerprint:
        raise ValueError(
            f"{path} holds vectors of {header['fingerprint']}, not of {fingerprint}."
        )
    ids = ids_from_bytes(header["ids"], content[header["n_bytes"] :])
    vectors = np.frombuffer(content[: header["n_bytes"]], "<f4")
    return ids, vectors.reshape(-1, header["dim"]).astype(np.float32)


def _write(path, fingerprint, ids, vectors):
    as_bytes = vectors.astype("<f4").tobytes()
    content = as_bytes + ids_as_bytes(ids)
    header = {
        "fingerprint": fingerprint,
        "dim": vectors.shape[1],
        "ids": kind_of(ids),
        "n_bytes": len(as_bytes),
        "crc": zlib.crc32(content),
    }
    # Renamed when it is whole: no half of a file has the name.
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_bytes(json.dumps(header).encode() + b"\n" + content)
    os.replace(partial, path)
