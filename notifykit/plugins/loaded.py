"""The loaded plugins, as the host uses them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

import click
import pluggy

from notifykit import hookspecs
from notifykit.errors import PluginClash, PluginError
from notifykit.plugins.registry import Registry
from notifykit.plugins.report import FailedPlugin, LoadedPlugin, PluginId, failure

log = logging.getLogger(__name__)


class Plugins:
    """Everything that came of loading. Build it with `load_plugins`."""

    def __init__(
        self,
        *,
        manager: pluggy.PluginManager,
        alone: Mapping[str, pluggy.HookRelay],
        registry: Registry,
        loaded: Sequence[LoadedPlugin],
        failed: list[FailedPlugin],
        blocked: tuple[PluginId, ...],
        warnings: tuple[str, ...],
        strict: bool,
    ) -> None:
        self.hook = manager.hook
        """Calls a hook of all plugins at once; what one of them raises comes through."""
        self.registry = registry
        self.loaded = tuple(loaded)
        self.blocked = blocked
        self.warnings = warnings
        """What was asked of loading and had no effect."""
        self._failed = failed
        self._strict = strict
        self._alone = alone
        self._observers = {hook: tuple(_observers(manager, alone, hook)) for hook in vars(manager.hook)}
        self._complained: set[tuple[str, str]] = set()

    @property
    def failed(self) -> tuple[FailedPlugin, ...]:
        """What is left out, and why."""
        return tuple(self._failed)

    def observed(self, hook: str) -> bool:
        """Whether any plugin implements this hook."""
        return bool(self._observers[hook])

    def observe(self, hook: str, **arguments: object) -> None:
        """Call an observer hook of each plugin for itself, from any thread.

        What a plugin raises is logged as a warning under its name, the first time with its traceback.
        """
        for name, call in self._observers[hook]:
            try:
                call(**arguments)
            except (Exception, SystemExit) as error:  # an observer never stops the job; it is logged
                first = (name, hook) not in self._complained
                self._complained.add((name, hook))
                log.warning("plugin %r failed in %s: %s", name, hook, type(error).__name__, exc_info=first)

    def add_commands(self, cli: click.Group) -> None:
        """Let each plugin add its commands. One that raises, or takes a name that is in use, adds none.

        Raises PluginError, listing every failure, where the plugins were loaded strictly.
        """
        for plugin in self.loaded:
            if "register_commands" in plugin.hooks:
                self._add_commands(plugin, cli)
        if self._strict:
            raise_for(self._failed)

    def _add_commands(self, plugin: LoadedPlugin, cli: click.Group) -> None:
        before = dict(cli.commands)
        names = set(cli.list_commands(click.Context(cli)))
        try:
            self._alone[plugin.name].register_commands(cli=cli)
            after = dict(cli.commands)
            changed = {name for name in before | after if before.get(name) is not after.get(name)}
            if stolen := sorted(changed & names):
                raise PluginClash(  # noqa: TRY301 - undone and recorded like whatever else goes wrong here
                    f"it replaces the command {', '.join(map(repr, stolen))}; call it something else"
                )
        except (Exception, SystemExit) as error:  # whatever a stranger's hook does: recorded
            cli.commands.clear()
            cli.commands.update(before)
            self._failed.append(failure(plugin, error))
            log.debug("%s failed to add its commands", plugin, exc_info=True)

    def listing(self) -> dict[str, list[object]]:
        """Return plain data for JSON: `plugins`, `blocked`, `failed`, `warnings`."""
        return {
            "plugins": [plugin.as_data() for plugin in self.loaded],
            "blocked": [plugin.as_data() for plugin in self.blocked],
            "failed": [plugin.as_data() for plugin in self._failed],
            "warnings": list(self.warnings),
        }


def _observers(
    manager: pluggy.PluginManager, alone: Mapping[str, pluggy.HookRelay], hook: str
) -> Iterable[tuple[str, Callable[..., object]]]:
    """Yield each implementation in pluggy's calling order (`tryfirst`, then the last that was registered)."""
    for implementation in reversed(getattr(manager.hook, hook).get_hookimpls()):
        yield implementation.plugin_name, getattr(alone[implementation.plugin_name], hook)


def raise_for(failed: Sequence[FailedPlugin]) -> None:
    """Raise PluginError where there is any failure."""
    if failed:
        raise PluginError("\n".join(["with --strict-plugins a broken plugin is fatal:", *map(str, failed)]))


SPECIFIED = tuple(name for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec"))
"""The names of all hooks."""
