"""Digests of messages that have times of their own: not before, not any more, and periods."""

from __future__ import annotations

from notifykit.messages.receipts import ReceiptStatus
from notifykit.model import Batch, Outcome, Status
from notifykit.operate.receiving import receipt
from notifykit.outbox.digests import is_digest
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Filter, Transition
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.base import OutboxBase
from notifykit.testing.outbox.digests import at, fix, gather
from notifykit.testing.outbox.steps import accept, claim, claim_one, doubt, finish, look, put_off, queue_drafts
from notifykit.testing.samples import draft

HOUR = 3600.0
BATCH = Batch(wait=HOUR, most=3)


class DigestTimesContract(OutboxBase):
    """`not_before`, `expires_at` and `period` of what is gathered, and the clock."""

    def test_messages_wait_for_others_from_their_time_on(self, outbox: Outbox, clock: FakeClock) -> None:
        first = clock.now() + 5 * HOUR
        queue_drafts(outbox, [draft(key="a", batch=BATCH, not_before=first)])
        assert outbox.next_due(["robot"]) == first + HOUR

    def test_a_full_digest_waits_for_the_time_of_all_of_its_messages(self, outbox: Outbox, clock: FakeClock) -> None:
        later = clock.now() + 5 * HOUR
        for number in range(2):  # the second three have a digest of their own
            keys = {f"{number}{key}": later + wait for wait, key in enumerate("abc")}
            queue_drafts(outbox, [draft(key=key, batch=BATCH, not_before=time) for key, time in keys.items()])
        assert outbox.next_due(["robot"]) == later + 2
        assert claim(outbox) == []
        clock.advance(5 * HOUR + 2)
        one = fix(outbox, claim_one(outbox))
        assert len(outbox.members(one.task.id)) == 3
        assert accept(outbox, one)
        assert len(outbox.members(claim_one(outbox).task.id)) == 3

    def test_nothing_is_sent_before_its_time_with_others(self, outbox: Outbox, clock: FakeClock) -> None:
        later = clock.now() + 5 * HOUR
        now, then = queue_drafts(outbox, [draft(key="a", batch=BATCH), draft(key="b", batch=BATCH, not_before=later)])
        clock.advance(HOUR)
        one = claim_one(outbox)
        assert [task.id for task in outbox.members(one.task.id)] == [now]
        assert accept(outbox, fix(outbox, one))
        assert at(outbox, [now, then]) == [Status.SENT, Status.QUEUED]
        assert claim(outbox) == []
        clock.advance(4 * HOUR)
        one = claim_one(outbox)
        assert [task.id for task in outbox.members(one.task.id)] == [then]

    def test_what_is_put_over_keeps_no_other_digest_waiting(self, outbox: Outbox, clock: FakeClock) -> None:
        later = clock.now() + 5 * HOUR
        queue_drafts(outbox, [draft(key="a", batch=BATCH)])
        queue_drafts(outbox, [draft(key=key, batch=BATCH, not_before=later) for key in "bc"])
        (behind,) = queue_drafts(outbox, [draft(key="d", batch=BATCH)])
        clock.advance(HOUR)
        assert accept(outbox, fix(outbox, claim_one(outbox)))
        assert [task.id for task in outbox.members(claim_one(outbox).task.id)] == [behind]

    def test_what_has_expired_is_left_out(self, outbox: Outbox, clock: FakeClock) -> None:
        soon = clock.now() + HOUR
        gone, kept = queue_drafts(outbox, [draft(key="a", batch=BATCH, expires_at=soon), draft(key="b", batch=BATCH)])
        clock.advance(HOUR)
        one = claim_one(outbox)
        assert [task.id for task in outbox.members(one.task.id)] == [kept]
        assert accept(outbox, fix(outbox, one))
        assert [task.id for task in outbox.cancel_expired()] == [gone]
        assert at(outbox, [gone, kept]) == [Status.CANCELLED, Status.SENT]
        assert (claim(outbox), outbox.next_due(["robot"])) == ([], None)

    def test_a_digest_of_which_all_has_expired_is_nothing_to_send(self, outbox: Outbox, clock: FakeClock) -> None:
        soon = clock.now() + HOUR
        queue_drafts(outbox, [draft(key=key, batch=BATCH, expires_at=soon) for key in "ab"])
        clock.advance(HOUR)
        assert len(outbox.cancel_expired()) == 2
        one = claim_one(outbox)
        assert outbox.members(one.task.id) == []
        assert outbox.fix(one, [], "") is None
        assert (claim(outbox), look(outbox, one.task.id).status) == ([], Status.CANCELLED)

    def test_what_is_being_sent_in_a_digest_does_not_expire(self, outbox: Outbox, clock: FakeClock) -> None:
        (id_,) = queue_drafts(outbox, [draft(key="a", batch=BATCH, expires_at=clock.now() + HOUR + 1)])
        clock.advance(HOUR)
        one = fix(outbox, claim_one(outbox))
        clock.advance(HOUR)
        assert outbox.cancel_expired() == []
        assert accept(outbox, one)
        assert at(outbox, [id_]) == [Status.SENT]

    def test_a_digest_that_waits_for_another_try_goes_without_what_has_expired(
        self, outbox: Outbox, clock: FakeClock
    ) -> None:
        soon = clock.now() + HOUR + 1
        gone, kept = queue_drafts(outbox, [draft(key="a", batch=BATCH, expires_at=soon), draft(key="b", batch=BATCH)])
        clock.advance(HOUR)
        one = fix(outbox, claim_one(outbox))
        assert put_off(outbox, one, until=clock.now() + 60, hold=clock.now() + 120)
        queue_drafts(outbox, [draft(key="c")])
        clock.advance(30)
        assert [task.id for task in outbox.cancel_expired()] == [gone]
        (late,) = queue_drafts(outbox, [draft(key="d", batch=BATCH)])
        assert claim(outbox) == []  # it keeps its wait, and its place before the other
        clock.advance(30)
        again = fix(outbox, claim_one(outbox))
        assert (again.task.id, again.task.text, again.task.tries) == (one.task.id, look(outbox, kept).text, 2)
        assert again.task.idempotency_key != one.task.idempotency_key
        assert accept(outbox, again)
        assert at(outbox, [gone, kept, late]) == [Status.CANCELLED, Status.SENT, Status.QUEUED]
        assert [len(outbox.attempts(id_)) for id_ in (one.task.id, gone, kept)] == [2, 1, 2]
        assert [found.stands for found in outbox.memberships([gone])] == [0]
        assert outbox.decide([gone], Status.QUEUED, who="w", why="y", of=[Status.CANCELLED])
        assert [found.follows for found in outbox.memberships([gone])] == [False, True]

    def test_a_digest_that_may_have_been_accepted_is_repeated_whole(self, outbox: Outbox, clock: FakeClock) -> None:
        soon = clock.now() + HOUR + 1
        ids = queue_drafts(outbox, [draft(key="a", batch=BATCH, expires_at=soon), draft(key="b", batch=BATCH)])
        clock.advance(HOUR)
        one = fix(outbox, claim_one(outbox))
        finish(outbox, one, Outcome.unknown("lost"), Transition(status=Status.QUEUED))
        clock.advance(HOUR)
        assert outbox.cancel_expired() == []
        again = claim_one(outbox)
        assert (again.task.text, again.task.idempotency_key) == (one.task.text, one.task.idempotency_key)
        assert accept(outbox, again)
        assert at(outbox, ids) == [Status.SENT] * 2

    def test_a_digest_that_is_given_back_gathers_on(self, outbox: Outbox, clock: FakeClock) -> None:
        (first,) = queue_drafts(outbox, [draft(key="a", batch=BATCH)])
        clock.advance(HOUR)
        until = clock.now() + HOUR
        outbox.give_back([(claim_one(outbox), Transition(status=Status.QUEUED, not_before=until))])
        (second,) = queue_drafts(outbox, [draft(key="b", batch=BATCH)])
        assert (claim(outbox), outbox.next_due(["robot"])) == ([], until)
        clock.advance(HOUR)
        one = fix(outbox, claim_one(outbox))
        assert ([task.id for task in outbox.members(one.task.id)], one.task.tries) == ([first, second], 1)

    def test_messages_of_several_periods_go_in_one_digest(self, outbox: Outbox, clock: FakeClock) -> None:
        days = ["2026-03-01", "2026-03-02"]
        ids = [id_ for day in days for id_ in queue_drafts(outbox, [draft(key="a", batch=BATCH, period=day)])]
        assert outbox.enqueue([draft(key="a", batch=BATCH, period=day) for day in days]).new == 0
        ledger = outbox.ledger("sample")
        assert [ledger.waiting("a", day) for day in days] == [True, True]
        clock.advance(HOUR)
        one = fix(outbox, claim_one(outbox))
        assert [ledger.waiting("a", day) for day in days] == [True, True]
        assert [task.id for task in outbox.members(one.task.id)] == ids
        assert accept(outbox, one)
        assert [task.id for task in outbox.owed("sample")] == ids
        (again,) = outbox.resend("sample", "a", ["group"], who="w", why="y")
        assert (again.period, again.round) == (days[1], 2)
        (one,) = claim(outbox)
        assert is_digest(one.task.campaign)
        assert [task.id for task in outbox.members(one.task.id)] == [again.id]

    def test_what_was_sent_alone_in_its_period_is_sent_alone_again(self, outbox: Outbox, clock: FakeClock) -> None:
        queue_drafts(outbox, [draft(key="a", batch=BATCH, period="2026-03-01")])
        clock.advance(HOUR)
        accept(outbox, fix(outbox, claim_one(outbox)))
        queue_drafts(outbox, [draft(key="a", period="2026-03-02")])
        accept(outbox, claim_one(outbox))
        (again,) = outbox.resend("sample", "a", ["group"], who="w", why="y")
        assert claim_one(outbox).task.id == again.id

    def test_what_a_service_tells_of_a_digest_is_told_of_each_message(self, outbox: Outbox, clock: FakeClock) -> None:
        ids = queue_drafts(outbox, [draft(key=key, batch=BATCH) for key in "ab"])
        clock.advance(HOUR)
        one = fix(outbox, claim_one(outbox))
        assert doubt(outbox, one)
        found = Outcome.accepted(vendor_id="V1", undelivered=("x",))
        assert finish(outbox, one, found, Transition(status=Status.SENT))
        assert receipt(outbox, ReceiptStatus.DELIVERED, vendor_id="V1").changed
        outcomes = [outbox.outcomes([id_])[id_] for id_ in ids]
        assert [one.receipt and one.receipt.status for one in outcomes] == [ReceiptStatus.DELIVERED] * 2
        assert [one.undelivered for one in outcomes] == [("x",)] * 2
        assert not receipt(outbox, ReceiptStatus.DELIVERED, vendor_id="V1").changed
        assert len([task for task in outbox.tasks(Filter()) if is_digest(task.campaign)]) == 1

    def test_a_call_that_a_throttled_channel_refused_is_no_try_of_its_messages(
        self, outbox: Outbox, clock: FakeClock
    ) -> None:
        ids = queue_drafts(outbox, [draft(key=key, batch=BATCH) for key in "ab"])
        clock.advance(HOUR)
        one = fix(outbox, claim_one(outbox))
        assert put_off(outbox, one, until=clock.now() + 60, counts=False)
        assert [look(outbox, id_).tries for id_ in (one.task.id, *ids)] == [0, 0, 0]
        assert [len(outbox.attempts(id_)) for id_ in ids] == [1, 1]

    def test_a_clock_that_is_set_back_makes_no_digest_wait_longer(self, outbox: Outbox, clock: FakeClock) -> None:
        gather(outbox, "a")
        clock.jump(-10 * HOUR)
        outbox.mend_times()
        assert outbox.next_due(["robot"]) == clock.now() + HOUR
        clock.advance(HOUR)
        assert fix(outbox, claim_one(outbox)).task.text == "text of a"

    def test_a_digest_that_is_due_stays_so_when_the_clock_is_set_back(self, outbox: Outbox, clock: FakeClock) -> None:
        gather(outbox, "a", "b", "c")  # no more fit in
        clock.jump(-10 * HOUR)
        outbox.mend_times()
        assert fix(outbox, claim_one(outbox)).task.text == "text of a\ntext of b\ntext of c"
