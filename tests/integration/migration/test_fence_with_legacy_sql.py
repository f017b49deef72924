"""The fence against the old program's own statements, each on a connection of its own, as it makes them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import plans
import pytest
from notifykit_migration.store import fence

from notifykit.model import Claim, Draft, Outcome, Status, Task
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite.adopting import Adoption
from notifykit.outbox.values import ChannelBounds, Filter, Transition
from notifykit.testing.outbox.steps import finish, take
from notifykit.wording import Reason

GROUP = ("send_wecom_message", "（北京）喜报群")
AWARD = ("send_wechat_message", "测试管家")
REPORT = ("send_wecom_message", "日报群")
SENT = Transition(status=Status.SENT)


class LegacyProgram:
    """`task_manager` of the old program: its statements, letter by letter."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def create_task(self, task_type: str, recipient: str, message: str) -> int:
        now = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S")
        with closing(sqlite3.connect(self.file, timeout=30)) as connection:
            cursor = connection.cursor()
            cursor.execute(
                "INSERT INTO tasks (task_type, recipient, message, status, created_at, updated_at) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (task_type, recipient, message, "pending", now, now),
            )
            connection.commit()
            assert cursor.lastrowid is not None
            return cursor.lastrowid

    def get_pending_tasks(self) -> list[Any]:
        with closing(sqlite3.connect(self.file, timeout=30)) as connection:
            return connection.execute("SELECT * FROM tasks WHERE status = 'pending'").fetchall()

    def update_task(self, task_id: int, status: str) -> None:
        with closing(sqlite3.connect(self.file, timeout=30)) as connection:
            connection.execute(
                "UPDATE tasks SET status = ?, updated_at = ? WHERE id = ?",
                (status, str(datetime.now().astimezone().replace(tzinfo=None)), task_id),
            )
            connection.commit()


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[SqliteOutbox]:
    with SqliteOutbox.open(tmp_path / "tasks.db") as opened:
        with opened.transaction():
            fence.remember_schema(opened.db)
            fence.install(opened.db, plans.plan(plans.campaign(pairs=(GROUP, AWARD))), others={})
        yield opened


@pytest.fixture
def old(outbox: SqliteOutbox) -> LegacyProgram:
    return LegacyProgram(outbox.db.path)


def draft(key: str, recipient: str = "a", *, ordered: bool = True) -> Draft:
    return Draft(
        campaign="beijing",
        key=key,
        name="group",
        recipient=recipient,
        text="喜报",
        channel="robot",
        task_type="send_wecom_message",
        ordered=ordered,
    )


def one(outbox: SqliteOutbox, id_: int) -> Task:
    (task,) = outbox.tasks(Filter(ids=(id_,)))
    return task


def claim(outbox: SqliteOutbox) -> list[Claim]:
    return take(outbox, "w", 9, {"robot": ChannelBounds()}, 60)


def kinds(outbox: SqliteOutbox, id_: int) -> list[str]:
    return [event.kind for event in outbox.events(id_)]


def test_a_contract_job_is_refused_before_anything_is_written(outbox: SqliteOutbox, old: LegacyProgram) -> None:
    for pair in (GROUP, AWARD):
        with pytest.raises(sqlite3.IntegrityError) as caught:
            old.create_task(*pair, "喜报")
        for part in (fence.REFUSAL, "notifykit run", "notifykit shim -- main.py", "notifykit rollback"):
            assert part in str(caught.value)
    assert old.get_pending_tasks() == []


@pytest.mark.parametrize("policy", ["IGNORE", "REPLACE", "ROLLBACK", "FAIL"])
def test_no_conflict_clause_gets_past_it(outbox: SqliteOutbox, old: LegacyProgram, policy: str) -> None:
    with closing(sqlite3.connect(old.file)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(f"INSERT OR {policy} INTO tasks (task_type, recipient, message) VALUES (?, ?, 'm')", GROUP)


def test_other_jobs_pass_untouched(outbox: SqliteOutbox, old: LegacyProgram) -> None:
    first = old.create_task(*REPORT, "日报")
    second = old.create_task("send_wechat_message", "另一位", "提醒")
    rows = old.get_pending_tasks()
    assert [row[:5] for row in rows] == [
        (first, *REPORT, "日报", "pending"),
        (second, "send_wechat_message", "另一位", "提醒", "pending"),
    ]
    assert all(value is None for row in rows for value in row[7:])
    old.update_task(first, "completed")
    task = one(outbox, first)
    assert (task.status, task.campaign, task.completed_at) == (Status.COMPLETED, "", None)
    assert kinds(outbox, first) == []


def test_our_own_tasks_pass_the_fence_and_go_their_way(outbox: SqliteOutbox, old: LegacyProgram) -> None:
    outbox.enqueue([draft("1", GROUP[1])])
    (taken,) = claim(outbox)
    finish(outbox, taken, Outcome.accepted(), SENT)
    assert one(outbox, 1).status is Status.SENT
    outbox.complete([1])
    task = one(outbox, 1)
    assert (task.status, task.completed_at is not None) == (Status.COMPLETED, True)
    assert kinds(outbox, 1) == []
    assert old.get_pending_tasks() == []


def test_rows_are_adopted_within_the_fence(outbox: SqliteOutbox, old: LegacyProgram) -> None:
    ids = [old.create_task(*REPORT, "x"), old.create_task(*REPORT, "y")]
    old.update_task(ids[1], "completed")
    outbox.adopt(
        [
            Adoption(draft=draft(str(id_)), status=status, id=id_, reason=None, at=1.0)
            for id_, status in zip(ids, (Status.QUEUED, Status.COMPLETED), strict=True)
        ],
        who="migrate",
    )
    assert [kinds(outbox, id_) for id_ in ids] == [["adopted"], ["adopted"]]


def test_a_late_completed_of_a_queued_row_completes_it_and_the_next_has_its_turn(
    outbox: SqliteOutbox, old: LegacyProgram
) -> None:
    outbox.enqueue([draft("1"), draft("2"), draft("3", "b")])
    old.update_task(1, "completed")
    task = one(outbox, 1)
    assert (task.status, str(task.reason)) == (Status.COMPLETED, "completed by the old program")
    assert task.sent_at == task.completed_at
    (event,) = outbox.events(1)
    assert (event.kind, event.who) == ("late_legacy_completed", "legacy")
    assert event.detail == "the old program completed it while it was queued"
    assert abs(event.at - outbox.db.clock.now()) < 60
    assert [item.task.id for item in claim(outbox)] == [2, 3]


def test_a_late_completed_settles_a_doubt(outbox: SqliteOutbox, old: LegacyProgram) -> None:
    outbox.adopt(
        [Adoption(draft=draft("1"), status=Status.IN_DOUBT, id=None, reason=Reason("?"), at=1.0)], who="migrate"
    )
    old.update_task(1, "completed")
    assert one(outbox, 1).status is Status.COMPLETED
    assert kinds(outbox, 1) == ["adopted", "late_legacy_completed"]
    assert outbox.ledger("beijing").delivered("1")  # so the next pass writes the flag


def test_what_is_completed_in_the_middle_of_a_lane_moves_nobody(outbox: SqliteOutbox, old: LegacyProgram) -> None:
    outbox.enqueue([draft("1"), draft("2"), draft("3")])
    old.update_task(2, "completed")
    sent = []
    while claims := claim(outbox):
        sent += [item.task.id for item in claims]
        for item in claims:
            finish(outbox, item, Outcome.accepted(), SENT)
    assert sent == [1, 3]


@pytest.mark.parametrize("status", [Status.SENDING, Status.SENT, Status.FAILED, Status.CANCELLED])
def test_a_late_completed_of_any_other_row_is_evidence_only(
    outbox: SqliteOutbox, old: LegacyProgram, status: Status
) -> None:
    outbox.enqueue([draft("1"), draft("2")])
    (taken,) = claim(outbox)
    if status in (Status.SENT, Status.FAILED):
        finish(outbox, taken, Outcome.accepted(), Transition(status=status))
    elif status is Status.CANCELLED:
        finish(outbox, taken, Outcome.accepted(), Transition(status=Status.IN_DOUBT))
        outbox.decide([1], Status.CANCELLED, who="a person", why="old news", of=[Status.IN_DOUBT])
    before = one(outbox, 1)
    old.update_task(1, "completed")
    assert one(outbox, 1) == before
    assert outbox.events(1)[-1].detail == f"the old program completed it while it was {status.value}"
    if status is Status.SENDING:
        assert finish(outbox, taken, Outcome.accepted(), SENT)
        assert [item.task.id for item in claim(outbox)] == [2]


def test_a_task_behind_one_on_the_wire_keeps_waiting(outbox: SqliteOutbox, old: LegacyProgram) -> None:
    outbox.enqueue([draft("1"), draft("2"), draft("3")])
    assert [item.task.id for item in claim(outbox)] == [1]
    old.update_task(2, "completed")
    assert claim(outbox) == []
    assert outbox.db.one("SELECT due_at FROM tasks WHERE id = 3") == (None,)


def test_behind_a_retry_that_waits_the_rule_is_that_of_lanes(outbox: SqliteOutbox, old: LegacyProgram) -> None:
    outbox.enqueue([draft("1"), draft("2"), draft("3")])
    (taken,) = claim(outbox)
    now = outbox.db.clock.now()
    again = Transition(status=Status.QUEUED, not_before=now + 500, hold_order_until=now + 300)
    finish(outbox, taken, Outcome.retry("busy"), again)
    old.update_task(2, "completed")
    due = dict(outbox.db.all("SELECT id, due_at FROM tasks WHERE status = 'queued'"))
    assert due == {1: pytest.approx(now + 500), 3: pytest.approx(now + 300)}
    old.update_task(1, "completed")
    assert outbox.db.one("SELECT due_at FROM tasks WHERE id = 3") == (0.0,)


def test_completed_twice_is_heard_once(outbox: SqliteOutbox, old: LegacyProgram) -> None:
    outbox.enqueue([draft("1", ordered=False)])
    for _ in range(2):
        old.update_task(1, "completed")
    assert kinds(outbox, 1) == ["late_legacy_completed"]


def test_triggers_that_run_recursively_change_nothing_about_it(outbox: SqliteOutbox, old: LegacyProgram) -> None:
    fence.sync_others(outbox.db, {"send_wecom_message": "robot"})
    outbox.enqueue([draft("1")])
    (taken,) = claim(outbox)
    with closing(sqlite3.connect(old.file, isolation_level=None)) as connection:
        connection.execute("PRAGMA recursive_triggers = ON")
        connection.execute("UPDATE tasks SET status = 'completed' WHERE id = 1")
        connection.execute("INSERT INTO tasks (task_type, recipient, message) VALUES (?, ?, 'm')", REPORT)
        connection.execute("UPDATE tasks SET status = 'sent', sent_at = 5.0 WHERE id = 2")
    assert finish(outbox, taken, Outcome.accepted(), SENT)
    assert (one(outbox, 2).status, one(outbox, 2).completed_at) == (Status.COMPLETED, 5.0)
