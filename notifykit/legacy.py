"""What a plugin tells a migration of the old state that its campaigns own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from notifykit.model import Record

__all__ = ["Disposal", "Flag", "KeepsFlags", "LegacyState"]


class Disposal(StrEnum):
    """What a migration does with an old status file."""

    RETIRE = "retire"
    KEEP = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyState:
    """One campaign's old state."""

    campaign: str
    status_file: Path
    """The send-status JSON file, relative to the project's folder."""
    sent_word: str
    """The value under a key that the old program took for *sent*."""
    disposal: Disposal
    number: str | None = None
    """The column whose value stands in the texts of the old program's messages; None where rows are never matched."""


class Flag(StrEnum):
    """What the flag of a record says."""

    UNSENT = "unsent"
    SENT = "sent"
    OTHER = "other"


@runtime_checkable
class KeepsFlags(Protocol):
    """A strategy that keeps a flag in a file. A migration and its rollback bring the flags in line through this.

    Its `start` was called before.
    """

    @property
    def flag_file(self) -> Path:
        """The file that holds the flags."""
        ...

    def flag_of(self, record: Record) -> Flag:
        """Return what the record's flag says. Raises CampaignError where there is no flag column."""
        ...

    def with_flags(self, data: bytes, keys: Collection[str], flag: Flag) -> bytes:
        """Return the file's content with the flags of these keys set, to SENT or UNSENT; every other byte as it is.

        Flags that say neither of the two stay.
        """
        ...

    def set_flags(self, keys: Collection[str], flag: Flag) -> Mapping[str, str]:
        """Set the flags of these keys in the file, and read them back. Returns what was refused: key to reason.

        May be cut short anywhere and be called again.
        """
        ...
