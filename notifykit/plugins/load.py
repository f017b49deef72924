"""Load each plugin for itself: what one does wrong is recorded, and the others load."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING

import pluggy

from notifykit.errors import PluginError, pass_interrupt
from notifykit.plugins.checks import NEEDED_METHOD, check_module, new_manager
from notifykit.plugins.find import FoundPlugin, canonical, find_entry_points, identify, in_order
from notifykit.plugins.loaded import Plugins
from notifykit.plugins.registering import Registrations, empty_shelf, registry_of
from notifykit.plugins.report import LoadedPlugin, PluginId, failure
from notifykit.wording.translation import gettext

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from notifykit.plugins.failed import FailedPlugin

log = logging.getLogger(__name__)


def load_plugins(
    *,
    block: Collection[str] = (),
    strict: bool = False,
    entry_points: Iterable[FoundPlugin | EntryPoint] | None = None,
    local: Iterable[FoundPlugin] = (),
) -> Plugins:
    """Load the installed plugins, or the given entry points, and after them a project's own, which are `local`.

    `block` leaves out plugins by the name of their entry point or of their distribution. A plugin that is
    broken, or that claims a name which another one has, is left out whole and listed in `Plugins.failed`: our
    own distribution comes first, the others in the order of their names; the first to claim a name has it.

    Raises PluginError, listing every failure, where `strict`.
    """
    failed: list[FailedPlugin] = []
    if entry_points is None:
        entry_points, failed = find_entry_points()
    loading = _Loading(failed)
    unmatched, blocked = set(block), []
    for plugin, entry_point in (*in_order(entry_points), *((identify(one), one) for one in local)):
        names = (plugin.name, canonical(plugin.distribution))
        hits = {name for name in block if name in names or canonical(name) in names}
        unmatched -= hits
        if hits:
            blocked.append(plugin)
        else:
            loading.add(plugin, entry_point)
    plugins = Plugins(
        objects=loading.objects,
        alone=loading.alone,
        registry=registry_of(loading.shelf),
        loaded=loading.loaded,
        failed=failed,
        blocked=tuple(blocked),
        warnings=tuple(
            gettext("nothing is called {name!r}, so nothing was blocked by it", name=name) for name in sorted(unmatched)
        ),
        strict=strict,
    )
    if strict:
        plugins.import_offered()
    return plugins


def _alone(plugin: object, name: str) -> pluggy.PluginManager:
    """Return a manager of one plugin. Raises PluginError where its hooks will not do."""
    manager = new_manager(check_module(plugin))
    manager.register(plugin, name)
    return manager


_module_alone: Callable[[ModuleType, str], pluggy.PluginManager] = lru_cache(maxsize=128)(_alone)
"""Likewise: a module is looked at once in a process, however often plugins are loaded."""


class _Loading:
    """What has been loaded so far."""

    def __init__(self, failed: list[FailedPlugin]) -> None:
        self.objects: dict[str, object] = {}
        self.alone: dict[str, pluggy.HookRelay] = {}
        self.shelf = empty_shelf()
        self.loaded: list[LoadedPlugin] = []
        self._failed = failed
        self._names: dict[str, PluginId] = {}

    def add(self, plugin: PluginId, entry_point: FoundPlugin | EntryPoint) -> None:
        """Load one plugin, or record why not."""
        try:
            self._add(plugin, entry_point)
        except BaseException as error:
            pass_interrupt(error)
            self._failed.append(failure(plugin, error))
            log.debug("%s failed to load", plugin, exc_info=True)

    def _add(self, plugin: PluginId, entry_point: FoundPlugin | EntryPoint) -> None:
        first = self._names.setdefault(plugin.name, plugin)
        if first is not plugin:
            raise PluginError(
                gettext("its name is taken by {first}", first=first),
                mend=gettext("rename the entry point, or uninstall one of the two"),
            )
        with contextlib.redirect_stdout(sys.stderr):  # a print at import must not spoil what stdout is for
            module = entry_point.load()
            alone = (
                _module_alone(module, plugin.name) if isinstance(module, ModuleType) else _alone(module, plugin.name)
            )
            if twin := next((name for name, other in self.objects.items() if other == module), None):
                raise PluginError(
                    gettext("it names the very object of plugin {twin!r}", twin=twin),
                    mend=gettext("remove one of the entry points"),
                )
            offers = Registrations(plugin, self.shelf)
            for role in NEEDED_METHOD:
                if register := getattr(alone.hook, f"register_{role}", None):
                    register(register=offers.register(role))
            offers.close()
        self.objects[plugin.name] = module
        self.alone[plugin.name] = alone.hook
        self.loaded.append(
            LoadedPlugin(
                name=plugin.name,
                distribution=plugin.distribution,
                version=plugin.version,
                local=plugin.local,
                location=_location(module),
                hooks=tuple(sorted(caller.name for caller in alone.get_hookcallers(module) or ())),
                types=offers.take_over(),
            )
        )


def _location(plugin: object) -> str:
    module = plugin if hasattr(plugin, "__file__") else sys.modules.get(type(plugin).__module__)
    return str(getattr(module, "__file__", None) or "(unknown)")
