"""What is measured of a queue library, each in its own default settings.

The libraries are an optional extra and ship no types, so each is imported by name where it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.rivals.raw_sqlite import Send
from benchmarks.world import Text


class Queue(Protocol):
    """A queue in a file."""

    def put_all(self, texts: Sequence[Text]) -> None:
        """Queue all of these by the fastest way that the library offers."""
        ...

    def dispatch(self, send: Send) -> int:
        """Take, send and acknowledge until the queue is empty; returns how many."""
        ...

    def close(self) -> None:
        """Close the files."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """A rival, if it is there."""

    name: str
    open: Callable[[Path], Queue]
    """Takes a folder."""
    missing: str | None
    """Why it cannot be measured here; None where it can."""
    bulk: bool
    """Whether it can queue many messages in one commit."""
