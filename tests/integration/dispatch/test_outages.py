"""A service that is away: the channel waits, the messages do not suffer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from notifykit_webhook.sender import Webhook
from ports import nobodys_port

from notifykit.campaign.campaign import Campaign, Channel, DispatchSettings, MessagePlan, RetryPolicy
from notifykit.clock import SystemClock
from notifykit.model import Draft, Message, Outcome, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import Filter
from notifykit.pipeline.dispatch import Dispatcher
from notifykit.roles import SendContext, Strategy
from notifykit.secrets import Secret
from notifykit.testing import HttpService
from notifykit.wording import Reason
from notifykit.wording.host import CHANNEL_UNREACHABLE


@dataclass
class Line:
    """A sender over a line that is cut for so many calls, or for one of the keys for good."""

    cut_for: int = 0
    cut_key: str = ""
    tried: list[str] = field(default_factory=list)

    def send(self, message: Message, _context: SendContext) -> Outcome:
        self.tried.append(message.key)
        if len(self.tried) <= self.cut_for or message.key == self.cut_key:
            return Outcome.retry("ConnectError", "ECONNREFUSED", unreached=True)
        return Outcome.accepted()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteOutbox]:
    with SqliteOutbox.open(tmp_path / "outbox.db") as outbox:
        yield outbox


def queue(outbox: SqliteOutbox, *keys: str) -> None:
    fixed: dict[str, Any] = {"campaign": "c", "name": "m", "text": "x", "channel": "ch", "task_type": "x"}
    outbox.enqueue([Draft(key=key, recipient=key, **fixed) for key in keys])


def dispatcher(outbox: SqliteOutbox, sender: Any, *, workers: int = 1, **policy: Any) -> Dispatcher:
    channel = Channel.of("ch", "line", sender)
    plan = MessagePlan(
        name="m",
        channel=channel,
        recipient=lambda record: record.key,
        text=lambda record: record.key,
        retry=RetryPolicy(**{"attempts": 2, "first": 0.05, "factor": 1.0, "jitter": 0.0, **policy}),
    )
    source: Any = None
    campaign = Campaign(name="c", file=Path("c.yaml"), source=source, strategy=Strategy(), messages=(plan,))
    settings = DispatchSettings(workers=workers, timeout=5)
    return Dispatcher(outbox, {"ch": channel}, {"c": campaign}, settings, SystemClock())


def test_an_outage_uses_up_no_tries_and_is_probed_by_one_message_at_a_time(store: SqliteOutbox) -> None:
    queue(store, *"ABCDE")
    line = Line(cut_for=5)
    assert dispatcher(store, line).run(drain=True).sent == 5
    assert {task.status for task in store.tasks(Filter())} == {Status.SENT}
    assert store.outages() == []
    assert len(line.tried) == 5 + 5
    assert all(one != other for one, other in pairwise(line.tried[:5])), "another each time"


def test_many_threads_knock_once_at_a_time(store: SqliteOutbox) -> None:
    queue(store, *(f"K{number}" for number in range(30)))
    line = Line(cut_for=5)  # the interval doubles each time
    assert dispatcher(store, line, workers=8).run(drain=True).sent == 30
    assert {task.status for task in store.tasks(Filter())} == {Status.SENT}
    assert len(line.tried) == 5 + 30


def test_a_message_that_fails_while_others_pass_uses_up_its_tries(store: SqliteOutbox) -> None:
    queue(store, "bad", *(f"K{number}" for number in range(20)))
    line = Line(cut_key="bad")
    made = dispatcher(store, line, attempts=3, first=0.0)
    for key in ("x", "y", "z"):
        made.run(drain=False)
        queue(store, key)
        time.sleep(0.3)
    made.run(drain=False)
    by_key = {task.key: task.status for task in store.tasks(Filter())}
    assert by_key.pop("bad") is Status.FAILED
    assert set(by_key.values()) == {Status.SENT}


def test_at_the_end_of_patience_a_message_fails_with_a_reason_of_its_own(store: SqliteOutbox) -> None:
    queue(store, "A", "B")
    dispatcher(store, Line(cut_for=10**6), patience=0.4).run(drain=True)
    tasks = list(store.tasks(Filter()))
    assert {task.status for task in tasks} == {Status.FAILED}
    assert {task.reason.code for task in tasks if task.reason} == {"channel_down"}


def test_it_is_remembered_over_a_restart_and_a_person_can_end_it(store: SqliteOutbox, tmp_path: Path) -> None:
    queue(store, "A", "B", "C")
    dispatcher(store, Line(cut_for=10**6), first=60.0).run(drain=False)
    with SqliteOutbox.open(tmp_path / "outbox.db") as other:
        (outage,) = other.outages()
        assert outage.paused
        after = Line()
        assert dispatcher(other, after).run(drain=False).sent == 0
        assert other.resume("ch", who="w", why="y") is True
        assert dispatcher(other, after).run(drain=False).sent == 1, "the one that was not tried before"


def test_a_real_service_that_is_down_and_comes_back(store: SqliteOutbox) -> None:
    queue(store, *"ABC")
    sender = Webhook(url=Secret(f"http://127.0.0.1:{nobodys_port()}/hook"))
    made = dispatcher(store, sender)
    assert made.run(drain=False).sent == 0
    said = "ConnectError ConnectionRefusedError ECONNREFUSED"
    assert [outage.told for outage in store.outages()] == [CHANNEL_UNREACHABLE(cause=Reason(said, "ConnectError"))]
    with HttpService() as service:
        back = Webhook(url=Secret(f"{service.url}/hook"))
        assert dispatcher(store, back).run(drain=True).sent == 3
        assert len(service.requests) == 3
