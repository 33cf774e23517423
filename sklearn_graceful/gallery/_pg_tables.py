"""Tables of a gallery in PostgreSQL, and ids and vectors as they travel there."""

import struct

import numpy as np
from sklearn.utils import gen_batches

from sklearn_graceful.gallery._ids import DTYPES, kind_of

# The rule of upgrades: what a table or column means stays so for ever, and what is new
# gets one of its own, so that every version reads all older galleries. The number is
# raised with the first that older versions must know of; they refuse the gallery.
FORMAT = 1
# Columns of ids, by their kind. Strings are compared byte by byte, in any locale.
ID_TYPES = {"int": "bigint", "str": "text"}
_ID_COLUMNS = {"int": "bigint", "str": 'text COLLATE "C"'}

_TABLES = [
    """CREATE TABLE {state} (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        format integer NOT NULL,
        document json,
        n_writes bigint NOT NULL DEFAULT 0,
        last_write uuid
    )""",
    """CREATE TABLE {spaces} (
        space text COLLATE "C" PRIMARY KEY,
        kind text NOT NULL,
        dim integer NOT NULL
    )""",
]
# A search reads all vectors of a space: those of up to 2,000 numbers stay in the row.
_ITEMS = """CREATE TABLE {items} (
        arrival bigserial,
        space text COLLATE "C",
        id %s,
        vector vector NOT NULL,
        PRIMARY KEY (space, id)
    ) WITH (toast_tuple_target = 8160)"""

# The binary format of COPY: what stands before all rows, and after them.
_BEGIN, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
# Rows that are made ready at once.
_ROWS = 8192


class Tables:
    """The tables of one gallery, alone in their schema.

    Parameters
    ----------
    schema : str
    """

    def __init__(self, schema):
        self.schema = schema

    def statement(self, text, kind=None):
        """Put names of tables into SQL.

        Parameters
        ----------
        text : str
            With ``{state}``, ``{spaces}`` and ``{items}`` for tables and ``{id_type}``.
            Values are parameters, never part of it.
        kind : {"int", "str"}, default=None
            Of ids.

        Returns
        -------
        statement : psycopg.sql.Composed
        """
        from psycopg import sql

        names = {"state": "state", "spaces": "spaces", "items": f"items_{kind}"}
        return sql.SQL(text).format(
            schema=sql.Identifier(self.schema),
            id_type=sql.SQL(ID_TYPES.get(kind, "")),
            **{key: sql.Identifier(self.schema, name) for key, name in names.items()},
        )

    def are_there(self, connection):
        """Whether the gallery has tables; ValueError if they are of a newer version."""
        there = connection.execute(
            "SELECT FROM pg_tables WHERE schemaname = %s AND tablename = 'state'",
            [self.schema],
        ).fetchall()
        if there:
            state = self.statement("SELECT format FROM {state}")
            (found,) = connection.execute(state).fetchone()
            if found > FORMAT:
                raise ValueError(
                    f"Schema {self.schema} has format {found}, of a newer version of "
                    f"sklearn_graceful; this one reads up to {FORMAT}."
                )
        return bool(there)

    def make(self, connection):
        """Make what is not there."""
        # One process at a time, of whichever gallery: IF NOT EXISTS alone is no lock.
        connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('sklearn_graceful', 0))"
        )
        if self.are_there(connection):
            return
        _make_extension(connection)
        if not _exists(connection, "pg_namespace", "nspname", self.schema):
            connection.execute(self.statement("CREATE SCHEMA {schema}"))
        for text in _TABLES:
            connection.execute(self.statement(text))
        for kind, column in _ID_COLUMNS.items():
            connection.execute(self.statement(_ITEMS % column, kind))
        state = self.statement("INSERT INTO {state} (format) VALUES (%s)")
        connection.execute(state, [FORMAT])


def _make_extension(connection):
    from psycopg import errors

    if _exists(connection, "pg_extension", "extname", "vector"):
        return
    try:
        connection.execute("CREATE EXTENSION vector")
    except (errors.InsufficientPrivilege, errors.FeatureNotSupported) as error:
        raise RuntimeError(
            "The database lacks the extension pgvector, and it cannot be added by "
            f"this user: {error}. Who owns the database may: CREATE EXTENSION vector."
        ) from error


def _exists(connection, catalogue, column, name):
    from psycopg import sql

    query = sql.SQL("SELECT FROM {} WHERE {} = %s").format(
        sql.Identifier(catalogue), sql.Identifier(column)
    )
    return bool(connection.execute(query, [name]).fetchall())


def as_parameter(ids):
    """Ids as psycopg takes an array of them."""
    if kind_of(ids) == "int":
        return ids.tolist()
    # A string with this character is none that the server has, and NULL equals none.
    return [None if "\0" in name else name for name in ids.tolist()]


def as_ids_of(kind, ids):
    """Ids that came from the server as an array."""
    return np.array(ids, DTYPES[kind])


def as_vectors(values, dim):
    """Vectors of float32, shape (n, dim), from what the server's vector_send makes."""
    row = np.dtype([("head", ">i2", 2), ("numbers", ">f4", (dim,))])
    return np.frombuffer(b"".join(values), row)["numbers"].astype(np.float32)


def copied(space, ids, vectors):
    """Rows of space, id and vector as the binary format of COPY has them.

    Yields
    ------
    block : bytes
    """
    yield _BEGIN
    start = struct.pack(">h", 3) + _field(space.encode())
    for part in gen_batches(len(ids), _ROWS):
        names, ends = _names(ids[part]), _ends(vectors[part])
        rows = (
            piece
            for name, end in zip(names, ends, strict=True)
            for piece in (start, _field(name), end)
        )
        yield b"".join(rows)
    yield _END


def _field(value):
    return struct.pack(">i", len(value)) + value


def _names(ids):
    if kind_of(ids) == "int":
        return map(struct.Struct(">q").pack, ids.tolist())
    return (name.encode() for name in ids.tolist())


def _ends(vectors):
    """The field of the vector in each row."""
    dim = vectors.shape[1]
    head = [("length", ">i4"), ("dim", ">i2"), ("unused", ">i2")]
    rows = np.zeros(len(vectors), [*head, ("numbers", ">f4", (dim,))])
    rows["length"], rows["dim"], rows["numbers"] = 4 + 4 * dim, dim, vectors
    size, everything = rows.itemsize, rows.tobytes()
    return (everything[n : n + size] for n in range(0, len(everything), size))
