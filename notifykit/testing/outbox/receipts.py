"""What services tell later stands beside the status, and outlives what is done to the task."""

from __future__ import annotations

import pytest

from notifykit.messages.receipts import Receipt, ReceiptStatus
from notifykit.model import Outcome, Status, Verdict
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Transition
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.base import Another, OutboxBase
from notifykit.testing.outbox.steps import claim, claim_one, finish, look, put_off, queue, reject, send

DELIVERED, BOUNCED = ReceiptStatus.DELIVERED, ReceiptStatus.BOUNCED


def accepted(outbox: Outbox, vendor_id: str | None = None, undelivered: tuple[str, ...] = ()) -> int:
    """The service takes the next message, under an id of its own; returns the id of its task."""
    one = claim_one(outbox)
    outcome = Outcome.accepted(vendor_id=vendor_id, undelivered=undelivered)
    assert finish(outbox, one, outcome, Transition(status=Status.SENT))
    return one.task.id


def kept(outbox: Outbox, id_: int) -> tuple[str, float] | None:
    """Return what is told of a task, which the task itself says, too."""
    receipt = outbox.outcomes([id_])[id_].receipt
    assert look(outbox, id_).receipt == receipt
    return None if receipt is None else (receipt.status.value, receipt.at)


class ReceiptsContract(OutboxBase):
    """`keep_receipt`, `outcomes`, `accepted_as`."""

    def test_a_receipt_stands_beside_the_status(self, outbox: Outbox, another: Another) -> None:
        queue(outbox, "A")
        id_ = accepted(outbox)
        assert kept(outbox, id_) is None
        assert outbox.keep_receipt(id_, Receipt(DELIVERED, 100.0, "by post"), who="desk")
        assert kept(another(), id_) == ("delivered", 100.0)
        assert look(outbox, id_).status is Status.SENT
        (event,) = outbox.events(id_)
        assert (event.kind, event.who) == ("receipt", "desk")
        assert event.detail == "delivered at 1970-01-01T00:01:40Z: by post"
        outbox.complete([id_])
        assert kept(outbox, id_) == ("delivered", 100.0)
        (figures,) = outbox.figures()
        assert dict(figures.receipts) == {DELIVERED: 1}

    @pytest.mark.parametrize("first_comes_first", [True, False])
    def test_of_two_that_contradict_each_other_the_later_one_counts(
        self, outbox: Outbox, first_comes_first: bool
    ) -> None:
        queue(outbox, "A")
        id_ = accepted(outbox)
        told = [Receipt(DELIVERED, 100.0), Receipt(BOUNCED, 200.0)]
        counted = [outbox.keep_receipt(id_, one, who="w") for one in (told if first_comes_first else told[::-1])]
        assert counted == [True, first_comes_first]
        assert kept(outbox, id_) == ("bounced", 200.0)
        assert len(outbox.events(id_)) == 2, "both are in its story"
        assert look(outbox, id_).status is Status.SENT

    def test_what_is_told_again_changes_nothing(self, outbox: Outbox) -> None:
        queue(outbox, "A")
        id_ = accepted(outbox)
        assert outbox.keep_receipt(id_, Receipt(DELIVERED, 100.0), who="w")
        for at in (50.0, 100.0, 300.0):
            assert not outbox.keep_receipt(id_, Receipt(DELIVERED, at), who="w")
        assert not outbox.keep_receipt(id_, Receipt(BOUNCED, 100.0), who="w"), "at the same moment"
        assert kept(outbox, id_) == ("delivered", 100.0)

    def test_what_was_never_tried_takes_none(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "A")
        for nobody in (id_, id_ + 1000):
            assert not outbox.keep_receipt(nobody, Receipt(DELIVERED, 100.0), who="w")
        assert outbox.events(id_) == []
        assert kept(outbox, id_) is None

    def test_it_may_come_before_the_outcome(self, outbox: Outbox) -> None:
        queue(outbox, "A")
        one = claim_one(outbox)
        assert outbox.keep_receipt(one.task.id, Receipt(DELIVERED, 100.0), who="w")
        assert look(outbox, one.task.id).status is Status.SENDING
        assert finish(outbox, one, Outcome.accepted(), Transition(status=Status.SENT))
        assert kept(outbox, one.task.id) == ("delivered", 100.0)

    def test_a_message_is_found_by_the_id_of_an_accepted_attempt(self, outbox: Outbox, clock: FakeClock) -> None:
        queue(outbox, "A", "B")
        first, second = claim(outbox)
        put_off(outbox, first, until=clock.now() + 1)
        reject(outbox, second)
        clock.advance(2)
        id_ = accepted(outbox, "v-1")
        assert id_ == first.task.id
        assert outbox.accepted_as("v-1") == [id_]
        assert outbox.accepted_as("v-1", "robot") == [id_]
        assert outbox.accepted_as("v-1", "mail") == []
        assert outbox.accepted_as("v-2") == []

    def test_an_id_may_be_that_of_several(self, outbox: Outbox) -> None:
        queue(outbox, "A", "B")
        assert outbox.accepted_as("v") == []
        both = [accepted(outbox, "v"), accepted(outbox, "v")]
        assert outbox.accepted_as("v") == sorted(both)

    def test_what_came_of_tasks_is_told(self, outbox: Outbox, clock: FakeClock) -> None:
        made = queue(outbox, "A", "B")
        one = claim_one(outbox)
        assert finish(outbox, one, Outcome.unknown("lost"), Transition(status=Status.SENT))
        other = accepted(outbox, "v-9", ("x@y", '"z", a'))
        found = outbox.outcomes([*made, 10_000])
        assert found[other].verdict is Verdict.ACCEPTED
        assert (found[other].vendor_id, found[other].undelivered) == ("v-9", ("x@y", '"z", a'))
        assert found[other].sent_at == clock.now()
        assert (found[one.task.id].verdict, found[one.task.id].vendor_id) == (Verdict.UNKNOWN, None)
        assert set(found) == set(made)
        (attempt,) = outbox.attempts(other)
        assert attempt.undelivered == ("x@y", '"z", a')

    def test_a_resend_has_a_receipt_of_its_own(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "A")
        send(outbox, id_)
        outbox.keep_receipt(id_, Receipt(BOUNCED, 100.0), who="w")
        task = look(outbox, id_)
        (again,) = outbox.resend(task.campaign, task.key, [task.name], who="w", why="y")
        assert kept(outbox, again.id) is None
        assert kept(outbox, id_) == ("bounced", 100.0)

    def test_a_renamed_campaign_keeps_its_receipts(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "A")
        send(outbox, id_)
        outbox.keep_receipt(id_, Receipt(BOUNCED, 100.0), who="w")
        outbox.rename_campaign("sample", "other", who="w", why="y")
        (figures,) = [one for one in outbox.figures() if one.campaign == "other"]
        assert dict(figures.receipts) == {BOUNCED: 1}
