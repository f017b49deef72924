"""A token that a service gives for a time, fetched once for all threads of a sender."""

from __future__ import annotations

import threading
from collections.abc import Callable

from notifykit.clock import Clock, SystemClock
from notifykit.model import Outcome, Verdict
from notifykit.redaction import register

EARLY = 60.0
"""Seconds before its end at which a token is fetched anew, or a tenth of its life where that is less."""


class TokenCache:
    """Keeps a token while it lives. Share one between the threads that send with it.

    `fetch(timeout)` asks the service once, within so many seconds, and returns the token and for how many seconds it
    is good; or, as an `Outcome`, why there is none: what `request` or `classify_status` returned, or one of its own.
    """

    def __init__(self, fetch: Callable[[float], tuple[str, float] | Outcome], *, clock: Clock | None = None) -> None:
        self._fetch = fetch
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._token: str | None = None
        self._until = 0.0
        self._failed: Outcome | None = None
        self._fetches = 0

    def get(self, timeout: float = 10.0) -> str | Outcome:
        """Return the token, fetched within `timeout` seconds where there is none; or the outcome for the message.

        Only one thread fetches at a time, and those that waited for it share what came of it, failures included. The
        outcome is never in doubt, for nothing but a token was asked for: where the service may or may not have given
        one, the message is to be tried again, as unreached. Whatever `fetch` raises comes through.
        """
        before = self._fetches
        with self._lock:
            if self._token is not None and self._clock.monotonic() < self._until:
                return self._token
            if self._failed is not None and self._fetches > before:
                return self._failed
            started = self._clock.monotonic()
            self._token = self._failed = None
            found = self._fetch(timeout)
            self._fetches += 1
            if isinstance(found, Outcome):
                self._failed = _of_the_message(found)
                return self._failed
            self._token, lifetime = found
            register(self._token)
            self._until = started + lifetime - min(EARLY, lifetime / 10)
            return self._token

    def drop(self, token: str) -> None:
        """Forget the token, where it is still this one: the service refused it. The next `get` fetches another."""
        with self._lock:
            if self._token == token:
                self._token = None


def _of_the_message(failed: Outcome) -> Outcome:
    if failed.verdict is Verdict.UNKNOWN:
        return Outcome.retry(failed.code, failed.detail, unreached=True)
    if failed.verdict is Verdict.ACCEPTED:
        raise TypeError("the fetch of a token returned Outcome.accepted(); return the token and its seconds")
    return failed
