"""New vectors for old items, a few at a time."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from tqdm import tqdm

from sklearn_graceful._budget import check_budget
from sklearn_graceful.gallery._orders import ordered
from sklearn_graceful.gallery._shards import read_shard
from sklearn_graceful.gallery._sources import batches, parts
from sklearn_graceful.gallery._versions import BackfillStatus


def status(contents):
    """How far the gallery has moved to its newest model: a BackfillStatus."""
    state = contents.refresh()
    to = target(state)
    n_left = sum(map(len, left(contents, state).values()))
    n_moved = len(contents.store.ids(to.space))
    return BackfillStatus(
        fingerprint=to.fingerprint,
        n_items=n_left + n_moved,
        n_moved=n_moved,
        serves=to.space == state.serving[-1],
        can_roll_back=state.upgrade is not None,
    )


def target(state):
    """The model that items are moved to."""
    return state.newest if state.upgrade is None else state.coming


def left(contents, state):
    """Ids of items that have no vector of it, by the space of their newest one."""
    to = target(state).space
    olds = [space for space in state.serving if space != to]
    if state.upgrade is not None and not state.is_building:
        olds = [space for space in state.upgrade.before if space in state.serving]
    return {
        space: contents.store.ids(space, (*olds[number + 1 :], to))
        for number, space in enumerate(olds)
    }


def run(contents, source, *, budget, order, labels, batch_size, seed, verbose):
    """Move items to the newest model; whatever is left is gone on with next time.

    Parameters are those of :meth:`Gallery.backfill`.
    """
    state = contents.refresh()
    to, waiting = target(state), left(contents, state)
    ids = np.concatenate(list(waiting.values())) if waiting else np.empty(0, np.int64)
    n_wanted = min(check_budget(budget, status(contents).n_items, "items"), len(ids))
    old_vectors = OldVectors(contents, list(waiting))
    chosen = ordered(order, ids, old_vectors, labels, contents.n_found, seed)
    if not isinstance(source, Iterator | list):  # which have an order of their own
        chosen = chosen[:n_wanted]
    n_moved = 0
    with tqdm(total=n_wanted, disable=None if verbose else True, unit="item") as bar:
        for some, vectors in _made(
            contents, to, source, chosen, batch_size, old_vectors
        ):
            some, vectors = some[: n_wanted - n_moved], vectors[: n_wanted - n_moved]
            n_moved += contents.move(to, some, vectors)
            bar.update(len(some))
            if n_moved >= n_wanted:
                break
    _switch(contents)


class OldVectors:
    """Vectors of items by the newest of some older spaces, read by id.

    Parameters
    ----------
    contents : Contents
    spaces : list of str
        From the oldest to the newest.
    """

    def __init__(self, contents, spaces):
        self.contents, self.spaces = contents, spaces
        dims = [contents.state.model(space).dim for space in spaces]
        # What all of them have in common.
        self.dim = min((dim for dim in dims if dim is not None), default=0)

    def __call__(self, ids):
        vectors = np.zeros((len(ids), self.dim), np.float32)
        for space in self.spaces:
            found, there = self.contents.store.vectors(space, ids)
            if there.any():
                vectors[there] = found[:, : self.dim]
        return vectors


def shards(contents, number):
    """Ids of what is left, in about equal parts: at most so many."""
    waiting = list(left(contents, contents.refresh()).values())
    ids = np.concatenate(waiting) if waiting else np.empty(0, np.int64)
    return [part for part in np.array_split(ids, number) if len(part)]


def _made(contents, to, source, ids, batch_size, old_vectors):
    """New vectors, by ids: of rows, from files, or of old vectors by an adapter."""
    if isinstance(source, list):
        for path in source:
            some, vectors = read_shard(path, to.fingerprint)
            yield some, contents.checked(to, vectors, str(path))
        return
    if hasattr(source, "inverse_transform"):
        for part in parts(len(ids), batch_size):
            made = source.inverse_transform(old_vectors(ids[part]))
            yield ids[part], contents.checked(to, made)
        return
    for some, X in batches(source, ids, batch_size):
        yield some, contents.embed(to, X)


def _switch(contents):
    """Let a model serve that was built up beside the others, if all is there."""
    with contents.writing():
        state = contents.state
        if state.is_building and not any(map(len, left(contents, state).values())):
            contents.write(replace(state, serving=(state.upgrade.to,)))
