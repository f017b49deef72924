"""Rolls back: files first, then the database and with it the fence. Cut short anywhere, it goes on where it stopped.

The old program finds flags and send-status words that keep it from making again what is queued or was sent, before it
finds rows that it may send, and before the fence is gone.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

from notifykit.errors import NotifykitError
from notifykit.host import Host
from notifykit.legacy import Flag, KeepsFlags
from notifykit_migration import fence
from notifykit_migration.archive import Archived, archive, archived
from notifykit_migration.durable import write_new
from notifykit_migration.errors import PreflightError, WorldChangedError
from notifykit_migration.folder import MigrationFolder
from notifykit_migration.going_back import Course, GoingBack, work_out
from notifykit_migration.journal import Entry, Journal
from notifykit_migration.legacy_schema import Restoration, alone, put_back, set_journal_mode
from notifykit_migration.model import RollbackPlan
from notifykit_migration.old_state import content_of, is_migrated
from notifykit_migration.outbox_view import clock_time
from notifykit_migration.phase import Phase, state_of
from notifykit_migration.proof import prove
from notifykit_migration.reading import content_digest, untouched
from notifykit_migration.redo import BEGUN, MoveFile, ReplaceFile, RestoreFile, Stand, Step, run_steps

Tell = Callable[[str], None]
"""Told what each phase found and did."""


class NothingToRollBackError(NotifykitError):
    """Nothing is migrated."""


class Standing(Enum):
    """What there is to be rolled back."""

    NOTHING = auto()
    BEGUN = auto()
    """A migration was begun, and had not come to the database: there is nothing to undo."""
    MIGRATED = auto()
    FINISHING = auto()
    """A rollback was cut short after the database was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack:
    """What was done."""

    plan: RollbackPlan | None
    """None where nothing was left to be decided."""
    archive: Path | None


def standing(host: Host, folder: MigrationFolder) -> Standing:
    """Look at store and journal. Changes nothing."""
    store = host.configuration.settings.store.resolve()
    phase = state_of(Journal.read(folder.journal)).phase
    if store.exists():
        with untouched(store) as connection:
            if is_migrated(connection):
                return Standing.MIGRATED
    if phase is Phase.ROLLING_BACK:
        return Standing.FINISHING
    return Standing.BEGUN if phase is Phase.MIGRATING else Standing.NOTHING


def make_rollback(host: Host, folder: MigrationFolder, *, now: float) -> RollbackPlan:
    """Return what a rollback would do. Changes nothing.

    Raises NothingToRollBackError, PreflightError, WorldChangedError, StoreError, VerificationError (a backup is
    damaged).
    """
    if standing(host, folder) is not Standing.MIGRATED:
        raise NothingToRollBackError("nothing to do: nothing is migrated")
    with untouched(host.configuration.settings.store.resolve()) as connection:
        back = work_out(host, folder, connection, now=now)
    _check_files(back, _earlier(Journal.read(folder.journal)))
    return back.plan


def roll_back(
    host: Host,
    folder: MigrationFolder,
    plan: RollbackPlan | None,
    *,
    now: float,
    who: str,
    tell: Tell = lambda _: None,
) -> RolledBack:
    """Carry out what was shown; the caller has the migration's lock.

    Raises WorldChangedError where the outbox or a file is not what it was when the plan was made, PreflightError
    where something stands in the way (nothing is lost: the same call goes on), and VerificationError where the result
    is not what it should be.
    """
    match standing(host, folder):
        case Standing.NOTHING:
            raise NothingToRollBackError("nothing to do: nothing is migrated")
        case Standing.BEGUN:
            with Journal(folder.journal) as journal:
                journal.append("rollback_begun", who=who, archive=None)
                journal.append("rollback_done", held=0)
            tell("a migration was begun and had changed nothing yet: it is given up")
            return RolledBack(plan=None, archive=None)
        case Standing.FINISHING:
            return _finish(host, folder, tell)
    if plan is None:
        raise PreflightError("a rollback needs a plan here; make it with `notifykit rollback --dry-run`")
    store = host.configuration.settings.store.resolve()
    with Journal(folder.journal) as journal:
        earlier = _earlier(journal.entries)
        with alone(store) as connection:
            back = work_out(host, folder, connection, now=now)
            _refuse(back, plan)
            _check_files(back, earlier)
            kept = _archive(folder, connection, back, now=now)
            tell(f"archive: {kept.folder} (the whole outbox, and the list of what is held)")
            _begin(journal, back, kept, who)
            run_steps(journal, [*_file_steps(back, kept), _Database(connection, back), _mode(connection, store, back)])
        tell(f"files: {', '.join(plan.files) or 'none to change'}; then {plan.store}, and with it the fence")
        tell(prove(host, kept, {course.old.name: course.old.status.words for course in back.courses}))
        journal.append("rollback_done", held=len(plan.holds), archive=kept.id)
    return RolledBack(plan=back.plan, archive=kept.folder)


def _refuse(back: GoingBack, shown: RollbackPlan) -> None:
    view = back.view
    if view.busy:
        raise PreflightError(
            f"{back.plan.store}: {view.busy} messages are being sent just now; nothing was changed. Stop `notifykit "
            f"run` and `notifykit dispatch`; what nobody finishes is held from {clock_time(view.busy_until)} on"
        )
    if back.plan != shown:
        raise WorldChangedError(
            f"{back.plan.store}: the outbox or the files changed since this rollback was shown; nothing was changed. "
            "Stop `notifykit run`, and run `notifykit rollback` again"
        )


def _archive(folder: MigrationFolder, connection: sqlite3.Connection, back: GoingBack, *, now: float) -> Archived:
    return archive(
        folder,
        connection,
        removed=back.removed,
        holds=back.plan.holds,
        digest=content_digest(connection),
        now=now,
    )


def _begin(journal: Journal, back: GoingBack, kept: Archived, who: str) -> None:
    """Say so in the journal, unless a rollback that was cut short said the same."""
    begun = next(
        (entry for entry in reversed(journal.entries) if entry.kind.startswith(("rollback_", "migrate_"))), None
    )
    if begun is None or begun.kind != "rollback_begun" or begun.fields.get("archive") != kept.id:
        journal.append(
            "rollback_begun", who=who, archive=kept.id, journal_mode=back.journal_mode, held=len(back.plan.holds)
        )


def _finish(host: Host, folder: MigrationFolder, tell: Tell) -> RolledBack:
    """Do what is left after the database was changed."""
    store = host.configuration.settings.store.resolve()
    with Journal(folder.journal) as journal:
        begun = next(entry for entry in reversed(journal.entries) if entry.kind == "rollback_begun")
        kept = archived(folder) if begun.fields.get("archive") else None
        if store.exists():
            with alone(store) as connection:
                run_steps(journal, [_Mode(connection, store, str(begun.fields.get("journal_mode") or "delete"))])
        if kept is not None:
            # The old program may have run since: what it did is its own.
            tell(prove(host, kept, None))
        journal.append("rollback_done", held=begun.fields.get("held", 0), archive=begun.fields.get("archive"))
    tell("the rollback had been cut short after the database was changed: it is finished")
    return RolledBack(plan=None, archive=kept.folder if kept else None)


# Files ---------------------------------------------------------------------------------------------------------------


def _earlier(entries: tuple[Entry, ...]) -> frozenset[str]:
    """Return the digests of what rollbacks wrote that were cut short."""
    found: set[str] = set()
    for entry in entries:
        if entry.kind in ("migrate_begun", "rollback_done"):
            found.clear()
        elif entry.kind == BEGUN and entry.fields.get("after"):
            found.add(str(entry.fields["after"]))
    return frozenset(found)


def _check_files(back: GoingBack, earlier: frozenset[str]) -> None:
    """Raise WorldChangedError where somebody else wrote to a send-status file since the migration."""
    for course in back.courses:
        now = course.old.now()
        if now in (None, course.old.backed_up, course.content) or _sha(now or b"") in earlier:
            continue
        raise WorldChangedError(
            f"{course.old.status_file}: somebody wrote to it since the migration, which nobody should; nothing was "
            "changed. See whether the old program is running, move the file out of the way, and run this again"
        )


def _file_steps(back: GoingBack, kept: Archived) -> Iterator[Step]:
    """Yield what brings each send-status file, and then the flags, to what they are to say.

    The words come first: they keep the old job from making a contract's messages again whose flag is taken back.
    """
    for number, course in enumerate(back.courses):
        yield from _status_steps(course, kept.folder / f"{number:02d}-{course.old.status_path.name}")
    for course in back.courses:
        for keys, flag in ((course.set_sent, Flag.SENT), (course.set_unsent, Flag.UNSENT)):
            if keys:
                yield _Flags(course.old.status_path.parent, course, keys, flag)


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


@dataclass(frozen=True, slots=True)
class _Flags:
    """Sets flags of one CSV file."""

    folder: Path
    course: Course
    keys: tuple[str, ...]
    flag: Flag

    @property
    def name(self) -> str:
        """What the journal calls it."""
        return f"flags {self.flag.value} {self.course.old.csv_file}"

    @property
    def _keeper(self) -> KeepsFlags:
        return self.course.old.keeper

    def describe(self) -> Mapping[str, Any]:
        """Return what the journal keeps of it."""
        return {"target": self.course.old.csv_file, "flag": self.flag.value, "keys": len(self.keys)}

    def stand(self) -> Stand:
        """Look whether any flag is still to be set. Rows may be appended meanwhile."""
        data = content_of(self._keeper.flag_file, self.course.old.csv_file) or b""
        return Stand.AFTER if self._keeper.with_flags(data, self.keys, self.flag) == data else Stand.PARTLY

    def do(self) -> None:
        """Set the flags."""
        refused = self._keeper.set_flags(self.keys, self.flag)
        if refused:
            raise PreflightError(
                f"{self.course.old.csv_file}: {len(refused)} flags could not be set: {next(iter(refused.values()))}; "
                "the store is still the outbox. Mend it, then run `notifykit rollback` again: it goes on here"
            )


# Database ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Database:
    """Schema, rows, sequence and fence, in one transaction."""

    connection: sqlite3.Connection
    back: GoingBack

    @property
    def name(self) -> str:
        """What the journal calls it."""
        return f"database {self.back.plan.store}"

    def describe(self) -> Mapping[str, Any]:
        """Return what the journal keeps of it."""
        return {"target": self.back.plan.store, "rows": len(self.back.rows) + self.back.plan.others}

    def stand(self) -> Stand:
        """Look whether the migration is still there."""
        return Stand.BEFORE if is_migrated(self.connection) else Stand.AFTER

    def do(self) -> None:
        """Change it."""
        put_back(
            self.connection,
            Restoration(
                rows=self.back.rows,
                beginnings=self.back.beginnings(),
                sequence=self.back.sequence,
                tables=fence.TABLES,
            ),
        )


@dataclass(frozen=True, slots=True)
class _Mode:
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

    def stand(self) -> Stand:
        """Look at it."""
        (now,) = self.connection.execute("PRAGMA journal_mode").fetchone()
        return Stand.AFTER if (now == "wal") == (self.mode.lower() == "wal") else Stand.BEFORE

    def do(self) -> None:
        """Set it."""
        set_journal_mode(self.connection, self.path, self.mode)


def _mode(connection: sqlite3.Connection, path: Path, back: GoingBack) -> Step:
    return _Mode(connection, path, back.journal_mode)


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
