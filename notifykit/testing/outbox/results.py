"""Results, leases and fencing: only the holder of the latest claim moves a task, and nothing is lost."""

from __future__ import annotations

from notifykit.model import Outcome, Status, Verdict
from notifykit.outbox.protocol import Outbox, Transition
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.base import Another, OutboxBase
from notifykit.testing.outbox.steps import (
    LEASE,
    accept,
    claim,
    claim_one,
    doubt,
    look,
    put_off,
    queue,
    reject,
)


def kinds(outbox: Outbox, id_: int) -> list[str]:
    """Return what was done to a task beside attempts."""
    return [event.kind for event in outbox.events(id_)]


class ResultsContract(OutboxBase):
    """`finish`, `heartbeat`, `expired`."""

    def test_an_outcome_is_kept_whole(self, outbox: Outbox, clock: FakeClock) -> None:
        (id_,) = queue(outbox, "A")
        one = claim_one(outbox)
        clock.advance(3)
        outcome = Outcome.accepted(detail="taken", vendor_id="v-1")
        assert outbox.finish(one, outcome, Transition(status=Status.SENT, reason="left out: x"), 0.25) is True
        task = look(outbox, id_)
        assert (task.status, task.sent_at, task.reason) == (Status.SENT, clock.now(), "left out: x")
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
        assert (task.status, task.reason, task.tries) == (Status.FAILED, "40058", 1)

    def test_the_same_result_twice_moves_the_task_once(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "A")
        one = claim_one(outbox)
        assert accept(outbox, one) is True
        before = look(outbox, id_)
        assert accept(outbox, one) is False
        assert look(outbox, id_) == before

    # leases -----------------------------------------------------------------------------------------------

    def test_a_lease_runs_out_at_its_time(self, outbox: Outbox, another: Another, clock: FakeClock) -> None:
        (id_,) = queue(outbox, "A")
        one = claim_one(outbox)
        clock.advance(LEASE - 0.5)
        assert outbox.expired() == []
        clock.advance(1)
        (lost,) = another().expired()
        assert (lost.task.id, lost.token, lost.worker) == (id_, one.token, one.worker)
        assert (lost.started_at, lost.lease_until) == (one.started_at, one.lease_until)
        assert lost.task.tries == one.task.tries, "the same claim, so the same task as it was claimed"
        assert look(outbox, id_).status is Status.SENDING
        assert claim(outbox) == [], "what may have been sent is never sent again by itself"

    def test_a_heartbeat_keeps_a_workers_claims_and_no_others(self, outbox: Outbox, clock: FakeClock) -> None:
        queue(outbox, "A", "B")
        mine, theirs = claim_one(outbox, worker="me"), claim_one(outbox, worker="you")
        clock.advance(LEASE - 1)
        outbox.heartbeat("me", LEASE)
        clock.advance(2)
        assert [lost.token for lost in outbox.expired()] == [theirs.token]
        clock.advance(LEASE)
        assert [lost.token for lost in outbox.expired()] == [mine.token, theirs.token]

    def test_a_heartbeat_revives_nothing_that_is_finished(self, outbox: Outbox, clock: FakeClock) -> None:
        (id_,) = queue(outbox, "A")
        doubt(outbox, claim_one(outbox))
        before = look(outbox, id_)
        outbox.heartbeat("worker", LEASE)
        clock.advance(10 * LEASE)
        assert outbox.expired() == []
        assert look(outbox, id_) == before

    def test_a_lost_claim_is_recovered_once(self, outbox: Outbox, another: Another, clock: FakeClock) -> None:
        (id_,) = queue(outbox, "A")
        claim_one(outbox)
        clock.advance(LEASE + 1)
        one, same = outbox.expired(), another().expired()
        assert doubt(outbox, one[0]) is True
        assert outbox.expired() == []
        doubt(outbox, same[0])
        assert look(outbox, id_).status is Status.IN_DOUBT
        assert len(outbox.attempts(id_)) == 1

    # fencing ----------------------------------------------------------------------------------------------

    def test_a_late_result_settles_the_doubt_about_its_own_attempt(self, outbox: Outbox, clock: FakeClock) -> None:
        (id_,) = queue(outbox, "A")
        one = claim_one(outbox)
        clock.advance(LEASE + 1)
        doubt(outbox, outbox.expired()[0])
        clock.advance(5)
        assert accept(outbox, one) is True
        task = look(outbox, id_)
        assert (task.status, task.sent_at) == (Status.SENT, clock.now())
        assert [attempt.verdict for attempt in outbox.attempts(id_)] == [Verdict.ACCEPTED]

    def test_a_late_refusal_settles_the_doubt_too(self, outbox: Outbox, clock: FakeClock) -> None:
        made = queue(outbox, "A", "B")
        claims = claim(outbox)
        clock.advance(LEASE + 1)
        for lost in outbox.expired():
            doubt(outbox, lost)
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
