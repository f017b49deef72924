"""Technician changes: JSON sources, and the strategy that keeps the legacy send-status file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifykit import hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifykit.hookspecs import Register
    from notifykit.wording.translation import Catalogue


@hookimpl
def register_sources(register: Register) -> None:
    """Offer the JSON sources."""
    register("json_file", "notifykit_technician.json_file:JsonFile")
    register("json_lines", "notifykit_technician.json_lines:JsonLines")
    register("json_http", "notifykit_technician.json_http:JsonHttp")
    register("http_json", "notifykit_technician.json_http:JsonHttp")


@hookimpl
def register_strategies(register: Register) -> None:
    """Offer the legacy send-status behaviour."""
    register("legacy_status", "notifykit_technician.legacy_status:LegacyStatus")


@hookimpl
def register_legacy(register: Register) -> None:
    """Offer the old state of technician changes."""
    register("technician", "notifykit_technician.legacy_options:TechnicianState")


@hookimpl
def register_translations(register: Callable[[Catalogue], None]) -> None:
    """Offer what it says in other languages."""
    from pathlib import Path

    from notifykit.wording.translation import Catalogue

    register(Catalogue("notifykit_technician", Path(__file__).parent / "locale"))
