"""All spaces at one moment, and the search of them."""

from dataclasses import dataclass, field

import numpy as np
from sklearn.utils import gen_batches

from sklearn_graceful.gallery._blocks import BLOCK_ROWS
from sklearn_graceful.gallery._space import with_marks
from sklearn_graceful.gallery._top_k import merge, top_k
from sklearn_graceful.search import unit_rows


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a store holds at one moment; never changed.

    Parameters
    ----------
    spaces : dict of str to Space
    state : dict or None
    hidden : dict
        By a space and those that go before it: the rows of the first that are in one
        of the others too, as marks. Worked out when they are first asked for.
    """

    spaces: dict = field(default_factory=dict)
    state: dict | None = None
    hidden: dict = field(default_factory=dict)

    def search(self, views, k, among=None, indexes=None):
        """See :class:`VectorStore`; `indexes` may know blocks that are full."""
        found = []
        for number, view in enumerate(views):
            later = tuple(other.space for other in views[number + 1 :])
            found.append(self._search_one(view, later, k, among, indexes))
        return found

    def ids(self, name, without=(), among=None):
        """See :class:`VectorStore`."""
        if name not in self.spaces:
            return np.empty(0, np.int64)
        if among is not None:
            return self.spaces[name].ids_of(self._rows_among(name, without, among))
        parts = [
            ids if skipped is None else ids[~skipped]
            for _, _, ids, skipped in self._parts(name, tuple(without))
        ]
        return np.concatenate(parts)

    def vectors(self, name, ids):
        """See :class:`VectorStore`."""
        if name not in self.spaces:
            return np.empty((0, 0), np.float32), np.zeros(len(ids), bool)
        rows = self.spaces[name].find(ids)
        there = rows >= 0
        return self.spaces[name].vectors_of(rows[there]), there

    def after(self, spaces, state, changed):
        """Return what holds after a change, with all that is known of hidden rows.

        Parameters
        ----------
        spaces : dict of str to Space
        state : dict or None
        changed : dict of str to list of ndarray
            Ids that came into a space, or left it.

        Returns
        -------
        snapshot : Snapshot
        """
        new = Snapshot(spaces, state)
        for (name, later), marks in list(self.hidden.items()):
            # Marks go by row, and rows begin anew where a space was written anew.
            if all(self._goes_on(space, spaces) for space in (name, *later)):
                ids = [i for space in (name, *later) for i in changed.get(space, ())]
                new.hidden[name, later] = new._marked(name, later, marks, ids)
        return new

    def _goes_on(self, name, spaces):
        """Whether a space has the blocks that it had, if it had any."""
        before, after = self.spaces.get(name), spaces.get(name)
        if before is None:
            return True
        return after is not None and before.blocks[:1] == after.blocks[:1]

    def _marked(self, name, later, marks, changed):
        """Marks of hidden rows, worked out again for some ids."""
        space = self.spaces[name]
        marks = (*marks, *(None for _ in range(len(space.blocks) - len(marks))))
        for ids in changed:
            rows = space.find(ids)
            hidden = self._in_any(later, ids)
            marks = with_marks(marks, rows[rows >= 0], hidden[rows >= 0])
        return marks

    def _search_one(self, view, later, k, among, indexes):
        found = []
        if view.space in self.spaces and among is None:
            found = list(self._scan(view, later, k, indexes))
        elif view.space in self.spaces:
            found = list(self._scan_chosen(view, later, k, among))
        if not found:
            shape = len(view.queries), 0
            return np.empty(shape, np.int64), np.empty(shape, np.float32)
        scores, rows = merge(found, k)
        return self.spaces[view.space].ids_of(rows), scores

    def _scan(self, view, later, k, indexes):
        """The nearest of each block: scores and rows."""
        blocks = self.spaces[view.space].blocks
        of_use = indexes is not None and indexes.score == view.score
        parts = self._parts(view.space, later)
        for block, (first, vectors, _, skipped) in zip(blocks, parts, strict=False):
            found = None
            if of_use:
                found = indexes.top_k(block, view.queries, vectors, k, skipped)
            scores, rows = found or _top_k(view, vectors, k, skipped)
            yield scores, first + rows

    def _scan_chosen(self, view, later, k, among):
        """The nearest among some ids, whose vectors are copied together."""
        space = self.spaces[view.space]
        rows = self._rows_among(view.space, later, among)
        for part in gen_batches(max(len(rows), 1), BLOCK_ROWS):
            scores, found = _top_k(view, space.vectors_of(rows[part]), k)
            yield scores, rows[part][found]

    def _rows_among(self, name, later, ids):
        """Rows of ids, those left out that are in other spaces too; rising."""
        rows = self.spaces[name].find(ids)
        return np.sort(rows[(rows >= 0) & ~self._in_any(later, ids)])

    def _parts(self, name, later):
        """Blocks of a space: first row, vectors, ids, rows to skip or None."""
        hidden = self._hidden(name, later) if later else None
        for number, first, vectors, ids, gone in self.spaces[name].parts():
            skipped = gone
            if hidden is not None and hidden[number] is not None:
                marks = hidden[number][: len(ids)]
                skipped = marks if gone is None else gone | marks
            yield first, vectors, ids, skipped

    def _hidden(self, name, later):
        key = name, later
        if key not in self.hidden:
            space = self.spaces[name]
            marks = tuple(None for _ in space.blocks)
            for _, first, _, ids, _ in space.parts():
                rows = first + np.flatnonzero(self._in_any(later, ids))
                marks = with_marks(marks, rows, True)
            self.hidden[key] = marks
        return self.hidden[key]

    def _in_any(self, names, ids):
        found = np.zeros(len(ids), bool)
        for name in names:
            if name in self.spaces:
                found |= self.spaces[name].find(ids) >= 0
        return found


def _top_k(view, vectors, k, skipped=None):
    if view.score == "cosine":
        vectors = unit_rows(vectors)
    return top_k(view.queries, vectors, k, view.score == "euclidean", skipped)
