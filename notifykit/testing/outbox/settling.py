"""Write-backs that are owed, and a person's decisions."""

from __future__ import annotations

import pytest

from notifykit.model import Owed, Status
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Filter
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.base import Another, OutboxBase
from notifykit.testing.outbox.steps import (
    accept,
    claim,
    claim_one,
    doubt,
    look,
    queue,
    queue_drafts,
    reject,
    send,
    statuses,
)
from notifykit.testing.samples import draft
from notifykit.wording import Reason


def two_messages(outbox: Outbox, key: str = "C-1") -> tuple[int, int]:
    """Queue a group and an award message of one record."""
    group, award = queue_drafts(
        outbox, [draft(key=key, name=name, recipient=f"{name} {key}") for name in ("group", "award")]
    )
    return group, award


def owed(outbox: Outbox) -> list[int]:
    """Return the ids of tasks whose write-back is owed."""
    return [task.id for task in outbox.owed("sample")]


WHY = Reason("the file x.csv is open in another program", "file_open", ("file",), ("x.csv",))
"""A reason with a code."""


class SettlingContract(OutboxBase):
    """`owed`, `owing_campaigns`, `complete`, `note_refused_write_back`, `reopen_write_back`."""

    def test_a_key_is_owed_when_all_its_messages_are_sent(self, outbox: Outbox, another: Another) -> None:
        group, award = two_messages(outbox)
        assert (owed(outbox), outbox.owing_campaigns()) == ([], [])
        send(outbox, group)
        assert (owed(outbox), outbox.owing_campaigns()) == ([], ["sample"])
        send(outbox, award)
        assert owed(another()) == [group, award]
        assert [task.status for task in outbox.owed("sample")] == [Status.SENT] * 2

    @pytest.mark.parametrize("end", ["queued", "sending", "failed", "in_doubt"])
    def test_one_message_that_is_not_sent_holds_the_write_back(self, outbox: Outbox, end: str) -> None:
        group, award = two_messages(outbox)
        send(outbox, group)
        if end != "queued":
            one = claim_one(outbox)
            if end == "failed":
                reject(outbox, one)
            elif end == "in_doubt":
                doubt(outbox, one)
        assert look(outbox, award).status == end
        assert owed(outbox) == []

    def test_a_cancelled_message_does_not_count(self, outbox: Outbox) -> None:
        group, award = two_messages(outbox)
        send(outbox, group)
        outbox.decide([award], Status.CANCELLED, who="w", why="y", of=[Status.QUEUED])
        assert owed(outbox) == [group]

    def test_other_keys_and_campaigns_hold_nothing(self, outbox: Outbox) -> None:
        a, _b = queue(outbox, "C-1", "C_1")
        outbox.enqueue([draft(campaign="other", recipient="z")])
        send(outbox, a)
        assert owed(outbox) == [a]
        assert outbox.owed("other") == []

    def test_what_is_written_back_is_owed_no_more(self, outbox: Outbox, clock: FakeClock) -> None:
        made = two_messages(outbox)
        send(outbox, *made)
        clock.advance(9)
        outbox.complete(made)
        assert (owed(outbox), outbox.owing_campaigns()) == ([], [])
        for id_ in made:
            task = look(outbox, id_)
            assert (task.status, task.completed_at) == (Status.COMPLETED, clock.now())

    def test_half_of_a_key_written_back_leaves_the_other_half(self, outbox: Outbox) -> None:
        group, award = two_messages(outbox)
        send(outbox, group, award)
        outbox.complete([group])
        assert owed(outbox) == [award]

    def test_only_what_was_sent_can_be_completed(self, outbox: Outbox) -> None:
        queue(outbox, "A", "B", "C", "D")
        a, b, c = claim(outbox, 3)
        reject(outbox, a)
        doubt(outbox, b)
        before = statuses(outbox)
        outbox.complete([task.id for task in outbox.tasks(Filter())])
        assert statuses(outbox) == before
        assert accept(outbox, c)

    def test_owed_comes_in_pages(self, outbox: Outbox) -> None:
        made = queue(outbox, *"ABCDE")
        send(outbox, *made)
        first = [task.id for task in outbox.owed("sample", limit=2)]
        rest = [task.id for task in outbox.owed("sample", after=first[-1], limit=20)]
        assert (first, rest) == (made[:2], made[2:])
        assert outbox.owed("sample", after=made[-1]) == []

    def test_owed_is_told_briefly_as_well(self, outbox: Outbox) -> None:
        first, *made = (*two_messages(outbox), *queue(outbox, *"ABC"))
        send(outbox, first, *made)
        outbox.complete(made[1:2])
        whole = [Owed(task.id, task.key, task.metadata) for task in outbox.owed("sample")]
        assert len(whole) == 4
        assert outbox.owed_briefly("sample") == whole
        assert outbox.owed_briefly("sample", after=first, limit=2) == whole[1:3]
        assert outbox.owed_briefly("sample", after=whole[-1].id) == []

    def test_a_refused_write_back_is_noted_and_still_owed(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "A")
        send(outbox, id_)
        outbox.note_refused_write_back({id_: WHY})
        task = look(outbox, id_)
        assert (task.status, task.reason) == (Status.SENT, WHY)
        outbox.note_refused_write_back({id_: Reason("no")})
        assert look(outbox, id_).reason == Reason("no")
        assert owed(outbox) == [id_]

    def test_a_note_does_not_touch_what_is_not_sent(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "A")
        before = look(outbox, id_)
        outbox.note_refused_write_back({id_: Reason("no")})
        assert look(outbox, id_) == before

    def test_a_write_back_can_be_owed_again(self, outbox: Outbox) -> None:
        made = two_messages(outbox)
        other = queue(outbox, "C_1", "C-2")
        send(outbox, *made, *other)
        outbox.complete([*made, *other])
        assert outbox.reopen_write_back("other", ["C-1"]) == 0
        assert outbox.reopen_write_back("sample", ["C-1", "no such key"]) == 2
        assert owed(outbox) == list(made)
        assert "write_back_owed" in [event.kind for event in outbox.events(made[0])]
        assert look(outbox, made[0]).completed_at is None
        assert outbox.reopen_write_back("sample", ["C-1"]) == 0
        assert claim(outbox) == [], "nothing is sent again"


class DecidingContract(OutboxBase):
    """`decide` and `resend`."""

    def test_a_failed_task_is_put_back_with_fresh_tries(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "A")
        reject(outbox, claim_one(outbox))
        (task,) = outbox.decide([id_], Status.QUEUED, who="ops", why="key renewed", of=[Status.FAILED])
        assert task == look(outbox, id_)
        assert (task.status, task.tries) == (Status.QUEUED, 0)
        one = claim_one(outbox)
        assert (one.task.id, one.token) == (id_, 2)

    def test_a_doubt_is_resolved_as_sent(self, outbox: Outbox, clock: FakeClock) -> None:
        (id_,) = queue(outbox, "A")
        doubt(outbox, claim_one(outbox))
        clock.advance(60)
        (task,) = outbox.decide([id_], Status.SENT, who="ops", why="seen in the group", of=[Status.IN_DOUBT])
        assert (task.status, task.sent_at) == (Status.SENT, clock.now())
        assert owed(outbox) == [id_]
        assert claim(outbox) == []

    def test_a_cancelled_task_says_why_and_is_never_sent(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "A")
        (task,) = outbox.decide([id_], Status.CANCELLED, who="ops", why="contract void", of=[Status.QUEUED])
        assert task.status is Status.CANCELLED
        assert task.reason is not None
        assert (task.reason.code, task.reason.params) == ("decided", {"why": "contract void"})
        assert claim(outbox) == []

    def test_only_tasks_in_the_given_states_move(self, outbox: Outbox) -> None:
        made = queue(outbox, *"ABC")
        claims = sorted(claim(outbox), key=lambda one: one.task.id)
        reject(outbox, claims[0])
        doubt(outbox, claims[1])
        accept(outbox, claims[2])
        moved = outbox.decide([*made, 10**9], Status.QUEUED, who="w", why="y", of=[Status.FAILED, Status.IN_DOUBT])
        assert [task.id for task in moved] == made[:2]
        assert statuses(outbox) == [Status.QUEUED, Status.QUEUED, Status.SENT]
        assert outbox.events(made[2]) == []

    def test_every_decision_is_audited(self, outbox: Outbox, clock: FakeClock) -> None:
        (id_,) = queue(outbox, "A")
        reject(outbox, claim_one(outbox))
        outbox.decide([id_], Status.QUEUED, who="甲", why="first", of=[Status.FAILED])
        clock.advance(1)
        doubt(outbox, claim_one(outbox))
        outbox.decide([id_], Status.SENT, who="乙", why="second", of=[Status.IN_DOUBT])
        events = outbox.events(id_)
        assert [(event.who, event.at) for event in events] == [("甲", clock.now() - 1), ("乙", clock.now())]
        assert [event.task_id for event in events] == [id_, id_]
        assert "first" in events[0].detail
        assert "second" in events[1].detail
        assert [event.kind for event in events] == ["retried", "resolved"]

    def test_a_resend_opens_a_new_round(self, outbox: Outbox) -> None:
        group, award = two_messages(outbox)
        send(outbox, group, award)
        outbox.complete([group, award])
        old = look(outbox, group)
        (new,) = outbox.resend("sample", "C-1", ["group"], who="ops", why="asked for")
        assert (new.status, new.round, new.tries) == (Status.QUEUED, 2, 0)
        for name in ("text", "recipient", "channel", "campaign", "key", "name", "metadata", "ordered"):
            assert getattr(new, name) == getattr(old, name), name
        assert new.idempotency_key != old.idempotency_key
        assert look(outbox, group) == old
        assert claim_one(outbox).task.id == new.id
        told = [event for id_ in (group, new.id) for event in outbox.events(id_) if event.kind == "resent"]
        assert [event.who for event in told] == ["ops"]

    def test_an_open_round_holds_the_write_back(self, outbox: Outbox) -> None:
        group, award = two_messages(outbox)
        send(outbox, group, award)
        (new,) = outbox.resend("sample", "C-1", ["group"], who="ops", why="asked for")
        assert owed(outbox) == []
        send(outbox, new.id)
        assert sorted(owed(outbox)) == [group, award, new.id]

    def test_what_was_never_sent_is_not_resent(self, outbox: Outbox) -> None:
        two_messages(outbox)
        before = statuses(outbox)
        assert outbox.resend("sample", "C-1", ["group", "no such message"], who="w", why="y") == []
        assert outbox.resend("sample", "C%", ["group"], who="w", why="y") == []
        assert statuses(outbox) == before

    def test_the_known_message_stays_known_beside_its_new_round(self, outbox: Outbox) -> None:
        group, award = two_messages(outbox)
        send(outbox, group, award)
        outbox.resend("sample", "C-1", ["group"], who="w", why="y")
        assert outbox.enqueue([draft(name="group"), draft(name="award")]).new == 0
