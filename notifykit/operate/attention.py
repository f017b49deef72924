"""How everything stands, and what waits for a person: whatever the next run will not mend by itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from notifykit.model import FOREVER, OVERDUE, Claim, Status, Task
from notifykit.outbox.values import TEST_CAMPAIGN, CampaignFigures, Count, Filter, Outage, Pause, Pulse, is_reserved
from notifykit.wording import Reason

if TYPE_CHECKING:
    from notifykit.outbox.protocol import Outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """What waits for a person."""

    failed: Count = field(default_factory=Count)
    """Without test messages: whoever sent one was told."""
    in_doubt: Count = field(default_factory=Count)
    foreign: int = 0
    """Messages of ours whose status another program changed to what nobody knows."""
    paused: tuple[Pause, ...] = ()
    """Pauses that only a person ends."""
    unreachable: Mapping[str, Count] = field(default_factory=dict)
    """Waiting messages on channels that cannot be used here, by channel."""

    @property
    def more(self) -> bool:
        """Whether there are more than were counted."""
        return any(count.more for count in (self.failed, self.in_doubt, *self.unreachable.values()))

    def __bool__(self) -> bool:
        return bool(self.failed or self.in_doubt or self.foreign or self.paused or self.unreachable)


def outages(outbox: Outbox) -> list[Outage]:
    """Return the channels that cannot be reached, or ask to wait, for longer than one message."""
    return [outage for outage in outbox.outages() if outage.paused or outage.failures > 1]


def overdue_calls(outbox: Outbox, timeout: float) -> list[Claim]:
    """Return the calls that have been on the wire for far longer than the timeout, by the store's clock: for people."""
    now = outbox.now()
    return [claim for claim in outbox.on_wire() if now - claim.started_at > OVERDUE * timeout]


def lost_calls(outbox: Outbox) -> list[Claim]:
    """Return what was on the wire when its worker's process ended, as far as that is proven: nobody took it up yet."""
    return [claim for claim in outbox.on_wire() if outbox.ended(claim.worker)]


def doubtful_tests(outbox: Outbox, most: int) -> list[Task]:
    """Return at most so many test messages of which nobody knows whether they were accepted."""
    return list(islice(outbox.tasks(Filter(campaign=TEST_CAMPAIGN, statuses=(Status.IN_DOUBT,))), most))


def attention(outbox: Outbox, channels: Collection[str]) -> Attention:
    """Look for what waits for a person, given the channels that can be used."""
    return attention_in(outbox, outbox.pulse(), channels)


def attention_in(outbox: Outbox, pulse: Pulse, channels: Collection[str]) -> Attention:
    """Do so where the pulse of the outbox is known."""
    return Attention(
        failed=sum(
            (one.by_status.get(Status.FAILED, Count()) for one in pulse.campaigns if one.campaign != TEST_CAMPAIGN),
            Count(),
        ),
        in_doubt=pulse.total(Status.IN_DOUBT),
        foreign=sum(bool(task.campaign) for task in outbox.tasks(Filter(statuses=(Status.FOREIGN,)))),
        paused=tuple(pause for pause in pulse.pauses if pause.until == FOREVER),
        unreachable=unreachable(pulse, channels),
    )


def unreachable(pulse: Pulse, channels: Collection[str]) -> dict[str, Count]:
    """Count the waiting messages of each channel that cannot be used, given those that can."""
    return {one.channel: one.waiting for one in pulse.channels if one.channel not in channels}


SOURCE_STATE, STANDS_FOR = "source_state", "held"
"""The notes about sources that read only what is new, one a campaign, and what one has where a source stands still."""


class StandingSource(NamedTuple):
    """What a source that reads only what is new stands still for: all that came since is read again in each pass."""

    since: float
    """UTC seconds of the store's clock: when the first pass ended that moved nothing."""
    rows: int
    """Records that are held, or are marked neither as sent nor as not sent, as of the latest pass."""
    place: str
    """Where the first of them is."""


def standing_sources(outbox: Outbox) -> dict[str, StandingSource]:
    """Return the campaigns whose sources stand still."""
    found = {name: json.loads(note).get(STANDS_FOR) for name, note in outbox.notes(SOURCE_STATE).items()}
    return {
        name: StandingSource(since=held["since"], rows=held["rows"], place=held["place"])
        for name, held in sorted(found.items())
        if held
    }


TESTS = 5
"""Test messages in doubt that are named one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How everything stands in a store."""

    at: float
    """UTC seconds, by the store's clock."""
    campaigns: Sequence[CampaignFigures] = ()
    own: Sequence[CampaignFigures] = ()
    """Of notifykit's own messages."""
    pauses: Sequence[Pause] = ()
    outages: Sequence[Outage] = ()
    overdue: Sequence[Claim] = ()
    """Calls that have been under way for far longer than the timeout."""
    lost: Sequence[Claim] = ()
    """Calls whose worker is gone."""
    doubtful_tests: Sequence[Task] = ()
    """Test messages in doubt, some of them."""
    unowned: int = 0
    """Rows that are `pending`: those of an old program that nobody has adopted."""
    foreign: int = 0
    held: Mapping[str, Reason] = field(default_factory=dict)
    """Campaigns that queue nothing, each with the reason."""
    standing: Mapping[str, StandingSource] = field(default_factory=dict)
    """Campaigns whose sources are read from the same place in each pass, each with what they stand still for."""


def overview(outbox: Outbox, timeout: Callable[[], float]) -> Overview:
    """Look how everything stands. `timeout` of a call in seconds: asked for only where something is on the wire."""
    figures = outbox.figures()
    calling = bool(outbox.on_wire())
    return Overview(
        at=outbox.now(),
        campaigns=[item for item in figures if not is_reserved(item.campaign)],
        own=[item for item in figures if is_reserved(item.campaign)],
        pauses=outbox.pauses(),
        outages=outages(outbox),
        overdue=overdue_calls(outbox, timeout()) if calling else (),
        lost=lost_calls(outbox) if calling else (),
        doubtful_tests=doubtful_tests(outbox, TESTS),
        unowned=_count(outbox, Status.PENDING),
        foreign=_count(outbox, Status.FOREIGN),
        held=dict(outbox.held_campaigns()),
        standing=standing_sources(outbox),
    )


def _count(outbox: Outbox, status: Status) -> int:
    return sum(1 for _ in outbox.tasks(Filter(statuses=(status,))))
