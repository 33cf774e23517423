"""The gallery that users hold."""

import numpy as np
from sklearn.utils import _safe_indexing, check_scalar, gen_batches
from sklearn.utils.validation import _num_samples

from sklearn_graceful._arguments import check_choice
from sklearn_graceful.gallery import _clusters as clusters
from sklearn_graceful.gallery._backfill import run, shards, status
from sklearn_graceful.gallery._contents import Contents
from sklearn_graceful.gallery._finding import find
from sklearn_graceful.gallery._local_store import LocalStore
from sklearn_graceful.gallery._models import Model
from sklearn_graceful.gallery._plan import plan
from sklearn_graceful.gallery._sources import by_id
from sklearn_graceful.gallery._state import State
from sklearn_graceful.gallery._store import VectorStore
from sklearn_graceful.gallery._upgrade import begin, commit, roll_back
from sklearn_graceful.gallery._versions import GalleryVersion
from sklearn_graceful.reference import as_reference, fingerprint_of
from sklearn_graceful.search import as_column, as_vectors

METRICS = ("cosine", "inner_product", "euclidean")
# Queries that are embedded and searched at once.
_QUERIES = 4096


class Gallery:
    """Items that can be searched, also while the model behind them changes.

    A gallery keeps one vector of every item, with the fingerprint of the model that
    made it. :meth:`upgrade` gives it a new model. If that is compatible with the old
    one, queries use it from this moment on and search the old vectors as they are;
    :meth:`backfill` then replaces these at any pace, and what is old and what is new is
    searched together. If it is not, the new vectors are built beside the old ones,
    which serve until all is there. :meth:`rollback` goes back until :meth:`commit`.

    Any number of threads may search while one writes. With ``path=``, what a call has
    written when it returns is on the disk, and a process that is killed at any moment
    leaves a gallery that opens.

    Parameters
    ----------
    embedder : object, default=None
        The fitted model that makes vectors: anything with ``transform`` that
        :class:`ReferenceModel` takes. None: vectors are given, ``vectors=``, and
        `fingerprint` names the model that made them.
    path : path-like, default=None
        Folder to keep everything in, made by this call. None: in memory.
    index : str or VectorStore, default="flat"
        "flat": exact search, by faiss where it is installed. "hnsw", or a string that
        faiss's factory takes ("IVF256,PQ32"): approximate search, of 131,072 items or
        more, see :class:`LocalStore`. Or a store of one's own, see
        :class:`VectorStore`; `path` is then its business.
    metric : {"cosine", "inner_product", "euclidean"}, default="cosine"
        What is near. With "cosine" vectors are kept at unit length.
    fingerprint : str, default=None
        Name of the model's version. None: what `embedder` says of itself, or a digest
        of what it has learned.

    Attributes
    ----------
    metric : str
        As given.

    Raises
    ------
    ValueError
        If the metric or the index is unknown, or nobody knows the model's fingerprint.
    ImportError
        If the index needs faiss, which is not installed.
    FileExistsError
        If there is a gallery at `path`; see :meth:`open`.

    Notes
    -----
    Vectors are kept in single precision, 4 bytes a number, in files of their own that
    are read as mapped memory; ids and everything else are records of an SQLite file.
    Every part has a checksum. One process at a time can open a folder.

    Items of equal score come in the order in which they were added.

    References
    ----------
    Shen et al., "Towards Backward-Compatible Representation Learning", CVPR 2020, for
    upgrades without backfill. Jaeckle et al., "FastFill: Efficient Compatible Model
    Update", ICLR 2023, for the order of a partial one.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_graceful import CompatibleEmbedder, Gallery
    >>> X, y = load_digits(return_X_y=True)
    >>> old = CompatibleEmbedder(embedding_dim=8, random_state=0).fit(X[:150], y[:150])
    >>> gallery = Gallery(old)
    >>> gallery.add(range(1000), X[:1000])
    >>> new = CompatibleEmbedder(old_model=old, embedding_dim=16, random_state=0)
    >>> status = gallery.upgrade(new.fit(X[:1000], y[:1000]))
    >>> ids, scores = gallery.search(X[1000:], k=5)  # by the new model, at once
    >>> ids.shape
    (797, 5)
    >>> gallery.backfill((range(1000), X[:1000]), budget=0.1).n_moved
    100
    >>> [(version.n_items, version.dim) for version in gallery.versions()]
    [(900, 8), (100, 16)]
    """

    def __init__(
        self,
        embedder=None,
        path=None,
        index="flat",
        metric="cosine",
        *,
        fingerprint=None,
    ):
        check_choice("metric", metric, METRICS)
        embedder, fingerprint = _named(embedder, fingerprint)
        first = Model(fingerprint, "0")
        state = State(metric, models=(first,), serving=("0",), n_spaces=1)
        self._contents = Contents(_new_store(index, path, metric), state)
        if embedder is not None:
            self._contents.embedders[fingerprint] = embedder
        self._contents.write(state)

    @classmethod
    def open(cls, path, embedder=None, *, adapter=None, source=None, fingerprint=None):
        """Open a gallery that is in a folder, or in a store.

        Every file is read and checked.

        Parameters
        ----------
        path : path-like or VectorStore
            Where it is.
        embedder : object or list, default=None
            The model that makes queries, or all models that there are: those that the
            gallery knows are taken. While an upgrade goes on beside the old model, both
            are needed, and for the way back the one before. None: ``vectors=`` only.
        adapter : object, default=None
            The one of the last upgrade, if it had any.
        source : callable, default=None
            That of an upgrade in two stages.
        fingerprint : str, default=None
            Of `embedder`, if one was given when it came.

        Returns
        -------
        gallery : Gallery

        Raises
        ------
        DamagedGalleryError
            If a file is not what was written; it is named.
        FileNotFoundError
            If there is no gallery.
        ValueError
            If the gallery knows no such embedder or adapter.
        RuntimeError
            If it is open in another process.
        """
        store = path if isinstance(path, VectorStore) else LocalStore(path, new=False)
        gallery = cls.__new__(cls)
        try:
            if store.state() is None:
                raise FileNotFoundError(f"{path} holds no gallery.")
            gallery._contents = Contents(store, State.from_json(store.state()))
            gallery._recognise(embedder, adapter, fingerprint)
            gallery._contents.source = source
            gallery._contents.tidy()
        except BaseException:
            _close(store)
            raise
        return gallery

    def _recognise(self, embedder, adapter, fingerprint):
        """Take in models that the gallery knows; ValueError for others."""
        state, own = self._contents.state, self._contents.embedders
        given = embedder if isinstance(embedder, list) else [embedder]
        if fingerprint is not None and len(given) > 1:
            raise ValueError("fingerprint= names one embedder, but several are given.")
        given = dict(_named(e, fingerprint)[::-1] for e in given if e is not None)
        known = [model.fingerprint for model in state.models]
        own.update((name, given[name]) for name in known if name in given)
        if given and not own:
            raise ValueError(
                f"The embedder has fingerprint {', '.join(given)}, but the gallery "
                f"holds vectors of {', '.join(known)}. upgrade() takes a new one in."
            )
        if adapter is not None:
            name = fingerprint_of(adapter)
            known = {s.adapter for m in state.models for s in m.sights.values()}
            if name not in known:
                raise ValueError(f"The gallery knows no adapter of fingerprint {name}.")
            self._contents.adapters[name] = adapter

    @property
    def metric(self):
        """What is near."""
        return self._contents.state.metric

    # Items

    def add(self, ids, X=None, *, vectors=None):
        """Take in items. What is there when the call returns stays.

        Parameters
        ----------
        ids : array-like of int or of str, shape (n,)
            Names of the items, all ints or all strings.
        X : array-like of n rows, default=None
            The items, as the embedder takes them.
        vectors : array-like of shape (n, dim), default=None
            Their vectors instead, by the model that makes the queries.

        Raises
        ------
        ValueError
            If an id is there already or given twice, numbers of rows differ, or vectors
            have another width, NaN, or with cosines no direction. Nothing is changed.
        TypeError
            If ids are neither ints nor strings.
        OSError
            If the disk refuses. Nothing is changed.
        """
        contents = self._contents
        with contents.writing():
            ids = contents.as_ids(ids)
            known = contents.known(ids)
            if known.any():
                raise ValueError(
                    f"{ids[known].tolist()[0]!r} is in the gallery, one of "
                    f"{known.sum()} such ids; update changes them."
                )
            contents.put(ids, X, vectors)

    def update(self, ids, X=None, *, vectors=None):
        """Give items that are there other contents, in one step.

        Parameters
        ----------
        ids, X, vectors
            As for :meth:`add`.

        Raises
        ------
        KeyError
            If an id is not there. Nothing is changed.
        ValueError, TypeError, OSError
            As for :meth:`add`.
        """
        contents = self._contents
        with contents.writing():
            ids = contents.as_ids(ids)
            contents.put(ids, X, vectors, delete=contents.where(ids))

    def delete(self, ids):
        """Take items out, with all their vectors.

        Parameters
        ----------
        ids : array-like of shape (n,)

        Raises
        ------
        KeyError
            If an id is not there. Nothing is changed.
        """
        contents = self._contents
        with contents.writing():
            ids = contents.as_ids(ids)
            if len(ids):
                contents.write(delete=contents.where(ids))

    def search(self, X=None, k=10, *, vectors=None, among=None):
        """Find the items nearest to each query.

        Parameters
        ----------
        X : array-like of n_queries rows, default=None
            Queries, as the embedder takes them.
        k : int, default=10
            Number of items.
        vectors : array-like of shape (n_queries, dim), default=None
            Vectors of the queries instead, by the newest model that serves.
        among : array-like of ids, default=None
            Items that may be found; those that are not there are ignored. None: all.

        Returns
        -------
        ids : ndarray of shape (n_queries, k)
            The nearest first. Fewer columns where there are fewer items.
        scores : ndarray of float32, shape (n_queries, k)
            Cosine or inner product, or minus the Euclidean distance; falling.

        Raises
        ------
        ValueError
            If neither X nor vectors are given, or both; if `k` is less than 1; if
            vectors are of another width or not finite.
        """
        check_scalar(k, "k", (int, np.integer), min_val=1)
        if (X is None) == (vectors is None):
            raise ValueError("Give either X or vectors.")
        if among is not None:
            among = self._contents.as_ids(np.unique(as_column("among", among)))
        given = X if vectors is None else np.asarray(as_vectors("vectors", vectors))
        found = []
        for part in gen_batches(max(_num_samples(given), 1), _QUERIES):
            some = _safe_indexing(given, part)
            rows = (some, None) if vectors is None else (None, some)
            found.append(find(self._contents, *rows, int(k), among))
        ids, scores = zip(*found, strict=True)
        return _plain(np.concatenate(ids)), np.concatenate(scores)

    def vectors(self, ids):
        """Vectors of items, each by the newest model that has one.

        Parameters
        ----------
        ids : array-like of shape (n,)

        Returns
        -------
        vectors : ndarray of float32, shape (n, dim)
            Of the model that makes the queries; of an item that is still to be moved,
            of the older model, with NaN where that has no coordinates.

        Raises
        ------
        KeyError
            If an id is not there.
        """
        contents = self._contents
        ids = contents.as_ids(ids)
        contents.where(ids)
        found = [contents.store.vectors(s, ids) for s in contents.state.serving]
        width = max(values.shape[1] for values, _ in found)
        vectors = np.full((len(ids), width), np.nan, np.float32)
        for values, there in found:
            vectors[there] = np.nan
            vectors[there, : values.shape[1]] = values
        return vectors

    def ids(self):
        """Ids of all items, by the version that serves them, in order of arrival.

        Returns
        -------
        ids : ndarray of shape (n,)
        """
        return _plain(self._contents.ids())

    def __len__(self):
        return len(self._contents.ids())

    def __contains__(self, item):
        return bool(self._contents.known(self._contents.as_ids([item])).any())

    def versions(self):
        """Which models' vectors the gallery holds, and of how many items.

        Returns
        -------
        versions : list of GalleryVersion
            From the oldest to the newest.
        """
        contents, state = self._contents, self._contents.refresh()
        served = contents.served(state)
        return [
            GalleryVersion(
                fingerprint=model.fingerprint,
                dim=model.dim,
                n_items=len(served.get(model.space, ())),
                n_vectors=len(contents.store.ids(model.space)),
                makes_queries=model.space == state.serving[-1],
            )
            for model in state.models
        ]

    # Upgrades

    def upgrade(
        self,
        embedder=None,
        *,
        how="compatible",
        adapter=None,
        sample=None,
        source=None,
        n_candidates=100,
        fingerprint=None,
    ):
        """Give the gallery a new model.

        * ``"compatible"``: queries use it at once, on old vectors as they are.
        * ``"side_by_side"``: any model. The old one serves; what arrives gets vectors
          of both; when :meth:`backfill` has made the last new vector, the new model
          serves, in one step.
        * ``"two_stage"``: any model, at once. The old one finds `n_candidates`, the new
          one ranks them, by vectors that are made when they are first needed, and kept.

        Parameters
        ----------
        embedder : object, default=None
            The new model. None: ``vectors=`` only; `fingerprint` names it.
        how : {"compatible", "side_by_side", "two_stage"}, default="compatible"
            See above.
        adapter : object with transform, default=None
            Maps vectors of the new model into the old space, such as an
            :class:`EmbeddingAdapter` fitted on pairs: makes any model compatible.
        sample : (ids, X), default=None
            Some items of the gallery. The new model must find them: at least half among
            the 10 nearest of their own, by their old vectors. Needed where nobody else
            says that the models are compatible.
        source : callable, default=None
            With "two_stage": rows by ids, see :meth:`backfill`.
        n_candidates : int, default=100
            With "two_stage".
        fingerprint : str, default=None
            As for the gallery.

        Returns
        -------
        status : BackfillStatus
            What there is to move.

        Raises
        ------
        ValueError
            If the model is not compatible, and says what would make it so; if the
            sample shows that it is not; if it is the one that serves already. Nothing
            is changed.
        RuntimeError
            If the last upgrade is neither committed nor rolled back.
        """
        contents = self._contents
        with contents.writing():
            embedder, fingerprint = _named(embedder, fingerprint)
            # Known before it serves: searches go on meanwhile.
            if embedder is not None:
                contents.embedders.setdefault(fingerprint, embedder)
            if adapter is not None:
                contents.adapters[fingerprint_of(adapter)] = adapter
            begin(
                contents,
                embedder,
                fingerprint,
                how=how,
                adapter=adapter,
                sample=sample,
                source=source,
                n_candidates=n_candidates,
            )
            return status(contents)

    def backfill(
        self,
        source,
        budget=None,
        order="margin",
        *,
        labels=None,
        batch_size=1024,
        random_state=0,
        verbose=0,
    ):
        """Make vectors of the new model for items that have none.

        Every batch is on the disk when the next one begins, and is searched from then
        on. Called again, also after a crash, it goes on with what is left. Other
        threads may add, update, delete and search meanwhile.

        Parameters
        ----------
        source : callable, (ids, X), iterator of (ids, X), list of paths, or adapter
            Rows of the items: a function of an array of ids; ids beside an array, a
            memory-mapped one or a DataFrame; or an iterator of such pairs, which has
            its own order. Files of :func:`embed_shard` hold vectors that were made
            elsewhere. An adapter with ``inverse_transform`` moves old vectors without
            the items.
        budget : int, float or None, default=None
            How many: a number, a share of all items in (0, 1], or None for all.
        order : {"random", "margin", "class_mean", "access"} or callable
            Which items first: those nearly as close to another class mean as to their
            own ("margin", the default), far from their own ("class_mean"), or found
            most often by an old vector since the gallery was opened ("access"). Or a
            function that sorts ids.
        labels : callable or (ids, labels), default=None
            Classes of the items. None: clusters of old vectors stand for them.
        batch_size : int, default=1024
            Items at once.
        random_state : int, default=0
            Seed of what is random about the order.
        verbose : int, default=0
            1 shows a progress bar.

        Returns
        -------
        status : BackfillStatus

        Raises
        ------
        ValueError
            If budget or order is none of the above, or the source lacks an item; what
            was moved before stays moved.
        TypeError
            If the source is none of the above.
        """
        if isinstance(labels, tuple):
            labels = by_id(*labels)
        run(
            self._contents,
            source,
            budget=budget,
            order=order,
            labels=labels,
            batch_size=batch_size,
            seed=random_state,
            verbose=verbose,
        )
        return self.status()

    def plan_backfill(
        self, source, *, labels=None, order="margin", n_sample=1000, random_state=0
    ):
        """Tell what a backfill will cost and bring, from a sample; changes nothing.

        Parameters
        ----------
        source : callable, (ids, X) or iterator of (ids, X)
            Rows of the items, as for :meth:`backfill`.
        labels, order, random_state
            As for :meth:`backfill`.
        n_sample : int, default=1000
            Items that are embedded for it.

        Returns
        -------
        plan : BackfillPlan
            With the time that is needed and a curve of quality, both of the sample. Its
            items look for each other: the share that finds one of its own class first
            or, without labels, the one that it finds first in the end. Fewer items are
            easier to search, so read differences along the curve, not its height.

        Raises
        ------
        ValueError, TypeError
            As for :meth:`backfill`, or if fewer than 2 items are left.
        """
        if isinstance(labels, tuple):
            labels = by_id(*labels)
        return plan(
            self._contents,
            source,
            labels=labels,
            order=order,
            n_sample=n_sample,
            seed=random_state,
        )

    def shards(self, number):
        """Split what is left to be moved, for tasks that share the work.

        Parameters
        ----------
        number : int
            Of parts.

        Returns
        -------
        shards : list of ndarray
            Ids, for :func:`embed_shard`; fewer parts where there are fewer items.
        """
        return [_plain(part) for part in shards(self._contents, number)]

    def status(self):
        """How far the gallery has moved to its newest model.

        Returns
        -------
        status : BackfillStatus
        """
        return status(self._contents)

    def commit(self):
        """Make the upgrade final: old vectors of items that have new ones go.

        Items that were not moved keep their old vector and are found by it.

        Raises
        ------
        RuntimeError
            If there is no upgrade, or the new model does not serve yet.
        """
        with self._contents.writing():
            commit(self._contents)

    def rollback(self):
        """Go back to the model before: new vectors go.

        Items that came since keep what the old space sees of their new vector, or the
        vector that the old model made of them as well.

        Raises
        ------
        RuntimeError
            If there is no upgrade.
        """
        with self._contents.writing():
            roll_back(self._contents)

    # Clusters

    def keep_clusters(self, centroids):
        """Keep centroids of clusters, whose numbers then outlive the model.

        Parameters
        ----------
        centroids : array-like of shape (n_clusters, dim)
            In the space of the model that makes queries now. Replaces those before.

        Raises
        ------
        ValueError
            If they are of another width, or not finite.
        RuntimeError
            If the gallery is empty.
        """
        with self._contents.writing():
            clusters.keep(self._contents, centroids)

    def assign(self, X=None, *, vectors=None, ids=None):
        """Cluster of rows, vectors or items, by the nearest centroid that is kept.

        Parameters
        ----------
        X : array-like of n rows, default=None
            Rows, as the embedder takes them.
        vectors : array-like of shape (n, dim), default=None
            Or vectors, by the model that makes queries.
        ids : array-like of shape (n,), default=None
            Or items of the gallery.

        Returns
        -------
        clusters : ndarray of int, shape (n,)
            Rows of the centroids.

        Raises
        ------
        RuntimeError
            If no centroids are kept, or the model does not fit the space that they are
            of.
        KeyError
            If an id is not there.
        ValueError
            If not exactly one of the three is given.
        """
        contents = self._contents
        if sum(given is not None for given in (X, vectors, ids)) != 1:
            raise ValueError("Give one of X, vectors and ids.")
        if ids is not None:
            ids = contents.as_ids(ids)
            contents.where(ids)
            return clusters.assign_items(contents, ids)
        newest = contents.state.newest
        if vectors is None:
            vectors = contents.embed(newest, X)
        else:
            vectors = contents.checked(newest, vectors)
        return clusters.assign(contents, newest, vectors)

    def cluster_retention(self):
        """Share of moved items that stay in their cluster.

        Returns
        -------
        share : float
            Of the items that have an old and a new vector,
            :func:`metrics.unchanged_cluster_share`.

        Raises
        ------
        RuntimeError
            If there is no open upgrade with items moved, or no centroids are kept.
        """
        return clusters.retention(self._contents)

    # The store

    def compact(self):
        """Free the room of vectors that were deleted or replaced, if the store can."""
        with self._contents.lock:
            getattr(self._contents.store, "compact", lambda: None)()

    def close(self):
        """Close the files; another process may open them then."""
        with self._contents.lock:
            _close(self._contents.store)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def _named(embedder, fingerprint):
    """An embedder as a reference, and its fingerprint."""
    if embedder is None and fingerprint is None:
        raise ValueError(
            "Without an embedder, pass fingerprint=, a name of the version of the "
            "model that makes the vectors."
        )
    embedder = as_reference(embedder)
    return embedder, fingerprint or fingerprint_of(embedder)


def _new_store(index, path, metric):
    if isinstance(index, VectorStore):
        if index.state() is not None:
            raise FileExistsError("The store holds a gallery: Gallery.open reads it.")
        return index
    score = "euclidean" if metric == "euclidean" else "inner_product"
    return LocalStore(path, index=index, score=score)


def _close(store):
    getattr(store, "close", lambda: None)()


def _plain(ids):
    """Ids as everybody knows arrays of strings."""
    return ids if ids.dtype.kind == "i" else np.array(ids.tolist(), ndmin=ids.ndim)
