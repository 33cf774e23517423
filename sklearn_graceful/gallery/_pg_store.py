"""Vectors in a PostgreSQL database, for many processes on many machines."""

from contextlib import contextmanager
from uuid import uuid4

import numpy as np
from sklearn.utils import check_scalar

from sklearn_graceful.gallery._ids import DTYPES, kind_of
from sklearn_graceful.gallery._pg_connections import Connections, outcome_unknown
from sklearn_graceful.gallery._pg_tables import (
    Tables,
    as_ids_of,
    as_parameter,
    as_vectors,
    copied,
)
from sklearn_graceful.gallery._store import StateChangedError
from sklearn_graceful.gallery._top_k import merge, top_k
from sklearn_graceful.search import unit_rows

# The server cuts longer names of schemas short, and would take two for the same.
_LONGEST_NAME = 63
# What the extension can keep.
_WIDEST = 16_000
# Numbers of vectors that are read at once: 16 MB.
_NUMBERS = 2**22

# By pgvector's operators. It has no cosine with a vector of zeros; here it is 0.
_SCORES = {
    "inner_product": "-(vector <#> query)",
    "euclidean": "-(vector <-> query)",
    "cosine": "1 - coalesce(nullif(vector <=> query, 'NaN'), 1)",
}
# Scores are rounded before they are compared, as those that are equal then are equal.
_SEARCH = """
    WITH queries AS MATERIALIZED (
        SELECT n, (%(numbers)s::real[])
            [(n - 1) * %(dim)s + 1 : n * %(dim)s]::vector AS query
        FROM generate_series(1, %(n_queries)s) AS n
    )
    SELECT id, score
    FROM queries, LATERAL (
        SELECT arrival, id, (SCORE)::real AS score
        FROM {items} AS item
        WHERE CHOSEN
        ORDER BY score DESC, arrival
        LIMIT %(k)s
    ) AS nearest
    ORDER BY n, score DESC, arrival
"""
_SCAN = "SELECT arrival, id, vector_send(vector) FROM {items} AS item WHERE CHOSEN"
_IDS = "SELECT id FROM {items} AS item WHERE CHOSEN ORDER BY arrival"
_VECTORS = """
    SELECT n - 1, vector_send(vector)
    FROM unnest(%(ids)s::{id_type}[]) WITH ORDINALITY AS asked (id, n)
    JOIN {items} AS item USING (id)
    WHERE space = %(space)s
    ORDER BY n
"""


class PgVectorStore:
    """A :class:`VectorStore` in PostgreSQL with the extension pgvector.

    Any number of processes, on any machines, may read and write; writers wait for each
    other, readers for nobody. Each process makes a store of its own, which any number
    of its threads may share.

    Search is exact. The server ranks for a few queries, by a scan for each. For many in
    one call it is faster to read all vectors once, and they are ranked in this process.

    Parameters
    ----------
    connection : str
        Connection string, as ``psycopg.connect`` takes it. What it does not say, such
        as a password, libpq finds in ``PGPASSWORD``, ``~/.pgpass`` and so on.
    name : str, default="gallery"
        Schema of the database that all of this is in, made by this call if there is
        none. Another name, another gallery.
    max_connections : int, default=4
        Connections that are open at once; other threads wait.
    many_queries : int, default=16
        So many queries in one call are many.

    Raises
    ------
    ImportError
        If psycopg is not installed.
    TypeError, ValueError
        If `connection` is no connection string, or `name` cannot be one; if the gallery
        is of a newer version of this package.
    ConnectionError
        If the server cannot be reached, here and in all methods. A call whose
        connection is lost is repeated once, on a new one.
    RuntimeError
        If the database lacks pgvector and the user may not add it.

    Notes
    -----
    A write is one transaction. It is not repeated where it may have been carried out:
    after a connection was lost while it was being committed, the number of the last
    write says whether it was. Where another process has written since, nobody can tell,
    and a ConnectionError says so.

    Strings that hold the character NUL cannot be ids, nor those of more than about 2
    kB; vectors are finite and have up to 16,000 numbers. All else is a ValueError.

    Room of vectors that are gone is the business of the server's autovacuum. ``DROP
    SCHEMA gallery CASCADE`` deletes a gallery.

    Examples
    --------
    >>> from sklearn_graceful import Gallery
    >>> from sklearn_graceful.gallery import PgVectorStore
    >>> store = PgVectorStore("dbname=images", "shoes")  # doctest: +SKIP
    >>> gallery = Gallery(embedder, index=store)  # doctest: +SKIP

    Another process, some day:

    >>> store = PgVectorStore("dbname=images", "shoes")  # doctest: +SKIP
    >>> gallery = Gallery.open(store, embedder)  # doctest: +SKIP
    """

    def __init__(
        self, connection, name="gallery", *, max_connections=4, many_queries=16
    ):
        _check_name(name)
        check_scalar(max_connections, "max_connections", int, min_val=1)
        check_scalar(many_queries, "many_queries", int, min_val=1)
        self.name, self.many_queries = name, many_queries
        self._tables = Tables(name)
        self._connections = Connections(connection, max_connections)
        try:
            # Who may only read, or reads from a standby, makes nothing.
            if not self._connections.read(self._tables.are_there):
                self._connections.write(lambda one, _: self._tables.make(one))
        except BaseException:
            self._connections.close()
            raise

    def __repr__(self):
        return f"PgVectorStore({self._connections.place}, name={self.name!r})"

    def search(self, views, k, among=None):
        """See :class:`VectorStore`."""

        def all_views(connection):
            spaces, found = self._spaces(connection), []
            for number, view in enumerate(views):
                later = [other.space for other in views[number + 1 :]]
                found.append(
                    self._search_one(connection, spaces, view, later, k, among)
                )
            return found

        return self._connections.read(all_views)

    def vectors(self, space, ids):
        """See :class:`VectorStore`."""
        return self._connections.read(
            lambda connection: self._vectors(connection, space, ids)
        )

    def ids(self, space, without=(), among=None):
        """See :class:`VectorStore`."""
        return self._connections.read(
            lambda connection: self._ids(connection, space, without, among)
        )

    def state(self):
        """See :class:`VectorStore`."""
        return self._connections.read(self._document)

    def write(self, changes):
        """See :class:`VectorStore`."""
        own, n_before = uuid4(), None

        def once(connection, unsure):
            nonlocal n_before
            # Writers wait here, also for one that lost its connection.
            n_writes, last = self._execute(
                connection, "SELECT n_writes, last_write FROM {state} FOR UPDATE"
            ).fetchone()
            if unsure and last == own:
                return
            if unsure and n_writes != n_before:
                raise outcome_unknown()
            n_before = n_writes
            self._carry_out(connection, changes, own)

        with _refusals_as_value_errors():
            self._connections.write(once)

    def close(self):
        """Close all connections, once the calls that use them are over."""
        self._connections.close()

    # How it is read

    def _execute(self, connection, text, parameters=None, kind=None):
        statement = self._tables.statement(text, kind)
        return connection.execute(statement, parameters, binary=True)

    def _spaces(self, connection):
        """Kind of ids, and width of vectors, by space."""
        rows = self._execute(connection, "SELECT space, kind, dim FROM {spaces}")
        return {space: (kind, dim) for space, kind, dim in rows}

    def _ids(self, connection, space, without, among):
        kind, _ = self._spaces(connection).get(space, (None, None))
        if kind is None or (among is not None and kind_of(among) != kind):
            return np.empty(0, DTYPES[kind or "int"])
        chosen, parameters = _chosen(space, without, among)
        text = _IDS.replace("CHOSEN", chosen)
        rows = self._execute(connection, text, parameters, kind).fetchall()
        return as_ids_of(kind, [row[0] for row in rows])

    def _vectors(self, connection, space, ids):
        kind, dim = self._spaces(connection).get(space, (None, 0))
        there = np.zeros(len(ids), bool)
        if kind is None or kind_of(ids) != kind:
            return np.empty((0, dim), np.float32), there
        parameters = {"ids": as_parameter(ids), "space": space}
        rows = self._execute(connection, _VECTORS, parameters, kind).fetchall()
        there[[n for n, _ in rows]] = True
        return as_vectors([vector for _, vector in rows], dim), there

    def _search_one(self, connection, spaces, view, later, k, among):
        n_queries, width = view.queries.shape
        kind, dim = spaces.get(view.space, ("int", width))
        if width != dim:
            raise ValueError(
                f"queries have width {width}, vectors of space {view.space!r} have "
                f"{dim}."
            )
        strange = among is not None and kind_of(among) != kind
        if view.space not in spaces or strange or not n_queries:
            shape = n_queries, 0
            return np.empty(shape, DTYPES[kind]), np.empty(shape, np.float32)
        chosen, parameters = _chosen(view.space, later, among)
        find = self._ranked_here if n_queries >= self.many_queries else self._ranked
        return find(connection, view, k, kind, chosen, parameters)

    def _ranked(self, connection, view, k, kind, chosen, parameters):
        """The nearest, as the server finds them."""
        n_queries, dim = view.queries.shape
        parameters |= {"numbers": view.queries.ravel().tolist(), "dim": dim}
        parameters |= {"n_queries": n_queries, "k": k}
        text = _SEARCH.replace("SCORE", _SCORES[view.score]).replace("CHOSEN", chosen)
        rows = self._execute(connection, text, parameters, kind).fetchall()
        ids = as_ids_of(kind, [row[0] for row in rows])
        scores = np.array([row[1] for row in rows], np.float32)
        shape = n_queries, len(rows) // n_queries
        return ids.reshape(shape), scores.reshape(shape)

    def _ranked_here(self, connection, view, k, kind, chosen, parameters):
        """The same of all vectors, which are read once, some at a time."""
        n_queries, dim = view.queries.shape
        names, arrivals = [], [np.empty(0, np.int64)]
        best = np.empty((n_queries, 0), np.float32), np.empty((n_queries, 0), np.int64)
        scan = self._tables.statement(_SCAN.replace("CHOSEN", chosen), kind)
        with connection.cursor("scan") as cursor:
            cursor.execute(scan, parameters, binary=True)
            while rows := cursor.fetchmany(max(_NUMBERS // dim, 1)):
                # Of equal ones that of the first row counts.
                came, ids, values = zip(*sorted(rows), strict=True)
                vectors = as_vectors(values, dim)
                if view.score == "cosine":
                    vectors = unit_rows(vectors)
                scores, found = top_k(
                    view.queries, vectors, k, view.score == "euclidean"
                )
                names += ids
                arrivals.append(np.array(came))
                best = merge([best, (scores, arrivals[-1][found])], k)
        arrivals = np.concatenate(arrivals)
        order = np.argsort(arrivals)
        places = order[np.searchsorted(arrivals, best[1], sorter=order)]
        return as_ids_of(kind, names)[places], best[0]

    # How it is written

    def _carry_out(self, connection, changes, own):
        from psycopg.types.json import Json

        if changes.after is not None and changes.after != self._document(connection):
            raise StateChangedError
        for space, ids in changes.delete.items():
            self._delete(connection, space, ids)
        if changes.drop:
            self._drop(connection, list(changes.drop))
        spaces = self._spaces(connection)
        for space, (ids, vectors) in changes.insert.items():
            if len(ids):
                self._insert(connection, spaces, space, ids, vectors)
        self._execute(
            connection,
            """UPDATE {state} SET n_writes = n_writes + 1, last_write = %s,
            document = coalesce(%s, document)""",
            [own, None if changes.state is None else Json(changes.state)],
        )

    def _document(self, connection):
        return self._execute(connection, "SELECT document FROM {state}").fetchone()[0]

    def _delete(self, connection, space, ids):
        kind = kind_of(ids)
        if kind is None:
            return
        rows = self._execute(
            connection,
            """DELETE FROM {items} WHERE space = %s AND id = ANY(%s::{id_type}[])
            RETURNING id""",
            [space, as_parameter(ids)],
            kind,
        ).fetchall()
        missing = sorted({*ids.tolist()} - {row[0] for row in rows})
        if missing:
            raise KeyError(f"{missing[0]!r} is not in space {space!r}.")

    def _drop(self, connection, spaces):
        for kind in DTYPES:
            items = "DELETE FROM {items} WHERE space = ANY(%s)"
            self._execute(connection, items, [spaces], kind)
        names = "DELETE FROM {spaces} WHERE space = ANY(%s)"
        self._execute(connection, names, [spaces])

    def _insert(self, connection, spaces, space, ids, vectors):
        kind, dim = kind_of(ids), vectors.shape[1]
        _check_like_before(spaces, space, kind, dim)
        if space not in spaces:
            new = "INSERT INTO {spaces} (space, kind, dim) VALUES (%s, %s, %s)"
            self._execute(connection, new, [space, kind, dim])
            spaces[space] = kind, dim
        copy = self._tables.statement(
            "COPY {items} (space, id, vector) FROM STDIN (FORMAT BINARY)", kind
        )
        with connection.cursor() as cursor, cursor.copy(copy) as copying:
            for block in copied(space, ids, vectors):
                copying.write(block)


def _check_name(name):
    check_scalar(name, "name", str)
    fits = 0 < len(name.encode()) <= _LONGEST_NAME and "\0" not in name
    if not fits or name.startswith("pg_"):
        raise ValueError(
            f"name must have 1 to {_LONGEST_NAME} bytes, hold no NUL and not begin "
            f"with pg_, got {name!r}."
        )


def _chosen(space, later, among=None):
    """Which items of a space, as SQL, and its parameters."""
    chosen = ["space = %(space)s"]
    if len(later):
        chosen.append(
            "NOT EXISTS (SELECT FROM {items} AS newer WHERE newer.id = item.id "
            "AND newer.space = ANY(%(later)s))"
        )
    if among is not None:
        chosen.append("id = ANY(%(among)s::{id_type}[])")
        among = as_parameter(among)
    parameters = {"space": space, "later": list(later), "among": among}
    return " AND ".join(chosen), parameters


def _check_like_before(spaces, space, kind, dim):
    kinds = {known for known, _ in spaces.values()}
    if kinds - {kind}:
        raise ValueError(
            f"ids are {kind}, but those of this gallery are {kinds.pop()}."
        )
    if dim > _WIDEST:
        raise ValueError(
            f"vectors have width {dim}; pgvector keeps up to {_WIDEST} numbers."
        )
    if space in spaces and spaces[space][1] != dim:
        raise ValueError(
            f"vectors have width {dim}, those of space {space!r} have "
            f"{spaces[space][1]}."
        )


@contextmanager
def _refusals_as_value_errors():
    """Say what the server refused to write as the protocol says it."""
    import psycopg

    try:
        yield
    except psycopg.errors.UniqueViolation as error:
        raise ValueError(
            f"An id is in its space already: {error.diag.message_detail}"
        ) from error
    except (psycopg.DataError, psycopg.errors.ProgramLimitExceeded) as error:
        raise ValueError(f"The server cannot keep this: {error}") from error
