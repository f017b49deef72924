"""What a plugin tells a migration of the old state that its campaigns own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from notifykit.model import Record
from notifykit.wording import Reason

__all__ = ["Disposal", "Flag", "FlagWords", "KeepsFlags", "LegacyState", "OldState"]


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


class OldState(Protocol):
    """A kind of old state: a dataclass whose fields are the keys under `legacy:` in a campaign, beside `kind`."""

    def state(self, campaign: str) -> LegacyState:
        """Say what old state the campaign of this name owns, and whether a migration retires or keeps it."""
        ...


class Flag(StrEnum):
    """What the flag of a record says."""

    UNSENT = "unsent"
    SENT = "sent"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagWords:
    """How a file of flags says what was sent."""

    key: str
    """The column that holds the keys of records."""
    flag: str
    """The column that holds the flags."""
    unsent: str
    sent: str
    encoding: str
    """Of the file: the name of a codec, or `auto` where its bytes tell."""


@runtime_checkable
class KeepsFlags(Protocol):
    """A strategy that keeps a flag in a file. A migration and its rollback bring the flags in line through this.

    Its `start` was called before.
    """

    @property
    def flag_file(self) -> Path:
        """The file that holds the flags."""
        ...

    @property
    def flag_words(self) -> FlagWords:
        """Its columns and words, for programs of other kinds that read and write the same file."""
        ...

    def flag_of(self, record: Record) -> Flag:
        """Return what the record's flag says. Raises CampaignError where there is no flag column."""
        ...

    def with_flags(self, data: bytes, keys: Collection[str], flag: Flag) -> Iterable[bytes]:
        """Return the file's content with the flags of these keys set, to SENT or UNSENT; every other byte as it is.

        It comes in pieces, which are compared or put together: it is large. Flags that say neither of the two stay.
        """
        ...

    def set_flags(self, keys: Collection[str], flag: Flag) -> Mapping[str, Reason | str]:
        """Set the flags of these keys in the file, and read them back. Returns what was refused: key to reason.

        Rows that are gone, and flags that say neither of the two, are not refused: they have none to be set. May be
        cut short anywhere and be called again.
        """
        ...
