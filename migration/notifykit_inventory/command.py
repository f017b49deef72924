"""`notifykit inventory`."""

from __future__ import annotations

from pathlib import Path

import click

from notifykit.durable import write_for_owner
from notifykit.errors import ExitCode, NotifykitError
from notifykit.secrets import redact
from notifykit.session import Session
from notifykit.terminal.console import info, json_option, print_json, warn_of
from notifykit.terminal.paths import OutputType, PathType
from notifykit.terminal.progress import progress
from notifykit.terminal.stdout import emit
from notifykit.wording.translation import gettext
from notifykit_inventory.drafts.drafting import Channels, draft_campaigns
from notifykit_inventory.drafts.writing import write_drafts
from notifykit_inventory.forms import FORMS
from notifykit_inventory.project import channels, status_files
from notifykit_inventory.report import DraftReport, listing, print_drafts, print_inventory
from notifykit_inventory.take import TreeScan
from notifykit_inventory.words import StatusFiles

REPORT = OutputType(
    ("<!doctype html>", "<title>Where the old program uses send status"),
    ("# Where the old program uses send status", ""),
    ("file,line,function,what", ""),
    kept=["notifykit-migration"],
)


class ReportUnwritableError(NotifykitError):
    """The file of `--out` cannot be written."""

    exit_code = ExitCode.PREFLIGHT_FAILED


_EPILOG = """\b
Examples:
  notifykit inventory .
  notifykit inventory ../old-program --campaigns drafts
  notifykit inventory ../old-program --format html --out inventory.html
  notifykit inventory . --check --json
"""


@click.command(epilog=_EPILOG)
@click.argument("path", type=PathType())
@click.option("--check", is_flag=True, help="Exit with 1 while contract uses remain, or may remain.")
@click.option(
    "--campaigns",
    "campaigns",
    type=PathType(),
    metavar="DIR",
    help="Draft the campaigns from the code, a file each. A file that is there already stays as it is.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMS)),
    help="A report to hand on, in English and Chinese: uses, conditions, parameters, functions that nothing calls.",
)
@click.option("--out", "out_path", type=REPORT, metavar="FILE", help="With --format: write it there.")
@json_option
@click.pass_obj
def inventory(
    session: Session,
    *,
    path: Path,
    check: bool,
    campaigns: Path | None,
    form: str | None,
    out_path: Path | None,
    as_json: bool,
) -> ExitCode:
    """List where Python code reads or writes send status.

    PATH is a folder or a file of the old program. Its code is read, never run. Each use is listed with what it does,
    whose it is (a contract's or a technician's), and what becomes of it; then code that fails or goes wrong with the
    migrated task table, and files that could not be read.

    What cannot be decided is listed as undecided. A comment on the line decides it: `# notifykit: technician` or
    `# notifykit: contract`. For --check, undecided uses and unreadable files that may hold uses count as contract uses.
    """
    if form is None and out_path is not None:
        raise click.UsageError(gettext("--out needs --format: what is to be written"))
    if form is not None and as_json:
        raise click.UsageError(gettext("--format and --json exclude each other: name one of them"))
    if form is not None and campaigns is not None and out_path is None:
        raise click.UsageError(gettext("--format with --campaigns needs --out FILE: what was drafted is printed"))
    files = _known(session)
    scan = TreeScan(path, files)
    with progress("looking through the code", "files") as told:
        found = scan.inventory(scan.run(told))
    drafts = _drafted(session, scan, files, campaigns) if campaigns is not None else None
    if as_json:
        print_json(listing(found, drafts))
    else:
        if form is None:
            print_inventory(found)
        else:
            _hand_on(FORMS[form](found), out_path, bom=form == "csv")
        if drafts is not None:
            print_drafts(drafts)
    return ExitCode.ERROR if check and not found.clean else ExitCode.DONE


def _hand_on(text: str, path: Path | None, *, bom: bool) -> None:
    """Print a report, or write it as UTF-8; with a BOM where a spreadsheet program is to know that."""
    if path is None:
        emit(redact(text).removesuffix("\n"))
        return
    try:
        write_for_owner(path, redact(text).encode("utf-8-sig" if bom else "utf-8", "replace"))
    except OSError as error:
        raise ReportUnwritableError(
            gettext("cannot be written ({strerror})", strerror=error.strerror), mend=gettext("check --out"), where=path
        ) from error
    info(gettext("the report is in {path}", path=path))


def _drafted(session: Session, scan: TreeScan, files: StatusFiles, folder: Path) -> DraftReport:
    found = draft_campaigns(scan, files, channels(session.project_file()) if session.file.exists() else Channels())
    return DraftReport(write_drafts(found, folder), found.undrafted)


def _known(session: Session) -> StatusFiles:
    """Return the status files that the project names; none where there is no project."""
    if not session.file.exists():
        return StatusFiles()
    try:
        return status_files(session.open_project(secrets=False))
    except NotifykitError as error:
        warn_of(
            gettext(
                "warning: {file} is not used to tell contracts from technicians, nor what campaigns describe",
                file=session.file,
            ),
            error,
        )
        return StatusFiles()
