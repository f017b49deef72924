"""The archive of an outbox, of whatever kind: a file with the tasks that were moved out of it.

It is an outbox as to its tables, and no command works with it as one: it says that it is an archive.
"""

from __future__ import annotations

import json
import platform
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Self

from notifykit import durable
from notifykit.clock import Clock
from notifykit.errors import StoreError
from notifykit.outbox.copying import ARCHIVE, CopyState
from notifykit.outbox.pruning import Moved
from notifykit.outbox.sqlite import schema
from notifykit.outbox.sqlite.pruning import TABLES, rows_of
from notifykit.outbox.sqlite.store import SqliteOutbox

# `_claim`: it is an archive, and of which outbox.
_MARK = "INSERT INTO outbox_copy (state, other, copy, at) VALUES (?, ?, ?, ?)"

# `_claim`: likewise.
_IDENTITY = "UPDATE outbox_identity SET id = ?"

# `_claim`: whether it ever held a task.
_ANY = "SELECT 1 FROM sqlite_sequence WHERE name = 'tasks'"

# `put`: what is there of the same tasks. Of which table comes within.
_DELETE = "DELETE FROM {} WHERE {} IN (SELECT value FROM json_each(?))"

# `take`: a page of the tasks.
_IDS = "SELECT id FROM tasks WHERE id > ? ORDER BY id LIMIT ?"

# `clear`: all rows. Of which table comes within.
_CLEAR = "DELETE FROM {}"

# `put`: a row. The table, its columns and places come within.
_INSERT = "INSERT INTO {} ({}) VALUES ({})"


class Archive:
    """One connection to an archive. See `notifykit.outbox.pruning.Shelf`."""

    def __init__(self, outbox: SqliteOutbox, path: Path) -> None:
        self.outbox = outbox
        self.path = path

    @classmethod
    def open(cls, path: Path, *, identity: str, of: str, like: Path | None, clock: Clock) -> Self:
        """Open the archive of an outbox of this identity, and make it where it is not there.

        `of`: the outbox, as people are shown it. `like`: a file whose owner and mode it gets; None: it is this
        account's alone. Raises StoreError, also where the file is something else.
        """
        new = not path.exists()
        outbox = SqliteOutbox.open(path, clock, take_over=False, unused=True)
        try:
            if new:
                _take_the_mode(path, like)
            _claim(outbox, identity, of)
        except BaseException:
            outbox.close()
            raise
        return cls(outbox, path)

    @classmethod
    def look(cls, path: Path, *, identity: str, clock: Clock) -> Self:
        """Open it to read. Raises StoreError where it is not there, is something else, or is damaged."""
        outbox = SqliteOutbox.look(path, clock, unused=True)
        try:
            _require_ours(outbox, identity)
        except BaseException:
            outbox.close()
            raise
        return cls(outbox, path)

    @property
    def place(self) -> tuple[str, str]:
        """The file and the host."""
        return str(self.path), platform.node()

    def put(self, moved: Moved) -> None:
        """Keep rows, in place of those of the same tasks."""
        db = self.outbox.db
        columns, found = moved["tasks"]
        at = list(columns).index("id")
        which = (json.dumps([row[at] for row in found]),)
        with db.transaction():
            for table, column in TABLES.items():
                db.execute(_DELETE.format(table, column), which)
                names, rows = moved[table]
                db.executemany(_INSERT.format(table, ", ".join(names), ", ".join("?" * len(names))), rows)

    def take(self, after: int, most: int) -> Moved:
        """Return the rows of the first tasks from beyond an id; no tasks where there are none."""
        db = self.outbox.db
        ids = [id_ for (id_,) in db.all(_IDS, (after, most))]
        return rows_of(db, ids)

    def clear(self) -> None:
        """Forget all tasks: they are back in the outbox."""
        db = self.outbox.db
        with db.transaction():
            for table in TABLES:
                db.execute(_CLEAR.format(table))

    def close(self) -> None:
        """Close the connection."""
        self.outbox.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _claim(outbox: SqliteOutbox, identity: str, of: str) -> None:
    """Make a new file the archive of an outbox; require that an old one is."""
    db = outbox.db
    with db.transaction():
        if schema.copy_state(db.connection) is None and db.one(_ANY) is None:
            db.execute(_IDENTITY, (identity,))
            db.execute(_MARK, CopyState(ARCHIVE, of, identity, db.clock.now()))
    _require_ours(outbox, identity)


def _require_ours(outbox: SqliteOutbox, identity: str) -> None:
    path = outbox.db.path
    try:
        state = schema.copy_state(outbox.db.connection)
    except sqlite3.Error as error:
        raise StoreError(f"cannot be read ({error})", mend="put the archive back", where=path) from error
    if state is None or state.state != ARCHIVE:
        raise StoreError("is an outbox, and not the archive of one", mend="move it away", where=path)
    if outbox.identity != identity:
        raise StoreError(
            f"is the archive of another outbox, {state.other}",
            mend="move it away, or put the right one back",
            where=path,
        )


def _take_the_mode(path: Path, like: Path | None) -> None:
    """Give it the owner and mode of a file; where this account may not, it stays this account's alone."""
    path.chmod(0o600)
    if like is not None:
        with suppress(PermissionError):
            durable.keep_owner_and_mode(path, like.stat())
