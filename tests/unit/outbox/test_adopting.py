from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from notifykit.errors import StoreError
from notifykit.model import Draft, Outcome, Status, Task
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import adopting
from notifykit.outbox.sqlite.adopting import Adoption
from notifykit.outbox.values import ChannelBounds, Filter, Transition
from notifykit.testing import FakeClock
from notifykit.testing.outbox.steps import finish, take
from notifykit.wording import Reason

LATER = 60.0


def adoption(key: str, id_: int | None = None, status: Status = Status.QUEUED, **more: Any) -> Adoption:
    facts: dict[str, Any] = {
        "campaign": "beijing",
        "key": key,
        "name": "group",
        "recipient": "（北京）喜报群",
        "text": "喜报",
        "channel": "robot",
        "task_type": "send_wecom_message",
        "metadata": {"contract_id": key, "csv_file": "state/a.csv"},
    }
    return Adoption(draft=Draft(**(facts | more)), status=status, id=id_, reason=Reason("never tried"), at=1_000.0)


def draft(key: str, **more: Any) -> Draft:
    return adoption(key, **more).draft


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=[1, 2, adopting.BATCH])
def old(
    legacy_file: Path, clock: FakeClock, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SqliteOutbox]:
    """However many tasks are made at once."""
    monkeypatch.setattr(adopting, "BATCH", request.param)
    with SqliteOutbox.open(legacy_file, clock) as opened:
        yield opened


def legacy_columns(outbox: SqliteOutbox) -> list[tuple[Any, ...]]:
    return [row[:7] for row in outbox.db.all("SELECT * FROM tasks ORDER BY id")]


def add_pending(outbox: SqliteOutbox, *recipients: str) -> None:
    outbox.db.executemany(
        "INSERT INTO tasks (task_type, recipient, message) VALUES ('send_wechat_message', ?, 'm')",
        [(recipient,) for recipient in recipients],
    )


def one(outbox: SqliteOutbox, id_: int) -> Task:
    (task,) = outbox.tasks(Filter(ids=(id_,)))
    return task


def test_a_legacy_row_keeps_its_columns_except_its_status(old: SqliteOutbox) -> None:
    before = legacy_columns(old)
    ids = old.adopt([adoption("2", 2, Status.COMPLETED), adoption("1", 1)], who="migrate")
    assert ids == [2, 1]
    first, second = legacy_columns(old)
    assert first == (*before[0][:4], "queued", *before[0][5:])
    assert second == before[1]
    task = one(old, 1)
    assert (task.campaign, task.key, task.name, task.round, task.channel) == ("beijing", "1", "group", 1, "robot")
    assert (task.text, task.metadata) == ("第一条", {"contract_id": "1", "csv_file": "state/a.csv"})
    assert (task.queued_at, task.not_before, task.tries, str(task.reason)) == (1_000.0, 0.0, 0, "never tried")
    assert (task.sent_at, task.completed_at) == (None, None)


@pytest.mark.parametrize("sent_at", [None, 1_500.0])
def test_a_completed_row_was_sent_when_it_is_told_or_when_it_was_queued(
    old: SqliteOutbox, sent_at: float | None
) -> None:
    old.adopt([replace(adoption("2", 2, Status.COMPLETED), sent_at=sent_at)], who="migrate")
    task = one(old, 2)
    assert task.sent_at == task.completed_at == (sent_at or 1_000.0)
    assert not old.owing_campaigns()


def test_a_message_without_a_row_gets_one(old: SqliteOutbox, clock: FakeClock) -> None:
    (held, sent) = old.adopt(
        [adoption("3", None, Status.IN_DOUBT), adoption("4", None, Status.COMPLETED)], who="migrate"
    )
    assert (held, sent) == (3, 4)
    row = legacy_columns(old)[2]
    at = old.db.local_time(1_000.0)
    assert row == (3, "send_wecom_message", "（北京）喜报群", "喜报", "in_doubt", at, at)
    assert one(old, sent).completed_at == 1_000.0
    (event,) = old.events(held)
    assert (event.kind, event.who, event.detail, event.at) == ("adopted", "migrate", "never tried", clock.now())


def test_an_adopted_row_comes_before_what_was_queued_since(old: SqliteOutbox) -> None:
    add_pending(old, "a", "a")  # 3 and 4
    old.enqueue([draft("5", recipient="a"), draft("6", recipient="b")])
    old.adopt([adoption("4", 4), adoption("3", 3), adoption("1", 1, ordered=False)], who="migrate")
    sent = []
    while claims := take(old, "w", 9, {"robot": ChannelBounds()}, 60):
        sent.append([claim.task.id for claim in claims])
        for claim in claims:
            finish(old, claim, Outcome.accepted(), Transition(status=Status.SENT))
    assert sent == [[1, 3, 6], [4], [5]]


def test_a_lane_with_a_retry_that_waits_keeps_waiting(old: SqliteOutbox, clock: FakeClock) -> None:
    add_pending(old, "a")  # 3
    old.enqueue([draft("4", recipient="a"), draft("5", recipient="a")])
    (claim,) = take(old, "w", 9, {"robot": ChannelBounds()}, 60)
    until = clock.now() + LATER
    again = Transition(status=Status.QUEUED, not_before=until, hold_order_until=until)
    finish(old, claim, Outcome.retry("busy"), again)
    old.adopt([adoption("3", 3)], who="migrate")
    (claim,) = take(old, "w", 9, {"robot": ChannelBounds()}, 60)
    assert claim.task.id == 3
    finish(old, claim, Outcome.accepted(), Transition(status=Status.SENT))
    assert take(old, "w", 9, {"robot": ChannelBounds()}, 60) == []
    clock.advance(LATER)
    assert [claim.task.id for claim in take(old, "w", 9, {"robot": ChannelBounds()}, 60)] == [4]


def test_a_lane_with_a_message_on_the_wire_is_left_until_that_is_known(old: SqliteOutbox) -> None:
    add_pending(old, "a")
    old.enqueue([draft("4", recipient="a")])
    (claim,) = take(old, "w", 9, {"robot": ChannelBounds()}, 60)
    old.adopt([adoption("3", 3)], who="migrate")
    assert take(old, "w", 9, {"robot": ChannelBounds()}, 60) == []
    finish(old, claim, Outcome.accepted(), Transition(status=Status.SENT))
    assert [claim.task.id for claim in take(old, "w", 9, {"robot": ChannelBounds()}, 60)] == [3]


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ([adoption("9", 9)], "row 9 cannot be taken over: it is not there"),
        ([adoption("1", 1), adoption("x", 1)], "row 1 cannot be taken over: it was named twice"),
        ([adoption("5", 3)], "row 3 cannot be taken over: campaign beijing has it already"),
        ([adoption("3")], "message group of 3 in campaign beijing, round 1, is task 3 already"),
        ([adoption("3", 1)], "message group of 3 in campaign beijing, round 1, is task 3 already"),
        ([adoption("1", 1), adoption("1", 2)], "round 1, was named twice"),
        ([adoption("1", 1), adoption("1")], "round 1, was named twice"),
    ],
)
def test_what_cannot_be_adopted_stops_everything(old: SqliteOutbox, wanted: list[Adoption], complaint: str) -> None:
    old.enqueue([draft("3")])
    old.db.execute("INSERT INTO tasks (task_type, recipient, message, status) VALUES ('t', 'r', 'm', 'odd')")
    before = list(old.db.connection.iterdump())
    with pytest.raises(StoreError, match=complaint):
        old.adopt([adoption("7", None, Status.IN_DOUBT), *wanted], who="migrate")
    assert list(old.db.connection.iterdump()) == before


def test_it_joins_a_transaction_that_is_open(old: SqliteOutbox, legacy_file: Path) -> None:
    def adopt_and_fail() -> None:
        with old.transaction():
            old.adopt([adoption("1", 1)], who="migrate")
            with closing(sqlite3.connect(legacy_file)) as other:
                assert other.execute("SELECT status FROM tasks WHERE id = 1").fetchone() == ("pending",)
            raise LookupError

    with pytest.raises(LookupError):
        adopt_and_fail()
    assert legacy_columns(old)[0][4] == "pending"
    assert old.events(1) == []


def test_a_status_that_no_adopted_task_can_have_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="cannot be sending"):
        adoption("1", 1, Status.SENDING)


def test_the_normal_form_of_an_adopted_key_is_known(old: SqliteOutbox) -> None:
    old.adopt([adoption("007", 1), adoption("08", None)], who="a migration")
    assert old.other_spellings("beijing", ["7", "8"]) == {"7": ("007",), "8": ("08",)}


def test_what_is_adopted_as_cancelled_says_why() -> None:
    with pytest.raises(ValueError, match="cancelled has a reason"):
        Adoption(draft=draft("1"), status=Status.CANCELLED, id=None, reason=None, at=1.0)
