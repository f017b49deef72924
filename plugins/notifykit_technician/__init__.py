"""Technician changes: JSON sources, and the strategy that keeps the legacy send-status file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from notifykit import hookimpl
from notifykit.errors import ConfigError
from notifykit.hookspecs import Register
from notifykit.legacy import Disposal, LegacyState
from notifykit_technician.json_file import JsonFile
from notifykit_technician.json_http import JsonHttp
from notifykit_technician.legacy_status import TECHNICIAN_WORD, LegacyStatus


@hookimpl
def register_sources(register: Register) -> None:
    """Offer the JSON sources."""
    register("json_file", JsonFile)
    register("json_http", JsonHttp)


@hookimpl
def register_strategies(register: Register) -> None:
    """Offer the legacy send-status behaviour."""
    register("legacy_status", LegacyStatus)


@hookimpl
def legacy_state(campaign: str, options: dict[str, Any]) -> LegacyState | None:
    """Own the state of campaigns whose `legacy:` says `kind: technician`: their status file is kept.

    Raises ConfigError where it does not name the file.
    """
    if options.get("kind") != "technician":
        return None
    file = options.get("status_file")
    if not isinstance(file, str | Path) or not str(file):
        raise ConfigError(
            f"campaign {campaign}: legacy: `status_file` names no file ({file!r}); "
            "set it to the technicians' send-status JSON"
        )
    return LegacyState(campaign=campaign, status_file=Path(file), sent_word=TECHNICIAN_WORD, disposal=Disposal.KEEP)
