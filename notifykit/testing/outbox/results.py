"""Results, leases and fencing: only the holder of the latest claim moves a task, and nothing is lost."""

from __future__ import annotations

from notifykit.model import Outcome, Status, Verdict
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Finished, Transition
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.base import Another, OutboxBase
from notifykit.testing.outbox.steps import (
    LEASE,
    accept,
    claim,
    claim_one,
    doubt,
    finish,
    look,
    lose,
    put_off,
    queue,
    reject,
)
from notifykit.wording import Reason


def kinds(outbox: Outbox, id_: int) -> list[str]:
    """Return what was done to a task beside attempts."""
    return [event.kind for event in outbox.events(id_)]


class ResultsContract(OutboxBase):
    """The results of `exchange`; `heartbeat`, `expire`."""

    def test_an_outcome_is_kept_whole(self, outbox: Outbox, clock: FakeClock) -> None:
        (id_,) = queue(outbox, "A")
        one = claim_one(outbox)
        clock.advance(3)
        outcome = Outcome.accepted(detail="taken", vendor_id="v-1")
        cause = Reason("busy 17", "busy", ("room", "rest"), (17, 0.5))
        reason = Reason("left out: 测试员; busy 17", "left_out_so", ("who", "cause"), ("测试员", cause))
        assert finish(outbox, one, outcome, Transition(status=Status.SENT, reason=reason), 0.25) is True
        task = look(outbox, id_)
        assert (task.status, task.sent_at, task.reason) == (Status.SENT, clock.now(), reason)
        (attempt,) = outbox.attempts(id_)
        assert (attempt.verdict, attempt.detail, attempt.vendor_id) == (Verdict.ACCEPTED, "taken", "v-1")
        assert (attempt.finished_at, attempt.call_seconds) == (clock.now(), 0.25)

    def test_every_attempt_is_kept_in_order(self, outbox: Outbox, clock: FakeClock) -> None:
        (id_,) = queue(outbox, "A")
        put_off(outbox, claim_one(outbox), until=clock.now() + 5)
        clock.advance(5)
        doubt(outbox, claim_one(outbox))
        outbox.decide([id_], Status.QUEUED, who="w", why="y", of=[Status.IN_DOUBT])
        reject(outbox, claim_one(outbox))
        attempts = outbox.attempts(id_)
        assert [attempt.number for attempt in attempts] == [1, 2, 3]
        assert [attempt.verdict for attempt in attempts] == [Verdict.RETRY, Verdict.UNKNOWN, Verdict.REJECTED]
        assert [attempt.code for attempt in attempts] == ["-1", "lost", "40058"]
        task = look(outbox, id_)
        assert (task.status, task.reason, task.tries) == (Status.FAILED, Reason("40058"), 1)

    def test_the_same_result_twice_moves_the_task_once(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "A")
        one = claim_one(outbox)
        assert accept(outbox, one) is True
        before = look(outbox, id_)
        assert accept(outbox, one) is True, "its worker could not know that it was recorded"
        assert look(outbox, id_) == before
        assert len(outbox.attempts(id_)) == 1
        assert outbox.events(id_) == []

    def test_many_results_are_told_each_for_itself(self, outbox: Outbox) -> None:
        a, b, c, d = queue(outbox, *"ABCD")
        claims = {one.task.id: one for one in claim(outbox)}
        lose(outbox, claims[b])
        outbox.decide([b], Status.CANCELLED, who="w", why="y", of=[Status.IN_DOUBT])
        lose(outbox, claims[c])
        results = [
            Finished(claim=claims[d], outcome=Outcome.rejected("no"), then=Transition(status=Status.FAILED)),
            Finished(claim=claims[b], outcome=Outcome.accepted(), then=Transition(status=Status.SENT)),
            Finished(claim=claims[c], outcome=Outcome.accepted(), then=Transition(status=Status.SENT)),
            Finished(claim=claims[a], outcome=Outcome.accepted(), then=Transition(status=Status.SENT)),
        ]
        done = outbox.exchange(results, "worker", 0, {}, LEASE)
        assert (list(done.moved), done.claims) == ([True, False, True, True], [])
        assert [look(outbox, id_).status for id_ in (a, b, c, d)] == [
            Status.SENT,
            Status.CANCELLED,
            Status.SENT,
            Status.FAILED,
        ]
        assert kinds(outbox, b).count("late_result") == 1
        assert [outbox.attempts(id_)[0].verdict for id_ in (b, d)] == [Verdict.ACCEPTED, Verdict.REJECTED]

    # claims of workers that are gone -----------------------------------------------------------------------

    def test_what_is_on_the_wire_is_seen_by_everybody(self, outbox: Outbox, another: Another) -> None:
        (id_,) = queue(outbox, "A")
        one = claim_one(outbox)
        (seen,) = another().on_wire()
        assert seen == one, "the same claim, so the same task as it was claimed"
        assert look(outbox, id_).status is Status.SENDING
        assert claim(outbox) == [], "what may have been sent is never sent again by itself"
        accept(outbox, one)
        assert another().on_wire() == []

    def test_a_heartbeat_raises_the_number_of_these_claims_and_of_no_others(
        self, outbox: Outbox, another: Another
    ) -> None:
        queue(outbox, "A", "B")
        mine, theirs = claim_one(outbox, worker="me"), claim_one(outbox, worker="you")
        outbox.heartbeat([mine])
        assert outbox.heartbeat([mine]) == [mine]
        assert [(seen.worker, seen.beat) for seen in another().on_wire()] == [
            ("me", mine.beat + 2),
            ("you", theirs.beat),
        ]

    def test_a_heartbeat_revives_nothing_that_is_finished(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "A")
        one = claim_one(outbox)
        doubt(outbox, one)
        before = look(outbox, id_)
        assert outbox.heartbeat([one]) == [], "who is told so does not call"
        assert outbox.on_wire() == []
        assert look(outbox, id_) == before

    def test_a_claim_is_taken_away_once(self, outbox: Outbox, another: Another) -> None:
        (id_,) = queue(outbox, "A")
        claim_one(outbox)
        other = another()
        one, same = outbox.on_wire(), other.on_wire()
        assert lose(outbox, one[0]) is True
        assert outbox.on_wire() == []
        assert lose(other, same[0]) is False
        assert look(outbox, id_).status is Status.IN_DOUBT
        assert len(outbox.attempts(id_)) == 1

    def test_a_claim_whose_number_rose_meanwhile_is_not_taken_away(self, outbox: Outbox, another: Another) -> None:
        (id_,) = queue(outbox, "A")
        one = claim_one(outbox)
        other = another()
        (seen,) = other.on_wire()
        outbox.heartbeat([one])
        assert lose(other, seen) is False
        assert look(outbox, id_).status is Status.SENDING
        assert outbox.attempts(id_)[0].finished_at is None
        assert lose(other, other.on_wire()[0]) is True

    def test_a_worker_is_told_whether_it_holds_a_claim(self, outbox: Outbox, another: Another) -> None:
        queue(outbox, "A")
        one = claim_one(outbox)
        assert outbox.holds(one) is True
        other = another()
        lose(other, other.on_wire()[0])
        assert outbox.holds(one) is False
        other.decide([one.task.id], Status.QUEUED, who="w", why="y", of=[Status.IN_DOUBT])
        again = claim_one(other)
        assert (outbox.holds(one), outbox.holds(again)) == (False, True)

    def test_a_worker_that_is_enlisted_has_not_ended(self, outbox: Outbox, another: Another) -> None:
        with outbox.enlist("me"):
            assert another().ended("me") is False
        assert another().ended("nobody") is False, "nothing proves that it has"

    def test_it_is_remembered_since_when_a_message_may_have_been_accepted(
        self, outbox: Outbox, clock: FakeClock
    ) -> None:
        (id_,) = queue(outbox, "A")
        assert look(outbox, id_).doubted_at is None
        began: list[float] = []
        for outcome in (Outcome.retry("-1"), Outcome.unknown("lost"), Outcome.unknown("lost")):
            began.append(clock.now())
            one = claim_one(outbox)
            clock.advance(5)
            finish(outbox, one, outcome, Transition(status=Status.QUEUED, reason=Reason("x"), not_before=clock.now()))
            assert look(outbox, id_).doubted_at == (None if len(began) == 1 else began[1])
        reject(outbox, claim_one(outbox))
        assert look(outbox, id_).doubted_at == began[1]
        outbox.decide([id_], Status.QUEUED, who="w", why="y", of=[Status.FAILED])
        assert look(outbox, id_).doubted_at is None

    # fencing ----------------------------------------------------------------------------------------------

    def test_a_late_result_settles_the_doubt_about_its_own_attempt(self, outbox: Outbox, clock: FakeClock) -> None:
        (id_,) = queue(outbox, "A")
        one = claim_one(outbox)
        clock.advance(LEASE + 1)
        lose(outbox, outbox.on_wire()[0])
        clock.advance(5)
        assert accept(outbox, one) is True
        task = look(outbox, id_)
        assert (task.status, task.sent_at) == (Status.SENT, clock.now())
        assert [attempt.verdict for attempt in outbox.attempts(id_)] == [Verdict.ACCEPTED]

    def test_a_late_refusal_settles_the_doubt_too(self, outbox: Outbox, clock: FakeClock) -> None:
        made = queue(outbox, "A", "B")
        claims = claim(outbox)
        clock.advance(LEASE + 1)
        for lost in outbox.on_wire():
            lose(outbox, lost)
        assert reject(outbox, claims[0]) is True
        assert put_off(outbox, claims[1], until=clock.now() + 5) is True
        assert [look(outbox, id_).status for id_ in made] == [Status.FAILED, Status.QUEUED]
        clock.advance(5)
        assert claim_one(outbox).task.id == made[1]

    def test_a_result_after_the_task_was_put_back_is_evidence_only(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "A")
        old = claim_one(outbox)
        doubt(outbox, old)
        outbox.decide([id_], Status.QUEUED, who="w", why="y", of=[Status.IN_DOUBT])
        before = look(outbox, id_)
        assert accept(outbox, old) is False
        assert look(outbox, id_) == before
        assert "late_result" in kinds(outbox, id_)
        assert claim_one(outbox).task.id == id_

    def test_a_result_of_an_older_attempt_is_evidence_only(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "A")
        old = claim_one(outbox)
        doubt(outbox, old)
        outbox.decide([id_], Status.QUEUED, who="w", why="y", of=[Status.IN_DOUBT])
        new = claim_one(outbox)
        assert new.token != old.token
        assert accept(outbox, old) is False
        task = look(outbox, id_)
        assert (task.status, task.sent_at) == (Status.SENDING, None)
        (late,) = [event for event in outbox.events(id_) if event.kind == "late_result"]
        assert "accepted" in late.detail
        assert doubt(outbox, new) is True
        assert accept(outbox, old) is False
        assert look(outbox, id_).status is Status.IN_DOUBT
        assert accept(outbox, new) is True

    def test_a_result_after_a_persons_decision_is_evidence_only(self, outbox: Outbox) -> None:
        made = queue(outbox, "A", "B")
        claims = sorted(claim(outbox), key=lambda one: one.task.id)
        for one in claims:
            doubt(outbox, one)
        outbox.decide(made[:1], Status.CANCELLED, who="w", why="y", of=[Status.IN_DOUBT])
        outbox.decide(made[1:], Status.SENT, who="w", why="y", of=[Status.IN_DOUBT])
        before = [look(outbox, id_) for id_ in made]
        assert accept(outbox, claims[0]) is False
        assert reject(outbox, claims[1]) is False
        assert [look(outbox, id_) for id_ in made] == before
        for id_ in made:
            assert "late_result" in kinds(outbox, id_)

    def test_a_claim_given_back_has_no_say_any_more(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "A")
        old = claim_one(outbox)
        outbox.release(old)
        before = look(outbox, id_)
        assert accept(outbox, old) is False
        assert look(outbox, id_) == before
        new = claim_one(outbox)
        assert new.token != old.token
        assert accept(outbox, old) is False
        assert look(outbox, id_).status is Status.SENDING
        outbox.release(old)
        assert look(outbox, id_).status is Status.SENDING
        assert accept(outbox, new) is True
