"""The entry points that may be plugins, in a fixed order: our own distribution first, the others by name."""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from notifykit.errors import PluginError
from notifykit.hookspecs import PROJECT
from notifykit.plugins.distributions import InfoFolder, distributions, entry_points
from notifykit.plugins.report import PluginId, failure
from notifykit.wording.translation import gettext, gettext_noop

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

    from notifykit.plugins.failed import FailedPlugin
    from notifykit.plugins.local import LocalFile

OWN_DISTRIBUTION = "notifykit-outbox"
NO_DISTRIBUTION = gettext_noop("(no distribution)")


class FoundPlugin:
    """An entry point of the group `notifykit`. Has what is needed of `importlib.metadata.EntryPoint`."""

    local = False
    """Whether a project brings it itself."""

    def __init__(self, name: str, value: str, dist: InfoFolder | Distribution | LocalFile) -> None:
        self.name = name
        self.value = value
        """`module`, or `module:object`."""
        self.dist = dist

    def load(self) -> object:
        """Return the module or object. Raises whatever importing it does, and AttributeError."""
        module, _, names = self.value.partition("[")[0].partition(":")
        return functools.reduce(
            getattr, filter(None, names.strip().split(".")), importlib.import_module(module.strip())
        )


def find_entry_points() -> tuple[list[FoundPlugin], list[FailedPlugin]]:
    """Return the entry points of the group `notifykit`, and the distributions whose list is torn.

    Not by `importlib.metadata.entry_points()`: one malformed entry_points.txt anywhere makes it fail whole.
    """
    found: list[FoundPlugin] = []
    failed: list[FailedPlugin] = []
    seen: set[str] = set()
    for distribution in distributions():
        try:
            text = distribution.read_text("entry_points.txt") or ""
            if f"[{PROJECT}]" not in text:
                continue
            name = canonical(distribution.name)
            if name not in seen:
                seen.add(name)
                pairs = entry_points(text, PROJECT)
                found += [FoundPlugin(point, value, distribution) for point, value in pairs]
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the others load; it is reported
            where = gettext("(something damaged in {folder})", folder=distribution.locate_file(""))
            mend = gettext("what is installed there is damaged: reinstall or remove it")
            failed.append(failure(PluginId(name="?", distribution=where, version=""), error, mend))
    return found, failed


def own_version() -> str:
    """Return the version of notifykit. Raises PluginError where it is not installed, but only lies there."""
    for plugin in map(identify, find_entry_points()[0]):
        if canonical(plugin.distribution) == OWN_DISTRIBUTION:
            return plugin.version
    raise PluginError(
        gettext("{distribution} is not installed, so it has no version", distribution=OWN_DISTRIBUTION),
        mend=gettext("install it with pip"),
    )


def identify(entry_point: FoundPlugin | EntryPoint) -> PluginId:
    """Say which plugin an entry point is."""
    dist = entry_point.dist
    return PluginId(
        name=entry_point.name,
        distribution=dist.name if dist else NO_DISTRIBUTION,
        version=(dist.version or "") if dist else "",
        local=getattr(entry_point, "local", False),
    )


def in_order(
    entry_points: Iterable[FoundPlugin | EntryPoint],
) -> list[tuple[PluginId, FoundPlugin | EntryPoint]]:
    """Sort: our own distribution first, then by the names of distribution and entry point."""
    pairs = [(identify(entry_point), entry_point) for entry_point in entry_points]
    return sorted(pairs, key=lambda pair: _rank(pair[0]))


def _rank(plugin: PluginId) -> tuple[bool, str, str]:
    name = canonical(plugin.distribution)
    return name != OWN_DISTRIBUTION, name, plugin.name


def canonical(name: str) -> str:
    """Spell a distribution's name as package indexes do."""
    return re.sub(r"[-_.]+", "-", name).lower()
