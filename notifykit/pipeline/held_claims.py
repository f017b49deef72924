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
from collections.abc import Iterable
from dataclasses import dataclass

from notifykit.clock import Clock
from notifykit.model import OVERDUE, Claim

log = logging.getLogger(__name__)


def worker_name() -> str:
    """Return a name for this dispatcher that no other has: host, process, and a random part."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


@dataclass(slots=True)
class _Held:
    claim: Claim
    confirmed: float
    called: float | None = None
    told: bool = False


class HeldClaims:
    """Safe to use from all threads of a dispatcher."""

    def __init__(self, clock: Clock, *, lease: float, timeout: float) -> None:
        self._clock = clock
        self._fresh = lease / 4
        self._timeout = timeout
        self._lock = threading.Lock()
        self._held: dict[int, _Held] = {}

    def take(self, claim: Claim, confirmed: float) -> None:
        """Hold a claim, which the store confirmed then."""
        with self._lock:
            self._held[claim.task.id] = _Held(claim, confirmed)

    def drop(self, claim: Claim) -> None:
        """Hold a claim no longer."""
        with self._lock:
            if self._of(claim) is not None:
                del self._held[claim.task.id]

    def confirm(self, claims: Iterable[Claim], at: float) -> None:
        """Know that the store confirmed claims then."""
        with self._lock:
            for claim in claims:
                if (held := self._of(claim)) is not None:
                    held.confirmed = max(held.confirmed, at)

    def is_fresh(self, claim: Claim) -> bool:
        """Whether the store confirmed the claim within the last quarter of a lease."""
        with self._lock:
            held = self._of(claim)
            return held is not None and self._clock.monotonic() - held.confirmed <= self._fresh

    def begin_call(self, claim: Claim) -> None:
        """Know that the sender is called now."""
        with self._lock:
            if (held := self._of(claim)) is not None:
                held.called = self._clock.monotonic()

    def all(self) -> list[Claim]:
        """Return the claims that are held."""
        with self._lock:
            return [held.claim for held in self._held.values()]

    def by_channel(self) -> Counter[str]:
        """Count them."""
        return Counter(claim.task.channel for claim in self.all())

    def overdue(self) -> int:
        """Count the calls that outlive their timeout by far, and report each once."""
        now = self._clock.monotonic()
        with self._lock:
            late = [
                held
                for held in self._held.values()
                if held.called is not None and now - held.called > OVERDUE * self._timeout
            ]
        for held in late:
            if not held.told:
                held.told = True
                task = held.claim.task
                log.warning(
                    "channel %s: the call for task %d (%s) has not returned for %.0f s, with a timeout of %g s; "
                    "the other channels go on",
                    task.channel,
                    task.id,
                    task.key,
                    now - (held.called or now),
                    self._timeout,
                )
        return len(late)

    def _of(self, claim: Claim) -> _Held | None:
        held = self._held.get(claim.task.id)
        return held if held is not None and held.claim.token == claim.token else None
