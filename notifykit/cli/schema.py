"""`notifykit schema`."""

from __future__ import annotations

from typing import get_args

import click

from notifykit.cli.sections import example
from notifykit.config.schema import Kind, json_schema
from notifykit.errors import ExitCode
from notifykit.session import Session
from notifykit.terminal.console import print_json


@click.command(epilog=example("notifykit schema > campaign.json", "notifykit schema project"))
@click.argument("kind", type=click.Choice(get_args(Kind)), default="campaign", metavar="[KIND]")
@click.pass_obj
def schema(session: Session, kind: Kind) -> ExitCode:
    """Print the JSON Schema of a configuration file, for editors.

    KIND is campaign (the default), base (a file that is only there to be extended) or project (notifykit.yaml). The
    options of all loaded plugins are in it. An editor finds it by a line at the top of the file:
    # yaml-language-server: $schema=campaign.json
    """
    print_json(json_schema(session.plugins.registry, kind))
    return ExitCode.DONE
