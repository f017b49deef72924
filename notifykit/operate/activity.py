"""What happened in the last days: for the report to whoever pays."""

from __future__ import annotations

import itertools
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from notifykit.messages.receipts import ReceiptStatus
from notifykit.model import Status
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.pruned import KeepsPruned
from notifykit.outbox.values import Count, RecentFigures
from notifykit.wording import Reason

if TYPE_CHECKING:
    from notifykit.outbox.sqlite.archive import Archive

__all__ = ["Activity", "Baseline", "Compared", "Day", "activity", "merged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One local day, or as much of it as is over."""

    since: float
    """UTC seconds."""
    until: float
    campaigns: Sequence[RecentFigures]
    """Those of which any attempt ended, by name."""

    @property
    def date(self) -> date:
        """The day."""
        return datetime.fromtimestamp(self.since).astimezone().date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One thing, as it was before notifykit and as it has been since."""

    what: Reason
    before: str
    """Figures with their words; empty where nothing tells."""
    since: str
    no_worse: bool | None
    """None where it cannot be said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """When another program's work was taken over, and how it compares."""

    at: float
    """UTC seconds."""
    compared: Sequence[Compared]


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What happened to the messages of each campaign, and what is open now."""

    days: Sequence[Day]
    """The first one first, also those on which nothing happened."""
    totals: Sequence[RecentFigures]
    """Of all days together, by campaign."""
    waiting: Mapping[str, Count]
    """How many messages wait now, by campaign, as the next two."""
    failed: Mapping[str, Count]
    in_doubt: Mapping[str, Count]
    archived: Mapping[str, int]
    """How many messages were ever moved to an archive, by campaign: all were sent and written back."""
    receipts: Mapping[str, Mapping[ReceiptStatus, int]]
    """Of how many messages that are in the store a service told later that they arrived, or came back; by campaign."""
    uncounted: int
    """How many of them are in archives that were not read, so that the days tell nothing of them."""
    at: float
    """UTC seconds by the store's clock."""

    @property
    def campaigns(self) -> Sequence[str]:
        """All campaigns that it tells of, by name."""
        return sorted(
            {*(item.campaign for item in self.totals), *self.waiting, *self.failed, *self.in_doubt, *self.archived}
        )

    def total(self, campaign: str) -> RecentFigures:
        """Return what happened to one campaign's messages."""
        found = (item for item in self.totals if item.campaign == campaign)
        return next(found, merged(campaign, ()))


def activity(outbox: Outbox, seconds: float, archives: Sequence[Archive] = ()) -> Activity:
    """Return what happened since the beginning of the local day that was so many seconds ago.

    `archives`: those of the outbox that can be read. What is in them counts on its day.
    """
    pulse = outbox.pulse()
    stores: list[Outbox] = [outbox, *(archive.outbox for archive in archives)]
    days = [
        Day(since=since, until=until, campaigns=_joined(store.recent(since, until) for store in stores))
        for since, until in _days(pulse.at, seconds)
    ]
    archived = outbox.pruned_by_campaign() if isinstance(outbox, KeepsPruned) else {}
    read = sum(archive.contents().tasks for archive in archives)
    names = sorted({item.campaign for day in days for item in day.campaigns})
    totals = [merged(name, [item for day in days for item in day.campaigns if item.campaign == name]) for name in names]

    def now(status: Status) -> dict[str, Count]:
        return {one.campaign: one.by_status[status] for one in pulse.campaigns if one.by_status.get(status)}

    return Activity(
        days=days,
        totals=totals,
        waiting=now(Status.QUEUED),
        failed=now(Status.FAILED),
        in_doubt=now(Status.IN_DOUBT),
        archived=archived,
        receipts=outbox.receipts(),
        uncounted=max(sum(archived.values()) - read, 0),
        at=pulse.at,
    )


def _joined(found: Iterable[Sequence[RecentFigures]]) -> Sequence[RecentFigures]:
    """Return what several stores tell of one time, by campaign."""
    first, *others = found
    if not any(others):
        return first
    by_campaign: dict[str, list[RecentFigures]] = defaultdict(list)
    for item in itertools.chain(first, *others):
        by_campaign[item.campaign].append(item)
    return [merged(campaign, items) for campaign, items in sorted(by_campaign.items())]


def merged(campaign: str, figures: Iterable[RecentFigures]) -> RecentFigures:
    """Return figures of several times or campaigns as one."""
    found = list(figures)
    return RecentFigures(
        campaign=campaign,
        attempts=sum(item.attempts for item in found),
        accepted=sum(item.accepted for item in found),
        put_back=sum(item.put_back for item in found),
        doubtful=sum(item.doubtful for item in found),
        failed=sum(item.failed for item in found),
        perhaps_twice=sum(item.perhaps_twice for item in found),
        waits=array("d", sorted(wait for item in found for wait in item.waits)),
    )


def _days(now: float, seconds: float) -> list[tuple[float, float]]:
    """Return the beginnings and ends of local days, in UTC seconds; the last one ends just after `now`."""
    first = datetime.fromtimestamp(max(now - seconds, 0.0)).astimezone().date()
    last = datetime.fromtimestamp(now).astimezone().date()
    starts = [
        datetime.combine(first + timedelta(days=number), datetime.min.time()).astimezone().timestamp()
        for number in range((last - first).days + 1)
    ]
    return list(zip(starts, [*starts[1:], now + 1.0], strict=True))
