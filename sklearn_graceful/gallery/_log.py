"""What happened to a gallery, record by record, in a file that survives anything."""

import json
import sqlite3
import struct
import zlib
from contextlib import contextmanager
from typing import NamedTuple

from sklearn_graceful.exceptions import DamagedGalleryError

# The rule of upgrades: a kind of record keeps its meaning for ever, and what is new
# gets a kind of its own, so that every version reads all older files. The number is
# raised with the first kind that older versions do not know; they refuse the file.
FORMAT = 1
_MAKE = [
    f"CREATE TABLE {name} (number INTEGER PRIMARY KEY, body BLOB, crc INTEGER)"
    for name in ("log", "head")
]
# The disk's doing, not the file's.
_REFUSED = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
)
_NUMBER = struct.Struct("<q")
_LENGTH = struct.Struct("<I")


class Record(NamedTuple):
    """One thing that happened: what JSON can say of it, and bytes."""

    header: dict
    payload: bytes = b""


class Log:
    """Records in an SQLite file, each with a checksum; a call appends all or nothing.

    A call that has returned is on the disk. What a killed process leaves half-done is
    undone by SQLite when the file is next opened. Nobody else can open it meanwhile.

    Parameters
    ----------
    path : Path
        Of the file.
    new : bool
        Whether to make it.
    read_only : bool, default=False
        Whether nothing can be written where it lies.

    Raises
    ------
    DamagedGalleryError
        Here and in :meth:`records`, if the file is not what was written.
    RuntimeError
        If another process has it open.
    """

    def __init__(self, path, *, new, read_only=False):
        self.path = path
        mode = "ro&immutable=1" if read_only else "rwc" if new else "rw"
        self._connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=1,
        )
        self._first, self._next = 0, 0
        try:
            self._prepare(new, read_only)
        except BaseException:
            self._connection.close()
            raise

    def append(self, records):
        """Write records, all of them or none."""
        with self._transaction():
            self._insert(records)

    def rewrite(self, records):
        """Put others in the place of all records so far, in one step."""
        with self._transaction():
            self._execute("DELETE FROM log")
            self._first = self._next
            self._insert(records)

    def records(self):
        """Read all records, in their order.

        Yields
        ------
        record : Record
        """
        rows = self._execute("SELECT number, body, crc FROM log ORDER BY number")
        number = self._first
        for found, body, crc in rows:
            if found != number or not _is_whole(number, body, crc):
                raise self._damaged(f"record {number} is not what was written")
            yield _unpacked(body)
            number += 1
        if number != self._next:
            raise self._damaged(f"records from {number} on are not there")

    def close(self):
        """Close the file; others may open it then."""
        self._connection.close()

    def _prepare(self, new, read_only):
        if not read_only:
            self._execute("PRAGMA locking_mode=EXCLUSIVE")
            # With a write-ahead log, a bad byte in it would end it without a word.
            self._execute("PRAGMA journal_mode=DELETE")
            self._execute("PRAGMA synchronous=EXTRA")
            with self._transaction():  # takes the lock for good
                if new:
                    for statement in _MAKE:
                        self._execute(statement)
                    self._write_head()
        self._read_head()

    @contextmanager
    def _transaction(self):
        """All that is written inside, or nothing."""
        numbers = self._first, self._next
        self._execute("BEGIN EXCLUSIVE")
        try:
            yield
            self._execute("COMMIT")
        except BaseException:
            self._first, self._next = numbers
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _insert(self, records):
        for number, record in enumerate(records, start=self._next):
            body = _packed(record)
            row = number, body, _crc(number, body)
            self._execute("INSERT INTO log VALUES (?, ?, ?)", row)
            self._next = number + 1
        self._write_head()

    def _write_head(self):
        head = {"format": FORMAT, "first": self._first, "next": self._next}
        body = json.dumps(head).encode()
        row = 0, body, _crc(0, body)
        self._execute("INSERT OR REPLACE INTO head VALUES (?, ?, ?)", row)

    def _read_head(self):
        rows = self._execute("SELECT body, crc FROM head")
        if len(rows) != 1 or not _is_whole(0, *rows[0]):
            raise self._damaged("its head is not what was written")
        head = json.loads(rows[0][0])
        if head["format"] > FORMAT:
            raise ValueError(
                f"{self.path} has format {head['format']}, of a newer version of "
                f"sklearn_graceful; this one reads up to {FORMAT}."
            )
        self._first, self._next = head["first"], head["next"]

    def _execute(self, statement, values=()):
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise self._translated(error) from error
        except (UnicodeDecodeError, OverflowError) as error:
            raise self._damaged(error) from error

    def _translated(self, error):
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return RuntimeError(
                f"{self.path} is open elsewhere: one process at a time has a gallery. "
                "Close it there first."
            )
        if code in _REFUSED:
            return OSError(f"{self.path} cannot be read or written: {error}.")
        return self._damaged(error)

    def _damaged(self, why):
        return DamagedGalleryError(f"{self.path} is damaged: {why}.")


def _packed(record):
    header = json.dumps(record.header).encode()
    return _LENGTH.pack(len(header)) + header + record.payload


def _unpacked(body):
    (length,) = _LENGTH.unpack_from(body)
    start = _LENGTH.size
    header = json.loads(body[start : start + length])
    return Record(header, bytes(body[start + length :]))


def _crc(number, body):
    return zlib.crc32(body, zlib.crc32(_NUMBER.pack(number)))


def _is_whole(number, body, crc):
    # Of a file that was cut off SQLite may read that there is nothing.
    return isinstance(body, bytes) and crc == _crc(number, body)
