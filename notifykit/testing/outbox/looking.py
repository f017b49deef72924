"""Filters and figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from notifykit.model import Outcome, Status
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Filter, Transition
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.base import Another, OutboxBase
from notifykit.testing.outbox.steps import (
    accept,
    claim,
    claim_one,
    doubt,
    finish,
    look,
    put_off,
    queue,
    queue_drafts,
    reject,
    send,
)
from notifykit.testing.samples import draft


class LookingContract(OutboxBase):
    """`tasks`, `attempts`, `events`, `figures`."""

    def test_a_search_finds_words_in_keys_recipients_and_texts_the_latest_first(self, outbox: Outbox) -> None:
        made = queue_drafts(
            outbox,
            [
                draft(key="K-17", recipient="anna", text="first"),
                draft(key="K-2", recipient="bo 17", text="second"),
                draft(key="K-3", recipient="bo", text="of 17%"),
                draft(key="K-17", campaign="other", recipient="x", text="y"),
            ],
        )

        def found(words: str, before: int | None = None, read: int = 100, most: int = 100, **which: object) -> object:
            told = outbox.search(words, Filter(**which), before=before, read=read, most=most)  # type: ignore[arg-type]
            return [task.id for task in told.tasks], told.before

        first, second, third, fourth = made
        assert found("17") == ([fourth, third, second, first], None)
        assert found("17", campaign="other") == ([fourth], None)
        assert found("17", statuses=(Status.SENT,)) == ([], None)
        assert found("17%") == ([third], None)
        assert found("_") == ([], None)
        assert found("17", most=2) == ([fourth, third], third)
        assert found("17", before=third) == ([second, first], None)
        assert found("17", before=first) == ([], None)
        assert found("first", read=2) == ([], third)
        assert found("first", before=third, read=2) == ([first], None)

    def test_a_key_is_found_in_all_campaigns(self, outbox: Outbox) -> None:
        made = queue_drafts(
            outbox,
            [draft(key=key, campaign=campaign, recipient=key + campaign) for campaign in "cab" for key in ("K", "L")],
        )
        assert [task.id for task in outbox.tasks(Filter(key="K"))] == made[::2]
        assert [task.id for task in outbox.tasks(Filter(key="K", statuses=(Status.QUEUED,), limit=2))] == made[:3:2]
        assert list(outbox.tasks(Filter(key="M"))) == []

    def test_some_keys_of_a_campaign_are_found_at_once(self, outbox: Outbox) -> None:
        made = queue_drafts(
            outbox,
            [
                draft(key=key, campaign=campaign, recipient=key + campaign)
                for campaign in "ab"
                for key in ("K", "L", "M")
            ],
        )
        of_a = Filter(campaign="a", keys=("M", "K", "absent"))
        assert [task.id for task in outbox.tasks(of_a)] == [made[0], made[2]]
        assert [task.id for task in outbox.tasks(replace(of_a, key="M"))] == [made[2]]
        assert [task.id for task in outbox.tasks(replace(of_a, campaign="b", limit=1))] == [made[3]]

    def test_filters_are_joined_by_and(self, outbox: Outbox) -> None:
        made = queue_drafts(
            outbox,
            [
                draft(
                    campaign=campaign,
                    key=key,
                    channel=channel,
                    recipient=f"{campaign} {key} {channel}",
                    name=channel,
                )
                for campaign in ("bj", "sh")
                for key in ("C-1", "C%")
                for channel in ("robot", "mail")
            ],
        )
        reject(outbox, claim(outbox, 1)[0])

        def found(**which: object) -> list[int]:
            return [task.id for task in outbox.tasks(Filter(**which))]  # type: ignore[arg-type]

        assert found() == made
        assert found(campaign="bj") == made[:4]
        assert found(key="C%") == [made[2], made[3], made[6], made[7]]
        assert found(channel="mail", campaign="sh") == [made[5], made[7]]
        assert found(statuses=(Status.FAILED,)) == [made[0]]
        assert found(statuses=(Status.FAILED, Status.QUEUED), key="C-1", campaign="bj") == made[:2]
        assert found(ids=(made[7], made[1], 10**9)) == [made[1], made[7]]
        assert found(limit=3) == made[:3]
        assert found(campaign="bj", limit=100) == made[:4]
        assert found(campaign="xx") == []
        assert found(key="") == []

    def test_tasks_may_be_changed_while_they_are_yielded(self, outbox: Outbox) -> None:
        made = queue(outbox, *map(str, range(1_200)))
        seen: list[int] = []
        with outbox.transaction():
            for task in outbox.tasks(Filter(statuses=(Status.QUEUED,))):
                if len(seen) % 10 == 0:
                    outbox.decide([task.id], Status.CANCELLED, who="me", why="over", of=(Status.QUEUED,))
                seen.append(task.id)
        assert seen == made
        assert [task.id for task in outbox.tasks(Filter(statuses=(Status.CANCELLED,)))] == made[::10]

    def test_what_others_do_while_tasks_are_yielded_is_seen(self, outbox: Outbox, another: Another) -> None:
        made = queue(outbox, *map(str, range(1_200)))
        found = outbox.tasks(Filter(statuses=(Status.QUEUED,), limit=1_200))
        first = next(found)
        elsewhere = another()
        elsewhere.decide(made[-1:], Status.CANCELLED, who="me", why="over", of=(Status.QUEUED,))
        later = queue(elsewhere, "later", "too late")
        assert [first.id, *(task.id for task in found)] == [*made[:-1], later[0]]

    def test_a_task_without_attempts_and_events_has_none(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "A")
        assert (outbox.attempts(id_), outbox.events(id_)) == ([], [])
        assert (outbox.attempts(10**9), outbox.events(10**9)) == ([], [])

    def test_what_may_have_been_sent_twice_is_counted(self, outbox: Outbox) -> None:
        again, refused, once, _failed = queue(outbox, *"ABCD")
        for one in sorted(claim(outbox), key=lambda one: one.task.id):
            act = {again: doubt, once: accept}.get(one.task.id, reject)
            act(outbox, one)
        outbox.decide([again, refused], Status.QUEUED, who="w", why="y", of=[Status.IN_DOUBT, Status.FAILED])
        assert outbox.figures()[0].perhaps_twice == 0
        one, other = claim(outbox)
        accept(outbox, one)
        doubt(outbox, other)
        assert outbox.figures()[0].perhaps_twice == 1
        outbox.decide([again], Status.QUEUED, who="w", why="y", of=[Status.SENT])
        doubt(outbox, claim_one(outbox))
        assert outbox.figures()[0].perhaps_twice == 1, "a message is counted once"

    def test_an_empty_store_has_no_figures(self, outbox: Outbox) -> None:
        assert outbox.figures() == []

    def test_figures_before_anything_was_sent(self, outbox: Outbox, clock: FakeClock) -> None:
        queued = clock.now()
        queue(outbox, "A", "B")
        clock.advance(100)
        outbox.enqueue([draft(key="A"), draft(key="C")])
        (figures,) = outbox.figures()
        assert (figures.campaign, figures.by_status) == ("sample", {Status.QUEUED: 3})
        assert (figures.flags_owed, figures.duplicates_prevented) == (0, 1)
        assert (figures.success_rate, figures.oldest_waiting, figures.errors) == (None, queued, {})
        assert (figures.queued_to_sent_p50, figures.queued_to_sent_p95) == (None, None)
        assert (figures.call_p50, figures.call_p95) == (None, None)

    def test_figures_of_a_campaign_under_way(self, outbox: Outbox, clock: FakeClock) -> None:
        made = queue(outbox, *"ABCDE")
        clock.advance(10)
        a, b, c, d, _e = sorted(claim(outbox), key=lambda one: one.task.id)
        for one in (a, b):
            finish(outbox, one, Outcome.accepted(), Transition(status=Status.SENT), 0.5)
        reject(outbox, c, "40058")
        put_off(outbox, d, until=clock.now() + 5)
        outbox.complete([made[0]])
        (figures,) = outbox.figures()
        assert figures.by_status == {
            Status.COMPLETED: 1,
            Status.SENT: 1,
            Status.FAILED: 1,
            Status.QUEUED: 1,
            Status.SENDING: 1,
        }
        assert figures.flags_owed == 1
        assert figures.success_rate == pytest.approx(0.5)
        assert figures.errors == {"40058": 1, "-1": 1}
        assert (figures.queued_to_sent_p50, figures.queued_to_sent_p95) == (10, 10)
        assert (figures.call_p50, figures.call_p95) == (0.5, 0.5)

    def test_a_message_that_was_tried_again_waited_once(self, outbox: Outbox, clock: FakeClock) -> None:
        queue(outbox, *"ABC")
        clock.advance(10)
        a, b, c = sorted(claim(outbox), key=lambda one: one.task.id)
        accept(outbox, a)
        accept(outbox, b)
        put_off(outbox, c, until=clock.now() + 45)
        clock.advance(45)
        put_off(outbox, claim_one(outbox), until=clock.now() + 45)
        clock.advance(45)
        accept(outbox, claim_one(outbox))
        (figures,) = outbox.figures()
        assert (figures.queued_to_sent_p50, figures.queued_to_sent_p95) == (10, 100)

    def test_each_campaign_has_its_own_figures(self, outbox: Outbox, clock: FakeClock) -> None:
        outbox.enqueue([draft(campaign="sh"), draft(campaign="bj"), draft(campaign="bj", key="C-2", recipient="x")])
        outbox.enqueue([draft(campaign="bj"), draft(campaign="sh"), draft(campaign="bj", key="C-2")])
        clock.advance(1)
        bj, sh = outbox.figures()
        assert (bj.campaign, bj.by_status, bj.duplicates_prevented) == ("bj", {Status.QUEUED: 2}, 2)
        assert (sh.campaign, sh.by_status, sh.duplicates_prevented) == ("sh", {Status.QUEUED: 1}, 1)

    def test_flags_owed_counts_keys_that_are_sent_whole(self, outbox: Outbox) -> None:
        group, award = queue_drafts(outbox, [draft(name=name, recipient=name) for name in ("group", "award")])
        (other,) = queue(outbox, "C-2")
        send(outbox, group)
        assert outbox.figures()[0].flags_owed == 0
        send(outbox, award)
        assert outbox.figures()[0].flags_owed == 1
        send(outbox, other)
        assert outbox.figures()[0].flags_owed == 2

    def test_a_task_offered_to_others_does_not_change_under_them(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "A")
        before = look(outbox, id_)
        claim_one(outbox)
        assert before.status is Status.QUEUED
