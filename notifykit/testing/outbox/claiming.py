"""Claiming: what is due, once, in the order of each recipient."""

from __future__ import annotations

import threading

from notifykit.model import FOREVER, Outcome, Status
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import ChannelBounds, Finished, Transition
from notifykit.roles import Rate
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.base import Another, OutboxBase
from notifykit.testing.outbox.steps import (
    LEASE,
    accept,
    claim,
    claim_one,
    doubt,
    ids,
    look,
    lose,
    put_off,
    queue,
    queue_drafts,
    reject,
    statuses,
    take,
)
from notifykit.testing.samples import draft
from notifykit.wording import Reason


class ClaimingContract(OutboxBase):
    """The claims of `exchange`; `release`."""

    def test_a_claim_is_durable_before_it_is_returned(self, outbox: Outbox, another: Another, clock: FakeClock) -> None:
        (id_,) = queue(outbox, "C-1")
        one = claim_one(outbox)
        assert (one.task.id, one.token, one.worker, one.started_at) == (id_, 1, "worker", clock.now())
        assert (one.lease, one.beat) == (LEASE, 0)
        other = another()
        task = look(other, id_)
        assert (task.status, task.tries) == (Status.SENDING, 1)
        (attempt,) = other.attempts(id_)
        assert (attempt.task_id, attempt.number) == (id_, one.token)
        assert (attempt.worker, attempt.channel, attempt.started_at) == ("worker", "robot", clock.now())
        assert (attempt.finished_at, attempt.verdict, attempt.code) == (None, None, None)

    def test_a_task_that_is_named_is_claimed_whatever_else_is_due(self, outbox: Outbox, another: Another) -> None:
        queue(outbox, "A")
        (id_,) = queue_drafts(outbox, [draft(key="B", ordered=False)])
        outbox.pause("robot", FOREVER, Reason("a test"))
        one = outbox.claim_task(id_, "worker", ChannelBounds(), LEASE)
        assert one is not None
        assert (one.task.id, one.task.tries, one.token, one.worker, one.lease) == (id_, 1, 1, "worker", LEASE)
        assert look(another(), id_).status is Status.SENDING
        assert outbox.claim_task(id_, "worker", ChannelBounds(), LEASE) is None
        outbox.release(one)
        assert look(another(), id_).status is Status.QUEUED

    def test_a_task_with_an_order_is_not_claimed_by_its_name(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "A")
        assert outbox.claim_task(id_, "worker", ChannelBounds(), LEASE) is None
        assert outbox.claim_task(id_ + 1, "worker", ChannelBounds(), LEASE) is None
        assert ids(claim(outbox)) == [id_]

    def test_a_task_that_is_named_counts_for_the_rates(self, outbox: Outbox) -> None:
        queue(outbox, "A")
        (id_,) = queue_drafts(outbox, [draft(key="B", ordered=False)])
        bounds = ChannelBounds(rates=(Rate(1, 60),))
        with outbox.transaction():
            assert outbox.claim_task(id_, "worker", bounds, LEASE) is not None
        assert outbox.exchange([], "worker", 2, {"robot": bounds}, LEASE).claims == []

    def test_what_is_claimed_is_claimed_by_nobody_else(self, outbox: Outbox, another: Another) -> None:
        made = queue(outbox, "A", "B", "C")
        first = claim(outbox, 2, worker="one")
        second = claim(another(), worker="two")
        assert (len(first), len(second)) == (2, 1)
        assert ids([*first, *second]) == made
        assert claim(outbox) == []

    def test_no_more_than_the_slots(self, outbox: Outbox) -> None:
        queue(outbox, *"ABCDE")
        assert len(claim(outbox, 3)) == 3
        assert claim(outbox, 0) == []
        assert len(claim(outbox, 3)) == 2

    def test_only_the_channels_that_are_asked_for(self, outbox: Outbox) -> None:
        outbox.enqueue([draft(channel="robot"), draft(channel="mail", key="C-2")])
        assert claim(outbox, channels={}) == []
        assert claim(outbox, channels={"sms": ()}) == []
        (one,) = claim(outbox, channels={"mail": ()})
        assert one.task.channel == "mail"

    def test_only_the_campaigns_that_are_asked_for(self, outbox: Outbox) -> None:
        others = [draft(campaign="other", key=str(at), recipient=f"to {at}") for at in range(3)]
        mine = [draft(campaign="mine", key=str(at), recipient=f"for {at}") for at in range(3)]
        queue_drafts(outbox, [others[0], mine[0], others[1], mine[1], others[2], mine[2]])
        bounds = {"robot": ChannelBounds()}
        taken = outbox.exchange([], "worker", 2, bounds, LEASE, ["mine"]).claims
        assert [one.task.key for one in taken] == ["0", "1"]
        assert {one.task.campaign for one in taken} == {"mine"}
        (last,) = outbox.exchange([], "worker", 9, bounds, LEASE, ["mine", "nobody"]).claims
        assert (last.task.campaign, last.task.key) == ("mine", "2")
        assert outbox.exchange([], "worker", 9, bounds, LEASE, ["mine"]).claims == []
        assert outbox.next_due(["robot"], ["mine"]) is None
        due = outbox.next_due(["robot"], ["mine", "other"])
        assert due is not None
        assert due <= outbox.now()
        assert [one.task.campaign for one in outbox.exchange([], "worker", 9, bounds, LEASE).claims] == ["other"] * 3

    def test_what_waits_of_a_campaign_that_is_asked_for_is_due_when_it_is(
        self, outbox: Outbox, clock: FakeClock
    ) -> None:
        queue_drafts(outbox, [draft(campaign="mine", key="A"), draft(campaign="other", key="B", recipient="another")])
        (one,) = outbox.exchange([], "worker", 9, {"robot": ChannelBounds()}, LEASE, ["mine"]).claims
        put_off(outbox, one, until=clock.now() + 60)
        assert outbox.next_due(["robot"], ["mine"]) == clock.now() + 60
        assert outbox.exchange([], "worker", 9, {"robot": ChannelBounds()}, LEASE, ["mine"]).claims == []
        clock.advance(60)
        assert len(outbox.exchange([], "worker", 9, {"robot": ChannelBounds()}, LEASE, ["mine"]).claims) == 1

    def test_what_is_asked_for_does_not_overtake_another_campaign(self, outbox: Outbox) -> None:
        first, second = queue_drafts(
            outbox, [draft(campaign="other", recipient="one"), draft(campaign="mine", recipient="one")]
        )
        bounds = {"robot": ChannelBounds()}
        assert outbox.exchange([], "worker", 9, bounds, LEASE, ["mine"]).claims == []
        assert outbox.next_due(["robot"], ["mine"]) is None
        one = claim_one(outbox)
        assert one.task.id == first
        accept(outbox, one)
        assert ids(outbox.exchange([], "worker", 9, bounds, LEASE, ["mine"]).claims) == [second]

    def test_the_oldest_come_first(self, outbox: Outbox, clock: FakeClock) -> None:
        first = queue(outbox, "A", "B")
        clock.advance(1)
        queue(outbox, "C", "D")
        assert ids(claim(outbox, 2)) == first

    def test_many_threads_claim_each_task_once(self, outbox: Outbox, another: Another) -> None:
        made = queue(outbox, *(f"K{number}" for number in range(60)))
        stores = [another() for _ in range(4)]
        taken: list[list[int]] = [[] for _ in stores]
        failures: list[BaseException] = []

        def work(at: int) -> None:
            try:
                while claims := claim(stores[at], 3, worker=f"worker {at}"):
                    for one in claims:
                        accept(stores[at], one)
                    taken[at] += ids(claims)
            except BaseException as error:  # noqa: BLE001 - carried to the test
                failures.append(error)

        threads = [threading.Thread(target=work, args=(at,)) for at in range(len(stores))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert sorted(id_ for each in taken for id_ in each) == made
        assert set(statuses(outbox)) == {Status.SENT}

    def test_what_a_result_lets_go_is_claimed_in_the_same_step(self, outbox: Outbox) -> None:
        first, second = queue(outbox, "A", "B", recipients=["one", "one"])
        one = claim_one(outbox)
        assert one.task.id == first
        result = Finished(claim=one, outcome=Outcome.accepted(), then=Transition(status=Status.SENT))
        done = outbox.exchange([result], "worker", 5, {"robot": ChannelBounds(concurrency=1)}, LEASE)
        assert (list(done.moved), ids(done.claims)) == ([True], [second])

    def test_turns_come_in_order_over_channels(self, outbox: Outbox, clock: FakeClock) -> None:
        order = "abbacabcca"
        queue_drafts(outbox, [draft(key=str(at), channel=name, recipient=str(at)) for at, name in enumerate(order)])
        bounds = {name: ChannelBounds() for name in "abcd"}
        got: list[str] = []
        for slots in (1, 3, 1, 2, 5):
            claims = outbox.exchange([], "me", slots, bounds, LEASE).claims
            got += [one.task.channel for one in claims]
            clock.advance(0.001)
        assert got == list(order)

    def test_a_channel_is_claimed_again_as_soon_as_something_of_it_is_due(
        self, outbox: Outbox, clock: FakeClock
    ) -> None:
        queue(outbox, "A")
        put_off(outbox, claim_one(outbox), until=clock.now() + 5)
        assert claim(outbox) == [], "it is known now that nothing is due"
        queue(outbox, "B")
        assert [one.task.key for one in claim(outbox)] == ["B"]
        assert claim(outbox) == []
        clock.advance(5)
        assert [one.task.key for one in claim(outbox)] == ["A"]

    # how many calls at once -------------------------------------------------------------------------------

    def test_no_more_of_a_channel_than_can_be_called_at_once(self, outbox: Outbox) -> None:
        queue(outbox, *"ABCDE")
        two = {"robot": ChannelBounds(concurrency=2)}
        first = take(outbox, "me", 50, two, LEASE)
        assert len(first) == 2
        assert take(outbox, "me", 50, two, LEASE) == []
        accept(outbox, first[0])
        assert len(take(outbox, "me", 50, two, LEASE)) == 1

    def test_each_worker_counts_its_own_calls(self, outbox: Outbox, another: Another) -> None:
        queue(outbox, *"ABCDE")
        two = {"robot": ChannelBounds(concurrency=2)}
        assert len(take(outbox, "me", 50, two, LEASE)) == 2
        assert len(take(another(), "you", 50, two, LEASE)) == 2

    def test_what_all_share_is_counted_over_all_workers_and_channels(self, outbox: Outbox, another: Another) -> None:
        queue_drafts(outbox, [draft(key=name + key, channel=name, recipient=key) for name in "ab" for key in "XYZ"])
        both = ("a", "b")
        one = {name: ChannelBounds(concurrency=1, shared_with=both) for name in both}
        (first,) = take(outbox, "me", 50, one, LEASE)
        assert take(another(), "you", 50, one, LEASE) == []
        assert take(another(), "you", 50, {"b": one["b"]}, LEASE) == [], "whatever of it a worker knows"
        accept(outbox, first)
        assert len(take(another(), "you", 50, one, LEASE)) == 1

    def test_a_claim_that_was_taken_away_frees_its_place(self, outbox: Outbox, another: Another) -> None:
        queue(outbox, "A", "B")
        one = {"robot": ChannelBounds(concurrency=1, shared_with=("robot",))}
        take(outbox, "me", 50, one, LEASE)
        other = another()
        assert take(other, "you", 50, one, LEASE) == []
        assert lose(other, other.on_wire()[0])
        assert len(take(other, "you", 50, one, LEASE)) == 1

    def test_a_full_channel_leaves_slots_to_others(self, outbox: Outbox) -> None:
        queue_drafts(outbox, [draft(key=key, channel="full", recipient=key) for key in "ABC"])
        queue_drafts(outbox, [draft(key=key, channel="free", recipient=key) for key in "XYZ"])
        bounds = {"full": ChannelBounds(concurrency=1), "free": ChannelBounds(concurrency=3)}
        got = take(outbox, "me", 4, bounds, LEASE)
        assert sorted(one.task.channel for one in got) == ["free", "free", "free", "full"]

    # order ------------------------------------------------------------------------------------------------

    def test_a_recipient_gets_one_message_at_a_time_in_order(self, outbox: Outbox) -> None:
        made = queue(outbox, "A", "B", "C", recipients=["x", "x", "x"])
        for id_ in made:
            (one,) = claim(outbox)
            assert one.task.id == id_
            assert claim(outbox) == []
            accept(outbox, one)

    def test_the_order_holds_over_offers_and_campaigns(self, outbox: Outbox) -> None:
        made = [queue_drafts(outbox, [draft(campaign=name)])[0] for name in ("b", "a", "c")]
        for id_ in made:
            (one,) = claim(outbox)
            assert one.task.id == id_
            accept(outbox, one)

    def test_recipients_do_not_wait_for_each_other(self, outbox: Outbox) -> None:
        a, _b, c = queue(outbox, "A", "B", "C", recipients=["x", "x", "y"])
        assert ids(claim(outbox)) == [a, c]

    def test_a_recipient_with_many_messages_leaves_slots_to_others(self, outbox: Outbox) -> None:
        made = queue(outbox, *"ABCDEFGH", recipients=[*["x"] * 7, "y"])
        assert ids(claim(outbox, 2)) == [made[0], made[-1]]

    def test_without_order_nobody_waits(self, outbox: Outbox) -> None:
        made = queue_drafts(outbox, [draft(key=key, ordered=False) for key in "ABC"])
        assert ids(claim(outbox)) == made

    def test_what_has_no_order_neither_holds_nor_is_held(self, outbox: Outbox, clock: FakeClock) -> None:
        a, b, c, d = queue_drafts(outbox, [draft(key=key, ordered=key in "AC") for key in "ABCD"])
        claims = claim(outbox)
        assert ids(claims) == [a, b, d]
        for one in claims:
            if one.task.id == b:
                put_off(outbox, one, until=clock.now() + 500, hold=clock.now() + 600)
            else:
                accept(outbox, one)
        assert ids(claim(outbox)) == [c]
        clock.advance(500)
        assert ids(claim(outbox)) == [b]

    def test_a_waiting_retry_holds_what_comes_after_it(self, outbox: Outbox, clock: FakeClock) -> None:
        a, b = queue(outbox, "A", "B", recipients=["x", "x"])
        put_off(outbox, claim_one(outbox), until=clock.now() + 30, hold=clock.now() + 600)
        assert claim(outbox) == []
        clock.advance(29.5)
        assert claim(outbox) == []
        clock.advance(0.5)
        one = claim_one(outbox)
        assert one.task.id == a
        assert claim(outbox) == []
        accept(outbox, one)
        assert ids(claim(outbox)) == [b]

    def test_what_is_queued_later_is_held_too(self, outbox: Outbox, clock: FakeClock) -> None:
        queue(outbox, "A", recipients=["x"])
        put_off(outbox, claim_one(outbox), until=clock.now() + 30, hold=clock.now() + 600)
        queue(outbox, "B", recipients=["x"])
        assert claim(outbox) == []

    def test_a_waiting_retry_holds_others_no_longer_than_told(self, outbox: Outbox, clock: FakeClock) -> None:
        a, b, c = queue(outbox, "A", "B", "C", recipients=["x", "x", "x"])
        put_off(outbox, claim_one(outbox), until=clock.now() + 1000, hold=clock.now() + 600)
        clock.advance(599.5)
        assert claim(outbox) == []
        clock.advance(0.5)
        for id_ in (b, c):
            one = claim_one(outbox)
            assert one.task.id == id_
            assert claim(outbox) == []
            accept(outbox, one)
        assert claim(outbox) == []
        clock.advance(400)
        assert ids(claim(outbox)) == [a]

    def test_an_overtaken_retry_waits_while_another_is_on_the_wire(self, outbox: Outbox, clock: FakeClock) -> None:
        a, b = queue(outbox, "A", "B", recipients=["x", "x"])
        put_off(outbox, claim_one(outbox), until=clock.now() + 50, hold=clock.now() + 10)
        clock.advance(10)
        one = claim_one(outbox)
        assert one.task.id == b
        clock.advance(40)
        assert claim(outbox) == []
        accept(outbox, one)
        assert ids(claim(outbox)) == [a]

    def test_what_failed_or_is_in_doubt_holds_nothing(self, outbox: Outbox) -> None:
        made = queue(outbox, "A", "B", "C", recipients=["x", "x", "x"])
        reject(outbox, claim_one(outbox))
        doubt(outbox, claim_one(outbox))
        assert ids(claim(outbox)) == made[2:]
        assert statuses(outbox) == [Status.FAILED, Status.IN_DOUBT, Status.SENDING]

    def test_what_comes_back_goes_before_what_came_after_it(self, outbox: Outbox, clock: FakeClock) -> None:
        """A late result puts a doubtful task back at once, while the next one was to go already."""
        first, second = queue(outbox, "A", "B", recipients=["r", "r"])
        one = claim_one(outbox)
        doubt(outbox, one)
        clock.advance(5)
        put_off(outbox, one, until=clock.now(), hold=clock.now() + 60)
        assert ids(claim(outbox)) == [first]
        assert look(outbox, second).status is Status.QUEUED

    def test_a_cancelled_head_lets_the_next_one_go(self, outbox: Outbox, clock: FakeClock) -> None:
        a, b = queue(outbox, "A", "B", recipients=["x", "x"])
        put_off(outbox, claim_one(outbox), until=clock.now() + 30, hold=clock.now() + 600)
        outbox.decide([a], Status.CANCELLED, who="w", why="y", of=[Status.QUEUED])
        assert ids(claim(outbox)) == [b]

    def test_a_task_put_back_by_a_person_does_not_go_beside_another(self, outbox: Outbox) -> None:
        a, b = queue(outbox, "A", "B", recipients=["x", "x"])
        reject(outbox, claim_one(outbox))
        one = claim_one(outbox)
        assert one.task.id == b
        outbox.decide([a], Status.QUEUED, who="w", why="y", of=[Status.FAILED])
        assert claim(outbox) == []
        accept(outbox, one)
        assert ids(claim(outbox)) == [a]

    # retries and giving back ------------------------------------------------------------------------------

    def test_a_retry_is_due_at_its_time_and_not_earlier(self, outbox: Outbox, clock: FakeClock) -> None:
        (id_,) = queue(outbox, "A")
        put_off(outbox, claim_one(outbox), until=clock.now() + 5)
        task = look(outbox, id_)
        assert (task.status, task.not_before, str(task.reason)) == (Status.QUEUED, clock.now() + 5, "busy")
        clock.advance(4.5)
        assert claim(outbox) == []
        clock.advance(0.5)
        one = claim_one(outbox)
        assert (one.token, look(outbox, id_).tries) == (2, 2)

    def test_a_claim_given_back_was_never_made(self, outbox: Outbox) -> None:
        a, _b = queue(outbox, "A", "B", recipients=["x", "x"])
        before = look(outbox, a)
        outbox.release(claim_one(outbox))
        assert look(outbox, a) == before
        one = claim_one(outbox)
        assert (one.task.id, look(outbox, a).tries) == (a, 1)

    def test_giving_back_what_is_not_held_changes_nothing(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "A")
        one = claim_one(outbox)
        accept(outbox, one)
        before, attempts = look(outbox, id_), outbox.attempts(id_)
        outbox.release(one)
        assert (look(outbox, id_), outbox.attempts(id_)) == (before, attempts)
