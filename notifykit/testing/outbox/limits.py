"""Rates and pauses hold over all workers; a clock that is set back stops nothing for good."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from notifykit.model import FOREVER, Status
from notifykit.outbox.protocol import Outbox
from notifykit.roles import Rate
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.base import Another, OutboxBase
from notifykit.testing.outbox.steps import (
    accept,
    claim,
    claim_one,
    doubt,
    ids,
    look,
    put_off,
    queue,
    queue_drafts,
    reject,
    send,
)
from notifykit.testing.samples import draft
from notifykit.wording import Reason

HOURS = 3600.0


class LimitsContract(OutboxBase):
    """Rates, `pause`, `resume`, `pauses`, `next_due`, and jumps of the clock."""

    # rates ------------------------------------------------------------------------------------------------

    def test_a_rate_holds_over_two_connections(self, outbox: Outbox, another: Another, clock: FakeClock) -> None:
        queue(outbox, *"ABCDEFGH")
        limited = {"robot": [Rate(3, 60)]}
        other = another()
        claims = [*claim(outbox, 2, channels=limited), *claim(other, channels=limited)]
        assert len(claims) == 3
        for one in claims:
            accept(outbox, one)
        for store in (outbox, other):
            assert claim(store, channels=limited) == []
        clock.advance(59.5)
        assert claim(other, channels=limited) == []
        clock.advance(1)
        assert len(claim(other, channels=limited)) == 3
        assert claim(outbox, channels=limited) == []

    def test_it_is_told_how_much_of_each_rate_is_used(self, outbox: Outbox, clock: FakeClock) -> None:
        queue(outbox, *"ABCDE")
        rates = {"robot": [Rate(3, 60), Rate(9, 3600)], "other": [Rate(1, 1)]}
        assert outbox.used(rates) == {"robot": [0, 0], "other": [0]}
        first, second = claim(outbox, 2, channels=rates)
        assert outbox.used(rates) == {"robot": [2, 2], "other": [0]}
        accept(outbox, first)
        clock.advance(61)
        # One call is still under way, and counts for as long as it is.
        assert outbox.used(rates) == {"robot": [1, 2], "other": [0]}
        accept(outbox, second)
        clock.advance(3601)
        assert outbox.used(rates) == {"robot": [0, 0], "other": [0]}

    def test_a_rate_holds_in_every_window(self, outbox: Outbox, clock: FakeClock) -> None:
        queue(outbox, *(f"K{number}" for number in range(40)))
        started: list[float] = []
        for _ in range(60):
            for one in claim(outbox, 2, channels={"robot": [Rate(5, 60)]}):
                started.append(one.started_at)
                accept(outbox, one)
            clock.advance(7)
        for begin in started:
            assert sum(begin <= at < begin + 60 for at in started) <= 5
        assert len(started) >= 30

    def test_every_rate_of_a_channel_holds(self, outbox: Outbox, clock: FakeClock) -> None:
        queue(outbox, *(f"K{number}" for number in range(10)))
        limited = {"robot": [Rate(1, 2), Rate(3, 60)]}
        counts = []
        for _ in range(6):
            claims = claim(outbox, channels=limited)
            counts.append(len(claims))
            for one in claims:
                accept(outbox, one)
            clock.advance(2.5)
        assert counts == [1, 1, 1, 0, 0, 0]

    def test_a_rate_counts_attempts_whatever_came_of_them(self, outbox: Outbox) -> None:
        queue(outbox, *"ABCD")
        limited = {"robot": [Rate(3, 60)]}
        first, second, _third = claim(outbox, channels=limited)
        reject(outbox, first)
        doubt(outbox, second)
        assert claim(outbox, channels=limited) == []

    @pytest.mark.parametrize("took", [0.05, 20.0, 90.0])
    def test_a_call_counts_until_its_window_after_it_ended(
        self, outbox: Outbox, another: Another, clock: FakeClock, took: float
    ) -> None:
        """The service may count it at any moment of the call."""
        queue(outbox, "A", "B")
        limited = {"robot": [Rate(1, 60)]}
        (one,) = claim(outbox, channels=limited)
        other = another()
        clock.advance(took)
        assert claim(other, channels=limited) == [], "it is under way"
        accept(outbox, one)
        clock.advance(59.5)
        assert claim(other, channels=limited) == []
        clock.advance(1)
        assert len(claim(other, channels=limited)) == 1

    def test_a_rate_counts_its_own_channel_only(self, outbox: Outbox) -> None:
        outbox.enqueue(
            [draft(key=f"{key} {name}", channel=name, recipient=key) for name in ("robot", "mail") for key in "AB"]
        )
        claims = claim(outbox, channels={"robot": [Rate(1, 60)], "mail": ()})
        assert sorted(one.task.channel for one in claims) == ["mail", "mail", "robot"]

    def test_a_claim_given_back_can_be_claimed_again_at_once(self, outbox: Outbox) -> None:
        made = queue(outbox, "A")
        limited = {"robot": [Rate(5, 60)]}
        outbox.release(claim(outbox, channels=limited)[0])
        assert ids(claim(outbox, channels=limited)) == made

    def test_one_task_may_be_tried_twice_at_one_instant(self, outbox: Outbox) -> None:
        made = queue(outbox, "A")
        limited = {"robot": [Rate(2, 60)]}
        for _ in range(2):
            reject(outbox, claim(outbox, channels=limited)[0])
            outbox.decide(made, Status.QUEUED, who="w", why="y", of=[Status.FAILED])
        assert claim(outbox, channels=limited) == [], "both tries count"

    def test_a_rate_holds_though_one_worker_read_its_clock_earlier(
        self, outbox: Outbox, tmp_path: Path, clock: FakeClock
    ) -> None:
        queue(outbox, *"ABCDEF")
        limited = {"robot": [Rate(3, 60)]}
        behind = FakeClock(clock.now() - 0.3)
        with closing(self.open_outbox(tmp_path, behind)) as slow:
            assert len(claim(outbox, channels=limited)) == 3
            assert claim(slow, channels=limited) == []
        assert claim(outbox, channels=limited) == []

    # pauses -----------------------------------------------------------------------------------------------

    def test_a_pause_holds_for_all_and_ends_by_itself(self, outbox: Outbox, another: Another, clock: FakeClock) -> None:
        made = queue(outbox, "A")
        reason = Reason("too many for 60 s", "too_many", ("seconds",), (60,))
        outbox.pause("robot", 60, reason)
        other = another()
        assert claim(other) == []
        (pause,) = other.pauses()
        assert (pause.channel, pause.until, pause.reason) == ("robot", clock.now() + 60, reason)
        clock.advance(59.5)
        assert claim(other) == []
        clock.advance(0.5)
        assert other.pauses() == []
        assert ids(claim(other)) == made

    def test_a_pause_concerns_its_channel_only(self, outbox: Outbox) -> None:
        outbox.enqueue([draft(channel="robot"), draft(channel="mail", key="C-2")])
        outbox.pause("robot", 60, Reason("45009"))
        (one,) = claim(outbox, channels={"robot": (), "mail": ()})
        assert one.task.channel == "mail"

    def test_what_waited_through_a_pause_goes_before_what_was_queued_later(
        self, outbox: Outbox, clock: FakeClock
    ) -> None:
        (first,) = queue_drafts(outbox, [draft(channel="robot")])
        outbox.pause("robot", 60, Reason("45009"))
        assert claim(outbox) == []
        queue_drafts(outbox, [draft(channel="mail", key=key, recipient=key) for key in ("C-2", "C-3")])
        clock.advance(60)
        (one,) = claim(outbox, 1, channels={"robot": (), "mail": ()})
        assert one.task.id == first

    def test_a_longer_pause_is_not_shortened(self, outbox: Outbox, clock: FakeClock) -> None:
        outbox.pause("robot", 60, Reason("long"))
        outbox.pause("robot", 10, Reason("short"))
        (pause,) = outbox.pauses()
        assert (pause.until, pause.reason.text) == (clock.now() + 60, "long")
        outbox.pause("robot", 90, Reason("longer"))
        (pause,) = outbox.pauses()
        assert (pause.until, pause.reason.text) == (clock.now() + 90, "longer")

    def test_a_pause_that_is_over_makes_room_for_a_new_one(self, outbox: Outbox, clock: FakeClock) -> None:
        outbox.pause("robot", 60, Reason("first"))
        clock.advance(100)
        outbox.pause("robot", 5, Reason("second"))
        (pause,) = outbox.pauses()
        assert (pause.until, pause.reason.text) == (clock.now() + 5, "second")

    def test_only_a_person_ends_a_pause_forever(self, outbox: Outbox, another: Another, clock: FakeClock) -> None:
        made = queue(outbox, "A")
        outbox.pause("robot", FOREVER, Reason("93000"))
        outbox.pause("robot", 60, Reason("45009"))
        clock.advance(10 * 365 * 24 * HOURS)
        (pause,) = another().pauses()
        assert (pause.until, pause.reason.text) == (FOREVER, "93000")
        assert claim(outbox) == []
        assert outbox.resume("robot", who="w", why="y") is True
        assert outbox.pauses() == []
        assert ids(claim(outbox)) == made

    def test_there_is_nothing_to_resume(self, outbox: Outbox) -> None:
        assert outbox.resume("robot", who="w", why="y") is False
        outbox.pause("robot", 60, Reason("45009"))
        assert outbox.resume("mail", who="w", why="y") is False
        assert outbox.resume("robot", who="w", why="y") is True
        assert outbox.resume("robot", who="w", why="y") is False

    # when to look again -----------------------------------------------------------------------------------

    def test_when_the_next_one_is_due(self, outbox: Outbox, clock: FakeClock) -> None:
        assert outbox.next_due(["robot"]) is None
        queue(outbox, "A", "B")
        due = outbox.next_due(["robot", "mail"])
        assert due is not None
        assert due <= clock.now()
        assert outbox.next_due(["mail"]) is None
        first, second = claim(outbox)
        assert outbox.next_due(["robot"]) is None
        put_off(outbox, first, until=clock.now() + 40)
        put_off(outbox, second, until=clock.now() + 20)
        assert outbox.next_due(["robot"]) == clock.now() + 20

    def test_a_pause_puts_off_what_is_due(self, outbox: Outbox, clock: FakeClock) -> None:
        queue(outbox, "A")
        outbox.pause("robot", 60, Reason("45009"))
        assert outbox.next_due(["robot"]) == clock.now() + 60
        outbox.pause("robot", FOREVER, Reason("93000"))
        assert outbox.next_due(["robot"]) in (None, FOREVER)

    def test_what_is_held_back_is_due_when_it_is_let_go(self, outbox: Outbox, clock: FakeClock) -> None:
        queue(outbox, "A", "B", recipients=["x", "x"])
        put_off(outbox, claim_one(outbox), until=clock.now() + 1000, hold=clock.now() + 600)
        assert outbox.next_due(["robot"]) == clock.now() + 600

    # the clock is set back --------------------------------------------------------------------------------
    # A host calls `mend_times` every few seconds.

    def test_work_goes_on_after_the_clock_was_set_back(self, outbox: Outbox, clock: FakeClock) -> None:
        made = queue(outbox, "A", "B")
        clock.jump(-8 * HOURS)
        outbox.mend_times()
        made += queue(outbox, "C")
        assert ids(claim(outbox)) == made

    def test_a_rate_does_not_wait_for_the_clock_to_catch_up(self, outbox: Outbox, clock: FakeClock) -> None:
        queue(outbox, *"ABC")
        limited = {"robot": [Rate(1, 60)]}
        accept(outbox, claim(outbox, channels=limited)[0])
        clock.jump(-8 * HOURS)
        outbox.mend_times()
        clock.advance(61)
        assert len(claim(outbox, channels=limited)) == 1

    @pytest.mark.parametrize("counts", [True, False])
    def test_a_retry_does_not_wait_for_the_clock_to_catch_up(
        self, outbox: Outbox, clock: FakeClock, counts: bool
    ) -> None:
        a, b = queue(outbox, "A", "B", recipients=["x", "x"])
        put_off(outbox, claim_one(outbox), until=clock.now() + 30, hold=clock.now() + 600, counts=counts)
        clock.jump(-8 * HOURS)
        outbox.mend_times()
        clock.advance(30)
        one = claim_one(outbox)
        assert one.task.id == a
        accept(outbox, one)
        assert ids(claim(outbox)) == [b]

    def test_a_pause_does_not_wait_for_the_clock_to_catch_up(self, outbox: Outbox, clock: FakeClock) -> None:
        a, b = queue(outbox, "A", "B")
        send(outbox, a)
        outbox.pause("robot", 60, Reason("45009"))
        clock.jump(-8 * HOURS)
        outbox.mend_times()
        clock.advance(60)
        assert outbox.pauses() == []
        assert ids(claim(outbox)) == [b]

    def test_a_live_worker_keeps_its_claims_when_the_clock_is_set(self, outbox: Outbox, clock: FakeClock) -> None:
        (id_,) = queue(outbox, "A")
        one = claim_one(outbox)
        for jump in (-8 * HOURS, 16 * HOURS):
            clock.jump(jump)
            outbox.mend_times()
            assert outbox.holds(one)
        clock.jump(-8 * HOURS)
        assert accept(outbox, one)
        assert look(outbox, id_).status is Status.SENT
