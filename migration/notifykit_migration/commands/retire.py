"""`notifykit retire`: the old send-status files go into the backup."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from notifykit.durable import write_for_owner
from notifykit.errors import ExitCode
from notifykit.pipeline.project import Project
from notifykit.session import Session
from notifykit.terminal.console import json_option, out, print_json, warn
from notifykit.terminal.paths import PathType
from notifykit.wording.translation import gettext
from notifykit_migration.apply.retire import check_may_retire
from notifykit_migration.backup.in_force import in_force
from notifykit_migration.commands.outputs import PATCH, require_free
from notifykit_migration.errors import PreflightError
from notifykit_migration.journal.account import account
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Journal
from notifykit_migration.journal.lock import migration_lock
from notifykit_migration.journal.patches import note_patch
from notifykit_migration.journal.phase import Phase, state_of
from notifykit_migration.legacy.campaigns import owners
from notifykit_migration.legacy.program_code import NOTHING, CodeCleanup, check_code_reader, plan_cleanup
from notifykit_migration.migrate import Migration

_EPILOG = """\b
Examples:
  notifykit retire
  notifykit retire --dry-run --code ../old-program
  notifykit retire --yes --code ../old-program --patch cleanup.patch
"""


@click.command(epilog=_EPILOG)
@click.option(
    "--dry-run",
    is_flag=True,
    help="With --code: show the patch as it would be, before the migration too: as if all campaigns were migrated.",
)
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
    type=PATCH,
    metavar="FILE",
    help="With --code: write a diff that removes the contract send-status code, for a person to review.",
)
@json_option
@click.pass_obj
def retire(
    session: Session,
    *,
    dry_run: bool,
    yes: bool,
    at_once: bool,
    code: Path | None,
    patch_path: Path | None,
    as_json: bool,
) -> ExitCode:
    """Move the old send-status files into the backup.

    Only where the time of `--soak` is over and every check of `verify` passes. Nothing is deleted; the technician's
    file stays. With --dry-run nothing is moved or written.
    """
    if code is None and (dry_run or patch_path is not None):
        raise click.UsageError(
            gettext(
                "{option} needs --code PATH: where the old program is", option="--dry-run" if dry_run else "--patch"
            )
        )
    project = session.open_project(secrets=False)
    require_free(project, patch_path)
    if code is not None:
        check_code_reader(project)
    folder = MigrationFolder.of(project.file.folder)
    if dry_run and code is not None:
        _rehearse(project, folder, code, as_json=as_json)
        return ExitCode.DONE
    done = state_of(Journal.read(folder.journal)).phase is Phase.RETIRED
    moved: list[str] = []
    if not done:
        check_may_retire(project, folder, now=None if at_once else project.clock.now())
        if not yes:
            _ask()
        with migration_lock(folder, "retire"):
            migration = Migration(project=project, folder=folder, tell=lambda _: None, who=account())
            moved = list(migration.retire().retired)
    cleanup = _code(project, folder, code, patch_path) if code is not None else NOTHING
    if as_json:
        print_json(_form(moved, cleanup))
        return ExitCode.DONE
    out(
        gettext("nothing to do: the old files are retired already")
        if done
        else gettext("retired: {files}", files=", ".join(moved) or gettext("no file"))
    )
    out(*_deletable(cleanup))
    return ExitCode.DONE


def _ask() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError(gettext("this is no terminal where you could be asked; say --yes"))
    click.confirm(gettext("Move the old send-status files into the backup?"), abort=True)


def _rehearse(project: Project, folder: MigrationFolder, code: Path, *, as_json: bool) -> None:
    """Show the patch as it would be: for the campaigns that were migrated, or else for all that are described."""
    migrated = _migrated(folder)
    cleanup = plan_cleanup(project, code, migrated or owners(project))
    if not migrated:
        warn(
            gettext(
                "as if all campaigns that describe a contracts' send-status file were migrated; nothing was written"
            )
        )
    if as_json:
        print_json({**_form([], cleanup), "patch": cleanup.patch.decode("utf-8", "replace")})
        return
    out(*_deletable(cleanup))
    out(*(line.rstrip("\r").expandtabs() for line in cleanup.patch.decode("utf-8", "replace").split("\n")))


def _migrated(folder: MigrationFolder) -> list[str]:
    """Return the status files of the migrations that are in force."""
    return [part.status_file for one in in_force(folder) for part in one.plan.campaigns]


def _code(project: Project, folder: MigrationFolder, code: Path, patch_path: Path | None) -> CodeCleanup:
    """Find out what may go, and write the patch where it is wanted."""
    cleanup = plan_cleanup(project, code, _migrated(folder))
    if patch_path is not None:
        with migration_lock(folder, "retire"), Journal(folder.journal) as journal:
            note_patch(journal, code, patch_path, cleanup.changes, account())
            try:
                write_for_owner(patch_path, cleanup.patch)
            except OSError as error:
                raise PreflightError(
                    gettext("cannot be written ({strerror})", strerror=error.strerror),
                    mend=gettext("check --patch"),
                    where=patch_path,
                ) from error
        warn(gettext("the patch is in {patch_path}: review it, then apply it with `patch -p1`", patch_path=patch_path))
    for title, lines in (
        (gettext("left alone: the campaigns of these were not migrated, and their jobs still need their status files"),
         cleanup.left_alone),
        (gettext("for a person, since it cannot be taken out safely (lines as they are once the patch is applied)"),
         cleanup.remaining),
        (gettext("comments and docstrings that speak of what goes (lines as they are once the patch is applied)"),
         cleanup.remarks),
    ):  # fmt: skip
        if lines:
            warn(title, *lines)
    return cleanup


def _deletable(cleanup: CodeCleanup) -> list[str]:
    return [gettext("{constant} may be deleted", constant=constant) for constant in cleanup.deletable]


def _form(moved: list[str], cleanup: CodeCleanup) -> dict[str, Any]:
    return {
        "retired": moved,
        "constants": _deletable(cleanup),
        "left_alone": list(cleanup.left_alone),
        "leftovers": list(cleanup.leftovers),
        "remaining": list(cleanup.remaining),
        "remarks": list(cleanup.remarks),
        "patch": None,
    }
