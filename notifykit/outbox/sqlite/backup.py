"""A copy of the store as it is at one moment, while others work on it."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from notifykit import durable
from notifykit.durable.ordinary import instead_of_file
from notifykit.errors import StoreError
from notifykit.outbox.sqlite.database import store_error
from notifykit.outbox.sqlite.identity import identity_of
from notifykit.outbox.sqlite.store import SqliteOutbox
from notifykit.wording.translation import gettext

# `_facts`: how many rows there are.
_ROWS = "SELECT count(*) FROM tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreBackup:
    """A copy that was made, and found sound."""

    path: Path
    size: int
    """Bytes."""
    tasks: int
    """Rows of the table `tasks`."""


def back_up(store: Path, target: Path, *, replace: bool) -> StoreBackup:
    """Copy a store to a file that appears under its name when it is whole and on disk. `replace`: one may be there.

    The copy can be read by nobody who cannot read the store. Raises StoreError: no outbox, no room, the target is the
    store or in use; StoreChangedError where the store was written to just then: nothing was made, try again.
    """
    try:
        _require_free(store, target, replace=replace)
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent)
    except OSError as error:
        raise StoreError(gettext("cannot be made {mend}", mend=durable.mend(error)), where=target) from error
    os.close(descriptor)
    fresh = Path(name)
    try:
        with closing(SqliteOutbox.look(store)) as outbox:
            tasks = _copy(outbox.db.connection, store, fresh, target)
            outbox.require_unchanged()
        _take_the_mode(fresh, store)
        durable.sync_file(fresh)
        size = fresh.stat().st_size
        durable.replace(fresh, target)
    except OSError as error:
        raise StoreError(gettext("cannot be written {mend}", mend=durable.mend(error)), where=target) from error
    finally:
        for left in (fresh, *(fresh.with_name(fresh.name + suffix) for suffix in ("-wal", "-shm", "-journal"))):
            with suppress(OSError):
                left.unlink()
    return StoreBackup(path=target, size=size, tasks=tasks)


def _require_free(store: Path, target: Path, *, replace: bool) -> None:
    if (found := instead_of_file(target)) is not None:
        raise StoreError(gettext("is {found}", found=found), mend=gettext("name a file"), where=target)
    beside = [target.with_name(target.name + suffix) for suffix in ("-wal", "-shm", "-journal")]
    if target.exists() and (target.samefile(store) or not replace):
        mend = (
            gettext("name another file") if target.samefile(store) else gettext("name another file, or say --replace")
        )
        raise StoreError(
            gettext("is the outbox itself") if target.samefile(store) else gettext("is there"), mend=mend, where=target
        )
    if target.exists() and target.stat().st_size and not _is_outbox(target):
        raise StoreError(gettext("is no earlier backup of an outbox"), mend=gettext("name another file"), where=target)
    if used := next((part for part in beside if part.exists()), None):
        raise StoreError(
            gettext("somebody works with the file beside it, {name}", name=used.name),
            mend=gettext("name another file"),
            where=target,
        )


def _is_outbox(path: Path) -> bool:
    try:
        SqliteOutbox.look(path).close()
    except StoreError:
        return False
    return True


def _copy(source: sqlite3.Connection, store: Path, fresh: Path, target: Path) -> int:
    """Copy one state of a database, and look whether the copy is sound. Returns the number of its tasks."""
    try:
        with closing(sqlite3.connect(fresh, isolation_level=None)) as copy:
            for setting in ("locking_mode = EXCLUSIVE", "synchronous = OFF", "journal_mode = OFF"):
                copy.execute(f"PRAGMA {setting}")  # a torn copy is never used, and it is synced as a whole
            source.execute("BEGIN")
            wanted = _facts(source)
            source.backup(copy)
            source.execute("ROLLBACK")
            problems = [str(line) for (line,) in copy.execute("PRAGMA integrity_check")]
            found = _facts(copy)
            copy.execute("PRAGMA journal_mode = WAL")
    except sqlite3.Error as error:
        damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CORRUPT
        raise store_error(store if damaged else target, error) from error
    if problems != ["ok"] or found != wanted:
        what = problems[0] if problems != ["ok"] else gettext("it does not hold what the outbox holds")
        raise StoreError(
            gettext("a copy of it is damaged: {what}", what=what),
            mend=gettext("check the disk; nothing was made"),
            where=store,
        )
    return found[1]


def _facts(connection: sqlite3.Connection) -> tuple[str | None, int]:
    return identity_of(connection), int(connection.execute(_ROWS).fetchone()[0])


def _take_the_mode(fresh: Path, store: Path) -> None:
    """Give the copy the owner and mode of the store; where this account may not, it stays this account's alone."""
    with suppress(PermissionError):
        durable.keep_owner_and_mode(fresh, store.stat())
