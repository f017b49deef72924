"""A clock that stands still until a test moves it."""

from __future__ import annotations


class FakeClock:
    """Give it to whatever takes a `notifykit.clock.Clock`."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._wall = now
        self._steady = 0.0

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return self._wall

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never jumps back."""
        return self._steady

    def advance(self, seconds: float) -> None:
        """Let time pass. Raises ValueError where it would run backwards: that is `jump`."""
        if seconds < 0:
            raise ValueError(f"time does not pass backwards ({seconds}); use jump()")
        self._wall += seconds
        self._steady += seconds

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back, as a person or a time server does; no time passes."""
        self._wall += seconds
