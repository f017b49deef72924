"""What is counted for monitors."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from notifykit.model import Outcome, Status
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.totals import (
    ATTEMPTS,
    CALL_SECONDS,
    CALLS,
    DELAY_SECONDS,
    DELAYS,
    ERRORS,
    LOGGED,
    OTHER_CODE,
    PREVENTED,
    SEQUENCE,
    TWICE,
    Total,
    Totals,
)
from notifykit.outbox.values import ALERTS_CAMPAIGN, Transition
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.base import Another, OutboxBase
from notifykit.testing.outbox.steps import accept, claim, claim_one, doubt, finish, put_off, queue, queue_drafts, reject
from notifykit.testing.samples import draft

SENT = Transition(status=Status.SENT)


def all_counted(outbox: Outbox) -> Totals:
    """Count all there is, and return the totals but for the sequence."""
    while outbox.roll_up(100):
        pass
    return {total: value for total, value in outbox.totals().items() if total.name != SEQUENCE}


def attempts(outbox: Outbox) -> dict[str, float]:
    """The attempts that are counted, by verdict."""
    return {total.detail: value for total, value in outbox.totals().items() if total.name == ATTEMPTS}


class CountingContract(OutboxBase):
    """`roll_up` and `totals`."""

    def test_nothing_is_counted_of_an_empty_store(self, outbox: Outbox) -> None:
        assert (outbox.roll_up(100), outbox.totals()) == (0, {})

    def test_finished_attempts_are_counted_by_what_came_of_them(self, outbox: Outbox, clock: FakeClock) -> None:
        queue(outbox, *"ABCD")
        a, b, c, d = sorted(claim(outbox, 4), key=lambda one: one.task.id)
        clock.advance(70.0)
        finish(outbox, a, Outcome.accepted(), SENT, call_seconds=0.2)
        reject(outbox, b)
        doubt(outbox, c)
        put_off(outbox, d, until=clock.now())
        assert outbox.totals() == {}
        found = all_counted(outbox)
        assert {total: value for total, value in found.items() if total.name not in (ERRORS, "prevented_seen")} == {
            Total(ATTEMPTS, "sample", "robot", "accepted"): 1.0,
            Total(ATTEMPTS, "sample", "robot", "rejected"): 1.0,
            Total(ATTEMPTS, "sample", "robot", "unknown"): 1.0,
            Total(ATTEMPTS, "sample", "robot", "retry"): 1.0,
            Total(CALLS, channel="robot", detail="0.25"): 1.0,
            Total(CALL_SECONDS, channel="robot"): pytest.approx(0.2),
            Total(DELAYS, "sample", detail="300.0"): 1.0,
            Total(DELAY_SECONDS, "sample"): 70.0,
        }
        assert found[Total(ERRORS, channel="robot", detail="40058")] == 1.0
        assert sum(value for total, value in found.items() if total.name == ERRORS) == 3.0

    def test_each_attempt_is_counted_once_in_parts_and_by_several(self, outbox: Outbox, another: Another) -> None:
        queue(outbox, *map(str, range(40)))
        for one in claim(outbox, 40):
            accept(outbox, one)
        assert outbox.roll_up(7) == 7
        assert attempts(outbox) == {"accepted": 7.0}
        others = [another() for _ in range(3)]

        def count(each: Outbox) -> int:
            found = 0
            while number := each.roll_up(2):
                found += number
            return found

        with ThreadPoolExecutor(len(others)) as threads:
            assert sum(threads.map(count, others)) == 33
        assert attempts(outbox) == {"accepted": 40.0}
        assert outbox.roll_up(100) == 0

    def test_a_late_result_is_not_counted_again(self, outbox: Outbox) -> None:
        queue(outbox, "A")
        one = claim_one(outbox)
        doubt(outbox, one)
        all_counted(outbox)
        accept(outbox, one)
        accept(outbox, one)
        all_counted(outbox)
        assert attempts(outbox) == {"unknown": 1.0}

    def test_an_attempt_is_counted_as_it_stands_when_it_is(self, outbox: Outbox) -> None:
        queue(outbox, "A")
        one = claim_one(outbox)
        doubt(outbox, one)
        accept(outbox, one)
        all_counted(outbox)
        assert attempts(outbox) == {"accepted": 1.0}

    def test_a_claim_that_is_given_up_is_counted(self, outbox: Outbox) -> None:
        queue(outbox, "A")
        claim_one(outbox)
        (held,) = outbox.on_wire()
        assert outbox.expire(held, Outcome.unknown("lease_expired"), Transition(status=Status.IN_DOUBT))
        all_counted(outbox)
        assert attempts(outbox) == {"unknown": 1.0}

    def test_a_message_that_was_perhaps_sent_twice_is_counted_once(self, outbox: Outbox) -> None:
        queue(outbox, "A", "B")
        for _ in range(3):
            for one in claim(outbox, 2):
                doubt(outbox, one)
                outbox.decide([one.task.id], Status.QUEUED, who="me", why="again", of=(Status.IN_DOUBT,))
        assert all_counted(outbox)[Total(TWICE, "sample")] == 2.0

    def test_offers_of_known_messages_are_counted(self, outbox: Outbox) -> None:
        queue(outbox, "A")
        outbox.enqueue([draft(key="A")])
        assert all_counted(outbox)[Total(PREVENTED, "sample")] == 1.0
        outbox.enqueue([draft(key="A")], known={"sample": 4})
        assert all_counted(outbox)[Total(PREVENTED, "sample")] == 6.0

    def test_own_messages_are_in_no_total(self, outbox: Outbox) -> None:
        queue_drafts(outbox, [draft(campaign=ALERTS_CAMPAIGN)])
        accept(outbox, claim_one(outbox))
        assert all_counted(outbox) == {}

    def test_codes_are_bounded_and_nothing_that_is_no_code_is_a_label(self, outbox: Outbox) -> None:
        queue(outbox, *map(str, range(110)))
        for at, one in enumerate(claim(outbox, 110)):
            reject(outbox, one, f"code-{at:03}" if at else "no route to +49 151 0000")
        errors = {total.detail: value for total, value in all_counted(outbox).items() if total.name == ERRORS}
        assert len(errors) == 101
        assert errors[OTHER_CODE] == 10.0

    def test_what_else_is_counted_is_added(self, outbox: Outbox) -> None:
        outbox.roll_up(1, more={Total(LOGGED, detail="error"): 2.0})
        outbox.roll_up(1, more={Total(LOGGED, detail="error"): 1.0})
        assert outbox.totals() == {Total(LOGGED, detail="error"): 3.0, Total(SEQUENCE): 2.0}

    def test_an_older_state_of_the_store_counts_on_from_what_was_told(self, outbox: Outbox) -> None:
        queue(outbox, "A")
        accept(outbox, claim_one(outbox))
        all_counted(outbox)
        one = Total(ATTEMPTS, "sample", "robot", "accepted")
        gone = Total(ATTEMPTS, "later", "robot", "accepted")
        outbox.roll_up(100, least={one: 50.0, gone: 3.0, Total(SEQUENCE): 9.0})
        assert (outbox.totals()[one], outbox.totals()[gone], outbox.totals()[Total(SEQUENCE)]) == (50.0, 3.0, 10.0)
        queue(outbox, "B")
        accept(outbox, claim_one(outbox))
        outbox.roll_up(100, least={one: 60.0, Total(SEQUENCE): 10.0})
        assert outbox.totals()[one] == 51.0

    def test_totals_go_with_the_name_of_their_campaign(self, outbox: Outbox) -> None:
        queue(outbox, "A")
        queue_drafts(outbox, [draft(campaign="next", key="B", recipient="b")])
        for one in claim(outbox, 2):
            accept(outbox, one)
        all_counted(outbox)
        outbox.rename_campaign("sample", "next", who="me", why="it is the next one")
        assert {total: value for total, value in outbox.totals().items() if total.name == ATTEMPTS} == {
            Total(ATTEMPTS, "next", "robot", "accepted"): 2.0
        }
