"""What is open."""

from __future__ import annotations

from notifykit.model import Status
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import MOST_COUNTED, CampaignPulse, ChannelPulse, Count
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.base import OutboxBase
from notifykit.testing.outbox.steps import accept, claim, claim_one, doubt, put_off, queue, queue_drafts, reject, send
from notifykit.testing.samples import draft
from notifykit.wording import Reason

ONE = Count(1)


class PulseContract(OutboxBase):
    """`pulse`."""

    def test_nothing_is_open_of_an_empty_store(self, outbox: Outbox, clock: FakeClock) -> None:
        pulse = outbox.pulse()
        assert (pulse.at, pulse.campaigns, pulse.channels, pulse.pauses) == (clock.now(), [], [], [])

    def test_open_tasks_are_counted_by_campaign_and_status(self, outbox: Outbox) -> None:
        queue(outbox, *"ABCDEF")
        queue_drafts(outbox, [draft(campaign="bj", key=key, recipient=key) for key in ("G", "H")])
        a, b, c, d, e, *_ = sorted(claim(outbox, 5), key=lambda one: one.task.id)
        accept(outbox, a)
        accept(outbox, b)
        outbox.complete([a.task.id])
        reject(outbox, c)
        doubt(outbox, d)
        pulse = outbox.pulse()
        assert pulse.campaigns == [
            CampaignPulse(campaign="bj", by_status={Status.QUEUED: Count(2)}, oldest_queued=pulse.at),
            CampaignPulse(
                campaign="sample",
                by_status=dict.fromkeys(
                    (Status.QUEUED, Status.SENDING, Status.IN_DOUBT, Status.FAILED, Status.SENT), ONE
                ),
                oldest_queued=pulse.at,
                oldest_doubt=pulse.at,
            ),
        ]
        assert [pulse.total(status) for status in (Status.QUEUED, Status.SENDING, Status.COMPLETED)] == [
            Count(3),
            ONE,
            Count(),
        ]
        outbox.release(e)
        assert outbox.pulse().total(Status.SENDING) == Count()

    def test_what_is_done_is_not_open(self, outbox: Outbox) -> None:
        ids = queue(outbox, "A", "B")
        send(outbox, ids[0])
        outbox.complete(ids[:1])
        outbox.decide(ids[1:], Status.CANCELLED, who="me", why="over", of=(Status.QUEUED,))
        assert (outbox.pulse().campaigns, outbox.pulse().channels) == ([], [])

    def test_each_channel_tells_for_how_long_something_waits(self, outbox: Outbox, clock: FakeClock) -> None:
        began = clock.now()
        queue(outbox, "A", "B", recipients=("same", "same"))
        clock.advance(10)
        queue_drafts(outbox, [draft(campaign="bj", channel="mail"), draft(channel="mail", key="C")])
        outbox.pause("mail", 60, Reason("93000"))
        robot, mail = sorted(outbox.pulse().channels, key=lambda one: one.channel, reverse=True)
        assert robot == ChannelPulse(channel="robot", waiting=Count(2), oldest_queued=began, oldest_due=began)
        assert mail == ChannelPulse(channel="mail", waiting=Count(2), oldest_queued=clock.now(), oldest_due=clock.now())
        assert [pause.channel for pause in outbox.pulse().pauses] == ["mail"]

    def test_a_turn_that_is_not_due_yet_is_told_with_its_time(self, outbox: Outbox, clock: FakeClock) -> None:
        queue(outbox, "A", "B", recipients=("same", "same"))
        one = claim_one(outbox)
        (behind,) = outbox.pulse().channels
        assert (behind.waiting, behind.oldest_due) == (ONE, None)
        put_off(outbox, one, until=clock.now() + 30, hold=clock.now() + 600)
        assert [channel.oldest_due for channel in outbox.pulse().channels] == [clock.now() + 30]
        queue(outbox, "C")
        assert [channel.oldest_due for channel in outbox.pulse().channels] == [clock.now()]
        clock.advance(40)
        queue(outbox, "D")
        send(outbox, *queue(outbox, "E"))
        assert [channel.oldest_due for channel in outbox.pulse().channels] == [clock.now() - 40]

    def test_what_waits_for_its_time_stands_behind_what_passed_it_to_the_wire(
        self, outbox: Outbox, clock: FakeClock
    ) -> None:
        later = clock.now() + 60
        queue_drafts(outbox, [draft(key="later", recipient="same", not_before=later)])
        queue(outbox, "now", recipients=("same",))
        assert [channel.oldest_due for channel in outbox.pulse().channels] == [clock.now()]
        one = claim_one(outbox)
        assert [channel.oldest_due for channel in outbox.pulse().channels] == [None]
        accept(outbox, one)
        assert [channel.oldest_due for channel in outbox.pulse().channels] == [later]
        queue(outbox, "next", recipients=("same",))
        clock.advance(60)
        assert claim_one(outbox).task.key == "later"
        assert [channel.oldest_due for channel in outbox.pulse().channels] == [None]

    def test_the_oldest_doubt_of_each_campaign_is_told(self, outbox: Outbox, clock: FakeClock) -> None:
        began = clock.now()
        queue(outbox, "A", "B")
        queue_drafts(outbox, [draft(campaign="bj", key="C", recipient="c")])
        first, second, other = sorted(claim(outbox, 3), key=lambda one: one.task.id)
        doubt(outbox, first)
        doubt(outbox, other)
        outbox.decide([first.task.id], Status.QUEUED, who="me", why="again", of=(Status.IN_DOUBT,))
        clock.advance(60)
        again = claim_one(outbox)
        doubt(outbox, again)
        assert {one.campaign: one.oldest_doubt for one in outbox.pulse().campaigns} == {
            "bj": began,
            "sample": again.started_at,
        }
        outbox.release(second)

    def test_counting_ends_and_says_so(self, outbox: Outbox) -> None:
        queue(outbox, *map(str, range(MOST_COUNTED)))
        assert outbox.pulse().total(Status.QUEUED) == Count(MOST_COUNTED, more=False)
        queue(outbox, "one more")
        counted = outbox.pulse().total(Status.QUEUED)
        assert (counted, str(counted)) == (Count(MOST_COUNTED, more=True), "10,000+")
        assert outbox.pulse().channels[0].waiting == counted
