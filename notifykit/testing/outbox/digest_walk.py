"""Random walks over an outbox with digests: no message is lost, none is in two, and each goes where its digest goes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from notifykit.clock import Clock
from notifykit.model import Batch, Claim, Outcome, Status, Task
from notifykit.outbox.digests import is_digest
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import ChannelBounds, Filter, Rewrite, Transition
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.steps import finish, take
from notifykit.testing.samples import draft
from notifykit.wording import Reason

OUTCOMES = {
    Status.SENT: Outcome.accepted(),
    Status.FAILED: Outcome.rejected("no"),
    Status.QUEUED: Outcome.retry("busy"),
    Status.IN_DOUBT: Outcome.unknown("lost"),
}
BOUNDS = {"robot": ChannelBounds()}
DECIDED = (Status.QUEUED, Status.SENT, Status.CANCELLED)


class DigestWalk(RuleBasedStateMachine):
    """Does what hosts and people do, in any order, over two connections to one store."""

    open_outbox: Callable[[Path, Clock], Outbox]

    @initialize()
    def begin(self) -> None:
        self.clock = FakeClock()
        self.folder = tempfile.TemporaryDirectory()
        self.stores = [type(self).open_outbox(Path(self.folder.name), self.clock) for _ in range(2)]
        self.claims: list[Claim] = []
        self.texts: dict[str, str] = {}
        """What calls say, by their keys."""
        self.next = 0
        self.decided = False
        self.claims_closed = 0
        """Digests of the last look in which nothing was left."""

    def teardown(self) -> None:
        if not hasattr(self, "stores"):
            return
        self.send_all_that_is_left()
        for store in self.stores:
            store.close()
        self.folder.cleanup()

    def send_all_that_is_left(self) -> None:
        """Whatever happened, what still waits is sent in the end."""
        for claim in self.claims:
            finish(self.stores[0], claim, OUTCOMES[Status.SENT], Transition(status=Status.SENT))
        self.claims.clear()
        self.clock.advance(10_000.0)
        self.stores[0].cancel_expired()
        while (claims := self.claimed(0, 3)) or self.claims_closed:
            for claim in claims:
                finish(self.stores[0], claim, OUTCOMES[Status.SENT], Transition(status=Status.SENT))
        assert [task for task in self.stores[0].tasks(Filter()) if task.status in (Status.QUEUED, Status.SENDING)] == []

    @rule(
        at=st.integers(0, 1),
        number=st.integers(1, 5),
        to=st.sampled_from("xy"),
        most=st.sampled_from([1, 2, 3]),
        ordered=st.booleans(),
        later=st.sampled_from([0.0, 90.0]),
        expires=st.sampled_from([None, None, 100.0]),
    )
    def gather(
        self, at: int, number: int, to: str, most: int, *, ordered: bool, later: float, expires: float | None
    ) -> None:
        keys = [f"K{self.next + more}" for more in range(number)]
        self.next += number
        batch = Batch(wait=60.0, most=most, ordered=ordered)
        now = self.clock.now()
        not_before = now + later if later else 0.0
        expires_at = None if expires is None else now + expires
        self.stores[at].enqueue(
            [
                draft(
                    key=key,
                    text=key,
                    recipient=to,
                    name=f"m{ordered:d}",
                    batch=batch,
                    not_before=not_before,
                    expires_at=expires_at,
                )
                for key in keys
            ]
        )

    @rule(at=st.integers(0, 1), to=st.sampled_from("xy"))
    def queue(self, at: int, to: str) -> None:
        self.stores[at].enqueue([draft(key=f"K{self.next}", recipient=to, name="alone")])
        self.next += 1

    @rule(at=st.integers(0, 1), most=st.integers(0, 3))
    def claim(self, at: int, most: int) -> None:
        self.claims += self.claimed(at, most)

    def claimed(self, at: int, most: int) -> list[Claim]:
        """Claim what is due, and fix of each digest so many; none: a transaction that is not completed."""
        store = self.stores[at]
        taken: list[Claim] = []
        self.claims_closed = 0
        with store.transaction():
            for claim in take(store, "worker", 50, BOUNDS, 60.0):
                if not is_digest(claim.task.campaign) or claim.task.text:
                    taken.append(claim)
                    continue
                members = store.members(claim.task.id)[: max(most, 1)]
                assert all(task.not_before <= self.clock.now() for task in members)
                assert not any(self.expired(task) for task in members)
                text = ",".join(task.text for task in members)
                if (fixed := store.fix(claim, [task.id for task in members], text)) is not None:
                    taken.append(fixed)
                else:
                    self.claims_closed += 1
        for claim in taken:
            if is_digest(claim.task.campaign):
                assert self.texts.setdefault(claim.task.idempotency_key, claim.task.text) == claim.task.text
                assert [task.text for task in store.members(claim.task.id)] == claim.task.text.split(",")
        ordered = [claim.task.recipient for claim in taken if claim.task.ordered]
        assert len(set(ordered)) == len(ordered), "two claims of one lane at once"
        return taken

    @precondition(lambda self: self.claims)
    @rule(at=st.integers(0, 1), status=st.sampled_from(list(OUTCOMES)), data=st.data())
    def finish(self, at: int, status: Status, data: st.DataObject) -> None:
        claim = self.drawn(data)
        store = self.stores[at]
        before = {task.id for task in store.members(claim.task.id)} if is_digest(claim.task.campaign) else set()
        then = Transition(status=status, reason=Reason("walk"))
        if status is Status.QUEUED:
            now = self.clock.now()
            then = Transition(status=status, reason=Reason("walk"), not_before=now + 30, hold_order_until=now + 10)
        if finish(store, claim, OUTCOMES[status], then):
            assert {task.id for task in self.tasks() if task.id in before and task.status is not status} == set()

    @precondition(lambda self: self.claims)
    @rule(at=st.integers(0, 1), data=st.data())
    def release(self, at: int, data: st.DataObject) -> None:
        self.stores[at].release(self.drawn(data))

    @rule(at=st.integers(0, 1), seconds=st.sampled_from([5.0, 31.0]))
    def give_back(self, at: int, seconds: float) -> None:
        """It is not the time: what is due goes back before it is fixed."""
        store = self.stores[at]
        with store.transaction():
            then = Transition(status=Status.QUEUED, not_before=self.clock.now() + seconds)
            store.give_back([(claim, then) for claim in take(store, "worker", 50, BOUNDS, 60.0)])

    @rule(at=st.integers(0, 1))
    def cancel_expired(self, at: int) -> None:
        assert all(self.expired(task) for task in self.stores[at].cancel_expired())

    def expired(self, task: Task) -> bool:
        return task.expires_at is not None and task.expires_at <= self.clock.now() and task.doubted_at is None

    @precondition(lambda self: self.claims)
    @rule(at=st.integers(0, 1), data=st.data())
    def lose(self, at: int, data: st.DataObject) -> None:
        then = Transition(status=Status.IN_DOUBT, reason=Reason("lost"))
        self.stores[at].expire(self.drawn(data), OUTCOMES[Status.IN_DOUBT], then)

    def drawn(self, data: st.DataObject) -> Claim:
        """Return one of the claims; now and then its result comes again, or late."""
        claim = data.draw(st.sampled_from(self.claims), "claim")
        if data.draw(st.booleans(), "and forget it"):
            self.claims.remove(claim)
        return claim

    @precondition(lambda self: self.next)
    @rule(at=st.integers(0, 1), to=st.sampled_from(DECIDED), data=st.data())
    def decide(self, at: int, to: Status, data: st.DataObject) -> None:
        tasks = self.tasks()
        ids = data.draw(st.lists(st.sampled_from([task.id for task in tasks]), min_size=1, max_size=6), "tasks")
        of = [Status.FAILED, Status.IN_DOUBT, *([Status.QUEUED] if to is Status.CANCELLED else [])]
        of += [Status.CANCELLED] if to is Status.QUEUED else []
        self.decided |= bool(self.stores[at].decide(ids, to, who="walk", why="chance", of=of))

    @precondition(lambda self: self.decided)
    @rule(at=st.integers(0, 1), data=st.data())
    def undo(self, at: int, data: st.DataObject) -> None:
        made = self.stores[at].decisions()
        self.stores[at].undo(data.draw(st.sampled_from(made), "decision").id, who="walk", why="chance")

    @precondition(lambda self: self.next)
    @rule(at=st.integers(0, 1), data=st.data())
    def resend(self, at: int, data: st.DataObject) -> None:
        task = self.any_message(data)
        self.decided |= bool(self.stores[at].resend(task.campaign, task.key, [task.name], who="walk", why="chance"))

    @precondition(lambda self: self.next)
    @rule(at=st.integers(0, 1), to=st.sampled_from("xy"), data=st.data())
    def rewrite(self, at: int, to: str, data: st.DataObject) -> None:
        task = self.any_message(data)
        self.stores[at].rewrite([[Rewrite(task=task, recipient=to, text=f"{task.key}+")]], who="walk", why="chance")

    def any_message(self, data: st.DataObject) -> Task:
        """Return one that is no digest."""
        tasks = [task for task in self.tasks() if not is_digest(task.campaign)]
        return data.draw(st.sampled_from(tasks), "message")

    @rule(seconds=st.sampled_from([5.0, 31.0, 61.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def tasks(self) -> Sequence[Task]:
        """Return all tasks."""
        return list(self.stores[0].tasks(Filter()))

    @invariant()
    def each_message_that_waits_is_in_one_digest_that_is_to_be_sent(self) -> None:
        if not hasattr(self, "stores"):
            return
        tasks = self.tasks()
        found = self.stores[1].memberships([task.id for task in tasks])
        standing = [one.task_id for one in found if one.follows and one.digest_status in ("queued", "sending")]
        gathered = {task.id for task in tasks if task.name.startswith("m") and not is_digest(task.campaign)}
        waiting = {task.id for task in tasks if task.id in gathered and task.status is Status.QUEUED}
        assert len(set(standing)) == len(standing)
        assert {task.id for task in tasks if task.id in waiting and not self.expired(task)} <= set(standing) <= waiting
        assert not {task.id for task in tasks if task.id in gathered and task.status is Status.SENDING}

    @invariant()
    def a_digest_that_is_fixed_holds_all_of_its_messages_until_it_was_tried(self) -> None:
        if not hasattr(self, "stores"):
            return
        found = self.stores[0].memberships()
        for digest in {one.digest for one in found if one.members is not None}:
            of_it = [one for one in found if one.digest == digest]
            assert len(of_it) == of_it[0].members
            assert all(one.follows for one in of_it)


def digest_walk(open_outbox: Callable[[Path, Clock], Outbox]) -> type[DigestWalk]:
    """Return the state machine for a store, as `outbox_walk` does."""
    return type("DigestWalkOfStore", (DigestWalk,), {"open_outbox": staticmethod(open_outbox)})
