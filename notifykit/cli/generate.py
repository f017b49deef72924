"""`notifykit generate`."""

from __future__ import annotations

from contextlib import closing

import click

from notifykit.cli.names import campaigns_option, selected
from notifykit.cli.report import exit_code, print_failures, print_generated
from notifykit.cli.sections import example
from notifykit.cli.stores import rehearsal
from notifykit.config.known_store import looks
from notifykit.errors import ExitCode
from notifykit.operate.forms import failures_form, generated_form
from notifykit.pipeline.project import Project
from notifykit.pipeline.run import Pass, generate_all
from notifykit.pipeline.selection import Selection
from notifykit.session import Session
from notifykit.terminal.console import json_option, out, print_json
from notifykit.terminal.progress import progress


@click.command(epilog=example("notifykit generate --dry-run", "notifykit generate beijing"))
@click.argument("named", nargs=-1, metavar="[CAMPAIGN]...")
@campaigns_option
@click.option("--dry-run", is_flag=True, help="Say what would be queued, and change nothing.")
@json_option
@click.pass_obj
@looks
def generate(
    session: Session, named: tuple[str, ...], campaigns: tuple[str, ...], dry_run: bool, as_json: bool
) -> ExitCode:
    """Queue messages for records that need notifying.

    All campaigns, or those named, as `[CAMPAIGN]...` or by `--campaign`. Nothing is sent. Rows that cannot be used are
    held and listed (exit code 3); a campaign that cannot go on does not stop the others (exit code 1).
    """
    project = session.open_project(secrets=not dry_run)
    this_pass = generate_pass(project, selected((*named, *campaigns)), dry_run=dry_run)
    print_failures(this_pass.failures)
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                "recalled": this_pass.recalled,
                "campaigns": [generated_form(item) for item in this_pass.generated],
                **failures_form(this_pass.failures),
            }
        )
    else:
        print_generated(this_pass.generated, dry_run=dry_run)
        if idle := project.idle:
            out(idle)
    return exit_code(failures=this_pass.failures, held=any(item.problems for item in this_pass.generated))


def generate_pass(project: Project, only: Selection, *, dry_run: bool) -> Pass:
    """Generate what is selected; those that cannot be used here fail with the reason."""
    project.require_campaigns()
    chosen = project.selected(only)
    this_pass = Pass(failures=project.unavailable(only.campaigns))
    with (
        rehearsal(project) if dry_run else closing(project.open_outbox(remember=False)) as outbox,
        progress("generating", "records") as more,
    ):
        generate_all(project, outbox, chosen, this_pass, dry_run=dry_run, progress=more)
    return this_pass
