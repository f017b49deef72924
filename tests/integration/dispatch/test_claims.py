"""A claim is a promise that the call may have begun: no more is claimed, and none is called that was taken away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from dispatching import dispatcher, queue
from processes import wait_until

from notifykit.campaign.campaign import Channel, RetryPolicy
from notifykit.clock import SystemClock
from notifykit.model import Message, OnUnknown, Outcome, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import ChannelBounds, Filter, Transition
from notifykit.pipeline.dispatch import Dispatcher
from notifykit.roles import SendContext
from notifykit.testing.outbox.steps import finish, take


@dataclass
class Desk:
    """One thing that all calls use, which takes one call at a time."""

    concurrency: int | None = 1
    resource: str | None = "desktop"
    repeatable_for: float | None = None
    says: Callable[[Message, SendContext], Outcome] = lambda _message, _context: Outcome.accepted()
    called: list[str] = field(default_factory=list)

    def send(self, message: Message, context: SendContext) -> Outcome:
        self.called.append(message.key)
        return self.says(message, context)


class SteppingClock(SystemClock):
    """A machine's clocks, of which one may be set, and the other may go on while the process stands still."""

    set_forward = 0.0
    stood_still = 0.0

    def now(self) -> float:
        return super().now() + self.set_forward

    def monotonic(self) -> float:
        return super().monotonic() + self.stood_still


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteOutbox]:
    with SqliteOutbox.open(tmp_path / "outbox.db") as outbox:
        yield outbox


def sending(outbox: SqliteOutbox) -> int:
    return sum(1 for _ in outbox.tasks(Filter(statuses=(Status.SENDING,))))


@pytest.mark.long
def test_no_more_is_claimed_than_can_be_called_at_once(store: SqliteOutbox, tmp_path: Path) -> None:
    """Over threads, channels and dispatchers, where what they use is one thing."""
    queue(store, 6, "a")
    queue(store, 6, "b")
    seen: list[int] = []
    with closing(SqliteOutbox.open(tmp_path / "outbox.db")) as look:
        lock = threading.Lock()

        def says(_message: Message, _context: SendContext) -> Outcome:
            with lock:
                seen.append(sending(look))
            time.sleep(0.01)
            return Outcome.accepted()

        senders = {name: Desk(says=says) for name in ("a", "b")}
        with closing(SqliteOutbox.open(tmp_path / "outbox.db")) as other:
            threads = [
                threading.Thread(target=lambda of: dispatcher(of, senders, workers=4).run(drain=True), args=(of,))
                for of in (store, other)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert (len(seen), max(seen)) == (12, 1)


def test_a_channel_may_take_more_at_once_than_others(store: SqliteOutbox) -> None:
    queue(store, 6, "a")
    together = threading.Barrier(6, timeout=30)

    def says(_message: Message, _context: SendContext) -> Outcome:
        together.wait()
        return Outcome.accepted()

    wide = Desk(concurrency=6, resource=None, says=says)
    assert dispatcher(store, {"a": wide}, workers=1).run(drain=False).sent == 6


class Reached(dict[str, Channel]):
    """Channels, and what happens in the moment before one of them is called."""

    def __init__(self, channels: Mapping[str, Channel], happens: Callable[[], None]) -> None:
        super().__init__(channels)
        self.happens: Callable[[], None] | None = happens

    def __getitem__(self, name: str) -> Channel:
        if self.happens is not None:
            happens, self.happens = self.happens, None
            happens()
        return super().__getitem__(name)


def stopped_before_its_call(store: SqliteOutbox, path: Path, meanwhile: Callable[[SqliteOutbox], None]) -> Dispatcher:
    clock = SteppingClock()
    made = dispatcher(store, {"ch": Desk()}, clock=clock, lease=120)

    def stand_still() -> None:
        clock.stood_still += 3600
        with closing(SqliteOutbox.open(path)) as other:
            meanwhile(other)

    made._channels = Reached(made._channels, stand_still)
    return made


def test_what_was_taken_from_a_stopped_worker_is_not_called(store: SqliteOutbox, tmp_path: Path) -> None:
    queue(store, 1)

    def cancel(other: SqliteOutbox) -> None:
        other.decide([1], Status.CANCELLED, who="w", why="not wanted any more", of=[Status.SENDING])

    stopped = stopped_before_its_call(store, tmp_path / "outbox.db", cancel)
    report = stopped.run(drain=False)
    assert (report.taken, report.sent) == (1, 0)
    assert [task.status for task in store.tasks(Filter())] == [Status.CANCELLED]
    assert store.attempts(1) == []


def test_what_was_left_to_a_stopped_worker_is_called(store: SqliteOutbox, tmp_path: Path) -> None:
    queue(store, 1)
    stopped = stopped_before_its_call(store, tmp_path / "outbox.db", lambda _other: None)
    assert stopped.run(drain=False).sent == 1


def test_a_sender_that_waits_for_something_is_told_the_same(store: SqliteOutbox, tmp_path: Path) -> None:
    queue(store, 2)
    clock = SteppingClock()
    held: list[bool] = []

    def says(_message: Message, context: SendContext) -> Outcome:
        held.append(context.still_held())
        clock.stood_still += 3600
        with closing(SqliteOutbox.open(tmp_path / "outbox.db")) as other:
            if len(held) == 1:
                other.decide([1], Status.CANCELLED, who="w", why="y", of=[Status.SENDING])
        held.append(context.still_held())
        return Outcome.accepted() if held[-1] else Outcome.retry("claim_taken")

    report = dispatcher(store, {"ch": Desk(says=says)}, clock=clock, lease=120).run(drain=False)
    assert held == [True, False, True, True]
    assert (report.late, report.sent) == (1, 1)


@pytest.mark.long
@pytest.mark.parametrize("step", [1.0, -1.0, 3600.0, -3600.0, 3.15e8, -3.15e8])
@pytest.mark.parametrize("policy", list(OnUnknown))
def test_a_step_of_the_wall_clock_takes_no_living_claim(
    store: SqliteOutbox, tmp_path: Path, step: float, policy: OnUnknown
) -> None:
    queue(store, 1)
    clock = SteppingClock()
    begun = threading.Event()

    def says(_message: Message, _context: SendContext) -> Outcome:
        clock.set_forward = step
        begun.set()
        time.sleep(0.6)
        return Outcome.accepted()

    desk = Desk(says=says)
    with closing(SqliteOutbox.open(tmp_path / "outbox.db", clock)) as other:
        threads = [
            threading.Thread(
                target=lambda of: dispatcher(of, {"ch": desk}, clock=clock, on_unknown=policy, lease=0.5).run(
                    drain=True
                ),
                args=(of,),
            )
            for of in (store, other)
        ]
        threads[0].start()
        begun.wait()
        threads[1].start()
        for thread in threads:
            thread.join()
    assert desk.called == ["ch0"]
    assert [task.status for task in store.tasks(Filter())] == [Status.SENT]
    assert [attempt.code for attempt in store.attempts(1)] == [None]


def test_a_claim_that_no_thread_holds_is_not_renewed(store: SqliteOutbox, tmp_path: Path) -> None:
    """Of a worker that lives: its process holds the lock, and nobody makes the call."""
    queue(store, 2)
    made = dispatcher(store, {"ch": Desk()}, lease=0.4)
    take(store, made._worker, 1, {"ch": ChannelBounds()}, 0.4)
    with store.enlist(made._worker), closing(SqliteOutbox.open(tmp_path / "outbox.db")) as other:
        report = dispatcher(other, {"ch": Desk(concurrency=None, resource=None)}, lease=0.4).run(drain=True)
    assert (report.recovered, report.sent) == (1, 1)


def test_a_sender_that_hangs_delays_no_other_channel(store: SqliteOutbox, caplog: pytest.LogCaptureFixture) -> None:
    queue(store, 3, "hanging")
    queue(store, 40, "quick")
    go_on = threading.Event()

    def hang(_message: Message, _context: SendContext) -> Outcome:
        go_on.wait()
        return Outcome.accepted()

    senders = {
        "hanging": Desk(concurrency=None, resource=None, says=hang),
        "quick": Desk(concurrency=None, resource=None),
    }
    made = dispatcher(store, senders, workers=2, timeout=0.05, lease=0.5)
    report = made.run(drain=True, leave_overdue=True)
    assert (report.sent, len(senders["quick"].called)) == (40, 40)
    assert "channel hanging: the call for task 1 (hanging0) has not returned for" in caplog.text
    queue(store, 41, "quick")
    assert made.run(drain=False, leave_overdue=True).sent == 1
    before = {claim.task.id: claim.beat for claim in store.on_wire()}
    assert before
    # What hangs is renewed between two runs, too.
    wait_until(lambda: all(claim.beat > before[claim.task.id] for claim in store.on_wire()), every=0.02)
    go_on.set()
    assert made.join() is True
    assert made.run(drain=True).sent == 1
    assert {task.status for task in store.tasks(Filter())} == {Status.SENT}


class StandingClock(SystemClock):
    """By which no time passes, so that nobody looks for lost claims a second time."""

    def monotonic(self) -> float:
        return 0.0


def test_draining_ends_as_soon_as_nobody_else_is_sending(store: SqliteOutbox, tmp_path: Path) -> None:
    queue(store, 1)
    with closing(SqliteOutbox.open(tmp_path / "outbox.db")) as other, other.enlist("other"):
        (claim,) = take(other, "other", 1, {"ch": ChannelBounds()}, 60)
        made = dispatcher(store, {"ch": Desk()}, clock=StandingClock())
        draining = threading.Thread(target=made.run, kwargs={"drain": True}, daemon=True)
        draining.start()
        draining.join(0.5)
        assert draining.is_alive(), "what the other one is sending may come back"
        assert finish(other, claim, Outcome.accepted(), Transition(status=Status.SENT))
        draining.join(30)
        assert not draining.is_alive()


def test_a_repeat_is_sent_only_while_the_service_drops_it(store: SqliteOutbox) -> None:
    clock = SteppingClock()

    def says(_message: Message, _context: SendContext) -> Outcome:
        return Outcome.unknown("no_answer")

    retry = RetryPolicy(attempts=9, first=0.01, factor=1, jitter=0)
    desk = Desk(repeatable_for=60.0, says=says)
    queue(store, 1)
    made = dispatcher(store, {"ch": desk}, clock=clock, on_unknown=OnUnknown.RESEND, retry=retry)
    made.run(drain=False)
    tries = len(desk.called)
    assert tries >= 1
    clock.set_forward = 3 * 86400.0
    with closing(SqliteOutbox.open(store.db.path, clock)) as later:
        dispatcher(later, {"ch": desk}, clock=clock, on_unknown=OnUnknown.RESEND, retry=retry).run(drain=True)
    (task,) = store.tasks(Filter())
    assert (len(desk.called), task.status) == (tries, Status.IN_DOUBT)
    assert store.attempts(1)[-1].code == "repeat_window_over"


def test_sys_exit_in_a_sender_ends_its_call_and_nothing_else(store: SqliteOutbox) -> None:
    queue(store, 3)

    def says(message: Message, _context: SendContext) -> Outcome:
        if message.key == "ch1":
            raise SystemExit(0)
        return Outcome.accepted()

    report = dispatcher(store, {"ch": Desk(says=says)}).run(drain=False)
    assert (report.sent, report.by_status[Status.IN_DOUBT]) == (2, 1)


def test_a_claim_of_a_program_that_knows_no_heartbeat_numbers_is_given_up_too(store: SqliteOutbox) -> None:
    """As a version of before leaves it that still runs beside this one."""
    queue(store, 2)
    take(store, "older", 1, {"ch": ChannelBounds()}, 0.4)
    store.db.execute("UPDATE tasks SET beat = NULL WHERE status = 'sending'")
    report = dispatcher(store, {"ch": Desk(concurrency=None, resource=None)}, lease=0.4).run(drain=True)
    assert (report.recovered, report.sent) == (1, 1)


@pytest.mark.parametrize("ahead", [-1000.0, 1000.0])
def test_a_backoff_is_counted_by_the_stores_clock(tmp_path: Path, ahead: float) -> None:
    """The machine's may differ from it by more than a lease."""
    of_store = SteppingClock()
    of_store.set_forward = ahead
    desk = Desk(says=lambda _message, _context: Outcome.retry("busy"))
    with SqliteOutbox.open(tmp_path / "outbox.db", of_store) as store:
        queue(store, 1)
        retry = RetryPolicy(attempts=4, first=30, factor=1, jitter=0)
        dispatcher(store, {"ch": desk}, retry=retry).run(drain=False)
        (task,) = store.tasks(Filter())
        (attempt,) = store.attempts(task.id)
        assert attempt.finished_at is not None
        assert task.not_before - attempt.finished_at == pytest.approx(30, abs=5)
