"""Rolls back: files first, then the database and with it the fence. Cut short anywhere, it goes on where it stopped.

The old program finds flags and send-status words that keep it from making again what is queued or was sent, before it
finds rows that it may send, and before the fence is gone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from notifykit.errors import NotifykitError
from notifykit.operate.archives import archive_path
from notifykit.operate.pruning import bring_back
from notifykit.outbox.sqlite.stored import StoredOutbox
from notifykit.pipeline.project import Project
from notifykit.wording.translation import gettext
from notifykit_migration.archive.archive import Archived, archive, archived
from notifykit_migration.errors import PreflightError, WorldChangedError
from notifykit_migration.files.reading import content_digest, untouched
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Entry, Journal
from notifykit_migration.journal.phase import Phase, state_of
from notifykit_migration.journal.redo import DONE, run_steps
from notifykit_migration.journal.targets import DATABASE
from notifykit_migration.legacy.task_table import check_version
from notifykit_migration.model import Hold, RollbackPlan
from notifykit_migration.rollback.old_schema import alone, clear_journal
from notifykit_migration.rollback.plan import GoingBack, work_out
from notifykit_migration.rollback.proof import prove
from notifykit_migration.rollback.steps import ModeStep, check_files, database_step, file_steps, written_before
from notifykit_migration.store.migrated import is_migrated

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
    holds: tuple[Hold, ...] = ()
    """What waits for a person."""


def survey(project: Project, folder: MigrationFolder) -> tuple[Standing, RollbackPlan | None]:
    """Look at store, journal and files, and say what a rollback would do; None where nothing is to be decided.

    Changes nothing. Raises PreflightError, StoreError, VerificationError (a backup is damaged) and WorldChangedError:
    somebody wrote to a send-status file, or the journal tells of a migration that the store knows nothing of.
    """
    store = project.store_file().resolve()
    entries = Journal.read(folder.journal)
    if store.exists():
        with untouched(store) as connection:
            check_version(connection, str(store))
            back = work_out(project, folder, connection) if is_migrated(connection) else None
        if back is not None:
            check_files(back, written_before(entries))
            return Standing.MIGRATED, back.plan
    phase = state_of(entries).phase
    if phase is Phase.ROLLING_BACK:
        return Standing.FINISHING, None
    if phase in (Phase.SOAKING, Phase.RETIRED) or (phase is Phase.MIGRATING and _database_changed(entries)):
        raise WorldChangedError(
            gettext(
                "it was migrated, and is not the store of that migration any more: somebody removed it or "
                "put an older one in its place"
            ),
            mend=(
                gettext(
                    "nothing was changed. Put the right one back: see {archive} and "
                    "{backups}, and `notifykit docs migration`, 'The world changed'",
                    archive=folder.archive,
                    backups=folder.backups,
                )
            ),
            where=store,
        )
    return (Standing.BEGUN if phase is Phase.MIGRATING else Standing.NOTHING), None


def _database_changed(entries: Sequence[Entry]) -> bool:
    """Whether the migration that was begun last had changed the database."""
    for entry in reversed(entries):
        if entry.kind == "migrate_begun":
            return False
        if entry.kind == DONE and str(entry.fields.get("step", "")).startswith(DATABASE):
            return True
    return False


def make_rollback(project: Project, folder: MigrationFolder) -> RollbackPlan:
    """Return what a rollback would do. Changes nothing. Raises as `survey`, and NothingToRollBackError."""
    _, plan = survey(project, folder)
    if plan is None:
        raise NothingToRollBackError(gettext("nothing to do: nothing is migrated"))
    return plan


def roll_back(
    project: Project,
    folder: MigrationFolder,
    plan: RollbackPlan | None,
    *,
    now: float,
    who: str,
    tell: Tell = lambda _: None,
) -> RolledBack:
    """Carry out what was shown; the caller has the migration's lock. Without a plan, end what was begun.

    Raises WorldChangedError where the outbox or a file is not what it was when the plan was made, PreflightError
    where something stands in the way (nothing is lost: the same call goes on), VerificationError where the result
    is not what it should be, and NothingToRollBackError.
    """
    if plan is None:
        return _end(project, folder, who, tell=tell)
    store = project.store_file().resolve()
    _bring_back(project, store, tell)
    with Journal(folder.journal) as journal:
        earlier = written_before(journal.entries)
        with alone(store) as connection:
            if not is_migrated(connection):
                raise WorldChangedError(
                    gettext("somebody else rolled it back just now"), mend=gettext("run this again"), where=store
                )
            back = work_out(project, folder, connection)
            _refuse(back, plan)
            check_files(back, earlier)
            kept = _archive(folder, connection, back, _vacant(folder, journal), now=now)
            tell(gettext("archive: {folder} (the whole outbox, and the list of what is held)", folder=kept.folder))
            _begin(journal, back, kept, who)
            run_steps(
                journal,
                [
                    *file_steps(back, kept),
                    database_step(connection, back),
                    ModeStep(connection, store, back.journal_mode),
                ],
            )
        tell(
            gettext(
                "files: {files}; then {store}, and with it the fence",
                files=", ".join(plan.files) or gettext("none to change"),
                store=plan.store,
            )
        )
        done = back.plan
        words = {course.old.name: course.old.status.words for course in back.courses}
        del back  # it is large, and the proof reads everything anew
        tell(prove(project, kept, words))
        project.known_store.forget()  # the next migration makes another outbox of it
        journal.append("rollback_done", held=len(plan.holds), archive=kept.id)
    return RolledBack(plan=done, archive=kept.folder, holds=done.holds)


def _bring_back(project: Project, store: Path, tell: Tell) -> None:
    """Have the whole outbox in the store again: what was pruned is the old program's as well."""
    with untouched(store) as connection:
        if not StoredOutbox(connection).is_pruned():
            return
    address = project.configuration.settings.store
    with closing(project.open_file(create=False)) as outbox:
        number = bring_back(outbox, archive_path(address, project.file.file), project.clock)
    tell(gettext("pruned: {number:,} messages are back from the archive", number=number))


def _end(project: Project, folder: MigrationFolder, who: str, *, tell: Tell) -> RolledBack:
    """End what leaves nothing to decide: a rollback that was cut short late, a migration that changed nothing yet."""
    where, _ = survey(project, folder)
    if where is Standing.FINISHING:
        return _finish(project, folder, tell)
    if where is Standing.MIGRATED:
        raise WorldChangedError(
            gettext("somebody migrated just now"), mend=gettext("run this again to see what a rollback would do")
        )
    if where is Standing.NOTHING:
        raise NothingToRollBackError(gettext("nothing to do: nothing is migrated"))
    with Journal(folder.journal) as journal:
        journal.append("rollback_begun", who=who, archive=None)
        journal.append("rollback_done", held=0)
    tell(gettext("a migration was begun and had changed nothing yet: it is given up"))
    return RolledBack(plan=None, archive=None)


def _refuse(back: GoingBack, shown: RollbackPlan) -> None:
    view = back.view
    if view.busy:
        raise PreflightError(
            gettext("{busy} messages are being sent just now", busy=view.busy),
            mend=(
                gettext(
                    "nothing was changed. Stop `notifykit run` and `notifykit dispatch`. Where none runs, "
                    "one `notifykit dispatch` settles what another left behind"
                )
            ),
            where=back.plan.store,
        )
    if _meant(back.plan) != _meant(shown):
        raise WorldChangedError(
            gettext("the outbox or the files changed since this rollback was shown"),
            mend=gettext("nothing was changed. Stop `notifykit run`, and run `notifykit rollback` again"),
            where=back.plan.store,
        )


def _meant(plan: RollbackPlan) -> tuple[object, ...]:
    """Return what a person agreed to. Rows that the old job appended since change nothing in it."""
    return plan.holds, plan.resumed, plan.agreed


def _vacant(folder: MigrationFolder, journal: Journal) -> int:
    """Return how many ids the rollbacks before this one left without a row."""
    ended = (entry.fields.get("archive") for entry in reversed(journal.entries) if entry.kind == "rollback_done")
    newest = next((name for name in ended if name), None)
    return Archived(folder.archive / str(newest)).vacant if newest else 0


def _archive(
    folder: MigrationFolder, connection: sqlite3.Connection, back: GoingBack, vacant: int, *, now: float
) -> Archived:
    purged = max(0, back.gap_before - vacant)
    return archive(
        folder,
        connection,
        removed=back.removed,
        holds=back.plan.holds,
        resumed=back.plan.resumed,
        digest=content_digest(connection),
        vacant=max(0, back.gap - purged),
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


def _finish(project: Project, folder: MigrationFolder, tell: Tell) -> RolledBack:
    """Do what is left after the database was changed."""
    store = project.store_file().resolve()
    with Journal(folder.journal) as journal:
        begun = next(entry for entry in reversed(journal.entries) if entry.kind == "rollback_begun")
        kept = archived(folder) if begun.fields.get("archive") else None
        if store.exists():
            with alone(store) as connection:
                clear_journal(connection, store)
                run_steps(journal, [ModeStep(connection, store, str(begun.fields.get("journal_mode") or "delete"))])
        if kept is not None:
            # The old program may have run since: what it did is its own.
            tell(prove(project, kept, None))
        project.known_store.forget()
        journal.append("rollback_done", held=begun.fields.get("held", 0), archive=begun.fields.get("archive"))
    tell(gettext("the rollback had been cut short after the database was changed: it is finished"))
    return RolledBack(plan=None, archive=kept.folder if kept else None, holds=kept.holds() if kept else ())
