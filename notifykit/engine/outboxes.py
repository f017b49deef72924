"""Connections to the store, which the jobs of one process lend to each other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from notifykit.clock import Clock
from notifykit.outbox.address import OpenedOutbox
from notifykit.pipeline.held_claims import worker_name

_LONGEST = 300.0
"""Seconds for which a connection is used."""


@dataclass(frozen=True, slots=True, eq=False)
class Connection:
    """A connection, and the name under which is claimed over it: no two connections claim under one name."""

    outbox: OpenedOutbox
    since: float
    """By the clock that does not step."""
    worker: str = field(default_factory=worker_name)


class Outboxes:
    """Each connection is used by one job at a time; as many are kept as jobs ran at once.

    None is used for long: a store measures how far this machine's clock is off when a connection is made.
    """

    def __init__(self, opened: Callable[[], OpenedOutbox], clock: Clock) -> None:
        self._opened = opened
        self._clock = clock
        self._idle: list[Connection] = []
        self._lock = threading.Lock()

    def take(self) -> Connection:
        """Return a connection, to be given back or closed. Raises StoreError."""
        now = self._clock.monotonic()
        with self._lock:
            fresh = [one for one in self._idle if now - one.since < _LONGEST]
            old = [one for one in self._idle if one not in fresh]
            self._idle = fresh[:-1]
        for connection in old:
            connection.outbox.close()
        return fresh[-1] if fresh else Connection(self._opened(), now)

    def give_back(self, connection: Connection) -> None:
        """Take back one that is sound and that nobody uses any more."""
        with self._lock:
            self._idle.append(connection)

    @contextmanager
    def lent(self) -> Iterator[OpenedOutbox]:
        """Lend one for as long as the block lasts; what fails is closed. Raises StoreError."""
        connection = self.take()
        try:
            yield connection.outbox
        except BaseException:
            connection.outbox.close()
            raise
        self.give_back(connection)

    def close(self) -> None:
        """Close those that nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.outbox.close()
