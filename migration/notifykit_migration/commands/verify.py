"""`notifykit verify`: every check of a migration, at any time."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import click

from notifykit.errors import ExitCode
from notifykit.pipeline.project import Project
from notifykit.session import Session
from notifykit.terminal.console import count, info, json_option, out, print_json, warn
from notifykit.terminal.paths import PathType
from notifykit.wording import Language
from notifykit.wording.translation import gettext, spoken, untranslated
from notifykit_migration import report
from notifykit_migration.backup import make as backups
from notifykit_migration.backup.in_force import in_force, planned
from notifykit_migration.commands.outputs import PAGE, require_free
from notifykit_migration.errors import PreflightError, VerificationError
from notifykit_migration.files.reading import untouched
from notifykit_migration.journal.account import account
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Journal
from notifykit_migration.journal.lock import migration_lock
from notifykit_migration.journal.phase import Phase, state_of
from notifykit_migration.legacy.log import require_log
from notifykit_migration.migrate import record_checks
from notifykit_migration.model import Check, CheckResult
from notifykit_migration.store.migrated import migrated_campaigns
from notifykit_migration.verify.acceptance import points
from notifykit_migration.verify.calendar import is_due, next_due
from notifykit_migration.verify.checks import verify as verify_all
from notifykit_migration.verify.checks import verify_backup
from notifykit_migration.wording.checks import CHECK_WORDING

_EPILOG = """\b
Examples:
  notifykit verify
  notifykit verify --report verify.html
  notifykit verify --backup latest
  notifykit verify --if-due
  notifykit verify --acceptance --sign "Li Hua"
"""


@click.command(epilog=_EPILOG)
@click.option("--backup", "backup_id", metavar="ID", help="Check this backup alone; `latest` for the newest.")
@click.option("--if-due", is_flag=True, help="Only if it is due: hourly on day 1, then daily, then weekly.")
@click.option("--acceptance", is_flag=True, help="Show each point of the acceptance with what was seen of it.")
@click.option("--sign", metavar="NAME", help="With --acceptance: keep that this person accepts what it shows.")
@click.option("--log", "log_path", type=PathType(), metavar="FILE", help="The old log: its errors.")
@click.option("--report", "report_path", type=PAGE, metavar="FILE", help="Write the HTML report.")
@json_option
@click.pass_obj
def verify(
    session: Session,
    *,
    backup_id: str | None,
    if_due: bool,
    acceptance: bool,
    sign: str | None,
    log_path: Path | None,
    report_path: Path | None,
    as_json: bool,
) -> ExitCode:
    """Check that the migration did what it said.

    The backup restores, every contract is there once, old readers still read, the fence stands, only flags differ,
    and what the old rule would send now is what notifykit would send, or a decision explains the difference. Changes
    nothing but the journal, which gets the result. Answers 7 where a check fails.

    After a migration `notifykit run` does this hourly on the first day, daily in the first week, weekly in the first
    month; where no `run` goes on, `--if-due` does from an hourly cron line. `history` shows the calendar.
    """
    _require_together(backup_id=backup_id, if_due=if_due, acceptance=acceptance, sign=sign, log=log_path)
    kept: list[Check] = []
    project = session.open_project(secrets=False)
    require_free(project, report_path)
    folder = MigrationFolder.of(project.file.folder)
    if if_due and not is_due(entries := Journal.read(folder.journal), now := project.clock.now()):
        to_come = next_due(entries, now)
        if to_come is None:
            out(gettext("no verification is due"))
        else:
            out(gettext("no verification is due before {time}", time=report.when(to_come)))
        return ExitCode.DONE
    if backup_id is not None:
        backup = backups.latest(folder) if backup_id == "latest" else backups.find(folder, backup_id)
        if backup is None:
            raise PreflightError(
                gettext("there is no backup yet"), mend=gettext("`notifykit migrate` makes one"), where=folder.backups
            )
        checks = list(verify_backup(backup))
    else:
        _require_migrated(project, folder)
        migrations = in_force(folder)
        checks = list(verify_all(project, migrations))
        backup = migrations[-1].backup
        _record(folder, partial(record_checks, checks=checks))
        if acceptance:
            log = require_log(log_path) if log_path else None
            checks = list(points(project, migrations, checks, Journal.read(folder.journal), log))
            if sign is not None and spoken() == Language.CHINESE:
                with untranslated():  # what is kept is looked at once more
                    made = list(verify_all(project, migrations))
                    kept = list(points(project, migrations, made, Journal.read(folder.journal), log))
    failed = any(check.result is CheckResult.FAILED for check in checks)
    if as_json:
        print_json(report.checks_form(checks))
    else:
        report.show_checks(checks)
    if report_path is not None:
        plan, entries = planned(backup), Journal.read(folder.journal)
        report.write_page(
            report_path,
            plan=plan,
            checks=checks,
            entries=entries,
            made_at=project.clock.now(),
            wording=project.plugins.wording,
        )
    if sign is not None:
        _sign(folder, sign, backup.plan_hash, kept or checks)
    return ExitCode.VERIFICATION_FAILED if failed else ExitCode.DONE


def _require_together(
    *, backup_id: str | None, if_due: bool, acceptance: bool, sign: str | None, log: Path | None
) -> None:
    """Raise UsageError for options of which one makes no sense beside another."""
    if (backup_id is not None) + if_due + acceptance > 1:
        raise click.UsageError(
            gettext("--backup, --if-due and --acceptance are three different things: give one of them")
        )
    if (sign is not None or log is not None) and not acceptance:
        raise click.UsageError(gettext("--sign and --log go with --acceptance"))
    if sign is not None and not sign.strip():
        raise click.UsageError(gettext("--sign needs a name"))


def _record(folder: MigrationFolder, write: Callable[[Journal], None]) -> None:
    """Write into the journal, where this account may."""
    if os.access(folder.journal, os.W_OK) and os.access(folder.path, os.W_OK | os.X_OK):
        with migration_lock(folder, "verify"), Journal(folder.journal) as journal:
            write(journal)
    else:
        warn(
            gettext(
                "{journal} cannot be written by this account: the result is shown, and not kept", journal=folder.journal
            )
        )


def _sign(folder: MigrationFolder, name: str, plan_hash: str, checks: Sequence[Check]) -> None:
    """Keep who accepted what. Raises VerificationError where a point failed: nothing is kept then."""
    if failed := [CHECK_WORDING.said(check.what) for check in checks if check.result is CheckResult.FAILED]:
        raise VerificationError(
            gettext(
                "{name} has not signed: {points} failed ({failed})",
                name=name,
                points=count(len(failed), "point"),
                failed=", ".join(failed),
            ),
            mend=gettext("see to them, or keep a signature for what you accept elsewhere"),
        )
    with migration_lock(folder, "verify"), Journal(folder.journal) as journal:
        told = [f"{check.name}: {check.result.value}, {check.evidence}" for check in checks]
        journal.append("accepted", who=name, by=account(), plan_hash=plan_hash, points=told)
    info(gettext("accepted by {name}; `notifykit history` keeps it", name=name))


def _require_migrated(project: Project, folder: MigrationFolder) -> None:
    """Raise where the store and the journal do not both say that the project was migrated."""
    state = state_of(Journal.read(folder.journal))
    store = project.store_file().resolve()
    if not store.exists():
        return  # the checks say so
    with untouched(store) as connection:
        done = migrated_campaigns(connection)
    if done and state.begun is None:
        raise VerificationError(
            gettext(
                "knows of no migration, and {store} was migrated ({done})", store=store, done=", ".join(sorted(done))
            ),
            mend=gettext("put the folder {folder} back from a copy", folder=folder.path.name),
            where=folder.journal,
        )
    if state.phase is Phase.MIGRATING and not done:
        raise PreflightError(
            gettext("a migration was begun, and the database was not changed yet"),
            mend=gettext("`notifykit migrate` goes on, `notifykit rollback` ends it"),
            where=store,
        )
