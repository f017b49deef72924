"""Limits of a recipient or a chat, and limits that channels of one credential share, hold over all workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest

from notifykit.model import Claim, Status
from notifykit.outbox.channel_bounds import LONGEST_PUT_OFF
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import ChannelBounds, Rewrite
from notifykit.roles import Rate
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.base import Another, OutboxBase
from notifykit.testing.outbox.steps import accept, ids, look, lose, put_off, queue, queue_drafts, take
from notifykit.testing.samples import draft

ONE_A_MINUTE = {"robot": ChannelBounds(key_rates=(Rate(1, 60),))}
SHARED = "/credential/0123456789abcdef"


def queue_for(outbox: Outbox, *chats: str, ordered: bool = True, channel: str = "robot") -> list[int]:
    """Queue one message for each, in order: to that chat, by which it is counted."""
    made: list[int] = []
    for chat in chats:
        number = len(made) + 1
        made += queue_drafts(
            outbox,
            [draft(key=f"{channel}-{chat}-{number}", recipient=chat, limit_key=chat, channel=channel, ordered=ordered)],
        )
    return made


def claim(outbox: Outbox, slots: int = 50, bounds: Mapping[str, ChannelBounds] = ONE_A_MINUTE) -> list[Claim]:
    """Claim what is due within these bounds."""
    return take(outbox, "worker", slots, bounds, 120.0)


def accept_all(outbox: Outbox, claims: Sequence[Claim]) -> list[int]:
    """The service took them; returns their ids."""
    for one in claims:
        assert accept(outbox, one)
    return ids(claims)


class KeyLimitsContract(OutboxBase):
    """`Draft.limit_key` with `ChannelBounds.key_rates`, and `ChannelBounds.counted_as`."""

    @pytest.mark.parametrize("ordered", [True, False])
    def test_a_chat_at_its_limit_keeps_its_own_messages_only(
        self, outbox: Outbox, another: Another, clock: FakeClock, ordered: bool
    ) -> None:
        a1, a2, a3, b1, c1 = queue_for(outbox, "a", "a", "a", "b", "c", ordered=ordered)
        assert accept_all(outbox, claim(outbox, 1)) == [a1]
        assert accept_all(outbox, claim(another(), 2)) == [b1, c1]
        assert claim(outbox) == []
        clock.advance(59)
        assert claim(another()) == []
        clock.advance(2)
        assert accept_all(outbox, claim(outbox)) == [a2]
        clock.advance(LONGEST_PUT_OFF + 1)
        assert ids(claim(another())) == [a3]

    @pytest.mark.parametrize("ordered", [True, False])
    def test_what_comes_next_is_claimed_however_many_wait_before_it(
        self, outbox: Outbox, clock: FakeClock, ordered: bool
    ) -> None:
        first, *_ = queue_for(outbox, *(["a"] * 30), ordered=ordered)
        assert accept_all(outbox, claim(outbox, 1)) == [first]
        (other,) = queue_for(outbox, "b", channel="robot", ordered=ordered)
        assert accept_all(outbox, claim(outbox, 1)) == [other]
        assert claim(outbox) == []
        due = outbox.next_due(["robot"])
        assert due is not None
        assert clock.now() < due <= clock.now() + 61, "a worker may sleep until then"

    def test_many_of_one_chat_go_at_its_rate(self, outbox: Outbox, clock: FakeClock) -> None:
        made = queue_for(outbox, *(["a"] * 6), ordered=False)
        bounds = {"robot": ChannelBounds(key_rates=(Rate(1, 2), Rate(3, 30)))}
        started: list[tuple[float, int]] = []
        for _ in range(140):
            for one in claim(outbox, bounds=bounds):
                started.append((one.started_at, one.task.id))
                accept(outbox, one)
            clock.advance(0.5)
        times = [at for at, _ in started]
        assert [id_ for _, id_ in started] == made
        assert all(later - sooner >= 2 for sooner, later in pairwise(times))
        assert all(sum(begin <= at < begin + 30 for at in times) <= 3 for begin in times)

    def test_a_call_under_way_counts_for_its_chat(self, outbox: Outbox, another: Another, clock: FakeClock) -> None:
        _, second = queue_for(outbox, "a", "a", ordered=False)
        (one,) = claim(outbox, 1)
        clock.advance(90)
        assert claim(another()) == []
        accept(outbox, one)
        clock.advance(59)
        assert outbox.used({"robot/a": ONE_A_MINUTE["robot"].key_rates}) == {"robot/a": [1]}, "since its call ended"
        assert claim(another()) == []
        clock.advance(2 + LONGEST_PUT_OFF)
        assert ids(claim(another())) == [second]

    def test_a_claim_given_back_leaves_its_place(self, outbox: Outbox) -> None:
        (made,) = queue_for(outbox, "a", ordered=False)
        outbox.release(claim(outbox)[0])
        assert ids(claim(outbox)) == [made]

    def test_what_has_no_key_is_not_counted(self, outbox: Outbox) -> None:
        made = queue(outbox, *"ABCD")
        assert ids(claim(outbox)) == made

    def test_a_channel_without_such_limits_looks_at_no_key(self, outbox: Outbox) -> None:
        made = queue_for(outbox, "a", "a", ordered=False)
        assert ids(claim(outbox, bounds={"robot": ChannelBounds()})) == made

    def test_the_limits_of_the_channel_hold_beside_those_of_its_chats(self, outbox: Outbox, clock: FakeClock) -> None:
        queue_for(outbox, *"abcd", "a", ordered=False)
        bounds = {"robot": ChannelBounds(rates=(Rate(3, 60),), key_rates=(Rate(1, 600),))}
        accept_all(outbox, claim(outbox, bounds=bounds))
        assert claim(outbox, bounds=bounds) == []
        clock.advance(61)
        assert [one.task.recipient for one in claim(outbox, bounds=bounds)] == ["d"]

    def test_only_what_one_campaign_waits_for_is_claimed(self, outbox: Outbox) -> None:
        queue_drafts(
            outbox,
            [
                draft(campaign=name, key=f"{name} {number}", recipient=f"{number}", limit_key="a", ordered=False)
                for number, name in enumerate(("one", "other", "other"))
            ],
        )
        taken = outbox.exchange([], "w", 9, ONE_A_MINUTE, 60.0, ("other",)).claims
        assert [one.task.campaign for one in taken] == ["other"]
        assert outbox.exchange([], "w", 9, ONE_A_MINUTE, 60.0, ("one",)).claims == []

    def test_a_retry_and_a_resend_are_counted_as_the_first_time(self, outbox: Outbox, clock: FakeClock) -> None:
        a, b = queue_for(outbox, "a", "b", ordered=False)
        for one in claim(outbox):
            if one.task.id == a:
                put_off(outbox, one, until=clock.now() + 1)
            else:
                accept(outbox, one)
        task = look(outbox, b)
        outbox.resend(task.campaign, task.key, [task.name], who="w", why="y")
        clock.advance(2)
        assert claim(outbox) == [], "both chats had their message of this minute"
        clock.advance(60)
        assert sorted(one.task.recipient for one in claim(outbox)) == ["a", "b"]

    def test_another_recipient_is_counted_by_another_key(self, outbox: Outbox) -> None:
        a, waiting = queue_for(outbox, "a", "a", ordered=False)
        accept_all(outbox, claim(outbox, 1))
        assert look(outbox, a).status is Status.SENT
        change = Rewrite(task=look(outbox, waiting), recipient="b", text="x", limit_key="b")
        assert outbox.rewrite([[change]], who="w", why="y")
        assert ids(claim(outbox)) == [waiting]

    def test_one_message_that_is_claimed_by_its_id_counts_too(self, outbox: Outbox) -> None:
        first, _ = queue_for(outbox, "a", "a", ordered=False)
        one = outbox.claim_task(first, "w", ONE_A_MINUTE["robot"], 60.0)
        assert one is not None
        accept(outbox, one)
        assert claim(outbox) == []

    def test_the_order_of_a_recipient_is_kept(self, outbox: Outbox, clock: FakeClock) -> None:
        first, other, last = queue_drafts(
            outbox,
            [
                draft(key="1", recipient="x", limit_key="a"),
                draft(key="2", recipient="y", limit_key="a"),
                draft(key="3", recipient="y", limit_key="b"),
            ],
        )
        assert accept_all(outbox, claim(outbox)) == [first]
        assert claim(outbox) == [], "the last one has room, and stands behind one that has none"
        clock.advance(61)
        assert accept_all(outbox, claim(outbox)) == [other]
        assert ids(claim(outbox)) == [last]

    def test_a_chat_does_not_wait_for_the_clock_to_catch_up(self, outbox: Outbox, clock: FakeClock) -> None:
        first, second = queue_for(outbox, "a", "a", ordered=False)
        assert accept_all(outbox, claim(outbox, 1)) == [first]
        assert claim(outbox) == []
        clock.jump(-8 * 3600.0)
        outbox.mend_times()
        clock.advance(61)
        assert ids(claim(outbox)) == [second]

    # one credential ---------------------------------------------------------------------------------------

    def test_channels_of_one_credential_share_their_limits(
        self, outbox: Outbox, another: Another, clock: FakeClock
    ) -> None:
        bounds = {name: ChannelBounds(rates=(Rate(3, 60),), counted_as=SHARED) for name in ("robot", "mail")}
        alone = {"desk": ChannelBounds(rates=(Rate(3, 60),))}
        for channel in ("robot", "mail", "desk"):
            queue_drafts(
                outbox, [draft(key=f"{channel} {n}", recipient=f"{n}", channel=channel, ordered=False) for n in "abcd"]
            )
        first = claim(outbox, bounds=bounds)
        assert len(first) == 3
        accept_all(outbox, first)
        assert claim(another(), bounds=bounds) == []
        assert len(claim(outbox, bounds=alone)) == 3
        assert outbox.used({SHARED: [Rate(3, 60)], "desk": [Rate(3, 60)]}) == {SHARED: [3], "desk": [3]}
        clock.advance(61)
        assert len(claim(another(), bounds=bounds)) == 3

    def test_each_channel_of_a_credential_gets_its_turn(self, outbox: Outbox) -> None:
        bounds = {name: ChannelBounds(rates=(Rate(2, 60),), counted_as=SHARED) for name in ("robot", "mail")}
        for channel in ("robot", "mail"):
            queue_drafts(outbox, [draft(key=channel, channel=channel, ordered=False)])
        assert sorted(one.task.channel for one in claim(outbox, bounds=bounds)) == ["mail", "robot"]

    def test_a_chat_is_one_for_all_channels_of_a_credential(self, outbox: Outbox, clock: FakeClock) -> None:
        bounds = {name: ChannelBounds(key_rates=(Rate(1, 60),), counted_as=SHARED) for name in ("robot", "mail")}
        for channel in ("robot", "mail"):
            queue_for(outbox, "a", channel=channel, ordered=False)
        (one,) = claim(outbox, bounds=bounds)
        accept(outbox, one)
        assert claim(outbox, bounds=bounds) == []
        clock.advance(LONGEST_PUT_OFF + 1)
        (other,) = claim(outbox, bounds=bounds)
        assert {one.task.channel, other.task.channel} == {"mail", "robot"}

    def test_what_is_taken_from_a_dead_worker_counts_from_then_on(self, outbox: Outbox, clock: FakeClock) -> None:
        queue_for(outbox, "a", "a", ordered=False)
        claim(outbox, 1)
        clock.advance(130)  # a server gives nobody up before
        (lost,) = outbox.on_wire()
        assert lose(outbox, lost)
        clock.advance(59)
        assert claim(outbox) == []
        clock.advance(2 + LONGEST_PUT_OFF)
        assert len(claim(outbox)) == 1
