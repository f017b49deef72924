"""`notifykit plugins`."""

from __future__ import annotations

import click

from notifykit.cli.sections import example
from notifykit.errors import ExitCode
from notifykit.plugins import LoadedPlugin
from notifykit.session import Session
from notifykit.terminal.console import json_option, out, print_json
from notifykit.terminal.tables import print_table
from notifykit.wording.translation import gettext


@click.command(epilog=example("notifykit plugins", "notifykit plugins --json"))
@json_option
@click.pass_obj
def plugins(session: Session, as_json: bool) -> ExitCode:
    """List the plugins, and what each offers.

    With version and place; and which are blocked, or broken and why.
    """
    found = session.plugins
    found.import_offered()
    if as_json:
        print_json(found.listing())
        return ExitCode.DONE
    print_table(
        ["plugin", "distribution", "version", "offers", "hooks"],
        [
            (plugin.name, plugin.distribution, plugin.version, _offers(plugin), _other_hooks(plugin))
            for plugin in found.loaded
        ],
    )
    for plugin in found.loaded:
        out(f"{plugin.name}: {plugin.location}")
    for blocked in found.blocked:
        out(gettext("blocked: {plugin}", plugin=blocked))
    for failed in found.failed:
        out(gettext("broken: {failure}", failure=failed))
    for warning in found.warnings:
        out(gettext("block list: {warning}", warning=warning))
    return ExitCode.DONE


def _offers(plugin: LoadedPlugin) -> str:
    return "; ".join(f"{role} {', '.join(names)}" for role, names in plugin.types.items() if names)


def _other_hooks(plugin: LoadedPlugin) -> str:
    """Return the hooks that the types do not tell of already."""
    told = {f"register_{role}" for role in plugin.types}
    return ", ".join(hook for hook in plugin.hooks if hook not in told)
