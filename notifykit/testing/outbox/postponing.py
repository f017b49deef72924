"""Times of messages: not before, not any more, and given back because it is not the time."""

from __future__ import annotations

from contextlib import suppress

import pytest

from notifykit.model import Outcome, Status
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Filter, Transition
from notifykit.roles import Rate
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.base import Another, OutboxBase
from notifykit.testing.outbox.steps import accept, claim, claim_one, finish, ids, look, put_off, queue_drafts, send
from notifykit.testing.samples import draft
from notifykit.wording import Reason
from notifykit.wording.host import EXPIRED, NOT_FLAGGED

HOUR = 3_600.0


class PostponingContract(OutboxBase):
    """`Draft.not_before`, `Draft.expires_at`, `give_back`, `cancel_expired`, `leave_unflagged`."""

    @pytest.mark.parametrize("ordered", [True, False])
    def test_a_message_is_not_claimed_before_its_time(self, outbox: Outbox, clock: FakeClock, *, ordered: bool) -> None:
        at = clock.now() + HOUR
        (id_,) = queue_drafts(outbox, [draft(not_before=at, ordered=ordered)])
        assert (claim(outbox), look(outbox, id_).not_before, outbox.next_due(["robot"])) == ([], at, at)
        clock.advance(HOUR - 1)
        assert claim(outbox) == []
        clock.advance(1)
        assert ids(claim(outbox)) == [id_]

    def test_what_is_to_be_sent_later_holds_back_nobody(self, outbox: Outbox, clock: FakeClock) -> None:
        later, now = queue_drafts(outbox, [draft(key="A", not_before=clock.now() + HOUR), draft(key="B")])
        (behind,) = queue_drafts(outbox, [draft(key="C")])
        send(outbox, now)
        send(outbox, behind)
        assert claim(outbox) == []
        clock.advance(HOUR)
        assert ids(claim(outbox)) == [later]

    def test_whose_time_has_come_keeps_its_place(self, outbox: Outbox, clock: FakeClock) -> None:
        at = clock.now() + HOUR
        first, second, third = queue_drafts(
            outbox, [draft(key="A", not_before=at), draft(key="B", not_before=at), draft(key="C", not_before=at + 1)]
        )
        clock.advance(2 * HOUR)
        for id_ in (first, second, third):
            (one,) = claim(outbox)
            assert one.task.id == id_
            accept(outbox, one)

    def test_one_that_comes_behind_a_message_on_the_wire_is_sent_before_one_for_later(
        self, outbox: Outbox, clock: FakeClock
    ) -> None:
        queue_drafts(outbox, [draft(key="A")])
        one = claim_one(outbox)
        later, now = queue_drafts(outbox, [draft(key="B", not_before=clock.now() + HOUR), draft(key="C")])
        accept(outbox, one)
        assert ids(claim(outbox)) == [now]
        assert look(outbox, later).status is Status.QUEUED

    @pytest.mark.parametrize("ordered", [True, False])
    def test_a_claim_is_given_back_until_later(self, outbox: Outbox, clock: FakeClock, *, ordered: bool) -> None:
        (id_,) = queue_drafts(outbox, [draft(ordered=ordered)])
        until = clock.now() + HOUR
        outbox.give_back([(claim_one(outbox), Transition(status=Status.QUEUED, not_before=until))])
        task = look(outbox, id_)
        assert (task.status, task.tries, task.not_before, task.reason) == (Status.QUEUED, 0, until, None)
        assert (claim(outbox), outbox.attempts(id_)) == ([], [])
        clock.advance(HOUR)
        assert claim_one(outbox).task.tries == 1

    def test_a_retry_that_is_given_back_keeps_its_reason_and_its_tries(self, outbox: Outbox, clock: FakeClock) -> None:
        (id_,) = queue_drafts(outbox, [draft()])
        put_off(outbox, claim_one(outbox), until=clock.now() + 5, hold=clock.now() + 60)
        clock.advance(5)
        outbox.give_back([(claim_one(outbox), Transition(status=Status.QUEUED, not_before=clock.now() + HOUR))])
        task = look(outbox, id_)
        assert (task.tries, task.reason) == (1, Reason("busy"))

    def test_others_of_the_lane_go_on_after_one_is_given_back(self, outbox: Outbox, clock: FakeClock) -> None:
        first, second = queue_drafts(outbox, [draft(key="A"), draft(key="B")])
        outbox.give_back([(claim_one(outbox), Transition(status=Status.QUEUED, not_before=clock.now() + HOUR))])
        assert ids(claim(outbox)) == [second]
        assert look(outbox, first).status is Status.QUEUED

    def test_a_claim_that_is_given_back_counts_for_no_rate(self, outbox: Outbox, clock: FakeClock) -> None:
        queue_drafts(outbox, [draft(key="A", ordered=False), draft(key="B", ordered=False)])
        limited = {"robot": [Rate(1, 60.0)]}
        (one,) = claim(outbox, channels=limited)
        outbox.give_back([(one, Transition(status=Status.QUEUED, not_before=clock.now() + HOUR))])
        assert len(claim(outbox, channels=limited)) == 1

    def test_a_claim_that_was_lost_is_not_given_back(self, outbox: Outbox, another: Another, clock: FakeClock) -> None:
        (id_,) = queue_drafts(outbox, [draft()])
        one = claim_one(outbox)
        accept(outbox, one)
        another().give_back([(one, Transition(status=Status.QUEUED, not_before=clock.now()))])
        assert look(outbox, id_).status is Status.SENT

    def test_what_is_given_back_with_others_in_one_step_is_so_or_not_at_all(self, outbox: Outbox) -> None:
        (id_,) = queue_drafts(outbox, [draft()])
        with suppress(ZeroDivisionError), outbox.transaction():
            outbox.give_back([(claim_one(outbox), Transition(status=Status.CANCELLED, reason=EXPIRED()))])
            _ = 1 / 0
        assert look(outbox, id_).status is Status.QUEUED

    def test_what_waits_for_too_long_is_cancelled(self, outbox: Outbox, clock: FakeClock) -> None:
        expiring, other = queue_drafts(outbox, [draft(key="A", expires_at=clock.now() + HOUR), draft(key="B")])
        clock.advance(HOUR - 1)
        assert outbox.cancel_expired() == []
        clock.advance(1)
        assert [task.id for task in outbox.cancel_expired()] == [expiring]
        task = look(outbox, expiring)
        assert (task.status, task.reason, task.not_before) == (Status.CANCELLED, EXPIRED(), 0.0)
        assert [event.kind for event in outbox.events(expiring)] == ["expired"]
        assert ids(claim(outbox)) == [other]
        assert outbox.cancel_expired() == []
        assert outbox.enqueue([draft(key="A")]).new == 0

    def test_no_more_are_cancelled_at_once_than_are_asked_for(self, outbox: Outbox, clock: FakeClock) -> None:
        first, second = queue_drafts(
            outbox, [draft(key="B", expires_at=clock.now() + 1), draft(key="A", expires_at=clock.now() + 2)]
        )
        clock.advance(HOUR)
        assert [[task.id for task in outbox.cancel_expired(1)] for _ in range(3)] == [[first], [second], []]

    def test_what_is_being_sent_does_not_expire(self, outbox: Outbox, another: Another, clock: FakeClock) -> None:
        (id_,) = queue_drafts(outbox, [draft(expires_at=clock.now() + HOUR)])
        one = claim_one(outbox)
        clock.advance(2 * HOUR)
        assert another().cancel_expired() == []
        accept(outbox, one)
        assert look(outbox, id_).status is Status.SENT

    def test_a_retry_expires(self, outbox: Outbox, clock: FakeClock) -> None:
        (id_,) = queue_drafts(outbox, [draft(expires_at=clock.now() + HOUR)])
        put_off(outbox, claim_one(outbox), until=clock.now() + 2 * HOUR)
        clock.advance(HOUR)
        assert [task.id for task in outbox.cancel_expired()] == [id_]

    def test_what_may_have_been_accepted_does_not_expire(self, outbox: Outbox, clock: FakeClock) -> None:
        queue_drafts(outbox, [draft(expires_at=clock.now() + HOUR)])
        again = Transition(status=Status.QUEUED, reason=Reason("lost"), not_before=clock.now())
        finish(outbox, claim_one(outbox), Outcome.unknown("lost"), again)
        clock.advance(2 * HOUR)
        assert outbox.cancel_expired() == []

    def test_a_claim_that_has_expired_is_cancelled_instead_of_sent(self, outbox: Outbox, clock: FakeClock) -> None:
        first, second = queue_drafts(outbox, [draft(key="A", expires_at=clock.now()), draft(key="B")])
        outbox.give_back([(claim_one(outbox), Transition(status=Status.CANCELLED, reason=EXPIRED()))])
        task = look(outbox, first)
        assert (task.status, task.reason, task.tries) == (Status.CANCELLED, EXPIRED(), 0)
        assert [event.kind for event in outbox.events(first)] == ["expired"]
        assert ids(claim(outbox)) == [second]

    def test_a_person_may_queue_again_what_has_expired(self, outbox: Outbox, clock: FakeClock) -> None:
        (id_,) = queue_drafts(outbox, [draft(expires_at=clock.now())])
        outbox.cancel_expired()
        outbox.decide([id_], Status.QUEUED, who="anna", why="still", of=[Status.CANCELLED])
        assert (outbox.cancel_expired(), look(outbox, id_).expires_at) == ([], None)
        assert ids(claim(outbox)) == [id_]

    def test_a_person_who_retries_leaves_the_time_that_is_left(self, outbox: Outbox, clock: FakeClock) -> None:
        (id_,) = queue_drafts(outbox, [draft(expires_at=clock.now() + HOUR)])
        outbox.decide([id_], Status.CANCELLED, who="anna", why="no", of=[Status.QUEUED])
        outbox.decide([id_], Status.QUEUED, who="anna", why="yes", of=[Status.CANCELLED])
        assert look(outbox, id_).expires_at == clock.now() + HOUR

    def test_a_record_of_which_a_message_expired_is_not_flagged(self, outbox: Outbox, clock: FakeClock) -> None:
        group, award = queue_drafts(
            outbox,
            [draft(recipient="a"), draft(name="award", recipient="b", expires_at=clock.now() + HOUR)],
        )
        later = Transition(status=Status.QUEUED, not_before=9e9)
        outbox.give_back([(one, later) for one in claim(outbox) if one.task.id == award])
        clock.advance(HOUR)
        outbox.cancel_expired()
        assert outbox.leave_unflagged("sample") == 0, "a message is still on the wire"
        (one,) = outbox.on_wire()
        accept(outbox, one)
        assert (outbox.owed("sample"), outbox.owed_briefly("sample")) == ([], [])
        assert outbox.figures()[0].flags_owed == 0
        assert not outbox.ledger("sample").delivered("C-1")
        assert (outbox.leave_unflagged("sample"), outbox.leave_unflagged("sample")) == (1, 0)
        task = look(outbox, group)
        assert (task.status, task.reason) == (Status.COMPLETED, NOT_FLAGGED())
        assert look(outbox, award).status is Status.CANCELLED
        assert outbox.owing_campaigns() == []

    def test_what_expired_in_one_period_leaves_the_others_alone(self, outbox: Outbox, clock: FakeClock) -> None:
        old, new = queue_drafts(
            outbox,
            [draft(period="1", expires_at=clock.now(), not_before=9e9), draft(period="2")],
        )
        send(outbox, new)
        assert [task.id for task in outbox.cancel_expired()] == [old]
        assert outbox.leave_unflagged("sample") == 0
        assert [task.id for task in outbox.owed("sample")] == [new]
        ledger = outbox.ledger("sample")
        assert [ledger.delivered("C-1", period) for period in (None, "1", "2")] == [False, False, True]

    def test_times_and_periods_are_kept(self, outbox: Outbox, clock: FakeClock, another: Another) -> None:
        at = clock.now() + HOUR
        queue_drafts(outbox, [draft(not_before=at, expires_at=at + 1, period="2026-W48"), draft(key="plain")])
        found = [(task.not_before, task.expires_at, task.period) for task in another().tasks(Filter())]
        assert found == [(at, at + 1, "2026-W48"), (0.0, None, "")]
