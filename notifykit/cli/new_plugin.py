"""`notifykit new-plugin`."""

from __future__ import annotations

from pathlib import Path

import click

from notifykit.cli.sections import example
from notifykit.errors import ExitCode
from notifykit.plugins.scaffold import create_plugin, next_steps
from notifykit.session import Session
from notifykit.terminal.console import info, json_option, out, print_json
from notifykit.terminal.paths import PathType
from notifykit.wording.translation import gettext


@click.command("new-plugin", epilog=example("notifykit new-plugin acme-sms"))
@click.argument("name")
@click.option(
    "--folder",
    type=PathType(file_okay=False),
    default=Path(),
    metavar="FOLDER",
    help="Where its folder is made. [default: here]",
)
@json_option
@click.pass_obj
def new_plugin(_session: Session, name: str, folder: Path, as_json: bool) -> ExitCode:
    """Make a folder with a plugin that works.

    With package, sender and tests. NAME is what its distribution is to be called.
    """
    files = create_plugin(name, folder)
    steps = next_steps(files[0].parent)
    if as_json:
        print_json({"files": [str(file) for file in files], "next": steps})
    else:
        for file in files:
            out(str(file))
        info(gettext("to set it up and try it:"), *(f"  {step}" for step in steps))
    return ExitCode.DONE
