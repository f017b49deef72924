"""What happened lately, and what the host keeps for itself."""

from __future__ import annotations

from array import array

from notifykit.model import Status
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.recent import Calls
from notifykit.outbox.values import ALERTS_CAMPAIGN, TEST_CAMPAIGN, Count, RecentFigures
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.base import Another, OutboxBase
from notifykit.testing.outbox.steps import accept, claim, claim_one, doubt, put_off, queue, queue_drafts, reject, send
from notifykit.testing.samples import draft


class RecentContract(OutboxBase):
    """`recent`, `recent_calls`, `notes`, `keep_note`, and that notifykit's own messages count nowhere."""

    def test_what_happened_in_a_time_is_counted_by_campaign(self, outbox: Outbox, clock: FakeClock) -> None:
        queue_drafts(outbox, [draft(campaign="bj", key=key, recipient=key) for key in "ABCDE"])
        began = clock.now()
        clock.advance(10)
        a, b, c, d, e = sorted(claim(outbox, 5), key=lambda one: one.task.id)
        accept(outbox, a)
        reject(outbox, b)
        doubt(outbox, c)
        put_off(outbox, d, until=clock.now(), hold=clock.now())
        clock.advance(20)
        accept(outbox, e)
        assert outbox.recent(began, clock.now() + 1) == [
            RecentFigures(
                campaign="bj",
                attempts=5,
                accepted=2,
                put_back=1,
                doubtful=1,
                failed=1,
                perhaps_twice=0,
                waits=array("d", [10.0, 30.0]),
            )
        ]
        (first,) = outbox.recent(began, clock.now())
        assert (first.attempts, first.accepted, first.percentile(0.5)) == (4, 1, 10.0)
        assert outbox.recent(clock.now() + 1, clock.now() + 9) == []

    def test_calls_of_a_time_are_counted_by_channel_with_those_that_took_long(
        self, outbox: Outbox, clock: FakeClock
    ) -> None:
        began = clock.now()
        queue_drafts(
            outbox, [draft(campaign=to[:2], key=to, recipient=to) for to in ("bj1", "bj2", "bj3", "sh1", "sh2", "sh3")]
        )
        queue_drafts(outbox, [draft(campaign=ALERTS_CAMPAIGN), draft(campaign="bj", channel="mail")])
        claims = claim(outbox, 8, channels={"robot": (), "mail": ()})
        for one, seconds in zip(sorted(claims, key=lambda one: one.task.id), (1, 2, 3, 4, None, 5, 60, 2), strict=True):
            accept(outbox, one, seconds)
        assert outbox.recent_calls(began, clock.now() + 1, 2.0) == {
            "mail": Calls(number=1, slow=0),
            "robot": Calls(number=5, slow=3),  # without one that did not come to a call, and notifykit's own
        }
        assert outbox.recent_calls(clock.now() + 1, clock.now() + 9, 2.0) == {}

    def test_what_was_sent_after_a_doubt_was_perhaps_sent_twice(self, outbox: Outbox, clock: FakeClock) -> None:
        queue(outbox, "A")
        one = claim_one(outbox)
        doubt(outbox, one)
        outbox.decide([one.task.id], Status.QUEUED, who="me", why="it did not arrive", of=(Status.IN_DOUBT,))
        clock.advance(5)
        again = clock.now()
        send(outbox, one.task.id)
        assert [item.perhaps_twice for item in outbox.recent(again, again + 1)] == [1]
        assert [item.perhaps_twice for item in outbox.recent(0.0, again)] == [0]

    def test_own_messages_count_nowhere(self, outbox: Outbox, clock: FakeClock) -> None:
        queue_drafts(outbox, [draft(campaign=ALERTS_CAMPAIGN, key=key, recipient=key) for key in "ABC"])
        accept(outbox, claim_one(outbox))
        reject(outbox, claim_one(outbox))
        assert outbox.recent(0.0, clock.now() + 1) == []
        assert outbox.figures() == []
        pulse = outbox.pulse()
        assert (pulse.campaigns, pulse.total(Status.FAILED)) == ([], Count())
        assert [one.waiting for one in pulse.channels] == [Count(1)]

    def test_tests_are_in_no_recent_figures(self, outbox: Outbox, clock: FakeClock) -> None:
        queue_drafts(outbox, [draft(campaign=TEST_CAMPAIGN)])
        accept(outbox, claim_one(outbox))
        assert outbox.recent(0.0, clock.now() + 1) == []

    def test_a_note_is_kept_replaced_and_dropped(self, outbox: Outbox, another: Another) -> None:
        assert outbox.notes("pass") == {}
        outbox.keep_note("pass", "bj", "1")
        outbox.keep_note("pass", "bj", "2")
        outbox.keep_note("pass", "合同", "ß\n")
        outbox.keep_note("other", "bj", "3")
        assert another().notes("pass") == {"bj": "2", "合同": "ß\n"}
        outbox.keep_note("pass", "bj", None)
        outbox.keep_note("pass", "never", None)
        assert outbox.notes("pass") == {"合同": "ß\n"}
        assert outbox.notes("other") == {"bj": "3"}

    def test_test_messages_are_no_campaigns_activity(self, outbox: Outbox, clock: FakeClock) -> None:
        queue_drafts(outbox, [draft(campaign=TEST_CAMPAIGN)])
        accept(outbox, claim_one(outbox))
        assert outbox.recent(0.0, clock.now() + 1) == []
