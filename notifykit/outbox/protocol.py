"""What the host asks of a store.

Small on purpose: whatever implements this, and passes `notifykit.testing.OutboxContract`, can be used by the host.
Every method is one transaction unless called inside `transaction()`, which joins several into one. An instance is used
by one thread at a time; the dispatcher ensures that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from notifykit.messages.receipts import Receipt
from notifykit.model import CampaignData, Claim, Draft, Outcome, Owed, Status, Task
from notifykit.outbox.decided import Decision, Undoing
from notifykit.outbox.looks import Looks
from notifykit.outbox.values import (
    ChannelBounds,
    DistinctKeys,
    Enqueued,
    Exchanged,
    Finished,
    Outage,
    Pause,
    Rewrite,
    Transition,
)
from notifykit.roles import Ledger
from notifykit.wording import Reason

if TYPE_CHECKING:
    from notifykit.outbox.totals import Totals

__all__ = ["Outbox", "StoreLedger"]


class StoreLedger(Ledger, Protocol):
    """What a store tells of one campaign."""

    def load(self, keys: Iterable[str]) -> None:
        """Be ready to be asked of these keys which messages are known: a batch costs one look into the store."""
        ...

    def waits(self, key: str, period: str = "") -> Mapping[str, str]:
        """Return where the messages of a key stood, of one period, that were neither sent nor cancelled when the ledger
        was made.

        Needs no look into the store. Later rounds are left out.
        """
        ...

    def status(self, key: str, message: str, period: str = "") -> str | None:
        """Return where a message stands, of a key that was loaded; None where it was queued neither in this period nor
        in a later one.

        Of one with several rounds, that of one that was not cancelled, if there is any.
        """
        ...

    def archived(self, key: str) -> bool:
        """Whether messages of this key were moved to an archive."""
        ...


class Outbox(Looks, Protocol):
    """The durable store of tasks."""

    def close(self) -> None:
        """Release what is open. The store stays as it is."""
        ...

    def now(self) -> float:
        """Return the store's clock, in UTC seconds: what is stored, or compared with what is stored, is of this clock.

        It may differ from the machine's. Costs no look into the store, and may be asked by any thread.
        """
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Make everything inside one durable step, or none of it where an exception leaves the block."""
        ...

    # generate ---------------------------------------------------------------------------------------------

    def ledger(self, campaign: str) -> StoreLedger:
        """Return what a strategy may ask about a campaign, as of now."""
        ...

    def enqueue(self, drafts: Sequence[Draft], *, known: Mapping[str, int] | None = None) -> Enqueued:
        """Queue what is not known yet, by (campaign, key, message, period, round), with the files it carries. All or
        nothing.

        A message of which a later period is known counts as known: no clock that is set back opens a period again.
        A message with a `batch` joins the digest that gathers such messages, of the same campaign, name, channel and
        recipient, or opens one. It is due when its first message has waited, and when it is full.

        `known`: how many further offers of which campaigns need no look, because the ledger knows their messages. They
        count as duplicates.
        """
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

    def exchange(
        self,
        results: Sequence[Finished],
        worker: str,
        slots: int,
        channels: Mapping[str, ChannelBounds],
        lease: float,
        campaigns: Collection[str] = (),
    ) -> Exchanged:
        """Record what came of claims, and take up to `slots` due tasks of these channels, in one step.

        A result is fenced: where the claim is no longer the task's latest, or the task was moved by somebody else, the
        outcome is kept as evidence and the task stays. A late result of the attempt that is in doubt settles the doubt.
        One that is handed in again by the same worker, because it could not know that it was recorded, moved its task.

        Each task that is taken is durably `sending` under a lease, in seconds. The order per recipient is kept, and of
        each channel the rates over all workers, the concurrency (by its `sending` rows, read in the same transaction,
        without those that the results free) and the pauses. `campaigns`: only their tasks are taken, where any are
        named; one of another campaign keeps those behind it in its lane.
        """
        ...

    def claim_task(self, task_id: int, worker: str, bounds: ChannelBounds, lease: float) -> Claim | None:
        """Claim this queued task, which has no order, now: whatever else is due, and although its channel is paused.

        It counts for the rates. For who queues one message and sends it in the same breath, in one transaction with
        `enqueue`. None where it is not queued, or has an order.
        """
        ...

    def contents(self, sha256: str) -> bytes:
        """Return what an attachment of a task holds, by its hash. Raises LookupError where nothing is kept under it."""
        ...

    def fix(self, claim: Claim, ids: Sequence[int], text: str) -> Claim | None:
        """Fix in a claimed digest that gathers which of its messages it holds, and what it says; returns its claim now.

        Those that it does not hold go in the next digest of their kind, which waits no longer. Where it holds none,
        the digest is cancelled, as if it had not been claimed: None.
        """
        ...

    def release(self, claim: Claim) -> None:
        """Give back a claim whose call was never begun."""
        ...

    def give_back(self, back: Sequence[tuple[Claim, Transition]]) -> None:
        """Give back claims whose calls were never begun, each to where its transition says: to wait until later, or
        cancelled because it has expired. No try is counted; a reason stays where there is no other."""
        ...

    def cancel_expired(self, most: int = 1_000) -> list[Task]:
        """Cancel what waits and has expired (`Draft.expires_at`), up to so many; returns these as they were.

        Never what is being sent, nor what may have been accepted: that is tried until it is known. What is behind them
        in their lanes goes on.
        """
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
        """Take a claim away whose worker is gone, as a result does that moves its task.

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

    def next_due(self, channels: Iterable[str], campaigns: Collection[str] = ()) -> float | None:
        """Return when the next task of these channels may be claimed; None where none waits.

        `campaigns`: only of these, where any are named. Rates are not counted in: it is a hint for how long to sleep.
        """
        ...

    # settle -----------------------------------------------------------------------------------------------

    def owed(self, campaign: str, after: int = 0, limit: int = 20_000) -> list[Task]:
        """Return the `sent` tasks of keys whose every message of the same period is sent.

        Those that a person cancelled do not count; where one has expired, none is returned. In id order, from beyond id
        `after`, at most `limit` of them.
        """
        ...

    def leave_unflagged(self, campaign: str) -> int:
        """Complete the `sent` tasks of records, and periods, of which another message has expired, where none waits:
        nothing is written back for them. Returns how many."""
        ...

    def owed_briefly(self, campaign: str, after: int = 0, limit: int = 25_000) -> list[Owed]:
        """Return what `owed` does, as far as a write-back needs it: less time, less memory."""
        ...

    def owing_campaigns(self) -> list[str]:
        """Return the campaigns with sent tasks."""
        ...

    def begin_write_back(self, campaign: str) -> None:
        """Keep that flags of a campaign are being written, of what `owed` tells from now on.

        Until `end_write_back`, also after a kill, `undo` lets no record of it wait again of which no message waits.
        """
        ...

    def end_write_back(self, campaign: str) -> None:
        """Keep that flags of a campaign are no longer being written."""
        ...

    def complete(self, ids: Iterable[int]) -> None:
        """Record that these sent tasks are written back."""
        ...

    def note_refused_write_back(self, reasons: Mapping[int, Reason]) -> None:
        """Record why a write-back did not happen. The tasks stay `sent`."""
        ...

    def keep_receipt(self, task_id: int, receipt: Receipt, *, who: str) -> bool:
        """Keep what a service told of a task that was tried (`Receipt`), with an event. Returns whether that counts.

        Where it says what is known already, nothing is changed; where something later is known, it is an event only.
        The status of the task stays. False, and nothing is changed, for a task that was never tried, or is not there.
        """
        ...

    # a person's decisions, audited ------------------------------------------------------------------------

    def decide(self, ids: Iterable[int], status: Status, *, who: str, why: str, of: Sequence[Status]) -> list[Task]:
        """Move those of the tasks that are in one of the statuses `of`; returns them as they are now.

        `queued` puts a task back for an immediate attempt with a fresh count of tries; one that is `cancelled` only
        where a person cancelled it (`may_queue_again`). What is decided about a digest is decided about its messages,
        and the other way round where it is about all of them: see `notifykit.outbox.digests.planned`. Digests are not
        returned beside messages.
        """
        ...

    def resend(self, campaign: str, key: str, messages: Sequence[str], *, who: str, why: str) -> list[Task]:
        """Open a new round for messages that were sent: the same text, options and files. Returns the new tasks."""
        ...

    def resume(self, channel: str, *, who: str, why: str) -> bool:
        """End a pause, or an outage. False where there was none."""
        ...

    # Each of these three that changed anything is a decision, which can be undone: what was before is kept.

    def decisions(self, limit: int | None = None, *, task: int | None = None) -> list[Decision]:
        """Return the latest decisions, the last one first. `task`: only those about it."""
        ...

    def undoing(self, decision: int) -> Undoing | None:
        """Return what undoing a decision would do now; None where there is none of that id.

        A task is put back only where no later decision that stands is about it, where its status is what the decision
        made it, where no attempt began since, and where no message of its record was, or is being, written back since,
        unless it is put back to `cancelled`.
        """
        ...

    def undo(self, decision: int, *, who: str, why: str) -> Undoing | None:
        """Take a decision back, as far as `undoing` tells; returns what was done, with the tasks as they are now.

        Tasks are what they were: their waits, tries and doubts, too. Those that the decision made are cancelled. A
        pause is in force again. Nothing is changed where nothing can be put back, or the decision was undone before.
        """
        ...

    def rewrite(self, messages: Sequence[Sequence[Rewrite]], *, who: str, why: str) -> list[Task]:
        """Give messages that wait other texts, options and recipients, in their places; returns the changed tasks.

        Of each message, all of the tasks given or none: where each is `queued`, was never tried, and is what it was.
        What it said is kept (`rerendered`).
        """
        ...

    def rename_campaign(self, old: str, new: str, *, who: str, why: str) -> int:
        """Give all that is kept under one campaign's name another name; returns how many tasks that are.

        Each task is told of it (`renamed`). Raises StoreError, and changes nothing, where both names have the same
        message of the same key in the same round of the same period.
        """
        ...

    def shared_keys(self, one: str, other: str) -> list[str]:
        """Return the keys under which two campaigns have the same message in the same round of the same period."""
        ...

    # counting for monitors; what there is beside is in `Looks` -----------------------------------------------

    def roll_up(self, most: int, *, more: Totals | None = None, least: Totals | None = None) -> int:
        """Add up to `most` finished attempts to the totals, and `more`; returns how many attempts that were.

        Each attempt is counted once, as it stands then, whoever counts at the same time; those of notifykit's own
        messages in no total. `least`: totals that were told. Where the store is an older state than told these
        (`SEQUENCE`), it counts on from them.
        """
        ...

    # what the host keeps for itself -----------------------------------------------------------------------

    def notes(self, topic: str) -> Mapping[str, str]:
        """Return the notes of a topic, by name."""
        ...

    def keep_note(self, topic: str, name: str, note: str | None) -> None:
        """Keep a note in the place of an earlier one; None: there is none any more.

        Of two transactions that keep one of the same topic and name, the second waits for the first.
        """
        ...
