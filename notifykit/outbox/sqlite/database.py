"""One SQLite connection: how it is opened, how transactions are made, and what its errors mean to a person."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from notifykit.clock import Clock
from notifykit.durable import write_new
from notifykit.durable.ordinary import instead_of_file, is_there
from notifykit.errors import StoreDamagedError, StoreError
from notifykit.outbox.sqlite.open_file import OpenFile
from notifykit.wording.translation import gettext, gettext_noop

T = TypeVar("T")

BUSY_SECONDS = 30.0
"""How long a statement waits for other processes before it gives up."""

ASK_AGAIN_MS = 2
"""Milliseconds for which a statement waits where the waiting is ours: SQLite asks twice in them."""

CHECKPOINT_PAGES = 8_000
"""32 MB of WAL between two checkpoints: a dispatch rewrites the same few pages, which are then copied back once."""

HIGHEST_ID = 2**63 - 1

_MEND = {
    sqlite3.SQLITE_BUSY: gettext_noop("another program holds the database; close it, or try again"),
    sqlite3.SQLITE_LOCKED: gettext_noop("another program holds the database; close it, or try again"),
    sqlite3.SQLITE_FULL: gettext_noop("the disk is full; make room, then run the same command again: nothing is lost"),
    sqlite3.SQLITE_IOERR: gettext_noop(
        "the disk failed or is full; see the system log, then run the same command again"
    ),
    sqlite3.SQLITE_READONLY: gettext_noop(
        "it cannot be written; check the owner and mode of the file and of its folder"
    ),
    sqlite3.SQLITE_PERM: gettext_noop("it cannot be written; check the owner and mode of the file and of its folder"),
    sqlite3.SQLITE_CANTOPEN: gettext_noop("it cannot be opened; check that the folder exists and may be written"),
    sqlite3.SQLITE_NOTADB: gettext_noop(
        "it is not an SQLite database, or its beginning is damaged; check `store:` in "
        "notifykit.yaml, or restore a backup"
    ),
    sqlite3.SQLITE_CORRUPT: gettext_noop(
        "it is damaged: `notifykit store check` lists how; restore a backup, and keep the damaged file"
    ),
}

LACKING = gettext_noop(
    "something of it is missing: `notifykit store check` lists what; restore a backup, and keep the damaged file"
)

_REPORT = gettext_noop("this is unexpected; please report it")

_DAMAGED = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})

_NOT_THERE = (
    "no such table",
    "no such column",
    "no such index",
    "no query solution",
)
"""How SQLite says that a statement names what the file does not have: its error has no code of its own."""

_PASSING = frozenset(
    {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY}
)


def store_error(path: Path, error: sqlite3.Error) -> StoreError:
    """Tell what an SQLite error means and how to mend it."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code == sqlite3.SQLITE_ERROR and (f"{error}".startswith(_NOT_THERE) or " has no column named " in f"{error}"):
        return StoreDamagedError(f"{error}", mend=gettext(LACKING), where=path)
    mend = gettext(_MEND.get(code, _REPORT))
    kind = StoreDamagedError if code in _DAMAGED else StoreError
    return kind(f"{error}", mend=mend, where=path, passing=code in _PASSING)


def require_file(path: Path) -> None:
    """Raise StoreError where a folder, a pipe or a device, at which SQLite waits, is in the place of a store."""
    if (found := instead_of_file(path)) is not None:
        raise StoreError(
            gettext("is {found}", found=found), mend=gettext("`store:` in notifykit.yaml must name a file"), where=path
        )


def _decoded(data: bytes) -> str | bytes:
    """Return a text as SQLite keeps it; as bytes where it is not UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Let all that is read in the block be as of one moment, that of the first look. Joins a transaction that is open.

    Raises sqlite3.Error.
    """
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.rollback()


class Transaction:
    """The explicit transactions of one connection. Entered again while open, it joins what is open.

    One that is entered or left while the store's file is not in its place any more raises StoreError: before that,
    nothing that depends on it may be done.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._depth = 0

    def __enter__(self) -> None:
        if not self._depth:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.file.require()
            except StoreError:
                self._undo()
                raise
        self._depth += 1

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._depth -= 1
        if self._depth:
            return
        if kind is None:
            try:
                self._db.execute("COMMIT")
            except StoreError:
                self._undo()
                raise
            self._db.file.require()
        else:
            self._undo()

    def _undo(self) -> None:
        # A full disk can have ended the transaction already.
        if self._db.connection.in_transaction:
            self._db.connection.rollback()


class Database:
    """A connection in WAL mode with `synchronous=FULL`: what is committed survives a power cut.

    Used by one thread at a time; the statements of one transaction come from one thread.
    """

    connection: sqlite3.Connection

    def _begin(self, path: Path, clock: Clock) -> None:
        self.path = path
        self.clock = clock
        self._turns = False
        self._transaction = Transaction(self)
        self._local_second = -1
        self._local_text = ""
        self.keys_next = float("-inf")
        """When counts of limit keys are dropped that are over, by the clock that does not step."""

    def __init__(self, path: Path, clock: Clock, *, create: bool = True) -> None:
        self._begin(path, clock)
        require_file(path)
        if create:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with suppress(OSError):  # it is there, or SQLite says what is wrong
                    write_new(path, b"")  # the files beside it get its mode
            except OSError as error:
                raise StoreError(
                    gettext("cannot be made ({why})", why=error.strerror),
                    mend=gettext("check the path"),
                    where=path.parent,
                ) from error
        elif not is_there(path):
            raise StoreError(
                gettext("there is no outbox yet"),
                mend=gettext("`notifykit generate` or `notifykit run` makes one"),
                where=path,
            )
        try:
            self.connection = sqlite3.connect(
                path,
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
            )
        except sqlite3.Error as error:
            raise store_error(path, error) from error
        try:
            self.execute("PRAGMA synchronous = FULL")
            self.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
            self.file = OpenFile(path)
        except BaseException:
            self.connection.close()
            raise

    def use_wal(self) -> None:
        """Switch to WAL. The switch needs the file exclusively for a moment, and SQLite does not wait for that by
        itself."""
        patience = time.monotonic() + BUSY_SECONDS
        while self.one("PRAGMA journal_mode")[0] != "wal":
            try:
                self.connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_BUSY or time.monotonic() > patience:
                    raise store_error(self.path, error) from error
                time.sleep(0.01)

    def take_turns(self) -> None:
        """From now on ask every millisecond for a store that others write into.

        SQLite's own waiting gets longer and longer: whoever writes again and again keeps the others out for seconds.
        """
        self.execute(f"PRAGMA busy_timeout = {ASK_AGAIN_MS}")
        self._turns = True

    def _again(self, error: sqlite3.Error, run: Callable[[], T]) -> T:
        """Run what was refused again: while another process is in its way, and for a text that is not UTF-8.

        Raises StoreError.
        """
        patience = time.monotonic() + BUSY_SECONDS
        while self._tolerates(error) or (self._waits(error) and time.monotonic() < patience):
            try:
                return run()
            except sqlite3.Error as again:
                error = again
        raise self.explained(error) from error

    def _waits(self, error: sqlite3.Error) -> bool:
        """Whether the waiting for another process is ours, and not SQLite's."""
        busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
        return busy and self._turns and not self.connection.in_transaction

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def transaction(self) -> Transaction:
        """One `BEGIN IMMEDIATE`; inner blocks join the outer one."""
        return self._transaction

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all that is read in the block be as of one moment."""
        try:
            with snapshot(self.connection):
                yield
        except sqlite3.Error as error:
            raise store_error(self.path, error) from error

    def execute(self, sql: str, values: Any = ()) -> sqlite3.Cursor:
        """Run one statement."""
        try:
            return self.connection.execute(sql, values)
        except sqlite3.Error as error:
            return self._again(error, lambda: self.connection.execute(sql, values))

    def executemany(self, sql: str, rows: Iterable[Any]) -> int:
        """Run one statement for many rows. Returns how many rows it changed, without those that triggers did."""
        try:
            return self.connection.executemany(sql, rows).rowcount
        except sqlite3.Error as error:
            raise self.explained(error) from error

    def each_changes(self, sql: str, rows: Iterable[Any]) -> list[bool]:
        """Run one statement for many rows; returns of each whether it changed anything."""
        counts = [self.connection.total_changes]

        def given() -> Iterator[Any]:
            for row in rows:
                yield row
                counts.append(
                    self.connection.total_changes
                )  # the statement was run for this row when the next is asked for

        self.executemany(sql, given())
        return [after > before for before, after in pairwise(counts)]

    def explained(self, error: sqlite3.Error) -> StoreError:
        """Tell what an error means. SQLite says that the disk is full, too, where there is no higher id left."""
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL:
            with suppress(sqlite3.Error):
                given = self.connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'tasks'").fetchone()
                if given == (HIGHEST_ID,):
                    return StoreError(
                        gettext(
                            "another program made a row with the id {id}, so no higher one is left",
                            id=HIGHEST_ID,
                        ),
                        mend=gettext(
                            "delete that row, then `UPDATE sqlite_sequence SET seq = (SELECT max(id) FROM tasks) "
                            "WHERE name = 'tasks'`, with nothing else at work"
                        ),
                        where=self.path,
                    )
        return store_error(self.path, error)

    def one(self, sql: str, values: Any = ()) -> Any:
        """Return the first row, or None. Text that is not UTF-8 comes as bytes."""
        try:
            return self.connection.execute(sql, values).fetchone()
        except sqlite3.Error as error:
            return self._again(error, lambda: self.connection.execute(sql, values).fetchone())

    def all(self, sql: str, values: Any = ()) -> list[Any]:
        """Return all rows. Text that is not UTF-8 comes as bytes."""
        try:
            return self.connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            return self._again(error, lambda: self.connection.execute(sql, values).fetchall())

    def each(self, sql: str, values: Any = ()) -> Iterator[Any]:
        """Yield all rows, which are never held at once; whoever takes them may take long."""
        with self.explaining():
            for row in self.execute(sql, values):  # noqa: UP028 - `yield from` would close it after its database
                yield row

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Raise StoreError for what SQLite raises in the block: for what goes by the connection itself."""
        try:
            yield
        except sqlite3.Error as error:
            raise self.explained(error) from error

    def gather(self, gathered: Callable[[Iterable[Any]], T], sql: str, values: Any = ()) -> T:
        """Return what a function makes of all rows, which are never held at once. It may be called again."""
        try:
            return gathered(self.connection.execute(sql, values))
        except sqlite3.Error as error:
            return self._again(error, lambda: gathered(self.connection.execute(sql, values)))

    def _tolerates(self, error: sqlite3.Error) -> bool:
        """Whether a statement fails only for a text that is not UTF-8, and is to be run again. It can be read from now
        on, but slower."""
        # Errors of SQLite itself have a code. Python's sqlite3 decodes texts, and gives that error none.
        of_python = isinstance(error, sqlite3.OperationalError) and not hasattr(error, "sqlite_errorcode")
        if self.connection.text_factory is not str or not of_python:
            return False
        self.connection.text_factory = _decoded
        return True

    def local_time(self, now: float) -> str:
        """The legacy columns' format: local time, whole seconds."""
        second = int(now)
        if second != self._local_second:
            self._local_second = second
            self._local_text = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
        return self._local_text
