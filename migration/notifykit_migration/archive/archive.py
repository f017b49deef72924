"""What a rollback leaves for a later migration: the outbox as it was, and which of its tasks are no rows any more."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from shutil import rmtree
from typing import Any

from notifykit.durable import sync_file, sync_folder, write_new
from notifykit.durable.ordinary import read_ordinary
from notifykit.model import Attempt, Status, Task
from notifykit.outbox.sqlite import restoring
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.sqlite.stored import StoredOutbox
from notifykit.wording import Reason
from notifykit.wording.translation import gettext
from notifykit_migration.errors import PreflightError, VerificationError
from notifykit_migration.files.reading import escaped
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.legacy.old_rule import COMPLETED
from notifykit_migration.model import Hold, Row
from notifykit_migration.store.migrated import migrated_campaigns
from notifykit_migration.wording import WORDING

FORMAT = 1
"""Version of the manifest."""

OUTBOX, MANIFEST, HOLDS, RESUMED = "outbox.db", "manifest.json", "holds.json", "resumed.json"

_UNFINISHED = ".new"

SENT = (Status.SENT, Status.COMPLETED)
"""Tasks whose messages were accepted."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which task a row was."""

    campaign: str
    key: str
    message: str
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedTask:
    """A task that a rollback did not leave in the table: held, failed, cancelled, or of a campaign of our own."""

    task: Task
    attempts: tuple[Attempt, ...]

    @property
    def status(self) -> Status:
        """As the outbox had it."""
        return self.task.status

    @property
    def reason(self) -> Reason | None:
        """Why it was there."""
        return WORDING.known(self.task.reason) if self.task.reason else None

    @property
    def round(self) -> int:
        """Its round."""
        return self.task.round


class Archived:
    """One archive. What it says is read when it is first asked, and its connection is not kept."""

    def __init__(self, folder: Path) -> None:
        """Raise VerificationError where the archive is damaged."""
        self.folder = folder
        try:
            manifest = json.loads(read_ordinary(folder / MANIFEST, None))
            self.made_at = float(manifest["made_at"])
            self.digest = str(manifest["digest"])
            self._sha256 = str(manifest["sha256"])
            self._removed = frozenset(map(int, manifest["removed"]))
            self.vacant = int(manifest["vacant"])
            """How many ids this rollback and those before it left without a row: no sign of a purge."""
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise VerificationError(
                gettext("the archive of a rollback is damaged ({error})", error=error),
                mend=gettext("restore it from a copy"),
                where=folder / MANIFEST,
            ) from error

    @property
    def id(self) -> str:
        """The name of its folder."""
        return self.folder.name

    @property
    def outbox(self) -> Path:
        """The outbox as the rollback found it."""
        return self.folder / OUTBOX

    def check(self) -> None:
        """Raise VerificationError where the outbox is not the one that was archived."""
        try:
            same = _sha256(self.outbox) == self._sha256
        except OSError as error:
            raise VerificationError(
                gettext("cannot be read ({strerror})", strerror=error.strerror),
                mend=gettext("restore it"),
                where=self.outbox,
            ) from error
        if not same:
            raise VerificationError(
                gettext("it is not what was archived"), mend=gettext("restore it from a copy"), where=self.outbox
            )

    def holds(self) -> tuple[Hold, ...]:
        """Return what waited for a person when it was made. Raises VerificationError where the list is damaged."""
        return self._listed(HOLDS)

    def resumed(self) -> tuple[Hold, ...]:
        """Return what had been held and was put back as it was. Raises VerificationError where the list is damaged.

        Earlier versions put nothing held back, and have no such list.
        """
        return self._listed(RESUMED) if (self.folder / RESUMED).exists() else ()

    def _listed(self, name: str) -> tuple[Hold, ...]:
        path = self.folder / name
        try:
            return tuple(map(_hold, json.loads(read_ordinary(path, None))))
        except (OSError, ValueError, TypeError) as error:
            raise VerificationError(
                gettext("the archive of a rollback is damaged ({error})", error=error),
                mend=gettext("restore it"),
                where=path,
            ) from error

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """Open the archived outbox for reading."""
        uri = f"{self.outbox.resolve().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
            connection.text_factory = escaped
            yield connection

    def identity(self, row: Row) -> Identity | None:
        """Say which task a row of the table was, if it is the very same: id, recipient and text."""
        known = self._identities.get(row.id)
        return known[1] if known is not None and known[0] == hash((row.recipient, row.text)) else None

    @cached_property
    def removed(self) -> Sequence[RemovedTask]:
        """The tasks that are no rows any more, by id."""
        with self.open() as db:
            stored = StoredOutbox(db)
            return [
                RemovedTask(task=stored.task(id_), attempts=tuple(stored.attempts(id_)))
                for id_ in sorted(self._removed)
            ]

    def sent(self) -> Iterator[tuple[Identity, Row]]:
        """Yield the tasks that were sent, and the rows as which the rollback left them."""
        with self.open() as db:
            for task in StoredOutbox(db).tasks_in_brief():
                if task.status in SENT and task.id not in self._removed:
                    yield (
                        Identity(task.campaign, task.key, task.name, task.round),
                        Row(
                            id=task.id,
                            task_type=str(task.task_type),
                            recipient=str(task.recipient),
                            text=str(task.text),
                            status=COMPLETED,
                            created_at="",
                            updated_at="",
                        ),
                    )

    @property
    def removed_ids(self) -> frozenset[int]:
        """The ids that those tasks had."""
        return self._removed

    def restore_history(self, db: Database, names: Mapping[str, str]) -> None:
        """Put back what a plan knows nothing of: call it when the plan's rows have been adopted.

        Attempts, events and counts of the tasks that are there again, what campaigns were seen to read and write, and
        the tasks of campaigns that were never migrated: see `restoring`. `names`: the campaigns of which this archive
        speaks, and what they are called now. May be done twice.
        """
        with self.open() as before:
            never_migrated = names.keys() - migrated_campaigns(before).keys()
            restoring.restore_others(before, self._removed, db, never_migrated)
            restoring.restore(before, self._removed, db, names)

    def present_names(self, owners: Mapping[str, str]) -> Mapping[str, str]:
        """Return the campaigns that the outbox knew, those without a task included, with the names that they have now.

        `owners`: the campaigns by what their send-status files are called; one that was migrated is known by its own.
        """
        return {name: owners.get(file, name) for name, file in self._campaigns.items()}

    @cached_property
    def _campaigns(self) -> Mapping[str, str]:
        """The campaigns that the outbox knew, each with its send-status file; empty where it was never migrated."""
        with self.open() as db:
            migrated = {name: stored.status_file for name, stored in migrated_campaigns(db).items()}
            return dict.fromkeys(StoredOutbox(db).campaigns(), "") | migrated

    @cached_property
    def _identities(self) -> dict[int, tuple[int, Identity]]:
        known = {}
        with self.open() as db:
            for task in StoredOutbox(db).tasks_in_brief():
                if task.id not in self._removed:
                    identity = Identity(sys.intern(task.campaign), task.key, sys.intern(task.name), task.round)
                    known[task.id] = (hash((str(task.recipient), str(task.text))), identity)
        return known


def archived(folder: MigrationFolder) -> Archived | None:
    """Return the newest archive; None where nothing was ever rolled back. Raises VerificationError where damaged."""
    names = _names(folder)
    return Archived(folder.archive / names[-1]) if names else None


def all_archived(folder: MigrationFolder) -> list[Archived]:
    """Return every archive, newest first. Raises VerificationError where one is damaged."""
    return [Archived(folder.archive / name) for name in reversed(_names(folder))]


def archive(
    folder: MigrationFolder,
    source: sqlite3.Connection,
    *,
    removed: Collection[int],
    holds: Sequence[Hold],
    resumed: Sequence[Hold],
    digest: str,
    vacant: int,
    now: float,
) -> Archived:
    """Copy the whole outbox by SQLite's backup, prove the copy, and keep it with the lists of what is held and resumed.

    `digest` is that of the outbox's content, `vacant` how many ids this rollback and those before it leave without a
    row. The newest archive is taken where it is of the same outbox already: a rollback that was cut short left it.
    Raises VerificationError where the copy is not whole, and PreflightError where it cannot be written.
    """
    newest = archived(folder)
    if newest is not None and newest.digest == digest and newest.removed_ids == frozenset(removed):
        newest.check()
        return newest
    target = folder.archive / _name(folder, now)
    fresh = target.with_name(target.name + _UNFINISHED)
    try:
        _tidy(folder)
        fresh.mkdir(mode=0o700, parents=True)
        _copy(source, fresh / OUTBOX)
        manifest = {
            "format": FORMAT,
            "made_at": now,
            "digest": digest,
            "sha256": _sha256(fresh / OUTBOX),
            "removed": sorted(removed),
            "vacant": vacant,
        }
        write_new(fresh / HOLDS, _text([_hold_form(hold) for hold in holds], indent=2))
        write_new(fresh / RESUMED, _text([_hold_form(hold) for hold in resumed], indent=2))
        write_new(fresh / MANIFEST, _text(manifest, indent=1))
        sync_folder(fresh)
        fresh.rename(target)
        sync_folder(folder.archive)
    except OSError as error:
        raise PreflightError(
            gettext("the outbox cannot be archived ({strerror}); nothing was changed", strerror=error.strerror),
            mend=gettext("make room or mend the permissions, then run again"),
            where=error.filename or folder.archive,
        ) from error
    return Archived(target)


def _hold_form(hold: Hold) -> dict[str, object]:
    plain = {item.name: getattr(hold, item.name) for item in fields(Hold)}
    return {**plain, "metadata": dict(hold.metadata), **hold.why.fields("why")}


def _hold(form: dict[str, Any]) -> Hold:
    """Read what `_hold_form` made. Raises TypeError where it is none."""
    why = WORDING.known(Reason.from_fields("why", form))
    return Hold(**form, why=why)


def _names(folder: MigrationFolder) -> list[str]:
    if not folder.archive.is_dir():
        return []
    return sorted(path.name for path in folder.archive.iterdir() if path.is_dir() and path.suffix != _UNFINISHED)


def _name(folder: MigrationFolder, now: float) -> str:
    """Return a name that sorts behind all others, even where the clock was set back."""
    names = _names(folder)
    last = int(names[-1].rpartition("-")[2]) if names and names[-1].rpartition("-")[2].isdigit() else 0
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    if names:
        stamp = max(stamp, names[-1].rpartition("-")[0])
    return f"{stamp}-{last + 1:04}"


def _tidy(folder: MigrationFolder) -> None:
    """Remove what rollbacks left that were killed while they copied."""
    if folder.archive.is_dir():
        for path in folder.archive.iterdir():
            if path.suffix == _UNFINISHED:
                rmtree(path)


def _copy(source: sqlite3.Connection, path: Path) -> None:
    write_new(path, b"")
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as copy:
            # A torn copy is never used, and it is synced as a whole below: it needs no journal of its own.
            for setting in ("locking_mode = EXCLUSIVE", "synchronous = OFF", "journal_mode = OFF"):
                copy.execute(f"PRAGMA {setting}")
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, which can be read where nobody may write
            found = [row[0] for row in copy.execute("PRAGMA integrity_check")]
    except sqlite3.Error as error:
        raise PreflightError(
            gettext("the outbox cannot be archived ({error}); nothing was changed", error=error),
            mend=gettext("make room, then run again"),
            where=path,
        ) from error
    if found != ["ok"]:
        raise VerificationError(
            gettext("the copy of the outbox is damaged: {found}; nothing was changed", found=found[0]),
            mend=gettext("check the disk"),
            where=path,
        )
    sync_file(path)


def _text(form: object, *, indent: int) -> bytes:
    return f"{json.dumps(form, ensure_ascii=False, indent=indent)}\n".encode()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
