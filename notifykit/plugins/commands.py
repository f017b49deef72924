"""The commands that a plugin adds: those that it has made, and those that are imported once they are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import click
import pluggy

from notifykit.errors import PluginClash, PluginError
from notifykit.hookspecs import RegisterCommand
from notifykit.plugins.checks import is_plain_line
from notifykit.plugins.named import OfferBrokenError, import_offered, is_place
from notifykit.plugins.report import PluginId, failure
from notifykit.wording.translation import gettext, joined


class LazyCommand(click.Command):
    """A command that is imported when it is called. Until then it has its name and its line in `--help`."""

    def __init__(self, name: str, line: str, load: Callable[[], click.Command]) -> None:
        super().__init__(name, help=line)
        self.load = load
        """Imports the command."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Let the command itself read its arguments: click then calls that one."""
        return self.load().make_context(info_name, args, parent, **extra)

    def get_help(self, ctx: click.Context) -> str:
        """Return the whole help of the command itself."""
        return self.load().get_help(ctx)


COMMAND_HOOKS = frozenset({"register_lazy_commands", "register_commands"})


def commands_of(plugin: PluginId, hooks: pluggy.HookRelay, cli: click.Group) -> Mapping[str, LazyCommand]:
    """Let one plugin add its commands by those hooks that it implements; returns those that it offers by their place.

    Where it raises, or replaces or removes a command, which is a PluginClash, `cli` is as it was before.
    """
    before = dict(cli.commands)
    names = set(cli.list_commands(click.Context(cli)))
    try:
        if register := getattr(hooks, "register_lazy_commands", None):
            register(register=_registering(plugin, cli))
        if register := getattr(hooks, "register_commands", None):
            register(cli=cli)
        after = dict(cli.commands)
        changed = {name for name in before | after if before.get(name) is not after.get(name)}
        if stolen := sorted(changed & names):
            raise PluginClash(  # noqa: TRY301 - undone like whatever else goes wrong here
                gettext("it replaces the command {commands}", commands=joined(gettext(", "), map(repr, stolen))),
                mend=gettext("call it something else"),
            )
    except BaseException:
        cli.commands.clear()
        cli.commands.update(before)
        raise
    return {name: found for name in changed if isinstance(found := after[name], LazyCommand)}


def _registering(plugin: PluginId, cli: click.Group) -> RegisterCommand:
    """Return what a plugin is given to call."""

    def register(name: str, place: str, line: str) -> None:
        if not is_plain_line(name):
            raise PluginError(
                gettext("a command cannot be called {name!r}", name=name),
                mend=gettext("give it a plain name such as 'acme-report'"),
            )
        if not is_place(place):
            raise PluginError(
                gettext("command {name!r} is offered as {place!r}", name=name, place=place),
                mend=gettext("say where it is, as 'acme.report:report'"),
            )
        if not is_plain_line(line):
            raise PluginError(
                gettext("command {name!r} has no line for `--help`", name=name),
                mend=gettext("give it the first line of its own help"),
            )
        cli.add_command(LazyCommand(name, line, partial(_load, plugin, place)))

    return register


def _load(plugin: PluginId, place: str) -> click.Command:
    found = import_offered(plugin, place)
    if not isinstance(found, click.Command):
        error = PluginError(
            gettext("{place} is {found!r}", place=place, found=found),
            mend=gettext("name a function that @click.command() decorates"),
        )
        raise OfferBrokenError(failure(plugin, error))
    return found
