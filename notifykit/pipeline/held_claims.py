"""The claims that the threads of one dispatcher hold: when the store confirmed each, and since when it is called.

Times are of the clock that does not step.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from notifykit.clock import Clock
from notifykit.model import OVERDUE, Claim
from notifykit.pipeline.telling import about

log = logging.getLogger(__name__)


def worker_name() -> str:
    """Return a name for this dispatcher that no other has: host, process, and a random part."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


@dataclass(slots=True, eq=False)
class _Call:
    began: float | None = None
    told: bool = False


@dataclass(slots=True)
class _Held:
    claim: Claim
    confirmed: float
    call: _Call


class HeldClaims:
    """Safe to use from all threads of a dispatcher."""

    def __init__(self, clock: Clock, *, lease: float, timeout: float) -> None:
        self._clock = clock
        self._fresh = lease / 4
        self._timeout = timeout
        self._lock = threading.Lock()
        self._held: dict[int, _Held] = {}

    def take(self, calls: Iterable[Iterable[Claim]], confirmed: float) -> None:
        """Hold the claims of calls, which the store confirmed then."""
        with self._lock:
            for claims in calls:
                call = _Call()
                for claim in claims:
                    self._held[claim.task.id] = _Held(claim, confirmed, call)

    def drop(self, claims: Iterable[Claim]) -> None:
        """Hold claims no longer."""
        with self._lock:
            for claim in claims:
                if self._of(claim) is not None:
                    del self._held[claim.task.id]

    def confirm(self, claims: Iterable[Claim], at: float) -> None:
        """Know that the store confirmed claims then."""
        with self._lock:
            for claim in claims:
                if (held := self._of(claim)) is not None:
                    held.confirmed = max(held.confirmed, at)

    def stale(self, claims: Sequence[Claim]) -> list[Claim]:
        """Return those that the store has not confirmed within the last quarter of a lease."""
        with self._lock:
            oldest = self._clock.monotonic() - self._fresh
            return [one for one in claims if (held := self._of(one)) is None or held.confirmed < oldest]

    def begin_call(self, claims: Iterable[Claim]) -> list[Claim]:
        """Know that the sender is called with these now; returns those that are stale."""
        now = self._clock.monotonic()
        stale = []
        with self._lock:
            for claim in claims:
                held = self._of(claim)
                if held is not None:
                    held.call.began = now
                if held is None or held.confirmed < now - self._fresh:
                    stale.append(claim)
        return stale

    def all(self) -> list[Claim]:
        """Return the claims that are held."""
        with self._lock:
            return [held.claim for held in self._held.values()]

    def by_channel(self) -> Counter[str]:
        """Count them."""
        return Counter(claim.task.channel for claim in self.all())

    def calls(self, channel: str, *, without: Iterable[Claim] = ()) -> tuple[int, int]:
        """Count a channel's calls under way, and their claims; `without` these, whose calls are over."""
        over = {claim.task.id for claim in without}
        with self._lock:
            held = [
                held.call for id_, held in self._held.items() if id_ not in over and held.claim.task.channel == channel
            ]
        return len(set(held)), len(held)

    def overdue(self) -> int:
        """Count the calls that outlive their timeout by far, and report each once."""
        now = self._clock.monotonic()
        with self._lock:
            late = {
                held.call: (held.claim.task, now - began)
                for held in self._held.values()
                if (began := held.call.began) is not None and now - began > OVERDUE * self._timeout
            }
        for call, (task, seconds) in late.items():
            if not call.told:
                call.told = True
                log.warning(
                    "channel %s: the call for task %d (%s) has not returned for %.0f s, with a timeout of %g s; "
                    "the other channels go on",
                    task.channel,
                    task.id,
                    task.key,
                    seconds,
                    self._timeout,
                    extra=about("overdue", task),
                )
        return len(late)

    def _of(self, claim: Claim) -> _Held | None:
        held = self._held.get(claim.task.id)
        return held if held is not None and held.claim.token == claim.token else None
