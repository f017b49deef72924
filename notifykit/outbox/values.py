"""What a store is given and what it returns, beside tasks and claims."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Self

from notifykit.messages.receipts import ReceiptStatus
from notifykit.model import Claim, Metadata, Outcome, Status, Task
from notifykit.outbox.channel_bounds import ChannelBounds
from notifykit.wording import Reason
from notifykit.wording.host import CHANNEL_THROTTLED, CHANNEL_UNREACHABLE

if TYPE_CHECKING:
    from notifykit.messages.attachments import Attachment

__all__ = [
    "ALERTS_CAMPAIGN",
    "DIGESTS",
    "MOST_COUNTED",
    "RESERVED",
    "TEST_CAMPAIGN",
    "CampaignFigures",
    "CampaignPulse",
    "ChannelBounds",
    "ChannelPulse",
    "Count",
    "DistinctKeys",
    "Enqueued",
    "Event",
    "Exchanged",
    "Filter",
    "Finished",
    "Machine",
    "Outage",
    "OutageKind",
    "Pause",
    "Pulse",
    "RecentFigures",
    "Rewrite",
    "SourcePlace",
    "Transition",
    "is_reserved",
]

RESERVED = "notifykit:"
"""How names begin under which notifykit keeps messages of its own. No campaign's may."""

TEST_CAMPAIGN = "notifykit:test"
"""Test messages of `notifykit send`."""

ALERTS_CAMPAIGN = "notifykit:alerts"
"""Messages of `alerts:`. They count in no figures."""

DIGESTS = "notifykit:digest:"
"""How the names begin under which digests are kept; the campaign's follows. They count in no figures."""


def is_reserved(campaign: str) -> bool:
    """Whether what is kept under a name is no campaign's."""
    return campaign.startswith(RESERVED)


class Enqueued(NamedTuple):
    """What came of offering drafts."""

    ids: Sequence[int]
    """Of the new tasks, in order. Tasks that others queue at the same time may have ids between them."""
    duplicates: int
    """Drafts that the outbox knew already. Nothing was queued for them."""

    @property
    def new(self) -> int:
        """How many were queued."""
        return len(self.ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """Where a task goes after an attempt."""

    status: Status
    reason: Reason | None = None
    not_before: float | None = None
    """For `queued`: when the next attempt may be made."""
    hold_order_until: float | None = None
    """For `queued`: the recipient's later tasks wait for this one until then."""
    counts: bool = True
    """Whether the attempt counts as a try of the message. One that a throttled channel refused does not."""


class Finished(NamedTuple):
    """What came of a claim, and where its task goes."""

    claim: Claim
    outcome: Outcome
    then: Transition
    call_seconds: float | None = None
    """How long the call took."""


class Exchanged(NamedTuple):
    """What came of an exchange."""

    moved: tuple[bool, ...]
    """Of each result, in order, whether it moved its task."""
    claims: list[Claim]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A channel that nobody may use for now."""

    channel: str
    until: float
    """UTC seconds; FOREVER where only a person ends it."""
    reason: Reason


class OutageKind(StrEnum):
    """Why a channel takes nothing."""

    UNREACHABLE = "unreachable"
    """Requests do not leave this machine."""
    THROTTLED = "throttled"
    """The service asks to wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Failures of a channel with no success between them."""

    channel: str
    kind: OutageKind
    since: float
    """UTC seconds of the first failure."""
    last_at: float
    """Of the latest one."""
    lasted: float = 0.0
    """Seconds from the first to the latest, whatever the wall clock did meanwhile."""
    failures: int = 1
    task_id: int
    """Whose failure was the first."""
    several: bool = False
    """Whether different messages failed."""
    wait: float = 0.0
    """Seconds from the latest failure to the next try; 0 after the first failure, which is a message's own."""
    reason: Reason
    """What the latest failure said."""

    @property
    def told(self) -> Reason:
        """Why the channel takes nothing."""
        words = CHANNEL_UNREACHABLE if self.kind is OutageKind.UNREACHABLE else CHANNEL_THROTTLED
        return words(cause=self.reason)

    @property
    def paused(self) -> bool:
        """Whether the channel is paused and probed: it cannot be reached, whichever message tries."""
        return self.kind is OutageKind.UNREACHABLE and self.several

    @property
    def next_probe(self) -> float:
        """UTC seconds of the next probe."""
        return self.last_at + self.wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that was done to a task other than an attempt: by a person, or by a recovery."""

    at: float
    task_id: int
    kind: str
    """`retried`, `resolved`, `cancelled`, `resent`, `undone`, `rerendered`, `renamed`, `write_back_owed`, `expired`,
    `late_result`, `receipt`, earlier `written_back`, `set_aside` (unreadable), `adopted`, `late_legacy_completed`."""
    who: str
    detail: str


class CampaignFigures(NamedTuple):
    """How one campaign stands."""

    campaign: str
    by_status: Mapping[Status, int]
    flags_owed: int
    """Keys whose every message is sent, cancelled ones not counted, and whose result is not yet written back."""
    archived: int
    """Messages that were moved to an archive: all of them were sent and written back."""
    duplicates_prevented: int
    """Offers of a message that was there already and were refused, over all passes. None was sent for them."""
    perhaps_twice: int
    """Messages with two attempts that were or may have been accepted."""
    success_rate: float | None
    """Accepted share of finished attempts, 0 to 1; None before the first. This, what follows but for `oldest_waiting`,
    and `errors` are of those of its attempts that are among the latest `figures.LATEST` of the store."""
    queued_to_sent_p50: float | None
    queued_to_sent_p95: float | None
    call_p50: float | None
    call_p95: float | None
    oldest_waiting: float | None
    """When the oldest task that still waits was queued."""
    errors: Mapping[str, int]
    """Attempts that were not accepted, by code."""
    receipts: Mapping[ReceiptStatus, int] = MappingProxyType({})
    """What services told since of how many messages."""
    period: str | None = None
    """The last period of its messages in the store; None: they have none."""


class RecentFigures(NamedTuple):
    """What happened to the messages of one campaign in some time."""

    campaign: str
    attempts: int
    """Those that ended in it."""
    accepted: int
    """Of those, the accepted ones."""
    put_back: int
    """Messages that were put back for another try."""
    doubtful: int
    """Messages of which it was not known whether they were accepted."""
    failed: int
    """Messages that failed by an attempt of that time, and are failed still."""
    perhaps_twice: int
    """Messages with two attempts that were or may have been accepted, a later one of them in that time."""
    waits: Sequence[float]
    """Of the accepted ones, seconds from the queue to the end of the attempt, in ascending order."""

    def percentile(self, share: float) -> float | None:
        """Return the wait that this share of the messages did not exceed, by nearest rank; None where none waited."""
        return self.waits[min(len(self.waits) - 1, int(len(self.waits) * share))] if self.waits else None


MOST_COUNTED = 10_000
"""How many `pulse` counts at most, of one status and channel of a campaign."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are, or that there are more than were counted."""

    number: int = 0
    more: bool = False
    """Whether there are more: counting ended at `number`."""

    @classmethod
    def of(cls, number: int) -> Self:
        """Return a count of no more than `MOST_COUNTED`."""
        return cls(min(number, MOST_COUNTED), number > MOST_COUNTED)

    def __add__(self, other: Count) -> Count:
        return Count(self.number + other.number, self.more or other.more)

    def __bool__(self) -> bool:
        return self.number > 0

    def __str__(self) -> str:
        return f"{self.number:,}{'+' if self.more else ''}"


class CampaignPulse(NamedTuple):
    """What is open of one campaign."""

    campaign: str
    by_status: Mapping[Status, Count]
    """`queued`, `sending`, `in_doubt`, `failed`, and `sent` (owed write-backs), as far as there are any."""
    oldest_queued: float | None = None
    """UTC seconds at which its message was queued that waits for longest."""
    oldest_doubt: float | None = None
    """UTC seconds at which the first attempt began that its oldest doubt is about."""

    def of(self, status: Status) -> Count:
        """Return how many are in a status that is open."""
        return self.by_status.get(status, Count())


class ChannelPulse(NamedTuple):
    """What waits for one channel."""

    channel: str
    waiting: Count
    """`queued` ones."""
    oldest_queued: float | None
    """UTC seconds at which the one that waits for longest was queued; None where another program wrote over it."""
    oldest_due: float | None
    """UTC seconds of the first turn; None where all stand behind what is on the wire. Without pauses and rates."""


class Pulse(NamedTuple):
    """What is open now."""

    at: float
    """UTC seconds by the store's clock."""
    campaigns: Sequence[CampaignPulse]
    """Those of which anything is open, by name."""
    channels: Sequence[ChannelPulse]
    """Those for which anything waits, by name."""
    pauses: Sequence[Pause]
    """In force."""

    def total(self, status: Status) -> Count:
        """Return how many of all campaigns are in a status that is open."""
        return sum((one.of(status) for one in self.campaigns), Count())


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which tasks. All fields given must hold."""

    campaign: str | None = None
    key: str | None = None
    keys: tuple[str, ...] = ()
    statuses: tuple[Status, ...] = ()
    ids: tuple[int, ...] = ()
    channel: str | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """Another text for a message that waits: all of it as of a `Draft`, but for the task."""

    task: Task
    """As it was read."""
    recipient: str
    text: str
    options: Metadata | None = None
    attachments: tuple[Attachment, ...] = ()
    limit_key: str | None = None

    def told(self, why: str) -> str:
        """Return the detail of its event: why, and what the message was before."""
        before = f"{why}; before, to {self.task.recipient}: {self.task.text}"
        if not self.task.options:
            return before
        return f"{before}; options: {json.dumps(self.task.options, ensure_ascii=False)}"


class DistinctKeys(NamedTuple):
    """Two keys that are different, as a person said, though they read as the same. `one` is the lesser of the two."""

    one: str
    other: str
    at: float
    """UTC seconds."""
    who: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePlace:
    """Where the files of a campaign are. Nobody generates or settles it elsewhere."""

    campaign: str
    place: str
    """What the machine is called: `run: place` of its project file."""
    host: str
    path: str
    """Of what its source reads, where its links lead; empty where that is no file."""
    since: float
    """UTC seconds."""
    who: str = ""
    """Who moved it there; empty where it was first."""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A process of notifykit that works for longer than one command."""

    name: str
    """Host, process id, and a random part. Its claims are under names that begin with the first two."""
    host: str
    place: str
    version: str
    does: str
    """Its command, and the queues that it hears."""
    since: float
    """UTC seconds."""
    seen_at: float
    """UTC seconds of its last sign of life."""
    ahead: float
    """Seconds by which the store's clock was ahead of its machine's then."""
    on_wire: int = 0
    """How many messages it is sending."""
