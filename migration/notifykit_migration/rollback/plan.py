"""Works out a rollback: what becomes of every contract, file and row. Reads only.

The old state that a rollback builds on is that of the backups: what the old program wrote last.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from notifykit.legacy import Disposal
from notifykit.model import Status
from notifykit.outbox.sqlite import schema
from notifykit.outbox.sqlite.stored import StoredOutbox
from notifykit.outbox.sqlite.worker_locks import WorkerLocks
from notifykit.outbox.values import is_reserved
from notifykit.pipeline.project import Project
from notifykit.terminal.console import some
from notifykit.wording import Reason
from notifykit_migration.backup import make as backups
from notifykit_migration.files.paths import shown
from notifykit_migration.files.reading import untouched
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Journal
from notifykit_migration.journal.patches import applied
from notifykit_migration.legacy.campaigns import legacy_states
from notifykit_migration.legacy.old_rule import COMPLETED, TASK_TYPES
from notifykit_migration.legacy.task_table import gap
from notifykit_migration.model import (
    ContractPlan,
    FlagState,
    Hold,
    OutboxState,
    Return,
    RollbackPlan,
    Stand,
    StatusFileState,
)
from notifykit_migration.rollback.old_schema import Beginning
from notifykit_migration.rollback.old_state import OldCampaign, old_campaigns
from notifykit_migration.rollback.outbox_view import View, holds, look
from notifykit_migration.rollback.translate import OldState, TaskView, is_as_planned, resumed, returned, rows_of
from notifykit_migration.store.fence import OTHERS
from notifykit_migration.store.migrated import StoredMigration, migrations
from notifykit_migration.wording import warnings
from notifykit_migration.wording.way_back import TASK_GONE

SHOWN = 6
"""Recipients that are named in a warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What becomes of one campaign's files."""

    old: OldCampaign
    content: bytes | None
    """The send-status file as it will be; None: there will be none."""
    set_sent: tuple[str, ...]
    set_unsent: tuple[str, ...]
    """Flags that the migration itself set, of contracts that are put back as they were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoingBack:
    """Everything that a rollback does."""

    plan: RollbackPlan
    courses: tuple[Course, ...]
    """Without what was decided about their contracts."""
    rows: Mapping[int, str]
    """Rows of campaigns that stay, with the status that the old program will see."""
    removed: frozenset[int]
    """Tasks that will be no rows any more."""
    sequence: int | None
    gap_before: int
    """How many ids had no row before the migration."""
    journal_mode: str
    copies: tuple[Path, ...]
    """The stores as they were before each migration, oldest first."""
    view: View
    """Without the tasks."""

    @property
    def gap(self) -> int:
        """How many ids will have no row. Those of removed tasks, and those that the outbox gave to no task at all."""
        return max(0, (self.sequence or 0) - self.view.others - len(self.rows))

    def beginnings(self) -> Iterator[Beginning]:
        """Yield the rows as they were before; what the oldest copy says comes last."""
        for path in reversed(self.copies):
            with untouched(path) as connection:
                columns = schema.columns_of(connection)
                metadata = "metadata" if "metadata" in columns else "NULL"
                if columns:
                    yield from connection.execute(f"SELECT id, status, created_at, updated_at, {metadata} FROM tasks")


@dataclass(slots=True)
class _Sum:
    """What is put together, campaign by campaign."""

    returns: Counter[Stand] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    agreed: Any = field(default_factory=hashlib.sha256)
    courses: list[Course] = field(default_factory=list)
    rows: dict[int, str] = field(default_factory=dict)
    held: list[TaskView] = field(default_factory=list)
    resumed: list[TaskView] = field(default_factory=list)
    lost: list[Hold] = field(default_factory=list)
    """Held contracts of which there is no task any more."""
    warnings: list[Reason] = field(default_factory=list)
    touched: bool = False
    """Something happened since the migration."""

    def add(self, back: Return) -> None:
        """Count one contract in. Rows that the old job appended since are nothing that a person agreed to."""
        self.returns[Stand(back.campaign, back.present, back.column, back.json)] += 1
        self.rows.update(back.rows)
        self.statuses.update(back.rows.values())
        if back.present is not OutboxState.NEVER:
            told = (back.campaign, back.key, back.present.value, back.column.value, back.json, *back.rows.items())
            self.agreed.update(repr(told).encode("utf-8", "surrogatepass"))


def work_out(project: Project, folder: MigrationFolder, connection: sqlite3.Connection) -> GoingBack:
    """Return what a rollback does to this store and the files of its campaigns.

    Raises PreflightError (a campaign, a file or a backup is missing) and WorldChangedError (somebody wrote to a
    send-status file).
    """
    done = migrations(connection)
    copies = tuple(path for item in done if (path := backups.store_copy(backups.find(folder, item.backup))) is not None)
    legacy_rows = {path: _statuses(path) for path in copies}
    locks = WorkerLocks.beside(project.store_file())
    view = look(connection, types=TASK_TYPES | _types(copies), ended=locks.died)
    total = _Sum()
    olds = old_campaigns(project, folder, connection, view.tasks.keys())
    quiet = all(_is_quiet(old, view.tasks.get(old.name, {})) for old in olds)
    for old in olds:
        _campaign(old, view.tasks.get(old.name, {}), legacy_rows, total, quiet=quiet)
    mine = {old.name for old in olds}
    keeping = {campaign.name for campaign, state in legacy_states(project) if state.disposal is Disposal.KEEP}
    began = {id_: status for path in reversed(copies) for id_, status in legacy_rows[path].items()}
    for name, by_key in view.tasks.items():
        if name not in mine and not is_reserved(name):
            _other_campaign(name, by_key, total, began, known=name in keeping or name == OTHERS)
    if view.busy:
        total.warnings.append(warnings.BUSY(messages=view.busy))
    pending = sum(view.pending_others.values())
    missing = any(one.column is FlagState.MISSING and one.present is not OutboxState.NEVER for one in total.returns)
    if pending and missing and (total.held or total.lost):
        each = [f"{rows:,} to {recipient}" for recipient, rows in sorted(view.pending_others.items())]
        total.warnings.append(warnings.OLD_WILL_SEND(rows=pending, recipients=some(each, SHOWN)))
    total.warnings += applied(Journal.read(folder.journal))
    first = done[0]
    plan = RollbackPlan(
        store=shown(project.file.folder, project.store_file()),
        returns=total.returns,
        rows=total.statuses,
        agreed=total.agreed.hexdigest(),
        holds=(*holds(connection, sorted(total.held, key=lambda seen: seen.id)), *total.lost),
        resumed=tuple(holds(connection, sorted(total.resumed, key=lambda seen: seen.id))),
        files=tuple(_files(total.courses)),
        others=view.others,
        others_pending=pending,
        warnings=tuple(total.warnings),
    )
    return GoingBack(
        plan=plan,
        courses=tuple(total.courses),
        rows=total.rows,
        removed=frozenset(seen.id for by_key in view.tasks.values() for tasks in by_key.values() for seen in tasks)
        - total.rows.keys(),
        sequence=_sequence(first, view, touched=total.touched),
        gap_before=_gap(copies[0]) if copies and first.sequence is not None else 0,
        journal_mode=first.journal_mode,
        copies=copies,
        view=replace(view, tasks={}),
    )


def _is_quiet(old: OldCampaign, by_key: Mapping[str, list[TaskView]]) -> bool:
    """Whether the outbox has of a campaign what the migration made, and nothing else."""
    return by_key.keys() <= old.contracts.keys() and all(
        is_as_planned(plan, by_key.get(key, [])) for key, plan in old.contracts.items()
    )


def _campaign(
    old: OldCampaign,
    by_key: Mapping[str, list[TaskView]],
    legacy_rows: Mapping[Path, Mapping[int, str]],
    total: _Sum,
    *,
    quiet: bool,
) -> None:
    """Translate the contracts of a campaign that was migrated. `quiet`: nothing happened to any of them since."""
    columns = old.columns()
    named = _named(old.store_copy) if old.store_copy else None
    rows = legacy_rows.get(old.store_copy, {}) if old.store_copy else {}
    keys = dict.fromkeys((*old.contracts, *columns, *by_key))
    words = dict(old.status.words)
    set_sent: list[str] = []
    set_unsent: list[str] = []
    for key in keys:
        plan, tasks = old.contracts.get(key), by_key.get(key, [])
        column = columns.get(key, FlagState.MISSING)
        before = _before(old, key, plan, rows, named)
        back = returned(old.name, key, plan, tasks, column, before, quiet=quiet)
        total.add(back)
        sends = resumed(back, tasks, before)
        total.resumed += sends
        total.held += [seen for seen in tasks if seen.held and seen not in sends]
        if back.present not in (OutboxState.UNCHANGED, OutboxState.NEVER):
            words[key] = old.sent_word
            total.touched = True
        if back.present is OutboxState.HELD and not tasks:
            total.lost.append(_lost(old.name, key))
        if back.column is not column:
            (set_sent if back.column is FlagState.SENT else set_unsent).append(key)
    if old.status.torn:
        total.warnings.append(warnings.FILE_WAS_TORN(campaign=old.name, file=old.status_file))
    total.courses.append(
        Course(
            old=replace(old, contracts={}),  # they are large, and were asked for everything
            content=_content(old, words),
            set_sent=tuple(set_sent),
            set_unsent=tuple(set_unsent),
        )
    )


def _before(
    old: OldCampaign,
    key: str,
    plan: ContractPlan | None,
    rows: Mapping[int, str],
    named: Collection[int] | None,
) -> OldState:
    word = old.status.words.get(key)
    return OldState(
        named=named,
        sent_word=old.sent_word,
        word=None if word is None else str(word),
        unreadable=plan is not None and plan.json is StatusFileState.OTHER and key not in old.status.words,
        rows=rows,
    )


def _content(old: OldCampaign, words: Mapping[str, object]) -> bytes | None:
    """Return the send-status file: byte for byte as it was where it says what it should."""
    if not old.status.torn and words == old.status.words:
        return old.backed_up
    newline = "\r\n" if old.backed_up is not None and b"\r\n" in old.backed_up else "\n"
    text = json.dumps(words, ensure_ascii=False, indent=4).replace("\n", newline)
    return text.encode(errors="backslashreplace")  # half a surrogate pair becomes its JSON escape


def _other_campaign(
    name: str, by_key: Mapping[str, Sequence[TaskView]], total: _Sum, began: Mapping[int, str], *, known: bool
) -> None:
    """Translate the tasks of a campaign without retired state.

    `began`: the rows of the old table; `known`: whether the old program has this campaign, too.
    """
    waiting = 0
    for tasks in by_key.values():
        rows = dict(rows_of(tasks))
        total.held += [seen for seen in tasks if seen.held and (known or seen.status is not Status.QUEUED)]
        if not known:
            waiting += sum(seen.status is Status.QUEUED for seen in tasks)
            rows = {id_: status for id_, status in rows.items() if status == COMPLETED}
        total.rows.update(rows)
        total.touched |= any(rows.get(seen.id) != began.get(seen.id) for seen in tasks)
    if waiting:
        total.warnings.append(warnings.UNKNOWN_CAMPAIGN(campaign=name, messages=waiting))


def _lost(campaign: str, key: str) -> Hold:
    return Hold(
        campaign=campaign,
        key=key,
        message="",
        recipient="",
        text="",
        status="",
        why=TASK_GONE(),
    )


def _files(courses: Collection[Course]) -> Iterator[str]:
    for course in courses:
        if course.content != course.old.now():
            yield course.old.status_file
        if course.set_sent or course.set_unsent:
            yield course.old.csv_file


def _sequence(first: StoredMigration, view: View, *, touched: bool) -> int | None:
    """Return the highest id ever used; where nothing happened, as far as the old program's own rows go."""
    if touched:
        return view.sequence
    return max(first.sequence or 0, view.newest_other) or first.sequence


def _has_tasks(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'tasks'").fetchone() is not None


def _statuses(path: Path) -> dict[int, str]:
    words: dict[str, str] = {}  # few, where each row brings its own
    with untouched(path) as connection:
        if not _has_tasks(connection):
            return {}
        return {id_: words.setdefault(word, word) for id_, word in connection.execute("SELECT id, status FROM tasks")}


def _named(path: Path) -> Collection[int] | None:
    """Return the rows of an old table that name their contract; None where it has no column for that."""
    with untouched(path) as connection:
        if schema.columns_of(connection) != schema.OLD_TABLES[-1]:
            return None
        return {row.id for row in StoredOutbox(connection).foreign_rows() if row.metadata is not None}


def _gap(path: Path) -> int:
    with untouched(path) as connection:
        return gap(connection)[0] if _has_tasks(connection) else 0


def _types(copies: Collection[Path]) -> frozenset[str]:
    """Return the task types that the old program made: those it knows."""
    found: set[str] = set()
    for path in copies:
        with untouched(path) as connection:
            if _has_tasks(connection) and not schema.is_outbox(connection):
                found.update(kind for (kind,) in connection.execute("SELECT DISTINCT task_type FROM tasks"))
    return frozenset(found)
