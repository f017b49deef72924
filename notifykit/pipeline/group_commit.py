"""Many threads, one store: whoever is there serves all who wait, in one commit.

A thread brings a visit. If nobody is at the store, it serves itself; if somebody is, it waits, and is served together
with the others who came meanwhile by whoever is next. So one thread alone never hands anything over, and many fast
ones share a commit.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Generic, TypeVar


@dataclass(slots=True, kw_only=True, eq=False)
class Visit:
    """What a thread wants of the store; a subclass says what, and has room for the answer."""

    wake: SimpleQueue[None] = field(default_factory=SimpleQueue)
    """Its thread's own: told when the visit was served, or when nobody is at the store any more."""
    served: bool = False
    error: BaseException | None = None


V = TypeVar("V", bound=Visit)


class GroupCommit(Generic[V]):
    """Takes visits to `serve`, one call at a time, each with all visits that wait then.

    `visitors` tells how many threads may come: while fewer wait, those that are just returning get the chance to.
    """

    def __init__(self, serve: Callable[[list[V]], None], *, visitors: Callable[[], int]) -> None:
        self._serve = serve
        self._visitors = visitors
        self._store = threading.Lock()
        self._waiting: deque[V] = deque()

    def __len__(self) -> int:
        """How many visits wait."""
        return len(self._waiting)

    def visit(self, visit: V) -> V:
        """Return the visit when it was served. Raises what `serve` raised."""
        self._waiting.append(visit)
        while not visit.served:
            if self._store.acquire(blocking=False):
                try:
                    if not visit.served:
                        self._serve_all(visit)
                finally:
                    self._leave()
            else:
                visit.wake.get()
        if visit.error is not None:
            raise visit.error
        return visit

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have the store to oneself."""
        self._store.acquire()
        try:
            yield
        finally:
            self._leave()

    def _serve_all(self, mine: V) -> None:
        if len(self._waiting) < self._visitors():
            time.sleep(0)
        visits: list[V] = []
        while self._waiting:
            visits.append(self._waiting.popleft())
        error: BaseException | None = None
        try:
            self._serve(visits)
        except BaseException as raised:  # noqa: BLE001 - raised again in every thread that waits for it
            error = raised
        for visit in visits:
            visit.error = error
            visit.served = True
            if visit is not mine:
                visit.wake.put(None)

    def _leave(self) -> None:
        """Give up the store, and wake somebody who came too late to be served along."""
        self._store.release()
        with suppress(IndexError):
            self._waiting[0].wake.put(None)
