"""Which plugins a project wants: its section `plugins`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPlugins:
    """What there is to say before plugins are loaded. `config.sections.PluginsSection` has the words for people."""

    block: tuple[str, ...] = ()
    strict: bool = False
    requires: tuple[str, ...] = ()
