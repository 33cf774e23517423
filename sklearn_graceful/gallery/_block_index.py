"""Approximate search of blocks that are full: one faiss index each."""

import json
import os
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sklearn_graceful._warn import warn_user
from sklearn_graceful.gallery._top_k import merge, top_k

# What names stand for; anything else is a string that faiss's factory takes.
_FACTORIES = {"hnsw": "HNSW32,Flat"}
# How hard an index tries: nodes of a graph that are looked at, and the share of lists.
_EF_SEARCH, _PROBED = 64, 1 / 8
# Beyond such a share of rows that do not count, a scan is as good.
_MOST_SKIPPED = 0.5


def factory_string(index):
    """Return what faiss's factory takes for a setting; None: exact.

    Raises
    ------
    ImportError
        If faiss is not installed.
    ValueError
        If faiss does not know the setting.
    """
    if index == "flat":
        return None
    try:
        import faiss
    except ImportError as error:
        raise ImportError(
            f"index={index!r} needs faiss: pip install 'sklearn-graceful[gallery]'."
        ) from error
    factory = _FACTORIES.get(index, index)
    try:
        faiss.index_factory(64, factory)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            "index must be 'flat', 'hnsw', a string of faiss's factory or a "
            f"VectorStore, got {index!r}."
        ) from error
    return factory


class BlockIndexes:
    """Indexes of full blocks, built by a thread of their own, kept beside the blocks.

    Until its index is there, a block is searched exactly. What an index finds is scored
    by the vectors themselves. A file that is not what was written is built anew.

    Parameters
    ----------
    factory : str
        For faiss's factory.
    score : {"inner_product", "euclidean"}
        What is near.
    """

    def __init__(self, factory, score):
        self.factory, self.score = factory, score
        self._built, self._begun = {}, {}
        self._builder = ThreadPoolExecutor(1, thread_name_prefix="gallery-index")

    def build(self, block, n_rows):
        """Have the index of a full block built, unless it is there or under way."""
        if block not in self._begun:
            self._begun[block] = self._builder.submit(self._build, block, n_rows)

    def wait(self):
        """Wait until everything is built, and raise what went wrong."""
        for future in list(self._begun.values()):
            future.result()

    def forget(self, block):
        """Give up the index of a block that is no more, and its file."""
        self._begun.pop(block, None)
        self._built.pop(block, None)
        if (file := _file_of(block)) is not None:
            file.unlink(missing_ok=True)

    def close(self):
        """Wait for the index that is being built; others are left out."""
        self._builder.shutdown(cancel_futures=True)

    def top_k(self, block, queries, rows, k, skipped):
        """As :func:`top_k`, or None where there is no index or no use for one."""
        index = self._built.get(block)
        n_skipped = 0 if skipped is None else np.count_nonzero(skipped)
        if index is None or n_skipped > _MOST_SKIPPED * len(rows):
            return None
        k = min(k, len(rows) - n_skipped)
        _, positions = index.search(queries, min(k + n_skipped, 2 * k, len(rows)))
        counts = positions >= 0
        if n_skipped:
            counts &= ~skipped[positions]
        scores = _scores(queries, rows, positions, self.score)
        scores, positions = merge([(np.where(counts, scores, -np.inf), positions)], k)
        short = counts.sum(axis=1) < k
        if short.any():
            exact = top_k(queries[short], rows, k, self.score == "euclidean", skipped)
            scores[short], positions[short] = exact
        return scores, positions

    def _build(self, block, n_rows):
        try:
            self._built[block] = self._made(block, n_rows)
        except Exception as error:
            warn_user(
                f"No index {self.factory!r} of vectors of this width: they are "
                f"searched exactly. {error}",
                UserWarning,
            )
            raise

    def _made(self, block, n_rows):
        import faiss

        rows = block.read(n_rows)
        known = {"factory": self.factory, "score": self.score, "rows": zlib.crc32(rows)}
        index = self._read(block, known)
        if index is None:
            metric = faiss.METRIC_INNER_PRODUCT
            if self.score == "euclidean":
                metric = faiss.METRIC_L2
            index = faiss.index_factory(rows.shape[1], self.factory, metric)
            index.train(rows)
            index.add(rows)
            _keep(block, known, faiss.serialize_index(index))
        _tune(faiss, index)
        return index

    def _read(self, block, known):
        """The index in a block's file, or None."""
        import faiss

        file = _file_of(block)
        if file is None or not file.exists():
            return None
        said, _, content = file.read_bytes().partition(b"\n")
        if said != _said(known, content):
            warn_user(f"{file} is not what was written; it is made anew.", UserWarning)
            return None
        return faiss.deserialize_index(np.frombuffer(content, np.uint8))


def _file_of(block):
    path = getattr(block, "path", None)
    return None if path is None else path.with_suffix(".faiss")


def _keep(block, known, content):
    if (file := _file_of(block)) is None:
        return
    content = content.tobytes()
    partial = file.with_suffix(".partial")
    partial.write_bytes(_said(known, content) + b"\n" + content)
    os.replace(partial, file)


def _said(known, content):
    return json.dumps({**known, "crc": zlib.crc32(content)}).encode()


def _tune(faiss, index):
    lists = faiss.try_extract_index_ivf(index)
    if lists is not None:
        lists.nprobe = max(1, round(_PROBED * lists.nlist))
    graph = getattr(faiss.downcast_index(index), "hnsw", None)
    if graph is not None:
        graph.efSearch = _EF_SEARCH


def _scores(queries, rows, positions, score):
    found = rows[positions]
    if score == "euclidean":
        return -np.linalg.norm(found - queries[:, None], axis=2)
    return np.einsum("ij,ikj->ik", queries, found)
