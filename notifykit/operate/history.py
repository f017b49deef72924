"""How it went hour by hour, and what is open by age: what people look at in pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from notifykit.model import Status
from notifykit.operate.activity import merged
from notifykit.outbox.digests import is_digest
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Filter, RecentFigures

__all__ = ["AGES", "Ages", "History", "Hour", "doubt_ages"]

HOURS = 24

HOUR = 3600.0

AGES = (300.0, HOUR, 6 * HOUR, 24 * HOUR, 7 * 24 * HOUR, float("inf"))
"""Seconds up to which each group of ages reaches."""

MOST = 10_000
"""Doubts whose ages are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """One hour of the clock, or as much of it as is over."""

    since: float
    """UTC seconds."""
    until: float
    campaigns: Sequence[RecentFigures]
    """Those of which any attempt ended, by name."""

    def of(self, campaign: str | None) -> RecentFigures:
        """Return what happened in it to the messages of a campaign, or of all."""
        found = [one for one in self.campaigns if campaign in (None, one.campaign)]
        return found[0] if len(found) == 1 else merged(campaign or "", found)


class History:
    """The last hours. Those that are over are read once."""

    def __init__(self) -> None:
        self._over: dict[float, Hour] = {}

    def read(self, outbox: Outbox) -> list[Hour]:
        """Return the last `HOURS`, the first one first, also those in which nothing happened."""
        now = outbox.now()
        this = datetime.fromtimestamp(now).astimezone().replace(minute=0, second=0, microsecond=0).timestamp()
        starts = [this - HOUR * number for number in reversed(range(HOURS))]
        # A result is recorded a moment after the end of its attempt: an hour that just ended is read again.
        lasting = this - HOUR
        found = []
        for since in starts:
            until = min(since + HOUR, now + 1.0)
            hour = self._over.get(since) or Hour(since=since, until=until, campaigns=outbox.recent(since, until))
            found.append(hour)
        self._over = {hour.since: hour for hour in found if hour.since < lasting}
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Ages:
    """How many messages are in doubt, by age."""

    counts: Sequence[int]
    """Of each of AGES."""
    more: bool
    """Whether there are more than were looked at."""
    oldest: float | None
    """UTC seconds since when the first of them is in doubt."""


def doubt_ages(outbox: Outbox) -> Ages:
    """Count the messages in doubt by how long they have been so."""
    now = outbox.now()
    counts = [0] * len(AGES)
    oldest: float | None = None
    doubts = (one for one in outbox.tasks(Filter(statuses=(Status.IN_DOUBT,))) if not is_digest(one.campaign))
    for task in islice(doubts, MOST):
        since = task.queued_at if task.doubted_at is None else task.doubted_at
        oldest = since if oldest is None else min(oldest, since)
        counts[next(at for at, most in enumerate(AGES) if now - since <= most)] += 1
    return Ages(counts=counts, more=next(doubts, None) is not None, oldest=oldest)
