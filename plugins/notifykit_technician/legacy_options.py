"""What the old technician jobs keep: their send-status JSON file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from notifykit.errors import ConfigError
from notifykit.legacy import Disposal, LegacyState
from notifykit_technician.legacy_status import TECHNICIAN_WORD


def state_of(campaign: str, options: Mapping[str, object]) -> LegacyState | None:
    """Return the state that a `legacy:` section of kind `technician` names; None for other kinds.

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
