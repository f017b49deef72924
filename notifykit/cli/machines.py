"""`notifykit machines`."""

from __future__ import annotations

import click

from notifykit.cli.sections import example
from notifykit.cli.stores import existing
from notifykit.config.known_store import looks
from notifykit.errors import ExitCode
from notifykit.operate.machines import keeping_places
from notifykit.operate.state_forms import machine_form
from notifykit.outbox.values import Machine
from notifykit.session import Session
from notifykit.terminal.console import json_option, out, print_json
from notifykit.terminal.tables import Key, Right, print_table
from notifykit.terminal.times import local, relative
from notifykit.wording.translation import gettext


@click.command(epilog=example("notifykit machines"))
@json_option
@click.pass_obj
@looks
def machines(session: Session, as_json: bool) -> ExitCode:
    """List who works: the processes of `worker` and `run` on all machines.

    With when each was last seen, how far its clock is off, and how many messages it is sending. One that was killed
    is listed for a day.
    """
    project = session.open_project(secrets=False)
    found: list[Machine] = []
    now = project.clock.now()
    with existing(project) as outbox:
        if outbox is not None:
            found, now = keeping_places(project, outbox).machines(), outbox.now()
    if as_json:
        print_json({"machines": [machine_form(one) for one in found]})
    elif found:
        print_table(
            ["place", Key("name"), "does", "version", "since", "last seen", Right("clock"), Right("on the wire")],
            [
                (
                    one.place,
                    one.name,
                    one.does,
                    one.version,
                    local(one.since),
                    relative(one.seen_at, now),
                    f"{-one.ahead:+.1f} s",
                    f"{one.on_wire:,}",
                )
                for one in found
            ],
        )
    else:
        out(gettext("nobody works"))
    return ExitCode.DONE
