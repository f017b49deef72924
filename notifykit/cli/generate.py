"""`notifykit generate`."""

from __future__ import annotations

from contextlib import closing

import click

from notifykit.cli.examples import example
from notifykit.cli.forms import generated_form
from notifykit.cli.report import exit_code, print_failures, print_generated
from notifykit.cli.stores import rehearsal
from notifykit.errors import ExitCode
from notifykit.pipeline.project import Host
from notifykit.pipeline.run import Cycle, generate_all
from notifykit.session import Session
from notifykit.terminal.console import json_option, print_json, result
from notifykit.terminal.progress import progress


@click.command(epilog=example("notifykit generate --dry-run", "notifykit generate beijing"))
@click.argument("campaigns", nargs=-1, metavar="[CAMPAIGN]...")
@click.option("--dry-run", is_flag=True, help="Say what would be queued, and change nothing.")
@json_option
@click.pass_obj
def generate(session: Session, campaigns: tuple[str, ...], dry_run: bool, as_json: bool) -> ExitCode:
    """Queue messages for records that need notifying.

    All campaigns, or those named. Nothing is sent. Rows that cannot be used are held and listed (exit code 3); a
    campaign that cannot go on does not stop the others (exit code 1).
    """
    host = session.open_host(secrets=not dry_run)
    cycle = generate_cycle(host, campaigns, dry_run=dry_run)
    print_failures(cycle.failures)
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                "campaigns": [generated_form(item) for item in cycle.generated],
                "failures": cycle.failures,
            }
        )
    else:
        print_generated(cycle.generated, dry_run=dry_run)
        if not (cycle.generated or cycle.failures):
            result("no campaign is enabled" if host.configuration.disabled else "there is no campaign file")
    return exit_code(failures=cycle.failures, held=any(item.problems for item in cycle.generated))


def generate_cycle(host: Host, names: tuple[str, ...], *, dry_run: bool) -> Cycle:
    """Generate the campaigns; those that cannot be used here fail with the reason."""
    chosen = host.campaigns(names)
    cycle = Cycle(failures=host.unavailable(names))
    with (
        rehearsal(host) if dry_run else closing(host.open_outbox()) as outbox,
        progress("generating", "records") as more,
    ):
        generate_all(host, outbox, chosen, cycle, dry_run=dry_run, progress=more)
    return cycle
