"""Who is logged in, and for how long; and log-ins that fail, which take longer and longer."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from notifykit.web.accounts import Account, Role
from notifykit.web.prepared import Done, Prepared

Value = TypeVar("Value")

__all__ = ["Attempts", "Session", "Sessions"]

LASTS = 12 * 3600.0
"""Seconds after which a session ends, whatever is done in it."""

IDLE = 3600.0
"""Seconds without a request of a person after which the session of somebody who may decide ends."""

MOST = 1_000
"""Sessions, and addresses of failed log-ins, that are kept; the oldest goes."""

FORMS = 10
"""Forms that wait in one session; the oldest goes."""

FREE = 5
"""Log-ins from one address that may fail before the next one has to wait."""

LONGEST = 60.0
"""Seconds that a log-in has to wait at most."""


@dataclass(slots=True, kw_only=True)
class Session:
    """What is known of somebody who is logged in."""

    account: Account
    began: float
    seen: float
    """When a person last did something; what the page asks by itself does not count."""
    language: str | None = None
    forms: OrderedDict[str, Prepared] = field(default_factory=OrderedDict)
    """Decisions that were shown, each by the key of its form, which can be used once."""
    told: OrderedDict[str, Done] = field(default_factory=OrderedDict)
    """What came of decisions, by the keys of their forms."""

    def keep_form(self, form: Prepared) -> str:
        """Keep a form that is shown; returns its key."""
        key = secrets.token_urlsafe(16)
        _keep(self.forms, key, form)
        return key

    def take_form(self, key: str) -> Prepared | None:
        """Return a form that is sent, once: of two that send the same one, one gets it."""
        return self.forms.pop(key, None)

    def tell(self, key: str, done: Done) -> None:
        """Keep what came of a form."""
        _keep(self.told, key, done)


def _keep(kept: OrderedDict[str, Value], key: str, value: Value) -> None:
    kept[key] = value
    while len(kept) > FORMS:
        kept.popitem(last=False)


class Sessions:
    """The sessions of one process, which end with it."""

    def __init__(self, monotonic: Callable[[], float], lasts: float = LASTS) -> None:
        """`monotonic`: a clock that never steps. `lasts`: seconds."""
        self._monotonic = monotonic
        self._lasts = lasts
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def open(self, account: Account, key: str | None = None) -> str:
        """Begin a session; returns its key, a new one unless one is given."""
        now = self._monotonic()
        key = key or secrets.token_urlsafe(32)
        self._sessions[key] = Session(account=account, began=now, seen=now)
        while len(self._sessions) > MOST:
            self._sessions.popitem(last=False)
        return key

    def find(self, key: str, *, by_person: bool) -> Session | None:
        """Return a session that has not ended. `by_person`: whether this request is a person's doing."""
        found = self._sessions.get(key)
        if found is None:
            return None
        now = self._monotonic()
        idle = found.account.role is Role.DECIDE and now - found.seen > IDLE
        if idle or now - found.began > self._lasts:
            self.end(key)
            return None
        if by_person:
            found.seen = now
        return found

    def of(self, account: Account, key: str) -> Session:
        """Return the session of whoever says with each request who it is; it begins where there is none."""
        found = self.find(key, by_person=True)
        if found is None or found.account != account:
            self.open(account, key)
        return self._sessions[key]

    def end(self, key: str) -> None:
        """End a session."""
        self._sessions.pop(key, None)


class Attempts:
    """Log-ins that failed, by the address they came from."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Return the seconds for which no log-in from an address is looked at; 0 where it may try."""
        failed, at = self._failed.get(address, (0, 0.0))
        if failed < FREE:
            return 0.0
        return max(0.0, at + min(LONGEST, 2.0 ** (failed - FREE)) - self._monotonic())

    def failed(self, address: str) -> None:
        """Count a log-in that failed."""
        before, _ = self._failed.pop(address, (0, 0.0))
        self._failed[address] = (before + 1, self._monotonic())
        while len(self._failed) > MOST:
            self._failed.popitem(last=False)

    def succeeded(self, address: str) -> None:
        """Forget what failed."""
        self._failed.pop(address, None)
