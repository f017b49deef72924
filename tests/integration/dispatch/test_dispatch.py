from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from processes import wait_until

from notifykit.campaign.campaign import Campaign, Channel, DispatchSettings, MessagePlan, RetryPolicy
from notifykit.clock import SystemClock
from notifykit.errors import StoreError
from notifykit.model import FOREVER, Draft, Message, OnUnknown, Outcome, Status, Verdict
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import database
from notifykit.outbox.values import ChannelBounds, Filter
from notifykit.pipeline.dispatch import Dispatcher
from notifykit.roles import Rate, SendContext, Strategy
from notifykit.testing.outbox.steps import take


@dataclass
class Scripted:
    """Answers with what the script says of the message's key, and accepts what it says nothing of."""

    script: Callable[[Message, int], Outcome | None] = lambda _message, _attempt: None
    limits: tuple[Rate, ...] = ()
    seconds: float = 0.0
    accepted: list[Message] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    lock: Any = field(default_factory=threading.Lock)

    def send(self, message: Message, context: SendContext) -> Outcome:
        with self.lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.seconds:
                time.sleep(self.seconds)
            outcome = self.script(message, context.attempt) or Outcome.accepted()
        finally:
            with self.lock:
                self.at_once -= 1
        if outcome.verdict is Verdict.ACCEPTED:
            with self.lock:
                self.accepted.append(message)
        return outcome


class Held(Scripted):
    """Keeps a call until it is told to go on."""

    def __init__(self) -> None:
        self.called, self.go_on = threading.Event(), threading.Event()
        super().__init__(self._hold)

    def _hold(self, _message: Message, _attempt: int) -> None:
        self.called.set()
        assert self.go_on.wait(60)

    @contextmanager
    def until_it_goes_on(self) -> Iterator[None]:
        """A block that begins when the call has begun, and that the call outlasts."""
        try:
            assert self.called.wait(60)
            yield
        finally:
            self.go_on.set()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteOutbox]:
    with SqliteOutbox.open(tmp_path / "outbox.db") as outbox:
        yield outbox


def queue(outbox: SqliteOutbox, count: int, lanes: int = 1, **more: Any) -> None:
    outbox.enqueue(
        [
            Draft(
                campaign="c",
                key=str(number),
                name="group",
                recipient=f"r{number % lanes}",
                text=f"第 {number} 条",
                channel="ch",
                task_type="x",
                **more,
            )
            for number in range(count)
        ]
    )


def dispatcher(
    outbox: SqliteOutbox,
    sender: Scripted,
    *,
    workers: int = 4,
    on_unknown: OnUnknown = OnUnknown.HOLD,
    lease: float = 60,
    **more: Any,
) -> Dispatcher:
    channel = Channel.of("ch", "scripted", sender)
    plan = MessagePlan(
        name="group",
        channel=channel,
        recipient=lambda record: record.key,
        text=lambda record: record.key,
        on_unknown=on_unknown,
        retry=RetryPolicy(attempts=4, first=0.05, factor=1, jitter=0),
    )
    source: Any = None
    campaign = Campaign(name="c", file=Path("c.yaml"), source=source, strategy=Strategy(), messages=(plan,))
    settings = DispatchSettings(workers=workers, lease=lease)
    return Dispatcher(outbox, {"ch": channel}, {"c": campaign}, settings, SystemClock(), **more)


def statuses(outbox: SqliteOutbox) -> dict[str, int]:
    counted: dict[str, int] = defaultdict(int)
    for task in outbox.tasks(Filter()):
        counted[task.status] += 1
    return dict(counted)


def test_everything_is_sent_once_and_in_order_per_recipient(store: SqliteOutbox) -> None:
    queue(store, 200, lanes=5)
    sender = Scripted()
    report = dispatcher(store, sender, workers=8).run(drain=False)
    assert (report.sent, statuses(store)) == (200, {"sent": 200})
    order: dict[str, list[int]] = defaultdict(list)
    for message in sender.accepted:
        order[message.recipient].append(int(message.key))
    assert {name: sorted(keys) for name, keys in order.items()} == order
    assert sum(map(len, order.values())) == 200


@pytest.mark.parametrize(("waiting", "threads"), [(1, 1), (2, 2), (20, 8)])
def test_threads_are_started_where_others_left_work(store: SqliteOutbox, waiting: int, threads: int) -> None:
    queue(store, waiting, lanes=waiting)
    seen: set[threading.Thread] = set()

    def look(_message: Message, _attempt: int) -> None:
        seen.update(thread for thread in threading.enumerate() if thread.name == "send")

    assert dispatcher(store, Scripted(look, seconds=0.05), workers=8).run(drain=False).sent == waiting
    assert len(seen) == threads


def test_a_message_that_comes_while_the_only_thread_calls_is_sent_beside_it(store: SqliteOutbox) -> None:
    queue(store, 1)
    together = threading.Barrier(2, timeout=30)

    def meet(message: Message, _attempt: int) -> None:
        if message.key == "0":
            with SqliteOutbox.open(store.db.path) as other:
                other.enqueue(
                    [
                        Draft(
                            campaign="c",
                            key="1",
                            name="group",
                            recipient="r1",
                            text="后来",
                            channel="ch",
                            task_type="x",
                        )
                    ]
                )
        together.wait()

    assert dispatcher(store, Scripted(meet), workers=8).run(drain=False).sent == 2


def test_one_recipient_is_never_sent_to_twice_at_once(store: SqliteOutbox) -> None:
    queue(store, 12, lanes=1)
    sender = Scripted(seconds=0.01)
    dispatcher(store, sender, workers=6).run(drain=False)
    assert sender.most_at_once == 1


def test_sends_overlap_up_to_the_number_of_workers(store: SqliteOutbox) -> None:
    queue(store, 24, ordered=False)
    together = threading.Barrier(6, timeout=30)

    def meet(_message: Message, _attempt: int) -> None:
        together.wait()

    sender = Scripted(meet)
    assert dispatcher(store, sender, workers=6).run(drain=False).sent == 24
    assert sender.most_at_once == 6


def test_retries_are_waited_for_and_hold_back_what_is_behind_them(store: SqliteOutbox) -> None:
    queue(store, 4)
    sender = Scripted(lambda message, attempt: Outcome.retry("busy") if message.key == "1" and attempt < 3 else None)
    report = dispatcher(store, sender).run(drain=True)
    assert [message.key for message in sender.accepted] == ["0", "1", "2", "3"]
    assert report.by_status == {Status.SENT: 4, Status.QUEUED: 2}


def test_once_leaves_what_is_not_due(store: SqliteOutbox) -> None:
    queue(store, 3)
    sender = Scripted(lambda message, _: Outcome.retry("busy", after=60) if message.key == "1" else None)
    dispatcher(store, sender).run(drain=False)
    assert statuses(store) == {"sent": 1, "queued": 2}


def test_attempts_run_out_and_the_next_in_line_goes_on(store: SqliteOutbox) -> None:
    queue(store, 2)
    sender = Scripted(lambda message, _: Outcome.retry("down") if message.key == "0" else None)
    dispatcher(store, sender).run(drain=True)
    assert statuses(store) == {"failed": 1, "sent": 1}
    (dead,) = store.tasks(Filter(statuses=(Status.FAILED,)))
    assert str(dead.reason) == "out of attempts (4): down"
    assert [attempt.verdict for attempt in store.attempts(dead.id)] == [Verdict.RETRY] * 4


class Raising(Scripted):
    def send(self, message: Message, context: SendContext) -> Outcome:
        raise ValueError("https://service.example/?key=secret")


class Careless(Scripted):
    def send(self, message: Message, context: SendContext) -> Outcome:
        answer: Any = "ok"
        return answer  # type: ignore[no-any-return]


@pytest.mark.parametrize(("sender", "code"), [(Raising(), "ValueError"), (Careless(), "bad_outcome")])
def test_a_sender_that_does_not_say_leaves_a_doubt(
    store: SqliteOutbox, sender: Scripted, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    queue(store, 1)
    dispatcher(store, sender).run(drain=False)
    (task,) = store.tasks(Filter())
    (attempt,) = store.attempts(task.id)
    assert (task.status, attempt.code) == (Status.IN_DOUBT, code)
    assert "secret" not in f"{task.reason}{attempt.detail}"
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_a_verdict_counts_whatever_is_wrong_beside_it(store: SqliteOutbox, caplog: pytest.LogCaptureFixture) -> None:
    queue(store, 30, ordered=False)
    bad: Any = "60"
    odd = {"7": Outcome.rejected("404", pause=bad), "8": Outcome.accepted(vendor_id=bad.encode())}
    dispatcher(store, Scripted(lambda message, _: odd.get(message.key))).run(drain=True)
    assert statuses(store) == {"sent": 29, "failed": 1}
    (task,) = store.tasks(Filter(statuses=(Status.FAILED,)))
    assert (task.key, str(task.reason)) == ("7", "404")
    found = sorted(record.getMessage() for record in caplog.records)
    assert found == [
        f"what the sender of channel ch returned cannot be used: {name}" for name in ("pause", "vendor_id")
    ]


def test_throttling_uses_up_no_attempts(store: SqliteOutbox) -> None:
    queue(store, 1)
    answers = [Outcome.retry("45009", after=0, pause=0.01)] * 6 + [Outcome.retry("busy")] * 3
    sender = Scripted(lambda _, attempt: answers[attempt - 1] if attempt <= len(answers) else None)
    dispatcher(store, sender).run(drain=True)
    assert statuses(store) == {"sent": 1}


def test_a_doubt_that_is_harmless_to_repeat_is_repeated(store: SqliteOutbox) -> None:
    queue(store, 1)
    sender = Scripted(lambda _, attempt: Outcome.unknown("ReadTimeout") if attempt == 1 else None)
    dispatcher(store, sender, on_unknown=OnUnknown.RESEND).run(drain=True)
    assert statuses(store) == {"sent": 1}


def test_stopping_finishes_what_is_on_the_wire_and_starts_nothing(store: SqliteOutbox) -> None:
    queue(store, 40, ordered=False)
    all_call, stopped = threading.Barrier(3, timeout=30), threading.Event()

    def stop_while_all_call(_message: Message, _attempt: int) -> None:
        if all_call.wait() == 0:
            sending.stop()
            stopped.set()
        assert stopped.wait(30)

    sender = Scripted(stop_while_all_call)
    sending = dispatcher(store, sender, workers=3)
    sending.run(drain=True)
    assert statuses(store) == {"sent": 3, "queued": 37}
    assert len(sender.accepted) == 3


def test_a_lease_is_renewed_while_a_send_takes_long(store: SqliteOutbox, tmp_path: Path) -> None:
    queue(store, 1)
    slow = Held()
    first = threading.Thread(target=lambda: dispatcher(store, slow, workers=1, lease=0.4).run(drain=False))
    first.start()
    with SqliteOutbox.open(tmp_path / "outbox.db") as other, slow.until_it_goes_on():
        others = dispatcher(other, Scripted(), workers=1, lease=0.4)
        for beat in range(1, 4):
            wait_until(lambda: other.on_wire()[0].beat >= beat, every=0.02)  # noqa: B023 - it is called at once
            assert others.run(drain=False).recovered == 0
    first.join()
    assert (statuses(store), len(slow.accepted)) == ({"sent": 1}, 1)


def test_a_lease_is_renewed_while_the_last_send_ends_after_a_stop(store: SqliteOutbox, tmp_path: Path) -> None:
    queue(store, 1)
    slow = Held()
    sending = dispatcher(store, slow, workers=1, lease=0.4)
    thread = threading.Thread(target=lambda: sending.run(drain=True))
    thread.start()
    with SqliteOutbox.open(tmp_path / "outbox.db") as other, slow.until_it_goes_on():
        sending.stop()
        others, before = dispatcher(other, Scripted(), workers=1, lease=0.4), other.on_wire()[0].beat
        for beat in range(before + 1, before + 4):
            wait_until(lambda: other.on_wire()[0].beat >= beat, every=0.02)  # noqa: B023 - it is called at once
            assert others.run(drain=False).recovered == 0
    thread.join()
    assert (statuses(store), len(slow.accepted)) == ({"sent": 1}, 1)


def test_draining_waits_for_the_leases_of_others(store: SqliteOutbox) -> None:
    queue(store, 3)
    take(store, "gone", 1, {"ch": ChannelBounds()}, 0.5)
    report = dispatcher(store, Scripted(), lease=0.4).run(drain=True)
    assert (report.recovered, statuses(store)) == (1, {"in_doubt": 1, "sent": 2})


def test_a_task_whose_worker_is_gone_is_put_in_doubt_and_observers_hear_of_it(store: SqliteOutbox) -> None:
    queue(store, 2)
    with store.enlist("gone"):
        take(store, "gone", 1, {"ch": ChannelBounds()}, 60)
    heard: list[str] = []

    class Observing:
        def observed(self, hook: str) -> bool:
            return True

        def observe(self, hook: str, **arguments: object) -> None:
            heard.append(hook)

    report = dispatcher(store, Scripted(), observers=Observing()).run(drain=False)
    assert (report.recovered, statuses(store)) == (1, {"in_doubt": 1, "sent": 1})
    assert heard == ["task_in_doubt", "task_sent"]
    assert store.attempts(1)[0].code == "lease_expired"


def test_a_rate_holds_over_two_dispatchers(store: SqliteOutbox, tmp_path: Path) -> None:
    queue(store, 9, ordered=False)
    sender = Scripted(limits=(Rate(3, 0.6),))
    with SqliteOutbox.open(tmp_path / "outbox.db") as other:
        threads = [
            threading.Thread(target=lambda of: dispatcher(of, sender, workers=3).run(drain=True), args=(of,))
            for of in (store, other)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(sender.accepted) == 9
    # As the store counts them: a call starts a moment later, and two of them may come that much closer.
    times = [attempt.started_at for task in store.tasks(Filter()) for attempt in store.attempts(task.id)]
    assert all(sum(begin <= at < begin + 0.6 for at in times) <= 3 for begin in times)


def test_a_closed_channel_stops_everything_on_it(store: SqliteOutbox) -> None:
    queue(store, 5)
    sender = Scripted(lambda _m, _a: Outcome.rejected("93000", "invalid webhook", pause=FOREVER))
    dispatcher(store, sender).run(drain=True)
    assert statuses(store) == {"failed": 1, "queued": 4}
    assert [(pause.channel, pause.reason.text) for pause in store.pauses()] == [("ch", "93000 invalid webhook")]


def test_a_throttled_channel_is_waited_for(store: SqliteOutbox) -> None:
    queue(store, 2)
    sender = Scripted(lambda _m, attempt: Outcome.retry("45009", after=0.3, pause=0.3) if attempt == 1 else None)
    dispatcher(store, sender).run(drain=True)
    assert statuses(store) == {"sent": 2}
    for task in store.tasks(Filter()):
        throttled, accepted = store.attempts(task.id)
        assert throttled.finished_at is not None
        assert accepted.started_at >= throttled.finished_at + 0.3


def test_outcomes_that_cannot_be_recorded_for_a_while_are_recorded_then(
    store: SqliteOutbox, caplog: pytest.LogCaptureFixture
) -> None:
    queue(store, 2)
    pages = store.db.one("PRAGMA page_count")[0]

    def make_room() -> None:
        wait_until(lambda: "the disk is full; make room" in caplog.text, every=0.02)
        store.db.execute("PRAGMA max_page_count = 1000000")

    def fill_the_disk(_message: Message, _attempt: int) -> Outcome:
        store.db.execute(f"PRAGMA max_page_count = {pages}")
        threading.Thread(target=make_room).start()
        # Long enough that its record does not fit into the free space of a page.
        return Outcome(Verdict.ACCEPTED, detail="x" * 50_000)

    sender = Scripted(fill_the_disk)
    dispatcher(store, sender, workers=1).run(drain=False)
    assert statuses(store) == {"sent": 2}
    assert "the disk is full; make room" in caplog.text


def test_outcomes_that_cannot_be_recorded_at_all_end_in_doubt_with_a_clear_error(
    store: SqliteOutbox, tmp_path: Path
) -> None:
    queue(store, 1)
    pages = store.db.one("PRAGMA page_count")[0]

    def fill_the_disk(_message: Message, _attempt: int) -> Outcome:
        store.db.execute(f"PRAGMA max_page_count = {pages}")
        return Outcome(Verdict.ACCEPTED, detail="x" * 50_000)

    with pytest.raises(StoreError, match="the disk is full; make room"):
        dispatcher(store, Scripted(fill_the_disk), workers=2, lease=0.6).run(drain=False)
    with SqliteOutbox.open(tmp_path / "outbox.db") as other:
        assert dispatcher(other, Scripted()).run(drain=False).recovered == 1
        assert statuses(other) == {"in_doubt": 1}


def test_a_locked_store_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    with SqliteOutbox.open(tmp_path / "outbox.db") as store, SqliteOutbox.open(tmp_path / "outbox.db") as other:
        queue(store, 1)
        with (
            other.transaction(),
            pytest.raises(StoreError, match="database is locked; another program holds the database"),
        ):
            dispatcher(store, Scripted()).run(drain=False)
        assert dispatcher(store, Scripted()).run(drain=False).sent == 1


def test_progress_is_told_of_every_attempt(store: SqliteOutbox) -> None:
    queue(store, 5)
    told: list[str] = []
    dispatcher(store, Scripted(), progress=told.extend).run(drain=False)
    assert told == ["ch"] * 5
