"""Connections to PostgreSQL: a few for many threads, opened again when one is lost."""

import threading
from contextlib import contextmanager, suppress
from queue import LifoQueue


class LostConnection(ConnectionError):
    """The server dropped a connection in the middle of a transaction.

    Parameters
    ----------
    message : str
    unsure : bool
        Whether COMMIT was sent, so that the transaction may have been carried out.
    """

    def __init__(self, message, unsure):
        super().__init__(message)
        self.unsure = unsure


class Connections:
    """Up to so many connections, each of them in the hands of one thread at a time.

    Parameters
    ----------
    conninfo : str
        As libpq takes it.
    most : int
        Connections that are open at once. A thread waits where all are in use.

    Raises
    ------
    ImportError
        If psycopg is not installed.
    TypeError, ValueError
        If `conninfo` is no such string.
    """

    def __init__(self, conninfo, most):
        self._psycopg = _import_psycopg()
        self.place = _place(conninfo)
        self._conninfo = conninfo
        self._most, self._closed, self._closing = most, False, threading.Lock()
        # The last to come back is the first to go out: an idle server drops the rest.
        self._slots = LifoQueue()
        for _ in range(most):
            self._slots.put(None)

    def read(self, work):
        """Do what only reads, in one snapshot; again where a connection was lost.

        Parameters
        ----------
        work : callable
            Of a connection.
        """
        try:
            return self._once(work, reads=True)
        except LostConnection:
            return self._once(work, reads=True, fresh=True)

    def write(self, work):
        """Do something in one transaction; again where a connection was lost.

        Parameters
        ----------
        work : callable
            Of a connection, and of whether it may have been carried out already: the
            connection was lost after COMMIT had been sent.

        Raises
        ------
        ConnectionError
            If the server cannot be reached; says so if it may have been carried out.
        """
        try:
            return self._once(lambda connection: work(connection, False))
        except LostConnection as error:
            unsure = error.unsure
        try:
            return self._once(lambda connection: work(connection, unsure), fresh=True)
        except ConnectionError as error:
            if unsure or getattr(error, "unsure", False):
                raise outcome_unknown() from error
            raise

    def close(self):
        """Close all connections, each when its call is over."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            for connection in [self._slots.get() for _ in range(self._most)]:
                if connection is not None:
                    connection.close()
            for _ in range(self._most):
                self._slots.put(None)  # for those who come too late, and are told

    def _once(self, work, *, reads=False, fresh=False):
        levels, unsure = self._psycopg.IsolationLevel, False
        with self._one(fresh) as connection:
            connection.read_only = reads
            connection.isolation_level = (
                # A writer that has waited for another one sees what that one wrote.
                levels.REPEATABLE_READ if reads else levels.READ_COMMITTED
            )
            try:
                result = work(connection)
                unsure = not reads
                connection.commit()
            except self._psycopg.Error as error:
                # After the server's last words there may still seem to be a connection.
                fatal = error.diag.severity_nonlocalized in ("FATAL", "PANIC")
                if not (fatal or connection.closed):
                    raise
                connection.close()
                message = f"The connection to {self.place} was lost: {error}"
                raise LostConnection(message, unsure) from error
        return result

    @contextmanager
    def _one(self, fresh):
        """A connection to work with; a new one if there is none, or if asked for."""
        connection = self._slots.get()
        try:
            if self._closed:
                raise RuntimeError("The store is closed.")
            if fresh and connection is not None:
                connection.close()
            if fresh or connection is None:
                connection = self._open()
            yield connection
        finally:
            self._slots.put(self._kept(connection))

    def _open(self):
        try:
            return self._psycopg.connect(
                self._conninfo,
                client_encoding="UTF8",
                # Plans are to know the arrays that they are for.
                prepare_threshold=None,
            )
        except self._psycopg.OperationalError as error:
            raise ConnectionError(f"{self.place} cannot be reached: {error}") from error

    def _kept(self, connection):
        """The same without a transaction, or None where it is of no more use."""
        if connection is None or connection.closed:
            return None
        try:
            connection.rollback()
        except self._psycopg.Error:
            connection.close()
            return None
        return connection


def outcome_unknown():
    """What to raise where nobody can tell whether a write was carried out."""
    return ConnectionError(
        "The connection was lost while a write was being committed, and there is no "
        "telling whether all of it holds or nothing: open the gallery again to see."
    )


def _import_psycopg():
    try:
        import psycopg
    except ImportError as error:
        raise ImportError(
            "PgVectorStore talks to PostgreSQL by psycopg, which is not installed: "
            "pip install 'sklearn-graceful[pgvector]'"
        ) from error
    return psycopg


def _place(conninfo):
    """What may be said of a connection: no password, nor anything secret."""
    if not isinstance(conninfo, str):
        raise TypeError(
            "connection must be a string as psycopg.connect takes it, got "
            f"{type(conninfo).__name__}."
        )
    psycopg, parts = _import_psycopg(), None
    # Its message would quote the string, with the password.
    with suppress(psycopg.ProgrammingError):
        parts = psycopg.conninfo.conninfo_to_dict(conninfo)
    if parts is None:
        raise ValueError(
            "connection must be a connection string, such as "
            "'host=localhost dbname=images' or 'postgresql://localhost/images'."
        )
    said = [f"{key}={parts[key]}" for key in ("host", "port", "dbname") if key in parts]
    return f"PostgreSQL({' '.join(said)})"
