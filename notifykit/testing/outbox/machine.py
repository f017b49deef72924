"""Random walks over an outbox, judged by a small model of it. Needs Hypothesis."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from notifykit.clock import Clock
from notifykit.model import Claim, Draft, Status
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import ChannelBounds, Filter, Transition
from notifykit.roles import Rate
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.model import DECISIONS, DONE, OUTCOMES, RATE, Made, Seen, Start, identity, lane, new_of
from notifykit.testing.outbox.steps import finish, take
from notifykit.testing.samples import draft
from notifykit.wording import Reason

OpenStore = Callable[[Path, Clock], Outbox]

LEASE = 60.0
CAMPAIGNS = ("bj", "sh")
CHANNELS: dict[str, tuple[Rate, ...]] = {"free": (), "limited": (RATE,)}
ENOUGH = 100
"""More slots than there ever are tasks."""


def a_draft(campaign: str, key: str, message: str, channel: str, to: str, period: str, *, ordered: bool) -> Draft:
    """Make one of the few drafts that a walk offers again and again. A recipient belongs to one channel."""
    return draft(
        campaign=campaign,
        key=key,
        name=message,
        channel=channel,
        recipient=f"{channel} {to}",
        ordered=ordered,
        period=period,
    )


DRAFTS = st.builds(
    a_draft,
    campaign=st.sampled_from(CAMPAIGNS),
    key=st.sampled_from(["C1", "C%", "C_"]),
    message=st.sampled_from(["group", "award"]),
    channel=st.sampled_from(list(CHANNELS)),
    to=st.sampled_from(["x", "y", "z"]),
    period=st.sampled_from(["", "", "1", "2"]),
    ordered=st.sampled_from([True, True, False]),
)


class OutboxWalk(RuleBasedStateMachine):
    """Does what hosts and people do, in any order, over two connections to one store."""

    open_outbox: OpenStore
    given = Bundle("given")

    @initialize(drafts=st.lists(DRAFTS, max_size=20))
    def begin(self, drafts: list[Draft]) -> None:
        self.clock = FakeClock()
        self.folder = tempfile.TemporaryDirectory()
        self.stores = [type(self).open_outbox(Path(self.folder.name), self.clock) for _ in range(2)]
        self.seen: dict[int, Seen] = {}
        self.paused: dict[str, float] = {}
        self.starts: list[Start] = []
        self.made: list[Made] = []
        self.queue(0, drafts)

    def teardown(self) -> None:
        for store in getattr(self, "stores", ()):
            store.close()
        if hasattr(self, "folder"):
            self.folder.cleanup()

    @rule(
        at=st.integers(0, 1),
        drafts=st.lists(DRAFTS, max_size=6),
        later=st.sampled_from([0.0, 0.0, 20.0]),
        lasts=st.sampled_from([None, None, 40.0]),
    )
    def queue(self, at: int, drafts: list[Draft], later: float = 0.0, lasts: float | None = None) -> None:
        now = self.clock.now()
        expires_at = None if lasts is None else now + lasts
        drafts = [replace(one, not_before=now + later if later else 0.0, expires_at=expires_at) for one in drafts]
        fresh = new_of(drafts, self.seen.values())
        made = self.stores[at].enqueue(drafts)
        assert (made.new, made.duplicates) == (len(fresh), len(drafts) - len(fresh))
        if made.new:
            new = list(self.stores[at].tasks(Filter(ids=tuple(made.ids))))
            assert {(task.campaign, task.key, task.name, task.round, task.period) for task in new} == set(fresh)
            for task in new:
                one = fresh[task.campaign, task.key, task.name, task.round, task.period]
                assert (task.recipient, task.ordered, task.channel) == (one.recipient, one.ordered, one.channel)
                self.seen[task.id] = Seen(task.id, one, not_before=one.not_before, expires_at=one.expires_at)

    @rule(
        target=given,
        at=st.integers(0, 1),
        worker=st.sampled_from(["one", "two"]),
        slots=st.sampled_from([1, 2, 4, ENOUGH, ENOUGH]),
        names=st.sampled_from([("free",), ("limited",), ("free", "limited")]),
    )
    def claim(self, at: int, worker: str, slots: int, names: tuple[str, ...]) -> Any:
        return multiple(*self.claimed(at, worker, slots, names))

    @rule(at=st.integers(0, 1))
    def send_all_that_is_due(self, at: int) -> None:
        for claim in self.claimed(at, "one", ENOUGH, ("free",)):
            self.finish(at, claim, Status.SENT, 0.0, 1.0)

    def claimed(self, at: int, worker: str, slots: int, names: tuple[str, ...]) -> list[Claim]:
        """Claim, and judge what was given."""
        now = self.clock.now()
        free = {name: self.candidates(name) for name in names if self.paused.get(name, 0.0) <= now}
        claims = take(
            self.stores[at], worker, slots, {name: ChannelBounds(rates=CHANNELS[name]) for name in names}, LEASE
        )
        assert len({claim.task.id for claim in claims}) == len(claims) <= slots
        lanes = [lane(self.seen[claim.task.id]) for claim in claims if claim.task.ordered]
        assert len(set(lanes)) == len(lanes), "two claims of one recipient at once"
        for claim in claims:
            task = self.seen[claim.task.id]
            assert any(task.id in group for group in free.get(task.draft.channel, ())), "it was not its turn"
            task.status, task.token, task.worker = Status.SENDING, claim.token, worker
            task.beat, task.claims = 0, task.claims + 1
            assert (claim.started_at, claim.lease, claim.beat) == (now, LEASE, 0)
            if task.draft.channel == "limited":
                self.starts.append(Start(now, task.id, claim.token))
        recent = [start for start in self.starts if start.counts(now)]
        assert sum(not start.given_back for start in recent) <= RATE.count, "more attempts than the rate allows"
        if slots == ENOUGH:
            for name, groups in free.items():
                got = sum(self.seen[claim.task.id].draft.channel == name for claim in claims)
                if name == "free" or len(recent) < RATE.count:
                    assert got == len(groups), f"due on {name}: {groups}, claimed: {got}"
        return claims

    def candidates(self, channel: str) -> list[set[int]]:
        """Groups of tasks of which one each may be claimed now."""
        now = self.clock.now()
        groups: list[set[int]] = []
        by_lane: dict[tuple[str, str], list[Seen]] = {}
        for task in self.seen.values():
            if task.draft.channel != channel:
                continue
            if task.draft.ordered:
                by_lane.setdefault(lane(task), []).append(task)
            elif task.status is Status.QUEUED and task.not_before <= now:
                groups.append({task.id})
        for tasks in by_lane.values():
            if any(task.status is Status.SENDING for task in tasks):
                continue
            turn: set[int] = set()
            for task in (task for task in tasks if task.status is Status.QUEUED):
                if task.not_before <= now:
                    turn.add(task.id)
                if task.holds(now):
                    break
            if turn:
                groups.append(turn)
        return groups

    @rule(
        at=st.integers(0, 1),
        claim=given,
        status=st.sampled_from(list(OUTCOMES)),
        delay=st.sampled_from([0.0, 5.0, 40.0, 300.0]),
        patience=st.sampled_from([1.0, 20.0, 200.0]),
    )
    def finish(self, at: int, claim: Claim, status: Status, delay: float, patience: float) -> None:
        task = self.seen[claim.task.id]
        mine = task.token == claim.token and task.status in (Status.SENDING, Status.IN_DOUBT)
        assume(not (mine and task.status is Status.IN_DOUBT and status is Status.IN_DOUBT))
        now = self.clock.now()
        # Patience counts from the first time that a task is put off.
        hold = task.hold if task.hold is not None else now + patience
        then = Transition(status=status, reason=Reason("walk"), not_before=now + delay, hold_order_until=hold)
        if status is not Status.QUEUED:
            then = Transition(status=status, reason=Reason("walk"))
        moved = finish(self.stores[at], claim, OUTCOMES[status], then, 0.1)
        handed_in_again = not mine and task.status is status
        assert moved is mine or handed_in_again, "only a result that may be recorded already is told so twice"
        if mine:
            task.status = status
            self.ended(claim)
            task.doubted |= status is Status.IN_DOUBT
            if status is Status.QUEUED:
                task.not_before, task.hold = now + delay, hold

    @rule(at=st.integers(0, 1), claim=given)
    def release(self, at: int, claim: Claim) -> None:
        task = self.seen[claim.task.id]
        self.stores[at].release(claim)
        if task.token == claim.token and task.status is Status.SENDING:
            task.status, task.token = Status.QUEUED, None
            self.given_back(claim)

    @rule(at=st.integers(0, 1), claim=given, later=st.sampled_from([0.0, 20.0]))
    def give_back(self, at: int, claim: Claim, later: float) -> None:
        task = self.seen[claim.task.id]
        self.stores[at].give_back([(claim, Transition(status=Status.QUEUED, not_before=self.clock.now() + later))])
        if task.token == claim.token and task.status is Status.SENDING:
            task.status, task.token, task.not_before = Status.QUEUED, None, self.clock.now() + later
            self.given_back(claim)

    @rule(at=st.integers(0, 1))
    def expire(self, at: int) -> None:
        late = [task for task in self.seen.values() if task.is_late(self.clock.now())]
        assert {task.id for task in self.stores[at].cancel_expired()} == {task.id for task in late}
        for task in late:
            task.status, task.token, task.not_before, task.hold = Status.CANCELLED, None, 0.0, None
            task.expired = True

    @rule(at=st.integers(0, 1), claim=given)
    def heartbeat(self, at: int, claim: Claim) -> None:
        self.stores[at].heartbeat([claim])
        task = self.seen[claim.task.id]
        if task.status is Status.SENDING and task.token == claim.token:
            task.beat += 1

    @rule(at=st.integers(0, 1), claim=given)
    def lose(self, at: int, claim: Claim) -> None:
        """Take a claim away, as it was when it was made: no heartbeat came meanwhile, or it stays."""
        task = self.seen[claim.task.id]
        held = task.status is Status.SENDING and task.token == claim.token
        assert self.stores[at].holds(claim) is held
        lost = self.stores[at].expire(claim, OUTCOMES[Status.IN_DOUBT], Transition(status=Status.IN_DOUBT))
        assert lost is (held and task.beat == claim.beat)
        if lost:
            task.status, task.doubted = Status.IN_DOUBT, True
            self.ended(claim)

    def given_back(self, claim: Claim) -> None:
        """Note that a call was never begun."""
        for start in self.starts:
            if (start.task, start.token, start.ended_at) == (claim.task.id, claim.token, None):
                start.given_back, start.ended_at = True, start.at

    def ended(self, claim: Claim) -> None:
        """Note that a call is no longer under way."""
        self.seen[claim.task.id].ended += 1
        for start in self.starts:
            if (start.task, start.token, start.ended_at) == (claim.task.id, claim.token, None):
                start.ended_at = self.clock.now()

    @rule(at=st.integers(0, 1), data=st.data())
    def decide(self, at: int, data: st.DataObject) -> None:
        choices = [task.id for task in self.seen.values() if task.status in DECISIONS]
        assume(choices)
        task = self.seen[data.draw(st.sampled_from(choices), "task")]
        to = data.draw(st.sampled_from(DECISIONS[task.status]), "to")
        before = replace(task)
        (moved,) = self.stores[at].decide([task.id], to, who="walk", why="chance", of=[task.status])
        assert (moved.id, moved.status) == (task.id, to)
        task.status, task.token, task.not_before, task.hold = to, None, 0.0, None
        task.expired = False
        if to is Status.QUEUED:
            task.doubted = False
            if task.expires_at is not None and task.expires_at <= self.clock.now():
                task.expires_at = None
        self.decided(at, before, task)

    def decided(self, at: int, before: Seen | None, task: Seen) -> None:
        """Note a decision."""
        (made,) = self.stores[at].decisions(1)
        self.made.append(Made(made.id, {task.id: (before, replace(task), self.flagged(task))}))

    def flagged(self, task: Seen) -> int:
        """How many messages of a record are written back."""
        record = (task.draft.campaign, task.draft.key)
        of_record = [one for one in self.seen.values() if (one.draft.campaign, one.draft.key) == record]
        return sum(one.status is Status.COMPLETED for one in of_record)

    @rule(at=st.integers(0, 1), data=st.data())
    def undo(self, at: int, data: st.DataObject) -> None:
        assume(self.made)
        made = data.draw(st.sampled_from(self.made), "decision")
        done = self.stores[at].undo(made.id, who="walk", why="chance")
        if done is None or made.undone:
            assert done is not None, "a decision is kept for ever"
            return
        back = {one.task.id for one in done.messages if one.kept is None}
        assert back == {id_ for id_ in made.tasks if self.goes_back(made, id_)}
        for id_ in back:
            task, before = self.seen[id_], made.tasks[id_][0]
            task.status, task.token, task.not_before, task.hold = Status.CANCELLED, None, 0.0, None
            if before is not None:
                task.status, task.not_before, task.hold = before.status, before.not_before, before.hold
                task.expired, task.doubted = before.expired, before.doubted
                task.token = before.token if task.claims == before.claims else None
        made.undone |= back

    def goes_back(self, made: Made, id_: int) -> bool:
        """Whether nothing happened to a task since a decision that undoing it would undo as well."""
        task, (before, then, flagged) = self.seen[id_], made.tasks[id_]
        later = self.made[self.made.index(made) + 1 :]
        return (
            (task.status, task.ended) == (then.status, then.ended)
            and (before is None or before.status is Status.CANCELLED or self.flagged(task) <= flagged)
            and not any(id_ in other.tasks and id_ not in other.undone for other in later)
        )

    @rule(at=st.integers(0, 1), campaign=st.sampled_from(CAMPAIGNS), share=st.sampled_from([1, 100]))
    def settle(self, at: int, campaign: str, share: int) -> None:
        owed = [task.id for task in self.stores[at].owed(campaign)]
        self.stores[at].complete(owed[:share])
        for id_ in owed[:share]:
            self.seen[id_].status = Status.COMPLETED

    def owed(self, campaign: str) -> list[int]:
        """Ids of sent tasks of keys and periods of which nothing waits, or expired."""
        mine = [task for task in self.seen.values() if task.draft.campaign == campaign]
        held = [task for task in mine if task.status not in (*DONE, Status.CANCELLED) or task.has_expired]
        open_ = {(task.draft.key, task.draft.period) for task in held}
        sent = [task for task in mine if task.status is Status.SENT]
        return sorted(task.id for task in sent if (task.draft.key, task.draft.period) not in open_)

    @rule(at=st.integers(0, 1), data=st.data())
    def reopen(self, at: int, data: st.DataObject) -> None:
        done = [task for task in self.seen.values() if task.status is Status.COMPLETED]
        assume(done)
        one = data.draw(st.sampled_from(done), "one").draft
        again = [task for task in done if (task.draft.campaign, task.draft.key) == (one.campaign, one.key)]
        assert self.stores[at].reopen_write_back(one.campaign, [one.key]) == len(again)
        for task in again:
            task.status = Status.SENT

    @rule(at=st.integers(0, 1), data=st.data())
    def resend(self, at: int, data: st.DataObject) -> None:
        assume(self.seen)
        any_ = data.draw(st.sampled_from(list(self.seen.values())), "of").draft
        rounds = [task for task in self.seen.values() if identity(task.draft)[:3] == identity(any_)[:3]]
        last = max(rounds, key=lambda task: (task.draft.period, task.draft.round))
        opened = self.stores[at].resend(any_.campaign, any_.key, [any_.name], who="walk", why="chance")
        if last.status not in DONE:
            assert opened == []
            return
        (new,) = opened
        assert (new.round, new.text, new.status) == (last.draft.round + 1, last.draft.text, Status.QUEUED)
        assert new.id > max(self.seen)
        self.seen[new.id] = Seen(new.id, replace(last.draft, round=new.round))
        self.decided(at, None, self.seen[new.id])

    @rule(at=st.integers(0, 1), channel=st.sampled_from(list(CHANNELS)), seconds=st.sampled_from([5.0, 100.0]))
    def pause(self, at: int, channel: str, seconds: float) -> None:
        self.stores[at].pause(channel, seconds, Reason("walk"))
        self.paused[channel] = max(self.paused.get(channel, 0.0), self.clock.now() + seconds)

    @rule(at=st.integers(0, 1), channel=st.sampled_from(list(CHANNELS)))
    def resume(self, at: int, channel: str) -> None:
        assert self.stores[at].resume(channel, who="walk", why="chance") is (
            self.paused.pop(channel, 0.0) > self.clock.now()
        )

    @rule(seconds=st.sampled_from([0.5, 5.0, 30.0, 61.0, 250.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(at=st.integers(0, 1))
    def next_due_never_sleeps_past_work(self, at: int) -> None:
        now = self.clock.now()
        due = self.stores[at].next_due(["free"])
        if self.candidates("free") and self.paused.get("free", 0.0) <= now:
            assert due is not None
            assert due <= now

    @invariant()
    def both_connections_show_what_the_model_knows(self) -> None:
        for store in getattr(self, "stores", ()):
            found = {task.id: task.status for task in store.tasks(Filter())}
            assert found == {task.id: task.status for task in self.seen.values()}

    @invariant()
    def what_is_owed_and_what_is_on_the_wire_is_known(self) -> None:
        for store in getattr(self, "stores", ())[:1]:
            for campaign in CAMPAIGNS:
                assert [task.id for task in store.owed(campaign)] == self.owed(campaign)
            sending = {task.id: task.beat for task in self.seen.values() if task.status is Status.SENDING}
            assert {claim.task.id: claim.beat for claim in store.on_wire()} == sending


def outbox_walk(open_outbox: OpenStore) -> type[OutboxWalk]:
    """Return the state machine for a store: `TestWalk = outbox_walk(open_store).TestCase`.

    Set `TestWalk.settings` for longer or shorter walks.
    """
    return type("Walk", (OutboxWalk,), {"open_outbox": staticmethod(open_outbox)})
