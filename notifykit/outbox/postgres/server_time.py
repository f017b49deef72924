"""The store's clock: the server's, as far as the clock of this machine can tell it."""

from __future__ import annotations

from collections.abc import Callable

from notifykit.clock import Clock, SystemClock


class ServerTime:
    """A machine's clock is off by so much, as was measured last. Other clocks than machines' are taken as they are."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._is_off = isinstance(clock, SystemClock)
        self.ahead = 0.0
        """Seconds by which the server's clock is ahead of this machine's."""
        self.server_started = float("-inf")
        """UTC seconds by the server's clock."""

    def now(self) -> float:
        """Return UTC seconds."""
        return self._clock.now() + self.ahead

    def monotonic(self) -> float:
        """Return this machine's clock that does not step."""
        return self._clock.monotonic()

    def measure(self, ask: Callable[[], tuple[float, float]]) -> None:
        """Measure anew. `ask` returns what the server's clock says, and when the server was started."""
        if not self._is_off:
            return
        asked = self._clock.monotonic()
        now, self.server_started = ask()
        took = self._clock.monotonic() - asked
        self.ahead = now + took / 2 - self._clock.now()
