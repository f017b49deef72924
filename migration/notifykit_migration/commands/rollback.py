"""`notifykit rollback`: back to the old program, with everything that happened since."""

from __future__ import annotations

import sys

import click

from notifykit.errors import ExitCode
from notifykit.pipeline.project import Project
from notifykit.session import Session
from notifykit.terminal.console import json_option, out, print_json, warn
from notifykit.terminal.progress import progress
from notifykit.wording.translation import gettext, gettext_noop
from notifykit_migration.archive.archive import HOLDS
from notifykit_migration.journal.account import account
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.lock import migration_lock
from notifykit_migration.model import RollbackPlan
from notifykit_migration.plan.collecting import collector_still
from notifykit_migration.report import rollback_form, show_holds, show_rollback
from notifykit_migration.report.saying import said
from notifykit_migration.roll_back import RolledBack, Standing, roll_back, survey
from notifykit_migration.wording.warnings import CODE_CHANGED, OLD_WILL_SEND, STILL_PATCHED

NOTHING = gettext_noop("nothing to do: nothing is migrated")

_BEFORE_IT_STARTS = {sentence.code for sentence in (OLD_WILL_SEND, STILL_PATCHED, CODE_CHANGED)}

_EPILOG = """\b
Examples:
  notifykit rollback --dry-run
  notifykit rollback --yes
"""

_QUESTIONS = {
    Standing.BEGUN: gettext_noop("A migration was begun and had changed nothing yet. Give it up?"),
    Standing.MIGRATED: gettext_noop("Stop notifykit everywhere now. Roll back?"),
    Standing.FINISHING: gettext_noop("A rollback was cut short near its end. Finish it?"),
}


@click.command(epilog=_EPILOG)
@click.option("--dry-run", is_flag=True, help="Show what would become of everything, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask. Needed where there is no terminal.")
@json_option
@click.pass_obj
@collector_still()
def rollback(session: Session, *, dry_run: bool, yes: bool, as_json: bool) -> ExitCode:
    """Go back to the old program.

    Nothing that happened since the migration is undone: what was sent stays sent, what is queued becomes a pending row
    of the old program, and what only a person can decide is listed, kept in an archive, and given to nobody. Where
    nothing happened, files and database become exactly what they were. Works from any phase, and goes on where it was
    cut short.
    """
    project = session.open_project(secrets=False)
    folder = MigrationFolder.of(project.file.folder)
    with progress("reading the outbox and the files", "files"):
        where, plan = survey(project, folder)
    if where is Standing.NOTHING:
        return _nothing(as_json=as_json)
    if dry_run:
        return _show(where, plan, as_json=as_json)
    if plan is not None and not as_json:
        show_rollback(plan)
    if not yes:
        _ask(where)
    done = _carry_out(project, folder, plan)
    return _finish(done, as_json=as_json)


def _nothing(*, as_json: bool) -> ExitCode:
    if as_json:
        print_json({"phase": "none", "message": NOTHING})
    else:
        out(gettext(NOTHING))
    return ExitCode.DONE


def _show(where: Standing, plan: RollbackPlan | None, *, as_json: bool) -> ExitCode:
    if plan is None:
        text = {
            Standing.BEGUN: gettext("a migration was begun and has changed nothing yet: it would be given up"),
            Standing.FINISHING: gettext(
                "a rollback was cut short after the database was changed: it would be finished"
            ),
        }[where]
        if as_json:
            print_json({"phase": where.name.lower(), "message": text})
        else:
            out(text)
        return ExitCode.DONE
    if as_json:
        print_json(rollback_form(plan))
    else:
        show_rollback(plan)
    return ExitCode.DONE


def _ask(where: Standing) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError(
            gettext("this is no terminal where you could be asked; say --yes, or look first with --dry-run")
        )
    click.confirm(gettext(_QUESTIONS[where]), abort=True)


def _carry_out(project: Project, folder: MigrationFolder, plan: RollbackPlan | None) -> RolledBack:
    with migration_lock(folder, "rollback"), progress("rolling back", "steps"):
        return roll_back(project, folder, plan, now=project.clock.now(), who=account(), tell=warn)


def _finish(done: RolledBack, *, as_json: bool) -> ExitCode:
    if as_json:
        print_json(
            {
                "rollback": rollback_form(done.plan) if done.plan else None,
                "archive": str(done.archive) if done.archive else None,
                "held": len(done.holds),
            }
        )
        return ExitCode.HELD if done.holds else ExitCode.DONE
    if done.holds and done.archive is not None:
        show_holds(done.holds)
        out(
            gettext(
                "the list of what is held is in {archive}; the old program sends none of it",
                archive=done.archive / HOLDS,
            )
        )
    before = [reason for reason in done.plan.warnings if reason.code in _BEFORE_IT_STARTS] if done.plan else []
    if before:
        out(gettext("rolled back: see to this before the old program is started:"))
        out(*(f"  {said(reason)}" for reason in before))
    else:
        out(gettext("rolled back: the old program may be started again"))
    return ExitCode.HELD if done.holds else ExitCode.DONE
