"""`notifykit history`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from notifykit.errors import ExitCode
from notifykit.pipeline.project import Project
from notifykit.session import Session
from notifykit.terminal.console import info, json_option, out, print_json
from notifykit.wording.translation import gettext, gettext_noop
from notifykit_migration import report
from notifykit_migration.backup.in_force import planned
from notifykit_migration.backup.make import find
from notifykit_migration.commands.outputs import PAGE, require_free
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Entry, Journal
from notifykit_migration.journal.phase import state_of
from notifykit_migration.verify.calendar import calendar

_EPILOG = """\b
Examples:
  notifykit history
  notifykit history --report history.html
"""

NOTHING = gettext_noop("nothing was migrated yet; `notifykit migrate --dry-run` shows what would be")


@click.command(epilog=_EPILOG)
@click.option("--report", "path", type=PAGE, metavar="FILE", help="Write the HTML report here.")
@json_option
@click.pass_obj
def history(session: Session, path: Path | None, as_json: bool) -> ExitCode:
    """Tell what was migrated, retired and rolled back.

    When, by whom, by which plan and with which backup, how the verifications came out, and when the next are due.
    Changes nothing.
    """
    project = session.open_project(secrets=False)
    require_free(project, path)
    folder = MigrationFolder.of(project.file.folder)
    entries = Journal.read(folder.journal)
    state = state_of(entries)
    slots = calendar(entries, project.clock.now())
    if as_json:
        print_json(
            {
                "phase": state.phase.value,
                "entries": [report.entry_form(entry) for entry in entries],
                "calendar": [report.slot_form(slot) for slot in slots],
            }
        )
    elif not entries:
        out(gettext(NOTHING))
    else:
        report.show_history(entries)
        report.show_calendar(slots)
        out(gettext("now: {phase}", phase=gettext(state.phase.value)))
    if path is not None:
        _write(path, project, folder, entries)
    return ExitCode.DONE


def _write(path: Path, project: Project, folder: MigrationFolder, entries: Sequence[Entry]) -> None:
    """Write the page of the latest migration. Raises VerificationError where its backup is damaged."""
    begun = [entry for entry in entries if entry.kind == "migrate_begun"]
    if not begun:
        info(gettext("{path} was not written: there is no migration to report", path=path))
        return
    plan = planned(find(folder, str(begun[-1].fields["backup"])))
    made_at, wording = project.clock.now(), project.plugins.wording
    report.write_page(path, plan=plan, checks=(), entries=entries, made_at=made_at, wording=wording)
    info(gettext("the report is in {path}", path=path))
