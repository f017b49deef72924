"""`notifykit verify`: every check of a migration, at any time."""

from __future__ import annotations

import os
from pathlib import Path

import click

from notifykit.errors import ExitCode
from notifykit.pipeline.project import Project
from notifykit.session import Session
from notifykit.terminal.console import json_option, print_json, warn
from notifykit_migration import report
from notifykit_migration.backup import make as backups
from notifykit_migration.backup.in_force import in_force, planned
from notifykit_migration.commands.outputs import PAGE, require_free
from notifykit_migration.errors import PreflightError, VerificationError
from notifykit_migration.files.reading import untouched
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Journal
from notifykit_migration.journal.lock import migration_lock
from notifykit_migration.journal.phase import Phase, state_of
from notifykit_migration.migrate import record_checks
from notifykit_migration.model import CheckResult
from notifykit_migration.store.migrated import migrated_campaigns
from notifykit_migration.verify.checks import verify as verify_all
from notifykit_migration.verify.checks import verify_backup

_EPILOG = """\b
Examples:
  notifykit verify
  notifykit verify --report verify.html
  notifykit verify --backup latest
"""


@click.command(epilog=_EPILOG)
@click.option("--backup", "backup_id", metavar="ID", help="Check this backup alone; `latest` for the newest.")
@click.option("--report", "report_path", type=PAGE, metavar="FILE", help="Write the HTML report.")
@json_option
@click.pass_obj
def verify(session: Session, *, backup_id: str | None, report_path: Path | None, as_json: bool) -> ExitCode:
    """Check that the migration did what it said.

    The backup restores, every contract is there once, old readers still read, the fence stands, only flags differ,
    and what the old rule would send now is what notifykit would send, or a decision explains the difference. Changes
    nothing but the journal, which gets the result. Answers 7 where a check fails.
    """
    project = session.open_project(secrets=False)
    require_free(project, report_path)
    folder = MigrationFolder.of(project.file.folder)
    if backup_id is not None:
        backup = backups.latest(folder) if backup_id == "latest" else backups.find(folder, backup_id)
        if backup is None:
            raise PreflightError("there is no backup yet", mend="`notifykit migrate` makes one", where=folder.backups)
        checks = list(verify_backup(backup))
    else:
        _require_migrated(project, folder)
        migrations = in_force(folder)
        checks = list(verify_all(project, migrations))
        backup = migrations[-1].backup
        if os.access(folder.journal, os.W_OK) and os.access(folder.path, os.W_OK | os.X_OK):
            with migration_lock(folder, "verify"), Journal(folder.journal) as journal:
                record_checks(journal, checks)
        else:
            warn(f"{folder.journal} cannot be written by this account: the result is shown, and not kept")
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
    failed = any(check.result is CheckResult.FAILED for check in checks)
    return ExitCode.VERIFICATION_FAILED if failed else ExitCode.DONE


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
            f"knows of no migration, and {store} was migrated ({', '.join(sorted(done))})",
            mend=f"put the folder {folder.path.name} back from a copy",
            where=folder.journal,
        )
    if state.phase is Phase.MIGRATING and not done:
        raise PreflightError(
            "a migration was begun, and the database was not changed yet",
            mend="`notifykit migrate` goes on, `notifykit rollback` ends it",
            where=store,
        )
