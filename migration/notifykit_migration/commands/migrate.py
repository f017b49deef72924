"""`notifykit migrate`: from the old program's three states to the outbox, with a plan first."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from click.core import ParameterSource

from notifykit.errors import ExitCode, StoreError
from notifykit.pipeline.project import Project
from notifykit.session import Session
from notifykit.terminal.console import count, json_option, out, print_json, warn
from notifykit.terminal.durations import DurationType
from notifykit.terminal.paths import PathType
from notifykit.terminal.progress import progress
from notifykit.wording.translation import gettext
from notifykit_migration import report
from notifykit_migration.backup import make as backups
from notifykit_migration.backup.in_force import planned
from notifykit_migration.commands.outputs import PAGE, PLAN, require_free
from notifykit_migration.errors import PreflightError, WorldChangedError
from notifykit_migration.journal.account import account
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Journal
from notifykit_migration.journal.lock import migration_lock
from notifykit_migration.journal.phase import Phase, State, state_of, was_used
from notifykit_migration.legacy.log import LegacyLog, require_log
from notifykit_migration.legacy.settings import settings_of
from notifykit_migration.migrate import DAY, HandedPlan, Migrated, Migration, Until
from notifykit_migration.model import Check, Historic, Options, Plan, Raised, Stopped
from notifykit_migration.plan.collecting import collector_still
from notifykit_migration.plan.fit import require_fit
from notifykit_migration.plan.make import NothingToMigrateError, make_plan
from notifykit_migration.plan.plan_file import read_plan, write_plan

CHANGES_PLANNED = 10
"""What `--dry-run --detailed-exitcode` answers where something would be changed."""

_EPILOG = """\b
Examples:
  notifykit migrate --dry-run
  notifykit migrate --dry-run --out plan.json
  notifykit migrate --plan plan.json --yes --soak 7
"""


_OF_A_PLAN = ("max_age", "historic", "raised", "stopped", "fit_anyway")
"""What a plan is made with."""


def _given(*names: str) -> list[str]:
    """Return those of the options that were typed, as they are typed."""
    context = click.get_current_context()
    return [
        param.opts[0]
        for param in context.command.params
        if param.name in names and context.get_parameter_source(param.name) is ParameterSource.COMMANDLINE
    ]


_DAYS = DurationType("d", longest=36_500 * DAY)


@click.command(epilog=_EPILOG)
@click.option("--dry-run", is_flag=True, help="Show the plan, and change nothing: not a byte, not a time stamp.")
@click.option("--out", type=PLAN, metavar="FILE", help="With --dry-run: keep the plan here.")
@click.option("--plan", "plan_path", type=PathType(), metavar="FILE", help="Do exactly what this plan says.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--soak", type=_DAYS, metavar="DAYS", help="Leave the old files for so long (also 36h); `retire` takes them then."
)
@click.option(
    "--max-age", type=_DAYS, default=7, show_default=True, metavar="DAYS", help="Older pending rows are held. Also 36h."
)
@click.option(
    "--historic",
    type=click.Choice([choice.value for choice in Historic]),
    default=Historic.HOLD.value,
    show_default=True,
    help="Contracts whose file and flag say sent, and whose rows are gone.",
)
@click.option(
    "--raised",
    type=click.Choice([choice.value for choice in Raised]),
    default=Raised.HOLD.value,
    show_default=True,
    help="Rows that the old scheduler tried and that raised: perhaps after the message had left.",
)
@click.option(
    "--stopped",
    type=click.Choice([choice.value for choice in Stopped]),
    default=Stopped.UNKNOWN.value,
    show_default=True,
    help="`idle`: you saw to it that the old scheduler was sending nothing when it was stopped.",
)
@click.option(
    "--log",
    "log_path",
    type=PathType(),
    metavar="FILE",
    help="The old scheduler's log: it tells which rows were tried.",
)
@click.option(
    "--until",
    type=click.Choice([phase.value for phase in Until]),
    default=Until.RETIRE.value,
    show_default=True,
    help="Stop after this phase; the same command goes on from there.",
)
@click.option("--show", "key", metavar="KEY", help="With --dry-run: all evidence of one contract.")
@click.option("--explain-fit", is_flag=True, help="With --dry-run: how well the campaigns fit; compare every text.")
@click.option("--fit-anyway", is_flag=True, help="Go on where they do not fit, and their rows are not found.")
@click.option("--detailed-exitcode", is_flag=True, help="With --dry-run: answer 10 where something would be changed.")
@click.option("--report", "report_path", type=PAGE, metavar="FILE", help="Write the HTML report here.")
@json_option
@click.pass_obj
@collector_still()
def migrate(
    session: Session,
    *,
    dry_run: bool,
    out: Path | None,
    plan_path: Path | None,
    yes: bool,
    soak: float | None,
    max_age: float,
    historic: str,
    raised: str,
    stopped: str,
    log_path: Path | None,
    until: str,
    key: str | None,
    explain_fit: bool,
    fit_anyway: bool,
    detailed_exitcode: bool,
    report_path: Path | None,
    as_json: bool,
) -> int:
    """Move the old program's state onto the outbox.

    Reads the CSV flags, the send-status files and the task table, decides about every message by what is proven, and
    carries that out: a proven backup, the database in one transaction, the flags, a verification; then the
    send-status files go into the backup. What is not proven is held for a person. `rollback` goes back.
    """
    if (out or key or explain_fit or detailed_exitcode) and not dry_run:
        raise click.UsageError(gettext("--out, --show, --explain-fit and --detailed-exitcode belong to --dry-run"))
    if explain_fit and (out or key or plan_path or report_path or detailed_exitcode):
        raise click.UsageError(
            gettext("--explain-fit shows no plan: of the others it takes only what a plan is made with")
        )
    if out is not None and report_path is not None and out.resolve() == report_path.resolve():
        raise click.UsageError(gettext("--out and --report name one file; name two"))
    if plan_path is not None and (given := _given(*_OF_A_PLAN)):
        raise click.UsageError(
            gettext("--plan is carried out as it says; leave out {given}, or make another plan", given=", ".join(given))
        )
    project = session.open_project(secrets=False)
    require_free(project, out, report_path)
    command = _Command(
        project=project,
        folder=MigrationFolder.of(project.file.folder),
        yes=yes,
        until=Until(until),
        soak=soak,
        log=require_log(log_path) if log_path else None,
        as_json=as_json,
        report_path=report_path,
    )
    state = command.state
    dry_run = dry_run or command.until is Until.PLAN
    if state.phase is Phase.ROLLING_BACK:
        raise PreflightError(
            gettext("a rollback was begun and did not come to its end"), mend=gettext("run `notifykit rollback` first")
        )
    if state.phase is Phase.MIGRATING:
        _refuse_another(state, plan_path)
        if not dry_run:
            return command.carry_out(None)
        warn(gettext("this migration was begun; `notifykit migrate` goes on with it, `notifykit rollback` goes back"))
        command.show(planned(backups.find(command.folder, state.backup)), out=out, key=key)
        return CHANGES_PLANNED if detailed_exitcode else ExitCode.DONE
    if state.retiring and command.until is Until.RETIRE and not dry_run:
        return command.carry_out(None)
    options = Options(
        max_age=max_age,
        historic=Historic(historic),
        raised=Raised(raised),
        stopped=Stopped(stopped),
        timezone=settings_of(project.configuration).timezone,
        fit_anyway=fit_anyway,
    )
    try:
        with progress("reading the old state", "files"):
            plan = command.plan(plan_path, options, explain_fit=explain_fit)
    except StoreError as error:
        if error.passing:
            raise PreflightError(str(error)) from error  # another program holds it: that has to stop first
        raise
    except NothingToMigrateError as nothing:
        if not dry_run:
            command.sync_others()
        return _nothing(nothing, as_json=as_json)
    if explain_fit:
        return command.explain_fit(plan)
    if dry_run:
        command.show(plan, out=out, key=key)
        return CHANGES_PLANNED if detailed_exitcode else ExitCode.DONE
    if not as_json:
        report.show_plan(plan)
    handed = HandedPlan(plan)
    del plan
    return command.carry_out(handed)


def _refuse_another(state: State, plan_path: Path | None) -> None:
    if plan_path is not None and read_plan(plan_path).hash != state.plan_hash:
        raise WorldChangedError(
            gettext("another plan was begun and is half done"),
            mend=gettext("`notifykit migrate` goes on with it, `notifykit rollback` goes back"),
            where=plan_path,
        )


def _nothing(nothing: NothingToMigrateError, *, as_json: bool) -> ExitCode:
    if as_json:
        print_json({"message": str(nothing), "held": 0})
    else:
        out(str(nothing))
    return ExitCode.DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Command:
    """One call of `migrate`, as it was asked for."""

    project: Project
    folder: MigrationFolder
    yes: bool
    until: Until
    soak: float | None
    log: LegacyLog | None
    as_json: bool
    report_path: Path | None

    @property
    def state(self) -> State:
        """Where the project stands now."""
        return state_of(Journal.read(self.folder.journal))

    def plan(self, path: Path | None, options: Options, *, explain_fit: bool) -> Plan:
        """Read the plan that is to be carried out, or make one."""
        if path is None:
            now = float(int(self.project.clock.now()))
            return make_plan(self.project, options, now=now, log=self.log, explain_fit=explain_fit)
        plan = read_plan(path)
        if (used := was_used(Journal.read(self.folder.journal), plan.hash, plan.made_at)) is not None:
            raise WorldChangedError(
                gettext("this plan was carried out already ({at})", at=report.when(used.at)),
                mend=gettext("a plan applies once. Make a new one with `notifykit migrate --dry-run --out FILE`"),
                where=path,
            )
        return plan

    def explain_fit(self, plan: Plan) -> ExitCode:
        """Show how well the campaigns fit. Raises PreflightError where one does not."""
        if self.as_json:
            print_json({"fit": report.fit_form(plan)})
        else:
            report.show_fit(plan)
        require_fit(plan)
        return ExitCode.DONE

    def sync_others(self) -> None:
        """Carry over what notifykit.yaml says of other programs' messages since."""
        with migration_lock(self.folder, "migrate"):
            if self._migration.sync_others():
                warn(
                    gettext(
                        "other programs' messages: who sends them is now as `legacy: others:` in notifykit.yaml says"
                    )
                )

    @property
    def _migration(self) -> Migration:
        return Migration(project=self.project, folder=self.folder, tell=warn, who=account())

    def show(self, plan: Plan, *, out: Path | None, key: str | None) -> None:
        """Show a plan, and change nothing."""
        if out is not None:
            write_plan(plan, out)
            warn(gettext("the plan is in {out}; carry it out with `notifykit migrate --plan {out}`", out=out))
        if key is not None and self.as_json:
            print_json(report.contract_form(plan, key))
        elif key is not None:
            report.show_contract(plan, key)
        elif self.as_json:
            print_json(report.plan_summary_form(plan))
        else:
            report.show_plan(plan)
        self._write_page(plan, ())

    def carry_out(self, handed: HandedPlan | None) -> ExitCode:
        """Carry out a plan, which was shown; without one, go on with the migration that was begun."""
        if not self.yes:
            _ask(handed)
        with migration_lock(self.folder, "migrate"), progress("migrating", "steps"):
            if handed is None:
                warn(gettext("going on with the migration that was begun"))
                state = self.state
                done = self._migration.retire() if state.retiring else self._migration.resume(state, self.until)
            else:
                done = self._migration.start(handed, soak=self.soak, until=self.until, log=self.log)
        self._write_page(done.plan, done.checks)
        held = done.plan.holds if self.state.begun else 0
        self._tell(done, held)
        return ExitCode.HELD if held else ExitCode.DONE

    def _tell(self, done: Migrated, held: int) -> None:
        if self.as_json:
            print_json(
                {
                    "plan": report.plan_summary_form(done.plan),
                    "backup": str(done.backup.folder),
                    "checks": report.checks_form(done.checks)["checks"],
                    "retired": list(done.retired),
                    "held": held,
                }
            )
            return
        if done.checks:
            report.show_checks(done.checks)
        if held:
            out(
                gettext(
                    "{contracts} held for you: `notifykit tasks --status in_doubt` lists them, "
                    "`notifykit resolve` decides",
                    contracts=count(held, "contract"),
                )
            )

    def _write_page(self, plan: Plan, checks: Sequence[Check]) -> None:
        if self.report_path is not None:
            entries = Journal.read(self.folder.journal)
            report.write_page(
                self.report_path,
                plan=plan,
                checks=checks,
                entries=entries,
                made_at=self.project.clock.now(),
                wording=self.project.plugins.wording,
            )


def _ask(handed: HandedPlan | None) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError(
            gettext("this is no terminal where you could be asked; say --yes, or look first with --dry-run")
        )
    question = (
        gettext("Go on with the migration that was begun?")
        if handed is None
        else gettext("Stop the old program now. Migrate?")
    )
    click.confirm(question, abort=True)
