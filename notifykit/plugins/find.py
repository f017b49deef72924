"""The entry points that may be plugins, in a fixed order: our own distribution first, the others by name."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable
from importlib.metadata import EntryPoint

from notifykit.hookspecs import PROJECT
from notifykit.plugins.report import FailedPlugin, PluginId, failure

OWN_DISTRIBUTION = "notifykit-outbox"
NO_DISTRIBUTION = "(no distribution)"


def find_entry_points() -> tuple[list[EntryPoint], list[FailedPlugin]]:
    """Return the entry points of the group `notifykit`, and the distributions whose list is torn.

    Not by `importlib.metadata.entry_points()`: one malformed entry_points.txt anywhere makes it fail whole.
    """
    found: list[EntryPoint] = []
    failed: list[FailedPlugin] = []
    seen: set[str] = set()
    for distribution in importlib.metadata.distributions():
        try:
            if f"[{PROJECT}]" not in (distribution.read_text("entry_points.txt") or ""):
                continue
            name = canonical(distribution.name)
            if name not in seen:
                seen.add(name)
                found.extend(distribution.entry_points.select(group=PROJECT))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the others load; it is reported
            where = f"(something damaged in {distribution.locate_file('')})"
            mend = "what is installed there is damaged: reinstall or remove it"
            failed.append(failure(PluginId(name="?", distribution=where, version=""), error, mend))
    return found, failed


def identify(entry_point: EntryPoint) -> PluginId:
    """Say which plugin an entry point is."""
    dist = entry_point.dist
    return PluginId(
        name=entry_point.name,
        distribution=dist.name if dist else NO_DISTRIBUTION,
        version=(dist.version or "") if dist else "",
    )


def in_order(entry_points: Iterable[EntryPoint]) -> list[tuple[PluginId, EntryPoint]]:
    """Sort: our own distribution first, then by the names of distribution and entry point."""
    pairs = [(identify(entry_point), entry_point) for entry_point in entry_points]
    return sorted(pairs, key=lambda pair: _rank(pair[0]))


def _rank(plugin: PluginId) -> tuple[bool, str, str]:
    name = canonical(plugin.distribution)
    return name != OWN_DISTRIBUTION, name, plugin.name


def canonical(name: str) -> str:
    """Spell a distribution's name as package indexes do."""
    return re.sub(r"[-_.]+", "-", name).lower()
