"""What the old technician job keeps: a send-status JSON file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from notifykit.legacy import Disposal, LegacyState
from notifykit.options import OptionError
from notifykit.wording.translation import gettext
from notifykit_technician.legacy_status import TECHNICIAN_WORD


@dataclass(frozen=True, slots=True, kw_only=True)
class TechnicianState:
    """The send-status file of technician changes. A migration keeps it, byte for byte."""

    status_file: Path
    """The technicians' send-status JSON file; relative to notifykit.yaml."""

    def __post_init__(self) -> None:
        """Raise ValueError where it names no file."""
        if not self.status_file.name:
            raise OptionError(
                "status_file", gettext("names no file"), mend=gettext("name the technicians' send-status JSON file")
            )

    def state(self, campaign: str) -> LegacyState:
        """Name the file, which a migration keeps."""
        return LegacyState(
            campaign=campaign, status_file=self.status_file, sent_word=TECHNICIAN_WORD, disposal=Disposal.KEEP
        )
