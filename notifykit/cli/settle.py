"""`notifykit settle`."""

from __future__ import annotations

import click

from notifykit.cli.examples import example
from notifykit.cli.forms import settled_form
from notifykit.cli.report import exit_code, print_failures, print_settled
from notifykit.cli.stores import existing
from notifykit.errors import ExitCode
from notifykit.model import Status
from notifykit.outbox import Outbox
from notifykit.outbox.protocol import Filter
from notifykit.pipeline.project import Host
from notifykit.pipeline.run import Cycle, settle_all
from notifykit.session import Session
from notifykit.terminal.console import count, json_option, print_json, result
from notifykit.terminal.progress import progress


@click.command(epilog=example("notifykit settle", "notifykit settle beijing --json"))
@click.argument("campaigns", nargs=-1, metavar="[CAMPAIGN]...")
@json_option
@click.pass_obj
def settle(session: Session, campaigns: tuple[str, ...], as_json: bool) -> ExitCode:
    """Write the results where people look.

    Sets the flags of records whose every message is sent. A write-back that is refused (a file open in a spreadsheet
    program) stays owed, and is shown with the reason (exit code 3).
    """
    host = session.open_host(secrets=False)
    chosen = host.settling(campaigns)
    cycle = Cycle()
    orphans: dict[str, int] = {}
    with existing(host, upgrade=True) as outbox:
        if outbox is not None:
            with progress("writing flags", "campaigns"):
                settle_all(host, outbox, chosen, cycle)
            owing = set(outbox.owing_campaigns())
            cycle.failures |= {name: why for name, why in host.unavailable(campaigns).items() if name in owing}
            orphans = {} if campaigns else find_orphans(host, outbox)
    print_failures(cycle.failures)
    if as_json:
        print_json(
            {
                "campaigns": [settled_form(item) for item in cycle.settled],
                "failures": cycle.failures,
                "undescribed": orphans,
            }
        )
    else:
        print_settled(cycle.settled)
        print_orphans(orphans)
        did = any(item.completed or item.refused for item in cycle.settled)
        if outbox is not None and not (did or cycle.failures or orphans):
            result("nothing is owed")
    return exit_code(failures=cycle.failures, held=orphans or any(item.refused for item in cycle.settled))


def find_orphans(host: Host, outbox: Outbox) -> dict[str, int]:
    """Return the campaigns that no file describes and that still owe write-backs, with how many."""
    described = {campaign.name for campaign in host.described} | set(host.unavailable())
    return {
        name: sum(1 for _ in outbox.tasks(Filter(campaign=name, statuses=(Status.SENT,))))
        for name in sorted(outbox.owing_campaigns())
        if name not in described
    }


def print_orphans(orphans: dict[str, int]) -> None:
    """Show them, and what to do."""
    for name, number in orphans.items():
        result(
            f"owed: campaign {name}: no file describes it any more, and {count(number, 'message')} of it "
            "cannot be written back; put the file back (`enabled: false` keeps it from generating)"
        )
