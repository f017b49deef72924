"""Opening a store to look at it: nothing is written, made or upgraded, and the account need only be able to read.

SQLite reads a database in WAL mode by means of two files beside it, which it makes where they are missing. While
somebody works on the store they are there. Otherwise the file is read without them, as one that does not change, and it
is noticed where it did.
"""

from __future__ import annotations

import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from notifykit.clock import Clock
from notifykit.errors import StoreChangedError, StoreError
from notifykit.outbox.sqlite.database import BUSY_SECONDS, Database, T, require_file, store_error
from notifykit.outbox.sqlite.open_file import OpenFile
from notifykit.wording.translation import gettext

_WAL_VERSIONS = b"\x02\x02"
_UNREADABLE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)

Stamp = tuple[int, int, int, int | None]
"""Number, size and time of a file; and a checksum of its content, where its time may not tell two writes apart."""

_TICK = 0.1
"""Seconds for which a file that was written may be written again and keep its time: clocks tick at up to 50 ms."""

_COARSE_TICK = 4.0
"""The same where times of files are whole seconds: some file systems keep those alone, FAT every second one."""

_LARGE = 16 << 20
"""Bytes: a larger file is waited for and not read, which would take longer the larger it is."""


class ReadOnlyDatabase(Database):
    """A connection that reads, and leaves the store as it is. One of an earlier version is read as it would be now."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Raises StoreError: no such store, not readable for this account, not a database."""
        self._begin(path, clock)
        self._as_now: Callable[[str], str] | None = None
        require_file(path)
        self._real = Path(os.path.realpath(path))
        self._stamp: Stamp | None = None
        beside = is_open_here(self._real)
        if not beside:
            _require_readable(path)
            self._stamp = _stamp(self._real) if _is_unused(self._real) else None
        self.file = OpenFile(path)
        try:
            self.connection = _connected(self._real, "mode=ro" if self._stamp is None else "mode=ro&immutable=1")
            if beside and not _reads(self.connection):
                # This account may not make the files beside it, and nobody works on it: it is open to be looked at.
                self.connection.close()
                self.connection = _connected(self._real, "mode=ro&immutable=1")
        except sqlite3.Error as error:
            raise store_error(path, error) from error
        try:
            self._take_part()
        except BaseException:
            self.connection.close()
            raise

    def _take_part(self) -> None:
        try:
            self.connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0)
            if code == sqlite3.SQLITE_READONLY_ROLLBACK:
                raise StoreError(
                    gettext("a program that was killed left a journal beside it, which a reader may not roll back"),
                    mend=gettext("start that program once; `notifykit migrate --dry-run` reads it as it is"),
                    where=self.path,
                ) from error
            if self._stamp is None and code & 0xFF in _UNREADABLE:
                raise StoreError(
                    gettext("a program that was killed left a log beside it, which this account may not read in"),
                    mend=gettext(
                        "let the account that works on it run `notifykit dispatch --once`, or give this one the "
                        "right to write in its folder"
                    ),
                    where=self.path,
                ) from error
            raise store_error(self.path, error) from error

    def read_as_now(self) -> None:
        """Have a store of an earlier version read as one of this version. Raises StoreError."""
        from notifykit.outbox.sqlite.earlier import read_as_now  # seldom needed

        try:
            self._as_now = read_as_now(self.connection)
        except sqlite3.Error as error:
            raise store_error(self.path, error) from error

    def require_unchanged(self) -> None:
        """Raise StoreChangedError where the file was written to since it was opened, and was read without locks."""
        if self._stamp is not None and _stamp(self._real, by_content=self._stamp[-1] is not None) != self._stamp:
            raise StoreChangedError(self.path)

    def execute(self, sql: str, values: Any = ()) -> sqlite3.Cursor:
        """Run one statement that reads."""
        return super().execute(self._now(sql), values)

    def one(self, sql: str, values: Any = ()) -> Any:
        """Return the first row, or None."""
        return super().one(self._now(sql), values)

    def all(self, sql: str, values: Any = ()) -> list[Any]:
        """Return all rows."""
        return super().all(self._now(sql), values)

    def gather(self, gathered: Callable[[Iterable[Any]], T], sql: str, values: Any = ()) -> T:
        """Return what a function makes of all rows."""
        return super().gather(gathered, self._now(sql), values)

    def _now(self, sql: str) -> str:
        return sql if self._as_now is None else self._as_now(sql)


def _require_readable(path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except FileNotFoundError as error:
        mend = gettext("`notifykit generate` or `notifykit run` makes one")
        raise StoreError(gettext("there is no outbox yet"), mend=mend, where=path) from error
    except OSError as error:
        mend = gettext("check the owner and mode of it and of its folder")
        raise StoreError(gettext("cannot be read ({why})", why=error.strerror), mend=mend, where=path) from error


def is_open_here(real: Path) -> bool:
    """Whether this process has a database file open: then it must not be opened past SQLite.

    To close any descriptor of a file drops all POSIX locks that the process has on it.
    """
    try:
        wanted = real.stat()
        descriptors = list(Path("/dev/fd").iterdir())
    except OSError:  # there is none; or not a POSIX system: locks belong to a descriptor there
        return False
    for descriptor in descriptors:
        with suppress(OSError):  # that of the listing itself is closed again
            if os.path.samestat(wanted, os.fstat(int(descriptor.name))):
                return True
    return False


def _reads(connection: sqlite3.Connection) -> bool:
    """Whether a connection can read, as far as this account's rights go; what else is wrong, its first use tells."""
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        return getattr(error, "sqlite_errorcode", 0) & 0xFF not in _UNREADABLE
    return True


def _is_unused(real: Path) -> bool:
    """Whether nobody has the store open, as far as its files tell: then SQLite would have to make some."""
    log, index = (_size(real.with_name(real.name + suffix)) for suffix in ("-wal", "-shm"))
    if log or (log is not None and index is not None):
        return False
    with real.open("rb") as file:
        return file.read(20)[18:20] == _WAL_VERSIONS


def _connected(real: Path, how: str) -> sqlite3.Connection:
    uri = f"{real.as_uri()}?{how}"  # as_uri quotes what has a meaning in a URI
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _stamp(path: Path, *, by_content: bool | None = None) -> Stamp | None:
    """Return what tells a state of a file from others. `by_content`: None where that is up to its age and size.

    A large file that was just written is not read for that: its clock is waited for, so that the next write has
    another time.
    """
    try:
        found = path.stat()
        if by_content is None:
            whole = found.st_mtime_ns % 10**9 == 0
            tick, age = _COARSE_TICK if whole else _TICK, time.time() - found.st_mtime
            by_content = abs(age) < tick
            if by_content and found.st_size > _LARGE and not whole:
                time.sleep(tick - age)
                by_content = False
        return found.st_ino, found.st_size, found.st_mtime_ns, _checksum(path) if by_content else None
    except OSError:
        return None


def _checksum(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            checksum = zlib.crc32(chunk, checksum)
    return checksum
