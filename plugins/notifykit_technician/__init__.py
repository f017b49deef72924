"""Technician changes: JSON sources, and the strategy that keeps the legacy send-status file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notifykit import hookimpl

if TYPE_CHECKING:
    from notifykit.hookspecs import Register
    from notifykit.legacy import LegacyState


@hookimpl
def register_sources(register: Register) -> None:
    """Offer the JSON sources."""
    register("json_file", "notifykit_technician.json_file:JsonFile")
    register("json_http", "notifykit_technician.json_http:JsonHttp")


@hookimpl
def register_strategies(register: Register) -> None:
    """Offer the legacy send-status behaviour."""
    register("legacy_status", "notifykit_technician.legacy_status:LegacyStatus")


@hookimpl
def legacy_state(campaign: str, options: dict[str, Any]) -> LegacyState | None:
    """Own the state of campaigns whose `legacy:` says `kind: technician`: their status file is kept.

    Raises ConfigError where it does not name the file.
    """
    from notifykit_technician.legacy_options import state_of

    return state_of(campaign, options)
