"""Reads databases and files, and leaves no trace of having done so.

Even an SQLite connection that only reads may write: on a database in WAL mode it makes files beside it, and on one that
a killed program left it finishes that program's rollback. A dry run must do neither.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from notifykit.clock import SystemClock
from notifykit.durable.ordinary import instead_of_file, refuse_others
from notifykit.errors import StoreError
from notifykit.outbox.sqlite.database import store_error
from notifykit.outbox.sqlite.reading import ReadOnlyDatabase, is_open_here
from notifykit.wording.translation import gettext

PATIENCE = 5.0
"""Seconds to wait for a program that is just committing, as long as the old program itself would wait."""

_ROWS = 1_000
_TRIES = 20
_PAUSE = 0.05
"""Seconds between two tries to copy a database that is being written."""

_WAL_HEADER = 32
_NEEDS_ROLLBACK = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)


@contextmanager
def untouched(path: Path, *, patience: float = PATIENCE) -> Iterator[sqlite3.Connection]:
    """Open a database to read what is committed in it: one state of it, for as long as the block lasts.

    No byte and no time of modification is changed, and no file is made beside it. Programs that use the default
    journal wait with their commits until the block is left (those in WAL mode do not), so keep it short.

    Raises StoreError, also for what goes wrong within the block: it is missing, damaged, no database, or locked for
    longer than `patience` seconds.
    """
    _check(path)
    real = path.resolve()
    try:
        with _open(path, real, patience) as connection:
            yield connection
    except sqlite3.Error as error:
        raise _explained(path, error) from error


@contextmanager
def looked_at(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database to look at it in every pass, as an account may that can only read: however large it is, nothing
    is copied.

    Raises StoreError, also for what goes wrong within the block, and where it was written to meanwhile without locks.
    """
    _check(path)
    db = ReadOnlyDatabase(path, SystemClock())
    try:
        db.connection.text_factory = escaped
        yield db.connection
        db.require_unchanged()
    except sqlite3.Error as error:
        raise _explained(path, error) from error
    finally:
        db.close()


def content_digest(connection: sqlite3.Connection) -> str:
    """Return the sha256 of what a database holds: schema, rows, sequences, user version. Not of where it lies.

    Two databases with the same digest hold the same, whatever their journal mode, page size or free pages.
    """
    text_factory = connection.text_factory
    alone = not connection.in_transaction
    cursor = connection.cursor()
    cursor.row_factory = None
    if alone:
        cursor.execute("BEGIN")
    # Text comes as bytearray and a blob as bytes: they differ, and no text is undecodable.
    connection.text_factory = bytearray
    try:
        return _digest(cursor)
    finally:
        connection.text_factory = text_factory
        cursor.close()
        if alone:
            connection.rollback()


def file_digest(path: Path) -> str:
    """Return the sha256 of a file's bytes. Raises OSError, also where it is no ordinary file.

    Not for a database that this process has open: to close a second descriptor drops SQLite's locks.
    """
    refuse_others(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(path: Path) -> None:
    try:
        if (found := instead_of_file(path)) is not None:
            raise StoreError(
                gettext("is {found}", found=found), mend=gettext("name the database file itself"), where=path
            )
        path.stat()
    except FileNotFoundError as error:
        raise StoreError(gettext("there is no such file"), mend=gettext("check the path"), where=path) from error
    except OSError as error:
        raise StoreError(
            gettext("cannot be read ({strerror})", strerror=error.strerror),
            mend=gettext("check owner and mode"),
            where=path,
        ) from error


def _explained(path: Path, error: sqlite3.Error) -> StoreError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(
            f"{error}", mend=gettext("stop the program that uses it, then try again"), where=path, passing=True
        )
    return store_error(path, error)


@contextmanager
def _open(path: Path, real: Path, patience: float) -> Iterator[sqlite3.Connection]:
    if is_open_here(real) or not _is_wal(path, real):
        with closing(_connect(real, "ro", patience)) as connection:
            if _begun(connection, real):
                yield connection
                return
    with _copied(path, real, patience) as connection:
        yield connection


def _connect(real: Path, mode: str, patience: float) -> sqlite3.Connection:
    # as_uri quotes what has a meaning in a URI.
    connection = sqlite3.connect(f"{real.as_uri()}?mode={mode}", uri=True, timeout=patience, isolation_level=None)
    connection.text_factory = escaped
    return connection


def escaped(data: bytes) -> str:
    """Return a text; what another program wrote and is not UTF-8 is escaped."""
    return data.decode("utf-8", "backslashreplace")


def _begun(connection: sqlite3.Connection, real: Path) -> bool:
    """Take the read lock. False where a killed program's journal must be rolled back first, which a reader may not."""
    try:
        _begin(connection)
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in _NEEDS_ROLLBACK and _beside(real, "-journal").exists():
            return False
        raise
    return True


def _begin(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")
    # BEGIN alone takes no lock.
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _is_wal(path: Path, real: Path) -> bool:
    try:
        with real.open("rb") as file:
            return file.read(20)[18:20] == b"\x02\x02"
    except OSError as error:
        raise StoreError(
            gettext("cannot be read ({strerror})", strerror=error.strerror),
            mend=gettext("check owner and mode"),
            where=path,
        ) from error


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


@contextmanager
def _copied(path: Path, real: Path, patience: float) -> Iterator[sqlite3.Connection]:
    """Open a private copy, in which SQLite may roll back or replay what a killed program left."""
    with tempfile.TemporaryDirectory(prefix="notifykit-") as folder:
        copy = Path(folder) / "copy.db"
        for _ in range(_TRIES):
            try:
                if _copy_whole(real, copy):
                    break
            except FileNotFoundError:  # a file beside it went away: its program just closed it
                _check(path)
            except OSError as error:
                raise _copy_error(path, error) from error
            time.sleep(_PAUSE)
        else:
            raise StoreError(
                gettext("is written all the time"),
                mend=gettext("stop the program that uses it"),
                where=path,
                passing=True,
            )
        connection = _connect(copy, "rw", patience)
        with closing(connection):
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            connection.execute("PRAGMA query_only = ON")
            _begin(connection)
            yield connection


def _copy_error(path: Path, error: OSError) -> StoreError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = tempfile.gettempdir()
        return StoreError(
            gettext("no room for a copy in {where}", where=where),
            mend=gettext("make room there, or set TMPDIR"),
            where=path,
            passing=True,
        )
    return StoreError(
        gettext("cannot be copied ({strerror})", strerror=error.strerror),
        mend=gettext("check owner and mode"),
        where=path,
    )


def _copy_whole(real: Path, copy: Path) -> bool:
    """Copy the file and its log or journal. False where a program wrote in between in a way that matters."""
    wal, journal = _beside(real, "-wal"), _beside(real, "-journal")
    for suffix in ("", "-wal", "-journal"):
        _beside(copy, suffix).unlink(missing_ok=True)
    if _size(wal):
        # Pages that are copied back while we read stand in the log as well. They all do until it is begun anew,
        # and then its header differs. What is appended is either whole and valid, or ignored.
        header = _wal_header(wal)
        shutil.copyfile(real, copy)
        shutil.copyfile(wal, _beside(copy, "-wal"))
        return header == _wal_header(wal) == _wal_header(_beside(copy, "-wal"))
    shutil.copyfile(real, copy)
    with suppress(FileNotFoundError):
        shutil.copyfile(journal, _beside(copy, "-journal"))
    # Size and time would not tell: the clock of files may stand still between two writes.
    alike = _content(real) == _content(copy) and _content(journal) == _content(_beside(copy, "-journal"))
    return alike and not _size(wal)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _wal_header(wal: Path) -> bytes:
    with wal.open("rb") as file:
        return file.read(_WAL_HEADER)


def _content(path: Path) -> str | None:
    """Return the sha256 of a file; None where there is none."""
    try:
        return file_digest(path)
    except FileNotFoundError:
        return None


def _digest(cursor: sqlite3.Cursor) -> str:
    digest = hashlib.sha256()
    schema = cursor.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name, tbl_name, sql"
    ).fetchall()
    digest.update(repr((cursor.execute("PRAGMA user_version").fetchone(), schema)).encode())
    for kind, name, _, sql in schema:
        # The rows of a virtual table are those of the tables beneath it.
        if kind == b"table" and not (sql or b"").startswith(b"CREATE VIRTUAL"):
            table = bytes(name).decode()
            digest.update(f"\n{table!r}\n".encode())
            cursor.execute(f"SELECT * FROM {_quoted(table)} ORDER BY {_order(cursor, table)}")
            while rows := cursor.fetchmany(_ROWS):
                for column in zip(*rows, strict=True):
                    digest.update(_bytes(column))
    return digest.hexdigest()


def _bytes(column: tuple[Any, ...]) -> bytes:
    """Return one column of some rows as bytes that no other values have. Text, which is most, goes as it is."""
    if set(map(type, column)) == {bytearray}:
        return b"".join([repr([*map(len, column)]).encode(), *column])
    return repr(column).encode()


def _order(cursor: sqlite3.Cursor, table: str) -> str:
    """Return by what the rows of a table are ordered: its rowid if it has one that can be named."""
    if table == "sqlite_sequence":
        return "name"
    columns: list[tuple[Any, ...]] = cursor.execute(f"PRAGMA table_info({_quoted(table)})").fetchall()
    names = {bytes(column[1]).lower() for column in columns}
    for rowid in ("rowid", "_rowid_", "oid"):
        if rowid.encode() not in names:
            with suppress(sqlite3.OperationalError):
                cursor.execute(f"SELECT {rowid} FROM {_quoted(table)} LIMIT 0")
                return rowid
    keys = sorted((column[5], column[1]) for column in columns if column[5])
    return ", ".join(_quoted(bytes(name).decode()) for _, name in keys or [(0, column[1]) for column in columns])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
