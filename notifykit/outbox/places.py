"""What a store is asked that several machines use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from notifykit.outbox.values import Machine, SourcePlace

__all__ = ["KeepsPlaces", "TellsSnapshots"]


@runtime_checkable
class KeepsPlaces(Protocol):
    """What a store of several machines keeps of them, too: where files are, and which processes are at work."""

    def places(self) -> Mapping[str, SourcePlace]:
        """Return where the files of each campaign are, by its name."""
        ...

    def place_of(self, campaign: str) -> SourcePlace | None:
        """Return where the files of a campaign are; None where nobody has said, and nothing was queued of it."""
        ...

    def keep_place(self, place: SourcePlace, *, move: bool = False) -> SourcePlace:
        """Keep where the files of a campaign are, unless that is known; with `move`, instead of what is known.

        Returns what is kept then. Earlier places are kept for whoever asks who moved what.
        """
        ...

    def be_seen(self, machine: Machine) -> None:
        """Keep that a process is at work, as of now: `since`, `seen_at` and `ahead` are the store's own."""
        ...

    def leave(self, name: str) -> None:
        """Forget a process that ends."""
        ...

    def machines(self) -> list[Machine]:
        """Return the processes at work, and those that were seen within a day, by place and name."""
        ...


@runtime_checkable
class TellsSnapshots(Protocol):
    """A capability beside `Outbox`: a store whose old row versions wait for its oldest snapshot."""

    def oldest_snapshot(self) -> float:
        """Return its age in seconds; 0 where there is none."""
        ...
