"""Time, passed in so that tests never sleep."""

from __future__ import annotations

import sys
import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """Where the host reads the time."""

    def now(self) -> float:
        """Seconds since the epoch, UTC. May jump: never used to measure a duration within a process."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never jumps, and goes on while the machine sleeps where the system can."""
        ...


_THROUGH_SLEEP: int | None = getattr(time, "CLOCK_MONOTONIC" if sys.platform == "darwin" else "CLOCK_BOOTTIME", None)


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return the wall clock."""
        return time.time()

    def monotonic(self) -> float:
        """Return the boot clock, or the monotonic clock where there is none.

        `CLOCK_MONOTONIC` stands still during suspend on Linux (clock_gettime(2)), and goes on on macOS, where
        `time.monotonic` stands still; on Windows it goes on.
        """
        if sys.platform == "win32" or _THROUGH_SLEEP is None:
            return time.monotonic()
        return time.clock_gettime(_THROUGH_SLEEP)
