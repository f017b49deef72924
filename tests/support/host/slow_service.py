"""A service that takes requests, and answers none before it is let go."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from counting_server import CountingServer


@dataclass
class SlowService:
    """Makes a server slow."""

    server: CountingServer
    gate: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __post_init__(self) -> None:
        self.server.before = self._hold

    def _hold(self, _body: dict[str, Any]) -> int | None:
        self.arrived.release()
        self.gate.wait(30)
        return None

    def wait_for(self, requests: int) -> None:
        """Return when so many more requests wait for their answers."""
        for _ in range(requests):
            assert self.arrived.acquire(timeout=30)
