"""Vectors in this process: in memory, or in a folder that survives a kill."""

import os
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from sklearn_graceful.exceptions import DamagedGalleryError
from sklearn_graceful.gallery._block_index import BlockIndexes, factory_string
from sklearn_graceful.gallery._blocks import BLOCK_ROWS, FileBlock, MemoryBlock
from sklearn_graceful.gallery._ids import (
    are_among,
    ids_as_bytes,
    ids_from_bytes,
    kind_of,
)
from sklearn_graceful.gallery._log import Log, Record
from sklearn_graceful.gallery._snapshot import Snapshot
from sklearn_graceful.gallery._space import Space
from sklearn_graceful.gallery._store import StateChangedError

_LOG = "gallery.sqlite"


class LocalStore:
    """A :class:`VectorStore` of one process, any number of threads.

    Readers work on the snapshot that they found, without a lock; one writer at a time
    makes the next one.

    On disk vectors lie in files of nothing else, which are read as mapped memory, and a
    log says which rows of them count. A step appends vectors behind the rows that
    count, waits for the disk, and then writes the log, by which all of it holds.

    Parameters
    ----------
    path : path-like or None, default=None
        Folder. None: in memory only.
    new : bool, default=True
        Whether to make the folder; else what it holds is read and checked.
    index : str, default="flat"
        "flat": exact search. "hnsw", or a string that faiss's factory takes: an index
        of every full block of 131,072 rows, built in the background; the rows behind
        are searched exactly. Of a folder that is there: as it was made.
    score : {"inner_product", "euclidean"}, default="inner_product"
        What the index is for. Views with another score are searched exactly.

    Raises
    ------
    FileExistsError, FileNotFoundError
        If there is a gallery already, or none.
    DamagedGalleryError
        If a file is not what was written.
    RuntimeError
        If another process has it open.
    """

    def __init__(self, path=None, *, new=True, index="flat", score="inner_product"):
        self.path = None if path is None else Path(path)
        self._lock = threading.RLock()
        self._snapshot, self._log = Snapshot(), None
        self._files, self._synced, self._read_only = {}, set(), False
        self._indexes = None
        if new:
            self._use_index(factory_string(index), score)
        if self.path is None:
            return
        file = self.path / _LOG
        if new:
            if file.exists():
                raise FileExistsError(f"{path} holds a gallery: Gallery.open reads it.")
            self.path.mkdir(parents=True, exist_ok=True)
        elif not file.exists():
            raise FileNotFoundError(f"{path} holds no gallery: there is no {file}.")
        self._read_only = not new and not os.access(self.path, os.W_OK)
        self._log = Log(file, new=new, read_only=self._read_only)
        try:
            if new and self._indexes is not None:
                self._log.append([self._setting()])
            self._snapshot = self._replayed()
            self._index_blocks()
        except BaseException:
            self.close()
            raise
        if not self._read_only:
            self._delete_leftovers()

    def search(self, views, k, among=None):
        """See :class:`VectorStore`."""
        return self._snapshot.search(views, k, among, self._indexes)

    def vectors(self, space, ids):
        """See :class:`VectorStore`."""
        return self._snapshot.vectors(space, ids)

    def ids(self, space, without=(), among=None):
        """See :class:`VectorStore`."""
        return self._snapshot.ids(space, without, among)

    def state(self):
        """See :class:`VectorStore`."""
        return self._snapshot.state

    def write(self, changes):
        """See :class:`VectorStore`."""
        with self._lock:
            if self._read_only:
                raise OSError(f"{self.path} is read-only.")
            if changes.after not in (None, self._snapshot.state):
                raise StateChangedError
            _check(changes, self._snapshot)
            spaces, records = dict(self._snapshot.spaces), []
            for name, ids in changes.delete.items():
                spaces[name] = spaces[name].without(ids)
                header = {"kind": "delete", "space": name, "ids": kind_of(ids)}
                records.append(Record(header, ids_as_bytes(ids)))
            for name in changes.drop:
                spaces.pop(name, None)
                records.append(Record({"kind": "drop", "space": name}))
            for name, (ids, vectors) in changes.insert.items():
                if not len(ids):
                    continue
                space = spaces.get(name)
                if space is None:  # if it is dropped, readers may have its files
                    before = self._snapshot.spaces.get(name)
                    generation = 0 if before is None else before.generation + 1
                    space = Space(vectors.shape[1], generation)
                spaces[name], more = self._inserted(name, space, ids, vectors)
                records += more
            state = self._snapshot.state
            if changes.state is not None:
                state = changes.state
                records.append(Record({"kind": "state", "state": state}))
            self._log_all(records)
            self._swap(spaces, state, _changed(changes))
            self._index_blocks()

    def build_index(self):
        """Wait until all full blocks have their index."""
        if self._indexes is not None:
            self._indexes.wait()

    def compact(self):
        """Write spaces anew without the rows that are gone, and the log without past.

        Searches go on meanwhile; writers wait. A kill leaves it as it was.
        """
        with self._lock:
            spaces, records = {}, []
            if self._indexes is not None:
                records.append(self._setting())
            for name, space in self._snapshot.spaces.items():
                fresh = Space(space.dim, space.generation + 1)
                for _, _, vectors, ids, gone in space.parts():
                    if gone is not None:
                        vectors, ids = vectors[~gone], ids[~gone]
                    fresh, more = self._inserted(name, fresh, ids, vectors)
                    records += more
                if len(fresh):
                    spaces[name] = fresh
            state = self._snapshot.state
            if state is not None:
                records.append(Record({"kind": "state", "state": state}))
            if self._log is not None:
                self._sync_names()
                self._log.rewrite(records)
            self._swap(spaces, state, {})
            self._index_blocks()

    def close(self):
        """Close the files. Nothing can be read or written afterwards."""
        with self._lock:
            if self._indexes is not None:
                self._indexes.close()
            if self._log is not None:
                self._log.close()
            for block in self._files.values():
                block.close()
            self._files = {}
            self._snapshot = None

    # How vectors are written

    def _inserted(self, name, space, ids, vectors):
        """Write vectors behind the last row that counts: new space, records."""
        pieces = list(space.pieces(len(ids)))
        n_blocks = 1 + pieces[-1][0] if pieces else 0
        more = range(len(space.blocks), n_blocks)
        space = space.with_blocks([self._block(name, space, k) for k in more])
        records = []
        # While the disk is waited for, all else is worked out. Rows that turn out to be
        # refused do not count.
        with ThreadPoolExecutor(1) as disk:
            written = disk.submit(_write, space.blocks, pieces, vectors)
            _check_are_new(name, space, ids)
            for block, start, part in pieces:
                header = {
                    "kind": "insert",
                    "space": name,
                    "generation": space.generation,
                    "dim": space.dim,
                    "block": block,
                    "start": start,
                    "ids": kind_of(ids),
                    "crc": _crc(vectors[part]),
                }
                records.append(Record(header, ids_as_bytes(ids[part])))
            space = space.with_rows(ids) if len(ids) else space
            written.result()
        return space, records

    def _block(self, name, space, number):
        if self.path is None:
            return MemoryBlock(space.dim)
        path = self._file(name, space.generation, number)
        if path not in self._files:  # else left by a step that failed
            self._files[path] = FileBlock(space.dim, path, self._read_only)
        return self._files[path]

    def _file(self, name, generation, number):
        return self.path / f"{name}-{generation}-{number:06}.f32"

    def _log_all(self, records):
        if self._log is not None:
            self._sync_names()
            self._log.append(records)

    def _sync_names(self):
        """Wait until the names of new files are on the disk."""
        if self._files.keys() - self._synced:
            _sync_folder(self.path)
            self._synced = set(self._files)

    def _swap(self, spaces, state, changed):
        before = self._snapshot.spaces
        self._snapshot = self._snapshot.after(spaces, state, changed)
        if self._indexes is not None:
            now = {block for space in spaces.values() for block in space.blocks}
            for space in before.values():
                for block in set(space.blocks) - now:
                    self._indexes.forget(block)
        if self.path is None:
            return
        kept = {b.path for space in spaces.values() for b in space.blocks}
        for path in self._files.keys() - kept:
            # Readers may hold views of it: on POSIX these outlive their file.
            self._files.pop(path).close()
            path.unlink()

    # Approximate search

    def _use_index(self, factory, score):
        if factory is not None:
            self._indexes = BlockIndexes(factory, score)

    def _setting(self):
        factory, score = self._indexes.factory, self._indexes.score
        return Record({"kind": "index", "factory": factory, "score": score})

    def _index_blocks(self):
        """Have the indexes built that full blocks lack."""
        if self._indexes is None:
            return
        for space in self._snapshot.spaces.values():
            for block in space.blocks[: space.n_rows // BLOCK_ROWS]:
                self._indexes.build(block, BLOCK_ROWS)

    # How a folder is read

    def _replayed(self):
        spaces, state, written = {}, None, []
        for record in _of_spaces_that_stay(self._log.records()):
            header, name = record.header, record.header.get("space")
            if header["kind"] == "state":
                state = header["state"]
            elif header["kind"] == "index":
                if self._indexes is None:
                    self._use_index(header["factory"], header["score"])
            elif header["kind"] == "delete":
                spaces[name] = spaces[name].without(_ids_of(record))
            else:
                ids = _ids_of(record)
                space = spaces.get(name)
                if space is None:
                    space = Space(header["dim"], header["generation"])
                spaces[name] = self._found_again(name, space, header, ids)
                written.append((spaces[name].blocks[header["block"]], header, len(ids)))
        for block, header, n_rows in written:
            _check_vectors(block, header, n_rows)
        return Snapshot(spaces, state)

    def _found_again(self, name, space, header, ids):
        """Rows of an insert, without having looked at the vectors yet."""
        if header["block"] == len(space.blocks):
            file = self._file(name, header["generation"], header["block"])
            if not file.exists():
                raise DamagedGalleryError(f"{file} is damaged: it is not there.")
            space = space.with_blocks([self._block(name, space, header["block"])])
        return space.with_rows(ids)

    def _delete_leftovers(self):
        """Files that a killed process wrote for a step that never held."""
        for pattern in ("*.f32", "*.faiss", "*.partial"):
            for file in self.path.glob(pattern):
                if file.with_suffix(".f32") not in self._files:
                    file.unlink()


def _of_spaces_that_stay(records):
    """Records without those of spaces that were dropped later, whose files are gone."""
    records, last_drop = list(records), {}
    for number, record in enumerate(records):
        if record.header["kind"] == "drop":
            last_drop[record.header["space"]] = number
    for number, record in enumerate(records):
        if number > last_drop.get(record.header.get("space"), -1):
            yield record


def _write(blocks, pieces, vectors):
    """Write vectors and wait until they are on the disk."""
    for block, start, part in pieces:
        blocks[block].write(start, vectors[part])
    for block in {block for block, _, _ in pieces}:
        blocks[block].sync()


def _check(changes, snapshot):
    """Refuse changes that do not fit what is there, before anything is written."""
    kinds = {kind_of(space.ids[0][:1]) for space in snapshot.spaces.values()}
    for name, ids in changes.delete.items():
        there = are_among(ids, snapshot.ids(name, among=ids))
        if not there.all():
            raise KeyError(f"{ids[~there][0]!r} is not in space {name!r}.")
    for name, (ids, vectors) in changes.insert.items():
        if kinds and kind_of(ids) not in {*kinds, None}:
            raise ValueError(
                f"ids are {kind_of(ids)}, but those of this gallery are {kinds.pop()}."
            )
        space = None if name in changes.drop else snapshot.spaces.get(name)
        if space is not None and vectors.shape[1] != space.dim:
            raise ValueError(
                f"vectors have width {vectors.shape[1]}, those of space {name!r} have "
                f"{space.dim}."
            )


def _check_are_new(name, space, ids):
    """Refuse ids that are in a space, or cannot be told from one that is."""
    if (space.rows.find(ids) < 0).all():
        return
    if (alike := space.alike(ids)) is not None:
        raise ValueError(
            f"One of the ids has the same hash as {alike!r}: take another name."
        )
    again = ids[space.find(ids) >= 0][0]
    raise ValueError(f"{again!r} is in space {name!r} already.")


def _changed(changes):
    changed = {name: [ids] for name, ids in changes.delete.items()}
    for name, (ids, _) in changes.insert.items():
        changed.setdefault(name, []).append(ids)
    return changed


def _check_vectors(block, header, n_rows):
    start, stop = header["start"], header["start"] + n_rows
    if block.n_rows() < stop:
        raise DamagedGalleryError(
            f"{block.path} is damaged: rows up to {stop} were written, it ends after "
            f"row {block.n_rows()}."
        )
    if _crc(block.read(stop)[start:]) != header["crc"]:
        raise DamagedGalleryError(
            f"{block.path} is damaged: rows {start} to {stop - 1} are not what was "
            "written."
        )


def _crc(vectors):
    return zlib.crc32(np.ascontiguousarray(vectors, np.float32).view(np.uint8))


def _ids_of(record):
    return ids_from_bytes(record.header.get("ids"), record.payload)


def _sync_folder(path):
    if os.name != "posix":
        return
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
