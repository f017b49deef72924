"""Time, passed in so that tests never sleep."""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """Where the host reads the time."""

    def now(self) -> float:
        """Seconds since the epoch, UTC. May jump: never used to measure a duration within a process."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never jumps back."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return the wall clock."""
        return time.time()

    def monotonic(self) -> float:
        """Return the monotonic clock."""
        return time.monotonic()
