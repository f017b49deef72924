"""The way of a migration: backup, apply, verify, retire. Cut short anywhere, it goes on where it stopped."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from notifykit.outbox.sqlite.database import Database, store_error
from notifykit.pipeline.project import Project
from notifykit.wording.translation import gettext
from notifykit_migration.apply.retire import retire_files
from notifykit_migration.apply.steps import check_inputs, database_step, flag_steps, is_applied, use_wal
from notifykit_migration.backup import make as backups
from notifykit_migration.backup.in_force import InForce, in_force, planned
from notifykit_migration.errors import PreflightError, VerificationError
from notifykit_migration.files.paths import resolved
from notifykit_migration.files.reading import untouched
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Journal
from notifykit_migration.journal.phase import State, state_of
from notifykit_migration.journal.redo import run_steps
from notifykit_migration.legacy.log import LegacyLog
from notifykit_migration.legacy.settings import others_of
from notifykit_migration.model import Backup, Check, CheckResult, InputKind, Plan
from notifykit_migration.plan.make import make_plan
from notifykit_migration.plan.plan_file import text_pieces, treatment_hash
from notifykit_migration.store import fence
from notifykit_migration.verify.checks import verify
from notifykit_migration.wording.checks import CHECK_WORDING

DAY = 86_400.0

PATIENCE = 2.0
"""Seconds to wait for another program to let go of the store."""


class Until(StrEnum):
    """The last phase that is to be done."""

    PLAN = "plan"
    BACKUP = "backup"
    APPLY = "apply"
    VERIFY = "verify"
    RETIRE = "retire"


class HandedPlan:
    """A plan on its way to who carries it out: who hands it over does not hold it any longer, since it is large."""

    def __init__(self, plan: Plan) -> None:
        self._plan: Plan | None = plan

    def take(self) -> Plan:
        """Take it. Raises LookupError where somebody did."""
        plan, self._plan = self._plan, None
        if plan is None:
            raise LookupError(gettext("the plan was taken before"))
        return plan


Tell = Callable[[str], None]
"""Told what each phase found and did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """What was done."""

    plan: Plan
    backup: Backup
    checks: tuple[Check, ...] = ()
    retired: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """A migration of one project; the caller holds the lock."""

    project: Project
    folder: MigrationFolder
    tell: Tell
    who: str

    def start(self, handed: HandedPlan, *, soak: float | None, until: Until, log: LegacyLog | None) -> Migrated:
        """Carry out a plan. `soak`: seconds for which the old files stay.

        Raises WorldChangedError, PreflightError, StoreError, VerificationError.
        """
        backup, plan = self._backup(handed, log)
        if until is Until.BACKUP:
            return Migrated(plan=plan, backup=backup)
        with Journal(self.folder.journal) as journal:
            journal.append(
                "migrate_begun",
                plan_hash=plan.hash,
                plan_made_at=plan.made_at,
                backup=backup.id,
                soak_until=None if soak is None else self.project.clock.now() + soak,
                campaigns=[part.campaign for part in plan.campaigns],
                who=self.who,
            )
            return self._go_on(journal, plan, backup, until)

    def resume(self, state: State, until: Until) -> Migrated:
        """Go on with the migration that was begun."""
        backup = backups.find(self.folder, state.backup)
        plan = planned(backup)
        if until is Until.BACKUP:
            self.tell(gettext("backup: {folder} (taken already)", folder=backup.folder))
            return Migrated(plan=plan, backup=backup)
        with Journal(self.folder.journal) as journal:
            return self._go_on(journal, plan, backup, until)

    def sync_others(self) -> bool:
        """Bring who sends other programs' messages in line with notifykit.yaml. True where that was changed."""
        others = others_of(self.project.configuration)
        store = self.project.store_file()
        with untouched(store) as connection:
            if fence.others_in(connection) == dict(others):
                return False
        db = Database(store, self.project.clock, create=False)
        try:
            fence.sync_others(db, others)
        finally:
            db.close()
        return True

    def _backup(self, handed: HandedPlan, log: LegacyLog | None) -> tuple[Backup, Plan]:
        """Take a backup, and prove it: planned from what it restores, the same is decided.

        Returns the plan that was made so. Where an earlier version made the one that was handed over, with other
        reasons, that is read from the backup.
        """
        plan = handed.take()
        check_inputs(self.project, plan)
        store = resolved(self.project.file.folder, plan.store)
        require_alone(store)
        backup = backups.take(
            self.folder,
            plan,
            text_pieces(plan),
            project=self.project.file.folder,
            store=store if store.exists() else None,
            files=inputs(self.project, plan),
            clock_now=self.project.clock.now(),
        )
        treatment, options, made_at = treatment_hash(plan), plan.options, plan.made_at
        del plan  # the backup has it, and there is no need of two at once
        with backups.restored(backup) as redirect:
            again = make_plan(self.project, options, now=made_at, redirect=redirect, log=log)
        if treatment_hash(again) != treatment:
            raise VerificationError(
                gettext("what this backup restores gives another plan, so it is no proof"),
                mend=gettext("nothing was changed. Is the old program still writing? Stop it, and try again"),
                where=backup.folder,
            )
        self.tell(gettext("backup: {folder} (restored and planned from: the same plan)", folder=backup.folder))
        return backup, again if again.hash == backup.plan_hash else planned(backup)

    def _go_on(self, journal: Journal, plan: Plan, backup: Backup, until: Until) -> Migrated:
        begun = state_of(journal.entries)
        database = database_step(self.project, plan, self.folder, backup=backup.id, soak_until=begun.soak_until)
        fresh = not is_applied(self.project, plan)
        run_steps(journal, [database, *flag_steps(self.project, plan)])
        use_wal(self.project, plan)
        self.project.open_outbox(create=False).close()  # from now on the project knows its store
        flags = sum(contract.set_flag for part in plan.campaigns for contract in part.contracts)
        self.tell(
            gettext("apply: {store} changed in one transaction, {flags} flags set", store=plan.store, flags=flags)
        )
        if until is Until.APPLY:
            return Migrated(plan=plan, backup=backup)
        migrations = in_force(self.folder, plan)
        # From the database on, the outbox may be worked with: what a run that goes on finds may be later than the plan.
        checks = tuple(verify(self.project, migrations, strict=fresh))
        record_checks(journal, checks)
        raise_for(checks)
        self.tell(gettext("verify: {number} checks, none failed", number=len(checks)))
        to_retire = until is Until.RETIRE and begun.soak_until is None
        journal.append("migrate_done", held=plan.holds, retire=to_retire)
        retired = self._retire(journal, migrations) if to_retire else ()
        return Migrated(plan=plan, backup=backup, checks=checks, retired=retired)

    def retire(self) -> Migrated:
        """Move the old files into the backup. Raises VerificationError where a check fails, and as `retire_files`."""
        migrations = in_force(self.folder)
        checks = tuple(verify(self.project, migrations))
        with Journal(self.folder.journal) as journal:
            record_checks(journal, checks)
            raise_for(checks)
            retired = self._retire(journal, migrations)
        latest = migrations[-1]
        return Migrated(plan=latest.plan, backup=latest.backup, checks=checks, retired=retired)

    def _retire(self, journal: Journal, migrations: Sequence[InForce]) -> tuple[str, ...]:
        retired = tuple(retire_files(self.project, migrations, journal))
        self.tell(gettext("retire: {number} send-status files moved into the backup", number=len(retired)))
        return retired


def require_alone(store: Path) -> None:
    """Raise PreflightError where another program holds the store: nothing is begun then, and nothing is written."""
    if not store.exists():
        return
    with closing(sqlite3.connect(store, timeout=PATIENCE, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise PreflightError(
                gettext(
                    "{store_error}. Is the old program running? Stop it first", store_error=store_error(store, error)
                )
            ) from error


def inputs(project: Project, plan: Plan) -> list[Path]:
    """Return every file that a plan depends on, the store left out."""
    files = [resolved(project.file.folder, item.path) for item in plan.inputs if item.kind is not InputKind.STORE]
    return [*files, *(resolved(project.file.folder, kept.status_file) for kept in plan.kept)]


def record_checks(journal: Journal, checks: Sequence[Check]) -> None:
    """Write down how a verification came out."""
    failed = [check.name for check in checks if check.result is CheckResult.FAILED]
    journal.append("verified", passed=not failed, failed=failed)


def raise_for(checks: Sequence[Check]) -> None:
    """Raise VerificationError where a check failed."""
    if failed := [check for check in checks if check.result is CheckResult.FAILED]:
        hint = gettext(
            "nothing was lost; `notifykit docs migration` explains each check; `notifykit rollback` goes back"
        )
        raise VerificationError(
            gettext("{number} checks failed:", number=len(failed)),
            more=[
                *(
                    "  " + gettext("{check}: {evidence}", check=CHECK_WORDING.said(check.what), evidence=check.evidence)
                    for check in failed
                ),
                hint,
            ],
        )
