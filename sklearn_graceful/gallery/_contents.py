"""Items, models and state of a gallery: how they are read and written together."""

import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from sklearn.utils import check_array

from sklearn_graceful.gallery._ids import are_among, as_ids, kind_of
from sklearn_graceful.gallery._models import seen_in
from sklearn_graceful.gallery._state import State
from sklearn_graceful.gallery._store import Changes, View
from sklearn_graceful.search import are_unit_rows, as_vectors, check_unit_rows

# Vectors that are of unit length but for the last digits are kept as they are.
_ROUNDED = 1e-6
SCORES = {
    "cosine": "inner_product",  # of vectors of unit length
    "inner_product": "inner_product",
    "euclidean": "euclidean",
}


class Contents:
    """What a gallery consists of. Whoever writes does so inside :meth:`writing`.

    Parameters
    ----------
    store : VectorStore
    state : State
        As the store has it.

    Attributes
    ----------
    embedders : dict of str to ReferenceModel
        By fingerprint; of those models that are at hand.
    adapters : dict of str to object
        By fingerprint.
    source : callable or None
        Rows by ids, for vectors that are made when they are needed.
    n_found : Counter
        How often items were found by an old vector, since the gallery was opened.
    """

    def __init__(self, store, state):
        self.store, self.state = store, state
        self._said = store.state()
        self.embedders, self.adapters = {}, {}
        self.source = None
        self.lock = threading.RLock()
        self.n_found = Counter()

    def refresh(self):
        """Look whether another process has changed the state; return it."""
        if self.store.state() != self._said:
            with self.lock:  # a writer of this process may have done it meanwhile
                said = self.store.state()
                self.state, self._said = State.from_json(said), said
        return self.state

    @contextmanager
    def writing(self):
        """Keep other writers of this process out, and look at what others wrote."""
        with self.lock:
            self.refresh()
            yield

    @property
    def spaces(self):
        """Names of all spaces that hold vectors or shall."""
        return [model.space for model in self.state.models]

    def targets(self):
        """Models that make vectors of items that arrive."""
        state = self.state
        names = {state.serving[-1]}
        if state.upgrade is not None and state.upgrade.how != "compatible":
            # Whichever way it ends, all items are there.
            names |= {state.upgrade.to, state.upgrade.before[-1]}
        return [model for model in state.models if model.space in names]

    # Reading

    def as_ids(self, ids):
        """Ids as an array; ValueError if they are of another kind than the others."""
        ids = as_ids(ids)
        if self.state.ids is not None and kind_of(ids) not in (self.state.ids, None):
            raise ValueError(
                f"ids are {kind_of(ids)}, but those of this gallery are "
                f"{self.state.ids}."
            )
        return ids

    def where(self, ids):
        """Ids by space; KeyError where one is in none."""
        found, missing = {}, np.ones(len(ids), bool)
        for space in self.spaces:
            there = self.are_in(space, ids)
            if there.any():
                found[space] = ids[there]
            missing &= ~there
        if missing.any():
            raise KeyError(
                f"{ids[missing].tolist()[0]!r} is not in the gallery, one of "
                f"{missing.sum()} such ids."
            )
        return found

    def count(self, found):
        """Remember how often items were found by old vectors."""
        if found:
            with self.lock:
                for ids in found:
                    self.n_found.update(ids.ravel().tolist())

    def known(self, ids):
        """Which ids are in the gallery."""
        known = np.zeros(len(ids), bool)
        for space in self.spaces:
            known |= self.are_in(space, ids)
        return known

    def are_in(self, space, ids):
        """Which ids are in a space."""
        return are_among(ids, self.store.ids(space, among=ids))

    def served(self, state):
        """Ids by space that serves, each item with the last that has it."""
        return {
            space: self.store.ids(space, state.serving[number + 1 :])
            for number, space in enumerate(state.serving)
        }

    def ids(self):
        """Ids of all items, those of the oldest space that serves first."""
        parts = [ids for ids in self.served(self.refresh()).values() if len(ids)]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def embed(self, model, X):
        """Vectors of rows by a model, checked."""
        embedder = self.embedders.get(model.fingerprint)
        if embedder is None:
            raise ValueError(
                f"The embedder of version {model.fingerprint} is not at hand: give "
                "vectors=, or open the gallery with it."
            )
        return self.checked(model, embedder.transform(X, remember=False))

    def checked(self, model, vectors, name="vectors"):
        """Vectors as they are kept; ValueError if they are none of the model."""
        is_cosine = self.state.metric == "cosine"
        vectors = as_vectors(name, vectors)
        how = {"dtype": np.float32, "input_name": name, "order": "C"}
        vectors = check_array(vectors, ensure_all_finite=not is_cosine, **how)
        if model.dim not in (None, vectors.shape[1]):
            raise ValueError(
                f"{name} has width {vectors.shape[1]}, those of version "
                f"{model.fingerprint} have {model.dim}."
            )
        if is_cosine and not _are_units(vectors):
            vectors = check_unit_rows(name, check_array(vectors, **how))
        return vectors

    def seen_in(self, space, model, vectors):
        """Turn vectors of a model into what an older space can be searched with."""
        sight = model.sights[space]
        adapter = self.adapters.get(sight.adapter)
        if sight.adapter is not None and adapter is None:
            raise ValueError(
                f"The adapter of version {model.fingerprint} is not at hand: open the "
                "gallery with adapter=."
            )
        return seen_in(vectors, sight, adapter, unit=model.unit)

    def views(self, state, vectors):
        """Queries by the newest model, as every space that serves sees them."""
        newest = state.newest
        views = []
        for space in state.serving[:-1]:
            old = state.model(space)
            # By distance, vectors of other lengths would rank unit vectors wrongly; by
            # inner product, those of length 1 that have come would vanish behind them.
            by_angle = state.metric != "cosine" and newest.unit and not old.unit
            score = "cosine" if by_angle else SCORES[state.metric]
            views.append(View(space, self.seen_in(space, newest, vectors), score))
        views.append(View(newest.space, vectors, SCORES[state.metric]))
        return views

    # Writing

    def write(self, state=None, drop=(), **changes):
        """Write to the store and, where it is another, the state; forget spaces last.

        A search that began before looks at the state again when it is done, so that a
        space may go only when the state says so.
        """
        said = None if state is None else state.as_json()
        self.store.write(Changes(state=said, after=self._said, **changes))
        if state is not None:
            self.state, self._said = state, said
        if drop:
            self.store.write(Changes(drop=list(drop)))

    def tidy(self):
        """Forget spaces that a killed process left behind."""
        state = self.state
        kept = {*self.spaces, *([state.clusters.space] if state.clusters else [])}
        numbers = range(state.n_spaces)
        ever = [name for n in numbers for name in (str(n), f"centroids-{n}")]
        gone = [space for space in ever if space not in kept]
        gone = [space for space in gone if len(self.store.ids(space))]
        if gone:
            self.store.write(Changes(drop=gone))

    def put(self, ids, X, vectors, delete=None):
        """Write items, in the place of what is deleted."""
        if not len(ids):
            return
        targets, insert = self.targets(), {}
        state = replace(self.state, ids=kind_of(ids))
        if vectors is not None and len(targets) > 1:
            raise ValueError(
                "While a new model is built beside the old one, items get vectors of "
                "both: give X."
            )
        for model in targets:
            own = (
                self.embed(model, X)
                if vectors is None
                else self.checked(model, vectors)
            )
            if len(own) != len(ids):
                raise ValueError(f"There are {len(ids)} ids, but {len(own)} rows.")
            insert[model.space] = ids, own
            state = state.with_model(self.described(model, own))
        changed = None if state == self.state else state
        self.write(changed, delete=delete or {}, insert=insert)

    def described(self, model, vectors):
        """Return the model with what its vectors say: their width, and unit length."""
        unit = model.unit
        if self.state.metric != "cosine":  # where they all are
            unit &= are_unit_rows(vectors)
        return replace(model, dim=vectors.shape[1], unit=unit)

    def move(self, model, ids, vectors):
        """Give items that are there vectors of a model; those gone meanwhile get none.

        Returns
        -------
        n_moved : int
        """
        with self.writing():
            wanted = self.known(ids) & ~self.are_in(model.space, ids)
            if wanted.any():
                known = self.state.model(model.space)
                described = self.described(known, vectors)
                state = None
                if described != known:
                    state = self.state.with_model(described)
                self.write(state, insert={model.space: (ids[wanted], vectors[wanted])})
        return int(wanted.sum())


def _are_units(vectors):
    """Whether rows are of unit length, up to rounding, and so finite."""
    squares = np.einsum("ij,ij->i", vectors, vectors)
    return bool(np.abs(squares - 1).max() < _ROUNDED)
