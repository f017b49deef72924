"""The archive of an outbox, of whatever kind: a file with the tasks that were moved out of it.

It is an outbox as to its tables, and no command works with it as one: it says that it is an archive.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from notifykit import durable
from notifykit.clock import Clock
from notifykit.errors import StoreError
from notifykit.outbox.copying import ARCHIVE, CopyState
from notifykit.outbox.pruned import ARCHIVE_NOTES, ArchivePlace, PrunedMessage
from notifykit.outbox.pruning import Contents, Moved, Rows
from notifykit.outbox.sqlite import schema
from notifykit.outbox.sqlite.contents import add_rows
from notifykit.outbox.sqlite.contents import rows_of as contents_of
from notifykit.outbox.sqlite.pruning import TABLES, of_tasks, rows_of
from notifykit.outbox.sqlite.store import SqliteOutbox
from notifykit.wording.translation import gettext

# `_claim`: it is an archive, and of which outbox.
_MARK = "INSERT INTO outbox_copy (state, other, copy, at) VALUES (?, ?, ?, ?)"

# `_claim`: likewise.
_IDENTITY = "UPDATE outbox_identity SET id = ?"

# `_claim`: whether it ever held a task.
_ANY = "SELECT 1 FROM sqlite_sequence WHERE name = 'tasks'"

# `_claim`: whether a message can be in it once only.
_ONCE = "SELECT 1 FROM pragma_index_list('tasks') WHERE name = 'tasks_dedup' AND \"unique\""

# `_claim`: what is dropped for that.
_DROP_ONCE = "DROP INDEX tasks_dedup"

# `_claim`: what was sent twice, by a store that was restored in between, is in it twice.
_AGAIN = """
CREATE INDEX tasks_dedup ON tasks (campaign, record_key, message_name, round, coalesce(period, ''))
 WHERE campaign IS NOT NULL
"""

# Part of `_THERE`: it is that task, and nothing was sent of it since.
_SAME = """record_key IS :record_key AND message_name IS :message_name AND round IS :round AND period IS :period
       AND queued_at IS :queued_at AND sent_at IS :sent_at AND attempts IS :attempts"""

# `put`: what has a task's id, or is the same message; and whether it is the same task.
_THERE = f"""
SELECT id, {_SAME} FROM tasks WHERE id = :id
 UNION ALL
SELECT id, {_SAME} FROM tasks INDEXED BY tasks_dedup
 WHERE campaign = :campaign AND record_key = :record_key AND message_name = :message_name AND round = :round
   AND period IS :period
"""

# `put`: the lowest id, as far as it is below zero.
_LOWEST = "SELECT min(0, coalesce(min(id), 0)) FROM tasks"

# `put`: what is there of the same tasks. Of which table comes within.
_DELETE = "DELETE FROM {} WHERE {} IN (SELECT value FROM json_each(?))"

# `put`: it is in another state now.
_CHANGE = """
INSERT INTO notes (topic, name, note) VALUES (?, ?, lower(hex(randomblob(8))))
ON CONFLICT (topic, name) DO UPDATE SET note = excluded.note
"""

# Part of `_MESSAGES` and `_COUNT`: it is no digest.
_MESSAGE = "id NOT IN (SELECT task_id FROM digests)"

# `messages`: a page of what is in it.
_MESSAGES = f"""
SELECT id, campaign, record_key, message_name, round, coalesce(period, '') FROM tasks
 WHERE id > ? AND typeof(campaign) = 'text' AND typeof(record_key) = 'text' AND typeof(message_name) = 'text'
   AND {_MESSAGE}
 ORDER BY id LIMIT ?
"""

# `holds`: whether a message is in it.
_HOLDS = "SELECT 1 FROM tasks WHERE campaign = ? AND record_key = ? AND message_name = ? LIMIT 1"

# `contents`: how many messages are in it, and when the first and the last was completed.
_COUNT = f"SELECT count(*), min(completed_at), max(completed_at) FROM tasks WHERE {_MESSAGE}"

# `take`: a page of the tasks.
_IDS = "SELECT id FROM tasks WHERE id > ? ORDER BY id LIMIT ?"

# `clear`: all rows. Of which table comes within.
_CLEAR = "DELETE FROM {}"

# `put`: a row. The table, its columns and places come within.
_INSERT = "INSERT INTO {} ({}) VALUES ({})"


_BEFORE_ALL = -(2**63)
"""Below every id."""

_STATE = "state"
"""The note of an archive that changes with what is in it."""


class Archive:
    """One connection to an archive. See `notifykit.outbox.pruning.Shelf`.

    Whatever it raises is a StoreError that says that it is of an archive.
    """

    def __init__(self, outbox: SqliteOutbox, path: Path) -> None:
        self.outbox = outbox
        self.path = path

    @classmethod
    def open(cls, path: Path, *, identity: str, of: str, like: Path | None, clock: Clock) -> Self:
        """Open the archive of an outbox of this identity, and make it where it is not there.

        `of`: the outbox, as people are shown it. `like`: a file whose owner and mode it gets; None: it is this
        account's alone. Raises StoreError, also where the file is something else.
        """
        with _of_archive(path):
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
        with _of_archive(path):
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

    @property
    def state(self) -> str | None:
        """By what the state is known that it is in; None where that was never kept."""
        with _of_archive(self.path):
            return self.outbox.notes(ARCHIVE_NOTES).get(_STATE)

    def put(self, moved: Moved, contents: Contents = ()) -> str:
        """Keep rows, in place of those of the same tasks, and of no others; returns by what the new state is known.

        A store that was restored gives ids again: a task whose id another one has here is kept under one below zero,
        which no store gives.
        """
        db = self.outbox.db
        with _of_archive(self.path), db.transaction():
            ids = self._ids(moved["tasks"])
            which = (json.dumps(list(ids.values())),)
            for table, column in TABLES.items():
                db.execute(_DELETE.format(table, column), which)
                names, rows = moved[table]
                statement = _INSERT.format(table, ", ".join(names), ", ".join("?" * len(names)))
                db.executemany(statement, of_tasks(names, rows, column, ids))
            add_rows(db, contents)
            db.execute(_CHANGE, (ARCHIVE_NOTES, _STATE))
            return self.outbox.notes(ARCHIVE_NOTES)[_STATE]

    def _ids(self, tasks: Rows) -> dict[int, int]:
        """Return under which id each of the tasks is kept."""
        db = self.outbox.db
        columns, rows = tasks
        found = [dict(zip(columns, row, strict=True)) for row in rows]
        lowest = min([db.one(_LOWEST)[0], *(cells["id"] for cells in found)])
        ids: dict[int, int] = {}
        for cells in found:
            there = db.all(_THERE, {"period": None, **cells})
            kept = next((id_ for id_, same in there if same), None)
            if kept is None and any(id_ == cells["id"] for id_, _ in there):
                lowest -= 1
                kept = lowest
            ids[cells["id"]] = cells["id"] if kept is None else kept
        return ids

    def messages(self, most: int) -> Iterator[list[PrunedMessage]]:
        """Yield what is in it, in pages."""
        after = _BEFORE_ALL
        with _of_archive(self.path):
            while page := self.outbox.db.all(_MESSAGES, (after, most)):
                after = page[-1][0]
                yield [
                    PrunedMessage(campaign=campaign, key=key, name=name, rounds=round_, period=period)
                    for _, campaign, key, name, round_, period in page
                ]

    def holds(self, campaign: str, key: str, name: str) -> bool:
        """Whether a message is in it."""
        with _of_archive(self.path):
            return self.outbox.db.one(_HOLDS, (campaign, key, name)) is not None

    def contents(self) -> ArchivePlace:
        """Return how much is in it; its times are those of the messages."""
        with _of_archive(self.path):
            number, since, until = self.outbox.db.one(_COUNT)
        path, host = self.place
        return ArchivePlace(path=path, host=host, since=since or 0.0, until=until or 0.0, tasks=number)

    def take(self, after: int, most: int) -> Moved:
        """Return the rows of the first tasks from beyond an id; no tasks where there are none."""
        db = self.outbox.db
        with _of_archive(self.path):
            ids = [id_ for (id_,) in db.all(_IDS, (after, most))]
            return rows_of(db, ids)

    def files(self, moved: Moved) -> Contents:
        """Yield the files that tasks carry which `take` returned."""
        columns, rows = moved["attached"]
        return contents_of(self.outbox.db, sorted({row[list(columns).index("sha256")] for row in rows}))

    def clear(self) -> None:
        """Forget all tasks: they are back in the outbox."""
        db = self.outbox.db
        with _of_archive(self.path), db.transaction():
            for table in (*TABLES, "contents"):
                db.execute(_CLEAR.format(table))

    def close(self) -> None:
        """Close the connection."""
        self.outbox.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ArchiveError(StoreError):
    """An archive cannot be used: it is something else, of another outbox, or damaged."""


@contextmanager
def _of_archive(path: Path) -> Iterator[None]:
    """Say of what goes wrong with an archive that it does so with that, and not with what `store:` names."""
    try:
        yield
    except ArchiveError:
        raise
    except StoreError as error:
        if error.passing or error.where != str(path):
            raise
        what = gettext("the archive cannot be used: {what}", what=error.what)
        raise ArchiveError(
            what, mend=gettext("put the archive back from a backup, or move it away"), where=path
        ) from error


def _claim(outbox: SqliteOutbox, identity: str, of: str) -> None:
    """Make a new file the archive of an outbox; require that an old one is."""
    db = outbox.db
    with db.transaction():
        with db.explaining():
            state = schema.copy_state(db.connection)
        if state is None and db.one(_ANY) is None:
            db.execute(_IDENTITY, (identity,))
            db.execute(_MARK, CopyState(ARCHIVE, of, identity, db.clock.now()))
        _require_ours(outbox, identity)
        if db.one(_ONCE) is not None:
            db.execute(_DROP_ONCE)
            db.execute(_AGAIN)


def _require_ours(outbox: SqliteOutbox, identity: str) -> None:
    path = outbox.db.path
    with outbox.db.explaining():
        state = schema.copy_state(outbox.db.connection)
    if state is None or state.state != ARCHIVE:
        raise ArchiveError(
            gettext("is an outbox, and not the archive of one"), mend=gettext("move it away"), where=path
        )
    if outbox.identity != identity:
        raise ArchiveError(
            gettext("is the archive of another outbox, {other}", other=state.other),
            mend=gettext("move it away, or put the right one back"),
            where=path,
        )


def _take_the_mode(path: Path, like: Path | None) -> None:
    """Give it the owner and mode of a file; where this account may not, it stays this account's alone."""
    path.chmod(0o600)
    if like is not None:
        with suppress(PermissionError):
            durable.keep_owner_and_mode(path, like.stat())
