"""What a plugin tells a migration of the old state that its campaigns own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Disposal(StrEnum):
    """What a migration does with an old status file."""

    RETIRE = "retire"
    KEEP = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyState:
    """One campaign's old state."""

    campaign: str
    status_file: Path
    """The send-status JSON file."""
    sent_word: str
    """The value under a key that the old program took for *sent*."""
    disposal: Disposal
