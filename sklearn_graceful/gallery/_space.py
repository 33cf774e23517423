"""The vectors of one model at one moment: rows that were written, some of them gone."""

from dataclasses import dataclass, field, replace

import numpy as np

from sklearn_graceful.gallery._blocks import BLOCK_ROWS
from sklearn_graceful.gallery._ids import DTYPES, RowsById, kind_of


@dataclass(frozen=True, eq=False)
class Space:
    """Rows of a space. What changes it makes another; readers keep the one they have.

    Arrays are shared with those that come later: these only write behind `n_rows`.

    Parameters
    ----------
    dim : int
        Width of the vectors.
    generation : int, default=0
        How often the space was written anew.
    n_rows : int, default=0
        Rows that were written, with those that are gone.
    blocks : tuple of MemoryBlock or FileBlock
        Vectors.
    ids : tuple of ndarray of shape (BLOCK_ROWS,)
        Of every block's rows.
    gone : tuple of (ndarray of bool, shape (BLOCK_ROWS,), or None)
        Rows of every block that were deleted; None: none.
    rows : RowsById
        Rows that are not gone.
    """

    dim: int
    generation: int = 0
    n_rows: int = 0
    n_gone: int = 0
    blocks: tuple = ()
    ids: tuple = ()
    gone: tuple = ()
    rows: RowsById = field(default_factory=RowsById)

    def __len__(self):
        return self.n_rows - self.n_gone

    def pieces(self, n_more):
        """Split rows to come among blocks: (block, first row in it, slice of them)."""
        done = 0
        while done < n_more:
            block, start = divmod(self.n_rows + done, BLOCK_ROWS)
            stop = min(n_more, done + BLOCK_ROWS - start)
            yield block, start, slice(done, stop)
            done = stop

    def with_blocks(self, more):
        """Return the same with further blocks, of which no row is in use yet."""
        return replace(
            self,
            blocks=(*self.blocks, *more),
            ids=(*self.ids, *(None for _ in more)),
            gone=(*self.gone, *(None for _ in more)),
        )

    def with_rows(self, ids):
        """Return the same with ids for the rows behind the last, written before."""
        arrays = list(self.ids)
        for block, start, part in self.pieces(len(ids)):
            if arrays[block] is None:
                arrays[block] = np.empty(BLOCK_ROWS, DTYPES[kind_of(ids)])
            arrays[block][start : start + part.stop - part.start] = ids[part]
        new = np.arange(self.n_rows, self.n_rows + len(ids))
        return replace(
            self,
            n_rows=self.n_rows + len(ids),
            ids=tuple(arrays),
            rows=self.rows.with_rows(ids, new),
        )

    def without(self, ids):
        """Return the same without some ids, all of which are there."""
        rows = self.find(ids)
        return replace(
            self,
            n_gone=self.n_gone + len(ids),
            gone=with_marks(self.gone, rows, True),
            rows=self.rows.with_rows(ids, np.full(len(ids), -1)),
        )

    def find(self, ids):
        """Rows of ids, int64 of shape (n,); -1 where there is none."""
        rows = self.rows.find(ids)
        known = rows >= 0
        if known.any() and ids.dtype == object:
            rows[known] = np.where(
                self.ids_of(rows[known]) == ids[known], rows[known], -1
            )
        return rows

    def alike(self, ids):
        """An id that is there and cannot be told from one of these, or None."""
        rows = self.rows.find(ids)
        rows = rows[(rows >= 0) & (self.find(ids) < 0)]
        return self.ids_of(rows[:1]).tolist()[0] if len(rows) else None

    def parts(self):
        """Rows that are in use, block by block.

        Yields
        ------
        number, first : int
            Of the block, and of its first row.
        vectors : ndarray of shape (n, dim)
        ids : ndarray of shape (n,)
        gone : ndarray of bool, shape (n,), or None
        """
        for number, block in enumerate(self.blocks):
            n = min(self.n_rows - number * BLOCK_ROWS, BLOCK_ROWS)
            if n <= 0:
                return
            gone = self.gone[number]
            yield (
                number,
                number * BLOCK_ROWS,
                block.read(n),
                self.ids[number][:n],
                None if gone is None else gone[:n],
            )

    def vectors_of(self, rows):
        """Read rows, in any order; a copy of shape (n, dim)."""
        vectors = np.empty((len(rows), self.dim), np.float32)
        numbers, inside = np.divmod(rows, BLOCK_ROWS)
        for number in np.unique(numbers):
            here = numbers == number
            most = min(self.n_rows - number * BLOCK_ROWS, BLOCK_ROWS)
            vectors[here] = self.blocks[number].read(most)[inside[here]]
        return vectors

    def ids_of(self, rows):
        """Ids of rows, in an array of any shape."""
        ids = np.empty(rows.shape, self.ids[0].dtype)
        numbers, inside = np.divmod(rows, BLOCK_ROWS)
        for number in np.unique(numbers):
            here = numbers == number
            ids[here] = self.ids[number][inside[here]]
        return ids


def with_marks(marks, rows, value):
    """Set marks of rows, in copies of the blocks that these are in.

    Parameters
    ----------
    marks : tuple of (ndarray of bool, shape (BLOCK_ROWS,), or None)
        None is all False.
    rows : ndarray of int64, shape (n,)
    value : bool or ndarray of bool, shape (n,)

    Returns
    -------
    marks : tuple
    """
    numbers, inside = np.divmod(rows, BLOCK_ROWS)
    value = np.broadcast_to(value, rows.shape)
    changed = list(marks)
    for number in np.unique(numbers):
        here = numbers == number
        old = changed[number]
        new = np.zeros(BLOCK_ROWS, bool) if old is None else old.copy()
        new[inside[here]] = value[here]
        changed[number] = new
    return tuple(changed)
