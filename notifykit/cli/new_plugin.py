"""`notifykit new-plugin`."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import click

from notifykit.cli.sections import example
from notifykit.errors import ExitCode
from notifykit.plugins.registry import Registry
from notifykit.plugins.scaffold import KINDS, create_plugin, next_steps
from notifykit.session import Session
from notifykit.terminal.console import info, json_option, out, print_json
from notifykit.terminal.paths import PathType
from notifykit.wording.translation import gettext


@click.command(
    "new-plugin", epilog=example("notifykit new-plugin acme-sms", "notifykit new-plugin acme-crm --kind source")
)
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(list(KINDS)),
    default="sender",
    show_default=True,
    help="What it is to be.",
)
@click.option(
    "--folder",
    type=PathType(file_okay=False),
    default=Path(),
    metavar="FOLDER",
    help="Where its folder is made. [default: here]",
)
@json_option
@click.pass_context
def new_plugin(context: click.Context, name: str, kind: str, folder: Path, as_json: bool) -> ExitCode:
    """Make a folder with a plugin that works.

    With package, licence, tests and a workflow that runs them. NAME is what its distribution is to be called; one that
    is taken here is refused. No package index is asked.
    """
    files = create_plugin(name, folder, kind=kind, taken=_taken(context, kind))
    steps = next_steps(files[0].parent)
    if as_json:
        print_json({"files": [str(file) for file in files], "next": steps})
    else:
        for file in files:
            out(str(file))
        info(gettext("to set it up and try it:"), *(f"  {step}" for step in steps))
        info(gettext("before you publish it: its name is free here; no package index was asked"))
    return ExitCode.DONE


def _taken(context: click.Context, kind: str) -> Collection[str]:
    """Return the names of that kind that are in use where this runs."""
    session = context.find_object(Session)
    registry = session.plugins.registry if session else Registry()
    parent = context.parent.command if context.parent else None
    commands = parent.commands if isinstance(parent, click.Group) else {}
    offered = {
        "sender": registry.senders,
        "source": registry.sources,
        "strategy": registry.strategies,
        "observer": (),
        "command": commands,
    }
    return offered[kind]
