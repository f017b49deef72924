"""The faults of the demo's service: a rate limit, and replies that are held back."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

from notifykit.clock import Clock


@dataclass(slots=True)
class Throttle:
    """Accepts so many messages in any window; the others are refused."""

    count: int
    seconds: float
    clock: Clock
    _accepted: deque[float] = field(default_factory=deque)

    def admits(self) -> bool:
        """Whether one more fits in now. Only those that do are counted."""
        now = self.clock.monotonic()
        while self._accepted and self._accepted[0] <= now - self.seconds:
            self._accepted.popleft()
        if len(self._accepted) >= self.count:
            return False
        self._accepted.append(now)
        return True


class Hold:
    """Keeps one reply back, so that its sender can be killed while it waits."""

    def __init__(self, nth: int, *, accepts: bool) -> None:
        self.accepts = accepts
        """Whether the message is accepted before its reply stays out; otherwise it is lost."""
        self._left = nth
        self._reached = threading.Event()
        self._released = threading.Event()

    def catches(self) -> bool:
        """Whether this request is the one. Counts it."""
        self._left -= 1
        return self._left == 0

    def keep(self) -> None:
        """Wait, in the service, until the reply may leave."""
        self._reached.set()
        self._released.wait()

    def release(self) -> None:
        """Let the reply go."""
        self._released.set()

    def wait(self, timeout: float) -> bool:
        """Wait, in the story, until the reply is being kept. False after `timeout` seconds."""
        return self._reached.wait(timeout)
