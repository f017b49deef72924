"""What a store keeps of messages that were moved to an archive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

__all__ = ["ARCHIVE_NOTES", "ArchivePlace", "KeepsPruned", "PrunedMessage", "archive_of", "place_name"]

ARCHIVE_NOTES = "archive"
"""The topic of the notes by which a store knows in which state it left an archive: by `place_name`."""


def archive_of(store: Path) -> Path:
    """Return the name of the archive beside a store, or beside the project file of one that a server keeps."""
    return store.with_name(f"{store.stem}-archive.db")


def place_name(path: str, host: str) -> str:
    """Return by which an archive on a machine is noted."""
    return f"{path} on {host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivePlace:
    """Where messages were moved to."""

    path: str
    """The file, absolute, as it was called on that machine."""
    host: str
    since: float
    """When the first came there, in UTC seconds."""
    until: float
    """When the last did."""
    tasks: int
    """How many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunedMessage:
    """A message that was moved to an archive: it was sent and written back."""

    campaign: str
    key: str
    name: str
    rounds: int
    """The last round of it that was sent."""
    period: str = ""
    """The last period of which it was sent; empty where it has none."""


@runtime_checkable
class KeepsPruned(Protocol):
    """What a store keeps of the messages that were moved to an archive."""

    def pruned(self, key: str, campaign: str | None = None) -> list[PrunedMessage]:
        """Return what was moved of a key, by campaign and message."""
        ...

    def count_pruned(self) -> int:
        """Return how many messages were moved."""
        ...

    def pruned_by_campaign(self) -> Mapping[str, int]:
        """Return how many messages were moved of each campaign of which any was."""
        ...

    def archives(self) -> list[ArchivePlace]:
        """Return where messages were moved to, the latest first."""
        ...
