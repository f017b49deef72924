"""Stores that break one promise each, and the tests of the contract that must see it."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from notifykit.clock import Clock
from notifykit.model import Claim, Draft, Outcome, Status, Task
from notifykit.outbox.decided import Undoing
from notifykit.outbox.sqlite.store import SqliteOutbox
from notifykit.outbox.values import ChannelBounds, Enqueued, Exchanged, Filter, Finished, Transition
from notifykit.testing import FakeClock, OutboxContract
from notifykit.testing.outbox.machine import outbox_walk
from notifykit.testing.outbox.steps import LEASE, finish
from notifykit.wording import Reason

Bounds = Mapping[str, ChannelBounds]


class Unfenced(SqliteOutbox):
    """Whoever comes moves the task."""

    def exchange(
        self,
        results: Sequence[Finished],
        worker: str,
        slots: int,
        channels: Bounds,
        lease: float,
        campaigns: Collection[str] = (),
    ) -> Exchanged:
        done = super().exchange(results, worker, slots, channels, lease, campaigns)
        for result, moved in zip(results, done.moved, strict=True):
            if not moved:
                self.decide([result.claim.task.id], result.then.status, who="me", why="late", of=list(Status))
        return done


class Twice(SqliteOutbox):
    """Takes a result that is handed in again for a late one."""

    def exchange(
        self,
        results: Sequence[Finished],
        worker: str,
        slots: int,
        channels: Bounds,
        lease: float,
        campaigns: Collection[str] = (),
    ) -> Exchanged:
        on_wire = {(claim.task.id, claim.token) for claim in self.on_wire()}
        done = super().exchange(results, worker, slots, channels, lease, campaigns)
        return done._replace(moved=tuple((one.claim.task.id, one.claim.token) in on_wire for one in results))


class Bounded(SqliteOutbox):
    """Knows not all bounds."""

    def exchange(
        self,
        results: Sequence[Finished],
        worker: str,
        slots: int,
        channels: Bounds,
        lease: float,
        campaigns: Collection[str] = (),
    ) -> Exchanged:
        known = {name: self.known(bounds) for name, bounds in channels.items()}
        return super().exchange(results, worker, slots, known, lease, campaigns)

    def known(self, bounds: ChannelBounds) -> ChannelBounds:
        return bounds


class Unlimited(Bounded):
    """Knows no rates."""

    def known(self, bounds: ChannelBounds) -> ChannelBounds:
        return replace(bounds, rates=())


class Crowded(Bounded):
    """Knows no concurrency."""

    def known(self, bounds: ChannelBounds) -> ChannelBounds:
        return replace(bounds, concurrency=None)


class Selfish(Bounded):
    """Counts its own calls only, of what all share."""

    def known(self, bounds: ChannelBounds) -> ChannelBounds:
        return replace(bounds, shared_with=())


class Disorderly(SqliteOutbox):
    """Knows no order."""

    def enqueue(self, drafts: Sequence[Draft], *, known: Mapping[str, int] | None = None) -> Enqueued:
        return super().enqueue([replace(draft, ordered=False) for draft in drafts], known=known)


class Loose(SqliteOutbox):
    """Keeps half of a transaction that failed."""

    def transaction(self) -> AbstractContextManager[None]:
        return nullcontext()


class Sloppy(SqliteOutbox):
    """Takes keys that look alike for the same."""

    def enqueue(self, drafts: Sequence[Draft], *, known: Mapping[str, int] | None = None) -> Enqueued:
        return super().enqueue([replace(draft, key=draft.key.lower().strip()) for draft in drafts], known=known)


class Hasty(SqliteOutbox):
    """Owes the write-back as soon as one message is sent."""

    def owed(self, campaign: str, after: int = 0, limit: int = 20_000) -> list[Task]:
        found = self.tasks(Filter(campaign=campaign, statuses=(Status.SENT,)))
        return [task for task in found if task.id > after][:limit]


class Resending(SqliteOutbox):
    """Puts claims of others back by itself."""

    def on_wire(self) -> list[Claim]:
        found = super().on_wire()
        for claim in found:
            self.release(claim)
        return found


class Grabbing(SqliteOutbox):
    """Takes a claim away from a worker that lives."""

    def expire(self, claim: Claim, outcome: Outcome, then: Transition) -> bool:
        return finish(self, claim, outcome, then)


class Forgetful(SqliteOutbox):
    """Shortens pauses."""

    def pause(self, channel: str, seconds: float, reason: Reason) -> None:
        self.resume(channel, who="w", why="y")
        super().pause(channel, seconds, reason)


class Deaf(SqliteOutbox):
    """Renews no claim."""

    def heartbeat(self, claims: Iterable[Claim]) -> list[Claim]:
        return list(claims)


class Careless(SqliteOutbox):
    """Moves tasks whatever their status."""

    def decide(self, ids: Iterable[int], status: Status, *, who: str, why: str, of: Sequence[Status]) -> list[Task]:
        return super().decide(ids, status, who=who, why=why, of=list(Status))


class Unconditional(SqliteOutbox):
    """Puts back whatever a decision was about."""

    def undoing(self, decision: int) -> Undoing | None:
        found = super().undoing(decision)
        return found and found._replace(messages=[one._replace(kept=None) for one in found.messages])


class Halfhearted(SqliteOutbox):
    """Renames the tasks, and nothing else."""

    def rename_campaign(self, old: str, new: str, *, who: str, why: str) -> int:
        return self.db.execute("UPDATE OR IGNORE tasks SET campaign = ? WHERE campaign = ?", (new, old)).rowcount


class Timeless(SqliteOutbox):
    """Tells another time than it stores."""

    def now(self) -> float:
        return 0.0


BROKEN: list[tuple[type[SqliteOutbox], str]] = [
    (Unfenced, "a_result_of_an_older_attempt_is_evidence_only"),
    (Unfenced, "a_result_after_a_persons_decision_is_evidence_only"),
    (Twice, "the_same_result_twice_moves_the_task_once"),
    (Unfenced, "a_claim_given_back_has_no_say_any_more"),
    (Unlimited, "a_rate_holds_over_two_connections"),
    (Unlimited, "a_rate_holds_in_every_window"),
    (Unlimited, "every_rate_of_a_channel_holds"),
    (Disorderly, "a_recipient_gets_one_message_at_a_time_in_order"),
    (Disorderly, "a_waiting_retry_holds_what_comes_after_it"),
    (Disorderly, "an_overtaken_retry_waits_while_another_is_on_the_wire"),
    (Loose, "what_a_transaction_raises_undoes_all_of_it"),
    (Loose, "others_see_a_transaction_whole_or_not_at_all"),
    (Sloppy, "keys_are_compared_character_by_character"),
    (Hasty, "a_key_is_owed_when_all_its_messages_are_sent"),
    (Hasty, "an_open_round_holds_the_write_back"),
    (Resending, "what_is_on_the_wire_is_seen_by_everybody"),
    (Grabbing, "a_claim_whose_number_rose_meanwhile_is_not_taken_away"),
    (Crowded, "no_more_of_a_channel_than_can_be_called_at_once"),
    (Selfish, "what_all_share_is_counted_over_all_workers_and_channels"),
    (Forgetful, "a_longer_pause_is_not_shortened"),
    (Forgetful, "only_a_person_ends_a_pause_forever"),
    (Deaf, "a_heartbeat_raises_the_number_of_these_claims_and_of_no_others"),
    (Careless, "only_tasks_in_the_given_states_move"),
    (Unconditional, "decisions_are_undone_one_after_the_other_from_the_last"),
    (Unconditional, "what_was_sent_since_stays_sent"),
    (Unconditional, "what_was_tried_since_stays_where_it_is"),
    (Unconditional, "what_let_a_flag_be_written_is_not_undone"),
    (Halfhearted, "all_of_a_campaign_takes_the_new_name"),
    (Timeless, "what_is_stored_is_of_the_stores_clock"),
]


@pytest.mark.parametrize(("store", "promise"), BROKEN)
def test_a_broken_store_is_caught(tmp_path: Path, store: type[SqliteOutbox], promise: str) -> None:
    clock = FakeClock()
    clock_ahead = FakeClock(clock.now() + 3 * LEASE)
    test = getattr(OutboxContract(), f"test_{promise}")
    with ExitStack() as stack:

        def another(by: Clock = clock) -> SqliteOutbox:
            return stack.enter_context(closing(store.open(tmp_path / "outbox.db", clock=by)))

        offered: dict[str, Any] = {"clock": clock, "another": another, "outbox": another()}
        offered |= {"clock_ahead": clock_ahead, "ahead": another(clock_ahead)}
        given = {name: offered[name] for name in inspect.signature(test).parameters}
        with pytest.raises((AssertionError, ValueError)):
            test(**given)


@pytest.mark.long
@pytest.mark.parametrize("store", [Unlimited, Disorderly, Unconditional])
def test_a_walk_finds_it_too(store: type[SqliteOutbox]) -> None:
    def open_store(folder: Path, clock: Clock) -> SqliteOutbox:
        return store.open(folder / "outbox.db", clock=clock)

    walk = outbox_walk(open_store)
    quick = settings(max_examples=200, stateful_step_count=60, database=None, phases=[Phase.generate])
    with pytest.raises(AssertionError):
        run_state_machine_as_test(walk, settings=settings(quick, derandomize=True))


def test_the_contract_must_be_told_what_to_open(tmp_path: Path) -> None:
    with pytest.raises(NotImplementedError):
        OutboxContract().open_outbox(tmp_path, FakeClock())
