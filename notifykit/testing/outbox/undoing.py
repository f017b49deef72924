"""Taking decisions back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from notifykit.model import FOREVER, Status, Task
from notifykit.outbox.decided import Undoing
from notifykit.outbox.protocol import Outbox
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.base import Another, OutboxBase
from notifykit.testing.outbox.steps import (
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
    send,
)
from notifykit.testing.samples import draft
from notifykit.wording import Reason

WAITING = (Status.QUEUED, Status.FAILED, Status.IN_DOUBT)


def decide(outbox: Outbox, made: Sequence[int], to: Status, *, of: Sequence[Status] = WAITING) -> int:
    """Make a decision about tasks, all of which it moves; returns its id."""
    assert [task.id for task in outbox.decide(made, to, who="甲", why="a mistake", of=of)] == list(made)
    return outbox.decisions(1)[0].id


def undo(outbox: Outbox, decision: int) -> Undoing:
    """Take a decision back, which is done as it was told before."""
    told = outbox.undoing(decision)
    done = outbox.undo(decision, who="乙", why="not meant")
    assert told is not None
    assert done is not None
    assert [(one.task.id, one.back, one.kept) for one in done.messages] == [
        (one.task.id, one.back, one.kept) for one in told.messages
    ]
    assert (done.pause, done.kept, done.possible) == (told.pause, told.kept, told.possible)
    for one in done.messages:
        assert one.task == look(outbox, one.task.id)
        assert one.kept is not None or one.task.status is one.back
    return done


def kept(done: Undoing) -> Mapping[int, str | None]:
    """Return why tasks were not put back, as codes."""
    return {one.task.id: one.kept.code for one in done.messages if one.kept is not None}


def put(outbox: Outbox, status: Status) -> Task:
    """Make a task that waits, in a status, with all that it can have there."""
    (id_,) = queue(outbox, "C-1")
    put_off(outbox, claim_one(outbox), until=outbox.now() + 60.0, hold=outbox.now() + 90.0)
    if status is not Status.QUEUED:
        outbox.decide([id_], Status.QUEUED, who="w", why="now", of=[Status.QUEUED])
        one = claim_one(outbox)
        assert reject(outbox, one) if status is Status.FAILED else doubt(outbox, one)
    return look(outbox, id_)


class UndoingContract(OutboxBase):
    """`decisions`, `undoing`, `undo`."""

    @pytest.mark.parametrize("to", [Status.QUEUED, Status.SENT, Status.CANCELLED])
    @pytest.mark.parametrize("status", WAITING)
    def test_a_task_is_what_it_was(self, outbox: Outbox, another: Another, status: Status, to: Status) -> None:
        before = put(outbox, status)
        decision = decide(outbox, [before.id], to)
        done = undo(another(), decision)
        assert kept(done) == {}
        assert look(outbox, before.id) == before

    def test_who_and_why_are_kept_of_a_decision_and_of_its_undoing(self, outbox: Outbox, clock: FakeClock) -> None:
        made = queue(outbox, "A", "B")
        at = clock.now()
        decision = decide(outbox, made, Status.CANCELLED)
        clock.advance(9)
        (found,) = outbox.decisions()
        assert found[:7] == (decision, at, "cancelled", "甲", "a mistake", 2, None)
        assert found.undone_at is None
        undo(outbox, decision)
        (found,) = outbox.decisions()
        assert found[:7] == (decision, at, "cancelled", "甲", "a mistake", 2, None)
        assert (found.undone_at, found.undone_by, found.undone_why) == (clock.now(), "乙", "not meant")
        for id_ in made:
            event = outbox.events(id_)[-1]
            assert (event.kind, event.who, event.at) == ("undone", "乙", clock.now())
            assert event.detail == "cancelled to queued: not meant"

    def test_decisions_are_told_the_last_one_first(self, outbox: Outbox) -> None:
        a, b = queue(outbox, "A", "B")
        first = decide(outbox, [a], Status.CANCELLED)
        second = decide(outbox, [b], Status.CANCELLED)
        third = decide(outbox, [a], Status.QUEUED, of=[Status.CANCELLED])
        assert [one.id for one in outbox.decisions()] == [third, second, first]
        assert [one.id for one in outbox.decisions(2)] == [third, second]
        assert [one.id for one in outbox.decisions(task=a)] == [third, first]
        assert [one.kind for one in outbox.decisions()] == ["retried", "cancelled", "cancelled"]

    def test_what_moved_nothing_is_no_decision(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "A")
        assert outbox.decide([id_], Status.SENT, who="w", why="y", of=[Status.FAILED]) == []
        assert outbox.resend("sample", "A", ["group"], who="w", why="y") == []
        assert outbox.resume("robot", who="w", why="y") is False
        assert outbox.decisions() == []
        assert outbox.undoing(1) is None
        assert outbox.undo(1, who="w", why="y") is None

    def test_what_is_queued_again_goes_out_in_its_place(self, outbox: Outbox) -> None:
        a, b, c = queue(outbox, *"ABC", recipients=["x"] * 3)
        decision = decide(outbox, [a, c], Status.CANCELLED)
        undo(outbox, decision)
        went = []
        while found := claim(outbox):
            went += ids(found)
            accept(outbox, found[0])
        assert went == [a, b, c]

    def test_what_is_queued_again_waits_as_long_as_it_had_to(self, outbox: Outbox, clock: FakeClock) -> None:
        a, b = queue(outbox, "A", "B", recipients=["x", "x"])
        put_off(outbox, claim_one(outbox), until=clock.now() + 60.0, hold=clock.now() + 90.0)
        undo(outbox, decide(outbox, [a], Status.CANCELLED))
        assert claim(outbox) == []
        clock.advance(60)
        assert ids(claim(outbox)) == [a]
        assert b > a

    def test_what_is_no_longer_queued_leaves_the_turn_to_the_next(self, outbox: Outbox) -> None:
        a, b = queue(outbox, "A", "B", recipients=["x", "x"])
        reject(outbox, claim_one(outbox))
        undo(outbox, decide(outbox, [a], Status.QUEUED))
        assert ids(claim(outbox)) == [b]

    def test_a_task_without_an_order_has_its_turn_again(self, outbox: Outbox) -> None:
        (a,) = queue_drafts(outbox, [draft(ordered=False)])
        undo(outbox, decide(outbox, [a], Status.CANCELLED))
        assert ids(claim(outbox)) == [a]

    def test_a_decision_is_undone_once(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "A")
        first = decide(outbox, [id_], Status.CANCELLED)
        undo(outbox, first)
        decide(outbox, [id_], Status.CANCELLED)
        told = outbox.events(id_)
        again = outbox.undo(first, who="w", why="again")
        assert again is not None
        assert again.decision.undone_by == "乙"
        assert (look(outbox, id_).status, outbox.events(id_)) == (Status.CANCELLED, told)

    def test_decisions_are_undone_one_after_the_other_from_the_last(self, outbox: Outbox) -> None:
        before = put(outbox, Status.FAILED)
        first = decide(outbox, [before.id], Status.CANCELLED)
        second = decide(outbox, [before.id], Status.QUEUED, of=[Status.CANCELLED])
        third = decide(outbox, [before.id], Status.CANCELLED)
        done = undo(outbox, first)
        assert kept(done) == {before.id: "undo_later"}
        assert done.messages[0].kept is not None
        assert done.messages[0].kept.params == {"decision": third}
        assert look(outbox, before.id).status is Status.CANCELLED
        for decision in (third, second, first):
            assert kept(undo(outbox, decision)) == {}
        assert look(outbox, before.id) == before

    def test_what_was_sent_since_stays_sent(self, outbox: Outbox) -> None:
        a, b = queue(outbox, "A", "B")
        for one in claim(outbox):
            reject(outbox, one)
        decision = decide(outbox, [a, b], Status.QUEUED)
        send(outbox, a)
        assert kept(undo(outbox, decision)) == {a: "undo_moved"}
        assert (look(outbox, a).status, look(outbox, b).status) == (Status.SENT, Status.FAILED)

    def test_what_is_on_the_wire_stays_there(self, outbox: Outbox) -> None:
        before = put(outbox, Status.FAILED)
        decision = decide(outbox, [before.id], Status.QUEUED)
        one = claim_one(outbox)
        assert kept(undo(outbox, decision)) == {before.id: "undo_moved"}
        assert outbox.holds(one)
        assert outbox.decisions()[0].undone_at is None, "nothing was put back"

    def test_what_was_tried_since_stays_where_it_is(self, outbox: Outbox) -> None:
        before = put(outbox, Status.FAILED)
        decision = decide(outbox, [before.id], Status.QUEUED)
        put_off(outbox, claim_one(outbox), until=outbox.now() + 5.0)
        now = look(outbox, before.id)
        assert kept(undo(outbox, decision)) == {before.id: "undo_tried"}
        assert look(outbox, before.id) == now

    def test_a_claim_that_was_given_back_was_no_try(self, outbox: Outbox) -> None:
        before = put(outbox, Status.FAILED)
        decision = decide(outbox, [before.id], Status.QUEUED)
        outbox.release(claim_one(outbox))
        assert kept(undo(outbox, decision)) == {}
        assert look(outbox, before.id) == before

    def test_what_was_written_back_since_stays_sent(self, outbox: Outbox) -> None:
        before = put(outbox, Status.IN_DOUBT)
        decision = decide(outbox, [before.id], Status.SENT)
        outbox.complete([before.id])
        assert kept(undo(outbox, decision)) == {before.id: "undo_flagged"}
        assert look(outbox, before.id).status is Status.COMPLETED

    def test_what_let_a_flag_be_written_is_not_undone(self, outbox: Outbox) -> None:
        group, award = queue_drafts(outbox, [draft(name=name, recipient=name) for name in ("group", "award")])
        send(outbox, group)
        decision = decide(outbox, [award], Status.CANCELLED)
        other = queue(outbox, "another record")
        send(outbox, *other)
        outbox.complete(other)
        told = outbox.undoing(decision)
        assert told is not None
        assert kept(told) == {}
        outbox.complete([group])
        assert kept(undo(outbox, decision)) == {award: "undo_flagged"}
        assert (look(outbox, group).status, look(outbox, award).status) == (Status.COMPLETED, Status.CANCELLED)

    def test_what_lets_a_flag_be_written_just_now_is_not_undone(self, outbox: Outbox, another: Another) -> None:
        group, award = queue_drafts(outbox, [draft(name=name, recipient=name) for name in ("group", "award")])
        (other,) = queue_drafts(outbox, [draft(campaign="other", recipient="other")])
        send(outbox, group)
        here, there = decide(outbox, [award], Status.CANCELLED), decide(outbox, [other], Status.CANCELLED)
        settling = another()
        settling.begin_write_back("sample")
        settling.begin_write_back("sample")
        assert [task.id for task in settling.owed("sample")] == [group]
        assert kept(undo(outbox, here)) == {award: "undo_settling"}
        assert kept(undo(outbox, there)) == {}
        settling.end_write_back("sample")
        assert kept(undo(outbox, here)) == {}
        assert settling.owed("sample") == []

    def test_a_new_name_of_its_campaign_is_no_way_around_that(self, outbox: Outbox) -> None:
        group, award = queue_drafts(outbox, [draft(name=name, recipient=name) for name in ("group", "award")])
        send(outbox, group)
        decision = decide(outbox, [award], Status.CANCELLED)
        outbox.begin_write_back("sample")
        outbox.begin_write_back("next")
        outbox.rename_campaign("sample", "next", who="w", why="y")
        assert kept(undo(outbox, decision)) == {award: "undo_settling"}
        outbox.end_write_back("next")
        assert kept(undo(outbox, decision)) == {}

    def test_where_nothing_was_sent_no_flag_is_being_written(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "A")
        decision = decide(outbox, [id_], Status.CANCELLED)
        outbox.begin_write_back("sample")
        assert kept(undo(outbox, decision)) == {}

    def test_what_keeps_a_flag_from_being_written_is_undone_meanwhile(self, outbox: Outbox) -> None:
        before = put(outbox, Status.FAILED)
        decision = decide(outbox, [before.id], Status.QUEUED)
        outbox.begin_write_back("sample")
        assert kept(undo(outbox, decision)) == {}
        assert look(outbox, before.id) == before

    def test_a_flag_that_was_there_before_is_in_nobodys_way(self, outbox: Outbox) -> None:
        (first,) = queue(outbox, "A")
        send(outbox, first)
        outbox.complete([first])
        (again,) = outbox.resend("sample", "A", ["group"], who="w", why="y")
        undo(outbox, decide(outbox, [again.id], Status.CANCELLED))
        assert look(outbox, again.id).status is Status.QUEUED

    def test_a_doubt_is_in_doubt_again_and_a_late_result_settles_it(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "A")
        one = claim_one(outbox)
        assert lose(outbox, one)
        undo(outbox, decide(outbox, [id_], Status.SENT))
        assert look(outbox, id_).status is Status.IN_DOUBT
        assert accept(outbox, one)
        assert look(outbox, id_).status is Status.SENT

    def test_a_new_round_is_cancelled_unless_it_was_tried(self, outbox: Outbox) -> None:
        made = queue_drafts(outbox, [draft(name=name, recipient=name) for name in ("group", "award")])
        send(outbox, *made)
        outbox.complete(made)
        group, award = outbox.resend("sample", "C-1", ["group", "award"], who="甲", why="again")
        (decision,) = outbox.decisions()
        assert decision[2:7] == ("resent", "甲", "again", 2, None)
        send(outbox, group.id)
        done = undo(outbox, decision.id)
        assert kept(done) == {group.id: "undo_moved"}
        now = look(outbox, award.id)
        assert (now.status, now.reason and now.reason.params) == (Status.CANCELLED, {"why": "not meant"})
        assert [task.id for task in outbox.owed("sample")] == [group.id]
        decide(outbox, [award.id], Status.QUEUED, of=[Status.CANCELLED])
        assert ids(claim(outbox)) == [award.id]

    def test_a_pause_is_in_force_again_as_it_was(self, outbox: Outbox, clock: FakeClock) -> None:
        queue(outbox, "A")
        outbox.pause("robot", 100.0, Reason("busy", "45009"))
        before = outbox.pauses()
        clock.advance(10)
        assert outbox.resume("robot", who="甲", why="it is back") is True
        (decision,) = outbox.decisions()
        assert decision[2:7] == ("resumed", "甲", "it is back", 0, "robot")
        done = undo(outbox, decision.id)
        assert [done.pause] == outbox.pauses() == before
        assert claim(outbox) == []
        assert outbox.resume("robot", who="w", why="y") is True
        assert ids(claim(outbox)) != []

    def test_a_pause_for_ever_is_one_again(self, outbox: Outbox) -> None:
        outbox.pause("robot", FOREVER, Reason("its key is wrong"))
        outbox.resume("robot", who="w", why="y")
        undo(outbox, outbox.decisions()[0].id)
        (pause,) = outbox.pauses()
        assert pause.until == FOREVER

    def test_a_pause_that_would_be_over_is_none(self, outbox: Outbox, clock: FakeClock) -> None:
        outbox.pause("robot", 100.0, Reason("busy"))
        outbox.resume("robot", who="w", why="y")
        clock.advance(100)
        done = undo(outbox, outbox.decisions()[0].id)
        assert (done.kept and done.kept.code, outbox.pauses()) == ("undo_pause_over", [])
        assert outbox.decisions()[0].undone_at is None

    def test_what_was_cancelled_can_be_queued_again(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "A")
        decide(outbox, [id_], Status.CANCELLED)
        (task,) = outbox.decide([id_], Status.QUEUED, who="w", why="y", of=[Status.CANCELLED])
        assert (task.status, task.tries) == (Status.QUEUED, 0)
        assert ids(claim(outbox)) == [id_]

    def test_an_undoing_that_fails_changes_nothing(self, outbox: Outbox) -> None:
        made = queue(outbox, "A", "B")
        decision = decide(outbox, made, Status.CANCELLED)
        before = [look(outbox, id_) for id_ in made]

        def undo_and_fail() -> None:
            with outbox.transaction():
                undo(outbox, decision)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            undo_and_fail()
        assert [look(outbox, id_) for id_ in made] == before
        assert outbox.decisions()[0].undone_at is None
        assert kept(undo(outbox, decision)) == {}
        assert [look(outbox, id_).status for id_ in made] == [Status.QUEUED] * 2
