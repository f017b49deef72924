"""Technician changes: JSON sources, and the strategy that keeps the legacy send-status file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifykit import hookimpl

if TYPE_CHECKING:
    from notifykit.hookspecs import Register


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
def register_legacy(register: Register) -> None:
    """Offer the old state of technician changes."""
    register("technician", "notifykit_technician.legacy_options:TechnicianState")
