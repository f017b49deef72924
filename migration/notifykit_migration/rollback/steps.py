"""What a rollback does, step by step: send-status files, flags, the database, its journal mode.

The words come before the flags: they keep the old job from making a contract's messages again whose flag is taken back.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from notifykit.durable import write_new
from notifykit.legacy import Flag
from notifykit.wording.translation import gettext
from notifykit_migration.archive.archive import Archived
from notifykit_migration.errors import WorldChangedError
from notifykit_migration.journal.journal import Entry
from notifykit_migration.journal.redo import BEGUN, MoveFile, ReplaceFile, RestoreFile, Step, TargetState
from notifykit_migration.journal.targets import DatabaseStep, FlagStep
from notifykit_migration.rollback.old_schema import Restoration, put_back, set_journal_mode
from notifykit_migration.rollback.old_state import OldCampaign, content_of
from notifykit_migration.rollback.plan import Course, GoingBack
from notifykit_migration.store import fence
from notifykit_migration.store.migrated import is_migrated


def written_before(entries: Sequence[Entry]) -> frozenset[str]:
    """Return the digests of what rollbacks wrote that were cut short."""
    found: set[str] = set()
    for entry in entries:
        if entry.kind in ("migrate_begun", "rollback_done"):
            found.clear()
        elif entry.kind == BEGUN and entry.fields.get("after"):
            found.add(str(entry.fields["after"]))
    return frozenset(found)


def check_files(back: GoingBack, earlier: frozenset[str]) -> None:
    """Raise WorldChangedError where somebody else wrote to a send-status file since the migration."""
    for course in back.courses:
        now = course.old.now()
        if now in (None, course.old.backed_up, course.content) or _sha(now or b"") in earlier:
            continue
        raise WorldChangedError(
            gettext("somebody wrote to it since the migration, which nobody should"),
            mend=(
                gettext(
                    "nothing was changed. See whether the old program is running, move the file out of "
                    "the way, and run this again"
                )
            ),
            where=course.old.status_file,
        )


def file_steps(back: GoingBack, kept: Archived) -> Iterator[Step]:
    """Yield what brings each send-status file, and then the flags, to what they are to say."""
    for number, course in enumerate(back.courses):
        yield from _status_steps(course, kept.folder / f"{number:02d}-{course.old.status_path.name}")
    for course in back.courses:
        for keys, flag in ((course.set_sent, Flag.SENT), (course.set_unsent, Flag.UNSENT)):
            if keys:
                yield _flag_step(course.old, keys, flag)


def _status_steps(course: Course, prepared: Path) -> Iterator[Step]:
    old, content = course.old, course.content
    now = old.now()
    if content is None or content == now:
        return
    if now is None and old.retired is not None and old.backed_up is not None and _at(old.retired) == old.backed_up:
        yield MoveFile(old.retired, old.status_path, _sha(old.backed_up))  # it keeps mode, owner and time
        now = old.backed_up
    if content == now:
        return
    if now is not None:
        yield ReplaceFile(old.status_path, _sha(now), content)
        return
    # There never was such a file, or it is lost: whoever may read the flags may read this.
    prepared.unlink(missing_ok=True)
    write_new(prepared, content)
    mode = old.keeper.flag_file.stat().st_mode & 0o777
    yield RestoreFile(prepared, old.status_path, _sha(content), None, mode)


def _at(path: Path) -> bytes | None:
    return content_of(path, str(path))


def _flag_step(old: OldCampaign, keys: tuple[str, ...], flag: Flag) -> FlagStep:
    return FlagStep(
        name=f"flags {flag.value} {old.csv_file}",
        path=old.keeper.flag_file,
        shown=old.csv_file,
        keeper=old.keeper,
        keys=keys,
        flag=flag,
        refused=gettext("the store is still the outbox. Mend it, then run `notifykit rollback` again: it goes on here"),
    )


def database_step(connection: sqlite3.Connection, back: GoingBack) -> DatabaseStep:
    """Return the step that changes schema, rows, sequence and fence."""
    restoration = Restoration(
        rows=back.rows,
        removed=back.removed,
        beginnings=back.beginnings(),
        sequence=back.sequence,
        tables=fence.TABLES,
    )
    return DatabaseStep(
        store=back.plan.store,
        facts={"rows": len(back.rows) + back.plan.others},
        look=lambda: TargetState.BEFORE if is_migrated(connection) else TargetState.AFTER,
        change=lambda: put_back(connection, restoration),
    )


@dataclass(frozen=True, slots=True)
class ModeStep:
    """The journal mode that the old program knew."""

    connection: sqlite3.Connection
    path: Path
    mode: str

    @property
    def name(self) -> str:
        """What the journal calls it."""
        return f"journal mode {self.path.name}"

    def describe(self) -> Mapping[str, Any]:
        """Return what the journal keeps of it."""
        return {"target": self.path.name, "mode": self.mode}

    def stand(self) -> TargetState:
        """Look at it."""
        (now,) = self.connection.execute("PRAGMA journal_mode").fetchone()
        return TargetState.AFTER if (now == "wal") == (self.mode.lower() == "wal") else TargetState.BEFORE

    def do(self) -> None:
        """Set it."""
        set_journal_mode(self.connection, self.path, self.mode)


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
