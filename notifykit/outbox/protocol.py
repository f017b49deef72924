"""What the host asks of a store.

Small on purpose: whatever implements this, and passes `notifykit.testing.OutboxContract`, can be used by the host.
Every method is one transaction unless called inside `transaction()`, which joins several into one. An instance is used
by one thread at a time; the dispatcher ensures that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from notifykit.model import Attempt, CampaignData, Claim, Draft, Outcome, Status, Task
from notifykit.roles import Ledger, Rate
from notifykit.wording import Reason
from notifykit.wording.host import CHANNEL_THROTTLED, CHANNEL_UNREACHABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueued:
    """What came of offering drafts."""

    new: int
    duplicates: int
    """Drafts that the outbox knew already. Nothing was queued for them."""
    first_id: int | None = None
    """The new tasks are those with ids from this one; None where there are none."""
    last_id: int | None = None
    """To this one. There may be gaps."""


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
    """`retried`, `resolved`, `cancelled`, `resent`, `renamed`, `write_back_owed`, `late_result`, or an earlier
    `written_back`; `set_aside` where another program wrote into it what cannot be read; after a migration also
    `adopted` and `late_legacy_completed`."""
    who: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFigures:
    """How one campaign stands."""

    campaign: str
    by_status: Mapping[Status, int]
    flags_owed: int
    """Keys whose every message is sent, and whose result is not yet written back."""
    duplicates_prevented: int
    """Offers of a message that was there already, over all passes."""
    success_rate: float | None
    """Accepted share of finished attempts, 0 to 1; None before the first."""
    queued_to_sent_p50: float | None
    queued_to_sent_p95: float | None
    call_p50: float | None
    call_p95: float | None
    oldest_waiting: float | None
    """When the oldest task that still waits was queued."""
    errors: Mapping[str, int]
    """Attempts that were not accepted, by code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which tasks. All fields given must hold."""

    campaign: str | None = None
    key: str | None = None
    statuses: tuple[Status, ...] = ()
    ids: tuple[int, ...] = ()
    channel: str | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelBounds:
    """How much may be claimed of one channel."""

    rates: tuple[Rate, ...] = ()
    """Counted over all workers."""
    concurrency: int | None = None
    """How many calls there may be at once; None: as many as there are slots."""
    shared_with: tuple[str, ...] = ()
    """The channels that use the one resource of this machine that this one uses, itself included: `concurrency` is
    then counted over all of them and over all workers. Empty: each worker counts its own claims of this channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DistinctKeys:
    """Two keys that are different, as a person said, though they read as the same. `one` is the lesser of the two."""

    one: str
    other: str
    at: float
    """UTC seconds."""
    who: str
    why: str


class Outbox(Protocol):
    """The durable store of tasks."""

    def close(self) -> None:
        """Release what is open. The store stays as it is."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Make everything inside one durable step, or none of it where an exception leaves the block."""
        ...

    # generate ---------------------------------------------------------------------------------------------

    def ledger(self, campaign: str) -> Ledger:
        """Return what a strategy may ask about a campaign, as of now."""
        ...

    def enqueue(self, drafts: Sequence[Draft]) -> Enqueued:
        """Queue what is not known yet, by (campaign, key, message, round). All or nothing."""
        ...

    def reopen_write_back(self, campaign: str, keys: Iterable[str]) -> int:
        """Owe the write-back of these completed keys again. Returns how many tasks."""
        ...

    def campaign_data(self) -> list[CampaignData]:
        """Return what campaigns were seen to read and write, in the order in which they were."""
        ...

    def remember_data(self, data: CampaignData) -> None:
        """Keep what a campaign reads and writes, behind what is kept; what is kept already stays where it is."""
        ...

    def held_campaigns(self) -> Mapping[str, Reason]:
        """Return the campaigns that may queue nothing, as of their last pass, each with the reason."""
        ...

    def hold_campaign(self, campaign: str, reason: Reason | None) -> None:
        """Keep why a campaign may queue nothing; None: it may. Nothing is written where that is known."""
        ...

    def other_spellings(self, campaign: str, keys: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        """Return, for those of the keys that have any, the known keys of a campaign with the same normal form.

        Known is what was ever queued. A key is none of its own other spellings.
        """
        ...

    def distinct_keys(self, campaign: str) -> list[DistinctKeys]:
        """Return the pairs of keys that are different, as a person said."""
        ...

    def keep_distinct(self, campaign: str, one: str, other: str, *, who: str, why: str) -> bool:
        """Keep that two keys are different. False, and nothing changes, where that is known."""
        ...

    # dispatch ---------------------------------------------------------------------------------------------

    def claim(self, worker: str, slots: int, channels: Mapping[str, ChannelBounds], lease: float) -> list[Claim]:
        """Take up to `slots` due tasks of these channels, each durably `sending` under a lease.

        Keeps the order per recipient, and of each channel the rates over all workers, the concurrency (by its
        `sending` rows, read in the same transaction) and the pauses.
        """
        ...

    def finish(self, claim: Claim, outcome: Outcome, then: Transition, call_seconds: float | None = None) -> bool:
        """Record an attempt's outcome, and how long the call took, and move its task.

        Fenced: False where the claim is no longer the task's latest, or the task was moved by somebody else;
        the outcome is then kept as evidence and the task stays. A late result of the attempt that is in
        doubt settles the doubt.
        """
        ...

    def release(self, claim: Claim) -> None:
        """Give back a claim whose call was never begun."""
        ...

    # A claim is given up where an OS lock died with its worker, or where a watcher saw its heartbeat number unchanged
    # for a whole lease by its own clock (`notifykit.pipeline.watch`). No two clocks are compared.

    def enlist(self, worker: str) -> AbstractContextManager[None]:
        """Make it provable, for as long as the block lasts, whether this worker's process lives."""
        ...

    def ended(self, worker: str) -> bool:
        """Whether it is proven that a worker's process has ended. False also where nothing can be proven."""
        ...

    def on_wire(self) -> list[Claim]:
        """Return what is `sending`, of all workers, with each claim's heartbeat number as it stands now."""
        ...

    def heartbeat(self, claims: Iterable[Claim]) -> list[Claim]:
        """Raise the heartbeat numbers of those of the claims that are still held; returns these."""
        ...

    def holds(self, claim: Claim) -> bool:
        """Whether a claim is still its task's latest, and the task is `sending`."""
        ...

    def expire(self, claim: Claim, outcome: Outcome, then: Transition) -> bool:
        """Take a claim away whose worker is gone, as `finish` does.

        False, and nothing is changed, where its heartbeat number is no longer `claim.beat` or it is not held any more.
        """
        ...

    def mend_times(self) -> None:
        """Shorten what would wait too long because the wall clock was set back. Called every few seconds.

        Where other programs write into the store, what they would bar for ever is mended, too: a claim that they wrote
        over is given up, as in doubt.
        """
        ...

    def pause(self, channel: str, seconds: float, reason: Reason) -> None:
        """Stop claims of a channel, for all workers. A longer pause is not shortened."""
        ...

    def resume(self, channel: str) -> bool:
        """End a pause. False where there was none."""
        ...

    def pauses(self) -> list[Pause]:
        """Return the pauses in force."""
        ...

    def outages(self) -> list[Outage]:
        """Return the outages of all channels that have one."""
        ...

    def set_outage(self, outage: Outage) -> None:
        """Record an outage. Where it pauses its channel, nothing of it is claimed before the next probe, and then one
        message at a time, over all workers, until `end_outage`."""
        ...

    def end_outage(self, channel: str) -> bool:
        """Forget a channel's outage: the service answered. False where there was none."""
        ...

    def next_due(self, channels: Iterable[str]) -> float | None:
        """Return when the next task of these channels may be claimed; None where none waits.

        Rates are not counted in: it is a hint for how long to sleep.
        """
        ...

    # settle -----------------------------------------------------------------------------------------------

    def owed(self, campaign: str, after: int = 0, limit: int = 20_000) -> list[Task]:
        """Return the `sent` tasks of keys whose every message is sent (cancelled ones do not count).

        In id order, from beyond id `after`, at most `limit` of them.
        """
        ...

    def owing_campaigns(self) -> list[str]:
        """Return the campaigns with sent tasks."""
        ...

    def complete(self, ids: Iterable[int]) -> None:
        """Record that these sent tasks are written back."""
        ...

    def note_refused_write_back(self, reasons: Mapping[int, Reason]) -> None:
        """Record why a write-back did not happen. The tasks stay `sent`."""
        ...

    # a person's decisions, audited ------------------------------------------------------------------------

    def decide(self, ids: Iterable[int], status: Status, *, who: str, why: str, of: Sequence[Status]) -> list[Task]:
        """Move those of the tasks that are in one of the statuses `of`; returns them as they are now.

        `queued` puts a task back for an immediate attempt with a fresh count of tries.
        """
        ...

    def resend(self, campaign: str, key: str, messages: Sequence[str], *, who: str, why: str) -> list[Task]:
        """Open a new round for messages that were sent: the same text, queued again. Returns the new tasks."""
        ...

    def rename_campaign(self, old: str, new: str, *, who: str, why: str) -> int:
        """Give all that is kept under one campaign's name another name; returns how many tasks that are.

        Each task is told of it (`renamed`). Raises StoreError, and changes nothing, where both names have the same
        message of the same key in the same round.
        """
        ...

    def shared_keys(self, one: str, other: str) -> list[str]:
        """Return the keys under which two campaigns have the same message in the same round."""
        ...

    # looking ----------------------------------------------------------------------------------------------

    def tasks(self, which: Filter) -> Iterator[Task]:
        """Yield tasks in id order."""
        ...

    def attempts(self, task_id: int) -> list[Attempt]:
        """Return a task's attempts in order."""
        ...

    def events(self, task_id: int) -> list[Event]:
        """Return what else happened to a task, in order."""
        ...

    def figures(self) -> list[CampaignFigures]:
        """Return how each campaign stands."""
        ...
