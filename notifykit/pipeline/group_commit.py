"""Many threads, one store: results that come while it is busy are written together, in one commit.

A thread hands in a visit. If the store is free, the thread serves the visit itself, with all others that wait. If it is
busy, the thread waits until another one has served its visit, or the store is free. So a single thread never waits for
another, and many fast ones share a commit.
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
    """Wakes the visit's thread: the visit was served, or the store is free."""
    served: bool = False
    error: BaseException | None = None


V = TypeVar("V", bound=Visit)


class GroupCommit(Generic[V]):
    """Takes visits to `serve`, one call at a time, each with all visits that wait then.

    `visitors` tells how many threads there may be: while fewer wait, the others get the chance to hand in theirs.
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
        """Use the store exclusively."""
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
        """Release the store, and wake a thread whose visit came too late for this commit."""
        self._store.release()
        with suppress(IndexError):
            self._waiting[0].wake.put(None)
