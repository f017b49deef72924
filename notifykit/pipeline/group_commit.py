"""Many threads, one store: results that come while it is busy are written together, in one commit.

A thread hands in a visit. If the store is free, the thread serves the visit itself, with all others that wait. If it is
busy, the thread waits until another one has served its visit, or the store is free. So a single thread never waits for
another, and many fast ones share a commit.

An answer with which any thread can go on is taken by whichever comes first: a thread that comes back trades its visit
for an answer whose thread still sleeps. One thread at a time is woken, and that one wakes the next before it goes on.
So where the work takes no time one thread does much of it, and where it takes long all threads are at work.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Generic, Self, TypeVar


@dataclass(slots=True, kw_only=True, eq=False)
class Visit:
    """What a thread wants of the store; a subclass says what, and has room for the answer."""

    wake: SimpleQueue[None] = field(default_factory=SimpleQueue)
    """Wakes the visit's thread: the visit was served, or there is something to take or to serve."""
    served: bool = False
    error: BaseException | None = None

    def can_trade(self) -> bool:
        """Whether any thread can go on with the answer, in place of the visit's own."""
        return False

    def trade(self, other: Self) -> None:
        """Take the answer of another visit, and leave it what this one wants."""
        raise NotImplementedError


V = TypeVar("V", bound=Visit)


class GroupCommit(Generic[V]):
    """Takes visits to `serve`, one call at a time, each with all visits that wait then.

    `visitors` tells how many threads there may be: while fewer wait, the others get the chance to hand in theirs.
    """

    def __init__(self, serve: Callable[[list[V]], None], *, visitors: Callable[[], int]) -> None:
        self._serve = serve
        self._visitors = visitors
        self._store = threading.Lock()
        self._lock = threading.Lock()  # of what follows; held for moments
        self._waiting: deque[V] = deque()
        self._answers: deque[V] = deque()
        """Visits with an answer that nobody has taken yet."""
        self._woken: V | None = None
        """Whose thread was woken, until it has looked."""

    def __len__(self) -> int:
        """How many visits wait."""
        return len(self._waiting)

    def visit(self, visit: V) -> V:
        """Return the visit when it was served. Raises what `serve` raised."""
        with self._lock:
            if self._trade(visit):
                self._wake_next()
                return visit
            self._waiting.append(visit)
        while not self._taken(visit):
            if self._store.acquire(blocking=False):
                try:
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

    def _taken(self, visit: V) -> bool:
        """Whether the visit is served: whoever goes on with its answer wakes the next one."""
        with self._lock:
            if self._woken is visit:
                self._woken = None
            if not visit.served and visit in self._answers:
                self._answers.remove(visit)
                visit.served = True
            elif not visit.served and self._answers and visit in self._waiting:
                self._waiting.remove(visit)
                self._trade(visit)
            if visit.served:
                self._wake_next()
        return visit.served

    def _trade(self, visit: V) -> bool:
        """Take the answer of another visit, which waits in place of this one."""
        if not self._answers:
            return False
        other = self._answers.popleft()
        visit.trade(other)
        visit.served = True
        self._waiting.append(other)
        return True

    def _serve_all(self, mine: V) -> None:
        if len(self._waiting) < self._visitors():
            time.sleep(0)
        with self._lock:
            visits = list(self._waiting)
            self._waiting.clear()
        if not visits:
            return
        error: BaseException | None = None
        try:
            self._serve(visits)
        except BaseException as raised:  # noqa: BLE001 - raised again in every thread that waits for it
            error = raised
        with self._lock:
            for visit in visits:
                visit.error = error
                if error is None and visit.can_trade():
                    self._answers.append(visit)
                else:
                    visit.served = True
                    if visit is not mine:
                        visit.wake.put(None)

    def _leave(self) -> None:
        """Release the store, and wake a thread whose visit came too late for this commit, or was answered by it."""
        self._store.release()
        with self._lock:
            self._wake_next()

    def _wake_next(self) -> None:
        """Wake a thread for what is to be taken or served, unless one was woken that has not looked yet."""
        if self._woken is not None:
            return
        if self._answers:
            self._woken = self._answers[0]
        elif self._waiting and not self._store.locked():
            self._woken = self._waiting[0]
        else:
            return
        self._woken.wake.put(None)
