"""Time, passed in so that tests never sleep."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

__all__ = ["Clock", "SystemClock", "duration"]


class Clock(Protocol):
    """Where the host reads the time."""

    def now(self) -> float:
        """Seconds since the epoch, UTC. May jump: never used to measure a duration within a process."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never jumps, and goes on while the machine sleeps where the system can."""
        ...


_ON_MACOS = hasattr(time, "CLOCK_UPTIME_RAW")
_THROUGH_SLEEP: int | None = getattr(time, "CLOCK_MONOTONIC" if _ON_MACOS else "CLOCK_BOOTTIME", None)


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
        read: Callable[[int], float] | None = getattr(time, "clock_gettime", None)
        return time.monotonic() if read is None or _THROUGH_SLEEP is None else read(_THROUGH_SLEEP)


_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def duration(seconds: float | None, *, units: int = 2) -> str:
    """Return a duration in its largest units, and a short one in milliseconds or tenths of a second."""
    if seconds is None:
        return "–"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    left = round(seconds)
    parts = []
    for name, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}")
        elif parts:
            break
    return " ".join(parts[:units])
