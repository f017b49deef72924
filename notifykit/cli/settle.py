"""`notifykit settle`."""

from __future__ import annotations

import click

from notifykit.cli.names import campaigns_option, selected, tell
from notifykit.cli.report import exit_code, print_failures, print_settled
from notifykit.cli.sections import example
from notifykit.cli.stores import existing
from notifykit.errors import ExitCode
from notifykit.model import Status
from notifykit.operate.forms import failures_form, settled_form
from notifykit.outbox.places import KeepsPlaces
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Filter, is_reserved
from notifykit.pipeline.project import Project
from notifykit.pipeline.run import Pass, settle_all
from notifykit.session import Session
from notifykit.terminal.console import count, json_option, out, print_json
from notifykit.terminal.progress import progress
from notifykit.wording.translation import gettext


@click.command(epilog=example("notifykit settle", "notifykit settle beijing --json"))
@click.argument("named", nargs=-1, metavar="[CAMPAIGN]...")
@campaigns_option
@json_option
@click.pass_obj
def settle(session: Session, named: tuple[str, ...], campaigns: tuple[str, ...], as_json: bool) -> ExitCode:
    """Write the results where people look.

    For all campaigns, or those named, as `[CAMPAIGN]...` or by `--campaign`.

    Sets the flags of records whose every message is sent; cancelled ones do not count. A write-back that is refused (a
    file open in a spreadsheet program) stays owed, and is shown with the reason (exit code 3).
    """
    project = session.open_project(secrets=False)
    only = selected((*named, *campaigns))
    chosen = project.settling(only.campaigns)
    tell("settle", only)
    this_pass = Pass()
    orphans: dict[str, int] = {}
    with existing(project, upgrade=True) as outbox:
        if outbox is not None:
            with progress("writing flags", "campaigns"):
                settle_all(project, outbox, chosen, this_pass)
            owing = set(outbox.owing_campaigns()) - {campaign.name for campaign in project.described}
            this_pass.failures |= {
                name: why for name, why in project.unavailable(only.campaigns).items() if name in owing
            }
            orphans = {} if only else find_orphans(project, outbox)
    print_failures(this_pass.failures)
    if as_json:
        print_json(
            {
                "campaigns": [settled_form(item, project.plugins.wording) for item in this_pass.settled],
                **failures_form(this_pass.failures),
                "undescribed": orphans,
            }
        )
    else:
        print_settled(this_pass.settled)
        print_orphans(orphans)
        did = any(item.completed or item.refused for item in this_pass.settled)
        if outbox is not None and not (did or this_pass.failures or orphans):
            out(gettext("nothing is owed"))
    return exit_code(failures=this_pass.failures, held=orphans or any(item.refused for item in this_pass.settled))


def find_orphans(project: Project, outbox: Outbox) -> dict[str, int]:
    """Return the campaigns of this machine that no file describes and that still owe write-backs, with how many."""
    described = {campaign.name for campaign in project.described} | set(project.unavailable())
    if isinstance(outbox, KeepsPlaces):
        here = project.configuration.settings.place
        described |= {name for name, kept in outbox.places().items() if kept.place != here}
    owing = {
        name: sum(1 for _ in outbox.tasks(Filter(campaign=name, statuses=(Status.SENT,))))
        for name in sorted(outbox.owing_campaigns())
        if name not in described and not is_reserved(name)
    }
    return {name: number for name, number in owing.items() if number}


def print_orphans(orphans: dict[str, int]) -> None:
    """Show them, and what to do."""
    for name, number in orphans.items():
        out(
            gettext(
                "owed: campaign {name}: no file describes it any more, and {messages} of it cannot be written "
                "back; put the file back (`enabled: false` keeps it from generating), or, where it was "
                'renamed, run `notifykit campaign rename "{name}" NEW --why TEXT`',
                name=name,
                messages=count(number, "message"),
            )
        )
