"""`notifykit inventory`."""

from __future__ import annotations

from pathlib import Path

import click

from notifykit.errors import ExitCode, NotifykitError
from notifykit.session import Session
from notifykit.terminal.console import json_option, print_json, warn
from notifykit.terminal.paths import PathType
from notifykit.terminal.progress import progress
from notifykit_inventory.project import status_files
from notifykit_inventory.report import listing, print_inventory
from notifykit_inventory.take import take_inventory
from notifykit_inventory.words import StatusFiles

_EPILOG = "\n".join(["\b", "Examples:", "  notifykit inventory .", "  notifykit inventory . --check --json"])


@click.command(epilog=_EPILOG)
@click.argument("path", type=PathType())
@click.option("--check", is_flag=True, help="Exit with 1 while contract uses remain, or may remain.")
@json_option
@click.pass_obj
def inventory(session: Session, path: Path, check: bool, as_json: bool) -> ExitCode:
    """List where Python code reads or writes send status.

    PATH is a folder or a file of the old program. Its code is read, never run. Each use is listed with what it does,
    whose it is (a contract's or a technician's), and what becomes of it; then code that fails or goes wrong with the
    migrated task table, and files that could not be read.

    What cannot be decided is listed as undecided. A comment on the line decides it: `# notifykit: technician` or
    `# notifykit: contract`. For --check, undecided uses and unreadable files that may hold uses count as contract uses.
    """
    files = _known(session)
    with progress("looking through the code", "files") as told:
        found = take_inventory(path, files, told)
    if as_json:
        print_json(listing(found))
    else:
        print_inventory(found)
    return ExitCode.ERROR if check and not found.clean else ExitCode.DONE


def _known(session: Session) -> StatusFiles:
    """Return the status files that the project names; none where there is no project."""
    if not session.file.exists():
        return StatusFiles()
    try:
        return status_files(session.open_project(secrets=False))
    except NotifykitError as error:
        warn(f"warning: {session.file} is not used to tell contracts from technicians: {error}")
        return StatusFiles()
