"""`notifykit retire`: the old send-status files go into the backup."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from notifykit.durable import write_for_owner
from notifykit.errors import ExitCode
from notifykit.pipeline.project import Project
from notifykit.session import Session
from notifykit.terminal.console import json_option, out, print_json, warn
from notifykit.terminal.paths import PathType
from notifykit_migration.apply.retire import check_may_retire
from notifykit_migration.backup.in_force import in_force
from notifykit_migration.errors import PreflightError
from notifykit_migration.journal.account import account
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Journal
from notifykit_migration.journal.lock import migration_lock
from notifykit_migration.journal.patches import note_patch
from notifykit_migration.journal.phase import Phase, state_of
from notifykit_migration.legacy.program_code import check_code_reader, plan_cleanup
from notifykit_migration.migrate import Migration

_EPILOG = """\b
Examples:
  notifykit retire
  notifykit retire --yes --code ../old-program --patch cleanup.patch
"""


@click.command(epilog=_EPILOG)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--now", "at_once", is_flag=True, help="Do not wait for the end of `--soak`.")
@click.option(
    "--code",
    type=PathType(exists=True),
    metavar="PATH",
    help="The old program's code: name the constants that may be deleted from it now. Needs notifykit-outbox[patch].",
)
@click.option(
    "--patch",
    "patch_path",
    type=PathType(),
    metavar="FILE",
    help="With --code: write a diff that removes the contract send-status code, for a person to review.",
)
@json_option
@click.pass_obj
def retire(
    session: Session, *, yes: bool, at_once: bool, code: Path | None, patch_path: Path | None, as_json: bool
) -> ExitCode:
    """Move the old send-status files into the backup.

    Only where the time of `--soak` is over and every check of `verify` passes. Nothing is deleted; the technician's
    file stays.
    """
    if patch_path is not None and code is None:
        raise click.UsageError("--patch needs --code PATH: where the old program is")
    project = session.open_project(secrets=False)
    if code is not None:
        check_code_reader(project)
    folder = MigrationFolder.of(project.file.folder)
    done = state_of(Journal.read(folder.journal)).phase is Phase.RETIRED
    moved: list[str] = []
    if not done:
        check_may_retire(project, folder, now=None if at_once else project.clock.now())
        if not yes:
            _ask()
        with migration_lock(folder, "retire"):
            migration = Migration(project=project, folder=folder, tell=lambda _: None, who=account())
            moved = list(migration.retire().retired)
    constants = _code(project, folder, code, patch_path) if code is not None else []
    if as_json:
        print_json({"retired": moved, "constants": constants})
        return ExitCode.DONE
    out("nothing to do: the old files are retired already" if done else f"retired: {', '.join(moved) or 'no file'}")
    for line in constants:
        out(line)
    return ExitCode.DONE


def _ask() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("this is no terminal where you could be asked; say --yes")
    click.confirm("Move the old send-status files into the backup?", abort=True)


def _code(project: Project, folder: MigrationFolder, code: Path, patch_path: Path | None) -> list[str]:
    """Return a line for each constant that may go, and write the patch where it is wanted."""
    migrated = [part.status_file for one in in_force(folder) for part in one.plan.campaigns]
    cleanup = plan_cleanup(project, code, migrated)
    if patch_path is not None:
        with migration_lock(folder, "retire"), Journal(folder.journal) as journal:
            note_patch(journal, code, patch_path, cleanup.changes, account())
            try:
                write_for_owner(patch_path, cleanup.patch)
            except OSError as error:
                raise PreflightError(
                    f"cannot be written ({error.strerror})", mend="check --patch", where=patch_path
                ) from error
        warn(f"the patch is in {patch_path}: review it, then apply it with `patch -p1`")
    if cleanup.left_alone:
        warn("left alone: the campaigns of these were not migrated, and their jobs still need their status files")
        warn(*cleanup.left_alone)
    return [f"{constant} may be deleted" for constant in cleanup.deletable]
