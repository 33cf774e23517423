"""Rows of vectors that only ever grow, in blocks: in memory, or in files."""

import mmap
import os

import numpy as np

# Rows of a block.
BLOCK_ROWS = 2**17
_FIRST_ROWS = 2**10


class MemoryBlock:
    """Up to BLOCK_ROWS rows in memory.

    Parameters
    ----------
    dim : int
        Numbers of a row, in single precision.
    """

    def __init__(self, dim):
        # Pages that nobody has written to take no memory.
        self._rows = np.empty((BLOCK_ROWS, dim), np.float32)

    def write(self, start, vectors):
        """Write rows from `start` on; those before stay."""
        self._rows[start : start + len(vectors)] = vectors

    def read(self, n_rows):
        """Return the first rows, a view of shape (n_rows, dim)."""
        return self._rows[:n_rows]

    def sync(self):
        """Nothing to do: memory lasts as long as the process."""

    def close(self):
        """Nothing to do."""


class FileBlock:
    """Up to BLOCK_ROWS rows in a file of nothing else, read as mapped memory.

    A reader keeps the view that it has, however the file grows.

    Parameters
    ----------
    dim : int
        Numbers of a row, in single precision.
    path : Path
        Of the file; made if it is missing.
    read_only : bool, default=False
        Whether nothing is to be written.
    """

    def __init__(self, dim, path, read_only=False):
        self.dim, self.path = dim, path
        self._row_bytes = 4 * dim
        mode = "rb" if read_only else "r+b" if path.exists() else "w+b"
        self._file = open(path, mode, buffering=0)  # noqa: SIM115
        self._view = np.empty((0, dim), np.float32)

    def write(self, start, vectors):
        """Write rows from `start` on; those before stay."""
        self._make_room(start + len(vectors))
        self._file.seek(start * self._row_bytes)
        left = memoryview(np.ascontiguousarray(vectors, np.float32)).cast("B")
        while left:
            left = left[self._file.write(left) :]

    def read(self, n_rows):
        """Return the first rows, a view of shape (n_rows, dim)."""
        if n_rows > len(self._view):
            self._view = self._map()
        return self._view[:n_rows]

    def n_rows(self):
        """Rows that the file has room for."""
        return os.fstat(self._file.fileno()).st_size // self._row_bytes

    def sync(self):
        """Wait until all that was written is on the disk."""
        os.fsync(self._file.fileno())

    def close(self):
        """Close the file; views that readers have stay valid."""
        self._file.close()

    def _make_room(self, n_rows):
        room = self.n_rows()
        if n_rows <= room:
            return
        # Doubled, so that mappings are few; what nobody has written takes no space.
        while room < n_rows:
            room = max(2 * room, _FIRST_ROWS)
        self._file.truncate(min(room, BLOCK_ROWS) * self._row_bytes)

    def _map(self):
        length = self.n_rows() * self._row_bytes
        mapped = mmap.mmap(self._file.fileno(), length, access=mmap.ACCESS_READ)
        return np.frombuffer(mapped, np.float32).reshape(-1, self.dim)
